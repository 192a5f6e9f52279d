/* The journal's map of blocks. journal_map.h tells the theory. */
#include "ext4/journal_map.h"

#include "ext4/ext4_int.h"
#include "ext4/journal_device.h"
#include "ext4/journal_disk.h"
#include "lib/assert.h"
#include "lib/log.h"
#include "lib/sort.h"
#include "mm/kmalloc.h"

/* More runs than any sane journal has; bounds what a crafted one can make us keep. */
#define RUNS_MAX (KMALLOC_MAX / sizeof(struct ext4_journal_run))

static int damaged(const struct ext4_fs *fs, const char *what, u64 value)
{
	log_err("%s: %s: the journal can't be used: %s: %llu", fs->type_name, fs->super->id, what,
		value);
	return -EUCLEAN;
}

static bool in_volume(const struct ext4_fs *fs, u64 block, u64 count)
{
	return block > fs->first_data_block && block < fs->blocks_count &&
	       count <= fs->blocks_count - block;
}

static int read_block(const struct ext4_fs *fs, u64 block, struct buffer **out)
{
	*out = NULL;
	if (!in_volume(fs, block, 1))
		return damaged(fs, "its map points out of the volume, to block", block);
	int err = buffer_read(fs->bdev, block, out);
	if (err == -EIO)
		log_err("%s: %s: the journal can't be used: reading its map: block %llu: I/O error",
			fs->type_name, fs->super->id, block);
	return err;
}

/* ---- building ---- */

static int append(const struct ext4_fs *fs, struct ext4_journal_map *map, u64 physical, u32 length)
{
	struct ext4_journal_run *last = map->count ? &map->runs[map->count - 1] : NULL;

	if (!in_volume(fs, physical, length))
		return damaged(fs, "a block of it is out of the volume", physical);
	if (length > U32_MAX - map->blocks)
		return damaged(fs, "it has too many blocks after", map->blocks);
	if (last && last->physical + last->length == physical) {
		last->length += length;
		map->blocks += length;
		return 0;
	}
	if (map->count == map->room) {
		u32 room = max(map->room * 2, 16u);

		if (room > RUNS_MAX)
			return damaged(fs, "it is scattered over too many runs of blocks",
				       map->count);
		struct ext4_journal_run *runs =
		    krealloc(map->runs, map->room * sizeof(*runs), room * sizeof(*runs), MM_NORMAL);
		if (!runs)
			return -ENOMEM;
		map->runs = runs;
		map->room = room;
	}
	ASSERT(map->runs);
	map->runs[map->count++] = (struct ext4_journal_run){
	    .logical = map->blocks, .length = length, .physical = physical};
	map->blocks += length;
	return 0;
}

static int compare_physical(const void *a, const void *b)
{
	u64 x = ((const struct ext4_journal_run *)a)->physical;
	u64 y = ((const struct ext4_journal_run *)b)->physical;

	return x < y ? -1 : x > y;
}

static int compare_logical(const void *a, const void *b)
{
	u32 x = ((const struct ext4_journal_run *)a)->logical;
	u32 y = ((const struct ext4_journal_run *)b)->logical;

	return x < y ? -1 : x > y;
}

/* A block that is there twice would be a log that overwrites itself. */
static int check_disjoint(const struct ext4_fs *fs, struct ext4_journal_map *map)
{
	int err = 0;

	sort(map->runs, map->count, sizeof(*map->runs), compare_physical);
	for (u32 i = 1; i < map->count && !err; i++)
		if (map->runs[i - 1].physical + map->runs[i - 1].length > map->runs[i].physical)
			err = damaged(fs, "a block is in it twice", map->runs[i].physical);
	sort(map->runs, map->count, sizeof(*map->runs), compare_logical);
	return err;
}

/* ---- extents ---- */

static int walk_extents(const struct ext4_fs *fs, struct ext4_journal_map *map, const void *node,
			u32 size, u32 depth);

static int walk_child(const struct ext4_fs *fs, struct ext4_journal_map *map, u64 block, u32 depth)
{
	struct buffer *buffer;
	int err = read_block(fs, block, &buffer);

	if (!err)
		err = walk_extents(fs, map, buffer->data, fs->block_size, depth);
	buffer_put(buffer);
	return err;
}

/* Depth falls with every level, and each leaf adds blocks behind those before it, so that this
 * ends whatever the tree says. */
