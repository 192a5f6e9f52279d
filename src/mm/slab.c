/*
 * The slab allocator: objects of one size, carved out of blocks of frames.
 *
 * A slab is a block of 2^order frames. Its free objects are chained through their first word;
 * page->slab_free of the first frame is the chain's head and page->slab_used counts what is handed
 * out. Slabs with free objects are on the cache's partial list, full ones on none, and a few empty
 * ones are kept. Every frame of a slab points at its cache, and slabs are aligned to their size, so
 * that an object's address leads to its slab and cache.
 *
 * In front of that, each CPU has a magazine of free objects per cache. As with the page allocator's
 * stacks, a magazine is guarded by a busy flag only: just its own CPU touches it, and an interrupt
 * handler that finds it busy works on the slabs, which the cache's irqlock guards. Magazines are
 * made when a CPU first frees to a cache; until then, and for caches of large objects, every
 * request goes to the slabs.
 *
 * With DEBUG, free objects are filled with a pattern, which is checked when they are handed out
 * again: that finds writes after free, and (as a freed object looks free) double frees.
 */
#include "hw/cpu.h"
#include "lib/assert.h"
#include "lib/atomic.h"
#include "lib/string.h"
#include "mm/page_int.h"
#include "mm/slab_int.h"

#define MAGAZINE_MAX 30
#define EMPTY_KEPT   2
#define POISON_FREE  0x6b

struct magazine {
	bool busy;
	unsigned int count;
	void *objects[MAGAZINE_MAX];
};

struct slab_cache {
	const char *name;
	u32 size, magazine_size; /* bytes from one object to the next; objects a magazine takes */
	u32 per_slab, order;
	struct magazine *magazines[CPU_MAX]; /* each set by its CPU */
	struct irqlock lock;
	struct list_head partial; /* lock; pages with free objects, empty slabs at the end */
	size_t slabs, empty,
	    objects; /* lock; objects: handed out by the slabs, magazines included */
	struct slab_cache *next;
};

static struct slab_cache *caches; /* only added to, at start-up */
static struct slab_cache **caches_end = &caches;

static struct slab_cache cache_cache, magazine_cache;

static void cache_init(struct slab_cache *cache, const char *name, size_t size, size_t align)
{
	if (align < 8)
		align = 8;
	size = round_up(max(size, sizeof(void *)), align);
	VERIFY(size <= PAGE_SIZE * 2);
	cache->name = name;
	cache->size = (u32)size;
	/* The smallest slab that wastes no more than an eighth. */
	while (cache->order < 3 &&
	       ((PAGE_SIZE << cache->order) % size > (PAGE_SIZE << cache->order) / 8 ||
		(PAGE_SIZE << cache->order) < size))
		cache->order++;
	cache->per_slab = (u32)((PAGE_SIZE << cache->order) / size);
	cache->magazine_size = size > 1024 ? 4 : size > 256 ? 12 : MAGAZINE_MAX;
	irqlock_init(&cache->lock, name);
	list_init(&cache->partial);
	*caches_end = cache;
	caches_end = &cache->next;
}

void slab_init(void)
{
	cache_init(&cache_cache, "slab_cache", sizeof(struct slab_cache), 8);
	cache_init(&magazine_cache, "magazine", sizeof(struct magazine), 64);
	magazine_cache.magazine_size = 0; /* would need itself */
}

struct slab_cache *slab_cache_create(const char *name, size_t size, size_t align)
{
	struct slab_cache *cache = slab_alloc(&cache_cache, MM_ZERO);

	if (!cache)
		panic("no memory for slab cache %s", name);
	cache_init(cache, name, size, align);
	return cache;
}

static inline struct page *slab_of(struct slab_cache *cache, void *object)
{
	return page_from_address(
	    (void *)round_down((unsigned long)object, PAGE_SIZE << cache->order));
}

/* ---- slabs ---- */

#ifdef DEBUG
/* For an object that looks free by its contents, which might also be what somebody wrote there. */
static bool object_is_free(struct slab_cache *cache, void *object)
{
	irqflags_t irq = irqlock_lock(&cache->lock);
	bool found = false;

	for (void *at = slab_of(cache, object)->slab_free; at && !found; at = *(void **)at)
		found = at == object;
	irqlock_unlock(&cache->lock, irq);
	for (unsigned int cpu = 0; cpu < CPU_MAX && !found; cpu++) {
		const struct magazine *magazine = cache->magazines[cpu];

		for (unsigned int i = 0; magazine && i < magazine->count && !found; i++)
			found = magazine->objects[i] == object;
	}
	return found;
}
#endif

