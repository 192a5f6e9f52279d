/*
 * Small files in their inodes, written in place (inline.c tells the form).
 *
 * A page of such a file is written like any other: blocks are promised to it. What becomes of it
 * is decided by write-back: if all of the file fits into the inode beside its other attributes, it
 * is copied there in one transaction with the size, and the promise ends; else the file gets a map,
 * and the promised blocks. So a file that is written small is never given a block, and a crash
 * shows the old contents or the new.
 *
 * ext4_inode.may_inline allows this: new files have it, and those that were found inline. It is
 * cleared, once and for all, by whoever needs a map (ext4_inline_convert).
 */
#include "ext4/cluster.h"
#include "ext4/inline_int.h"
#include "ext4/mapping_int.h"
#include "lib/string.h"
#include "mm/kmalloc.h"

/* The attribute without its value: header, entry with the name "data", end of the list. */
#define ENTRY_BYTES (4u + 20u + 4u)

u32 ext4_inline_limit(const struct ext4_inode *inode)
{
	const struct ext4_fs *fs = ext4_inode_fs(inode);
	u32 used = EXT4_INODE_SIZE_OLD + inode->extra_isize + ENTRY_BYTES;

	if (!(fs->incompat & EXT4_INCOMPAT_INLINE_DATA) || used > fs->inode_size)
		return 0;
	return EXT4_INLINE_MAP + round_down(fs->inode_size - used, 4u);
}

bool ext4_inline_fits(const struct ext4_inode *inode, u64 end)
{
	return READ_ONCE(inode->may_inline) && end <= ext4_inline_limit(inode) &&
	       !ext4_journals_data(inode);
}

static bool map_is_empty(struct ext4_inode *inode)
{
	static const struct le32 zeroes[EXT4_INODE_BLOCKS];
	const struct ext4_extent_header *root = (const void *)inode->block_bytes;

	if (ext4_uses_extents(inode))
		return !le16_get(root->eh_entries) && !le16_get(root->eh_depth);
	return memcmp(inode->block, zeroes, sizeof(zeroes)) == 0;
}

int ext4_inline_put(struct ext4_handle *handle, struct ext4_inode *inode, const u8 *contents,
		    u32 length)
{
	u32 more = length > EXT4_INLINE_MAP ? length - EXT4_INLINE_MAP : 0;
	int err = ext4_txn_dirty_inode(handle, inode);

	if (!err)
		err = ext4_xattr_set_locked(handle, inode, &ext4_inline_key,
					    contents + EXT4_INLINE_MAP, more, 0, NULL);
	if (!err)
		ext4_inline_switch_map(inode, contents);
	return err;
}

/* Copies a page into the inode. -ENOSPC: it has no room for so much. */
static int store(struct ext4_inode *inode, const u8 *contents)
{
	struct ext4_fs *fs = ext4_inode_fs(inode);
	struct ext4_handle handle;
	int err = ext4_txn_begin(fs, ext4_xattr_credits(inode, 0) + 2, &handle);

	if (err)
		return err;
	rwsem_write_lock(&inode->xattr_lock);
	u64 size = (u64)inode_size(&inode->vfs);

	if (!ext4_inline_fits(inode, size) || (!ext4_is_inline(inode) && !map_is_empty(inode)))
		err = -ENOSPC;
	if (!err)
		err = ext4_inline_put(&handle, inode, contents, (u32)size);
	if (!err)
		inode->disk_size = size;
	rwsem_write_unlock(&inode->xattr_lock);
	ext4_txn_end(&handle);
	return err;
}

static void end_promises(struct ext4_inode *inode, struct page *page)
{
	unsigned long state = ext4_page_state_get(page);

	for (u32 i = 0; i < ext4_blocks_per_page(ext4_inode_fs(inode)); i++) {
		ext4_page_state_change(page, 0, EXT4_PAGE_DELAYED(i) | EXT4_PAGE_DIRTY(i));
		if (state & EXT4_PAGE_DELAYED(i))
			ext4_promise_end(inode, i);
	}
}

