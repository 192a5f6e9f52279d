#include "contract.h"

static void *square(void *argument)
{
	long number = (long)argument;

	return (void *)(number * number);
}

static void *compare_ids(void *argument)
{
	pid_t *ids = argument;

	EQ(getpid(), ids[0]);
	CHECK(gettid() != ids[1]);
	ids[1] = gettid();
	return NULL;
}

CONTRACT(thread_basic, "threads run, return values, share the process id and have their own")
{
	pid_t ids[2] = {getpid(), gettid()};
	pthread_t threads[10], thread;
	void *result;
	long sum = 0;

	EQ(ids[0], ids[1]);
	for (long i = 0; i < 10; i++)
		THREAD_OK(pthread_create(&threads[i], NULL, square, (void *)i));
	for (int i = 0; i < 10; i++) {
		THREAD_OK(pthread_join(threads[i], &result));
		sum += (long)result;
	}
	say("sum %ld", sum);
	THREAD_OK(pthread_create(&thread, NULL, compare_ids, ids));
	THREAD_OK(pthread_join(thread, NULL));
	CHECK(ids[1] != getpid());
}
