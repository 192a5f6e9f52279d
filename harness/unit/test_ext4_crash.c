/* Crash replay in brief: `make crash` does it at length. */
#include "crash.h"
#include "ext4_test.h"

/* About this many states in all, and as many again of crashed recoveries. */
#define STATES 1200u

/* The workloads that are the same on every run. */
static size_t workload_count(void)
{
	size_t n = 0;

	while (crash_workloads[n].name && !crash_workloads[n].shuffled)
		n++;
	return n;
}

/* A few variants of each workload, spread over them. */
START_TEST(every_sampled_crash_leaves_a_volume_that_recovers)
{
	const struct crash_workload *workload = &crash_workloads[_i];
	unsigned variants = workload->variants, tries = min(variants, 8u);
	unsigned states = STATES / (unsigned)workload_count();

	for (unsigned i = 0; i < tries; i++)
		crash_explore(workload, (i * variants / tries + i * 7) % variants, states / tries,
			      NULL);
}
END_TEST

Suite *suite_ext4_crash(void)
{
	Suite *suite = suite_create("ext4_crash");

	suite_add_loop(suite, NULL, every_sampled_crash_leaves_a_volume_that_recovers,
		       workload_count());
	return suite;
}
