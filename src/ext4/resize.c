/*
 * Growing a mounted volume.
 *
 * First the last group grows to its full size, then groups are added one by one, each in a
 * transaction: its bitmaps and its table lie in itself, its descriptor in the block of descriptors
 * that is there or in the next of those that mke2fs has reserved. Then the copies of superblock and
 * descriptors are written.
 *
 * The reserved blocks belong to the resize inode, whose double indirect block lists them; each, as
 * long as it is in reserve, is an indirect block that lists its copies in the other groups with a
 * superblock. A block that becomes one of descriptors leaves that list; a new group with a
 * superblock adds its copies to all. Volumes with meta_bg need none of this: their blocks of
 * descriptors lie in the groups that they describe.
 *
 * Others read the arrays of groups, descriptors and zones without a lock, so these are replaced by
 * longer copies, and counts are raised last, when everything behind them is there.
 */
#include "ext4/ext4_int.h"
#include "lib/bitmap.h"
#include "lib/log.h"
#include "lib/string.h"

struct retired {
	struct list_head node;
	void *memory;
};

struct growth {
	struct ext4_fs *fs;
	struct ext4_inode *resize_inode; /* referenced; NULL without reserved blocks */
	u32 number;                      /* the group that is made */
	u64 first;                       /* its first block */
	u32 blocks, overhead;            /* of all, and of its own metadata, in whole clusters */
	u32 copies;                      /* of superblock and descriptors, at its start */
};

void ext4_resize_free(struct ext4_fs *fs)
{
	struct retired *retired, *next;

	if (!fs->retired.next)
		return;
	list_for_each_entry_safe(retired, next, &fs->retired, node) {
		kfree(retired->memory);
		kfree(retired);
	}
}

static int retire(struct ext4_fs *fs, void *memory)
{
	struct retired *retired = kmalloc(sizeof(*retired), MM_NORMAL);

	if (!retired)
		return -ENOMEM;
	retired->memory = memory;
	list_add_tail(&retired->node, &fs->retired);
	return 0;
}

/* A longer copy of an array takes its place. */
#define lengthen(fs, array, used, room)                                                            \
	({                                                                                         \
		__typeof__(array) old_ = (array), new_ = kcalloc(room, sizeof(*old_), MM_NORMAL);  \
		int lengthen_err_ = new_ ? retire(fs, old_) : -ENOMEM;                             \
		if (lengthen_err_) {                                                               \
			kfree(new_);                                                               \
		} else {                                                                           \
			memcpy(new_, old_, (used) * sizeof(*old_));                                \
			atomic_store(&(array), new_);                                              \
		}                                                                                  \
		lengthen_err_;                                                                     \
	})

static bool is_meta(const struct ext4_fs *fs, u32 group)
{
	return (fs->incompat & EXT4_INCOMPAT_META_BG) &&
	       group / fs->desc_per_block >= le32_get(fs->raw->s_first_meta_bg);
}

/* ---- the last group ---- */

/* The counts of the superblock that follow from its size; inside a handle. */
static void set_counts(struct ext4_handle *handle, u64 blocks, u32 groups)
{
	struct ext4_fs *fs = handle->fs;
	u64 reserved = fs->blocks_count
			   ? fs->reserved_blocks * (blocks >> 10) / max(fs->blocks_count >> 10, 1)
			   : 0;

	mutex_lock(&fs->super_lock);
	fs->inodes_count = groups * fs->inodes_per_group;
	atomic_store(&fs->group_count, groups);
	atomic_store(&fs->blocks_count, blocks);
	fs->reserved_blocks = min(reserved, blocks / 2);
	fs->grown = true;
	mutex_unlock(&fs->super_lock);
	ext4_txn_dirty_super(handle);
}

