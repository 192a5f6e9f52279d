#include "contract.h"

static volatile sig_atomic_t count;

static void on_signal(int sign)
{
	(void)sign;
	count++;
}

CONTRACT(sig_suspend, "sigsuspend opens the mask while it waits, and never loses a signal")
{
	enum { rounds = 300 };
	sigset_t block, none, now;
	pid_t pid;

	handle(SIGUSR1, on_signal, 0);
	sigemptyset(&none);
	sigemptyset(&block);
	sigaddset(&block, SIGUSR1);
	OK(sigprocmask(SIG_BLOCK, &block, NULL));
	pid = OK(fork());
	for (int i = 0; i < rounds; i++) {
		if (pid == 0) {
			OK(kill(getppid(), SIGUSR1));
			while (count <= i)
				FAILS(sigsuspend(&none), EINTR);
		} else {
			while (count <= i)
				FAILS(sigsuspend(&none), EINTR);
			OK(kill(pid, SIGUSR1));
		}
	}
	OK(sigprocmask(SIG_SETMASK, NULL, &now));
	CHECK(sigismember(&now, SIGUSR1));
	if (pid == 0)
		_exit(0);
	reap_exit(pid, 0);
	say("%d rounds", rounds);
}
