#include "contract.h"

static volatile int shared;

CONTRACT(proc_vfork, "vfork's child borrows the parent's memory until it exits or executes")
{
	volatile pid_t pid;

	link_self("self");
	pid = vfork();
	if (pid == 0) {
		shared = 1;
		_exit(3);
	}
	EQ(shared, 1);
	reap_exit(pid, 3);
	pid = vfork();
	if (pid == 0) {
		execl("self", "contracts", "--helper=exit", "7", NULL);
		shared = 2;
		_exit(9);
	}
	reap_exit(pid, 7);
	EQ(shared, 1);
	pid = vfork();
	if (pid == 0) {
		execl("missing", "missing", NULL);
		shared = errno;
		_exit(4);
	}
	reap_exit(pid, 4);
	say("the failed exec: %s", error_name(shared));
}
