/*
 * Extent trees: adding, splitting, converting.
 *
 * A full leaf is split step by step: one pass gives room to the lowest full node whose parent has
 * room (growing the tree by a level at the root if none has), and then the path is searched anew.
 * The tree is whole after every step, so running out of space in between does no harm.
 */
#include "ext4/extent_int.h"
#include "lib/string.h"

/* ---- merging ---- */

static bool can_join(const struct ext4_extent *left, const struct ext4_extent *right)
{
	u32 n = ext4_extent_length(left);
	bool unwritten = ext4_extent_unwritten(left);

	return unwritten == ext4_extent_unwritten(right) &&
	       (u64)le32_get(left->ee_block) + n == le32_get(right->ee_block) &&
	       ext4_extent_start(left) + n == ext4_extent_start(right) &&
	       n + ext4_extent_length(right) <=
		   (unwritten ? EXT4_UNWRITTEN_LEN_MAX : EXT4_EXTENT_LEN_MAX);
}

static void set_entries(struct ext4_path_level *level, u32 n)
{
	level->entries = n;
	level->header->eh_entries = le16_make((u16)n);
}

/* Joins entry i with i + 1 if they touch. */
static bool join(struct ext4_path_level *leaf, s32 i)
{
	struct ext4_extent *extents = ext4_extents(leaf);

	if (i < 0 || i + 1 >= (s32)leaf->entries || !can_join(&extents[i], &extents[i + 1]))
		return false;
	ext4_extent_set(&extents[i], le32_get(extents[i].ee_block),
			ext4_extent_length(&extents[i]) + ext4_extent_length(&extents[i + 1]),
			ext4_extent_start(&extents[i]), ext4_extent_unwritten(&extents[i]));
	memmove(&extents[i + 1], &extents[i + 2], (leaf->entries - (u32)i - 2) * sizeof(*extents));
	set_entries(leaf, leaf->entries - 1);
	return true;
}

void ext4_extent_merge(struct ext4_handle *handle, struct ext4_inode *inode, struct ext4_path *path)
{
	struct ext4_path_level *leaf = ext4_path_leaf(path);

	join(leaf, leaf->at);
	if (join(leaf, leaf->at - 1))
		leaf->at--;
	ext4_path_dirty(handle, inode, leaf);
}

/* ---- making room ---- */

static int new_node(struct ext4_handle *handle, struct ext4_inode *inode, u64 goal, u32 depth,
		    struct buffer **out)
{
	struct ext4_fs *fs = handle->fs;
	u32 n = 1;
	u64 block;
	int err = ext4_blocks_alloc(handle, goal, &n, EXT4_ALLOC_META, &block);

	if (err)
		return err;
	err = ext4_txn_create(handle, block, out);
	if (err) {
		ext4_blocks_free(handle, ext4_ino(inode), block, 1, false);
		return err;
	}
	struct ext4_extent_header *header = (*out)->data;

	header->eh_magic = le16_make(EXT4_EXTENT_MAGIC);
	header->eh_max = le16_make((u16)ext4_extent_block_max(fs));
	header->eh_depth = le16_make((u16)depth);
	ext4_inode_add_blocks(inode, n);
	ext4_buffer_set_checked(*out, EXT4_CHECKED_EXTENT);
	ext4_txn_dirty(handle, *out, EXT4_CSUM_EXTENT, inode);
	return 0;
}

/* The root's entries move into a new block below it. */
static int grow(struct ext4_handle *handle, struct ext4_inode *inode, struct ext4_path *path)
{
	struct ext4_path_level *root = &path->level[0];
	struct buffer *buffer;

	if (path->depth == EXT4_EXTENT_DEPTH_MAX)
		return -ENOSPC;
	int err = ext4_path_access(handle, inode, root);
	if (!err)
		err = new_node(handle, inode, ext4_goal_for_inode(inode), path->depth, &buffer);
	if (err)
		return err;
	struct ext4_extent_header *header = buffer->data;
	struct le32 first = ext4_indexes(root)[0].ei_block; /* an extent's key lies there too */

	memcpy(header + 1, root->header + 1, root->entries * sizeof(struct ext4_extent));
	header->eh_entries = le16_make((u16)root->entries);
	memset(root->header + 1, 0, root->entries * sizeof(struct ext4_extent));
	ext4_index_set(&ext4_indexes(root)[0], le32_get(first), buffer->block);
	root->header->eh_depth = le16_make((u16)(path->depth + 1));
	set_entries(root, 1);
	buffer_put(buffer);
	return 0;
}

/*
 * The full node at `level` gives its upper part to a new right neighbour; its parent has room.
 * Where the new extent goes to the end, the neighbour gets as little as possible, so that files
 * that grow fill their nodes; a leaf's neighbour then even begins with the new extent alone.
 */
