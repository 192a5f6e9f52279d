#include "contract.h"

static void *nothing(void *argument)
{
	return argument;
}

static struct bell bell;

static void *wait_bell(void *argument)
{
	bell_await(&bell);
	return argument;
}

CONTRACT(thread_many, "a thousand threads one after another, and a hundred at once")
{
	pthread_t threads[100];
	pthread_attr_t attributes;
	void *result;

	THREAD_OK(pthread_attr_init(&attributes));
	THREAD_OK(pthread_attr_setstacksize(&attributes, 16384));
	for (long i = 0; i < 1000; i++) {
		THREAD_OK(pthread_create(&threads[0], &attributes, nothing, (void *)i));
		THREAD_OK(pthread_join(threads[0], &result));
		EQ((long)result, i);
	}
	bell_make(&bell);
	for (long i = 0; i < 100; i++)
		THREAD_OK(pthread_create(&threads[i], &attributes, wait_bell, (void *)i));
	for (int i = 0; i < 100; i++)
		bell_ring(&bell);
	for (long i = 0; i < 100; i++) {
		THREAD_OK(pthread_join(threads[i], &result));
		EQ((long)result, i);
	}
	say("joined all");
}
