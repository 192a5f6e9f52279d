#include "contract.h"

CONTRACT(proc_clone_ids,
	 "clone stores the child's id where CLONE_*_SETTID says, and clears it at exit")
{
	int *shared =
	    OK((int *)mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	long pid = OK(syscall(SYS_clone, CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | SIGCHLD, 0,
			      &shared[0], &shared[1], 0));

	if (pid == 0)
		_exit(shared[1] == getpid() ? 0 : 1);
	EQ(shared[0], pid);
	reap_exit((pid_t)pid, 0);
	EQ(shared[1], pid);
	pid = OK(syscall(SYS_clone, CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID | SIGCHLD, 0, NULL,
			 &shared[2], 0));
	if (pid == 0)
		_exit(shared[2] == getpid() ? 0 : 1);
	reap_exit((pid_t)pid, 0);
	say("cleared without shared memory map: %d", shared[2] == 0);
	EQ(syscall(SYS_set_tid_address, &shared[3]), getpid());
}
