#include "contract.h"

static long long now(void)
{
	struct timespec time;

	OK(clock_gettime(CLOCK_MONOTONIC, &time));
	return time.tv_sec * 1000000000LL + time.tv_nsec;
}

CONTRACT(time_sleep, "sleeps last at least as long as asked")
{
	static const long waits[] = {0, 1, 1000, 100000, 1000000, 10000000, 50000000};
	struct timespec bad = {0, -1}, negative = {-1, 0}, large = {0, 1000000000};

	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		struct timespec wait = {0, waits[i]};
		long long start = now();

		OK(nanosleep(&wait, NULL));
		CHECK(now() - start >= waits[i]);
		start = now();
		EQ(clock_nanosleep(CLOCK_MONOTONIC, 0, &wait, NULL), 0);
		CHECK(now() - start >= waits[i]);
	}
	FAILS(nanosleep(&bad, NULL), EINVAL);
	FAILS(nanosleep(&negative, NULL), EINVAL);
	FAILS(nanosleep(&large, NULL), EINVAL);
	FAILS(nanosleep(bad_pointer, NULL), EFAULT);
	EQ(clock_nanosleep(99, 0, &large, NULL), EINVAL);
	say("long enough");
}
