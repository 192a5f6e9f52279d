#include "contract.h"

static volatile sig_atomic_t caught;

static void on_signal(int sign)
{
	caught = sign;
}

CONTRACT(poll_signal_mask,
	 "ppoll and pselect let a blocked signal in while they wait, then block it again")
{
	struct timespec long_time = {600, 0};
	sigset_t block, none, now;
	struct pollfd poller;
	int pipes[2];

	OK(pipe(pipes));
	poller = (struct pollfd){.fd = pipes[0], .events = POLLIN};
	handle(SIGUSR1, on_signal, SA_RESTART);
	sigemptyset(&none);
	sigemptyset(&block);
	sigaddset(&block, SIGUSR1);
	OK(sigprocmask(SIG_BLOCK, &block, NULL));
	for (int kind = 0; kind < 2; kind++) {
		caught = 0;
		OK(kill(getpid(), SIGUSR1));
		EQ(caught, 0);
		if (kind == 0)
			FAILS(ppoll(&poller, 1, &long_time, &none), EINTR);
		else
			FAILS(pselect(0, NULL, NULL, NULL, &long_time, &none), EINTR);
		EQ(caught, SIGUSR1);
		OK(sigprocmask(SIG_SETMASK, NULL, &now));
		CHECK(sigismember(&now, SIGUSR1));
	}
	say("let in");
}
