/*
 * Room that is promised to delayed pages, so that write-back will find it.
 *
 * Where a cluster is a block, an inode only counts its delayed blocks. With bigalloc it keeps a
 * table of its clusters with delayed blocks: cluster.h tells what for. In both cases the metadata
 * that the blocks may need is promised at its worst, in clusters.
 */
#include "ext4/cluster.h"
#include "lib/assert.h"

/*
 * An entry of the table is no pointer, but a count of delayed blocks and whether the cluster was
 * paid for, with a bit that is always set.
 */
#define PAID      2ul
#define BLOCK_ONE 4ul

static unsigned long entry_get(struct ext4_inode *inode, u32 cluster)
{
	return (unsigned long)radix_lookup(&inode->promises, cluster);
}

static void entry_set(struct ext4_inode *inode, u32 cluster, unsigned long entry)
{
	radix_replace(&inode->promises, cluster, (void *)entry);
}

/* What a delayed block shows in st_blocks. */
static void show(struct ext4_inode *inode, s64 clusters)
{
	struct ext4_fs *fs = ext4_inode_fs(inode);
	s64 sectors = (s64)fs->block_size << fs->cluster_bits >> SECTOR_SHIFT;

	inode->vfs.blocks_promised += (u64)(clusters * sectors);
}

/* One more delayed block, for which so many clusters are needed besides metadata; locked. */
static int add_block(struct ext4_inode *inode, u32 clusters)
{
	u32 meta = ext4_map_meta_worst(inode, inode->delayed + 1);
	u32 more = meta > inode->delayed_meta ? meta - inode->delayed_meta : 0;
	u32 bits = ext4_inode_fs(inode)->cluster_bits;
	int err = clusters ? ext4_quota_reserve(inode, clusters << bits) : 0;

	if (err)
		return err;
	if (clusters + more)
		err = ext4_clusters_reserve(ext4_inode_fs(inode), clusters + more);
	if (err) {
		ext4_quota_release(inode, clusters << bits);
		return err;
	}
	inode->delayed++;
	inode->delayed_meta += more;
	show(inode, clusters);
	return 0;
}

/* One less, which gives back so many clusters. */
static void remove_block(struct ext4_inode *inode, u32 clusters)
{
	u32 back = clusters;

	VERIFY_GE(inode->delayed, 1);
	inode->delayed--;
	show(inode, -(s64)clusters);
	ext4_quota_release(inode, clusters << ext4_inode_fs(inode)->cluster_bits);
	u32 meta = ext4_map_meta_worst(inode, inode->delayed);

	if (meta < inode->delayed_meta) {
		back += inode->delayed_meta - meta;
		inode->delayed_meta = meta;
	}
	ext4_clusters_unreserve(ext4_inode_fs(inode), back);
}

/* ---- clusters of several blocks ---- */

/* The cluster's first delayed block; cache_lock and map_lock are held. */
static int insert(struct ext4_inode *inode, u32 cluster, bool mapped)
{
	unsigned long entry = 1 | (mapped ? 0 : PAID) | BLOCK_ONE;
	int err = radix_insert(&inode->promises, cluster, (void *)entry, MM_NOFS | MM_ATOMIC);

	if (err)
		return err;
	err = add_block(inode, !mapped);
	if (err)
		radix_delete(&inode->promises, cluster);
	return err;
}

/* -ENOENT: the cluster is not in the table. */
static int join(struct ext4_inode *inode, u32 cluster)
{
	unsigned long entry = entry_get(inode, cluster);

	if (!entry)
		return -ENOENT;
	int err = add_block(inode, 0);

	if (!err)
		entry_set(inode, cluster, entry + BLOCK_ONE);
	return err;
}

static int make_in_cluster(struct ext4_inode *inode, u32 logical)
{
	u32 cluster = logical >> ext4_inode_fs(inode)->cluster_bits;
	u64 there;

	spin_lock(&inode->cache_lock);
	int err = join(inode, cluster);
	spin_unlock(&inode->cache_lock);
	if (err != -ENOENT)
		return err;
	rwsem_read_lock(&inode->map_lock);
	err = ext4_cluster_find(inode, logical, EXT4_NO_RUN, &there);
	if (!err) {
		spin_lock(&inode->cache_lock);
		err = join(inode, cluster);
		if (err == -ENOENT)
			err = insert(inode, cluster, there);
		spin_unlock(&inode->cache_lock);
	}
	rwsem_read_unlock(&inode->map_lock);
	return err;
}

static void end_in_cluster(struct ext4_inode *inode, u32 cluster)
{
	unsigned long entry = entry_get(inode, cluster) - BLOCK_ONE;
	bool last = entry < BLOCK_ONE;

	if (last)
		radix_delete(&inode->promises, cluster);
	else
		entry_set(inode, cluster, entry);
	remove_block(inode, last && (entry & PAID));
}

/* The clusters of the table in a run of blocks: paid for or not from now on. */
static void change(struct ext4_inode *inode, struct ext4_run run, bool paid)
{
	struct ext4_fs *fs = ext4_inode_fs(inode);
	u64 at = run.first >> fs->cluster_bits, last = run.last >> fs->cluster_bits;

	if (!fs->cluster_bits || run.first > run.last)
		return;
	spin_lock(&inode->cache_lock);
	for (; at <= last; at++) {
		unsigned long entry = (unsigned long)radix_find(&inode->promises, &at, last);

		if (!entry)
			break;
		if (paid == !!(entry & PAID))
			continue;
		entry_set(inode, (u32)at, entry ^ PAID);
		show(inode, paid ? 1 : -1);
		if (paid) {
			ext4_clusters_rereserve(fs, 1);
			ext4_quota_rereserve(inode, 1u << fs->cluster_bits);
		} else {
			ext4_clusters_unreserve(fs, 1);
			ext4_quota_release(inode, 1u << fs->cluster_bits);
		}
	}
	spin_unlock(&inode->cache_lock);
}

/* ---- both ---- */

int ext4_promise_make(struct ext4_inode *inode, u32 logical)
{
	if (ext4_inode_fs(inode)->cluster_bits)
		return make_in_cluster(inode, logical);
	spin_lock(&inode->cache_lock);
	int err = add_block(inode, 1);
	spin_unlock(&inode->cache_lock);
	return err;
}

void ext4_promise_end(struct ext4_inode *inode, u32 logical)
{
	u32 bits = ext4_inode_fs(inode)->cluster_bits;

	spin_lock(&inode->cache_lock);
	if (bits)
		end_in_cluster(inode, logical >> bits);
	else
		remove_block(inode, 1);
	spin_unlock(&inode->cache_lock);
}

void ext4_promise_keep(struct ext4_inode *inode, struct ext4_run run)
{
	change(inode, run, false);
}

void ext4_promise_renew(struct ext4_inode *inode, struct ext4_run run)
{
	change(inode, run, true);
}
