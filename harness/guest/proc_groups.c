#include "contract.h"

CONTRACT(proc_groups, "setpgid moves children between groups of one session, before they execute")
{
	struct bell go, done;
	pid_t a, b, stranger;

	bell_make(&go);
	bell_make(&done);
	link_self("self");
	a = OK(fork());
	if (a == 0)
		for (;;)
			pause();
	b = OK(fork());
	if (b == 0)
		for (;;)
			pause();
	OK(setpgid(a, 0));
	EQ(getpgid(a), a);
	OK(setpgid(b, a));
	EQ(getpgid(b), a);
	OK(setpgid(b, b));
	EQ(getpgid(b), b);
	OK(setpgid(b, getpgrp()));
	FAILS(setpgid(b, 0x7ffffffe), EPERM);
	FAILS(setpgid(a, -1), EINVAL);
	FAILS(setpgid(0x7ffffffe, 0), ESRCH);
	FAILS(setpgid(1, 0), ESRCH);
	stranger = OK(fork());
	if (stranger == 0) {
		OK(setsid());
		bell_ring(&done);
		for (;;)
			pause();
	}
	bell_await(&done);
	FAILS(setpgid(stranger, 0), EPERM);
	OK(kill(stranger, SIGKILL));
	reap_signal(stranger, SIGKILL);
	OK(kill(a, SIGKILL));
	reap_signal(a, SIGKILL);
	OK(kill(b, SIGKILL));
	reap_signal(b, SIGKILL);
	a = OK(fork());
	if (a == 0) {
		OK(dup2(go.fd[0], 0));
		execl("self", "contracts", "--helper=copy", NULL);
		_exit(9);
	}
	await_asleep(a);
	while (setpgid(a, 0) == 0)
		OK(setpgid(a, getpgrp()));
	EQ(errno, EACCES);
	say("moved until it executed");
	OK(kill(a, SIGKILL));
	reap_signal(a, SIGKILL);
}
