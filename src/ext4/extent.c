/* Extent trees: checking, finding, and mapping a file's blocks. */
#include "ext4/cluster.h"
#include "ext4/extent_int.h"
#include "lib/string.h"

u32 ext4_extent_root_max(void)
{
	return (EXT4_INODE_BLOCKS * 4 - sizeof(struct ext4_extent_header)) /
	       sizeof(struct ext4_extent);
}

u32 ext4_extent_block_max(const struct ext4_fs *fs)
{
	return (fs->block_size - sizeof(struct ext4_extent_header)) / sizeof(struct ext4_extent);
}

void ext4_extent_init_root(struct ext4_inode *inode)
{
	struct ext4_extent_header *header = (void *)inode->block_bytes;

	memset(inode->block, 0, sizeof(inode->block));
	header->eh_magic = le16_make(EXT4_EXTENT_MAGIC);
	header->eh_max = le16_make((u16)ext4_extent_root_max());
	inode->flags |= EXT4_EXTENTS_FL;
}

/* ---- checking ---- */

static const char *check_leaf(const struct ext4_fs *fs, const struct ext4_extent *extents, u32 n,
			      u64 from, u64 end)
{
	u64 next = from;

	for (u32 i = 0; i < n; i++) {
		u32 logical = le32_get(extents[i].ee_block);
		u32 length = ext4_extent_length(&extents[i]);

		if (!length)
			return "an extent is empty";
		if (logical < next || (u64)logical + length > end)
			return "extents overlap or are out of order";
		if (!ext4_blocks_valid(fs, ext4_extent_start(&extents[i]), length))
			return "an extent is outside the volume or in its metadata";
		if ((logical ^ ext4_extent_start(&extents[i])) & ((1u << fs->cluster_bits) - 1))
			return "an extent has another place in its clusters than in the file's";
		next = (u64)logical + length;
	}
	return NULL;
}

static const char *check_indexes(const struct ext4_fs *fs, const struct ext4_extent_index *indexes,
				 u32 n, u64 from, u64 end)
{
	if (!n)
		return "an index is empty";
	for (u32 i = 0; i < n; i++) {
		u32 logical = le32_get(indexes[i].ei_block);

		if (logical < from || logical >= end || (i && logical == from))
			return "indexes are out of order";
		if (!ext4_blocks_valid(fs, ext4_index_block(&indexes[i]), 1))
			return "an index is outside the volume or in its metadata";
		from = logical;
	}
	return NULL;
}

/* What must hold before any entry is looked at. */
static const char *check_header(const struct ext4_extent_header *header, u32 depth, u32 max)
{
	if (le16_get(header->eh_magic) != EXT4_EXTENT_MAGIC)
		return "magic number is wrong";
	if (le16_get(header->eh_depth) != depth)
		return "depth is wrong";
	if (le16_get(header->eh_max) > max || le16_get(header->eh_max) + 2u < max)
		return "capacity is wrong";
	if (le16_get(header->eh_entries) > le16_get(header->eh_max))
		return "more entries than fit";
	return NULL;
}

/* from, end: what the parent's keys leave for this node. */
static const char *check_node(const struct ext4_fs *fs, const struct ext4_extent_header *header,
			      u32 depth, u32 max, u64 from, u64 end)
{
	const char *what = check_header(header, depth, max);
	u32 n = le16_get(header->eh_entries);

	if (what)
		return what;
	if (depth)
		return check_indexes(fs, (const void *)(header + 1), n, from, end);
	return check_leaf(fs, (const void *)(header + 1), n, from, end);
}

int ext4_extent_check_root(struct ext4_inode *inode)
{
	struct ext4_fs *fs = ext4_inode_fs(inode);
	const struct ext4_extent_header *header = (const void *)inode->block_bytes;
	u32 depth = le16_get(header->eh_depth);
	const char *what =
	    depth > EXT4_EXTENT_DEPTH_MAX
		? "tree is too deep"
		: check_node(fs, header, depth, ext4_extent_root_max(), 0, 1ull << 32);

	if (!what)
		return 0;
	return ext4_error(fs, ext4_ino(inode), 0, "extent root: %s", what);
}

static int read_node(struct ext4_inode *inode, u64 block, u32 depth, u64 from, u64 end,
		     struct buffer **out)
{
	struct ext4_fs *fs = ext4_inode_fs(inode);
	u32 max = ext4_extent_block_max(fs);
	struct buffer *buffer;
	const char *what;