static int extend_last_group(struct ext4_fs *fs, u64 blocks)
{
	struct ext4_group *group = ext4_group(fs, fs->group_count - 1);
	u32 old = ext4_group_blocks(fs, group->number);
	u32 new = (u32)min(blocks - ext4_group_first(fs, group->number), (u64)fs->blocks_per_group);
	u32 first = old >> fs->cluster_bits, more;
	struct ext4_handle handle;
	struct buffer *bitmap = NULL;

	if (new <= old)
		return 0;
	more = (new >> fs->cluster_bits) - first;
	int err = ext4_txn_begin(fs, 3, &handle);

	if (err)
		return err;
	mutex_lock(&group->lock);
	err = ext4_block_bitmap_read(fs, group, &bitmap);
	if (!err && group->block_bad)
		err = -EUCLEAN;
	if (!err)
		err = ext4_txn_access(&handle, bitmap);
	if (!err)
		err = ext4_txn_access_group(&handle, group);
	if (!err) {
		bitmap_clear_range(bitmap->data, first, more);
		group->flags &= ~EXT4_BG_BLOCK_UNINIT;
		group->free_clusters += more;
		group->largest = fs->clusters_per_group;
		ext4_txn_dirty_bitmap(&handle, bitmap, EXT4_CSUM_BLOCK_BITMAP, group->number);
		ext4_txn_dirty_group(&handle, group);
		set_counts(&handle, fs->blocks_count + (new - old), fs->group_count);
		atomic_fetch_add(&fs->free_clusters, (s64)more);
	}
	mutex_unlock(&group->lock);
	buffer_put(bitmap);
	ext4_txn_end(&handle);
	return err;
}

/* ---- blocks that nobody refers to yet: written at once ---- */

/* data NULL: zeroes. */
static int write_now(struct ext4_fs *fs, u64 block, const void *data)
{
	struct buffer *buffer;
	int err = buffer_get(fs->bdev, block, &buffer);

	if (err)
		return err;
	buffer_lock(buffer);
	if (data)
		memcpy(buffer->data, data, fs->block_size);
	else
		memset(buffer->data, 0, fs->block_size);
	ext4_buffer_unchecked(buffer);
	buffer_flag_set(buffer, BUFFER_VALID);
	buffer_unlock(buffer);
	buffer_mark_dirty(buffer);
	buffer_put(buffer);
	return 0;
}

static int write_zeroes(struct ext4_fs *fs, u64 block, u32 count)
{
	int err = 0;

	for (u32 i = 0; i < count && !err; i++) {
		err = write_now(fs, block + i, NULL);
		if (i % 256 == 255)
			thread_yield_point();
	}
	return err;
}

/* ---- the resize inode ---- */

static u32 reserved_count(const struct ext4_fs *fs)
{
	return fs->reserved_gdt;
}

/* Groups other than 0 below `end` that have a copy of the superblock. */
static u32 backup_count(const struct ext4_fs *fs, u32 end)
{
	u32 n = 0;

	for (u32 i = 1; i < end; i++)
		n += ext4_group_has_super(fs, i);
	return n;
}

static int read_reserve_list(struct growth *growth, struct buffer **out)
{
	struct ext4_fs *fs = growth->fs;
	u32 block = le32_get(growth->resize_inode->block[EXT4_DIND]);

	*out = NULL;
	if (!ext4_blocks_valid(fs, block, 1))
		return ext4_error(fs, EXT4_INO_RESIZE, block,
				  "the resize inode's list is out of range");
	int err = buffer_read(fs->bdev, block, out);
	return err ? ext4_io_error(fs, EXT4_INO_RESIZE, block, err) : 0;
}

/* The new group's copies of the reserved blocks are the resize inode's too. */
static int reserve_copies(struct growth *growth, struct ext4_handle *handle)
{
	struct ext4_fs *fs = growth->fs;
	u32 at = backup_count(fs, growth->number), n = reserved_count(fs);
	u64 own = ext4_group_desc_block(fs, fs->desc_blocks);
	u64 copy = growth->first + 1 + fs->desc_blocks;
	int err = ext4_txn_dirty_inode(handle, growth->resize_inode);

	if (!err && at >= fs->addr_per_block)
		err = -EFBIG;
	for (u32 i = 0; i < n && !err; i++) {
		struct buffer *array;

		err = buffer_read(fs->bdev, own + i, &array);
		if (err)
			return ext4_io_error(fs, EXT4_INO_RESIZE, own + i, err);
		err = ext4_txn_access(handle, array);
		if (!err) {
			((struct le32 *)array->data)[at] = le32_make((u32)(copy + i));
			ext4_txn_dirty(handle, array, EXT4_CSUM_NONE, NULL);
		}
		buffer_put(array);
	}
	if (!err)
		ext4_inode_add_blocks(growth->resize_inode, (s64)n << fs->cluster_bits);
	return err;
}

