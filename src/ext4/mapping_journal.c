/*
 * File data in the journal: data=journal, and files with the attribute j.
 *
 * What write() changes is copied from its page into buffers of the running transaction at once,
 * under the page's lock, with the blocks' allocation and the size of the file: so the page is
 * clean again, and after a crash each such write is there if everything before it is. Only pages
 * that were changed through mappings are copied later, by write-back (and by fsync).
 *
 * From then on the buffer is what counts: it goes to the log, and to its place at a checkpoint. A
 * page that is read meanwhile is filled from it, not from the disk. Blocks that are freed are
 * revoked like metadata, and their buffers forgotten. Whenever the data of a file stops being
 * journalled, all that the log holds is put in place before.
 *
 * Delayed allocation is so reduced to the moments between write_begin() and write_end(). O_DIRECT
 * means a write through the page cache that is synced (vfs/readwrite.c), in any mode.
 */
#include "ext4/cluster.h"
#include "ext4/mapping_int.h"
#include "ext4/journal.h"
#include "lib/string.h"

bool ext4_journals_data(const struct ext4_inode *inode)
{
	const struct ext4_fs *fs = ext4_inode_fs(inode);

	return fs->journal && S_ISREG(inode->vfs.mode) &&
	       ((fs->options.flags & EXT4_OPT_DATA_JOURNAL) ||
		(READ_ONCE(inode->flags) & EXT4_JOURNAL_DATA_FL));
}

static int copy_block(struct ext4_handle *handle, struct page *page, u32 index, u64 block)
{
	struct ext4_fs *fs = handle->fs;
	struct buffer *buffer;
	int err = ext4_insist(ext4_txn_create(handle, block, &buffer));

	if (err) {
		/* The file has the block already, with what was in it before. */
		ext4_journal_abort(fs, err);
		return -EIO;
	}
	memcpy(buffer->data, (u8 *)page_address(page) + (index << fs->block_bits), fs->block_size);
	ext4_txn_dirty(handle, buffer, EXT4_CSUM_NONE, NULL);
	buffer_put(buffer);
	return 0;
}

/* Where block i of the page goes. The run that is allocated ends with what this handle copies: what
 * it makes visible must have its contents in the same transaction. */
static int place_block(struct ext4_handle *handle, struct ext4_inode *inode, struct page *page,
		       u32 i, u32 end, struct ext4_map *map)
{
	struct ext4_fs *fs = handle->fs;
	u32 n = 1, first = ext4_page_first_block(fs, page);
	unsigned long state = ext4_page_state_get(page);

	while (i + n < ext4_blocks_per_page(fs) && first + i + n < end &&
	       (state & EXT4_PAGE_DIRTY(i + n)))
		n++;
	if (state & EXT4_PAGE_MAPPED(i)) {
		int err = ext4_map_find(inode, first + i, n, map);

		if (err || (map->physical && !map->unwritten))
			return err;
	}
	struct ext4_map_request request = {
	    .logical = first + i, .length = n, .alloc_flags = EXT4_ALLOC_RESERVED, .convert = true};

	return ext4_map_create(handle, inode, &request, map);
}

static int copy_blocks(struct ext4_handle *handle, struct ext4_inode *inode, struct page *page,
		       u32 end, bool keep)
{
	struct ext4_fs *fs = handle->fs;
	u32 first = ext4_page_first_block(fs, page);
	struct ext4_map map = {0};

	for (u32 i = 0; i < ext4_blocks_per_page(fs) && first + i < end; i++) {
		unsigned long state = ext4_page_state_get(page);
		int err = 0;

		if (!(state & EXT4_PAGE_DIRTY(i)))
			continue;
		if (!map.length || first + i - map.logical >= map.length)
			err = place_block(handle, inode, page, i, end, &map);
		if (!err)
			err = copy_block(handle, page, i, map.physical + (first + i - map.logical));
		if (err)
			return err;
		ext4_page_state_change(page, EXT4_PAGE_MAPPED(i),
				       EXT4_PAGE_DELAYED(i) | (keep ? 0 : EXT4_PAGE_DIRTY(i)));
		if (state & EXT4_PAGE_DELAYED(i))
			ext4_promise_end(inode, first + i);
	}
	return 0;
}

static int extend_disk_size(struct ext4_handle *handle, struct ext4_inode *inode, u64 size)
{
	if (inode->disk_size >= size)
		return 0;
	int err = ext4_txn_dirty_inode(handle, inode);

	if (!err && inode->disk_size < size)
		inode->disk_size = size;
	return err;
}

static int journal_once(struct ext4_inode *inode, struct page *page, bool keep)
{
	struct ext4_fs *fs = ext4_inode_fs(inode);
	u64 size = (u64)inode_size(&inode->vfs), page_end = (page->index + 1) << PAGE_SHIFT;
	struct ext4_handle handle;
	u32 n = ext4_blocks_per_page(fs);
	int err = ext4_txn_begin(fs, n * (ext4_map_credits(inode) + 1) + 1, &handle);

	if (err)
		return err;
	err = copy_blocks(&handle, inode, page, ext4_blocks_of(fs, size), keep);
	if (!err)
		err = extend_disk_size(&handle, inode, min(size, page_end));
	atomic_store(&inode->sync_tid, ext4_txn_tid(fs));
	atomic_store(&inode->datasync_tid, ext4_txn_tid(fs));
	ext4_txn_end(&handle);
	return err;
}

int ext4_page_journal(struct ext4_inode *inode, struct page *page, bool keep)
{
	struct ext4_fs *fs = ext4_inode_fs(inode);

	ext4_page_zero_end(page);
	int err = journal_once(inode, page, keep);

	/* What was promised is there, but a transaction holds it back. */
	if (err == -ENOSPC && atomic_load(&fs->busy_clusters)) {
		err = ext4_txn_release(fs);
		if (!err)
			err = journal_once(inode, page, keep);
	}
	return err;
}

void ext4_page_changed(struct ext4_inode *inode, struct page *page)
{
	bool dirty = page_flag_test(page, PG_DIRTY);

	if (ext4_journals_data(inode)) {
		page_wait_writeback(page); /* from before its data was journalled */
		if (!ext4_page_journal(inode, page, dirty))
			return;
	}
	pagecache_dirty(page);
}

bool ext4_page_from_journal(struct ext4_fs *fs, struct page *page, u32 index, u64 block)
{
	const unsigned long newer = BIT(BUFFER_DIRTY) | BIT(BUFFER_PRIVATE_DIRTY) | BIT(BUFFER_IO) |
				    BIT(BUFFER_WRITE_ERROR);
	struct buffer *buffer = buffer_lookup(fs->bdev, block);
	unsigned long flags = buffer ? atomic_load(&buffer->flags) : 0;
	bool found = (flags & BIT(BUFFER_VALID)) && (flags & newer);

	if (found)
		memcpy((u8 *)page_address(page) + (index << fs->block_bits), buffer->data,
		       fs->block_size);
	buffer_put(buffer);
	return found;
}

int ext4_journal_data_stop(struct ext4_inode *inode)
{
	struct ext4_fs *fs = ext4_inode_fs(inode);
	int err = pagecache_write_and_wait(&inode->vfs.mapping, 0, S64_MAX);

	if (!err && fs->journal)
		err = ext4_journal_put_in_place(fs->journal);
	return err;
}
