#include <pthread.h>

#include "host_clock.h"
#include "host_hooks.h"
#include "host_thread.h"
#include "lib/hash.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static u64 monotonic = NSEC_PER_SEC;
static s64 realtime_offset_ns = 1700000000ll * 1000000000; /* the wall clock less monotonic */
static bool automatic = true;
static u64 random_state;

static void set_monotonic(u64 ns)
{
	pthread_mutex_lock(&mutex);
	monotonic = ns;
	pthread_mutex_unlock(&mutex);
	host_threads_recheck_deadlines();
}

void host_clock_set_monotonic(u64 ns)
{
	set_monotonic(ns);
}

void host_clock_advance(u64 ns)
{
	set_monotonic(clock_monotonic_ns() + ns);
}

void host_clock_set_realtime(s64 sec, u32 nsec)
{
	pthread_mutex_lock(&mutex);
	realtime_offset_ns = sec * (s64)NSEC_PER_SEC + nsec - (s64)monotonic;
	pthread_mutex_unlock(&mutex);
}

void host_clock_set_automatic(bool on)
{
	automatic = on;
	host_threads_recheck_deadlines();
}

/* In automatic mode it has come, now. */
bool host_clock_reached(u64 deadline_ns)
{
	pthread_mutex_lock(&mutex);
	if (automatic && monotonic < deadline_ns)
		monotonic = deadline_ns;
	bool reached = monotonic >= deadline_ns;
	pthread_mutex_unlock(&mutex);
	return reached;
}

/* Whoever moves the clock wakes all sleepers. */
void host_clock_wait(pthread_cond_t *cond, pthread_mutex_t *park_mutex, u64 deadline_ns)
{
	pthread_cond_wait(cond, park_mutex);
}

u64 clock_monotonic_ns(void)
{
	pthread_mutex_lock(&mutex);
	u64 ns = monotonic;
	pthread_mutex_unlock(&mutex);
	return ns;
}

struct timespec64 clock_realtime(void)
{
	pthread_mutex_lock(&mutex);
	s64 ns = (s64)monotonic + realtime_offset_ns;
	pthread_mutex_unlock(&mutex);

	s64 sec = ns / (s64)NSEC_PER_SEC, rest = ns % (s64)NSEC_PER_SEC;
	if (rest < 0) {
		sec--;
		rest += (s64)NSEC_PER_SEC;
	}
	return (struct timespec64){.sec = sec, .nsec = (u32)rest};
}

struct timespec64 clock_realtime_coarse(void)
{
	return clock_realtime();
}

void host_random_seed(u64 seed)
{
	random_state = seed;
}

void random_bytes(void *buf, size_t n)
{
	u8 *p = buf;

	pthread_mutex_lock(&mutex);
	for (size_t i = 0; i < n; i++)
		p[i] = (u8)hash_u64(++random_state);
	pthread_mutex_unlock(&mutex);
}
