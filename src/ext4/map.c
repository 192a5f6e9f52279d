/*
 * A file's map, whichever form it has on disk: one interface over extents and indirect blocks, with
 * a small cache of the mappings seen last. Any change of the map empties the cache.
 */
#include "ext4/extent_int.h"

/* ---- the cache ---- */

void ext4_map_cache_clear(struct ext4_inode *inode)
{
	spin_lock(&inode->cache_lock);
	for (u32 i = 0; i < EXT4_MAP_CACHE; i++)
		inode->cache[i].length = 0;
	inode->cache_version++;
	spin_unlock(&inode->cache_lock);
}

static bool cache_find(struct ext4_inode *inode, u32 logical, struct ext4_map *map, u32 *version)
{
	bool found = false;

	spin_lock(&inode->cache_lock);
	*version = inode->cache_version;
	for (u32 i = 0; i < EXT4_MAP_CACHE && !found; i++) {
		const struct ext4_map *entry = &inode->cache[i];

		if (entry->length && logical >= entry->logical &&
		    logical - entry->logical < entry->length) {
			*map = *entry;
			found = true;
		}
	}
	spin_unlock(&inode->cache_lock);
	return found;
}

static void cache_add(struct ext4_inode *inode, const struct ext4_map *map, u32 version)
{
	spin_lock(&inode->cache_lock);
	if (inode->cache_version == version) {
		inode->cache[inode->cache_next] = *map;
		inode->cache[inode->cache_next].fresh = false;
		inode->cache_next = (inode->cache_next + 1) % EXT4_MAP_CACHE;
	}
	spin_unlock(&inode->cache_lock);
}

/* The part of a run that begins at logical, at most max blocks. */
static void narrow(struct ext4_map *map, u32 logical, u32 max)
{
	u32 skip = logical - map->logical;

	map->logical = logical;
	map->length = min(map->length - skip, max);
	if (map->physical)
		map->physical += skip;
}

/* ---- finding ---- */

int ext4_map_find(struct ext4_inode *inode, u32 logical, u32 max, struct ext4_map *map)
{
	u32 version;
	int err = 0;

	if (cache_find(inode, logical, map, &version)) {
		narrow(map, logical, max);
		return 0;
	}
	rwsem_read_lock(&inode->map_lock);
	if (ext4_is_inline(inode))
		*map = (struct ext4_map){.logical = logical, .length = U32_MAX - logical};
	else if (ext4_uses_extents(inode))
		err = ext4_extent_map(inode, logical, map);
	else
		err = ext4_indirect_map(inode, logical, U32_MAX - logical, map);
	if (!err && !ext4_is_inline(inode))
		cache_add(inode, map, version);
	rwsem_read_unlock(&inode->map_lock);
	if (!err)
		narrow(map, logical, max);
	return err;
}

/* ---- changing ---- */

/* Levels below the root, with one that others may add before the handle is used. */
static u32 depth_of(const struct ext4_inode *inode)
{
	const struct ext4_extent_header *header = (const void *)inode->block_bytes;

	if (!ext4_uses_extents(inode))
		return 3;
	return min(le16_get(header->eh_depth) + 1u, (u32)EXT4_EXTENT_DEPTH_MAX);
}

u32 ext4_map_credits(const struct ext4_inode *inode)
{
	u32 depth = depth_of(inode);

	/* The path; each level may split twice (block, bitmap, descriptor), for the ends of what is
	 * converted; what becomes empty; groups of the data; inode and superblock. */
	return depth + (depth + 1) * 6 + depth * 2 + EXT4_FREE_GROUPS * 2 + 2;
}

u32 ext4_map_append_credits(const struct ext4_inode *inode, u32 n)
{
	u32 depth = depth_of(inode);

	return n * 3 + depth + (depth + 1) * 3 + 1;
}

bool ext4_holds_metadata(const struct ext4_inode *inode)
{
	return !S_ISREG(inode->vfs.mode) || (inode->flags & EXT4_EA_INODE_FL) ||
	       ext4_journals_data(inode);
}

struct ext4_free_budget ext4_free_budget(const struct ext4_inode *inode)
{
	return (struct ext4_free_budget){.left = EXT4_FREE_GROUPS,
					 .blocks = !ext4_holds_metadata(inode) ? U32_MAX
									       : EXT4_FREE_REVOKES};
}

u64 ext4_free_allowed(const struct ext4_fs *fs, struct ext4_free_budget *budget, u64 end, u64 count)
{
	count = min(count, (u64)budget->blocks);
	if (!count)
		return 0;
	u32 last = ext4_block_group(fs, end - 1), first = ext4_block_group(fs, end - count);
	u32 more = last - first + (budget->group != last + 1);

	if (more > budget->left) {
		u32 groups = budget->left + (budget->group == last + 1); /* that we may touch */

		if (!groups)
			return 0;
		first = last + 1 - groups;
		count = end - ext4_group_first(fs, first);
		more = budget->left;
	}
	budget->left -= more;
	budget->group = first + 1;
	if (budget->blocks != U32_MAX)
		budget->blocks -= (u32)count;
	return count;
}

