#include "contract.h"

static char order[64];
static volatile int used;

static void on_signal(int sign)
{
	char letter = sign == SIGUSR1 ? 'a' : sign == SIGUSR2 ? 'b' : 'c';

	order[used++] = letter;
	if (sign == SIGUSR1) {
		OK(kill(getpid(), SIGUSR1));
		OK(kill(getpid(), SIGUSR2));
		OK(kill(getpid(), SIGHUP));
		if (used > 4)
			signal(SIGUSR1, SIG_IGN);
	}
	order[used++] = (char)(letter - 'a' + 'A');
}

CONTRACT(sig_handler_mask, "while a handler runs, its own signal and its mask are blocked")
{
	struct sigaction action = {.sa_handler = on_signal};
	sigset_t now;

	sigaddset(&action.sa_mask, SIGUSR2);
	OK(sigaction(SIGUSR1, &action, NULL));
	handle(SIGUSR2, on_signal, 0);
	handle(SIGHUP, on_signal, 0);
	OK(kill(getpid(), SIGUSR1));
	say("order %s", order);
	OK(sigprocmask(SIG_SETMASK, NULL, &now));
	CHECK(!sigismember(&now, SIGUSR1) && !sigismember(&now, SIGUSR2));
}
