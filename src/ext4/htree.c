/*
 * Directory indexes: a tree of hashes over the leaf blocks.
 *
 * The root lies in block 0, behind "." and ".."; nodes have a block each. An entry (hash, block)
 * says that names with that hash or a greater one, below the next entry's, are in that block. Where
 * names with equal hashes had to be split over two leaves, the second leaf's entry has its lowest
 * bit set, and a search goes on there.
 *
 * Inserting into a full leaf splits it; into a full node, splits that, or adds a level below the
 * root. One split is done at a time and the search begins anew: the tree is right after each.
 */
#include "ext4/htree_int.h"
#include "lib/sort.h"
#include "lib/string.h"

#define LEVELS_MAX EXT4_DX_LEVELS_MAX

static struct ext4_dx_countlimit *count_limit(struct ext4_dx_entry *entries)
{
	return (struct ext4_dx_countlimit *)entries;
}

static void set_count(struct ext4_dx_frame *frame, u32 count)
{
	frame->count = count;
	count_limit(frame->entries)->count = le16_make((u16)count);
}

static u32 entry_block(const struct ext4_dx_entry *entry)
{
	return le32_get(entry->block) & 0x0fffffff;
}

static u32 limit_of(const struct ext4_fs *fs, bool root)
{
	u32 used = root ? EXT4_DX_ROOT_INFO_OFFSET + (u32)sizeof(struct ext4_dx_root_info)
			: EXT4_DX_NODE_OFFSET;
	u32 tail = fs->metadata_csum ? (u32)sizeof(struct ext4_dx_tail) : 0;

	return (fs->block_size - used - tail) / (u32)sizeof(struct ext4_dx_entry);
}

static u32 levels_max(const struct ext4_fs *fs)
{
	return (fs->incompat & EXT4_INCOMPAT_LARGEDIR) ? 3 : 2;
}

void ext4_dx_path_put(struct ext4_dx_path *path)
{
	for (u32 i = 0; i < path->levels; i++)
		buffer_put(path->frame[i].buffer);
	path->levels = 0;
}

/* ---- searching ---- */

static int damaged(struct ext4_inode *dir, const struct buffer *buffer, const char *what)
{
	return ext4_error(ext4_inode_fs(dir), ext4_ino(dir), buffer ? buffer->block : 0,
			  "directory index: %s", what);
}

/* Opens the frame of a block of the index that was read; its counts are checked here again. */
static int open_frame(struct ext4_inode *dir, struct ext4_dx_path *path, struct buffer *buffer)
{
	struct ext4_fs *fs = ext4_inode_fs(dir);
	struct ext4_dx_frame *frame = &path->frame[path->levels];
	bool root = path->levels == 0;

	frame->buffer = buffer;
	path->levels++;
	frame->entries = (void *)((u8 *)buffer->data + (root ? EXT4_DX_ROOT_INFO_OFFSET +
								   sizeof(struct ext4_dx_root_info)
							     : EXT4_DX_NODE_OFFSET));
	frame->count = le16_get(count_limit(frame->entries)->count);
	frame->limit = le16_get(count_limit(frame->entries)->limit);
	if (frame->limit != limit_of(fs, root) || !frame->count || frame->count > frame->limit)
		return damaged(dir, buffer, "counts are wrong");
	u32 low = 1, high = frame->count; /* the first entry behind hash */

	while (low < high) {
		u32 middle = low + (high - low) / 2;

		if (le32_get(frame->entries[middle].hash) <= path->hash)
			low = middle + 1;
		else
			high = middle;
	}
	frame->at = low - 1;
	return 0;
}

static int read_node(struct ext4_inode *dir, u32 logical, struct buffer **out)
{
	if (!logical || logical >= ext4_dir_blocks(dir))
		return damaged(dir, NULL, "a block number is out of range");
	return ext4_dir_node_read(dir, logical, out);
}

/* Block 0 of an indexed directory, and which hash its index goes by. -ENOTDIR: one that is not
 * known. */
static int read_root(struct ext4_inode *dir, struct buffer **buffer, struct ext4_dx_root_info *info)
{
	struct ext4_fs *fs = ext4_inode_fs(dir);
	int err = ext4_dir_block_read(dir, 0, buffer);

	if (err)
		return err;
	memcpy(info, (u8 *)(*buffer)->data + EXT4_DX_ROOT_INFO_OFFSET, sizeof(*info));
	if (info->hash_version <= EXT4_HASH_TEA)
		info->hash_version += fs->hash_unsigned;
	if (!(info->unused_flags & 1) && info->indirect_levels < levels_max(fs) &&
	    info->hash_version <= EXT4_HASH_TEA_UNSIGNED)
		return 0;
	buffer_put(*buffer);
	*buffer = NULL;
	return -ENOTDIR;
}

