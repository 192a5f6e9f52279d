#include "contract.h"

CONTRACT(proc_affinity, "a process may be bound to one CPU, and its children with it")
{
	cpu_set_t all, one, back;
	int first = 0, cpu;
	pid_t pid;

	OK(sched_getaffinity(0, sizeof(all), &all));
	CHECK(CPU_COUNT(&all) >= 1);
	while (!CPU_ISSET(first, &all))
		first++;
	CPU_ZERO(&one);
	CPU_SET(first, &one);
	OK(sched_setaffinity(0, sizeof(one), &one));
	OK(sched_getaffinity(0, sizeof(back), &back));
	CHECK(CPU_EQUAL(&one, &back));
	for (int i = 0; i < 20; i++) {
		sched_yield();
		cpu = sched_getcpu();
		EQ(cpu, first);
	}
	pid = OK(fork());
	if (pid == 0) {
		EQ(sched_getcpu(), first);
		_exit(0);
	}
	reap_exit(pid, 0);
	CPU_ZERO(&one);
	FAILS(sched_setaffinity(0, sizeof(one), &one), EINVAL);
	FAILS(sched_setaffinity(0x7ffffffe, sizeof(all), &all), ESRCH);
	FAILS(syscall(SYS_sched_getaffinity, 0, 1, &back), EINVAL);
	OK(sched_setaffinity(0, sizeof(all), &all));
	say("bound");
}
