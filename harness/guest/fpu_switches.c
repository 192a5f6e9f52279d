#include "contract.h"

static double series(double seed)
{
	double sum = seed;

	for (int i = 1; i < 4000; i++) {
		sum += seed / i;
		if (i % 40 == 0)
			sched_yield();
	}
	return sum;
}

CONTRACT(fpu_switches, "floating point survives switches between processes")
{
	enum { count = 6 };
	double expected[count];
	pid_t pid[count];

	for (int i = 0; i < count; i++)
		expected[i] = series(i + 0.5);
	for (int i = 0; i < count; i++) {
		pid[i] = OK(fork());
		if (pid[i] == 0) {
			for (int round = 0; round < 5; round++)
				CHECK(series(i + 0.5) == expected[i]);
			_exit(0);
		}
	}
	for (int i = 0; i < count; i++)
		reap_exit(pid[i], 0);
	say("%d processes agree", count);
}
