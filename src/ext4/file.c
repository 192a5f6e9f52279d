/* Regular files: fsync and fallocate; reading and writing are the page cache's. */
#include "ext4/ext4_int.h"
#include "vfs/file.h"

#include <linux/falloc.h>

int ext4_fsync(struct file *file, loff_t start, loff_t end, bool datasync)
{
	struct inode *inode = file->inode;
	struct ext4_fs *fs = ext4_fs(inode->super);
	unsigned long dirty = BIT(I_DIRTY) | BIT(I_DIRTY_DATASYNC);
	int err = 0;

	if (inode->mapping.ops)
		err = pagecache_write_and_wait(&inode->mapping, start, end);
	if (!fs->writable_once)
		return err;
	if (!err && (atomic_load(&inode->state) & dirty)) {
		err = ext4_inode_write(inode, false);
		if (!err)
			atomic_fetch_and(&inode->state, ~dirty);
	}
	int sync_err = ext4_txn_sync(fs);

	return err ? err : sync_err;
}

/*
 * Promises to delayed pages count metadata at its worst. When they use up the volume, writing the
 * file's pages turns them into what is really needed, and the rest of the write gets another
 * chance.
 */
static ssize_t ext4_file_write(struct file *file, struct uio *uio, loff_t *pos)
{
	struct inode *inode = file->inode;
	ssize_t n = file_write_pagecache(file, uio, pos);

	if (n != -ENOSPC && (n <= 0 || !uio->resid))
		return n;
	if (!atomic_load(&ext4_fs(inode->super)->delayed_blocks) ||
	    pagecache_write_start(&inode->mapping, 0, S64_MAX, true))
		return n;
	ssize_t more = file_write_pagecache(file, uio, pos);

	return n < 0 ? more : more < 0 ? n : n + more;
}

/* Allocates what is missing in [first, first + count), unwritten. */
static int preallocate(struct ext4_inode *inode, u32 first, u32 count, u64 *done_end)
{
	struct ext4_fs *fs = ext4_inode_fs(inode);
	int err = 0;

	while (count && !err) {
		struct ext4_map_request request = {
		    .logical = first, .length = count, .unwritten = true};
		struct ext4_handle handle;
		struct ext4_map map;

		err = ext4_txn_begin(fs, ext4_map_credits(inode), &handle);
		if (err)
			break;
		err = ext4_map_create(&handle, inode, &request, &map);
		ext4_txn_end(&handle);
		if (err)
			break;
		first += map.length;
		count -= map.length;
		*done_end = (u64)first << fs->block_bits;
		thread_yield_point();
	}
	return err;
}

static int zero_partial(struct inode *inode, u64 from, u64 to)
{
	struct page *page;

	if (from >= to || from >= (u64)inode_size(inode))
		return 0;
	int err = pagecache_read_page(&inode->mapping, from >> PAGE_SHIFT, &page);

	if (err)
		return err;
	page_lock(page);
	page_wait_writeback(page);
	if (page->mapping == &inode->mapping) {
		u32 start = (u32)(from % PAGE_SIZE), end = start + (u32)(to - from);

		err = ext4_mapping_ops.write_begin(&inode->mapping, page, start, end);
		if (!err) {
			__builtin_memset((u8 *)page_address(page) + start, 0, end - start);
			pagecache_dirty(page);
		}
	}
	page_unlock(page);
	page_put(page);
	return err;
}

