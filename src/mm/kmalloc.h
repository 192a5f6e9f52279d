/*
 * Kernel memory for objects: kmalloc for odd sizes, slab caches for types.
 *
 * A seam: slabs in the kernel (src/mm/slab.c), malloc with a fail-the-Nth switch in the hosted
 * build. Memory is not zeroed unless asked for. Every allocation may fail with NULL, and callers
 * treat this as an ordinary result. Allocation may sleep (it may reclaim caches) unless MM_ATOMIC
 * is given; interrupt context and holders of spinning locks must give it.
 */
#ifndef ARAMID_MM_KMALLOC_H
#define ARAMID_MM_KMALLOC_H

#include "lib/types.h"

enum mm_flags {
	MM_NORMAL = 0,
	MM_ATOMIC = 1 << 0, /* never sleep or reclaim; may use the emergency reserve */
	MM_ZERO = 0x8000,   /* the bit that clang's analyzer knows from Linux's kmalloc() */
	MM_NOFS = 1 << 2,   /* reclaim must not enter the file system (caller holds its locks) */
	MM_USER = 1 << 3,   /* page frames for user memory: failing may start the OOM killer */
};

/* 16-byte aligned; sizes that are powers of two up to 4096 are aligned to their size. */
void *kmalloc(size_t size, unsigned int flags) __must_check;
void *kcalloc(size_t n, size_t size, unsigned int flags)
    __must_check; /* zeroed, overflow-checked */
void *krealloc(void *old, size_t old_size, size_t new_size, unsigned int flags) __must_check;
void kfree(void *p); /* NULL is fine */
char *kstrdup(const char *s, unsigned int flags) __must_check;

/* The largest size that kmalloc() can give. */
#define KMALLOC_MAX ((size_t)4 << 20)

struct slab_cache;

/* Objects of one size. name: a string constant, shown in /proc/slabinfo. Never fails at boot:
 * panics. */
struct slab_cache *slab_cache_create(const char *name, size_t size, size_t align);
void *slab_alloc(struct slab_cache *cache, unsigned int flags) __must_check;
void slab_free(struct slab_cache *cache, void *object);

/* For /proc/slabinfo: the n-th cache; false when there are no more. */
struct slab_info {
	const char *name;
	size_t object_size, active_objects, total_objects, objects_per_slab, pages_per_slab, slabs;
};
bool slab_info_get(unsigned int n, struct slab_info *info);

/*
 * Shrinkers: caches that can give memory back. Called by reclaim without locks held; scan at most
 * nr objects, return how many pages (or objects, for slab users) were freed. flags: those of the
 * allocation that needs memory: with MM_NOFS the callee must not start file system work.
 */
struct shrinker {
	const char *name;
	size_t (*shrink)(struct shrinker *shrinker, size_t nr, unsigned int flags);
	/* Whether memory will become freeable by itself soon (writes are under way or due), so that
	 * waiting beats failing or killing. NULL: never. */
	bool (*pending)(struct shrinker *shrinker);
	struct shrinker *next; /* mm's */
};

void shrinker_register(struct shrinker *shrinker);

/* The running thread frees memory for others (the write-back thread): its requests may use the
 * reserve. For one thread. wake makes it call reclaim_help() soon: that is for requests with
 * MM_NOFS, for which most shrinkers may do nothing. */
void reclaim_helper_set(void (*wake)(void));
bool reclaim_help_wanted(void);
void reclaim_help(void);

/* Makes the caches give back all that is clean and unused (/proc/sys/vm/drop_caches). */
void reclaim_caches(void);

#endif
