#include "contract.h"

static int spread(int depth)
{
	pid_t left, right;

	if (depth == 0)
		return 1;
	left = OK(fork());
	if (left == 0)
		_exit(spread(depth - 1));
	right = OK(fork());
	if (right == 0)
		_exit(spread(depth - 1));
	return WEXITSTATUS(reap(left)) + WEXITSTATUS(reap(right));
}

CONTRACT(proc_fork_tree, "a tree of processes six levels deep counts its leaves")
{
	say("%d leaves", spread(6));
}
