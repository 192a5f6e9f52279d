/*
 * Indirect blocks: the map of ext2 and ext3. Twelve direct blocks in the inode, then one block of
 * block numbers, one of blocks of them, and one more level.
 */
#include "ext4/ext4_int.h"
#include "lib/string.h"

/* The way to a block: offset[0] in the inode, the others in the blocks below it. */
struct branch {
	u32 depth; /* of offset[] */
	u32 offset[4];
	u32 rest; /* blocks from here to the end of the last array */
};

static int branch_to(const struct ext4_fs *fs, u64 logical, struct branch *branch)
{
	u64 n = fs->addr_per_block;
	u32 bits = fs->addr_bits, mask = fs->addr_per_block - 1;

	*branch = (struct branch){.depth = 1};
	if (logical < EXT4_DIRECT_BLOCKS) {
		branch->offset[0] = (u32)logical;
		branch->rest = EXT4_DIRECT_BLOCKS - (u32)logical;
		return 0;
	}
	logical -= EXT4_DIRECT_BLOCKS;
	for (u32 level = 1; level <= 3; level++) {
		u64 size = level == 1 ? n : level == 2 ? n * n : n * n * n;

		if (logical < size) {
			branch->depth = level + 1;
			branch->offset[0] = EXT4_IND + level - 1;
			for (u32 i = 0; i < level; i++)
				branch->offset[level - i] = (u32)(logical >> (bits * i)) & mask;
			branch->rest = fs->addr_per_block - branch->offset[level];
			return 0;
		}
		logical -= size;
	}
	return -EFBIG;
}

static int read_array(struct ext4_inode *inode, u64 block, struct buffer **out)
{
	struct ext4_fs *fs = ext4_inode_fs(inode);

	*out = NULL;
	if (!ext4_blocks_valid(fs, block, 1))
		return ext4_error(fs, ext4_ino(inode), block, "indirect block is out of range");
	int err = buffer_read(fs->bdev, block, out);
	return err ? ext4_io_error(fs, ext4_ino(inode), block, err) : 0;
}

/* The run that begins at entry `at` of an array of `end` entries. */
static int run_of(struct ext4_inode *inode, const struct le32 *array, u32 at, u32 end, u32 max,
		  struct ext4_map *map)
{
	u32 first = le32_get(array[at]), n = 1;

	end = min(end, at + min(max, end - at));
	while (at + n < end && le32_get(array[at + n]) == (first ? first + n : 0))
		n++;
	map->physical = first;
	map->length = n;
	if (first && !ext4_blocks_valid(ext4_inode_fs(inode), first, n))
		return ext4_error(ext4_inode_fs(inode), ext4_ino(inode), first,
				  "block of the file is out of range");
	return 0;
}

/* Follows the branch as far as it exists: *missing is the level whose entry is 0 (depth: none), and
 * *array the buffer in which that entry, or the last one, lies (NULL: in the inode). */
static int follow(struct ext4_inode *inode, const struct branch *branch, u32 *missing,
		  struct buffer **array)
{
	u32 block = le32_get(inode->block[branch->offset[0]]);
	u32 level = 0;

	*array = NULL;
	while (block && level + 1 < branch->depth) {
		struct buffer *next;
		int err = read_array(inode, block, &next);

		buffer_put(*array);
		*array = next;
		if (err)
			return err;
		level++;
		block = le32_get(((struct le32 *)next->data)[branch->offset[level]]);
	}
	*missing = block ? branch->depth : level;
	return 0;
}

int ext4_indirect_map(struct ext4_inode *inode, u32 logical, u32 max, struct ext4_map *map)
{
	struct ext4_fs *fs = ext4_inode_fs(inode);
	struct branch branch;
	struct buffer *array;
	u32 missing;

	*map = (struct ext4_map){.logical = logical, .length = 1};
	if (branch_to(fs, logical, &branch)) {
		map->length = U32_MAX - logical; /* a hole for ever: no block can be there */
		return 0;
	}
	int err = follow(inode, &branch, &missing, &array);

	if (err)
		return err;
	if (missing + 1 >= branch.depth) {
		const struct le32 *entries = array ? array->data : inode->block;

		err = run_of(inode, entries, branch.offset[branch.depth - 1],
			     array ? fs->addr_per_block : EXT4_DIRECT_BLOCKS, max, map);
	} else {
		/* everything below the missing entry is a hole */
		u64 below = 1ull << (fs->addr_bits * (branch.depth - 1 - missing));
		u64 offset = 0;

		for (u32 i = missing + 1; i < branch.depth; i++)
			offset = offset << fs->addr_bits | branch.offset[i];
		map->length = (u32)min(below - offset, (u64)max);
	}
	buffer_put(array);
	return err;
}

