#include "contract.h"

static volatile sig_atomic_t count, last;

static void on_signal(int sign)
{
	count++;
	last = sign;
}

CONTRACT(sig_handler, "every signal that can be caught reaches its handler")
{
	int caught = 0;

	for (int sign = 1; sign < NSIG; sign++) {
		if (sign == SIGKILL || sign == SIGSTOP || (sign >= 32 && sign < 35))
			continue;
		handle(sign, on_signal, 0);
		last = 0;
		OK(kill(getpid(), sign));
		EQ(last, sign);
		caught++;
	}
	EQ(count, caught);
	say("%d signals", caught);
}
