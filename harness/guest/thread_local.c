#include "contract.h"

static __thread int zero;
static __thread long preset = 77;
static __thread char array[1000];

static void *use(void *argument)
{
	long id = (long)argument;

	EQ(zero, 0);
	EQ(preset, 77);
	for (int i = 0; i < 1000; i++)
		EQ(array[i], 0);
	zero = (int)id;
	preset = -id;
	memset(array, (int)id, sizeof(array));
	for (int i = 0; i < 200; i++) {
		sched_yield();
		EQ(zero, id);
		EQ(preset, -id);
		EQ(array[i], (char)id);
	}
	return NULL;
}

CONTRACT(thread_local, "every thread has its own thread-local variables, across switches and fork")
{
	pthread_t threads[8];
	pid_t pid;

	zero = 100;
	for (long i = 0; i < 8; i++)
		THREAD_OK(pthread_create(&threads[i], NULL, use, (void *)(i + 1)));
	use((zero = 0, (void *)9));
	for (int i = 0; i < 8; i++)
		THREAD_OK(pthread_join(threads[i], NULL));
	EQ(preset, -9);
	pid = OK(fork());
	if (pid == 0) {
		EQ(preset, -9);
		preset = 1;
		_exit(0);
	}
	reap_exit(pid, 0);
	EQ(preset, -9);
	say("local");
}
