#include "contract.h"

static sigjmp_buf back;

static void on_signal(int sign)
{
	siglongjmp(back, sign);
}

CONTRACT(sig_nested_jump, "leaving handlers by siglongjmp restores the mask every time")
{
	volatile int jumps = 0;
	sigset_t now;

	handle(SIGUSR1, on_signal, 0);
	handle(SIGUSR2, on_signal, 0);
	for (volatile int i = 0; i < 500; i++) {
		volatile int sign = i % 2 ? SIGUSR1 : SIGUSR2;
		int got = sigsetjmp(back, 1);

		if (got == 0)
			OK(kill(getpid(), sign));
		EQ(got, sign);
		jumps++;
		OK(sigprocmask(SIG_SETMASK, NULL, &now));
		CHECK(!sigismember(&now, SIGUSR1) && !sigismember(&now, SIGUSR2));
	}
	say("%d jumps", jumps);
}
