#include "contract.h"

static volatile sig_atomic_t ticks;

static void on_tick(int sign)
{
	(void)sign;
	ticks++;
}

CONTRACT(poll_interrupted, "poll and select give EINTR for a handled signal, even with SA_RESTART")
{
	struct pollfd poller;
	int pipes[2];

	OK(pipe(pipes));
	poller = (struct pollfd){.fd = pipes[0], .events = POLLIN};
	handle(SIGALRM, on_tick, SA_RESTART);
	ticking_alarm();
	FAILS(poll(&poller, 1, -1), EINTR);
	FAILS(select(0, NULL, NULL, NULL, NULL), EINTR);
	FAILS(ppoll(&poller, 1, NULL, NULL), EINTR);
	quiet_alarm();
	CHECK(ticks >= 3);
	say("interrupted");
}
