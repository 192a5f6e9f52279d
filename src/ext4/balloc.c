/*
 * Allocation of blocks.
 *
 * A request names a goal (behind the file's last block, or the group of its inode) and how many
 * blocks it wants in a row. What is free right at the goal is taken if it is worth it; else groups
 * are searched from the goal's onwards for a run that is long enough, then for half of that, and so
 * on. Each group remembers a bound on its longest free run, so that a full or crumbled group costs
 * a comparison and not a search, and where the last search ended, so that new files lie one behind
 * the other.
 *
 * What bitmaps and counts count are clusters, each a power of two of blocks: one, but for bigalloc.
 * What callers name are blocks: they get whole clusters, and give back whole clusters (cluster.h).
 *
 * A file that is being written gets more than it asks for, to grow into: see prealloc.c.
 *
 * fs->free_clusters counts what is free, fs->delayed_clusters what of it was promised to pages that
 * will be written (ext4_clusters_reserve). Ordinary users leave reserved_blocks to root.
 */
#include "ext4/ext4_int.h"
#include "lib/bitmap.h"
#include "vfs/cred.h"

#include <linux/capability.h>

#define GOAL_WORTH 16u /* clusters at the goal that are taken although more were wanted */

static bool may_use_reserve(const struct ext4_fs *fs)
{
	const struct cred *cred = current_cred();

	return cred_capable(cred, CAP_SYS_RESOURCE) || cred->fsuid == fs->options.resuid ||
	       (fs->options.resgid && cred_in_group(cred, fs->options.resgid));
}

static s64 kept_for_root(const struct ext4_fs *fs)
{
	return may_use_reserve(fs) ? 0 : (s64)(fs->reserved_blocks >> fs->cluster_bits);
}

static s64 kept_back(const struct ext4_fs *fs, unsigned int flags)
{
	if (flags & (EXT4_ALLOC_RESERVED | EXT4_ALLOC_META))
		return 0;
	return kept_for_root(fs) + atomic_load(&fs->delayed_clusters);
}

int ext4_clusters_reserve(struct ext4_fs *fs, u32 n)
{
	s64 kept = kept_for_root(fs);
	s64 delayed = atomic_load(&fs->delayed_clusters);

	do {
		if (atomic_load(&fs->free_clusters) - delayed - kept < (s64)n)
			return -ENOSPC;
	} while (!atomic_cmpxchg(&fs->delayed_clusters, &delayed, delayed + n));
	return 0;
}

void ext4_clusters_rereserve(struct ext4_fs *fs, u32 n)
{
	atomic_fetch_add(&fs->delayed_clusters, (s64)n);
}

void ext4_clusters_unreserve(struct ext4_fs *fs, u32 n)
{
	atomic_fetch_sub(&fs->delayed_clusters, (s64)n);
}

u64 ext4_goal_for_inode(struct ext4_inode *inode)
{
	return ext4_group_first(ext4_inode_fs(inode), inode->group);
}

/* ---- searching one group; its lock is held ---- */

/* The run of free clusters that begins at bit, at most max. */
static u32 run_at(const void *map, u32 bits, u32 bit, u32 max)
{
	u32 end = bits - bit > max ? bit + max : bits;

	return (u32)bitmap_find_set(map, end, bit) - bit;
}

/* The first run of at least want in [from, to); longest: of those seen that were too short. */
static bool find_run(const void *map, u32 from, u32 to, u32 bits, u32 want, u32 max, u32 *start,
		     u32 *length, u32 *longest)
{
	for (u32 at = from; at < to;) {
		u32 zero = (u32)bitmap_find_zero(map, to, at);

		if (zero >= to)
			return false;
		u32 n = run_at(map, bits, zero, max);

		if (n >= want) {
			*start = zero;
			*length = n;
			return true;
		}
		*longest = max(*longest, n);
		at = zero + n + 1;
	}
	return false;
}

