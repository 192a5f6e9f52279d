/*
 * What the files of the page cache share: the tree of pages (pagecache.c), reclaim
 * (pagecache_lru.c), read-ahead (readahead.c), reading and writing (readwrite.c), mapping
 * (filemap.c) and write-back (writeback.c).
 */
#ifndef ARAMID_VFS_PAGECACHE_INT_H
#define ARAMID_VFS_PAGECACHE_INT_H

#include "lib/atomic.h"
#include "vfs/pagecache.h"

#define PAGECACHE_BATCH 16

/* Pages of all mappings, atomic; how many there are is in mm's counters. Those of memory-only
 * mappings are never dirty here. */
struct pagecache_counters {
	size_t dirty, writeback;
};
extern struct pagecache_counters pagecache_counters;

/* Up to n referenced pages in [first, last]. */
size_t pagecache_gang(struct page_mapping *mapping, u64 first, u64 last, struct page **pages,
		      size_t n);
/* Referenced, locked and new: not up to date. -EEXIST, -ENOMEM. */
int __must_check pagecache_add(struct page_mapping *mapping, u64 index, unsigned int mm_flags,
			       struct page **out);
/* Takes a locked page that is not being written out of its mapping; drops the cache's reference. */
void pagecache_remove(struct page *page);
/* Same as pagecache_read_page() with the read-ahead state of an open file (may be NULL). wanted:
 * pages the caller will read. */
int __must_check pagecache_read_ahead_page(struct page_mapping *mapping, struct readahead *ra,
					   u64 index, u64 wanted, struct page **out);

static inline void page_mark_used(struct page *page)
{
	if (!page_flag_test(page, PG_REFERENCED))
		page_flag_set(page, PG_REFERENCED);
}

/* ---- pagecache_lru.c ---- */
void pagecache_lru_add(struct page *page);
void pagecache_lru_remove(struct page *page);
void pagecache_lru_init(void);

/* ---- writeback.c ---- */
void writeback_init(void);

#endif