static int punch(struct ext4_inode *inode, u64 start, u64 end)
{
	struct ext4_fs *fs = ext4_inode_fs(inode);
	u64 size = (u64)inode_size(&inode->vfs);
	u64 first = round_up(start, fs->block_size), last = round_down(end, fs->block_size);
	struct ext4_handle handle;
	int err;

	if (start >= size)
		return 0;
	if (end >= size) {
		end = size;
		last = round_up(end, fs->block_size);
	}
	if (first > last) /* inside one block */
		return zero_partial(&inode->vfs, start, end);
	err = zero_partial(&inode->vfs, start, min(first, end));
	if (!err && end > last)
		err = zero_partial(&inode->vfs, max(last, start), end);
	if (err || first >= last)
		return err;
	pagecache_punch(&inode->vfs.mapping, (loff_t)first, (loff_t)last);
	ext4_page_forget_range(&inode->vfs, first, last);
	err = ext4_txn_begin(fs, ext4_map_credits(inode) + 4, &handle);
	if (err)
		return err;
	err = ext4_map_remove(&handle, inode, (u32)(first >> fs->block_bits),
			      (u32)(last >> fs->block_bits) - 1);
	if (!err && end == size && inode->disk_size < size) {
		/* The pages whose write-back would have extended the size on disk are gone. */
		err = ext4_txn_dirty_inode(&handle, inode);
		if (!err)
			inode->disk_size = size;
	}
	ext4_txn_end(&handle);
	return err;
}

static int grow_to(struct ext4_inode *inode, u64 size)
{
	struct ext4_handle handle;
	int err;

	if (size <= (u64)inode->vfs.size)
		return 0;
	err = ext4_txn_begin(ext4_inode_fs(inode), 1, &handle);
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

/* inode->rwsem is held for writing, and the range is positive and inside the limits of loff_t. */
static int fallocate_locked(struct ext4_inode *inode, int mode, u64 start, u64 end)
{
	struct ext4_fs *fs = ext4_inode_fs(inode);
	u64 reached = 0, end_of_blocks;
	int err;

	if (!S_ISREG(inode->vfs.mode) || !ext4_uses_extents(inode))
		return -EOPNOTSUPP;
	if (mode == (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE))
		return punch(inode, start, end);
	if (mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_ZERO_RANGE))
		return -EOPNOTSUPP;
	if (end > fs->max_extent_size)
		return -EFBIG;
	if (mode & FALLOC_FL_ZERO_RANGE) {
		err = punch(inode, start, end);
		if (err)
			return err;
	}
	/* Dirty pages that are only promised would get a second allocation. */
	err = pagecache_write_and_wait(&inode->vfs.mapping, (loff_t)start, (loff_t)end - 1);
	if (err)
		return err;
	u32 first = (u32)(start >> fs->block_bits);
	end_of_blocks = (u64)ext4_blocks_of(fs, end);
	err = preallocate(inode, first, (u32)end_of_blocks - first, &reached);
	if (!(mode & FALLOC_FL_KEEP_SIZE)) {
		int size_err = grow_to(inode, err ? min(reached, end) : end);

		err = err ? err : size_err;
	}
	inode_touch(&inode->vfs, ATTR_MTIME | ATTR_CTIME);
	return err;
}

int ext4_fallocate(struct file *file, int mode, loff_t offset, loff_t length)
{
	return fallocate_locked(ext4_inode(file->inode), mode, (u64)offset,
				(u64)offset + (u64)length);
}

static int file_open_check(struct inode *inode, struct file *file)
{
	struct ext4_fs *fs = ext4_fs(inode->super);
	u64 limit =
	    ext4_uses_extents(ext4_inode(inode)) ? fs->max_extent_size : fs->max_indirect_size;

	return (u64)inode->size > limit ? -EFBIG : 0;
}

const struct file_ops ext4_file_ops = {
    .read = pagecache_file_read,
    .write = ext4_file_write,
    .mmap = file_mmap_pagecache,
    .open = file_open_check,
    .ioctl = ext4_ioctl,
    .fsync = ext4_fsync,
    .fallocate = ext4_fallocate,
};

const struct inode_ops ext4_file_inode_ops = {
    .setattr = ext4_setattr,
    EXT4_XATTR_OPS,
};

const struct inode_ops ext4_special_inode_ops = {
    .setattr = ext4_setattr,
    EXT4_XATTR_OPS,
};
