/*
 * The bitmaps of a group: read, or made up for a group that mke2fs left uninitialised, and checked
 * once. A damaged one is reported, and its group is not allocated from any more.
 */
#include "ext4/ext4_int.h"
#include "lib/bitmap.h"
#include "lib/string.h"

/* Bits [used, all bits of the block) do not stand for anything: they must look used. */
static void pad(struct ext4_fs *fs, struct buffer *buffer, u32 used)
{
	bitmap_set_range(buffer->data, used, fs->block_size * 8 - used);
}

static void set_own(struct ext4_fs *fs, struct ext4_group *group, void *map, u64 block, u32 count)
{
	u64 first = ext4_group_first(fs, group->number);
	u64 end = first + ext4_group_blocks(fs, group->number);

	for (u64 at = block; at < block + count; at++)
		if (at >= first && at < end)
			bitmap_set(map, (size_t)(at - first) >> fs->cluster_bits);
}

/* What the block bitmap of an uninitialised group would hold: its own metadata. */
static void make_block_bitmap(struct ext4_fs *fs, struct ext4_group *group, struct buffer *buffer)
{
	u64 first = ext4_group_first(fs, group->number);

	memset(buffer->data, 0, fs->block_size);
	set_own(fs, group, buffer->data, first, ext4_group_super_blocks(fs, group->number));
	set_own(fs, group, buffer->data, group->block_bitmap, 1);
	set_own(fs, group, buffer->data, group->inode_bitmap, 1);
	set_own(fs, group, buffer->data, group->inode_table, fs->itable_blocks);
	pad(fs, buffer, ext4_group_clusters(fs, group->number));
}

static int get_blank(struct ext4_fs *fs, u64 block, struct buffer **out)
{
	int err = buffer_get(fs->bdev, block, out);

	/* Nobody reads a bitmap block without the group's lock, so it may be filled as it is. */
	return err ? ext4_io_error(fs, 0, block, err) : 0;
}

static bool own_bits_set(struct ext4_fs *fs, struct ext4_group *group, const void *map, u64 block,
			 u32 count)
{
	u64 first = ext4_group_first(fs, group->number);
	u64 end = first + ext4_group_blocks(fs, group->number);

	for (u64 at = block; at < block + count; at++)
		if (at >= first && at < end &&
		    !bitmap_test(map, (size_t)(at - first) >> fs->cluster_bits))
			return false;
	return true;
}

static int check_block_bitmap(struct ext4_fs *fs, struct ext4_group *group, struct buffer *buffer)
{
	u32 bits = ext4_group_clusters(fs, group->number);
	u32 sum = ext4_csum_bitmap(fs, buffer->data, fs->clusters_per_group);
	const char *what = NULL;

	if (fs->desc_size < EXT4_DESC_SIZE_64)
		sum &= 0xffff;
	if (fs->metadata_csum && sum != group->block_csum)
		what = "checksum of the block bitmap is wrong";
	else if (!own_bits_set(fs, group, buffer->data, group->block_bitmap, 1) ||
		 !own_bits_set(fs, group, buffer->data, group->inode_bitmap, 1) ||
		 !own_bits_set(fs, group, buffer->data, group->inode_table, fs->itable_blocks) ||
		 !own_bits_set(fs, group, buffer->data, ext4_group_first(fs, group->number),
			       ext4_group_super_blocks(fs, group->number)))
		what = "block bitmap shows metadata as free";
	else if (bits - bitmap_weight(buffer->data, 0, bits) != group->free_clusters)
		what = "block bitmap and free count disagree";
	group->block_checked = true;
	if (!what)
		return 0;
	group->block_bad = true;
	return ext4_error(fs, 0, group->block_bitmap, "group %u: %s", group->number, what);
}

int ext4_block_bitmap_read(struct ext4_fs *fs, struct ext4_group *group, struct buffer **out)
{
	int err;

	*out = NULL;
	if (group->block_bad)
		return -EUCLEAN;
	if (group->flags & EXT4_BG_BLOCK_UNINIT) {
		err = get_blank(fs, group->block_bitmap, out);
		if (err)
			return err;
		make_block_bitmap(fs, group, *out);
		buffer_flag_set(*out, BUFFER_VALID);
	} else {
		err = buffer_read(fs->bdev, group->block_bitmap, out);
		if (err)
			return ext4_io_error(fs, 0, group->block_bitmap, err);
	}
	if (!group->block_checked && !(group->flags & EXT4_BG_BLOCK_UNINIT)) {
		err = check_block_bitmap(fs, group, *out);
		if (err) {
			buffer_put(*out);
			*out = NULL;
		}
	}
	return err;
}

static int check_inode_bitmap(struct ext4_fs *fs, struct ext4_group *group, struct buffer *buffer)
{
	u32 sum = ext4_csum_bitmap(fs, buffer->data, fs->inodes_per_group);
	const char *what = NULL;

	if (fs->desc_size < EXT4_DESC_SIZE_64)
		sum &= 0xffff;
	if (fs->metadata_csum && sum != group->inode_csum)
		what = "checksum of the inode bitmap is wrong";
	else if (fs->inodes_per_group - bitmap_weight(buffer->data, 0, fs->inodes_per_group) !=
		 group->free_inodes)
		what = "inode bitmap and free count disagree";
	group->inode_checked = true;
	if (!what)
		return 0;
	group->inode_bad = true;
	return ext4_error(fs, 0, group->inode_bitmap, "group %u: %s", group->number, what);
}

int ext4_inode_bitmap_read(struct ext4_fs *fs, struct ext4_group *group, struct buffer **out)
{
	int err;

	*out = NULL;
	if (group->inode_bad)
		return -EUCLEAN;
	if (group->flags & EXT4_BG_INODE_UNINIT) {
		err = get_blank(fs, group->inode_bitmap, out);
		if (err)
			return err;
		memset((*out)->data, 0, fs->block_size);
		pad(fs, *out, fs->inodes_per_group);
		buffer_flag_set(*out, BUFFER_VALID);
		return 0;
	}
	err = buffer_read(fs->bdev, group->inode_bitmap, out);
	if (err)
		return ext4_io_error(fs, 0, group->inode_bitmap, err);
	if (!group->inode_checked) {
		err = check_inode_bitmap(fs, group, *out);
		if (err) {
			buffer_put(*out);
			*out = NULL;
		}
	}
	return err;
}