static int write_locked(struct ext4_inode *inode, struct page *page)
{
	page_wait_writeback(page);
	if (page->mapping != &inode->vfs.mapping || !page_flag_test(page, PG_DIRTY) ||
	    !pagecache_start_writeback(page))
		return 0;
	ext4_page_zero_end(page);
	int err = store(inode, page_address(page));

	if (!err)
		end_promises(inode, page);
	bool later = err == -ENOSPC || err == -ENOMEM;

	if (later)
		pagecache_dirty(page);
	pagecache_end_writeback(page, later ? 0 : err);
	return err;
}

int ext4_inline_write(struct ext4_inode *inode, struct writeback_control *wbc, bool *done)
{
	struct page *page;
	int err;

	*done = false;
	if (likely(!READ_ONCE(inode->may_inline)))
		return 0;
	if (!ext4_inline_fits(inode, (u64)inode_size(&inode->vfs)))
		return ext4_inline_convert(inode, EXT4_INLINE_PROMISED);
	*done = true;
	page = wbc->first ? NULL : pagecache_find(&inode->vfs.mapping, 0);
	if (!page)
		return 0;
	if (wbc->sync) {
		page_lock(page);
	} else if (!page_trylock(page)) {
		page_put(page);
		return 0;
	}
	err = write_locked(inode, page);
	page_unlock(page);
	page_put(page);
	if (!err)
		wbc->written++;
	if (err != -ENOSPC)
		return err;
	*done = false;
	return ext4_inline_convert(inode, EXT4_INLINE_PROMISED);
}

/* ---- the size ---- */

/* What is behind the end is zero, in memory, too. */
static void zero_page(struct ext4_inode *inode, u64 size)
{
	struct page *page = pagecache_find(&inode->vfs.mapping, 0);

	if (!page)
		return;
	page_lock(page);
	page_wait_writeback(page);
	if (page->mapping == &inode->vfs.mapping && page_flag_test(page, PG_UPTODATE))
		memset((u8 *)page_address(page) + size, 0, PAGE_SIZE - size);
	page_unlock(page);
	page_put(page);
}

/* xattr_lock is held. */
static int resize(struct ext4_handle *handle, struct ext4_inode *inode, u8 *contents, u64 size)
{
	struct ext4_fs *fs = handle->fs;
	u32 length, kept = (u32)min(size, inode->disk_size);
	int err = ext4_inline_read_all(inode, contents, &length);

	if (err)
		return err;
	memset(contents + kept, 0, fs->block_size - kept);
	err = ext4_inline_put(handle, inode, contents, (u32)size);
	if (err)
		return err;
	if (!size && inode->vfs.size && !(fs->options.flags & EXT4_OPT_NO_AUTO_DA_ALLOC))
		atomic_store(&inode->flush_on_close, true);
	inode_size_set(&inode->vfs, (loff_t)size);
	inode->disk_size = size;
	return 0;
}

int ext4_inline_resize(struct ext4_inode *inode, u64 size, bool *done)
{
	struct ext4_fs *fs = ext4_inode_fs(inode);
	struct ext4_handle handle;
	u8 *contents;
	int err;

	*done = false;
	if (!ext4_is_inline(inode) || !ext4_inline_fits(inode, size))
		return 0;
	contents = kmalloc(fs->block_size, MM_NOFS | MM_ZERO);
	if (!contents)
		return -ENOMEM;
	zero_page(inode, min(size, (u64)inode->vfs.size));
	err = ext4_txn_begin(fs, ext4_xattr_credits(inode, 0) + 2, &handle);
	if (!err) {
		rwsem_write_lock(&inode->xattr_lock);
		err = ext4_is_inline(inode) ? resize(&handle, inode, contents, size) : -ENOSPC;
		rwsem_write_unlock(&inode->xattr_lock);
		ext4_txn_end(&handle);
	}
	kfree(contents);
	*done = !err;
	if (!err) {
		pagecache_truncate(&inode->vfs.mapping, (loff_t)size);
		ext4_page_forget_tail(&inode->vfs, size);
	}
	return err == -ENOSPC ? 0 : err;
}