/* ---- adding ---- */

static u64 find_goal(struct ext4_inode *inode, const struct branch *branch, struct buffer *array)
{
	const struct le32 *entries = array ? array->data : inode->block;
	u32 at = branch->offset[array ? branch->depth - 1 : 0];

	if (array || branch->depth == 1)
		for (u32 i = at; i--;)
			if (le32_get(entries[i]))
				return le32_get(entries[i]) + 1ull + (at - 1 - i);
	if (!array && at)
		for (u32 i = min(at, (u32)EXT4_DIRECT_BLOCKS); i--;)
			if (le32_get(inode->block[i]))
				return le32_get(inode->block[i]) + 1ull;
	return array ? array->block + 1 : ext4_goal_for_inode(inode);
}

/* Room for the missing arrays: blocks[i] is for level missing + 1 + i. */
static int alloc_arrays(struct ext4_handle *handle, struct ext4_inode *inode, u64 *goal, u32 n,
			struct buffer **arrays)
{
	for (u32 i = 0; i < n; i++) {
		u32 one = 1;
		u64 block;
		int err = ext4_blocks_alloc(handle, *goal, &one, EXT4_ALLOC_META, &block);

		if (!err) {
			err = ext4_txn_create(handle, block, &arrays[i]);
			if (err)
				ext4_blocks_free(handle, ext4_ino(inode), block, 1, true);
		}
		if (err) {
			while (i--) {
				block = arrays[i]->block;
				buffer_put(arrays[i]);
				ext4_blocks_free(handle, ext4_ino(inode), block, 1, true);
			}
			return err;
		}
		*goal = block + 1;
	}
	return 0;
}

static int attach(struct ext4_handle *handle, struct ext4_inode *inode,
		  const struct ext4_map_request *request, const struct branch *branch, u32 missing,
		  struct buffer *array, struct ext4_map *map)
{
	struct buffer *fresh[3] = {NULL};
	u32 count = branch->depth - 1 - missing;
	u32 n = count ? min(request->length, branch->rest) : min(request->length, map->length);
	u64 goal = find_goal(inode, branch, array), data;
	int err = array ? ext4_txn_access(handle, array) : 0;

	if (!err)
		err = ext4_quota_limit(inode, request->alloc_flags, &n);
	if (!err)
		err = alloc_arrays(handle, inode, &goal, count, fresh);
	if (err)
		return err;
	err = ext4_blocks_alloc(handle, goal, &n, request->alloc_flags, &data);
	if (!err && data + n > U32_MAX) {
		ext4_blocks_free(handle, ext4_ino(inode), data, n, false);
		err = -ENOSPC; /* only extents reach there */
	}
	if (err) {
		for (u32 i = 0; i < count; i++) {
			u64 block = fresh[i]->block;

			buffer_put(fresh[i]);
			ext4_blocks_free(handle, ext4_ino(inode), block, 1, true);
		}
		return err;
	}
	/* From the data upwards: the branch appears with the last store, in its oldest part. */
	struct buffer *last = count ? fresh[count - 1] : array;
	struct le32 *entries = last ? last->data : inode->block;

	for (u32 i = 0; i < n; i++)
		entries[branch->offset[branch->depth - 1] + i] = le32_make((u32)data + i);
	for (u32 i = count; i--;) {
		struct buffer *above = i ? fresh[i - 1] : array;
		struct le32 *slot = above ? above->data : inode->block;

		slot[branch->offset[missing + i]] = le32_make((u32)fresh[i]->block);
		ext4_txn_dirty(handle, fresh[i], EXT4_CSUM_NONE, NULL);
		buffer_put(fresh[i]);
	}
	if (array)
		ext4_txn_dirty(handle, array, EXT4_CSUM_NONE, NULL);
	ext4_inode_add_blocks(inode, (s64)n + count);
	if (request->alloc_flags & EXT4_ALLOC_RESERVED)
		ext4_quota_claim(inode, n);
	*map = (struct ext4_map){
	    .logical = request->logical, .length = n, .physical = data, .fresh = true};
	return 0;
}

int ext4_indirect_create(struct ext4_handle *handle, struct ext4_inode *inode,
			 const struct ext4_map_request *request, struct ext4_map *map)
{
	struct branch branch;
	struct buffer *array = NULL;
	u32 missing;
	int err = request->unwritten ? -EOPNOTSUPP : ext4_txn_dirty_inode(handle, inode);

	if (!err)
		err = branch_to(handle->fs, request->logical, &branch);
	if (!err)
		err = ext4_indirect_map(inode, request->logical, request->length, map);
	if (err || map->physical)
		return err;
	err = follow(inode, &branch, &missing, &array);
	if (!err)
		err = attach(handle, inode, request, &branch, missing, array, map);
	buffer_put(array);
	return err;
}

