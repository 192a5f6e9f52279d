/*
 * How large the hash tables of vfs's caches are: what they hold grows with the memory, and a search
 * should not.
 */
#ifndef ARAMID_VFS_BUCKETS_H
#define ARAMID_VFS_BUCKETS_H

#include "lib/types.h"
#include "mm/page.h"

/* A power of two: about a bucket for each four frames. */
static inline size_t vfs_bucket_count(void)
{
	struct mm_stats stats;
	size_t n = 1024;

	mm_stats_get(&stats);
	while (n < 65536 && n * 4 < stats.total)
		n *= 2;
	return n;
}

#endif