/* The next reserved block becomes one of descriptors, with all its copies. */
static int take_reserved(struct growth *growth, struct ext4_handle *handle, u64 block)
{
	struct ext4_fs *fs = growth->fs;
	u32 at = fs->desc_blocks % fs->addr_per_block;
	struct buffer *list;
	int err = read_reserve_list(growth, &list);

	if (err)
		return err;
	struct le32 *slot = &((struct le32 *)list->data)[at];

	if (le32_get(*slot) != block)
		err = ext4_error(fs, EXT4_INO_RESIZE, block, "the resize inode does not list it");
	if (!err)
		err = ext4_txn_access(handle, list);
	if (!err)
		err = ext4_txn_dirty_inode(handle, growth->resize_inode);
	if (!err) {
		*slot = le32_make(0);
		ext4_txn_dirty(handle, list, EXT4_CSUM_NONE, NULL);
		ext4_inode_add_blocks(
		    growth->resize_inode,
		    -((backup_count(fs, fs->group_count) + 1ll) << fs->cluster_bits));
		fs->reserved_gdt--;
	}
	buffer_put(list);
	return err;
}

/* ---- a new group ---- */

/* The block where the new group's descriptor goes, if it is the first there. */
static int new_desc_block(struct growth *growth, struct ext4_handle *handle)
{
	struct ext4_fs *fs = growth->fs;
	u64 block = ext4_group_desc_block(fs, fs->desc_blocks);
	int err = 0;

	if (!is_meta(fs, growth->number))
		err = take_reserved(growth, handle, block);
	if (!err)
		err = ext4_txn_create(handle, block, &fs->descs[fs->desc_blocks]);
	if (!err)
		fs->desc_blocks++;
	return err;
}

static void fill_desc(struct growth *growth, const struct ext4_group *group)
{
	struct ext4_desc_raw *raw;

	ext4_group_desc_buffer(growth->fs, group->number, &raw);
	memset(raw, 0, growth->fs->desc_size);
	raw->bg_block_bitmap_lo = le32_make((u32)group->block_bitmap);
	raw->bg_inode_bitmap_lo = le32_make((u32)group->inode_bitmap);
	raw->bg_inode_table_lo = le32_make((u32)group->inode_table);
	if (growth->fs->desc_size >= EXT4_DESC_SIZE_64) {
		raw->bg_block_bitmap_hi = le32_make((u32)(group->block_bitmap >> 32));
		raw->bg_inode_bitmap_hi = le32_make((u32)(group->inode_bitmap >> 32));
		raw->bg_inode_table_hi = le32_make((u32)(group->inode_table >> 32));
	}
}

static void fill_group(struct growth *growth, struct ext4_group *group)
{
	struct ext4_fs *fs = growth->fs;

	memset(group, 0, sizeof(*group));
	mutex_init(&group->lock, "ext4 group");
	list_init(&group->windows);
	list_init(&group->dirty_node);
	group->number = growth->number;
	group->block_bitmap = growth->first + growth->copies;
	group->inode_bitmap = group->block_bitmap + 1;
	group->inode_table = group->inode_bitmap + 1;
	group->free_clusters = (growth->blocks - growth->overhead) >> fs->cluster_bits;
	group->free_inodes = fs->inodes_per_group;
	group->largest = U32_MAX;
	if (fs->has_group_csum) { /* its table is zeroed as it comes into use */
		group->itable_unused = fs->inodes_per_group;
		group->flags = EXT4_BG_INODE_UNINIT;
	}
}

