#include "contract.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static long counter;

static void *count(void *argument)
{
	for (int i = 0; i < 5000; i++) {
		long value;

		THREAD_OK(pthread_mutex_lock(&mutex));
		value = counter;
		if (i % 100 == 0)
			sched_yield();
		counter = value + 1;
		THREAD_OK(pthread_mutex_unlock(&mutex));
	}
	return argument;
}

CONTRACT(thread_mutex, "a contended mutex lets in one thread at a time")
{
	pthread_t threads[6];

	for (int i = 0; i < 6; i++)
		THREAD_OK(pthread_create(&threads[i], NULL, count, NULL));
	for (int i = 0; i < 6; i++)
		THREAD_OK(pthread_join(threads[i], NULL));
	say("counter %ld", counter);
}