/* Goes down from the root that was read (and is consumed) to the leaf for path->hash. */
static int descend(struct ext4_inode *dir, struct buffer *buffer, u32 indirect_levels,
		   struct ext4_dx_path *path)
{
	int err = open_frame(dir, path, buffer);

	for (u32 i = 0; !err && i < indirect_levels; i++) {
		struct ext4_dx_frame *frame = &path->frame[i];

		err = read_node(dir, entry_block(&frame->entries[frame->at]), &buffer);
		if (!err)
			err = open_frame(dir, path, buffer);
	}
	if (!err) {
		struct ext4_dx_frame *last = &path->frame[path->levels - 1];

		path->leaf = entry_block(&last->entries[last->at]);
		if (!path->leaf || path->leaf >= ext4_dir_blocks(dir))
			err = damaged(dir, last->buffer, "a leaf's number is out of range");
	}
	if (err)
		ext4_dx_path_put(path);
	return err;
}

int ext4_dx_probe(struct ext4_inode *dir, const struct qstr *name, u32 hash,
		  struct ext4_dx_path *path)
{
	struct ext4_fs *fs = ext4_inode_fs(dir);
	struct ext4_dx_root_info info;
	struct buffer *buffer;
	int err = read_root(dir, &buffer, &info);

	memset(path, 0, sizeof(*path));
	if (err)
		return err;
	path->version = info.hash_version;
	path->hash = hash;
	if (name)
		err = ext4_name_hash(path->version, fs->hash_seed, name->name, name->length,
				     &path->hash, NULL);
	if (err) {
		buffer_put(buffer);
		return err;
	}
	return descend(dir, buffer, info.indirect_levels, path);
}

int ext4_dx_leaf_read(struct ext4_inode *dir, u32 logical, struct buffer **out)
{
	int err = ext4_dir_block_read(dir, logical, out);

	if (err)
		return err;
	if (logical &&
	    ext4_dir_block_end(dir, logical, (*out)->data) == ext4_dir_space(ext4_inode_fs(dir)))
		return 0;
	err = damaged(dir, *out, "a node where a leaf should be");
	buffer_put(*out);
	*out = NULL;
	return err;
}

bool ext4_dx_next_key(const struct ext4_dx_path *path, u32 *key)
{
	for (u32 level = path->levels; level--;) {
		const struct ext4_dx_frame *frame = &path->frame[level];

		if (frame->at + 1 < frame->count) {
			*key = le32_get(frame->entries[frame->at + 1].hash);
			return true;
		}
	}
	return false;
}

int ext4_dx_next(struct ext4_inode *dir, struct ext4_dx_path *path)
{
	u32 level = path->levels - 1;

	while (path->frame[level].at + 1 >= path->frame[level].count)
		if (level-- == 0)
			return damaged(dir, path->frame[0].buffer, "there is no next leaf");
	struct ext4_dx_frame *frame = &path->frame[level];

	frame->at++;
	while (level + 1 < path->levels) {
		struct buffer *buffer;
		int err = read_node(dir, entry_block(&frame->entries[frame->at]), &buffer);

		if (err)
			return err;
		level++;
		frame++;
		buffer_put(frame->buffer);
		u32 levels = path->levels;

		path->levels = level;
		err = open_frame(dir, path, buffer);
		path->levels = levels;
		frame->at = 0;
		if (err)
			return err;
	}
	path->leaf = entry_block(&frame->entries[frame->at]);
	if (!path->leaf || path->leaf >= ext4_dir_blocks(dir))
		return damaged(dir, frame->buffer, "a leaf's number is out of range");
	return 0;
}

/* Moves on to the next leaf if names with our hash may continue there. */
static int next_leaf(struct ext4_inode *dir, struct ext4_dx_path *path, bool *more)
{
	u32 key;

	*more = ext4_dx_next_key(path, &key) && (key & 1) && (key & ~1u) == path->hash;
	return *more ? ext4_dx_next(dir, path) : 0;
}

