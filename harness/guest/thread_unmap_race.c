#include "contract.h"

static char *map;
static volatile int stop;
static volatile long faults;

static void on_fault(int sign, siginfo_t *info, void *context)
{
	(void)sign;
	(void)context;
	CHECK((char *)info->si_addr >= map && (char *)info->si_addr < map + 4 * PAGE);
	OK((long)mmap(map, 4 * PAGE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	__atomic_add_fetch(&faults, 1, __ATOMIC_RELAXED);
}

static void *touch(void *argument)
{
	while (!stop)
		for (int i = 0; i < 4; i++)
			((volatile char *)map)[i * PAGE]++;
	return argument;
}

CONTRACT(thread_unmap_race, "memory that one thread unmaps is gone for all at once")
{
	pthread_t threads[2];

	map = pages(4);
	handle_info(SIGSEGV, on_fault, SA_NODEFER);
	for (int i = 0; i < 2; i++)
		THREAD_OK(pthread_create(&threads[i], NULL, touch, NULL));
	for (int i = 0; i < 200; i++) {
		OK(munmap(map, 4 * PAGE));
		while (!faults)
			sched_yield();
		faults = 0;
	}
	stop = 1;
	for (int i = 0; i < 2; i++)
		THREAD_OK(pthread_join(threads[i], NULL));
	say("200 rounds");
}
