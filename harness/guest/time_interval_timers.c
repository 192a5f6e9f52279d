#include "contract.h"

static volatile sig_atomic_t count[3];

static void on_signal(int sign)
{
	count[sign == SIGALRM ? 0 : sign == SIGVTALRM ? 1 : 2]++;
}

CONTRACT(time_interval_timers, "interval timers repeat: real time, user time, all computing")
{
	struct itimerval every = {{0, 10000}, {0, 10000}}, never = {{0, 0}, {0, 0}}, now;
	struct itimerval bad = {{0, 0}, {0, 1000000}};

	handle(SIGALRM, on_signal, SA_RESTART);
	handle(SIGVTALRM, on_signal, SA_RESTART);
	handle(SIGPROF, on_signal, SA_RESTART);
	for (int which = ITIMER_REAL; which <= ITIMER_PROF; which++) {
		OK(setitimer(which, &every, NULL));
		while (count[which] < 3)
			;
		OK(getitimer(which, &now));
		EQ(now.it_interval.tv_usec, 10000);
		CHECK(now.it_value.tv_sec == 0 && now.it_value.tv_usec <= 10000);
		OK(setitimer(which, &never, &now));
		EQ(now.it_interval.tv_usec, 10000);
		OK(getitimer(which, &now));
		EQ(now.it_value.tv_sec + now.it_value.tv_usec, 0);
	}
	FAILS(setitimer(ITIMER_REAL, &bad, NULL), EINVAL);
	FAILS(setitimer(9, &every, NULL), EINVAL);
	FAILS(getitimer(9, &now), EINVAL);
	say("repeated");
}
