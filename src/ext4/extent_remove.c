/* Extent trees: freeing a range of a file's blocks, from its end to its beginning. */
#include "ext4/cluster.h"
#include "ext4/extent_int.h"
#include "lib/string.h"

/* Takes entry `at` out of a node. */
static void delete_entry(struct ext4_path_level *level)
{
	struct ext4_extent *entries = ext4_extents(level);
	u32 at = (u32)level->at;

	memmove(&entries[at], &entries[at + 1], (level->entries - at - 1) * sizeof(*entries));
	memset(&entries[level->entries - 1], 0, sizeof(*entries));
	level->entries--;
	level->header->eh_entries = le16_make((u16)level->entries);
}

/* The node at `level` is empty: frees it, and what becomes empty above it. */
static int prune(struct ext4_handle *handle, struct ext4_inode *inode, struct ext4_path *path,
		 u32 level)
{
	while (level && !path->level[level].entries) {
		struct ext4_path_level *node = &path->level[level], *parent = node - 1;
		int err = ext4_path_access(handle, inode, parent);

		if (err)
			return err;
		u64 block = node->buffer->block;

		buffer_put(node->buffer);
		node->buffer = NULL;
		ext4_blocks_free(handle, ext4_ino(inode), block, 1, true);
		ext4_inode_add_blocks(inode, -(1ll << handle->fs->cluster_bits));
		delete_entry(parent);
		ext4_path_dirty(handle, inode, parent);
		if (parent->entries && parent->at == 0) {
			err = ext4_path_fix_keys(handle, inode, path, level - 1);
			if (err)
				return err;
		}
		level--;
	}
	if (!path->level[0].entries)
		path->level[0].header->eh_depth = le16_make(0);
	return 0;
}

void ext4_extent_shorten(struct ext4_handle *handle, struct ext4_inode *inode,
			 struct ext4_path *path)
{
	struct ext4_path_level *root = &path->level[0], *child = root + 1;
	u32 n = child->entries;

	if (!path->depth || root->entries != 1 || !n || n > ext4_extent_root_max())
		return;
	u64 block = child->buffer->block;

	memcpy(root->header + 1, child->header + 1, n * sizeof(struct ext4_extent));
	root->header->eh_entries = le16_make((u16)n);
	root->header->eh_depth = le16_make((u16)(path->depth - 1));
	ext4_path_put(path);
	path->depth = 0;
	ext4_blocks_free(handle, ext4_ino(inode), block, 1, true);
	ext4_inode_add_blocks(inode, -(1ll << handle->fs->cluster_bits));
}

/* All blocks of the clusters that hold blocks first to last. */
static void forget_clusters(struct ext4_handle *handle, u64 first, u64 last)
{
	struct ext4_fs *fs = handle->fs;
	u64 base = fs->first_data_block, ratio = 1ull << fs->cluster_bits;
	u64 start = round_down(first - base, ratio) + base;
	u64 end = min(round_down(last - base, ratio) + ratio + base, fs->blocks_count);

	ext4_txn_forget(handle, start, end - start);
}

/* A run of the file, which began at block `physical`, is mapped no more; of its clusters, `alone`'s
 * have no other blocks of the file. */
static void free_run(struct ext4_handle *handle, struct ext4_inode *inode, struct ext4_run run,
		     struct ext4_run alone, u64 physical)
{
	struct ext4_fs *fs = handle->fs;
	bool metadata = ext4_holds_metadata(inode);
	u32 ratio = 1u << fs->cluster_bits, n = run.last - run.first + 1;

	if (alone.first > alone.last)
		return;
	/* Blocks of a cluster that were unmapped before it is freed are only forgotten now: nobody
	 * else has them, and their own file may map them again in the same transaction. */
	if (fs->cluster_bits && metadata && ext4_blocks_valid(fs, physical, n))
		forget_clusters(handle, physical + (alone.first - run.first),
				physical + (alone.last - run.first));
	ext4_blocks_free(handle, ext4_ino(inode), physical + (alone.first - run.first),
			 alone.last - alone.first + 1ull, metadata && !fs->cluster_bits);
	ext4_inode_add_blocks(inode, -(s64)(round_down(alone.last, ratio) + (u64)ratio -
					    round_down(alone.first, ratio)));
	ext4_promise_renew(inode, alone);
}

/*
 * Frees the part of the entry at the path's position that lies in [first, last]. What reaches over
 * one end of the range is cut, which needs no new entry; what reaches over both was split before.
 * *all: nothing is left to free of it.
 */
static int cut_extent(struct ext4_handle *handle, struct ext4_inode *inode,
		      struct ext4_path_level *leaf, u32 first, u32 last,
		      struct ext4_free_budget *budget, bool *all)
{
	struct ext4_extent *entry = &ext4_extents(leaf)[leaf->at], extent = *entry;
	u32 start = le32_get(extent.ee_block), length = ext4_extent_length(&extent);
	u32 from = max(start, first), to = min(start + (length - 1), last);
	u64 physical = ext4_extent_start(&extent);
	bool unwritten = ext4_extent_unwritten(&extent);
	u32 n = to - from + 1;
	u32 allowed = (u32)ext4_free_allowed(handle->fs, budget, physical + (to - start) + 1, n);

