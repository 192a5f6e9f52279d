#include "contract.h"

#include <fenv.h>

/* Exits with the floating-point environment's rounding mode. */
HELPER(rounding)
{
	return fegetround() == FE_TONEAREST ? 0 : 1;
}

static void *thread_rounding(void *argument)
{
	return (void *)(long)(argument && fegetround() == FE_UPWARD);
}

CONTRACT(fpu_fork_exec, "fork copies floating-point state, exec resets it, a thread inherits it")
{
	volatile double one = 1.0, three = 3.0;
	volatile double up, down;
	pthread_t thread;
	void *result;
	pid_t pid;

	link_self("self");
	fesetround(FE_DOWNWARD);
	down = one / three;
	fesetround(FE_UPWARD);
	up = one / three;
	CHECK(up > down);
	pid = OK(fork());
	if (pid == 0) {
		EQ(fegetround(), FE_UPWARD);
		CHECK(one / three == up);
		execl("self", "contracts", "--helper=rounding", NULL);
		_exit(9);
	}
	reap_exit(pid, 0);
	THREAD_OK(pthread_create(&thread, NULL, thread_rounding, (void *)1));
	THREAD_OK(pthread_join(thread, &result));
	say("a thread inherits the rounding mode: %ld", (long)result);
	EQ(fegetround(), FE_UPWARD);
}