static void poison_object(struct slab_cache *cache, void *object)
{
#ifdef DEBUG
	u8 *tail = (u8 *)object + sizeof(void *);
	size_t n = cache->size - sizeof(void *);

	if (!memchr_inv(tail, POISON_FREE, n) && object_is_free(cache, object))
		panic("%s: object %p freed twice", cache->name, object);
	memset(tail, POISON_FREE, n);
#endif
}

static void poison_object_check(struct slab_cache *cache, void *object)
{
#ifdef DEBUG
	const u8 *bad =
	    memchr_inv((u8 *)object + sizeof(void *), POISON_FREE, cache->size - sizeof(void *));

	if (bad)
		panic("%s: object %p was written at %td after it was freed", cache->name, object,
		      bad - (u8 *)object);
	memset(object, 0x5a,
	       cache->size); /* not the poison, nor zero that somebody might count on */
#endif
}

static struct page *slab_grow(struct slab_cache *cache, unsigned int flags)
{
	struct page *page = page_alloc(cache->order, flags & ~MM_ZERO);
	char *object;
	void **link;

	if (!page)
		return NULL;
	mm_count(MM_COUNT_SLAB, (long)BIT(cache->order));
	for (size_t i = 0; i < BIT(cache->order); i++) {
		page[i].flags = BIT(PG_SLAB);
		page[i].slab_cache = cache;
	}
	page->slab_used = 0;
	object = page_address_inline(page);
	link = &page->slab_free;
	for (u32 i = 0; i < cache->per_slab; i++, object += cache->size) {
		*link = object;
		link = (void **)object;
#ifdef DEBUG
		memset(object + sizeof(void *), POISON_FREE, cache->size - sizeof(void *));
#endif
	}
	*link = NULL;
	return page;
}

static void slab_destroy(struct slab_cache *cache, struct page *page)
{
	mm_count(MM_COUNT_SLAB, -(long)BIT(cache->order));
	for (size_t i = 0; i < BIT(cache->order); i++)
		page[i].flags = 0;
	page_free(page, cache->order);
}

/* Takes up to n objects from partial slabs. lock held. */
static unsigned int slabs_take(struct slab_cache *cache, void **out, unsigned int n)
{
	unsigned int got = 0;

	while (got < n && !list_empty(&cache->partial)) {
		struct page *page = list_first_entry(&cache->partial, struct page, lru);

		if (page->slab_used == 0)
			cache->empty--;
		while (got < n && page->slab_free) {
			void *object = page->slab_free;

			page->slab_free = *(void **)object;
			page->slab_used++;
			out[got++] = object;
		}
		if (!page->slab_free)
			list_del(&page->lru);
	}
	cache->objects += got;
	return got;
}

/* At least one object, up to n; 0: no memory. */
static unsigned int slabs_alloc(struct slab_cache *cache, void **out, unsigned int n,
				unsigned int flags)
{
	irqflags_t irq = irqlock_lock(&cache->lock);
	unsigned int got = slabs_take(cache, out, n);

	irqlock_unlock(&cache->lock, irq);
	if (got)
		return got;
	struct page *page = slab_grow(cache, flags);

	if (!page)
		return 0;
	irq = irqlock_lock(&cache->lock);
	cache->slabs++;
	cache->empty++;
	list_add(&page->lru, &cache->partial);
	got = slabs_take(cache, out, n);
	irqlock_unlock(&cache->lock, irq);
	return got;
}