static int split_node(struct ext4_handle *handle, struct ext4_inode *inode, struct ext4_path *path,
		      u32 level, const struct ext4_extent *fresh, bool *inserted)
{
	struct ext4_path_level *node = &path->level[level], *parent = node - 1;
	bool leaf = level == path->depth;
	bool at_end = node->at + 1 == (s32)node->entries;
	u32 from = at_end ? node->entries - !leaf : node->entries / 2;
	struct buffer *buffer;

	int err = ext4_path_access(handle, inode, parent);
	if (!err)
		err = ext4_path_access(handle, inode, node);
	if (!err)
		err = new_node(handle, inode, node->buffer->block, path->depth - level, &buffer);
	if (err)
		return err;
	struct ext4_path_level right = {.buffer = buffer, .header = buffer->data};
	u32 n = node->entries - from, key;

	if (n) {
		memcpy(ext4_extents(&right), &ext4_extents(node)[from],
		       n * sizeof(struct ext4_extent));
		memset(&ext4_extents(node)[from], 0, n * sizeof(struct ext4_extent));
		set_entries(node, from);
		set_entries(&right, n);
		ext4_path_dirty(handle, inode, node);
	} else {
		ext4_extents(&right)[0] = *fresh;
		set_entries(&right, 1);
		*inserted = true;
	}
	key = le32_get(ext4_indexes(&right)[0].ei_block);
	struct ext4_extent_index *slot = &ext4_indexes(parent)[parent->at + 1];

	memmove(slot + 1, slot, (parent->entries - (u32)parent->at - 1) * sizeof(*slot));
	ext4_index_set(slot, key, buffer->block);
	set_entries(parent, parent->entries + 1);
	ext4_path_dirty(handle, inode, parent);
	buffer_put(buffer);
	return 0;
}

static bool is_full(const struct ext4_path_level *level)
{
	return level->entries >= le16_get(level->header->eh_max);
}

static int make_room(struct ext4_handle *handle, struct ext4_inode *inode, struct ext4_path *path,
		     const struct ext4_extent *fresh, bool *inserted)
{
	u32 level = path->depth;

	while (level && is_full(&path->level[level - 1]))
		level--;
	if (level == 0)
		return grow(handle, inode, path);
	return split_node(handle, inode, path, level, fresh, inserted);
}

/* ---- inserting ---- */

/* Joins the new extent with a neighbour in the leaf, if it can. */
static bool absorb(struct ext4_handle *handle, struct ext4_inode *inode, struct ext4_path *path,
		   const struct ext4_extent *fresh, int *err)
{
	struct ext4_path_level *leaf = ext4_path_leaf(path);
	struct ext4_extent *left = leaf->at >= 0 ? &ext4_extents(leaf)[leaf->at] : NULL;
	struct ext4_extent *right =
	    leaf->at + 1 < (s32)leaf->entries ? &ext4_extents(leaf)[leaf->at + 1] : NULL;

	if (left && can_join(left, fresh)) {
		ext4_extent_set(left, le32_get(left->ee_block),
				ext4_extent_length(left) + ext4_extent_length(fresh),
				ext4_extent_start(left), ext4_extent_unwritten(left));
		join(leaf, leaf->at);
	} else if (right && can_join(fresh, right)) {
		ext4_extent_set(right, le32_get(fresh->ee_block),
				ext4_extent_length(right) + ext4_extent_length(fresh),
				ext4_extent_start(fresh), ext4_extent_unwritten(fresh));
		if (leaf->at < 0)
			*err = ext4_path_fix_keys(handle, inode, path, path->depth);
	} else {
		return false;
	}
	ext4_path_dirty(handle, inode, leaf);
	return true;
}

static int insert_in_leaf(struct ext4_handle *handle, struct ext4_inode *inode,
			  struct ext4_path *path, const struct ext4_extent *fresh)
{
	struct ext4_path_level *leaf = ext4_path_leaf(path);
	struct ext4_extent *slot = &ext4_extents(leaf)[leaf->at + 1];

	memmove(slot + 1, slot, (leaf->entries - (u32)(leaf->at + 1)) * sizeof(*slot));
	*slot = *fresh;
	set_entries(leaf, leaf->entries + 1);
	ext4_path_dirty(handle, inode, leaf);
	return leaf->at < 0 ? ext4_path_fix_keys(handle, inode, path, path->depth) : 0;
}