static bool search_group(struct ext4_group *group, const void *map, u32 bits, u32 goal_bit,
			 u32 want, u32 max, u32 *start, u32 *length)
{
	u32 longest = 0;

	if (goal_bit && goal_bit < bits && !bitmap_test(map, goal_bit)) {
		u32 n = run_at(map, bits, goal_bit, max);

		if (n >= want || n >= GOAL_WORTH) {
			*start = goal_bit;
			*length = n;
			return true;
		}
	}
	u32 from = goal_bit && goal_bit < bits ? goal_bit : group->cluster_hint;

	if (from >= bits)
		from = 0;
	if (find_run(map, from, bits, bits, want, max, start, length, &longest) ||
	    find_run(map, 0, from, bits, want, max, start, length, &longest))
		return true;
	if (longest < max)
		group->largest = min(group->largest, longest);
	return false;
}

int ext4_group_take(struct ext4_handle *handle, struct ext4_group *group, struct buffer *bitmap,
		    u32 start, u32 length)
{
	struct ext4_fs *fs = handle->fs;
	u64 block = ext4_group_first(fs, group->number) + ((u64)start << fs->cluster_bits);

	if (!ext4_blocks_valid(fs, block, (u64)length << fs->cluster_bits)) {
		group->block_bad = true;
		return ext4_error(fs, 0, block, "group %u: block bitmap shows metadata as free",
				  group->number);
	}
	int err = ext4_txn_access(handle, bitmap);
	if (!err)
		err = ext4_txn_access_group(handle, group);
	if (err)
		return err;
	bitmap_set_range(bitmap->data, start, length);
	if (group->taken)
		bitmap_set_range(group->taken, start, length);
	group->flags &= ~EXT4_BG_BLOCK_UNINIT;
	group->block_checked = true;
	group->free_clusters -= length;
	group->cluster_hint = start + length;
	ext4_txn_dirty_bitmap(handle, bitmap, EXT4_CSUM_BLOCK_BITMAP, group->number);
	ext4_txn_dirty_group(handle, group);
	atomic_fetch_sub(&handle->fs->free_clusters, (s64)length);
	return 0;
}

struct request {
	u64 goal;
	u32 want, max; /* clusters */
	u32 more;      /* behind them, for the window */
	struct ext4_window *window;
	u64 block; /* the result, with count in clusters */
	u32 count;
};

/* -ENOSPC: nothing that long here. */
static int alloc_in_group(struct ext4_handle *handle, struct ext4_group *group, u32 goal_bit,
			  struct request *request)
{
	struct ext4_fs *fs = handle->fs;
	/* A last cluster that reaches over the end of the volume is never used. */
	u32 bits = ext4_group_blocks(fs, group->number) >> fs->cluster_bits;
	u32 start = 0, length = 0, want = request->want + request->more;
	struct buffer *bitmap;
	int err;

	/* A look without the lock: what it misses, a later round finds. */
	if (group->free_clusters < want + group->busy_clusters + group->window_clusters ||
	    group->largest < want || group->block_bad)
		return -ENOSPC;
	mutex_lock(&group->lock);
	err = ext4_block_bitmap_read(fs, group, &bitmap);
	if (err)
		goto out;
	err = -ENOSPC;
	if (search_group(group, group->taken ? group->taken : bitmap->data, bits, goal_bit, want,
			 request->max + request->more, &start, &length)) {
		request->count = min(length, request->max);
		request->block =
		    ext4_group_first(fs, group->number) + ((u64)start << fs->cluster_bits);
		err = ext4_group_take(handle, group, bitmap, start, request->count);
		if (!err && length > request->count)
			ext4_window_set(fs, group, bitmap->data, start + request->count,
					length - request->count, request->window);
	}
	buffer_put(bitmap);
out:
	mutex_unlock(&group->lock);
	return err;
}