static int walk_extents(const struct ext4_fs *fs, struct ext4_journal_map *map, const void *node,
			u32 size, u32 depth)
{
	const struct ext4_extent_header *header = node;
	const struct ext4_extent *extents = (const void *)(header + 1);
	const struct ext4_extent_index *indexes = (const void *)(header + 1);
	u32 entries = le16_get(header->eh_entries);

	if (le16_get(header->eh_magic) != EXT4_EXTENT_MAGIC || le16_get(header->eh_depth) != depth)
		return damaged(fs, "a block of its map is none, at depth", depth);
	if (!entries || entries > (size - sizeof(*header)) / sizeof(*extents))
		return damaged(fs, "a block of its map has a bad number of entries", entries);
	for (u32 i = 0; i < entries; i++) {
		const struct ext4_extent *extent = &extents[i];
		u32 first = le32_get(depth ? indexes[i].ei_block : extent->ee_block);
		u32 length = le16_get(extent->ee_len);
		int err;

		if (first != map->blocks)
			return damaged(fs, "its map has a hole or an overlap at", first);
		if (depth) {
			err = walk_child(fs, map,
					 le32_get(indexes[i].ei_leaf_lo) |
					     (u64)le16_get(indexes[i].ei_leaf_hi) << 32,
					 depth - 1);
		} else if (!length || length > EXT4_EXTENT_LEN_MAX) {
			return damaged(fs, "an extent of it is empty or unwritten, at", first);
		} else {
			err = append(fs, map,
				     le32_get(extent->ee_start_lo) |
					 (u64)le16_get(extent->ee_start_hi) << 32,
				     length);
		}
		if (err)
			return err;
	}
	return 0;
}

/* ---- indirect blocks ---- */

/* Appends what an array of block numbers points to, until `want` blocks are mapped. */
static int walk_indirect(const struct ext4_fs *fs, struct ext4_journal_map *map,
			 const struct le32 *array, u32 n, u32 level, u32 want)
{
	int err = 0;

	for (u32 i = 0; i < n && map->blocks < want && !err; i++) {
		u32 block = le32_get(array[i]);
		struct buffer *buffer;

		if (!block)
			return damaged(fs, "its map has a hole at", map->blocks);
		if (!level) {
			err = append(fs, map, block, 1);
			continue;
		}
		err = read_block(fs, block, &buffer);
		if (!err)
			err = walk_indirect(fs, map, buffer->data, fs->addr_per_block, level - 1,
					    want);
		buffer_put(buffer);
	}
	return err;
}

/* ---- the inode ---- */

static int read_inode(struct ext4_fs *fs, u32 ino, struct buffer **out, struct ext4_inode_raw **raw)
{
	u32 group = (ino - 1) / fs->inodes_per_group, index = (ino - 1) % fs->inodes_per_group;
	struct buffer *buffer;

	*out = NULL;
	int err =
	    buffer_read(fs->bdev, ext4_group_desc_block(fs, group / fs->desc_per_block), &buffer);
	if (err)
		return err;
	const struct ext4_desc_raw *desc =
	    (const void *)((u8 *)buffer->data + group % fs->desc_per_block * fs->desc_size);
	u64 table = le32_get(desc->bg_inode_table_lo);
	if (fs->desc_size >= EXT4_DESC_SIZE_64)
		table |= (u64)le32_get(desc->bg_inode_table_hi) << 32;
	buffer_put(buffer);
	if (!in_volume(fs, table, fs->itable_blocks))
		return damaged(fs, "the table of its inode is out of the volume", table);
	err = buffer_read(fs->bdev, table + index / fs->inodes_per_block, out);
	if (!err)
		*raw = (void *)((u8 *)(*out)->data + index % fs->inodes_per_block * fs->inode_size);
	return err;
}

static int check_inode(const struct ext4_fs *fs, u32 ino, const struct ext4_inode_raw *raw,
		       u64 *size)
{
	bool high = fs->inode_size > EXT4_INODE_SIZE_OLD && le16_get(raw->i_extra_isize) >= 4;

	*size = le32_get(raw->i_size_lo) | (u64)le32_get(raw->i_size_hi) << 32;
	if (!S_ISREG(le16_get(raw->i_mode)) || !le16_get(raw->i_links_count))
		return damaged(fs, "its inode is no file", ino);
	if (fs->metadata_csum) {
		u32 seed = ext4_csum_inode_seed(fs, ino, le32_get(raw->i_generation));
		u32 found = le16_get(raw->i_checksum_lo) |
			    (high ? (u32)le16_get(raw->i_checksum_hi) << 16 : 0);
		u32 right = ext4_csum_inode(fs, seed, raw);

		if (found != (high ? right : (right & 0xffff)))
			return damaged(fs, "the checksum of its inode is wrong", ino);
	}
	if (*size >> fs->block_bits > min(fs->blocks_count, (u64)U32_MAX))
		return damaged(fs, "it is too large, bytes", *size);
	return 0;
}

