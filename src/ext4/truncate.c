/*
 * Changing a file's size. Shrinking frees blocks over several handles: meanwhile the inode is on
 * the orphan list with its new size, so that after a crash the rest is freed at the next mount.
 */
#include "ext4/ext4_int.h"
#include "lib/string.h"

int ext4_truncate_blocks(struct ext4_handle *handle, struct ext4_inode *inode, u64 size)
{
	u32 first = ext4_blocks_of(handle->fs, size);

	if (first >= U32_MAX - 1)
		return 0;
	return ext4_map_remove(handle, inode, first, U32_MAX - 1);
}

static bool has_blocks_beyond(const struct ext4_inode *inode)
{
	/* Blocks may be mapped beyond the size too (fallocate), so only "none at all" is certain.
	 */
	return inode->vfs.blocks != 0;
}

/* The block that the new end falls into: its rest must be zero on disk, for a later extension. */
static int zero_tail(struct ext4_inode *inode, u64 size)
{
	return ext4_zero_partial(inode, size, round_up(size, ext4_inode_fs(inode)->block_size));
}

static int shrink(struct ext4_inode *inode, u64 size)
{
	struct ext4_fs *fs = ext4_inode_fs(inode);
	struct ext4_handle handle;
	int err = zero_tail(inode, size);

	if (err)
		return err;
	err = ext4_txn_begin(fs, ext4_map_credits(inode) + 4, &handle);
	if (err)
		return err;
	err = ext4_txn_dirty_inode(&handle, inode);
	if (err) {
		ext4_txn_end(&handle);
		return err;
	}
	bool orphan = has_blocks_beyond(inode);

	/* Programs that replace a file by rewriting it expect to find the old or the new. */
	if (!size && inode->vfs.size && !(fs->options.flags & EXT4_OPT_NO_AUTO_DA_ALLOC))
		atomic_store(&inode->flush_on_close, true);

	inode_size_set(&inode->vfs, (loff_t)size);
	/* Also if it was smaller: between it and the new end there may be no page left to write. */
	inode->disk_size = size;
	if (orphan)
		ext4_orphan_add(&handle, inode);
	ext4_txn_end(&handle);

	pagecache_truncate(&inode->vfs.mapping, (loff_t)size);
	ext4_page_forget_tail(&inode->vfs, size);
	if (!orphan)
		return 0;
	err = ext4_txn_begin(fs, ext4_map_credits(inode) + 4, &handle);
	if (err)
		return err;
	err = ext4_truncate_blocks(&handle, inode, size);
	if (!err && inode->vfs.nlink)
		ext4_orphan_remove(&handle, inode);
	ext4_txn_end(&handle);
	return err;
}

int ext4_size_record(struct ext4_inode *inode, u64 size)
{
	struct ext4_handle handle;
	int err = ext4_txn_begin(ext4_inode_fs(inode), 1, &handle);

	if (err)
		return err;
	err = ext4_txn_dirty_inode(&handle, inode);
	if (!err) {
		inode_size_set(&inode->vfs, (loff_t)size);
		inode->disk_size = size;
	}
	ext4_txn_end(&handle);
	return err;
}

int ext4_set_size(struct ext4_inode *inode, u64 size)
{
	struct ext4_fs *fs = ext4_inode_fs(inode);
	bool done;
	int err;

	if (size > (ext4_uses_extents(inode) ? fs->max_extent_size : fs->max_indirect_size))
		return -EFBIG;
	err = ext4_inline_resize(inode, size, &done);
	if (err || done)
		return err;
	err = ext4_inline_convert(inode, size ? 0 : EXT4_INLINE_DISCARD);
	if (err)
		return err;
	if (size <= (u64)inode->vfs.size)
		return shrink(inode, size);
	err = zero_tail(inode, (u64)inode->vfs.size);
	return err ? err : ext4_size_record(inode, size);
}