int ext4_htree_find(struct ext4_inode *dir, const struct qstr *name, struct ext4_dir_slot *slot)
{
	struct ext4_dx_path path;
	bool more = true;
	int err = ext4_dx_probe(dir, name, 0, &path);

	if (err)
		return err;
	while (more) {
		struct buffer *buffer;

		err = ext4_dx_leaf_read(dir, path.leaf, &buffer);
		if (err)
			break;
		err = ext4_block_find(dir, buffer, name, &slot->entry);
		if (!err && slot->entry) {
			slot->buffer = buffer;
			slot->logical = path.leaf;
			break;
		}
		buffer_put(buffer);
		if (!err)
			err = next_leaf(dir, &path, &more);
		if (err)
			break;
	}
	ext4_dx_path_put(&path);
	return err;
}

/* ---- splitting ---- */

/* Behind entry `at` of a frame with room. */
static void insert_entry(struct ext4_handle *handle, struct ext4_inode *dir,
			 struct ext4_dx_frame *frame, u32 hash, u32 block)
{
	struct ext4_dx_entry *slot = &frame->entries[frame->at + 1];

	memmove(slot + 1, slot, (frame->count - frame->at - 1) * sizeof(*slot));
	slot->hash = le32_make(hash);
	slot->block = le32_make(block);
	set_count(frame, frame->count + 1);
	ext4_txn_dirty(handle, frame->buffer, EXT4_CSUM_DX, dir);
}

/* A new block at the end of the directory that becomes a node of the index. */
static int new_node(struct ext4_handle *handle, struct ext4_inode *dir, u32 *logical,
		    struct ext4_dx_frame *frame)
{
	struct ext4_fs *fs = handle->fs;
	int err = ext4_dir_append(handle, dir, logical, &frame->buffer);

	if (err)
		return err;
	struct ext4_dirent *cover = frame->buffer->data;

	memset(frame->buffer->data, 0, fs->block_size);
	cover->rec_len = le16_make((u16)fs->block_size);
	frame->entries = (void *)((u8 *)frame->buffer->data + EXT4_DX_NODE_OFFSET);
	frame->limit = limit_of(fs, false);
	count_limit(frame->entries)->limit = le16_make((u16)frame->limit);
	ext4_buffer_unchecked(frame->buffer);
	ext4_buffer_set_checked(frame->buffer, EXT4_CHECKED_DX);
	ext4_txn_dirty(handle, frame->buffer, EXT4_CSUM_DX, dir);
	return 0;
}

/* The root's entries move into a new node below it. */
static int add_level(struct ext4_handle *handle, struct ext4_inode *dir, struct ext4_dx_path *path)
{
	struct ext4_dx_frame *root = &path->frame[0], node = {NULL};
	u32 logical;

	if (path->levels >= levels_max(handle->fs))
		return -ENOSPC;
	int err = ext4_txn_access(handle, root->buffer);
	if (!err)
		err = new_node(handle, dir, &logical, &node);
	if (err)
		return err;
	memcpy(node.entries + 1, root->entries + 1, (root->count - 1) * sizeof(*node.entries));
	node.entries[0].block = root->entries[0].block;
	set_count(&node, root->count);
	memset(root->entries + 1, 0, (root->count - 1) * sizeof(*root->entries));
	root->entries[0].block = le32_make(logical);
	set_count(root, 1);
	struct ext4_dx_root_info *info =
	    (void *)((u8 *)root->buffer->data + EXT4_DX_ROOT_INFO_OFFSET);

	info->indirect_levels++;
	ext4_txn_dirty(handle, root->buffer, EXT4_CSUM_DX, dir);
	buffer_put(node.buffer);
	return 0;
}

/* The full node at `level` gives its upper half to a new neighbour; its parent has room. */
static int split_node(struct ext4_handle *handle, struct ext4_inode *dir, struct ext4_dx_path *path,
		      u32 level)
{
	struct ext4_dx_frame *node = &path->frame[level], *parent = node - 1, right = {NULL};
	u32 keep = node->count / 2, move = node->count - keep, logical;
	int err = ext4_txn_access(handle, parent->buffer);

	if (!err)
		err = ext4_txn_access(handle, node->buffer);
	if (!err)
		err = new_node(handle, dir, &logical, &right);
	if (err)
		return err;
	u32 hash = le32_get(node->entries[keep].hash);

	memcpy(right.entries + 1, &node->entries[keep + 1], (move - 1) * sizeof(*right.entries));
	right.entries[0].block = node->entries[keep].block;
	set_count(&right, move);
	memset(&node->entries[keep], 0, move * sizeof(*node->entries));
	set_count(node, keep);
	ext4_txn_dirty(handle, node->buffer, EXT4_CSUM_DX, dir);
	insert_entry(handle, dir, parent, hash, logical);
	buffer_put(right.buffer);
	return 0;
}

