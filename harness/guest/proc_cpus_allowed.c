#include "contract.h"

CONTRACT(proc_cpus_allowed, "the processors that a thread may use are those of its status")
{
	cpu_set_t all, one;
	char list[64];
	int first = 0;

	OK(sched_getaffinity(0, sizeof(all), &all));
	while (!CPU_ISSET(first, &all))
		first++;
	CPU_ZERO(&one);
	CPU_SET(first, &one);
	OK(sched_setaffinity(0, sizeof(one), &one));
	snprintf(list, sizeof(list), "\t%d\n", first);
	CHECK(strstr(get("/proc/self/status"), list));
	EQ(strtoul(proc_field("/proc/self/status", "Cpus_allowed:"), NULL, 16), 1ul << first);
	OK(sched_setaffinity(0, sizeof(all), &all));
	if (CPU_COUNT(&all) == 1)
		EQ(strtoul(proc_field("/proc/self/status", "Cpus_allowed:"), NULL, 16), 1);
	say("as set");
}
