#include "contract.h"

static sigjmp_buf back;
static volatile int sign_seen;

static void on_signal(int sign)
{
	sign_seen = sign;
	siglongjmp(back, 1);
}

static int overflow(volatile char *above)
{
	volatile char frame[2000];

	frame[0] = above[0];
	if (frame[0] == 2)
		return 0;
	return overflow(frame) + frame[0];
}

CONTRACT(sig_altstack_overflow,
	 "a stack overflow is survived on an alternate stack; without one it kills")
{
	stack_t new = {.ss_sp = pages(16), .ss_size = 16 * PAGE};
	volatile char seed = 1;
	struct rlimit limit;
	pid_t pid;

	OK(getrlimit(RLIMIT_STACK, &limit));
	limit.rlim_cur = 1 << 20;
	OK(setrlimit(RLIMIT_STACK, &limit));
	OK(sigaltstack(&new, NULL));
	handle(SIGSEGV, on_signal, SA_ONSTACK);
	for (volatile int i = 0; i < 3; i++) {
		sign_seen = 0;
		if (sigsetjmp(back, 1) == 0)
			overflow(&seed);
		EQ(sign_seen, SIGSEGV);
	}
	handle(SIGSEGV, on_signal, 0);
	pid = OK(fork());
	if (pid == 0)
		_exit(overflow(&seed));
	reap_signal(pid, SIGSEGV);
	say("survived 3 times");
}
