#include <pthread.h>
#include <sched.h>

#include "hw/cpu.h"
#include "lib/assert.h"
#include "lib/bitmap.h"

__thread bool host_irqs_disabled;
static __thread unsigned int my_number; /* + 1; 0: none yet */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static BITMAP_DECLARE(taken, CPU_MAX);

static void give_back(void *number)
{
	pthread_mutex_lock(&mutex);
	bitmap_clear(taken, (uintptr_t)number - 1);
	my_number = 0;
	pthread_mutex_unlock(&mutex);
}

static void make_key(void)
{
	VERIFY_EQ(pthread_key_create(&key, give_back), 0);
}

unsigned int host_cpu_id(void)
{
	if (!my_number) {
		pthread_once(&once, make_key);
		pthread_mutex_lock(&mutex);
		size_t n = bitmap_find_zero(taken, CPU_MAX, 0);
		VERIFY_LT(n, CPU_MAX);
		bitmap_set(taken, n);
		pthread_mutex_unlock(&mutex);
		my_number = (unsigned int)n + 1;
		VERIFY_EQ(pthread_setspecific(key, (void *)(uintptr_t)my_number), 0);
	}
	return my_number - 1;
}

void host_cpu_yield(void)
{
	sched_yield();
}

unsigned int cpu_count(void)
{
	return 4; /* a small machine, whatever this one is */
}

unsigned long cpu_hwcap(void)
{
	return 0x1234;
}

unsigned long cpu_hwcap2(void)
{
	return 0;
}

const char *cpu_platform(void)
{
	return "x86_64";
}
