#include "contract.h"

static void *execute(void *argument)
{
	(void)argument;
	execl("self", "contracts", "--helper=exit", "12", NULL);
	_exit(9);
}

static void *spin(void *argument)
{
	for (;;)
		sched_yield();
	return argument;
}

CONTRACT(proc_exec_from_thread, "exec from a thread ends all others and keeps the process id")
{
	pid_t pid;

	link_self("self");
	for (int round = 0; round < 5; round++) {
		pid = OK(fork());
		if (pid == 0) {
			pthread_t thread;

			for (int i = 0; i < 3; i++)
				THREAD_OK(pthread_create(&thread, NULL, spin, NULL));
			THREAD_OK(pthread_create(&thread, NULL, execute, NULL));
			for (;;)
				pause();
		}
		reap_exit(pid, 12);
	}
	FAILS(wait(NULL), ECHILD);
	say("5 rounds");
}