	*out = NULL;
	if (!ext4_blocks_valid(fs, block, 1))
		return ext4_error(fs, ext4_ino(inode), block, "extent node is out of range");
	int err = buffer_read(fs->bdev, block, &buffer);
	if (err)
		return ext4_io_error(fs, ext4_ino(inode), block, err);
	if (ext4_buffer_checked(buffer, EXT4_CHECKED_EXTENT)) {
		what = check_header(buffer->data, depth, max);
	} else {
		what = check_node(fs, buffer->data, depth, max, from, end);
		if (!what && !depth &&
		    !le16_get(((struct ext4_extent_header *)buffer->data)->eh_entries))
			what = "a leaf is empty";
		if (!what && fs->metadata_csum) {
			const struct ext4_extent_header *header = buffer->data;
			u32 tail =
			    sizeof(*header) + le16_get(header->eh_max) * sizeof(struct ext4_extent);

			if (tail + sizeof(struct ext4_extent_tail) > fs->block_size ||
			    le32_load((u8 *)buffer->data + tail) !=
				ext4_csum_extent_block(fs, inode->csum_seed, buffer->data))
				what = "checksum is wrong";
		}
		if (!what)
			ext4_buffer_set_checked(buffer, EXT4_CHECKED_EXTENT);
	}
	if (what) {
		buffer_put(buffer);
		return ext4_error(fs, ext4_ino(inode), block, "extent node: %s", what);
	}
	*out = buffer;
	return 0;
}

/* ---- finding ---- */

static void search_level(struct ext4_path_level *level, bool leaf, u32 logical)
{
	s32 low = 0, high = (s32)level->entries; /* the first entry behind logical */

	while (low < high) {
		s32 middle = low + (high - low) / 2;
		/* extents and indexes both begin with their key */
		u32 key = leaf ? le32_get(ext4_extents(level)[middle].ee_block)
			       : le32_get(ext4_indexes(level)[middle].ei_block);

		if (key <= logical)
			low = middle + 1;
		else
			high = middle;
	}
	level->at = low - 1;
	if (!leaf && level->at < 0)
		level->at = 0;
}

int ext4_path_find(struct ext4_inode *inode, u32 logical, struct ext4_path *path)
{
	struct ext4_path_level *level = &path->level[0];
	u64 from = 0, end = 1ull << 32;

	memset(path, 0, sizeof(*path));
	level->header = (void *)inode->block_bytes;
	u32 depth = le16_get(level->header->eh_depth);

	if (depth > EXT4_EXTENT_DEPTH_MAX ||
	    check_header(level->header, depth, ext4_extent_root_max()))
		return ext4_error(ext4_inode_fs(inode), ext4_ino(inode), 0,
				  "extent root is damaged");
	path->depth = depth;
	for (u32 i = 0;; i++, level++) {
		level->entries = le16_get(level->header->eh_entries);
		search_level(level, i == depth, logical);
		if (i == depth)
			return 0;
		if (!level->entries) {
			ext4_path_put(path);
			return ext4_error(ext4_inode_fs(inode), ext4_ino(inode), 0,
					  "an index of the extent tree is empty");
		}
		struct ext4_extent_index *index = &ext4_indexes(level)[level->at];

		from = max(from, (u64)le32_get(index->ei_block));
		if ((u32)level->at + 1 < level->entries)
			end = min(end, (u64)le32_get(index[1].ei_block));
		int err = read_node(inode, ext4_index_block(index), depth - i - 1, from, end,
				    &level[1].buffer);
		if (err) {
			ext4_path_put(path);
			return err;
		}
		level[1].header = level[1].buffer->data;
	}
}

void ext4_path_put(struct ext4_path *path)
{
	for (u32 i = 1; i <= path->depth; i++) {
		buffer_put(path->level[i].buffer);
		path->level[i].buffer = NULL;
	}
}

u32 ext4_path_next(const struct ext4_path *path)
{
	for (u32 i = path->depth + 1; i--;) {
		const struct ext4_path_level *level = &path->level[i];

		if (level->at + 1 >= (s32)level->entries)
			continue;
		return i == path->depth ? le32_get(ext4_extents(level)[level->at + 1].ee_block)
					: le32_get(ext4_indexes(level)[level->at + 1].ei_block);
	}
	return U32_MAX;
}

bool ext4_path_before(const struct ext4_path *path, u32 *last)
{
	for (u32 i = path->depth; i--;) {
		const struct ext4_path_level *level = &path->level[i];

		if (level->at > 0) {
			u32 key = le32_get(ext4_indexes(level)[level->at].ei_block);

			*last = key - 1;
			return key > 0;
		}
	}
	return false;
}

/* ---- access ---- */

int ext4_path_access(struct ext4_handle *handle, struct ext4_inode *inode,
		     struct ext4_path_level *level)
{
	if (level->buffer)
		return ext4_txn_access(handle, level->buffer);
	return ext4_txn_dirty_inode(handle, inode);
}

void ext4_path_dirty(struct ext4_handle *handle, struct ext4_inode *inode,
		     struct ext4_path_level *level)
{
	/* The inode was put on the transaction's list when access was taken. */
	if (level->buffer)
		ext4_txn_dirty(handle, level->buffer, EXT4_CSUM_EXTENT, inode);
}

