/*
 * fallocate: preallocation, holes, and moving a file's blocks.
 *
 * All run with inode->rwsem held for writing. What changes the map under pages that may be cached
 * (everything but preallocation) also holds mapping.invalidate for writing from before the pages
 * are dropped until the map has changed, so that neither a read nor a fault brings back a page
 * whose blocks are about to be somebody else's.
 *
 * Parts of blocks are zeroed in the page cache, before.
 */
#include "ext4/ext4_int.h"
#include "lib/string.h"
#include "vfs/file.h"

#include <linux/falloc.h>

/* A range of bytes and the whole blocks inside it. */
struct range {
	u64 start, end;
	u64 first, last; /* bytes, at boundaries of blocks; first >= last: no whole block */
};

/* ---- parts of blocks ---- */

/* One look at the block: -EAGAIN when its page left the cache meanwhile. */
static int zero_once(struct ext4_inode *inode, u64 from, u64 to)
{
	struct page_mapping *mapping = &inode->vfs.mapping;
	u32 logical = (u32)(from >> ext4_inode_fs(inode)->block_bits);
	u32 start = (u32)(from % PAGE_SIZE), end = start + (u32)(to - from);
	struct ext4_map map;
	struct page *page;
	int err = ext4_map_find(inode, logical, 1, &map);

	if (err)
		return err;
	if (map.physical && !map.unwritten) {
		err = pagecache_read_page(mapping, from >> PAGE_SHIFT, &page);
		if (err)
			return err;
	} else {
		page = pagecache_find(mapping, from >> PAGE_SHIFT);
		if (!page) /* nothing but zeroes */
			return 0;
	}
	page_lock(page);
	page_wait_writeback(page);
	if (page->mapping != mapping)
		err = -EAGAIN;
	else
		err = ext4_map_find(inode, logical, 1, &map);
	/* Where the disk has zeroes, and will have, memory is enough. */
	bool on_disk = (map.physical && !map.unwritten) || page_flag_test(page, PG_DIRTY);

	if (!err && on_disk)
		err = ext4_mapping_ops.write_begin(mapping, page, start, end);
	if (!err && (on_disk || page_flag_test(page, PG_UPTODATE))) {
		memset((u8 *)page_address(page) + start, 0, end - start);
		if (on_disk)
			ext4_page_changed(inode, page);
	}
	page_unlock(page);
	page_put(page);
	return err;
}

int ext4_zero_partial(struct ext4_inode *inode, u64 from, u64 to)
{
	int err = -EAGAIN;

	if (from >= to ||
	    from >= round_up((u64)inode_size(&inode->vfs), ext4_inode_fs(inode)->block_size))
		return 0;
	while (err == -EAGAIN)
		err = zero_once(inode, from, to);
	return err;
}

static int zero_ends(struct ext4_inode *inode, const struct range *range)
{
	int err;

	if (range->first > range->last) /* inside one block */
		return ext4_zero_partial(inode, range->start, range->end);
	err = ext4_zero_partial(inode, range->start, min(range->first, range->end));
	return err ? err : ext4_zero_partial(inode, max(range->last, range->start), range->end);
}

/* ---- allocating ---- */

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

static int allocate(struct ext4_inode *inode, int mode, const struct range *range)
{
	struct ext4_fs *fs = ext4_inode_fs(inode);
	u32 first = (u32)(range->start >> fs->block_bits);
	u64 reached = 0;
	int err;

	/* Dirty pages that are only promised would get a second allocation. */
	err = pagecache_write_and_wait(&inode->vfs.mapping, (loff_t)range->start,
				       (loff_t)range->end - 1);
	if (err)
		return err;
	err = preallocate(inode, first, ext4_blocks_of(fs, range->end) - first, &reached);
	u64 size = err ? min(reached, range->end) : range->end;

	if (!(mode & FALLOC_FL_KEEP_SIZE) && size > (u64)inode->vfs.size) {
		int size_err = ext4_zero_partial(inode, (u64)inode->vfs.size,
						 round_up((u64)inode->vfs.size, fs->block_size));
		if (!size_err)
			size_err = ext4_size_record(inode, size);
		err = err ? err : size_err;
	}
	return err;
}

/* ---- holes ---- */

/* What was in the whole blocks is forgotten in memory; mapping.invalidate is held. */
static void drop_pages(struct ext4_inode *inode, const struct range *range)
{
	pagecache_punch(&inode->vfs.mapping, (loff_t)range->first, (loff_t)range->last);
	ext4_page_forget_range(&inode->vfs, range->first, range->last);
}

static int remove_blocks(struct ext4_inode *inode, const struct range *range)
{
	struct ext4_fs *fs = ext4_inode_fs(inode);
	u64 size = (u64)inode_size(&inode->vfs);
	struct ext4_handle handle;
	int err = ext4_txn_begin(fs, ext4_map_credits(inode) + 4, &handle);

	if (err)
		return err;
	err = ext4_map_remove(&handle, inode, (u32)(range->first >> fs->block_bits),
			      (u32)(range->last >> fs->block_bits) - 1);
	if (!err && range->last >= size && inode->disk_size < size) {
		/* The pages whose write-back would have extended the size on disk are gone. */
		err = ext4_txn_dirty_inode(&handle, inode);
		if (!err)
			inode->disk_size = size;
	}
	ext4_txn_end(&handle);
	return err;
}

static int punch(struct ext4_inode *inode, const struct range *range)
{
	struct page_mapping *mapping = &inode->vfs.mapping;
	int err = zero_ends(inode, range);

	if (err || range->first >= range->last)
		return err;
	rwsem_write_lock(&mapping->invalidate);
	drop_pages(inode, range);
	err = remove_blocks(inode, range);
	rwsem_write_unlock(&mapping->invalidate);
	return err;
}

