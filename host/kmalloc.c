/* Kernel memory from malloc. */
#include <stdlib.h>
#include <string.h>

#include "host_hooks.h"
#include "host_objects.h"
#include "hw/cpu.h"
#include "lib/assert.h"
#include "lib/atomic.h"
#include "lib/lock.h"
#include "mm/kmalloc.h"
#include "mm/radix_node.h"

static size_t objects; /* atomic */

size_t host_objects_outstanding(void)
{
	return atomic_load(&objects);
}

static void *allocate(size_t size, size_t align, unsigned int flags)
{
	void *p = NULL;

	if (host_alloc_should_fail(flags))
		return NULL;
	if (align <= 16)
		p = malloc(size ? size : 1);
	else if (posix_memalign(&p, align, size ? size : 1))
		p = NULL;
	if (!p)
		return NULL;
	if (flags & MM_ZERO)
		memset(p, 0, size);
	else
		host_memory_fill(p, size);
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

static void __attribute__((constructor)) prepare(void)
{
	radix_node_init();
}
