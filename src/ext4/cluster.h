/*
 * Clusters (bigalloc): a file's blocks inside units of allocation that are larger than a block.
 *
 * A volume with bigalloc keeps its bitmaps and its counts of free space in clusters, each an
 * aligned power of two of blocks. Elsewhere a cluster is a block, and all of this costs nothing.
 * Maps stay in blocks. What connects the two:
 *
 * - A cluster belongs to one user. A block of metadata that is allocated for itself (a node of an
 *   extent tree, a block of attributes) has a whole one, of which it uses the first block.
 *
 * - A file's logical blocks form clusters, too. All blocks of one logical cluster that are mapped
 *   lie in one physical cluster, each at the same place in both. So whoever maps a block looks
 *   first whether its logical cluster has a mapped block: then its place is known and free, and
 *   nothing is allocated; else whole clusters are allocated, and the rest of them is the hole
 *   around the new extent.
 *
 * - A cluster is freed when the last of its blocks is unmapped: a range that begins or ends inside
 *   of a logical cluster leaves it alone as long as another extent has a part in it.
 *
 * - What has never been mapped has old contents on disk, like any free block: to map it is to write
 *   it, or to mark it as unwritten.
 *
 * - i_blocks counts whole clusters. Extents may begin and end anywhere, but collapse and insert
 *   move by whole clusters, so that places stay the same.
 *
 * - Room is promised to delayed pages in clusters: the first delayed block of a logical cluster
 *   pays for it, unless a block of it is mapped; others get in for nothing. The table of an inode's
 *   delayed clusters (ext4_inode.promises) says how many delayed blocks each has, and whether it
 *   was paid for. An allocation in the cluster ends the promise, although blocks may still be
 *   delayed in it; freeing the cluster under such blocks renews it.
 *
 * Lock: map_lock, for writing by who maps and unmaps. Whether a cluster is mapped is looked up and
 * written down in the table under one hold of it, so that the two never disagree.
 */
#ifndef EXT4_CLUSTER_H
#define EXT4_CLUSTER_H

#include "ext4/ext4_int.h"

/* A run of a file's blocks, both ends included; first > last: none. */
struct ext4_run {
	u32 first, last;
};
#define EXT4_NO_RUN ((struct ext4_run){.first = 1, .last = 0})

/* The physical cluster (its first block) that holds logical's cluster, judged by all mapped blocks
 * but those in `except`; 0: none does. map_lock is held. */
int __must_check ext4_cluster_find(struct ext4_inode *inode, u32 logical, struct ext4_run except,
				   u64 *cluster);
/*
 * A place for blocks [logical, logical + *length), which are a hole; *length becomes how many of
 * them get one. *taken: how many blocks were allocated for that, 0 if there was room in a cluster
 * of the file's. map_lock is held for writing. -ENOSPC
 */
int __must_check ext4_cluster_place(struct ext4_handle *handle, struct ext4_inode *inode,
				    u32 logical, u32 *length, u64 goal, unsigned int alloc_flags,
				    u64 *block, u32 *taken);
/* The part of a mapped run whose clusters nobody else uses: what may be freed with it. map_lock is
 * held, and the run is still mapped. */
int __must_check ext4_cluster_unshared(struct ext4_inode *inode, struct ext4_run run,
				       struct ext4_run *alone);

/* ---- promise.c: room for delayed pages; each takes ext4_inode.cache_lock ---- */

/* Promises room to one more delayed block, and metadata for it. Not inside map_lock. -ENOSPC,
 * -ENOMEM */
int __must_check ext4_promise_make(struct ext4_inode *inode, u32 logical);
/* The block is delayed no more. */
void ext4_promise_end(struct ext4_inode *inode, u32 logical);
/* Clusters were allocated for the run / were freed with it; map_lock is held for writing. */
void ext4_promise_keep(struct ext4_inode *inode, struct ext4_run run);
void ext4_promise_renew(struct ext4_inode *inode, struct ext4_run run);

#endif
