#include "contract.h"

static long long nanoseconds(clockid_t clock)
{
	struct timespec now;

	OK(clock_gettime(clock, &now));
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

CONTRACT(time_coarse, "the coarse clock never runs ahead of the fine one, and both move")
{
	long long start = nanoseconds(CLOCK_MONOTONIC_COARSE), coarse;

	do {
		coarse = nanoseconds(CLOCK_MONOTONIC_COARSE);
		CHECK(coarse >= start);
		CHECK(coarse <= nanoseconds(CLOCK_MONOTONIC));
	} while (coarse == start);
	CHECK(nanoseconds(CLOCK_REALTIME_COARSE) > 0);
	say("moved");
}