static void slabs_free(struct slab_cache *cache, void **objects, unsigned int n)
{
	LIST_HEAD(dead);
	struct page *page, *tmp;
	irqflags_t irq = irqlock_lock(&cache->lock);

	for (unsigned int i = 0; i < n; i++) {
		page = slab_of(cache, objects[i]);
		VERIFY(page->slab_cache == cache && page->slab_used > 0);
		if (!page->slab_free)
			list_add(&page->lru, &cache->partial);
		*(void **)objects[i] = page->slab_free;
		page->slab_free = objects[i];
		if (--page->slab_used == 0) {
			if (cache->empty >= EMPTY_KEPT) {
				list_move(&page->lru, &dead);
				cache->slabs--;
			} else {
				cache->empty++;
				list_move_tail(&page->lru, &cache->partial);
			}
		}
	}
	cache->objects -= n;
	irqlock_unlock(&cache->lock, irq);
	list_for_each_entry_safe(page, tmp, &dead, lru) {
		list_del(&page->lru);
		slab_destroy(cache, page);
	}
}

/* ---- magazines ---- */

static void magazine_make(struct slab_cache *cache)
{
	struct magazine *magazine;

	if (!cache->magazine_size)
		return;
	magazine = slab_alloc(&magazine_cache, MM_ATOMIC | MM_ZERO);
	if (!magazine)
		return;
	/* An interrupt may have made one meanwhile. */
	struct magazine *expected = NULL;

	if (!atomic_cmpxchg(&cache->magazines[cpu_id()], &expected, magazine))
		slab_free(&magazine_cache, magazine);
}

void *slab_alloc(struct slab_cache *cache, unsigned int flags)
{
	struct magazine *magazine = cache->magazines[cpu_id()];
	void *object = NULL;

	if (likely(magazine && !magazine->busy)) {
		magazine->busy = true;
		barrier();
		if (magazine->count)
			object = magazine->objects[--magazine->count];
		barrier();
		magazine->busy = false;
	}
	if (!object) {
		void *batch[MAGAZINE_MAX / 2];
		unsigned int n = magazine ? max(cache->magazine_size / 2, 1u) : 1;

		n = slabs_alloc(cache, batch, n, flags);
		if (!n)
			return NULL;
		object = batch[--n];
		/* It may have slept: this can be another CPU by now. */
		magazine = cache->magazines[cpu_id()];
		if (n && magazine && !magazine->busy) {
			magazine->busy = true;
			barrier();
			while (n && magazine->count < cache->magazine_size)
				magazine->objects[magazine->count++] = batch[--n];
			barrier();
			magazine->busy = false;
		}
		if (n)
			slabs_free(cache, batch, n);
	}
	poison_object_check(cache, object);
	if (flags & MM_ZERO)
		memset(object, 0, cache->size);
	return object;
}

void slab_free(struct slab_cache *cache, void *object)
{
	struct magazine *magazine = cache->magazines[cpu_id()];
	void *batch[MAGAZINE_MAX / 2];
	unsigned int n = 0;

	VERIFY(page_from_address(object)->slab_cache == cache);
	poison_object(cache, object);
	if (unlikely(!magazine)) {
		magazine_make(cache);
		magazine = cache->magazines[cpu_id()];
	}
	if (!magazine || magazine->busy) {
		slabs_free(cache, &object, 1);
		return;
	}
	magazine->busy = true;
	barrier();
	if (magazine->count >= cache->magazine_size) {
		n = max(cache->magazine_size / 2, 1u);
		magazine->count -= n;
		memcpy(batch, magazine->objects + magazine->count, n * sizeof(batch[0]));
	}
	magazine->objects[magazine->count++] = object;
	barrier();
	magazine->busy = false;
	if (n)
		slabs_free(cache, batch, n);
}

size_t slab_object_size(struct slab_cache *cache)
{
	return cache->size;
}

bool slab_info_get(unsigned int n, struct slab_info *info)
{
	struct slab_cache *cache = caches;

	for (; cache && n; n--)
		cache = cache->next;
	if (!cache)
		return false;
	irqflags_t irq = irqlock_lock(&cache->lock);
	size_t spare = 0;

	for (unsigned int cpu = 0; cpu < CPU_MAX; cpu++)
		if (cache->magazines[cpu])
			spare += READ_ONCE(cache->magazines[cpu]->count);
	*info = (struct slab_info){
	    .name = cache->name,
	    .object_size = cache->size,
	    .active_objects = cache->objects > spare ? cache->objects - spare : 0,
	    .total_objects = cache->slabs * cache->per_slab,
	    .objects_per_slab = cache->per_slab,
	    .pages_per_slab = BIT(cache->order),
	    .slabs = cache->slabs,
	};
	irqlock_unlock(&cache->lock, irq);
	return true;
}