static int make_bitmaps(struct growth *growth, struct ext4_handle *handle, struct ext4_group *group)
{
	struct ext4_fs *fs = growth->fs;
	u32 bits = fs->block_size * 8, clusters = growth->blocks >> fs->cluster_bits;
	struct buffer *bitmap;
	int err = ext4_txn_create(handle, group->block_bitmap, &bitmap);

	if (err)
		return err;
	bitmap_set_range(bitmap->data, 0, growth->overhead >> fs->cluster_bits);
	bitmap_set_range(bitmap->data, clusters, bits - clusters);
	ext4_txn_dirty_bitmap(handle, bitmap, EXT4_CSUM_BLOCK_BITMAP, group->number);
	buffer_put(bitmap);
	group->block_checked = true;
	if (fs->has_group_csum)
		return 0;
	err = ext4_txn_create(handle, group->inode_bitmap, &bitmap);
	if (err)
		return err;
	bitmap_set_range(bitmap->data, fs->inodes_per_group, bits - fs->inodes_per_group);
	ext4_txn_dirty_bitmap(handle, bitmap, EXT4_CSUM_INODE_BITMAP, group->number);
	buffer_put(bitmap);
	return 0;
}

/* Room in the arrays for one group more. */
static int make_room(struct ext4_fs *fs)
{
	u32 chunks = DIV_ROUND_UP(fs->group_count, EXT4_GROUP_CHUNK);
	int err = 0;

	if (fs->group_count % EXT4_GROUP_CHUNK == 0) {
		struct ext4_group *chunk = kcalloc(EXT4_GROUP_CHUNK, sizeof(*chunk), MM_NORMAL);

		if (!chunk)
			return -ENOMEM;
		err = lengthen(fs, fs->group_chunks, chunks, chunks + 1);
		if (err) {
			kfree(chunk);
			return err;
		}
		fs->group_chunks[chunks] = chunk;
	}
	if (fs->group_count % fs->desc_per_block == 0)
		err = lengthen(fs, fs->descs, fs->desc_blocks, fs->desc_blocks + 1);
	if (!err && fs->zone_count == fs->zone_room) {
		err = lengthen(fs, fs->zones, fs->zone_count, fs->zone_count * 2);
		if (!err)
			fs->zone_room = fs->zone_count * 2;
	}
	return err;
}

static int add_group_handle(struct growth *growth, struct ext4_handle *handle)
{
	struct ext4_fs *fs = growth->fs;
	struct ext4_group *group = ext4_group(fs, growth->number);
	bool new_desc = growth->number % fs->desc_per_block == 0;
	int err = 0;

	fill_group(growth, group);
	if (new_desc)
		err = new_desc_block(growth, handle);
	if (!err)
		err = ext4_txn_access_group(handle, group);
	if (!err && growth->resize_inode && ext4_group_has_super(fs, growth->number) &&
	    !is_meta(fs, growth->number))
		err = reserve_copies(growth, handle);
	if (!err)
		err = make_bitmaps(growth, handle, group);
	if (err)
		return err;
	fill_desc(growth, group);
	fs->zones[fs->zone_count] =
	    (struct ext4_range){growth->first, growth->first + growth->overhead - 1};
	atomic_store(&fs->zone_count, fs->zone_count + 1);
	fs->overhead += growth->overhead;
	set_counts(handle, growth->first + growth->blocks, growth->number + 1);
	mutex_lock(&group->lock);
	ext4_txn_dirty_group(handle, group);
	mutex_unlock(&group->lock);
	atomic_fetch_add(&fs->free_clusters, (s64)group->free_clusters);
	atomic_fetch_add(&fs->free_inodes, (s64)group->free_inodes);
	return 0;
}

