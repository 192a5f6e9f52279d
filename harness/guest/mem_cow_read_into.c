#include "contract.h"

CONTRACT(mem_cow_read_into, "a system call that writes to shared-after-fork memory copies it first")
{
	char *map = pages(2);
	int pipes[2];
	pid_t pid;

	OK(pipe(pipes));
	memcpy(map + PAGE - 4, "untouched", 10);
	pid = OK(fork());
	if (pid == 0) {
		write_all(pipes[1], "XXXXXXXX", 8);
		read_all(pipes[0], map + PAGE - 4, 8);
		SAME(map + PAGE - 4, "XXXXXXXXd");
		_exit(0);
	}
	reap_exit(pid, 0);
	SAME(map + PAGE - 4, "untouched");
	say("copied first");
}
