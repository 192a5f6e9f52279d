#include "contract.h"

CONTRACT(proc_sessions, "setsid makes a session and a group, but not for a group leader")
{
	pid_t pid;

	FAILS(setsid(), EPERM);
	EQ(getsid(0), getpid());
	EQ(getpgrp(), getpid());
	pid = OK(fork());
	if (pid == 0) {
		CHECK(getsid(0) == getppid());
		EQ(setsid(), getpid());
		EQ(getsid(0), getpid());
		EQ(getpgrp(), getpid());
		FAILS(setsid(), EPERM);
		FAILS(setpgid(0, 0), EPERM);
		FAILS(open("/dev/tty", O_RDWR), ENXIO);
		_exit(0);
	}
	reap_exit(pid, 0);
	FAILS(getsid(0x7ffffffe), ESRCH);
	FAILS(getpgid(0x7ffffffe), ESRCH);
	say("made");
}