/* Blocks that are there become unwritten: they read as zeroes and stay allocated. */
static int unwrite(struct ext4_inode *inode, const struct range *range)
{
	struct ext4_fs *fs = ext4_inode_fs(inode);
	u32 at = (u32)(range->first >> fs->block_bits), end = (u32)(range->last >> fs->block_bits);
	int err = 0;

	while (at < end && !err) {
		struct ext4_handle handle;
		u32 done = 0;

		err = ext4_txn_begin(fs, ext4_map_credits(inode), &handle);
		if (err)
			break;
		err = ext4_map_unwrite(&handle, inode, at, end - at, &done);
		ext4_txn_end(&handle);
		at += done;
		thread_yield_point();
	}
	return err;
}

static int zero_range(struct ext4_inode *inode, int mode, const struct range *range)
{
	struct page_mapping *mapping = &inode->vfs.mapping;
	int err = zero_ends(inode, range);

	if (!err && range->first < range->last) {
		rwsem_write_lock(&mapping->invalidate);
		drop_pages(inode, range);
		err = unwrite(inode, range);
		rwsem_write_unlock(&mapping->invalidate);
	}
	return err ? err : allocate(inode, mode, range);
}

/* ---- moving ---- */

/* Everything from `start` on is on disk and out of memory; mapping.invalidate is held. */
static int drop_from(struct ext4_inode *inode, u64 start)
{
	struct page_mapping *mapping = &inode->vfs.mapping;
	loff_t from = (loff_t)round_down(start, PAGE_SIZE);
	int err = pagecache_write_and_wait(mapping, from, S64_MAX);

	if (!err)
		pagecache_truncate(mapping, from);
	return err;
}

static int collapse(struct ext4_inode *inode, const struct range *range)
{
	struct ext4_fs *fs = ext4_inode_fs(inode);
	u32 first = (u32)(range->start >> fs->block_bits);
	u32 n = (u32)((range->end - range->start) >> fs->block_bits);
	int err = drop_from(inode, range->start);

	if (!err)
		err = remove_blocks(inode, range);
	if (!err)
		err = ext4_map_shift_left(inode, first + n, n);
	if (!err)
		err = ext4_size_record(inode, (u64)inode->vfs.size - (range->end - range->start));
	return err;
}

static int insert(struct ext4_inode *inode, const struct range *range)
{
	struct ext4_fs *fs = ext4_inode_fs(inode);
	u32 first = (u32)(range->start >> fs->block_bits);
	u32 n = (u32)((range->end - range->start) >> fs->block_bits);
	int err = drop_from(inode, range->start);

	if (!err)
		err = ext4_size_record(inode, (u64)inode->vfs.size + (range->end - range->start));
	if (!err)
		err = ext4_map_shift_right(inode, first, n);
	return err;
}

static int move(struct ext4_inode *inode, int mode, const struct range *range)
{
	struct ext4_fs *fs = ext4_inode_fs(inode);
	struct page_mapping *mapping = &inode->vfs.mapping;
	u64 size = (u64)inode->vfs.size, length = range->end - range->start;
	u64 unit = (u64)fs->block_size << fs->cluster_bits;
	bool inserts = mode & FALLOC_FL_INSERT_RANGE;
	int err;

	if (!ext4_uses_extents(inode))
		return -EOPNOTSUPP;
	if (!is_aligned(range->start, unit) || !is_aligned(range->end, unit))
		return -EINVAL;
	if (inserts && length > fs->max_extent_size - min(size, fs->max_extent_size))
		return -EFBIG;
	if (inserts ? range->start >= size : range->end >= size)
		return -EINVAL;
	rwsem_write_lock(&mapping->invalidate);
	err = inserts ? insert(inode, range) : collapse(inode, range);
	rwsem_write_unlock(&mapping->invalidate);
	return err;
}

/* ---- all of them ---- */

int ext4_fallocate(struct file *file, int mode, loff_t offset, loff_t length)
{
	struct ext4_inode *inode = ext4_inode(file->inode);
	struct ext4_fs *fs = ext4_inode_fs(inode);
	u64 size = (u64)inode_size(&inode->vfs);
	struct range range = {.start = (u64)offset, .end = (u64)offset + (u64)length};
	int err;

	if (mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE |
		     FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_INSERT_RANGE))
		return -EOPNOTSUPP;
	err = ext4_inline_convert(inode, 0);
	if (err)
		return err;
	if (mode & FALLOC_FL_PUNCH_HOLE) {
		if (range.start >= size)
			return 0;
		range.end = min(range.end, size);
	} else if (!ext4_uses_extents(inode)) {
		return -EOPNOTSUPP;
	} else if (range.end > fs->max_extent_size) {
		return -EFBIG;
	}
	range.first = round_up(range.start, fs->block_size);
	range.last = round_down(range.end, fs->block_size);
	if ((mode & FALLOC_FL_PUNCH_HOLE) && range.end == size)
		range.last = round_up(size, fs->block_size);
	if (mode & FALLOC_FL_PUNCH_HOLE)
		err = punch(inode, &range);
	else if (mode & FALLOC_FL_ZERO_RANGE)
		err = zero_range(inode, mode, &range);
	else if (mode & (FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_INSERT_RANGE))
		err = move(inode, mode, &range);
	else
		err = allocate(inode, mode, &range);
	if (!err)
		inode_touch(&inode->vfs, ATTR_MTIME | ATTR_CTIME);
	return err;
}
