#include "contract.h"

CONTRACT(sig_fault_kills, "a fault whose signal is blocked or ignored kills all the same")
{
	volatile char *map = pages(1);
	sigset_t set;
	pid_t pid;

	OK(munmap((void *)(uintptr_t)map, PAGE));
	pid = OK(fork());
	if (pid == 0) {
		sigfillset(&set);
		OK(sigprocmask(SIG_BLOCK, &set, NULL));
		*map = 1;
		_exit(0);
	}
	reap_signal(pid, SIGSEGV);
	pid = OK(fork());
	if (pid == 0) {
		signal(SIGILL, SIG_IGN);
		__builtin_trap();
	}
	reap_signal(pid, SIGILL);
	pid = OK(fork());
	if (pid == 0)
		abort();
	reap_signal(pid, SIGABRT);
	say("killed");
}
