#include "contract.h"

static void on_signal(int sign)
{
	(void)sign;
}

CONTRACT(sig_fork_exec,
	 "fork keeps handlers and mask but nothing pending; exec resets handlers only")
{
	char *arguments[] = {"contracts", "--helper=signals", NULL};
	sigset_t set, pending;
	pid_t pid;

	handle(SIGUSR1, on_signal, SA_RESTART);
	signal(SIGUSR2, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	OK(sigprocmask(SIG_BLOCK, &set, NULL));
	OK(kill(getpid(), SIGTERM));
	link_self("self");
	pid = OK(fork());
	if (pid == 0) {
		struct sigaction now;

		OK(sigpending(&pending));
		CHECK(!sigismember(&pending, SIGTERM));
		OK(sigaction(SIGUSR1, NULL, &now));
		CHECK(now.sa_handler == on_signal);
		OK(kill(getpid(), SIGHUP));
		execv("self", arguments);
		_exit(9);
	}
	reap_exit(pid, 0);
	OK(sigpending(&pending));
	CHECK(sigismember(&pending, SIGTERM) && !sigismember(&pending, SIGHUP));
}
