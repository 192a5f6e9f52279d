#include "contract.h"

CONTRACT(time_sleep_absolute, "an absolute sleep ends at its time, at once when that is past")
{
	struct timespec until, now;

	for (int i = 0; i < 5; i++) {
		OK(clock_gettime(CLOCK_MONOTONIC, &until));
		until.tv_nsec += 15000000;
		if (until.tv_nsec >= 1000000000) {
			until.tv_nsec -= 1000000000;
			until.tv_sec++;
		}
		EQ(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL), 0);
		OK(clock_gettime(CLOCK_MONOTONIC, &now));
		CHECK(now.tv_sec > until.tv_sec ||
		      (now.tv_sec == until.tv_sec && now.tv_nsec >= until.tv_nsec));
		EQ(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL), 0);
	}
	OK(clock_gettime(CLOCK_REALTIME, &until));
	until.tv_sec -= 10;
	EQ(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &until, NULL), 0);
	say("ended");
}
