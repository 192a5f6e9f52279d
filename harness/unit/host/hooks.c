/*
 * What tests do to the hosted shims (host/host_hooks.h): allocations that fail on demand, user
 * memory that faults, memory filled with something that is no good value.
 */
#include "host_hooks.h"

#include <string.h>

#include "host_memory.h"
#include "host_user.h"
#include "hw/cpu.h"
#include "lib/assert.h"
#include "lib/atomic.h"
#include "lib/lock.h"
#include "mm/kmalloc.h"

/* ---- memory ---- */

static u64 countdown; /* atomic; 0: nothing fails */
static bool fail_on;  /* after the countdown has ended, everything fails */
static bool failed;
static __thread bool paused;

void host_alloc_fail_nth(u64 n)
{
	failed = fail_on = false;
	atomic_store(&countdown, n);
}

void host_alloc_fail_from(u64 n)
{
	failed = false;
	fail_on = n != 0;
	atomic_store(&countdown, n);
}

bool host_alloc_failed(void)
{
	return atomic_load(&failed);
}

void host_alloc_pause(bool pause)
{
	paused = pause;
}

bool host_alloc_should_fail(unsigned int mm_flags)
{
	if (!(mm_flags & MM_ATOMIC)) {
		VERIFY_EQ(lock_held_count(), 0);
		VERIFY(irq_enabled());
	}
	u64 n = atomic_load(&countdown);
	if (paused || n == 0)
		return false;
	while (!(fail_on && n == 1) && !atomic_cmpxchg(&countdown, &n, n - 1))
		if (n == 0)
			return false;
	if (n == 1)
		atomic_store(&failed, true);
	return n == 1;
}

void host_memory_fill(void *p, size_t n)
{
	memset(p, 0xa5, n);
}

size_t host_memory_pages(void)
{
	return HOST_PAGES_MAX;
}

bool host_memory_reclaim(size_t pages, unsigned int mm_flags)
{
	return false;
}

static struct shrinker *shrinkers;

void shrinker_register(struct shrinker *shrinker)
{
	shrinker->next = shrinkers;
	shrinkers = shrinker;
}

size_t host_shrink_all(size_t nr, unsigned int mm_flags)
{
	size_t freed = 0;

	for (struct shrinker *s = shrinkers; s; s = s->next)
		freed += s->shrink(s, nr, mm_flags);
	return freed;
}

/* ---- user memory ---- */

struct range {
	uintptr_t start, end;
};

static struct range bad, absent;

void host_user_fault_arm(const void *p, size_t n)
{
	bad = (struct range){(uintptr_t)p, (uintptr_t)p + n};
}

void host_user_absent_arm(const void *p, size_t n)
{
	absent = (struct range){(uintptr_t)p, (uintptr_t)p + n};
}

/* How many of the n bytes at p come before the range. */
static size_t before(const struct range *range, uintptr_t p, size_t n)
{
	if (range->start == range->end || p >= range->end || p + n <= range->start)
		return n;
	return p >= range->start ? 0 : range->start - p;
}

size_t host_user_reachable(const void *p, size_t n, bool nofault)
{
	size_t ok = before(&bad, (uintptr_t)p, n);

	return nofault ? before(&absent, (uintptr_t)p, ok) : ok;
}

void host_user_fault_in(const void *p, size_t n)
{
	if (before(&absent, (uintptr_t)p, n) < n)
		absent = (struct range){0, 0};
}
