#include "contract.h"

CONTRACT(proc_exec_stress, "a hundred forks and executions in a row, and a chain of executions")
{
	char count[8];

	link_self("self");
	for (int i = 0; i < 100; i++) {
		pid_t pid = OK(fork());

		snprintf(count, sizeof(count), "%d", i);
		if (pid == 0) {
			execl("self", "contracts", "--helper=exit", count, NULL);
			_exit(255);
		}
		reap_exit(pid, i);
	}
	say("100 executions");
}
