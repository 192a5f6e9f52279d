#include "contract.h"

static long long cpu(clockid_t clock)
{
	struct timespec now;

	OK(clock_gettime(clock, &now));
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

CONTRACT(time_cpu, "CPU clocks run while computing and stand while sleeping")
{
	long long process = cpu(CLOCK_PROCESS_CPUTIME_ID), thread = cpu(CLOCK_THREAD_CPUTIME_ID);
	struct timespec pause = {0, 200000000};

	while (cpu(CLOCK_PROCESS_CPUTIME_ID) < process + 20000000)
		;
	CHECK(cpu(CLOCK_THREAD_CPUTIME_ID) >= thread + 10000000);
	process = cpu(CLOCK_PROCESS_CPUTIME_ID);
	OK(nanosleep(&pause, NULL));
	CHECK(cpu(CLOCK_PROCESS_CPUTIME_ID) - process < 150000000);
	say("ran and stood");
}