static int add_group(struct growth *growth)
{
	struct ext4_fs *fs = growth->fs;
	struct ext4_handle handle;
	int err = make_room(fs);

	/* What the group's counts will claim is on the disk before they are. */
	if (!err)
		err = write_zeroes(fs, growth->first, growth->copies);
	if (!err && !fs->has_group_csum)
		err = write_zeroes(fs, growth->first + growth->copies + 2, fs->itable_blocks);
	if (!err && (growth->copies || !fs->has_group_csum)) {
		err = buffer_sync(fs->bdev);
		if (!err)
			err = block_flush(fs->bdev);
	}
	if (!err)
		err = ext4_txn_begin(fs, 10 + reserved_count(fs), &handle);
	if (err)
		return err;
	err = add_group_handle(growth, &handle);
	if (err && handle.fs)
		err = ext4_error(fs, 0, growth->first, "group %u could not be added: error %d",
				 growth->number, -err);
	ext4_txn_end(&handle);
	return err;
}

/* Blocks at the start of a group that would be number `group`. */
static u32 copies_in(const struct ext4_fs *fs, u32 group)
{
	u32 has_super = ext4_group_has_super(fs, group), more = 0;

	if (is_meta(fs, group))
		return ext4_group_super_blocks(fs, group);
	/* The descriptors' blocks with those in reserve are always as many. */
	if (has_super)
		more = (fs->incompat & EXT4_INCOMPAT_META_BG) ? le32_get(fs->raw->s_first_meta_bg)
							      : fs->desc_blocks;
	return has_super ? 1 + more + reserved_count(fs) : 0;
}

static bool plan_group(struct growth *growth, u64 blocks)
{
	struct ext4_fs *fs = growth->fs;

	growth->number = fs->group_count;
	growth->first = ext4_group_first(fs, growth->number);
	if (growth->first >= blocks)
		return false;
	growth->blocks = (u32)min(blocks - growth->first, (u64)fs->blocks_per_group);
	growth->copies = copies_in(fs, growth->number);
	growth->overhead = round_up(growth->copies + 2 + fs->itable_blocks, 1u << fs->cluster_bits);
	/* A last group needs room for more than itself: else it is left out, as mke2fs does. */
	return growth->blocks >= growth->overhead + 50;
}

/* Whether descriptors can be kept for so many groups; *groups: how many at most. */
static int check_descs(struct ext4_fs *fs, u64 groups)
{
	u64 needed = DIV_ROUND_UP(groups, (u64)fs->desc_per_block);

	if (groups * fs->inodes_per_group > U32_MAX)
		return -EINVAL;
	if (is_meta(fs, fs->group_count) || needed <= fs->desc_blocks + reserved_count(fs))
		return 0;
	log_err("%s: %s: growing refused: %llu blocks of descriptors are needed, and %u are there "
		"or in reserve",
		fs->type_name, fs->super->id, needed, fs->desc_blocks + reserved_count(fs));
	return -EPERM;
}

/* ---- copies ---- */

static int write_super_copy(struct ext4_fs *fs, u32 group)
{
	struct ext4_super_raw *raw;
	struct buffer *buffer;
	int err = buffer_get(fs->bdev, ext4_group_first(fs, group), &buffer);

	if (err)
		return err;
	buffer_lock(buffer);
	memset(buffer->data, 0, fs->block_size);
	raw = buffer->data;
	mutex_lock(&fs->super_lock);
	memcpy(raw, fs->raw, sizeof(*raw));
	mutex_unlock(&fs->super_lock);
	raw->s_block_group_nr = le16_make((u16)group);
	/* A copy says that it is no clean state's: whoever uses it must check. */
	raw->s_state = le16_make(le16_get(raw->s_state) & (u16)~EXT4_STATE_VALID);
	raw->s_feature_incompat = le32_make(fs->incompat & ~EXT4_INCOMPAT_RECOVER);
	if (fs->metadata_csum)
		raw->s_checksum = le32_make(ext4_csum_super(raw));
	buffer_flag_set(buffer, BUFFER_VALID);
	buffer_unlock(buffer);
	buffer_mark_dirty(buffer);
	buffer_put(buffer);
	return 0;
}

