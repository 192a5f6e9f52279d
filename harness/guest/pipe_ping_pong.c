#include "contract.h"

CONTRACT(pipe_ping_pong, "two processes alternate strictly over two pipes")
{
	enum { rounds = 2000 };
	int there[2], back[2], number;
	pid_t pid;

	OK(pipe(there));
	OK(pipe(back));
	pid = OK(fork());
	if (pid == 0) {
		for (int i = 0; i < rounds; i++) {
			read_all(there[0], &number, sizeof(number));
			EQ(number, i);
			number = -i;
			write_all(back[1], &number, sizeof(number));
		}
		_exit(0);
	}
	for (int i = 0; i < rounds; i++) {
		write_all(there[1], &i, sizeof(i));
		read_all(back[0], &number, sizeof(number));
		EQ(number, -i);
	}
	reap_exit(pid, 0);
	say("%d rounds", rounds);
}
