/*
 * Discarding free blocks (FITRIM).
 *
 * A block that was freed may only be discarded once that is on disk for certain: after a crash
 * before, it would still be somebody's. So all groups are marked with how often they were freed in,
 * everything is committed and written, and a group is discarded under its lock if nothing was freed
 * in it since; else it gets another chance of its own.
 */
#include "ext4/ext4_int.h"
#include "lib/bitmap.h"

#define TRIES 3

static void mark(struct ext4_group *group)
{
	mutex_lock(&group->lock);
	group->trim_mark = group->freed;
	mutex_unlock(&group->lock);
}

/* Free runs of the group inside clusters [from, to); its lock is held. */
static int discard_runs(struct ext4_fs *fs, struct ext4_group *group, u32 from, u32 to, u64 minimum,
			u64 *trimmed)
{
	u32 shift = fs->block_bits - SECTOR_SHIFT, bits = fs->cluster_bits;
	struct buffer *bitmap;
	int err = ext4_block_bitmap_read(fs, group, &bitmap);

	while (!err && from < to) {
		u32 start = (u32)bitmap_find_zero(bitmap->data, to, from);

		if (start >= to)
			break;
		u32 end = (u32)bitmap_find_set(bitmap->data, to, start);
		u64 block = ext4_group_first(fs, group->number) + ((u64)start << bits);
		u64 count = (u64)(end - start) << bits;

		from = end;
		if (end - start < minimum)
			continue;
		err = block_discard(fs->bdev, block << shift, count << shift);
		if (!err)
			*trimmed += count;
		thread_yield_point();
	}
	buffer_put(bitmap);
	return err;
}

static int trim_group(struct ext4_fs *fs, struct ext4_group *group, u32 from, u32 to, u64 minimum,
		      u64 *trimmed)
{
	for (u32 tries = 0; tries < TRIES; tries++) {
		int err = 0;

		mutex_lock(&group->lock);
		bool stable = group->freed == group->trim_mark;

		if (stable && !group->block_bad && group->free_clusters >= minimum)
			err = discard_runs(fs, group, from, to, minimum, trimmed);
		group->trim_mark = group->freed;
		mutex_unlock(&group->lock);
		if (stable)
			return err == -EUCLEAN ? 0 : err;
		err = ext4_txn_sync(fs);
		if (err)
			return err;
	}
	return 0; /* too busy: the next time */
}

int ext4_trim(struct ext4_fs *fs, u64 first, u64 last, u64 minimum, u64 *trimmed)
{
	first = max(first, (u64)fs->first_data_block);
	last = min(last, fs->blocks_count - 1);
	if (first > last)
		return 0;
	u32 from = ext4_block_group(fs, first), to = ext4_block_group(fs, last);

	for (u32 i = from; i <= to; i++)
		mark(ext4_group(fs, i));
	int err = ext4_txn_sync(fs);

	minimum = DIV_ROUND_UP(minimum, 1ull << fs->cluster_bits);
	for (u32 i = from; i <= to && !err; i++) {
		u64 start = ext4_group_first(fs, i);
		u32 begin = i == from ? (u32)(first - start) : 0;
		u32 end = i == to ? (u32)(last - start) + 1 : ext4_group_blocks(fs, i);

		/* Only clusters that lie wholly inside. */
		begin = DIV_ROUND_UP(begin, 1u << fs->cluster_bits);
		end >>= fs->cluster_bits;

		err = trim_group(fs, ext4_group(fs, i), begin, end, minimum, trimmed);
		thread_yield_point();
	}
	return err;
}
