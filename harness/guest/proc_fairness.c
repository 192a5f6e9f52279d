#include "contract.h"

static volatile int *counts;

CONTRACT(proc_fairness, "processes that compute for ever do not starve one another or their parent")
{
	enum { hogs = 6 };
	pid_t pid[hogs];

	counts =
	    OK((int *)mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	for (int i = 0; i < hogs; i++) {
		pid[i] = OK(fork());
		if (pid[i] == 0)
			for (;;)
				counts[i]++;
	}
	for (int round = 0; round < 3; round++) {
		int before[hogs], moved;

		for (int i = 0; i < hogs; i++)
			before[i] = counts[i];
		do {
			moved = 0;
			for (int i = 0; i < hogs; i++)
				moved += counts[i] != before[i];
			if (round == 1)
				usleep(1000);
		} while (moved < hogs);
	}
	for (int i = 0; i < hogs; i++) {
		OK(kill(pid[i], SIGKILL));
		reap_signal(pid[i], SIGKILL);
	}
	say("all %d moved", hogs);
}
