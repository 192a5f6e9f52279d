#include "contract.h"

static int order[64], values[64];
static volatile int used;

static void on_signal(int sign, siginfo_t *info, void *context)
{
	(void)context;
	order[used] = sign - SIGRTMIN;
	values[used++] = info->si_value.sival_int;
}

CONTRACT(sig_realtime_order,
	 "queued real-time signals come lowest first, each in the order sent, none lost")
{
	struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};
	sigset_t all, old;

	sigfillset(&all);
	action.sa_mask = all;
	for (int i = 0; i < 3; i++)
		OK(sigaction(SIGRTMIN + i, &action, NULL));
	OK(sigprocmask(SIG_BLOCK, &all, &old));
	for (int i = 0; i < 12; i++)
		OK(sigqueue(getpid(), SIGRTMIN + 2 - i % 3, (union sigval){.sival_int = i}));
	EQ(used, 0);
	OK(sigprocmask(SIG_SETMASK, &old, NULL));
	EQ(used, 12);
	for (int i = 0; i < used; i++)
		say("SIGRTMIN+%d value %d", order[i], values[i]);
}
