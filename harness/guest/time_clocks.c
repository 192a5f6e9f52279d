#include "contract.h"

CONTRACT(time_clocks, "clocks run forward, agree with one another and with raw system calls")
{
	static const clockid_t clocks[] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_MONOTONIC_RAW,
					   CLOCK_BOOTTIME};
	struct timespec before, raw, after;

	for (size_t i = 0; i < sizeof(clocks) / sizeof(clocks[0]); i++)
		for (int round = 0; round < 1000; round++) {
			OK(clock_gettime(clocks[i], &before));
			OK(syscall(SYS_clock_gettime, clocks[i], &raw));
			OK(clock_gettime(clocks[i], &after));
			CHECK(before.tv_nsec >= 0 && before.tv_nsec < 1000000000);
			if (clocks[i] == CLOCK_REALTIME)
				continue;
			CHECK(raw.tv_sec > before.tv_sec ||
			      (raw.tv_sec == before.tv_sec && raw.tv_nsec >= before.tv_nsec));
			CHECK(after.tv_sec > raw.tv_sec ||
			      (after.tv_sec == raw.tv_sec && after.tv_nsec >= raw.tv_nsec));
		}
	say("forward");
}
