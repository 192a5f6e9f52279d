/*
 * Extent trees: moving all extents behind a point (collapse and insert).
 *
 * Leaf after leaf, each in a pass of its own handle: from left to right when they move left, from
 * right to left otherwise, so that the keys are in order after each. A crash in between leaves a
 * good tree, with a part of the file moved.
 */
#include "ext4/extent_int.h"

/* Access to a leaf and all above it: their keys may change. */
static int access_path(struct ext4_handle *handle, struct ext4_inode *inode, struct ext4_path *path)
{
	int err = ext4_txn_dirty_inode(handle, inode);

	for (u32 i = 0; !err && i <= path->depth; i++)
		err = ext4_path_access(handle, inode, &path->level[i]);
	return err;
}

/* Entries [from, entries) of the leaf move by `by` blocks. */
static int move_entries(struct ext4_handle *handle, struct ext4_inode *inode,
			struct ext4_path *path, u32 from, s64 by)
{
	struct ext4_path_level *leaf = ext4_path_leaf(path);
	int err = access_path(handle, inode, path);

	if (err)
		return err;
	for (u32 i = from; i < leaf->entries; i++) {
		struct ext4_extent *extent = &ext4_extents(leaf)[i];

		extent->ee_block = le32_make((u32)((s64)le32_get(extent->ee_block) + by));
	}
	ext4_path_dirty(handle, inode, leaf);
	return from ? 0 : ext4_path_fix_keys(handle, inode, path, path->depth);
}

static u32 extent_end(const struct ext4_extent *extent)
{
	return le32_get(extent->ee_block) + ext4_extent_length(extent);
}

/* The leaf with the first extent at or behind *at. *at: where to go on, or U32_MAX. */
static int pass_left(struct ext4_handle *handle, struct ext4_inode *inode, u32 *at, u32 n)
{
	struct ext4_path path;
	int err = ext4_path_find(inode, *at, &path);

	if (err)
		return err;
	struct ext4_path_level *leaf = ext4_path_leaf(&path);
	u32 from = (u32)(leaf->at + 1);

	if (leaf->at >= 0 && le32_get(ext4_extents(leaf)[leaf->at].ee_block) >= *at)
		from--;
	if (from >= leaf->entries) {
		*at = ext4_path_next(&path);
		goto out;
	}
	u32 next = extent_end(&ext4_extents(leaf)[leaf->entries - 1]);

	err = move_entries(handle, inode, &path, from, -(s64)n);
	if (err)
		goto out;
	*at = next;
	if (from) { /* what came near may join */
		leaf->at = (s32)from;
		ext4_extent_merge(handle, inode, &path);
	}
out:
	ext4_path_put(&path);
	return err;
}

/* The leaf with the last extent at or before *at. *done: none is left that begins at or behind
 * `from`. */
static int pass_right(struct ext4_handle *handle, struct ext4_inode *inode, u32 from, u32 *at,
		      u32 n, bool *done)
{
	struct ext4_path path;
	u32 first = 0;
	int err = ext4_path_find(inode, *at, &path);

	if (err)
		return err;
	struct ext4_path_level *leaf = ext4_path_leaf(&path);

	if (leaf->at < 0) { /* its key is lower than its first extent */
		*done = !ext4_path_before(&path, at);
		goto out;
	}
	if (le32_get(ext4_extents(leaf)[leaf->at].ee_block) < from) {
		*done = true;
		goto out;
	}
	/* All behind it have moved already, or were there never: the leaf's others move now. */
	while (le32_get(ext4_extents(leaf)[first].ee_block) < from)
		first++;
	u32 start = le32_get(ext4_extents(leaf)[first].ee_block);

	*done = first || !start;
	err = move_entries(handle, inode, &path, first, n);
	if (!err && start)
		*at = start - 1;
out:
	ext4_path_put(&path);
	return err;
}

static int begin(struct ext4_inode *inode, struct ext4_handle *handle)
{
	int err = ext4_txn_begin(ext4_inode_fs(inode), ext4_map_credits(inode), handle);

	if (err)
		return err;
	rwsem_write_lock(&inode->map_lock);
	ext4_map_cache_clear(inode);
	return 0;
}

static void end(struct ext4_inode *inode, struct ext4_handle *handle)
{
	ext4_map_cache_clear(inode);
	rwsem_write_unlock(&inode->map_lock);
	ext4_txn_end(handle);
	thread_yield_point();
}

int ext4_map_shift_left(struct ext4_inode *inode, u32 from, u32 n)
{
	struct ext4_handle handle;
	int err = 0;

	for (u32 at = from; !err && at != U32_MAX;) {
		err = begin(inode, &handle);
		if (err)
			return err;
		err = pass_left(&handle, inode, &at, n);
		end(inode, &handle);
	}
	return err;
}

/* The block behind the last extent; nothing may move beyond what a file can have. */
static int check_room(struct ext4_inode *inode, u32 n)
{
	struct ext4_path path;
	u64 last = 0;
	int err = ext4_path_find(inode, U32_MAX - 1, &path);

	if (err)
		return err;
	struct ext4_path_level *leaf = ext4_path_leaf(&path);

	if (leaf->at >= 0)
		last = (u64)extent_end(&ext4_extents(leaf)[leaf->at]) + n;
	ext4_path_put(&path);
	return last > U32_MAX - 1 ? -EFBIG : 0;
}

int ext4_map_shift_right(struct ext4_inode *inode, u32 from, u32 n)
{
	struct ext4_handle handle;
	bool done = false;

	rwsem_read_lock(&inode->map_lock);
	int err = check_room(inode, n);
	rwsem_read_unlock(&inode->map_lock);
	for (u32 at = U32_MAX - 1; !err && !done;) {
		err = begin(inode, &handle);
		if (err)
			return err;
		/* In each pass: write-back before `from` goes on between two, and what it converts
		 * may join what is behind `from` and has not moved. */
		err = ext4_txn_dirty_inode(&handle, inode);
		if (!err)
			err = ext4_extent_split_at(&handle, inode, from);
		if (!err)
			err = pass_right(&handle, inode, from, &at, n, &done);
		end(inode, &handle);
	}
	return err;
}
