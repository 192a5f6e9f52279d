#include "contract.h"

static volatile sig_atomic_t count;

static void on_signal(int sign)
{
	(void)sign;
	count++;
}

CONTRACT(proc_limit_cpu, "RLIMIT_CPU sends SIGXCPU after its seconds of computing")
{
	struct rlimit limit;
	pid_t pid = OK(fork());

	if (pid == 0) {
		OK(getrlimit(RLIMIT_CPU, &limit));
		limit.rlim_cur = 1;
		OK(setrlimit(RLIMIT_CPU, &limit));
		handle(SIGXCPU, on_signal, 0);
		while (!count)
			;
		signal(SIGXCPU, SIG_DFL);
		for (volatile int i = 0;; i++)
			;
	}
	reap_signal(pid, SIGXCPU);
	say("stopped");
}
