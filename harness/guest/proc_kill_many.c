#include "contract.h"

CONTRACT(proc_kill_many, "a group of thirty in all kinds of waits and loops dies of one SIGKILL")
{
	enum { victims = 30 };
	pid_t pid[victims], group = 0;
	int pipes[2];

	OK(pipe(pipes));
	for (int i = 0; i < victims; i++) {
		pid[i] = OK(fork());
		if (pid[i] == 0) {
			struct pollfd poller = {.fd = pipes[0], .events = POLLIN};
			char byte;

			for (;;)
				switch (i % 6) {
				case 0:
					pause();
					break;
				case 1:
					read(pipes[0], &byte, 1);
					break;
				case 2:
					poll(&poller, 1, -1);
					break;
				case 3:
					sched_yield();
					break;
				case 4:
					sleep(1000);
					break;
				case 5:
					if (fork() == 0)
						_exit(0);
					wait(NULL);
					break;
				}
		}
		if (!group)
			group = pid[i];
		OK(setpgid(pid[i], group));
	}
	OK(kill(-group, SIGKILL));
	for (int i = 0; i < victims; i++)
		reap_signal(pid[i], SIGKILL);
	say("%d died", victims);
}
