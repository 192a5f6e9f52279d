#include "contract.h"

static volatile int depth, deepest;

static void on_signal(int sign)
{
	depth++;
	if (depth > deepest)
		deepest = depth;
	if (depth < 5)
		OK(kill(getpid(), sign));
	depth--;
}

CONTRACT(sig_nodefer_resethand, "SA_NODEFER lets a handler nest, SA_RESETHAND serves once")
{
	struct sigaction now;
	pid_t pid;

	handle(SIGUSR1, on_signal, SA_NODEFER);
	OK(kill(getpid(), SIGUSR1));
	say("nested %d deep", deepest);
	handle(SIGUSR2, on_signal, SA_RESETHAND);
	depth = 10;
	OK(kill(getpid(), SIGUSR2));
	OK(sigaction(SIGUSR2, NULL, &now));
	CHECK(now.sa_handler == SIG_DFL);
	pid = OK(fork());
	if (pid == 0) {
		OK(kill(getpid(), SIGUSR2));
		_exit(0);
	}
	reap_signal(pid, SIGUSR2);
}