int ext4_super_copies_write(struct ext4_fs *fs)
{
	int err = 0;

	if (atomic_xchg(&fs->resizing, true))
		return 0; /* who grows the volume writes them at the end */
	for (u32 i = 1; i < fs->group_count && !err; i++)
		if (ext4_group_has_super(fs, i))
			err = write_super_copy(fs, i);
	if (!err)
		err = buffer_sync(fs->bdev);
	atomic_store(&fs->resizing, false);
	return err;
}

/* Superblocks and descriptors in all groups that have them, from the primary ones on disk. */
static int write_copies(struct ext4_fs *fs)
{
	int err = ext4_txn_sync(fs);

	for (u32 i = 1; i < fs->group_count && !err; i++) {
		u64 at = ext4_group_first(fs, i);
		u32 has_super = ext4_group_has_super(fs, i), n = 0;

		if (has_super)
			err = write_super_copy(fs, i);
		if (is_meta(fs, i)) {
			u32 in_meta = i % fs->desc_per_block;

			if (!err && (in_meta == 1 || in_meta == fs->desc_per_block - 1))
				err = write_now(fs, at + has_super,
						fs->descs[i / fs->desc_per_block]->data);
			continue;
		}
		if (has_super)
			n = (fs->incompat & EXT4_INCOMPAT_META_BG)
				? le32_get(fs->raw->s_first_meta_bg)
				: fs->desc_blocks;
		for (u32 k = 0; k < n && !err; k++)
			err = write_now(fs, at + 1 + k, fs->descs[k]->data);
		thread_yield_point();
	}
	if (!err)
		err = buffer_sync(fs->bdev);
	return err ? err : block_flush(fs->bdev);
}

/* ---- all ---- */

static int check(struct ext4_fs *fs, u64 blocks)
{
	u64 device_blocks = fs->bdev->sectors >> (fs->block_bits - SECTOR_SHIFT);

	if ((fs->compat & EXT4_COMPAT_SPARSE_SUPER2) ||
	    !is_aligned(fs->blocks_count, 1ull << fs->cluster_bits))
		return -EOPNOTSUPP;
	if (fs->options.sb_block != 1 || (le16_get(fs->raw->s_state) & EXT4_STATE_ERROR))
		return -EPERM;
	if (blocks < fs->blocks_count || blocks > device_blocks)
		return -EINVAL;
	if (blocks > U32_MAX && !(fs->incompat & EXT4_INCOMPAT_64BIT))
		return -EINVAL;
	return check_descs(fs,
			   DIV_ROUND_UP(blocks - fs->first_data_block, (u64)fs->blocks_per_group));
}

static int grow(struct ext4_fs *fs, u64 blocks)
{
	struct growth growth = {.fs = fs};
	u64 before = fs->blocks_count;
	int err;

	blocks = round_down(blocks, 1ull << fs->cluster_bits);
	err = check(fs, blocks);

	if (err || blocks == fs->blocks_count)
		return err;
	if ((fs->compat & EXT4_COMPAT_RESIZE_INODE) && reserved_count(fs)) {
		struct inode *inode;

		err = ext4_inode_read(fs, EXT4_INO_RESIZE, &inode);
		if (err)
			return err;
		growth.resize_inode = ext4_inode(inode);
	}
	err = extend_last_group(fs, blocks);
	while (!err && plan_group(&growth, blocks)) {
		err = add_group(&growth);
		thread_yield_point();
	}
	int copy_err = fs->blocks_count > before ? write_copies(fs) : 0;

	if (growth.resize_inode)
		inode_put(&growth.resize_inode->vfs);
	log_info("%s: %s: grew from %llu to %llu blocks", fs->type_name, fs->super->id, before,
		 fs->blocks_count);
	return err ? err : copy_err;
}

int ext4_resize(struct ext4_fs *fs, u64 blocks)
{
	if (atomic_xchg(&fs->resizing, true))
		return -EBUSY;
	int err = grow(fs, blocks);

	atomic_store(&fs->resizing, false);
	return err;
}
