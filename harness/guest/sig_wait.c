#include "contract.h"

CONTRACT(sig_wait, "sigtimedwait takes pending signals without handlers, and times out")
{
	struct timespec no_time = {0, 0}, short_time = {0, 20000000}, bad = {0, -1};
	siginfo_t info;
	sigset_t set;
	pid_t pid;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	sigaddset(&set, SIGRTMIN);
	OK(sigprocmask(SIG_BLOCK, &set, NULL));
	FAILS(sigtimedwait(&set, &info, &no_time), EAGAIN);
	FAILS(sigtimedwait(&set, &info, &short_time), EAGAIN);
	FAILS(sigtimedwait(&set, &info, &bad), EINVAL);
	OK(sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 3}));
	OK(kill(getpid(), SIGUSR2));
	OK(kill(getpid(), SIGUSR1));
	EQ(sigwaitinfo(&set, &info), SIGUSR1);
	EQ(sigwaitinfo(&set, NULL), SIGUSR2);
	EQ(sigwaitinfo(&set, &info), SIGRTMIN);
	EQ(info.si_value.sival_int, 3);
	EQ(info.si_code, SI_QUEUE);
	pid = OK(fork());
	if (pid == 0) {
		int sign;

		EQ(sigwait(&set, &sign), 0);
		_exit(sign);
	}
	await_asleep(pid);
	OK(kill(pid, SIGUSR1));
	reap_exit(pid, SIGUSR1);
	FAILS(sigtimedwait(&set, &info, &no_time), EAGAIN);
	say("taken");
}
