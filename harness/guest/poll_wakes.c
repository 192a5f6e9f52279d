#include "contract.h"

CONTRACT(poll_wakes, "a blocked poll wakes for any of its descriptors")
{
	enum { count = 50 };
	struct pollfd set[count];
	int writers[count];
	pid_t pid;
	char byte;

	for (int i = 0; i < count; i++) {
		int pipes[2];

		OK(pipe(pipes));
		set[i] = (struct pollfd){.fd = pipes[0], .events = POLLIN};
		writers[i] = pipes[1];
	}
	for (int round = 0; round < 20; round++) {
		int which = round * 37 % count;

		pid = OK(fork());
		if (pid == 0) {
			write_all(writers[which], "x", 1);
			_exit(0);
		}
		EQ(poll(set, count, -1), 1);
		for (int i = 0; i < count; i++)
			EQ(set[i].revents, i == which ? POLLIN : 0);
		EQ(read(set[which].fd, &byte, 1), 1);
		reap_exit(pid, 0);
	}
	say("woken 20 times");
}
