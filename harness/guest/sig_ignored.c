#include "contract.h"

CONTRACT(sig_ignored, "an ignored signal is dropped, also when it is blocked and pending")
{
	sigset_t set, pending;

	signal(SIGUSR1, SIG_IGN);
	OK(kill(getpid(), SIGUSR1));
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigaddset(&set, SIGCHLD);
	OK(sigprocmask(SIG_BLOCK, &set, NULL));
	OK(kill(getpid(), SIGUSR2));
	OK(sigpending(&pending));
	CHECK(sigismember(&pending, SIGUSR2));
	signal(SIGUSR2, SIG_IGN);
	OK(sigpending(&pending));
	say("pending after SIG_IGN: %d", sigismember(&pending, SIGUSR2));
	signal(SIGUSR2, SIG_DFL);
	OK(sigprocmask(SIG_UNBLOCK, &set, NULL));
	OK(kill(getpid(), SIGCHLD));
	OK(kill(getpid(), SIGWINCH));
	OK(kill(getpid(), SIGURG));
	say("alive");
}
