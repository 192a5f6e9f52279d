#include "contract.h"

static void show(const char *what)
{
	uid_t r, e, s;

	OK(getresuid(&r, &e, &s));
	say("%s: %u %u %u", what, r, e, s);
}

CONTRACT(proc_credentials,
	 "user ids change as the rules of setuid, seteuid, setreuid and setresuid say")
{
	pid_t pid = OK(fork());

	if (pid == 0) {
		OK(syscall(SYS_setresuid, 0, 1000, 0));
		show("effective dropped");
		FAILS(syscall(SYS_setuid, 2000), EPERM);
		OK(syscall(SYS_setuid, 0));
		show("regained");
		OK(syscall(SYS_setreuid, 1000, 2000));
		show("setreuid");
		FAILS(syscall(SYS_setreuid, 3000, -1), EPERM);
		OK(syscall(SYS_setreuid, 2000, 1000));
		show("swapped");
		FAILS(syscall(SYS_setresuid, 0, 0, 0), EPERM);
		OK(syscall(SYS_setresuid, 1000, -1, -1));
		show("one of three");
		_exit(0);
	}
	reap_exit(pid, 0);
	pid = OK(fork());
	if (pid == 0) {
		OK(syscall(SYS_setuid, 1000));
		show("setuid by root");
		FAILS(syscall(SYS_setuid, 0), EPERM);
		_exit(0);
	}
	reap_exit(pid, 0);
	pid = OK(fork());
	if (pid == 0) {
		OK(syscall(SYS_setresuid, 1000, 2000, 3000));
		show("three");
		OK(syscall(SYS_setresuid, 3000, 1000, 2000));
		show("rotated");
		FAILS(syscall(SYS_setresuid, 4000, -1, -1), EPERM);
		OK(syscall(SYS_setuid, 2000));
		show("setuid to saved");
		_exit(0);
	}
	reap_exit(pid, 0);
	show("the parent");
}
