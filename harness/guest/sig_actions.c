#include "contract.h"

static void on_signal(int sign)
{
	(void)sign;
}

CONTRACT(sig_actions, "sigaction reports what was set, and refuses SIGKILL, SIGSTOP and nonsense")
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART | SA_NODEFER};
	struct sigaction old;

	sigaddset(&action.sa_mask, SIGUSR2);
	sigaddset(&action.sa_mask, SIGKILL);
	OK(sigaction(SIGUSR1, NULL, &old));
	CHECK(old.sa_handler == SIG_DFL);
	OK(sigaction(SIGUSR1, &action, NULL));
	OK(sigaction(SIGUSR1, NULL, &old));
	CHECK(old.sa_handler == on_signal);
	EQ(old.sa_flags & (SA_RESTART | SA_NODEFER | SA_SIGINFO | SA_RESETHAND),
	   SA_RESTART | SA_NODEFER);
	CHECK(sigismember(&old.sa_mask, SIGUSR2));
	CHECK(!sigismember(&old.sa_mask, SIGKILL));
	FAILS(sigaction(SIGKILL, &action, NULL), EINVAL);
	FAILS(sigaction(SIGSTOP, &action, NULL), EINVAL);
	OK(sigaction(SIGKILL, NULL, &old));
	FAILS(sigaction(0, &action, NULL), EINVAL);
	FAILS(sigaction(65, &action, NULL), EINVAL);
	FAILS(syscall(SYS_rt_sigaction, SIGUSR1, NULL, &old, 4), EINVAL);
	FAILS(syscall(SYS_rt_sigaction, SIGUSR1, (void *)8, NULL, 8), EFAULT);
	say("reported");
}