/* One round over all groups for runs of at least request->want clusters. */
static int alloc_round(struct ext4_handle *handle, struct request *request)
{
	struct ext4_fs *fs = handle->fs;
	u32 first = ext4_block_group(fs, request->goal);
	u32 goal_bit = (u32)(request->goal - ext4_group_first(fs, first)) >> fs->cluster_bits;
	int damage = 0;

	for (u32 i = 0; i < fs->group_count; i++) {
		u32 number = first + i < fs->group_count ? first + i : first + i - fs->group_count;
		int err = alloc_in_group(handle, ext4_group(fs, number), i ? 0 : goal_bit, request);

		if (err == -EUCLEAN || err == -EIO) {
			damage = err; /* other groups may still serve */
			continue;
		}
		if (err != -ENOSPC)
			return err;
		if (i % 256 == 255)
			thread_yield_point();
	}
	return damage ? damage : -ENOSPC;
}

static int alloc_rounds(struct ext4_handle *handle, struct request *request)
{
	int err = -ENOSPC;

	if (request->more) {
		request->want = request->max;
		err = alloc_round(handle, request);
	}
	request->more = 0;
	for (u32 want = request->max; want && err == -ENOSPC;
	     want = want > 4 ? want / 4 : want - 1) {
		request->want = want;
		err = alloc_round(handle, request);
	}
	return err;
}

int ext4_blocks_alloc_window(struct ext4_handle *handle, u64 goal, u32 *count, u32 more,
			     unsigned int flags, struct ext4_window *window, u64 *block)
{
	struct ext4_fs *fs = handle->fs;
	u32 ratio = 1u << fs->cluster_bits;
	u32 max = min(DIV_ROUND_UP(*count, ratio), fs->clusters_per_group);
	s64 room = atomic_load(&fs->free_clusters) - kept_back(fs, flags);
	int err = -ENOSPC;

	if (room <= 0)
		return -ENOSPC;
	if (room < max)
		max = (u32)room;
	if (goal <= fs->first_data_block || goal >= fs->blocks_count)
		goal = ext4_group_first(fs, 0);

	struct request request = {.goal = goal, .max = max, .more = more, .window = window};

	err = alloc_rounds(handle, &request);
	/* What is kept for files that may grow is for those that do. */
	if (err == -ENOSPC && ext4_windows_drop_all(fs))
		err = alloc_rounds(handle, &request);
	*block = request.block;
	*count = request.count << fs->cluster_bits;
	return err;
}

int ext4_blocks_alloc(struct ext4_handle *handle, u64 goal, u32 *count, unsigned int flags,
		      u64 *block)
{
	return ext4_blocks_alloc_window(handle, goal, count, 0, flags, NULL, block);
}

/* ---- blocks that are told ---- */

/* The group's lock is held. The next run of zeroes in map[start, end). */
static bool next_run(const void *map, u32 *start, u32 end, u32 *n)
{
	*start = (u32)bitmap_find_zero(map, end, *start);
	*n = *start < end ? (u32)bitmap_find_set(map, end, *start) - *start : 0;
	return *n;
}

static int claim_in_group(struct ext4_handle *handle, struct ext4_group *group, u32 start, u32 end)
{
	struct buffer *bitmap;
	u32 n;
	int err = ext4_block_bitmap_read(handle->fs, group, &bitmap);

	if (err)
		return err;
	for (; !err && next_run(bitmap->data, &start, end, &n); start += n)
		err = ext4_group_take(handle, group, bitmap, start, n);
	buffer_put(bitmap);
	return err;
}

static int exclude_in_group(struct ext4_handle *handle, struct ext4_group *group, u32 start,
			    u32 end)
{
	struct buffer *bitmap;
	u32 n;
	int err = ext4_block_bitmap_read(handle->fs, group, &bitmap);

	if (err)
		return err;
	for (; !err && next_run(group->taken ? group->taken : bitmap->data, &start, end, &n);
	     start += n) {
		err = ext4_txn_busy(handle, group, bitmap->data, start, n);
		if (!err)
			bitmap_set_range(group->taken, start, n);
	}
	buffer_put(bitmap);
	return err;
}

