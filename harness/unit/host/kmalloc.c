#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "host_memory.h"
#include "host_memory_int.h"
#include "host_thread.h"
#include "hw/cpu.h"
#include "lib/assert.h"
#include "lib/atomic.h"
#include "lib/lock.h"
#include "mm/kmalloc.h"
#include "mm/radix_node.h"

static u64 countdown; /* atomic; 0: nothing fails */
static bool fail_on;  /* after the countdown has ended, everything fails */
static bool failed;
static size_t objects; /* atomic */
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

size_t host_objects_outstanding(void)
{
	return atomic_load(&objects);
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

static void *allocate(size_t size, size_t align, unsigned int flags)
{
	void *p;

	if (host_alloc_should_fail(flags) || posix_memalign(&p, align, size ? size : 1))
		return NULL;
	memset(p, flags & MM_ZERO ? 0 : 0xa5, size);
	atomic_inc(&objects);
	return p;
}

void *kmalloc(size_t size, unsigned int flags)
{
	return allocate(size, is_pow2(size) && size <= 4096 ? max(size, 16) : 16, flags);
}

void *kcalloc(size_t n, size_t size, unsigned int flags)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes))
		return NULL;
	return kmalloc(bytes, flags | MM_ZERO);
}

void *krealloc(void *old, size_t old_size, size_t new_size, unsigned int flags)
{
	void *p = kmalloc(new_size, flags);

	if (p && old) {
		memcpy(p, old, min(old_size, new_size));
		kfree(old);
	}
	return p;
}

void kfree(void *p)
{
	if (!p)
		return;
	VERIFY_GT(atomic_load(&objects), 0);
	atomic_dec(&objects);
	free(p);
}

char *kstrdup(const char *s, unsigned int flags)
{
	size_t n = strlen(s) + 1;
	char *copy = kmalloc(n, flags);

	return copy ? memcpy(copy, s, n) : NULL;
}

struct slab_cache {
	struct slab_cache *next; /* so that they are never leaked */
	const char *name;
	size_t size, align;
};

static struct slab_cache *caches;

struct slab_cache *slab_cache_create(const char *name, size_t size, size_t align)
{
	struct slab_cache *cache = malloc(sizeof(*cache));

	VERIFY(cache != NULL);
	*cache = (struct slab_cache){
	    .next = caches, .name = name, .size = size, .align = max(align, 16)};
	caches = cache;
	return cache;
}

void *slab_alloc(struct slab_cache *cache, unsigned int flags)
{
	return allocate(cache->size, cache->align, flags);
}

void slab_free(struct slab_cache *cache, void *object)
{
	VERIFY(cache != NULL);
	kfree(object);
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

static void __attribute__((constructor)) prepare(void)
{
	radix_node_init();
}
