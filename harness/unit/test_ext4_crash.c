/* Crash replay in brief: `make crash` does it at length. */
#include "crash.h"
#include "ext4_test.h"

/* About this many states in all, and as many again of crashed recoveries. */
#define STATES 1200u

static const struct crash_workload *workload_of(int row, unsigned *variants)
{
	unsigned total = 0;

	for (const struct crash_workload *w = crash_workloads; w->name; w++, row--)
		if (row == 0) {
			*variants = w->variants;
			return w;
		}
	ck_abort_msg("no workload %d of %u", row, total);
}

/* A few variants of each workload, spread over them. */
START_TEST(every_sampled_crash_leaves_a_volume_that_recovers)
{
	unsigned variants, workloads = 0;
	const struct crash_workload *workload = workload_of(_i, &variants);

	while (crash_workloads[workloads].name)
		workloads++;
	unsigned states = STATES / workloads, tries = min(variants, 8u);
	for (unsigned i = 0; i < tries; i++)
		crash_explore(workload, (i * variants / tries + i * 7) % variants, states / tries,
			      NULL);
}
END_TEST

Suite *suite_ext4_crash(void)
{
	Suite *suite = suite_create("ext4_crash");
	size_t n = 0;

	while (crash_workloads[n].name)
		n++;
	suite_add_loop(suite, NULL, every_sampled_crash_leaves_a_volume_that_recovers, n);
	return suite;
}