static int each_group(struct ext4_handle *handle, u64 block, u64 count,
		      int (*fn)(struct ext4_handle *, struct ext4_group *, u32, u32))
{
	struct ext4_fs *fs = handle->fs;
	int err = 0;

	while (count && !err) {
		struct ext4_group *group = ext4_group(fs, ext4_block_group(fs, block));
		u32 start = (u32)(block - ext4_group_first(fs, group->number));
		u32 n = (u32)min(count, (u64)ext4_group_blocks(fs, group->number) - start);

		mutex_lock(&group->lock);
		err = fn(handle, group, start >> fs->cluster_bits,
			 ((start + n - 1) >> fs->cluster_bits) + 1);
		mutex_unlock(&group->lock);
		block += n;
		count -= n;
	}
	return err;
}

int ext4_blocks_claim(struct ext4_handle *handle, u64 block, u64 count)
{
	return each_group(handle, block, count, claim_in_group);
}

int ext4_blocks_exclude(struct ext4_handle *handle, u64 block, u64 count)
{
	return each_group(handle, block, count, exclude_in_group);
}

/* ---- freeing ---- */

static int free_in_group(struct ext4_handle *handle, struct ext4_group *group, u32 ino, u32 start,
			 u32 length)
{
	struct ext4_fs *fs = handle->fs;
	struct buffer *bitmap;
	int err;

	mutex_lock(&group->lock);
	err = ext4_insist(ext4_block_bitmap_read(fs, group, &bitmap));
	if (err)
		goto out_unlock;
	if (!bitmap_all_set(bitmap->data, start, length)) {
		err = ext4_error(
		    fs, ino, ext4_group_first(fs, group->number) + ((u64)start << fs->cluster_bits),
		    "freeing clusters that are free, count %u", length);
		group->block_bad = true;
		goto out;
	}
	err = ext4_insist(ext4_txn_access(handle, bitmap));
	if (!err)
		err = ext4_insist(ext4_txn_access_group(handle, group));
	if (!err)
		err = ext4_insist(ext4_txn_busy(handle, group, bitmap->data, start, length));
	if (err)
		goto out;
	bitmap_clear_range(bitmap->data, start, length);
	group->freed++;
	group->free_clusters += length;
	if (group->largest < fs->clusters_per_group)
		group->largest = group->largest * 2 + length;
	ext4_txn_dirty_bitmap(handle, bitmap, EXT4_CSUM_BLOCK_BITMAP, group->number);
	ext4_txn_dirty_group(handle, group);
	atomic_fetch_add(&fs->free_clusters, (s64)length);
out:
	buffer_put(bitmap);
out_unlock:
	mutex_unlock(&group->lock);
	return err;
}

void ext4_blocks_free(struct ext4_handle *handle, u32 ino, u64 block, u64 count, bool metadata)
{
	struct ext4_fs *fs = handle->fs;

	if (!ext4_blocks_valid(fs, block, count)) {
		ext4_error(fs, ino, block, "freeing blocks of the volume's own, count %llu", count);
		return;
	}
	if (metadata)
		ext4_txn_forget(handle, block, count);
	u64 cluster = (block - fs->first_data_block) >> fs->cluster_bits;
	u64 end = ((block + count - 1 - fs->first_data_block) >> fs->cluster_bits) + 1;

	while (cluster < end) {
		u32 number = (u32)(cluster / fs->clusters_per_group);
		u32 start = (u32)(cluster % fs->clusters_per_group);
		u32 n = (u32)min(end - cluster, (u64)ext4_group_clusters(fs, number) - start);
		int err = free_in_group(handle, ext4_group(fs, number), ino, start, n);

		/* The clusters leak until e2fsck finds them; that harms nobody. */
		if (err && err != -EUCLEAN)
			ext4_error(fs, ino, block, "freeing %u clusters failed: error %d", n, -err);
		cluster += n;
	}
}
