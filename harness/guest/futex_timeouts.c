#include "contract.h"

#include <linux/futex.h>

static long nanoseconds_since(const struct timespec *start)
{
	struct timespec now;

	OK(clock_gettime(CLOCK_MONOTONIC, &now));
	return (now.tv_sec - start->tv_sec) * 1000000000 + now.tv_nsec - start->tv_nsec;
}

CONTRACT(futex_timeouts, "futex timeouts: relative, absolute on both clocks, and already past")
{
	struct timespec start, wait = {0, 25000000}, until;
	volatile int word = 0;

	OK(clock_gettime(CLOCK_MONOTONIC, &start));
	FAILS(syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, &wait, NULL, 0), ETIMEDOUT);
	CHECK(nanoseconds_since(&start) >= 25000000);
	OK(clock_gettime(CLOCK_MONOTONIC, &start));
	until = start;
	until.tv_nsec += 25000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	FAILS(syscall(SYS_futex, &word, FUTEX_WAIT_BITSET_PRIVATE, 0, &until, NULL, ~0), ETIMEDOUT);
	CHECK(nanoseconds_since(&start) >= 25000000);
	OK(clock_gettime(CLOCK_REALTIME, &until));
	until.tv_sec--;
	FAILS(syscall(SYS_futex, &word, FUTEX_WAIT_BITSET_PRIVATE | FUTEX_CLOCK_REALTIME, 0, &until,
		      NULL, ~0),
	      ETIMEDOUT);
	FAILS(syscall(SYS_futex, &word, FUTEX_WAIT_BITSET_PRIVATE, 0, NULL, NULL, 0), EINVAL);
	FAILS(syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, (void *)8, NULL, 0), EFAULT);
	say("timed out");
}
