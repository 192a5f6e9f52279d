/* Clusters of files: cluster.h tells the theory. */
#include "ext4/cluster.h"

static u32 last_of(const struct ext4_inode *inode, u32 logical)
{
	return logical | ((1u << ext4_inode_fs(inode)->cluster_bits) - 1);
}

static u32 first_of(const struct ext4_inode *inode, u32 logical)
{
	return round_down(logical, 1u << ext4_inode_fs(inode)->cluster_bits);
}

int ext4_cluster_find(struct ext4_inode *inode, u32 logical, struct ext4_run except, u64 *cluster)
{
	u32 end = last_of(inode, logical), last;

	*cluster = 0;
	if (!ext4_uses_extents(inode)) /* contents in the inode: see inline_file.c */
		return 0;
	for (u32 at = first_of(inode, logical);; at = last + 1) {
		struct ext4_map map;
		int err = ext4_extent_map(inode, at, &map);

		if (err)
			return err;
		/* A hole's length is only a hint. */
		u64 next = max((u64)map.logical + map.length, at + 1ull);

		last = (u32)min(next - 1, (u64)end);
		if (map.physical && (at < except.first || last > except.last)) {
			*cluster = round_down(map.physical + (at - map.logical),
					      1ull << ext4_inode_fs(inode)->cluster_bits);
			return 0;
		}
		if (last == end)
			return 0;
	}
}

/* Leaves out the last cluster of a hole if its rest is mapped elsewhere. */
static int clip(struct ext4_inode *inode, u32 logical, u32 *length)
{
	u32 last = logical + (*length - 1);
	u64 there;

	if (last == last_of(inode, last) || first_of(inode, last) <= logical)
		return 0;
	int err = ext4_cluster_find(inode, last, EXT4_NO_RUN, &there);

	if (!err && there)
		*length = first_of(inode, last) - logical;
	return err;
}

int ext4_cluster_place(struct ext4_handle *handle, struct ext4_inode *inode, u32 logical,
		       u32 *length, u64 goal, unsigned int alloc_flags, u64 *block, u32 *taken)
{
	u32 ratio = 1u << handle->fs->cluster_bits, offset = logical % ratio;
	u64 there;

	if (ratio > 1) {
		int err = ext4_cluster_find(inode, logical, EXT4_NO_RUN, &there);

		if (err)
			return err;
		if (there) {
			*block = there + offset;
			*length = min(*length, ratio - offset);
			*taken = 0;
			return 0;
		}
		err = clip(inode, logical, length);
		if (err)
			return err;
	}
	*taken = *length + offset;
	goal -= min(goal, (u64)offset);
	int err = alloc_flags & EXT4_ALLOC_GROW
		      ? ext4_blocks_alloc_file(handle, inode, goal, taken, alloc_flags, block)
		      : ext4_blocks_alloc(handle, goal, taken, alloc_flags, block);

	*block += offset;
	*length = min(*length, *taken - offset);
	return err;
}

int ext4_cluster_unshared(struct ext4_inode *inode, struct ext4_run run, struct ext4_run *alone)
{
	u64 there;

	*alone = run;
	if (run.first != first_of(inode, run.first) || last_of(inode, run.first) > run.last) {
		int err = ext4_cluster_find(inode, run.first, run, &there);

		if (err)
			return err;
		if (there && last_of(inode, run.first) >= run.last)
			*alone = EXT4_NO_RUN;
		else if (there)
			alone->first = last_of(inode, run.first) + 1;
	}
	if (first_of(inode, run.last) > run.first && run.last != last_of(inode, run.last)) {
		int err = ext4_cluster_find(inode, run.last, run, &there);

		if (err)
			return err;
		if (there)
			alone->last = first_of(inode, run.last) - 1;
	}
	return 0;
}