/* Gives room to the lowest full node whose parent has room. */
static int make_room(struct ext4_handle *handle, struct ext4_inode *dir, struct ext4_dx_path *path)
{
	u32 level = path->levels - 1;

	while (level && path->frame[level - 1].count == path->frame[level - 1].limit)
		level--;
	return level ? split_node(handle, dir, path, level) : add_level(handle, dir, path);
}

/* ---- leaves ---- */

struct leaf_item {
	u32 hash;
	u16 offset, size;
};

static int item_compare(const void *a, const void *b)
{
	const struct leaf_item *x = a, *y = b;

	return x->hash < y->hash ? -1 : x->hash > y->hash;
}

static int collect_items(struct ext4_inode *dir, const struct buffer *leaf, u8 version,
			 struct leaf_item *items, u32 *count)
{
	struct ext4_fs *fs = ext4_inode_fs(dir);
	u32 end = ext4_dir_space(fs), n = 0;

	for (u32 at = 0; at < end;) {
		const struct ext4_dirent *entry = (const void *)((const u8 *)leaf->data + at);

		if (!ext4_dirent_valid(fs, leaf->data, at, end))
			return ext4_dirent_damaged(dir, leaf->block, at);
		if (le32_get(entry->inode)) {
			items[n].offset = (u16)at;
			items[n].size = (u16)EXT4_DIRENT_SIZE(entry->name_len);
			if (ext4_name_hash(version, fs->hash_seed, entry->name, entry->name_len,
					   &items[n].hash, NULL))
				return -EINVAL;
			n++;
		}
		at += ext4_rec_len(entry);
	}
	*count = n;
	sort(items, n, sizeof(*items), item_compare);
	return 0;
}

/* Packs the items' entries, which lie in `from`, into an empty leaf. */
static void pack(const struct ext4_fs *fs, void *to, const void *from,
		 const struct leaf_item *items, u32 n)
{
	u32 at = 0, end = ext4_dir_space(fs);
	struct ext4_dirent *last = to;

	ext4_dir_block_init(fs, to);
	for (u32 i = 0; i < n; i++) {
		last = (void *)((u8 *)to + at);
		memcpy(last, (const u8 *)from + items[i].offset, items[i].size);
		last->rec_len = le16_make(items[i].size);
		at += items[i].size;
	}
	if (n)
		last->rec_len = le16_make((u16)(end - (at - items[n - 1].size)));
}

/* Where to cut sorted items so that both halves are about equally long: 1 .. n - 1. */
static u32 find_cut(const struct ext4_fs *fs, const struct leaf_item *items, u32 n)
{
	u32 size = 0, cut = n;

	while (cut > 1 && size + items[cut - 1].size / 2 <= fs->block_size / 2) {
		cut--;
		size += items[cut].size;
	}
	return clamp(cut, 1u, n - 1);
}

static int split_leaf_with(struct ext4_handle *handle, struct ext4_inode *dir,
			   struct ext4_dx_path *path, struct buffer *leaf, struct leaf_item *items,
			   void *copy)
{
	struct ext4_fs *fs = handle->fs;
	struct ext4_dx_frame *frame = &path->frame[path->levels - 1];
	struct buffer *fresh;
	u32 n = 0, logical;
	int err = collect_items(dir, leaf, path->version, items, &n);

	if (!err && n < 2)
		err = damaged(dir, leaf, "a full leaf has no entries");
	if (!err)
		err = ext4_txn_access(handle, leaf);
	if (!err)
		err = ext4_txn_access(handle, frame->buffer);
	if (!err)
		err = ext4_dir_append(handle, dir, &logical, &fresh);
	if (err)
		return err;
	u32 cut = find_cut(fs, items, n);
	u32 hash = items[cut].hash | (items[cut].hash == items[cut - 1].hash);

	memcpy(copy, leaf->data, fs->block_size);
	pack(fs, fresh->data, copy, items + cut, n - cut);
	pack(fs, leaf->data, copy, items, cut);
	ext4_txn_dirty(handle, fresh, EXT4_CSUM_DIR, dir);
	ext4_txn_dirty(handle, leaf, EXT4_CSUM_DIR, dir);
	insert_entry(handle, dir, frame, hash, logical);
	buffer_put(fresh);
	return 0;
}

