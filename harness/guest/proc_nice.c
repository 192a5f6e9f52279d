#include "contract.h"

CONTRACT(proc_nice, "nice values are kept, inherited, bounded, and raised only by root")
{
	pid_t pid;

	EQ(getpriority(PRIO_PROCESS, 0), 0);
	OK(setpriority(PRIO_PROCESS, 0, 5));
	EQ(getpriority(PRIO_PROCESS, 0), 5);
	pid = OK(fork());
	if (pid == 0) {
		EQ(getpriority(PRIO_PROCESS, 0), 5);
		OK(setpriority(PRIO_PROCESS, 0, 100));
		EQ(getpriority(PRIO_PROCESS, 0), 19);
		become(1000, 1000);
		FAILS(setpriority(PRIO_PROCESS, 0, 5), EACCES);
		OK(setpriority(PRIO_PROCESS, 0, 19));
		FAILS(setpriority(PRIO_PROCESS, getppid(), 19), EPERM);
		_exit(0);
	}
	reap_exit(pid, 0);
	FAILS(setpriority(PRIO_PROCESS, 0x7ffffffe, 0), ESRCH);
	FAILS(setpriority(77, 0, 0), EINVAL);
	say("nice");
}
