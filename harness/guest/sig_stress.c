#include "contract.h"

static volatile sig_atomic_t count[3];

static void on_signal(int sign, siginfo_t *info, void *context)
{
	(void)info;
	(void)context;
	count[sign - SIGRTMIN]++;
}

CONTRACT(sig_stress, "hundreds of real-time signals from three processes all arrive")
{
	enum { each = 300 };
	struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_RESTART};
	pid_t pid[3];

	for (int i = 0; i < 3; i++)
		sigaddset(&action.sa_mask, SIGRTMIN + i);
	for (int i = 0; i < 3; i++)
		OK(sigaction(SIGRTMIN + i, &action, NULL));
	for (int i = 0; i < 3; i++) {
		pid[i] = OK(fork());
		if (pid[i] == 0) {
			for (int n = 0; n < each; n++)
				while (sigqueue(getppid(), SIGRTMIN + i,
						(union sigval){.sival_int = n}) != 0)
					CHECK(errno == EAGAIN);
			_exit(0);
		}
	}
	for (int i = 0; i < 3; i++)
		reap_exit(pid[i], 0);
	say("%d %d %d", (int)count[0], (int)count[1], (int)count[2]);
}
