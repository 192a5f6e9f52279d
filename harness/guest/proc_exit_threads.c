#include "contract.h"

static struct bell bell;

static void *leave(void *argument)
{
	(void)argument;
	bell_await(&bell);
	syscall(SYS_exit_group, 33);
	return NULL;
}

static void *sleep_on(void *argument)
{
	for (;;)
		pause();
	return argument;
}

CONTRACT(proc_exit_threads,
	 "exit_group from any thread ends all; the last thread's exit ends the process")
{
	pthread_t thread;
	pid_t pid;

	for (int round = 0; round < 10; round++) {
		pid = OK(fork());
		if (pid == 0) {
			bell_make(&bell);
			for (int i = 0; i < 4; i++)
				THREAD_OK(pthread_create(&thread, NULL, sleep_on, NULL));
			THREAD_OK(pthread_create(&thread, NULL, leave, NULL));
			bell_ring(&bell);
			for (;;)
				pause();
		}
		reap_exit(pid, 33);
	}
	pid = OK(fork());
	if (pid == 0) {
		bell_make(&bell);
		THREAD_OK(pthread_create(&thread, NULL, leave, NULL));
		bell_ring(&bell);
		syscall(SYS_exit, 44);
	}
	reap_exit(pid, 33);
	say("ended");
}