static int load_blocks(const struct ext4_fs *fs, const struct ext4_inode_raw *raw, u64 size,
		       struct ext4_journal_map *map)
{
	u32 want = (u32)(size >> fs->block_bits);
	int err = 0;

	if (le32_get(raw->i_flags) & EXT4_EXTENTS_FL) {
		const struct ext4_extent_header *root = (const void *)raw->i_block;

		if (le16_get(root->eh_depth) > EXT4_EXTENT_DEPTH_MAX)
			return damaged(fs, "its map is too deep", le16_get(root->eh_depth));
		err = walk_extents(fs, map, root, sizeof(raw->i_block), le16_get(root->eh_depth));
	} else {
		err = walk_indirect(fs, map, raw->i_block, EXT4_DIRECT_BLOCKS, 0, want);
		for (u32 level = 1; level <= 3 && map->blocks < want && !err; level++)
			err = walk_indirect(fs, map, &raw->i_block[EXT4_IND + level - 1], 1, level,
					    want);
	}
	if (!err && map->blocks < want)
		err = damaged(fs, "its file is shorter than its size says, blocks", map->blocks);
	map->blocks = min(map->blocks, want); /* what is mapped beyond the size is no journal */
	return err ? err : check_disjoint(fs, map);
}

static int load_device(struct ext4_fs *fs, struct ext4_journal_map *map)
{
	int err = ext4_journal_device_open(fs);

	if (err)
		return err;
	u64 blocks = fs->journal_bdev->sectors >> (fs->block_bits - SECTOR_SHIFT);

	map->runs = kcalloc(1, sizeof(*map->runs), MM_NORMAL);
	if (!map->runs)
		return -ENOMEM;
	map->bdev = fs->journal_bdev;
	map->count = map->room = 1;
	map->blocks = map->runs[0].length = (u32)min(blocks, (u64)U32_MAX);
	map->super = EXT4_SUPER_OFFSET / fs->block_size + 1;
	return 0;
}

int ext4_journal_map_load(struct ext4_fs *fs, struct ext4_journal_map *map)
{
	u32 ino = le32_get(fs->raw->s_journal_inum);
	struct ext4_inode_raw *raw;
	struct buffer *buffer;
	u64 size;

	*map = (struct ext4_journal_map){.bdev = fs->bdev};
	if (!ino)
		return load_device(fs, map);
	if (le32_get(fs->raw->s_journal_dev))
		return damaged(fs, "there is one in an inode and one on a device, with the number",
			       le32_get(fs->raw->s_journal_dev));
	if (ino > fs->inodes_count || (ino < fs->first_ino && ino != EXT4_INO_JOURNAL))
		return damaged(fs, "its inode's number is invalid", ino);
	int err = read_inode(fs, ino, &buffer, &raw);
	if (!err)
		err = check_inode(fs, ino, raw, &size);
	if (!err)
		err = load_blocks(fs, raw, size, map);
	buffer_put(buffer);
	if (err == -EIO)
		log_err("%s: %s: the journal can't be read: I/O error", fs->type_name,
			fs->super->id);
	if (err)
		ext4_journal_map_free(map);
	return err;
}

void ext4_journal_map_free(struct ext4_journal_map *map)
{
	kfree(map->runs);
	*map = (struct ext4_journal_map){0};
}

u64 ext4_journal_map_find(const struct ext4_journal_map *map, u32 logical, u32 *length)
{
	u32 low = 0, high = map->count;

	VERIFY_LT(logical, map->blocks);
	while (high - low > 1) {
		u32 middle = low + (high - low) / 2;

		if (map->runs[middle].logical <= logical)
			low = middle;
		else
			high = middle;
	}
	const struct ext4_journal_run *run = &map->runs[low];
	if (length)
		*length = min(run->length - (logical - run->logical), map->blocks - logical);
	return run->physical + (logical - run->logical);
}

bool ext4_journal_map_holds(const struct ext4_journal_map *map, u64 physical)
{
	for (u32 i = 0; i < map->count; i++)
		if (physical >= map->runs[i].physical &&
		    physical - map->runs[i].physical < map->runs[i].length)
			return true;
	return false;
}
