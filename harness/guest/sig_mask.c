#include "contract.h"

static volatile sig_atomic_t count;

static void on_signal(int sign)
{
	(void)sign;
	count++;
}

CONTRACT(sig_mask, "a blocked signal waits until it is unblocked; KILL and STOP cannot be blocked")
{
	sigset_t set, old;

	handle(SIGUSR1, on_signal, 0);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	OK(sigprocmask(SIG_BLOCK, &set, &old));
	CHECK(!sigismember(&old, SIGUSR1));
	for (int i = 0; i < 5; i++)
		OK(kill(getpid(), SIGUSR1));
	EQ(count, 0);
	OK(sigpending(&old));
	CHECK(sigismember(&old, SIGUSR1) && !sigismember(&old, SIGUSR2));
	OK(sigprocmask(SIG_UNBLOCK, &set, NULL));
	say("delivered %d of 5", (int)count);
	OK(sigpending(&old));
	CHECK(!sigismember(&old, SIGUSR1));
	memset(&set, 0xff, sizeof(set));
	OK(syscall(SYS_rt_sigprocmask, SIG_SETMASK, &set, NULL, 8));
	memset(&old, 0, sizeof(old));
	OK(syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &old, 8));
	CHECK(!sigismember(&old, SIGKILL) && !sigismember(&old, SIGSTOP));
	CHECK(sigismember(&old, SIGUSR1) && sigismember(&old, SIGCONT));
	FAILS(syscall(SYS_rt_sigprocmask, 7, &set, NULL, 8), EINVAL);
	FAILS(syscall(SYS_rt_sigprocmask, SIG_BLOCK, &set, NULL, 16), EINVAL);
	FAILS(syscall(SYS_rt_sigprocmask, SIG_BLOCK, (void *)8, NULL, 8), EFAULT);
}
