#include "contract.h"

CONTRACT(mem_cow_deep, "a chain of ten forks keeps ten versions of one page")
{
	volatile int *map = (volatile int *)pages(1);
	int pipes[2], sum = 0, value, depth = 0;
	pid_t pid = 0;

	OK(pipe(pipes));
	map[0] = 0;
	for (; depth < 10; depth++) {
		pid = OK(fork());
		if (pid)
			break;
		map[0] = map[0] + 1;
	}
	if (pid)
		reap_exit(pid, 0);
	value = map[0];
	EQ(value, depth);
	write_all(pipes[1], &value, sizeof(value));
	if (depth)
		_exit(0);
	for (int i = 0; i <= 10; i++) {
		read_all(pipes[0], &value, sizeof(value));
		sum += value;
	}
	say("sum %d", sum);
}
