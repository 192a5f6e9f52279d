#include "contract.h"

static void *finish(void *argument)
{
	pthread_t main_thread = *(pthread_t *)argument;

	THREAD_OK(pthread_join(main_thread, NULL));
	_exit(31);
}

/* A program of its own: musl's threads do not let the first thread of a forked child leave. */
HELPER(exit_first_thread)
{
	static pthread_t self;
	pthread_t thread;

	self = pthread_self();
	THREAD_OK(pthread_create(&thread, NULL, finish, &self));
	pthread_exit(NULL);
}

CONTRACT(thread_exit_main, "a process lives on when its first thread has gone")
{
	pid_t pid;

	link_self("self");
	pid = OK(fork());
	if (pid == 0) {
		execl("self", "contracts", "--helper=exit_first_thread", NULL);
		_exit(9);
	}
	reap_exit(pid, 31);
	say("lived on");
}