	*all = allowed == n;
	if (!allowed)
		return 0;
	if (!*all && to < start + (length - 1))
		to = from + allowed - 1; /* its end stays: so its beginning goes first */
	else
		from = to - (allowed - 1);
	struct ext4_run run = {from, to}, alone;
	int err = ext4_cluster_unshared(inode, run, &alone);

	if (err)
		return err;
	if (from > start) {
		ext4_extent_set(entry, start, from - start, physical, unwritten);
	} else if (to < start + (length - 1)) {
		u32 skip = to + 1 - start;

		ext4_extent_set(entry, start + skip, length - skip, physical + skip, unwritten);
	} else {
		delete_entry(leaf);
	}
	free_run(handle, inode, run, alone, physical + (from - start));
	return 0;
}

/* Works through a leaf from right to left. *last becomes where to go on; *done: nothing is left. */
static int remove_in_leaf(struct ext4_handle *handle, struct ext4_inode *inode,
			  struct ext4_path *path, u32 first, u32 *last,
			  struct ext4_free_budget *budget, bool *done, bool *again)
{
	struct ext4_path_level *leaf = ext4_path_leaf(path);
	bool first_changed = false, all = true;
	int err = ext4_path_access(handle, inode, leaf), cut_err = 0;

	/* The keys above may need correcting: access first, so that nothing fails half-way. */
	for (u32 i = path->depth; !err && i--;)
		err = ext4_path_access(handle, inode, &path->level[i]);
	if (err)
		return err;
	while (leaf->at >= 0 && !*done) {
		struct ext4_extent *extent = &ext4_extents(leaf)[leaf->at];
		u32 start = le32_get(extent->ee_block);

		if (start + (ext4_extent_length(extent) - 1) < first) {
			*done = true;
			break;
		}
		if (start <= *last) {
			cut_err = cut_extent(handle, inode, leaf, first, *last, budget, &all);
			if (cut_err)
				break;
			first_changed = first_changed || leaf->at == 0;
			if (!all) {
				*again = true;
				break;
			}
		}
		leaf->at--;
		if (start <= first)
			*done = true;
		else
			*last = start - 1;
	}
	ext4_path_dirty(handle, inode, leaf);
	if (!*done && !*again && leaf->at < 0 && !ext4_path_before(path, last))
		*done = true;
	if (!leaf->entries)
		err = prune(handle, inode, path, path->depth);
	else if (first_changed)
		err = ext4_path_fix_keys(handle, inode, path, path->depth);
	return cut_err ? cut_err : err;
}

/* Whether one extent covers the whole range and more on both sides. */
static bool covers(struct ext4_path *path, u32 first, u32 last)
{
	struct ext4_path_level *leaf = ext4_path_leaf(path);

	if (leaf->at < 0)
		return false;
	struct ext4_extent *extent = &ext4_extents(leaf)[leaf->at];
	u32 start = le32_get(extent->ee_block);

	return start < first && start + (ext4_extent_length(extent) - 1) > last;
}

/* The tree becomes as low as it can be. */
static int shorten(struct ext4_handle *handle, struct ext4_inode *inode)
{
	const struct ext4_extent_header *root = (const void *)inode->block_bytes;
	u32 before = U32_MAX;

	while (le16_get(root->eh_depth) && le16_get(root->eh_depth) < before &&
	       le16_get(root->eh_entries) == 1) {
		struct ext4_path path;

		before = le16_get(root->eh_depth);
		int err = ext4_path_find(inode, 0, &path);
		if (err)
			return err;
		ext4_extent_shorten(handle, inode, &path);
		ext4_path_put(&path);
	}
	return 0;
}

int ext4_extent_remove(struct ext4_handle *handle, struct ext4_inode *inode, u32 first, u32 last,
		       bool *again)
{
	struct ext4_free_budget budget = ext4_free_budget(inode);
	bool done = false;
	int err = ext4_txn_dirty_inode(handle, inode);

	while (!err && !done && !*again && last >= first) {
		struct ext4_path path;

		err = ext4_path_find(inode, last, &path);
		if (err)
			break;
		if (covers(&path, first, last)) {
			ext4_path_put(&path);
			err = ext4_extent_split_at(handle, inode, last + 1);
			continue;
		}
		if (ext4_path_leaf(&path)->at < 0) {
			if (!ext4_path_before(&path, &last))
				done = true;
		} else {
			err = remove_in_leaf(handle, inode, &path, first, &last, &budget, &done,
					     again);
			*again =
			    *again || (!err && !done); /* a leaf for each restart of the handle */
		}
		ext4_path_put(&path);
	}
	return err || *again ? err : shorten(handle, inode);
}