u32 ext4_map_meta_worst(const struct ext4_inode *inode, u32 n)
{
	const struct ext4_fs *fs = ext4_inode_fs(inode);
	u32 per_node;

	if (!n)
		return 0;
	const struct ext4_extent_header *root = (const void *)inode->block_bytes;

	/* A node costs a whole cluster: so what fits into the root is not promised any. */
	if (fs->cluster_bits && ext4_uses_extents(inode) && !le16_get(root->eh_depth) &&
	    le16_get(root->eh_entries) + n <= ext4_extent_root_max())
		return 0;
	if (!ext4_uses_extents(inode)) /* scattered blocks may each need arrays of their own */
		return min(n * 3, n / (fs->addr_per_block / 8) + 9);
	per_node = (fs->block_size / (u32)sizeof(struct ext4_extent)) / 2;
	return n / per_node + 3;
}

static int without_extents(struct ext4_inode *inode)
{
	return ext4_error(ext4_inode_fs(inode), ext4_ino(inode), 0,
			  "a map without extents on a volume with clusters");
}

int ext4_map_create(struct ext4_handle *handle, struct ext4_inode *inode,
		    const struct ext4_map_request *request, struct ext4_map *map)
{
	u64 limit =
	    ext4_uses_extents(inode) ? handle->fs->max_extent_size : handle->fs->max_indirect_size;
	int err;

	if ((u64)request->logical + request->length > (limit >> handle->fs->block_bits) + 1)
		return -EFBIG;
	rwsem_write_lock(&inode->map_lock);
	ext4_map_cache_clear(inode);
	if (ext4_is_inline(inode))
		err = ext4_error(handle->fs, ext4_ino(inode), 0, "contents are in the inode");
	else if (ext4_uses_extents(inode))
		err = ext4_extent_create(handle, inode, request, map);
	else if (handle->fs->cluster_bits)
		err = without_extents(inode);
	else
		err = ext4_indirect_create(handle, inode, request, map);
	ext4_map_cache_clear(inode);
	rwsem_write_unlock(&inode->map_lock);
	if (!err && map->length > request->length)
		map->length = request->length;
	return err;
}

int ext4_map_remove(struct ext4_handle *handle, struct ext4_inode *inode, u32 first, u32 last)
{
	bool again;
	int err, tries = 0;

	if (ext4_is_inline(inode))
		return 0;
	if (handle->fs->cluster_bits && !ext4_uses_extents(inode))
		return inode->vfs.blocks ? without_extents(inode) : 0;
	do {
		again = false;
		rwsem_write_lock(&inode->map_lock);
		ext4_map_cache_clear(inode);
		if (ext4_uses_extents(inode))
			err = ext4_extent_remove(handle, inode, first, last, &again);
		else
			err = ext4_indirect_remove(handle, inode, first, last, &again);
		ext4_map_cache_clear(inode);
		rwsem_write_unlock(&inode->map_lock);
		if (err == -ENOMEM && ++tries < EXT4_TRIES) {
			err = 0;
			again = true; /* goes on where it stopped: see ext4_insist */
		}
		if (!err && again) {
			thread_yield_point();
			err = ext4_txn_extend(handle, ext4_map_credits(inode) + 4);
		}
	} while (!err && again);
	return err;
}

int ext4_map_unwrite(struct ext4_handle *handle, struct ext4_inode *inode, u32 logical, u32 length,
		     u32 *done)
{
	struct ext4_map map;

	rwsem_write_lock(&inode->map_lock);
	ext4_map_cache_clear(inode);
	int err = ext4_extent_map(inode, logical, &map);

	if (!err) {
		narrow(&map, logical, length);
		if (map.physical && !map.unwritten) {
			map.length = min(map.length, EXT4_UNWRITTEN_LEN_MAX);
			err = ext4_txn_dirty_inode(handle, inode);
			if (!err)
				err = ext4_extent_convert(handle, inode, logical, map.length, true);
		}
		*done = map.length;
	}
	ext4_map_cache_clear(inode);
	rwsem_write_unlock(&inode->map_lock);
	return err;
}

/* ---- blocks of directories and symbolic links ---- */

int ext4_file_block_read(struct ext4_inode *inode, u32 logical, struct buffer **out)
{
	struct ext4_fs *fs = ext4_inode_fs(inode);
	struct ext4_map map;
	int err = ext4_map_find(inode, logical, U32_MAX - logical, &map);

	*out = NULL;
	if (err || !map.physical || map.unwritten)
		return err;
	*out = buffer_lookup(fs->bdev, map.physical);
	if (*out && buffer_flag_test(*out, BUFFER_VALID))
		return 0;
	buffer_put(*out);
	*out = NULL;
	if (map.length > 1)
		buffer_readahead(fs->bdev, map.physical, min(map.length, 16));
	err = buffer_read(fs->bdev, map.physical, out);
	return err ? ext4_io_error(fs, ext4_ino(inode), map.physical, err) : 0;
}

int ext4_file_block_create(struct ext4_handle *handle, struct ext4_inode *inode, u32 logical,
			   struct buffer **out)
{
	struct ext4_map_request request = {.logical = logical, .length = 1};
	struct ext4_map map;
	int err = ext4_map_create(handle, inode, &request, &map);

	*out = NULL;
	if (err)
		return err;
	if (!map.fresh) /* no caller asks for a block that is there */
		return ext4_error(handle->fs, ext4_ino(inode), map.physical,
				  "block %u lies behind the end of the file", logical);
	err = ext4_txn_create(handle, map.physical, out);
	if (err) {
		int undo = ext4_map_remove(handle, inode, logical, logical);

		if (undo)
			ext4_error(handle->fs, ext4_ino(inode), map.physical,
				   "a block is lost: error %d", undo);
	}
	return err;
}
