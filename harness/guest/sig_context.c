#include "contract.h"

#include <ucontext.h>

static volatile int handled;

static void on_signal(int sign, siginfo_t *info, void *context)
{
	ucontext_t *machine = context;

	(void)sign;
	(void)info;
	handled++;
#if defined(__x86_64__)
	machine->uc_mcontext.gregs[REG_RIP] += 2;
	machine->uc_mcontext.gregs[REG_RAX] = 4711;
#else
	machine->uc_mcontext.pc += 4;
	machine->uc_mcontext.regs[0] = 4711;
#endif
	sigaddset(&machine->uc_sigmask, SIGUSR2);
}

CONTRACT(sig_context, "what a handler changes in its context is there when it returns")
{
	sigset_t now;
	long value;

	handle_info(SIGILL, on_signal, 0);
#if defined(__x86_64__)
	__asm__ volatile("ud2" : "=a"(value) : "0"(1L) : "memory");
#else
	register long x0 __asm__("x0") = 1;

	__asm__ volatile(".inst 0" : "+r"(x0) : : "memory");
	value = x0;
#endif
	say("handled %d, value %ld", handled, value);
	OK(sigprocmask(SIG_SETMASK, NULL, &now));
	CHECK(sigismember(&now, SIGUSR2));
	CHECK(!sigismember(&now, SIGILL));
}
