#include "contract.h"

CONTRACT(poll_timeout, "poll, ppoll, select and pselect wait at least their timeout")
{
	struct timespec before, after, wait = {0, 30000000};
	struct timeval timeout = {0, 30000};
	struct pollfd poller;
	int pipes[2];
	fd_set set;

	OK(pipe(pipes));
	poller = (struct pollfd){.fd = pipes[0], .events = POLLIN};
	for (int kind = 0; kind < 4; kind++) {
		long passed;

		FD_ZERO(&set);
		FD_SET(pipes[0], &set);
		OK(clock_gettime(CLOCK_MONOTONIC, &before));
		switch (kind) {
		case 0:
			EQ(poll(&poller, 1, 30), 0);
			break;
		case 1:
			EQ(ppoll(&poller, 1, &wait, NULL), 0);
			break;
		case 2:
			EQ(syscall(SYS_select, pipes[0] + 1, &set, NULL, NULL, &timeout), 0);
			EQ(timeout.tv_sec + timeout.tv_usec, 0);
			break;
		case 3:
			EQ(pselect(pipes[0] + 1, &set, NULL, NULL, &wait, NULL), 0);
			break;
		}
		OK(clock_gettime(CLOCK_MONOTONIC, &after));
		passed =
		    (after.tv_sec - before.tv_sec) * 1000000000 + after.tv_nsec - before.tv_nsec;
		CHECK(passed >= 30000000);
	}
	wait.tv_nsec = 1000000000;
	FAILS(ppoll(&poller, 1, &wait, NULL), EINVAL);
	wait = (struct timespec){-1, 0};
	FAILS(ppoll(&poller, 1, &wait, NULL), EINVAL);
	say("waited");
}