/* ---- removing ---- */

#define INDIRECT_ARRAYS 8u

struct removal {
	struct ext4_handle *handle;
	struct ext4_inode *inode;
	u64 first, last;
	u32 budget; /* arrays that may still be changed before a commit may pass */
	struct ext4_free_budget groups;
	bool again;
};

/* Frees entries [from, to] of an array of data blocks. */
static void free_entries(struct removal *removal, struct le32 *entries, u32 from, u32 to)
{
	struct ext4_inode *inode = removal->inode;

	for (u32 at = from; at <= to;) {
		u32 block = le32_get(entries[at]), n = 1;

		if (!block) {
			at++;
			continue;
		}
		while (at + n <= to && le32_get(entries[at + n]) == block + n)
			n++;
		/* Damage is ext4_blocks_free()'s to report. */
		if (ext4_blocks_valid(removal->handle->fs, block, n)) {
			u32 allowed = (u32)ext4_free_allowed(removal->handle->fs, &removal->groups,
							     block + (u64)n, n);

			at += n - allowed;
			block += n - allowed;
			removal->again = removal->again || allowed < n;
			n = allowed;
			if (!n)
				continue;
		}
		memset(&entries[at], 0, n * sizeof(*entries));
		ext4_blocks_free(removal->handle, ext4_ino(inode), block, n,
				 ext4_holds_metadata(inode));
		ext4_inode_add_blocks(inode, -(s64)n);
		at += n;
	}
}

/*
 * Frees what the range covers below the array `block`, whose entries are `level` levels above data
 * and whose first stands for file block `base`. *empty: nothing is left in it.
 */
static int remove_below(struct removal *removal, u32 block, u32 level, u64 base, bool *empty)
{
	struct ext4_fs *fs = removal->handle->fs;
	u32 shift = fs->addr_bits * (level - 1), n = fs->addr_per_block;
	u64 end = base + ((u64)n << shift) - 1;
	struct buffer *array;
	int err;

	*empty = false;
	if (removal->last < base || removal->first > end)
		return 0;
	if (!removal->budget) {
		removal->again = true;
		return 0;
	}
	removal->budget--;
	err = read_array(removal->inode, block, &array);
	if (err)
		return err;
	err = ext4_txn_access(removal->handle, array);
	if (err)
		goto out;
	struct le32 *entries = array->data;
	u32 from = (u32)((max(removal->first, base) - base) >> shift);
	u32 to = (u32)((min(removal->last, end) - base) >> shift);

	if (level == 1) {
		free_entries(removal, entries, from, to);
	} else {
		for (u32 at = from; at <= to && !err && !removal->again; at++) {
			u32 child = le32_get(entries[at]);
			bool child_empty = false;

			if (!child)
				continue;
			err = remove_below(removal, child, level - 1, base + ((u64)at << shift),
					   &child_empty);
			if (err || !child_empty)
				continue;
			entries[at] = le32_make(0);
			ext4_blocks_free(removal->handle, ext4_ino(removal->inode), child, 1, true);
			ext4_inode_add_blocks(removal->inode, -1);
		}
	}
	*empty = mem_is_zero(entries, fs->block_size);
	ext4_txn_dirty(removal->handle, array, EXT4_CSUM_NONE, NULL);
out:
	buffer_put(array);
	return err;
}

int ext4_indirect_remove(struct ext4_handle *handle, struct ext4_inode *inode, u32 first, u32 last,
			 bool *again)
{
	struct ext4_fs *fs = handle->fs;
	struct removal removal = {.handle = handle,
				  .inode = inode,
				  .first = first,
				  .last = last,
				  .budget = INDIRECT_ARRAYS,
				  .groups = ext4_free_budget(inode)};
	u64 base = EXT4_DIRECT_BLOCKS;
	int err = ext4_txn_dirty_inode(handle, inode);

	if (err)
		return err;
	if (first < EXT4_DIRECT_BLOCKS)
		free_entries(&removal, inode->block, first, min(last, EXT4_DIRECT_BLOCKS - 1));
	for (u32 level = 1; level <= 3 && !err && !removal.again; level++) {
		struct le32 *slot = &inode->block[EXT4_IND + level - 1];
		u32 block = le32_get(*slot);
		bool empty = false;

		if (block)
			err = remove_below(&removal, block, level, base, &empty);
		if (empty) {
			*slot = le32_make(0);
			ext4_blocks_free(handle, ext4_ino(inode), block, 1, true);
			ext4_inode_add_blocks(inode, -1);
		}
		base += 1ull << (fs->addr_bits * level);
	}
	*again = removal.again;
	return err;
}
