#include "contract.h"

static char *stack;
static volatile int on_stack, flags_inside;

static void on_signal(int sign)
{
	char here;
	stack_t now;

	(void)sign;
	on_stack = &here >= stack && &here < stack + 16 * PAGE;
	OK(sigaltstack(NULL, &now));
	flags_inside = now.ss_flags;
	FAILS(syscall(SYS_sigaltstack, &now, NULL), EPERM);
}

CONTRACT(sig_altstack, "a handler with SA_ONSTACK runs on the alternate stack")
{
	stack_t old, new = {.ss_size = 16 * PAGE}, small = {.ss_size = 100};
	pid_t pid;

	stack = pages(16);
	new.ss_sp = stack;
	OK(sigaltstack(NULL, &old));
	say("before: flags %d", old.ss_flags);
	OK(sigaltstack(&new, NULL));
	handle(SIGUSR1, on_signal, SA_ONSTACK);
	handle(SIGUSR2, on_signal, 0);
	OK(kill(getpid(), SIGUSR1));
	say("SA_ONSTACK: on the stack %d, flags %d", on_stack, flags_inside);
	handle(SIGUSR2, on_signal, 0);
	OK(sigaltstack(NULL, &old));
	CHECK(old.ss_sp == stack);
	EQ(old.ss_size, 16 * PAGE);
	EQ(old.ss_flags, 0);
	small.ss_sp = stack;
	FAILS(syscall(SYS_sigaltstack, &small, NULL), ENOMEM);
	new.ss_flags = 0x1000;
	FAILS(syscall(SYS_sigaltstack, &new, NULL), EINVAL);
	pid = OK(fork());
	if (pid == 0) {
		OK(kill(getpid(), SIGUSR1));
		_exit(on_stack == 1 ? 0 : 1);
	}
	reap_exit(pid, 0);
	new.ss_flags = SS_DISABLE;
	OK(sigaltstack(&new, NULL));
	OK(sigaltstack(NULL, &old));
	say("after: flags %d", old.ss_flags);
}
