#include "contract.h"

CONTRACT(sys_cpu, "getcpu names a CPU of this process's affinity set")
{
	unsigned cpu, node;
	cpu_set_t set;

	OK(sched_getaffinity(0, sizeof(set), &set));
	for (int i = 0; i < 1000; i++) {
		OK(syscall(SYS_getcpu, &cpu, &node, NULL));
		CHECK(CPU_ISSET(cpu, &set));
		CHECK(CPU_ISSET((unsigned)sched_getcpu(), &set));
	}
	CHECK(sysconf(_SC_NPROCESSORS_ONLN) >= 1);
	say("named");
}
