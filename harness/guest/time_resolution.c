#include "contract.h"

CONTRACT(time_resolution, "clock_getres and bad clocks")
{
	struct timespec resolution;

	OK(clock_getres(CLOCK_MONOTONIC, &resolution));
	say("monotonic %ld.%09ld", (long)resolution.tv_sec, resolution.tv_nsec);
	OK(clock_getres(CLOCK_REALTIME, &resolution));
	say("realtime %ld.%09ld", (long)resolution.tv_sec, resolution.tv_nsec);
	OK(clock_getres(CLOCK_PROCESS_CPUTIME_ID, &resolution));
	say("process %ld.%09ld", (long)resolution.tv_sec, resolution.tv_nsec);
	OK(syscall(SYS_clock_getres, CLOCK_MONOTONIC, NULL));
	FAILS(clock_gettime(99, &resolution), EINVAL);
	FAILS(clock_getres(99, &resolution), EINVAL);
	FAILS(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, bad_pointer), EFAULT);
}
