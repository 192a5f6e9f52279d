#include "contract.h"

static int overflow(volatile char *above)
{
	volatile char frame[2000];

	frame[0] = above[0];
	if (frame[0] == 2)
		return 0;
	return overflow(frame) + frame[0];
}

CONTRACT(mem_stack_limit, "RLIMIT_STACK ends a runaway recursion with SIGSEGV")
{
	struct rlimit limit;
	char *arguments[] = {"contracts", "--helper=exit", "0", NULL};
	volatile char first[16] = {1};
	pid_t pid;

	OK(getrlimit(RLIMIT_STACK, &limit));
	limit.rlim_cur = 1 << 20;
	OK(setrlimit(RLIMIT_STACK, &limit));
	pid = OK(fork());
	if (pid == 0)
		_exit(overflow(first));
	reap_signal(pid, SIGSEGV);
	link_self("self");
	pid = OK(fork());
	if (pid == 0) {
		execv("self", arguments);
		_exit(9);
	}
	reap_exit(pid, 0);
	say("ended");
}