int ext4_path_fix_keys(struct ext4_handle *handle, struct ext4_inode *inode, struct ext4_path *path,
		       u32 level)
{
	struct ext4_path_level *node = &path->level[level];
	struct le32 key =
	    level == path->depth ? ext4_extents(node)[0].ee_block : ext4_indexes(node)[0].ei_block;

	while (level--) {
		node = &path->level[level];
		if (le32_get(ext4_indexes(node)[node->at].ei_block) == le32_get(key))
			break;
		int err = ext4_path_access(handle, inode, node);
		if (err)
			return err;
		ext4_indexes(node)[node->at].ei_block = key;
		ext4_path_dirty(handle, inode, node);
		if (node->at > 0)
			break;
	}
	return 0;
}

/* ---- mapping ---- */

int ext4_extent_map(struct ext4_inode *inode, u32 logical, struct ext4_map *map)
{
	struct ext4_path path;
	int err = ext4_path_find(inode, logical, &path);

	if (err)
		return err;
	struct ext4_path_level *leaf = ext4_path_leaf(&path);

	*map = (struct ext4_map){.logical = logical};
	if (leaf->at >= 0) {
		struct ext4_extent *extent = &ext4_extents(leaf)[leaf->at];
		u32 offset = logical - le32_get(extent->ee_block);
		u32 length = ext4_extent_length(extent);

		if (offset < length) {
			/* the whole extent: it is worth remembering */
			map->logical = le32_get(extent->ee_block);
			map->length = length;
			map->physical = ext4_extent_start(extent);
			map->unwritten = ext4_extent_unwritten(extent);
			goto out;
		}
		map->logical = le32_get(extent->ee_block) + length;
	}
	u32 next = ext4_path_next(&path);
	map->length = next > logical ? next - map->logical : 1;
out:
	ext4_path_put(&path);
	return 0;
}

/* A place near: behind the extent to the left, or before the one to the right, or in the group. */
static u64 find_goal(struct ext4_inode *inode, struct ext4_path *path, u32 logical)
{
	struct ext4_path_level *leaf = ext4_path_leaf(path);

	if (leaf->at >= 0) {
		struct ext4_extent *left = &ext4_extents(leaf)[leaf->at];
		u64 start = ext4_extent_start(left);
		u32 from = le32_get(left->ee_block);

		return start + (logical - from);
	}
	if (leaf->entries) {
		struct ext4_extent *right = &ext4_extents(leaf)[0];
		u64 start = ext4_extent_start(right);
		u32 distance = le32_get(right->ee_block) - logical;

		if (start > distance)
			return start - distance;
	}
	return ext4_goal_for_inode(inode);
}

static int allocate(struct ext4_handle *handle, struct ext4_inode *inode,
		    const struct ext4_map_request *request, u64 goal, u32 length,
		    struct ext4_map *map)
{
	u64 block;
	u32 n = min(length, request->unwritten ? EXT4_UNWRITTEN_LEN_MAX : EXT4_EXTENT_LEN_MAX);
	u32 taken, logical = request->logical;
	unsigned int flags = request->alloc_flags | (request->unwritten ? 0 : EXT4_ALLOC_GROW);
	int err = ext4_quota_limit(inode, request->alloc_flags, &n);

	if (!err)
		err = ext4_cluster_place(handle, inode, logical, &n, goal, flags, &block, &taken);
	if (err)
		return err;
	err = ext4_extent_insert(handle, inode, logical, n, block, request->unwritten, true);
	if (err) {
		if (taken)
			ext4_blocks_free(handle, ext4_ino(inode), block, n, false);
		return err;
	}
	if (taken) {
		ext4_inode_add_blocks(inode, taken);
		ext4_promise_keep(inode, (struct ext4_run){logical, logical + (n - 1)});
		if (request->alloc_flags & EXT4_ALLOC_RESERVED)
			ext4_quota_claim(inode, taken);
	}
	*map = (struct ext4_map){.logical = request->logical,
				 .length = n,
				 .physical = block,
				 .unwritten = request->unwritten,
				 .fresh = true};
	return 0;
}

int ext4_extent_create(struct ext4_handle *handle, struct ext4_inode *inode,
		       const struct ext4_map_request *request, struct ext4_map *map)
{
	int err = ext4_txn_dirty_inode(handle, inode);

	if (!err)
		err = ext4_extent_map(inode, request->logical, map);
	if (err)
		return err;
	u32 skip = request->logical - map->logical;
	u32 length = min(map->length - skip, request->length);

	map->logical = request->logical;
	map->length = length;
	if (map->physical) {
		map->physical += skip;
		if (!map->unwritten || !request->convert)
			return 0;
		err = ext4_extent_convert(handle, inode, map->logical, length, false);
		map->unwritten = err != 0;
		return err;
	}
	struct ext4_path path;

	err = ext4_path_find(inode, request->logical, &path);
	if (err)
		return err;
	u64 goal = find_goal(inode, &path, request->logical);

	ext4_path_put(&path);
	return allocate(handle, inode, request, goal, length, map);
}