static int split_leaf(struct ext4_handle *handle, struct ext4_inode *dir, struct ext4_dx_path *path,
		      struct buffer *leaf)
{
	struct ext4_fs *fs = handle->fs;
	struct leaf_item *items =
	    kmalloc(fs->block_size / EXT4_DIRENT_SIZE(1) * sizeof(*items), MM_NOFS);
	void *copy = kmalloc(fs->block_size, MM_NOFS);
	int err = items && copy ? split_leaf_with(handle, dir, path, leaf, items, copy) : -ENOMEM;

	kfree(items);
	kfree(copy);
	return err;
}

/* One attempt. -EAGAIN: something was split, search anew. */
static int try_insert(struct ext4_handle *handle, struct ext4_inode *dir, const struct qstr *name,
		      u32 ino, u8 type)
{
	struct ext4_dx_path path;
	struct buffer *leaf;
	int err = ext4_dx_probe(dir, name, 0, &path);

	if (err)
		return err;
	err = ext4_dx_leaf_read(dir, path.leaf, &leaf);
	if (err)
		goto out;
	err = ext4_block_insert(handle, dir, leaf, name, ino, type);
	if (err == -ENOSPC) {
		struct ext4_dx_frame *last = &path.frame[path.levels - 1];

		err = last->count == last->limit ? make_room(handle, dir, &path)
						 : split_leaf(handle, dir, &path, leaf);
		if (!err)
			err = -EAGAIN;
	}
	buffer_put(leaf);
out:
	ext4_dx_path_put(&path);
	return err;
}

int ext4_htree_insert(struct ext4_handle *handle, struct ext4_inode *dir, const struct qstr *name,
		      u32 ino, u8 type)
{
	int err = -EAGAIN;

	/* At most: a split on each level, a new level, and two splits of the leaf. */
	for (u32 tries = 0; err == -EAGAIN && tries < 2 * LEVELS_MAX + 4; tries++)
		err = try_insert(handle, dir, name, ino, type);
	return err == -EAGAIN ? damaged(dir, NULL, "splitting gives no room") : err;
}

/* ---- the first index ---- */

int ext4_htree_make(struct ext4_handle *handle, struct ext4_inode *dir, const struct qstr *name,
		    u32 ino, u8 type)
{
	struct ext4_fs *fs = handle->fs;
	u32 space = ext4_dir_space(fs), logical;
	struct buffer *root, *leaf;
	int err = ext4_dir_block_read(dir, 0, &root);

	if (err)
		return err;
	struct ext4_dirent *dot = root->data, *dotdot = (void *)((u8 *)root->data + 12);

	if (ext4_rec_len(dot) != 12 || dotdot->name_len != 2 || !le32_get(dotdot->inode) ||
	    dotdot->name[0] != '.' || dotdot->name[1] != '.') {
		err = damaged(dir, root, "the directory does not begin with dots");
		goto out;
	}
	u32 from = 12 + ext4_rec_len(dotdot);

	err = ext4_txn_access(handle, root);
	if (!err)
		err = ext4_dir_append(handle, dir, &logical, &leaf);
	if (err)
		goto out;
	if (from < space) {
		struct ext4_dirent *entry = leaf->data;
		u32 at = 0, length = space - from;

		memcpy(leaf->data, (u8 *)root->data + from, length);
		while (at + ext4_rec_len(entry) < length) { /* the block was checked */
			at += ext4_rec_len(entry);
			entry = (void *)((u8 *)leaf->data + at);
		}
		entry->rec_len = le16_make((u16)(space - at));
	}
	ext4_txn_dirty(handle, leaf, EXT4_CSUM_DIR, dir);
	buffer_put(leaf);

	memset((u8 *)root->data + EXT4_DX_ROOT_INFO_OFFSET, 0,
	       fs->block_size - EXT4_DX_ROOT_INFO_OFFSET);
	dotdot->rec_len = le16_make((u16)(fs->block_size - 12));
	struct ext4_dx_root_info *info = (void *)((u8 *)root->data + EXT4_DX_ROOT_INFO_OFFSET);
	struct ext4_dx_entry *entries = (void *)(info + 1);

	info->hash_version = fs->default_hash;
	info->info_length = sizeof(*info);
	count_limit(entries)->limit = le16_make((u16)limit_of(fs, true));
	count_limit(entries)->count = le16_make(1);
	entries[0].block = le32_make(logical);
	dir->flags |= EXT4_INDEX_FL;
	ext4_buffer_unchecked(root);
	ext4_buffer_set_checked(root, EXT4_CHECKED_DX);
	ext4_txn_dirty(handle, root, EXT4_CSUM_DX, dir);
	err = ext4_htree_insert(handle, dir, name, ino, type);
out:
	buffer_put(root);
	return err;
}