/* A gap is where the new extent must lie: the tree is checked, so an overlap is damage. */
static bool overlaps(struct ext4_path *path, const struct ext4_extent *fresh)
{
	struct ext4_path_level *leaf = ext4_path_leaf(path);
	u64 first = le32_get(fresh->ee_block), end = first + ext4_extent_length(fresh);
	u32 next = ext4_path_next(path);

	if (leaf->at >= 0) {
		struct ext4_extent *left = &ext4_extents(leaf)[leaf->at];

		if ((u64)le32_get(left->ee_block) + ext4_extent_length(left) > first)
			return true;
	}
	return next < end && next != U32_MAX;
}

int ext4_extent_insert(struct ext4_handle *handle, struct ext4_inode *inode, u32 logical,
		       u32 length, u64 start, bool unwritten, bool merge)
{
	struct ext4_extent fresh;
	bool inserted = false;
	int err = 0;

	ext4_extent_set(&fresh, logical, length, start, unwritten);
	while (!inserted && !err) {
		struct ext4_path path;

		err = ext4_path_find(inode, logical, &path);
		if (err)
			return err;
		struct ext4_path_level *leaf = ext4_path_leaf(&path);

		if (overlaps(&path, &fresh)) {
			ext4_path_put(&path);
			return ext4_error(ext4_inode_fs(inode), ext4_ino(inode), start,
					  "extents overlap at block %u of the file", logical);
		}
		err = ext4_path_access(handle, inode, leaf);
		if (err) {
		} else if (merge && absorb(handle, inode, &path, &fresh, &err)) {
			inserted = true;
			if (!err)
				ext4_extent_shorten(handle, inode, &path);
		} else if (!is_full(leaf)) {
			err = insert_in_leaf(handle, inode, &path, &fresh);
			inserted = true;
		} else {
			err = make_room(handle, inode, &path, &fresh, &inserted);
		}
		ext4_path_put(&path);
	}
	return err;
}

/* ---- splitting and converting ---- */

int ext4_extent_split_at(struct ext4_handle *handle, struct ext4_inode *inode, u32 logical)
{
	struct ext4_path path;
	int err = ext4_path_find(inode, logical, &path);

	if (err)
		return err;
	struct ext4_path_level *leaf = ext4_path_leaf(&path);

	if (leaf->at < 0) {
		ext4_path_put(&path);
		return 0;
	}
	struct ext4_extent *extent = &ext4_extents(leaf)[leaf->at];
	struct ext4_extent old = *extent;
	u32 first = le32_get(old.ee_block), length = ext4_extent_length(&old);
	bool unwritten = ext4_extent_unwritten(&old);
	u32 left = logical - first;

	if (left == 0 || left >= length) {
		ext4_path_put(&path);
		return 0;
	}
	err = ext4_path_access(handle, inode, leaf);
	if (!err) {
		ext4_extent_set(extent, first, left, ext4_extent_start(&old), unwritten);
		ext4_path_dirty(handle, inode, leaf);
	}
	ext4_path_put(&path);
	if (err)
		return err;
	err = ext4_extent_insert(handle, inode, logical, length - left,
				 ext4_extent_start(&old) + left, unwritten, false);
	if (!err)
		return 0;
	/* Put it back together: access to the leaf is still there. */
	if (!ext4_path_find(inode, first, &path)) {
		leaf = ext4_path_leaf(&path);
		if (leaf->at >= 0 && !ext4_path_access(handle, inode, leaf)) {
			ext4_extents(leaf)[leaf->at] = old;
			ext4_path_dirty(handle, inode, leaf);
		}
		ext4_path_put(&path);
	}
	return err;
}

int ext4_extent_convert(struct ext4_handle *handle, struct ext4_inode *inode, u32 logical,
			u32 length, bool unwritten)
{
	struct ext4_path path;
	int err = ext4_extent_split_at(handle, inode, logical);

	if (!err && logical + length > logical)
		err = ext4_extent_split_at(handle, inode, logical + length);
	if (!err)
		err = ext4_path_find(inode, logical, &path);
	if (err)
		return err;
	struct ext4_path_level *leaf = ext4_path_leaf(&path);
	struct ext4_extent *extent = leaf->at >= 0 ? &ext4_extents(leaf)[leaf->at] : NULL;

	if (!extent || le32_get(extent->ee_block) != logical ||
	    ext4_extent_length(extent) != length)
		err = ext4_error(ext4_inode_fs(inode), ext4_ino(inode), 0,
				 "no extent to convert at block %u of the file", logical);
	else
		err = ext4_path_access(handle, inode, leaf);
	if (!err) {
		ext4_extent_set(extent, logical, length, ext4_extent_start(extent), unwritten);
		ext4_extent_merge(handle, inode, &path);
		ext4_extent_shorten(handle, inode, &path);
	}
	ext4_path_put(&path);
	return err;
}
