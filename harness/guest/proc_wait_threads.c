#include "contract.h"

static pid_t child_pid;
static struct bell bell;

static void *fork_child(void *argument)
{
	(void)argument;
	child_pid = OK(fork());
	if (child_pid == 0)
		_exit(9);
	return NULL;
}

CONTRACT(proc_wait_threads, "a thread's children belong to the process and outlive the thread")
{
	pthread_t thread;
	pid_t pid;

	THREAD_OK(pthread_create(&thread, NULL, fork_child, NULL));
	THREAD_OK(pthread_join(thread, NULL));
	reap_exit(child_pid, 9);
	bell_make(&bell);
	pid = OK(fork());
	if (pid == 0) {
		bell_await(&bell);
		_exit(5);
	}
	THREAD_OK(pthread_create(&thread, NULL, fork_child, NULL));
	THREAD_OK(pthread_join(thread, NULL));
	bell_ring(&bell);
	reap_exit(pid, 5);
	reap_exit(child_pid, 9);
	say("belonged");
}
