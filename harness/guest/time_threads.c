#include "contract.h"

static volatile long long last;

static long long now(void)
{
	struct timespec time;

	OK(clock_gettime(CLOCK_MONOTONIC, &time));
	return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static void *watch(void *argument)
{
	for (int i = 0; i < 20000; i++) {
		long long seen = __atomic_load_n(&last, __ATOMIC_SEQ_CST), mine = now();

		CHECK(mine >= seen);
		__atomic_store_n(&last, mine, __ATOMIC_SEQ_CST);
	}
	return argument;
}

CONTRACT(time_threads, "no CPU's clock is behind what another CPU has already seen")
{
	pthread_t threads[3];

	for (int i = 0; i < 3; i++)
		THREAD_OK(pthread_create(&threads[i], NULL, watch, NULL));
	for (int i = 0; i < 3; i++)
		THREAD_OK(pthread_join(threads[i], NULL));
	say("never behind");
}
