#include "contract.h"

static void *wait_for_ever(void *argument)
{
	struct bell *bell = argument;

	bell_ring(bell);
	for (;;)
		pause();
	return NULL;
}

CONTRACT(thread_cancel, "a thread that waits in a system call can be cancelled")
{
	struct bell bell;
	pthread_t thread;
	void *result;

	bell_make(&bell);
	for (int i = 0; i < 10; i++) {
		THREAD_OK(pthread_create(&thread, NULL, wait_for_ever, &bell));
		bell_await(&bell);
		THREAD_OK(pthread_cancel(thread));
		THREAD_OK(pthread_join(thread, &result));
		CHECK(result == PTHREAD_CANCELED);
	}
	say("cancelled");
}
