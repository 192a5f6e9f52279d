#include "contract.h"

static volatile int sign_seen, code_seen, value_seen;
static volatile pid_t pid_seen;
static volatile uid_t uid_seen;

static void on_signal(int sign, siginfo_t *info, void *context)
{
	CHECK(context);
	EQ(info->si_signo, sign);
	sign_seen = sign;
	code_seen = info->si_code;
	pid_seen = info->si_pid;
	uid_seen = info->si_uid;
	value_seen = info->si_value.sival_int;
}

static void report(const char *how)
{
	say("%s: signal %d code %d from myself %d uid %u", how, sign_seen, code_seen,
	    pid_seen == getpid(), uid_seen);
}

CONTRACT(sig_siginfo, "SA_SIGINFO tells who sent a signal and how")
{
	pid_t pid;

	handle_info(SIGUSR1, on_signal, 0);
	handle_info(SIGRTMIN, on_signal, 0);
	OK(kill(getpid(), SIGUSR1));
	report("kill");
	OK(syscall(SYS_tgkill, getpid(), gettid(), SIGUSR1));
	report("tgkill");
	OK(sigqueue(getpid(), SIGUSR1, (union sigval){.sival_int = 4711}));
	report("sigqueue");
	EQ(value_seen, 4711);
	OK(sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = -5}));
	report("sigqueue");
	EQ(value_seen, -5);
	pid_seen = 0;
	pid = OK(fork());
	if (pid == 0) {
		OK(setresuid(1000, 0, 0));
		OK(kill(getppid(), SIGUSR1));
		_exit(0);
	}
	reap_exit(pid, 0);
	EQ(pid_seen, pid);
	report("a child's kill");
}
