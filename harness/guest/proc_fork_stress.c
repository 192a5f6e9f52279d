#include "contract.h"

CONTRACT(proc_fork_stress, "hundreds of short children, many at a time, are all accounted for")
{
	enum { total = 400, at_once = 20 };
	int alive = 0, sum = 0, expected = 0;

	for (int i = 0; i < total || alive; i++) {
		int status;

		if (i < total) {
			if (OK(fork()) == 0)
				_exit(i % 100);
			expected += i % 100;
			alive++;
		}
		if (alive >= at_once || i >= total) {
			CHECK(wait(&status) > 0);
			CHECK(WIFEXITED(status));
			sum += WEXITSTATUS(status);
			alive--;
		}
	}
	EQ(sum, expected);
	FAILS(wait(NULL), ECHILD);
	say("%d children, sum %d", total, sum);
}
