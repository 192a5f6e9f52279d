/*
 * Page frames.
 *
 * Every frame of RAM has a struct page. Frames are handed out by the buddy allocator with a
 * reference count of one; page_put() of the last reference frees it. All RAM is mapped in the
 * direct map, so a frame always has a kernel address. A seam: in the hosted build a page is
 * malloc'ed with its data.
 *
 * A page in the page cache belongs to a mapping (vfs/pagecache.h), which holds one reference; the
 * flags below are changed atomically, those marked [L] only by whoever holds the page's lock bit.
 */
#ifndef ARAMID_MM_PAGE_H
#define ARAMID_MM_PAGE_H

#include "lib/list.h"
#include "lib/types.h"
#include "mm/kmalloc.h"

#define PAGE_SHIFT 12
#define PAGE_SIZE  ((size_t)1 << PAGE_SHIFT)
#define PAGE_MASK  (~(PAGE_SIZE - 1))

#define PAGE_MAX_ORDER 10u /* the largest block: 4 MiB */

enum page_flag {
	PG_LOCKED,     /* someone fills, truncates or starts write-back of the page */
	PG_UPTODATE,   /* contents are valid [L] */
	PG_DIRTY,      /* must be written back */
	PG_WRITEBACK,  /* being written; contents may be read, and changed only after waiting */
	PG_ERROR,      /* the last write-back failed */
	PG_REFERENCED, /* used since reclaim last looked */
	PG_LRU,        /* on the page cache's list */
	PG_READAHEAD,  /* touching it starts the next read-ahead */
	PG_ANON,       /* private memory of a process */
	PG_SLAB,
	PG_BUDDY,
	PG_RESERVED, /* never given out: kernel image, firmware, holes */
	PG_FSDATA,   /* page->fsdata is in use */
	PG_ACTIVE,   /* the page cache's list is the active one */
};

struct page_mapping;

struct page {
	unsigned long flags;  /* enum page_flag bits, atomic */
	u32 refs;             /* atomic */
	u32 mapcount;         /* atomic: page-table entries that map it */
	struct list_head lru; /* page cache LRU, buddy free list, or slab list */
	union {
		struct {
			struct page_mapping
			    *mapping; /* NULL once truncated; stable under PG_LOCKED */
			u64 index;    /* in pages from the start of the file */
			void *fsdata; /* the file system's, e.g. per-block state [L] */
		};
		struct {
			struct slab_cache *slab_cache;
			void *slab_free;
			u32 slab_used;
			u32 order; /* of a free buddy block or of a large kmalloc */
		};
	};
};

/* 2^order contiguous frames, reference count one. NULL when there is no memory. */
struct page *page_alloc(unsigned int order, unsigned int mm_flags) __must_check;
/* Frees a block from page_alloc() regardless of references: for memory that never was shared. */
void page_free(struct page *page, unsigned int order);

/* Frees an order-0 page whose bytes are all zero (an emptied page table): spares the next user of
 * MM_ZERO the work. */
void page_free_zeroed(struct page *page);

/* Up to n single frames at once, each with reference count one: returns how many. MM_ZERO is
 * honoured. */
unsigned int page_alloc_many(struct page **out, unsigned int n, unsigned int mm_flags) __must_check;

void page_put(struct page *page); /* order-0 pages */
void page_put_many(struct page **pages, unsigned int n);

static inline void page_get(struct page *page)
{
	__atomic_fetch_add(&page->refs, 1, __ATOMIC_RELAXED);
}

void *page_address(const struct page *page);
struct page *page_from_address(const void *direct_map_address);
phys_addr_t page_phys(const struct page *page);
struct page *page_from_phys(phys_addr_t pa); /* NULL: not RAM */

/* Whole pages; p is page-aligned. Faster than memset and memcpy on the machines we run on. */
void page_zero(void *p);
void page_copy(void *to, const void *from);

static inline bool page_flag_test(const struct page *page, enum page_flag flag)
{
	return __atomic_load_n(&page->flags, __ATOMIC_ACQUIRE) >> flag & 1;
}

static inline void page_flag_set(struct page *page, enum page_flag flag)
{
	__atomic_fetch_or(&page->flags, BIT(flag), __ATOMIC_RELEASE);
}

static inline void page_flag_clear(struct page *page, enum page_flag flag)
{
	__atomic_fetch_and(&page->flags, ~BIT(flag), __ATOMIC_RELEASE);
}

/* These return the old value. */
static inline bool page_flag_test_set(struct page *page, enum page_flag flag)
{
	return __atomic_fetch_or(&page->flags, BIT(flag), __ATOMIC_ACQ_REL) >> flag & 1;
}

static inline bool page_flag_test_clear(struct page *page, enum page_flag flag)
{
	return __atomic_fetch_and(&page->flags, ~BIT(flag), __ATOMIC_ACQ_REL) >> flag & 1;
}

/* Counters that other rooms keep for /proc/meminfo, in pages. */
enum mm_counter {
	MM_COUNT_PAGE_CACHE, /* includes the next */
	MM_COUNT_SHMEM,      /* memory that no disk has a copy of: tmpfs, shared anonymous memory */
	MM_COUNT_KERNEL_STACKS,
	MM_COUNT_PAGE_TABLES,
	MM_COUNT_ANON,
	MM_COUNT_SLAB,
	MM_COUNTERS,
};
void mm_count(enum mm_counter counter, long delta); /* any context */

/* For /proc/meminfo and limits; in pages. */
struct mm_stats {
	size_t total, free, available, slab, page_cache, anon, kernel_stacks, page_tables, shmem;
};
void mm_stats_get(struct mm_stats *stats);
/* Free frames now, without looking at every CPU: for decisions, not for reports. */
size_t mm_free_pages(void);
size_t mm_total_pages(void); /* RAM that the allocator was given */

#endif
