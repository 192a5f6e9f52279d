/*
 * File data: the page cache's operations.
 *
 * Reading maps the wanted pages run by run and sends a request per run; holes and unwritten extents
 * are zeroes. Writing is delayed: write_begin() only makes sure that there will be room (a promise
 * of room, promise.c), and write-back maps as much in a row as is dirty, so that a
 * file is laid out in runs as long as it was written. The new extents become visible on disk only
 * after their data: see "ordered" in txn.h. That is why unwritten extents can be marked as written
 * when their data is submitted: the mark is not on disk before the data is.
 *
 * page->fsdata is a word of bits, one of each kind per block of the page: DELAYED (room was
 * promised), DIRTY (must be written), MAPPED (is on disk and written, so nobody needs to look). Its
 * upper half counts requests in flight. Bits change under the page's lock, the count also at
 * completion.
 *
 * Data that is journalled takes another way: mapping_journal.c.
 */
#include "ext4/cluster.h"
#include "ext4/mapping_int.h"
#include "lib/assert.h"
#include "lib/string.h"

#define BATCH           256u /* pages written in one go */
#define BIO_SEGMENTS    64u
#define MAPS_PER_HANDLE 4u

/* ---- completion; interrupt context ---- */

void ext4_page_zero_end(struct page *page)
{
	u64 size = (u64)inode_size(page->mapping->inode), start = page->index << PAGE_SHIFT;

	if (size < start + PAGE_SIZE) {
		u32 from = size > start ? (u32)(size - start) : 0;

		memset((u8 *)page_address(page) + from, 0, PAGE_SIZE - from);
	}
}

static bool drop_pending(struct page *page, int status, bool *failed)
{
	if (status)
		atomic_fetch_or(ext4_page_state(page), EXT4_PAGE_FAILED);
	unsigned long now = atomic_sub_fetch(ext4_page_state(page), EXT4_PAGE_PENDING_ONE);

	*failed = now & EXT4_PAGE_FAILED;
	return now >> EXT4_PAGE_PENDING_SHIFT == 0;
}

static void read_done(struct page *page, int status)
{
	bool failed;

	if (!drop_pending(page, status, &failed))
		return;
	if (failed) {
		page_flag_set(page, PG_ERROR);
	} else {
		ext4_page_zero_end(page);
		page_flag_set(page, PG_UPTODATE);
	}
	page_unlock(page);
}

static void read_end_io(struct bio *bio)
{
	for (u32 i = 0; i < bio->segment_count; i++)
		read_done(bio->segments[i].page, bio->status);
	bio_free(bio);
}

static void write_done(struct page *page, int status)
{
	bool failed;

	if (drop_pending(page, status, &failed))
		pagecache_end_writeback(page, !failed ? 0 : status ? status : -EIO);
}

static void write_end_io(struct bio *bio)
{
	for (u32 i = 0; i < bio->segment_count; i++)
		write_done(bio->segments[i].page, bio->status);
	bio_free(bio);
}

static void write_end_io_ordered(struct bio *bio)
{
	struct ext4_ordered *ordered = bio->private;

	write_end_io(bio);
	ext4_txn_ordered_end(ordered);
}

/* ---- collecting requests ---- */

struct collector {
	struct ext4_fs *fs;
	enum bio_op op;
	bool ordered;
	struct ext4_handle *handle; /* open whenever `ordered` */
	struct bio *bio;
	u64 next_block; /* where bio ends */
	u32 room;       /* segments that may still be wanted */
};

static void collector_send(struct collector *collector)
{
	struct bio *bio = collector->bio;

	collector->bio = NULL;
	if (!bio)
		return;
	if (collector->op == BIO_READ) {
		bio->end_io = read_end_io;
	} else if (collector->ordered && !(collector->fs->options.flags & EXT4_OPT_WRITEBACK)) {
		bio->end_io = write_end_io_ordered;
		bio->private = ext4_txn_ordered_begin(collector->handle);
	} else {
		bio->end_io = write_end_io;
	}
	bio_submit(bio);
}

/* One block of a page, at a block of the volume. -ENOMEM */
static int collector_add(struct collector *collector, struct page *page, u32 index, u64 block)
{
	struct ext4_fs *fs = collector->fs;
	u32 offset = index << fs->block_bits;

	for (;;) {
		struct bio *bio = collector->bio;

		if (!bio) {
			u32 segments = min(max(collector->room, 1), BIO_SEGMENTS);

			bio =
			    bio_alloc(fs->bdev, collector->op,
				      block << (fs->block_bits - SECTOR_SHIFT), segments, MM_NOFS);
			if (!bio)
				return -ENOMEM;
			collector->bio = bio;
			collector->next_block = block;
		}
		if (collector->next_block == block) {
			struct bio_segment *last =
			    bio->segment_count ? &bio->segments[bio->segment_count - 1] : NULL;
			bool extends =
			    last && last->page == page && last->offset + last->length == offset;

			if (bio_add_page(bio, page, offset, fs->block_size)) {
				/* each segment ends the page's count once */
				if (!extends || bio->segment_count == 0 ||
				    &bio->segments[bio->segment_count - 1] != last)
					atomic_fetch_add(ext4_page_state(page),
							 EXT4_PAGE_PENDING_ONE);
				collector->next_block = block + 1;
				if (collector->room)
					collector->room--;
				return 0;
			}
		}
		VERIFY(bio->segment_count > 0);
		collector_send(collector);
	}
}

/* ---- reading ---- */

/* A page of a file whose contents lie in its inode. -ENODATA if they no longer do. */
static int read_inline(struct ext4_inode *inode, struct page *page)
{
	memset(page_address(page), 0, PAGE_SIZE);
	return page->index ? 0 : ext4_inline_read(inode, page_address(page));
}

/* Starts what a locked page needs. The caller holds one EXT4_PAGE_PENDING_ONE on it. */
static int read_page(struct collector *collector, struct ext4_inode *inode, struct page *page,
		     struct ext4_map *map)
{
	struct ext4_fs *fs = collector->fs;
	u32 first = ext4_page_first_block(fs, page), n = ext4_blocks_per_page(fs);
	u32 end = ext4_blocks_of(fs, (u64)inode_size(&inode->vfs));

	if (ext4_is_inline(inode)) {
		int err = read_inline(inode, page);

		if (err != -ENODATA)
			return err;
	}
	for (u32 i = 0; i < n; i++) {
		u32 logical = first + i;
		int err = 0;

		if (logical >= end) {
			memset((u8 *)page_address(page) + (i << fs->block_bits), 0, fs->block_size);
			continue;
		}
		if (!map->length || logical < map->logical ||
		    logical - map->logical >= map->length) {
			err = ext4_map_find(inode, logical, end - logical, map);
			if (err) {
				map->length = 0;
				return err;
			}
		}
		if (!map->physical || map->unwritten) {
			memset((u8 *)page_address(page) + (i << fs->block_bits), 0, fs->block_size);
			continue;
		}
		u64 block = map->physical + (logical - map->logical);

		if (!ext4_journals_data(inode) || !ext4_page_from_journal(fs, page, i, block))
			err = collector_add(collector, page, i, block);
		if (err)
			return err;
		ext4_page_state_change(page, EXT4_PAGE_MAPPED(i), 0);
	}
	return 0;
}

static void ext4_read(struct page_mapping *mapping, struct page **pages, unsigned int n)
{
	struct ext4_inode *inode = ext4_inode(mapping->inode);
	struct collector collector = {.fs = ext4_inode_fs(inode), .op = BIO_READ};
	struct ext4_map map = {0};

	for (unsigned int i = 0; i < n; i++) {
		collector.room = (n - i) * ext4_blocks_per_page(collector.fs);
		ext4_page_state_change(pages[i], 0, EXT4_PAGE_FAILED);
		atomic_fetch_add(ext4_page_state(pages[i]), EXT4_PAGE_PENDING_ONE);
		int err = read_page(&collector, inode, pages[i], &map);
		if (err)
			collector_send(&collector); /* nothing may wait for us meanwhile */
		read_done(pages[i], err);
	}
	collector_send(&collector);
}

/* Fills a locked page that is not up to date, and keeps it locked. */
static int read_locked(struct page_mapping *mapping, struct page *page)
{
	struct ext4_inode *inode = ext4_inode(mapping->inode);
	struct ext4_fs *fs = ext4_inode_fs(inode);
	u32 first = ext4_page_first_block(fs, page);

	if (ext4_is_inline(inode)) {
		int err = read_inline(inode, page);

		if (!err) {
			ext4_page_zero_end(page);
			page_flag_set(page, PG_UPTODATE);
		}
		if (err != -ENODATA)
			return err;
	}
	for (u32 i = 0; i < ext4_blocks_per_page(fs); i++) {
		u8 *at = (u8 *)page_address(page) + (i << fs->block_bits);
		u64 start = (u64)(first + i) << fs->block_bits;
		struct ext4_map map = {0};
		int err = 0;

		if (start < (u64)inode_size(mapping->inode))
			err = ext4_map_find(inode, first + i, 1, &map);
		if (err)
			return err;
		if (!map.physical || map.unwritten) {
			memset(at, 0, fs->block_size);
			continue;
		}
		if (ext4_journals_data(inode) &&
		    ext4_page_from_journal(fs, page, i, map.physical)) {
			ext4_page_state_change(page, EXT4_PAGE_MAPPED(i), 0);
			continue;
		}
		struct bio *bio =
		    bio_alloc(fs->bdev, BIO_READ, map.physical << (fs->block_bits - SECTOR_SHIFT),
			      1, MM_NOFS);
		if (!bio)
			return -ENOMEM;
		VERIFY(bio_add_page(bio, page, i << fs->block_bits, fs->block_size));
		err = bio_submit_wait(bio);
		bio_free(bio);
		if (err)
			return -EIO;
		ext4_page_state_change(page, EXT4_PAGE_MAPPED(i), 0);
	}
	ext4_page_zero_end(page);
	page_flag_set(page, PG_UPTODATE);
	return 0;
}

/* ---- writing, to memory ---- */

/* Makes sure that block i of a locked page can be written, and marks it dirty. */
static int prepare_block(struct ext4_inode *inode, struct page *page, u32 i)
{
	struct ext4_fs *fs = ext4_inode_fs(inode);
	unsigned long state = ext4_page_state_get(page);

	if (!(state & (EXT4_PAGE_MAPPED(i) | EXT4_PAGE_DELAYED(i)))) {
		u32 logical = ext4_page_first_block(fs, page) + i;
		struct ext4_map map;
		int err = ext4_map_find(inode, logical, U32_MAX - logical, &map);

		if (err)
			return err;
		if (!map.physical) {
			err = ext4_promise_make(inode, logical);
			if (err)
				return err;
			ext4_page_state_change(page, EXT4_PAGE_DELAYED(i), 0);
		} else if (!map.unwritten) {
			ext4_page_state_change(page, EXT4_PAGE_MAPPED(i), 0);
		}
	}
	ext4_page_state_change(page, EXT4_PAGE_DIRTY(i), 0);
	return 0;
}

static bool inside_limit(const struct ext4_inode *inode, u64 end)
{
	const struct ext4_fs *fs = ext4_inode_fs(inode);

	return end <= (ext4_uses_extents(inode) ? fs->max_extent_size : fs->max_indirect_size);
}

static int ext4_write_begin(struct page_mapping *mapping, struct page *page, u32 from, u32 to)
{
	struct ext4_inode *inode = ext4_inode(mapping->inode);
	struct ext4_fs *fs = ext4_inode_fs(inode);
	bool whole = from == 0 && to == PAGE_SIZE;
	int err;

	if (!inside_limit(inode, (page->index << PAGE_SHIFT) + to))
		return -EFBIG;
	if (atomic_load(&fs->aborted))
		return -EROFS;
	if (!ext4_inline_fits(inode, (page->index << PAGE_SHIFT) + to)) {
		err = ext4_inline_convert(inode, 0);
		if (err)
			return err;
	}
	if (!whole && !page_flag_test(page, PG_UPTODATE)) {
		err = read_locked(mapping, page);
		if (err)
			return err;
	}
	for (u32 i = from >> fs->block_bits; i <= (to - 1) >> fs->block_bits; i++) {
		err = prepare_block(inode, page, i);
		if (err) /* blocks before it keep their promises: they are only zeroes more */
			return err;
	}
	return 0;
}

static int ext4_write_end(struct page_mapping *mapping, struct page *page, u32 from, u32 copied)
{
	u64 end = (page->index << PAGE_SHIFT) + from + copied;

	if (!copied) {
		/* What begin promised is kept for the retry, or given back when the page goes; but
		 * a page that holds nothing must not be written. */
		if (!page_flag_test(page, PG_UPTODATE))
			ext4_page_state_change(page, 0,
					       EXT4_PAGE_DIRTY(0) | EXT4_PAGE_DIRTY(1) |
						   EXT4_PAGE_DIRTY(2) | EXT4_PAGE_DIRTY(3));
		return 0;
	}
	page_flag_set(page, PG_UPTODATE);
	if ((u64)inode_size(mapping->inode) < end)
		inode_size_set(mapping->inode, (loff_t)end);
	ext4_page_changed(ext4_inode(mapping->inode), page);
	return 0;
}

static int ext4_page_mkwrite(struct page_mapping *mapping, struct page *page)
{
	struct ext4_inode *inode = ext4_inode(mapping->inode);
	struct ext4_fs *fs = ext4_inode_fs(inode);
	u64 size = (u64)inode_size(mapping->inode), start = page->index << PAGE_SHIFT;

	if (atomic_load(&fs->aborted))
		return -EROFS;
	if (mapping->inode->flags & INODE_IMMUTABLE)
		return -EPERM;
	if (!ext4_inline_fits(inode, size)) {
		int err = ext4_inline_convert(inode, 0);

		if (err)
			return err;
	}
	for (u32 i = 0; i < ext4_blocks_per_page(fs); i++) {
		if (start + ((u64)i << fs->block_bits) >= size)
			break;
		int err = prepare_block(inode, page, i);
		if (err)
			return err;
	}
	return 0;
}

static void ext4_release(struct page_mapping *mapping, struct page *page)
{
	struct ext4_inode *inode = ext4_inode(mapping->inode);
	u32 first = ext4_page_first_block(ext4_inode_fs(inode), page);
	unsigned long state = ext4_page_state_get(page);

	ASSERT(state >> EXT4_PAGE_PENDING_SHIFT == 0);
	for (u32 i = 0; i < EXT4_PAGE_BLOCKS; i++)
		if (state & EXT4_PAGE_DELAYED(i))
			ext4_promise_end(inode, first + i);
	page->fsdata = NULL;
	page_flag_clear(page, PG_FSDATA);
}

void ext4_page_forget_range(struct inode *vfs, u64 start, u64 end)
{
	struct ext4_inode *inode = ext4_inode(vfs);
	struct ext4_fs *fs = ext4_inode_fs(inode);
	u64 ends[2] = {start >> PAGE_SHIFT, (end - 1) >> PAGE_SHIFT};

	for (u32 k = 0; k < (ends[0] == ends[1] ? 1 : 2); k++) {
		struct page *page = pagecache_find(&vfs->mapping, ends[k]);

		if (!page)
			continue;
		page_lock(page);
		page_wait_writeback(page);
		for (u32 i = 0; page->mapping == &vfs->mapping && i < ext4_blocks_per_page(fs);
		     i++) {
			u64 at = (page->index << PAGE_SHIFT) + ((u64)i << fs->block_bits);
			unsigned long bits =
			    EXT4_PAGE_DELAYED(i) | EXT4_PAGE_DIRTY(i) | EXT4_PAGE_MAPPED(i);

			if (at < start || at + fs->block_size > end)
				continue;
			unsigned long state = ext4_page_state_get(page);
			if (!(state & bits))
				continue;
			ext4_page_state_change(page, 0, bits);
			if (state & EXT4_PAGE_DELAYED(i))
				ext4_promise_end(inode, ext4_page_first_block(fs, page) + i);
		}
		page_unlock(page);
		page_put(page);
	}
}

void ext4_page_forget_tail(struct inode *vfs, u64 size)
{
	if (!is_aligned(size, PAGE_SIZE))
		ext4_page_forget_range(vfs, size, round_up(size, PAGE_SIZE));
}

bool ext4_page_find_dirty(struct inode *vfs, u32 from, u32 to, bool promised, u32 *first,
			  u32 *count)
{
	const struct ext4_fs *fs = ext4_fs(vfs->super);
	u32 shift = PAGE_SHIFT - fs->block_bits;
	bool found = false;

	*count = 0;
	for (u64 index = from >> shift; from < to;) {
		u64 wanted = index;
		struct page *page =
		    pagecache_next_dirty(&vfs->mapping, &index, (u64)(to - 1) >> shift);

		if (!page)
			break;
		if (found && index != wanted) {
			page_put(page);
			break;
		}
		unsigned long state = ext4_page_state_get(page);
		u32 base = (u32)(index << shift);

		page_put(page);
		for (u32 i = 0; i < ext4_blocks_per_page(fs); i++) {
			bool dirty = (state & EXT4_PAGE_DIRTY(i)) &&
				     (!promised || (state & EXT4_PAGE_DELAYED(i)));

			if (base + i < from || base + i >= to)
				continue;
			if (!dirty && found)
				return true;
			if (!dirty)
				continue;
			if (!found)
				*first = base + i;
			found = true;
			(*count)++;
		}
		index++;
		if (index > (u64)(to - 1) >> shift)
			break;
	}
	return found;
}

/* ---- writing back ---- */

struct writer {
	struct ext4_inode *inode;
	struct collector collector;
	struct ext4_handle handle; /* fs: NULL while none is open */
	u32 maps_left;             /* calls of ext4_map_create that its credits suffice for */
	struct ext4_map map;
	struct page *pages[BATCH];
	u32 count;
};

/* Collects dirty pages with consecutive indexes, locked and referenced. */
static int gather(struct writer *writer, struct page_mapping *mapping,
		  struct writeback_control *wbc, u64 *index)
{
	writer->count = 0;
	while (writer->count < BATCH && wbc->budget) {
		u64 at = *index;
		struct page *page = pagecache_next_dirty(mapping, &at, wbc->last);

		if (!page || (writer->count && at != *index)) {
			if (page)
				page_put(page);
			return page ? 1 : 0;
		}
		if (wbc->sync && !writer->count) {
			page_lock(page);
		} else if (!page_trylock(page)) {
			/* Holding locks, we must not wait for another one out of order of what its
			 * holder wants; it is met again, first in its batch. */
			page_put(page);
			if (writer->count)
				return 1;
			*index = at + 1; /* not for integrity: somebody works on it, later then */
			continue;
		}
		*index = at + 1;
		if (page->mapping != mapping || !page_flag_test(page, PG_DIRTY)) {
			page_unlock(page);
			page_put(page);
			if (writer->count)
				return 1;
			continue;
		}
		page_wait_writeback(page);
		writer->pages[writer->count++] = page;
		if (wbc->budget != (size_t)-1)
			wbc->budget--;
	}
	return 1;
}

/* How many blocks from (page p, block i) on are dirty in a row. */
static u32 dirty_run(const struct writer *writer, u32 p, u32 i, u32 end)
{
	struct ext4_fs *fs = writer->collector.fs;
	u32 n = 0, per_page = ext4_blocks_per_page(fs);
	u32 first = ext4_page_first_block(fs, writer->pages[0]);

	for (; p < writer->count; p++, i = 0) {
		unsigned long state = ext4_page_state_get(writer->pages[p]);

		for (; i < per_page; i++, n++)
			if (!(state & EXT4_PAGE_DIRTY(i)) || first + p * per_page + i >= end)
				return n;
	}
	return n;
}

/* Blocks on their way before the handle ends are waited for by its commit. */
static void close_handle(struct writer *writer)
{
	collector_send(&writer->collector);
	if (!writer->handle.fs)
		return;
	block_plug_flush_current();
	ext4_txn_end(&writer->handle);
}

static int open_handle(struct writer *writer)
{
	if (writer->handle.fs)
		return 0;
	writer->maps_left = MAPS_PER_HANDLE;
	return ext4_txn_begin(writer->collector.fs,
			      MAPS_PER_HANDLE * ext4_map_credits(writer->inode) + 1,
			      &writer->handle);
}

/* Where a dirty block goes, allocating from here as far as it is dirty. */
static int map_block(struct writer *writer, u32 p, u32 i, u32 logical, u32 end)
{
	struct ext4_map *map = &writer->map;
	unsigned long state = ext4_page_state_get(writer->pages[p]);
	int err;

	if (map->length && logical >= map->logical && logical - map->logical < map->length)
		return 0;
	map->length = 0;
	if (state & EXT4_PAGE_MAPPED(i)) {
		err = ext4_map_find(writer->inode, logical, end - logical, map);
		if (err)
			return err;
		if (map->physical && !map->unwritten)
			return 0;
	}
	struct ext4_map_request request = {.logical = logical,
					   .length = max(dirty_run(writer, p, i, end), 1),
					   .alloc_flags = EXT4_ALLOC_RESERVED,
					   .convert = true};
	for (u32 tries = 0;; tries++) {
		collector_send(&writer->collector);
		if (!writer->maps_left)
			close_handle(writer);
		err = open_handle(writer);
		if (!err) {
			writer->maps_left--;
			err = ext4_map_create(&writer->handle, writer->inode, &request, map);
		}
		if (err != -ENOSPC || tries || !atomic_load(&writer->collector.fs->busy_clusters))
			break;
		/* What was promised to us is there, but a transaction holds it back. */
		close_handle(writer);
		err = ext4_txn_release(writer->collector.fs);
		if (err)
			break;
	}
	if (err)
		map->length = 0;
	return err;
}

static void forget_promises(struct writer *writer, struct page *page, u32 i)
{
	unsigned long state = ext4_page_state_get(page);

	ext4_page_state_change(page, EXT4_PAGE_MAPPED(i),
			       EXT4_PAGE_DIRTY(i) | EXT4_PAGE_DELAYED(i));
	if (state & EXT4_PAGE_DELAYED(i))
		ext4_promise_end(writer->inode,
				 ext4_page_first_block(writer->collector.fs, page) + i);
}

static int write_page(struct writer *writer, u32 p, u32 end)
{
	struct ext4_fs *fs = writer->collector.fs;
	struct page *page = writer->pages[p];
	u32 first = ext4_page_first_block(fs, page);

	for (u32 i = 0; i < ext4_blocks_per_page(fs); i++) {
		u32 logical = first + i;
		bool known;
		int err;

		if (!(ext4_page_state_get(page) & EXT4_PAGE_DIRTY(i)) || logical >= end)
			continue;
		known = ext4_page_state_get(page) & EXT4_PAGE_MAPPED(i);
		err = map_block(writer, p, i, logical, end);
		if (err)
			return err;
		writer->collector.ordered = writer->collector.ordered || !known;
		err = collector_add(&writer->collector, page, i,
				    writer->map.physical + (logical - writer->map.logical));
		if (err)
			return err;
		forget_promises(writer, page, i);
	}
	return 0;
}

static int journal_page(struct writer *writer, u32 p)
{
	close_handle(writer);
	return ext4_page_journal(writer->inode, writer->pages[p], false);
}

/* The size on disk follows what was written, in the transaction that holds the blocks. */
static int extend_disk_size(struct writer *writer, u64 written_end)
{
	struct ext4_inode *inode = writer->inode;
	u64 size = min((u64)inode_size(&inode->vfs), written_end);

	if (inode->disk_size >= size)
		return 0;
	int err = open_handle(writer);

	if (!err)
		err = ext4_txn_dirty_inode(&writer->handle, inode);
	if (!err && inode->disk_size < size)
		inode->disk_size = size;
	return err;
}

/* Writes the collected pages; each is unlocked. */
static int write_batch(struct writer *writer, struct writeback_control *wbc)
{
	struct ext4_fs *fs = writer->collector.fs;
	u64 size = (u64)inode_size(&writer->inode->vfs);
	u32 end = ext4_blocks_of(fs, size);
	u64 last_end = (writer->pages[writer->count - 1]->index + 1) << PAGE_SHIFT;
	int first_error = 0;

	writer->collector.ordered = false;
	writer->map.length = 0;
	for (u32 p = 0; p < writer->count; p++) {
		struct page *page = writer->pages[p];
		int err = first_error == -ENOMEM ? first_error : 0;

		writer->collector.room = (writer->count - p) * ext4_blocks_per_page(fs);
		ext4_page_state_change(page, 0, EXT4_PAGE_FAILED);
		atomic_fetch_add(ext4_page_state(page), EXT4_PAGE_PENDING_ONE);
		if (pagecache_start_writeback(page)) {
			ext4_page_zero_end(page);
			if (!err)
				err = ext4_journals_data(writer->inode)
					  ? journal_page(writer, p)
					  : write_page(writer, p, end);
			if (err == -ENOMEM)
				pagecache_dirty(page); /* try again later */
			write_done(page, err == -ENOMEM ? 0 : err);
			wbc->written++;
		} else {
			atomic_fetch_sub(ext4_page_state(page), EXT4_PAGE_PENDING_ONE);
		}
		if (err && !first_error)
			first_error = err;
		page_unlock(page);
	}
	if (!first_error)
		first_error = extend_disk_size(writer, last_end);
	close_handle(writer);
	for (u32 p = 0; p < writer->count; p++)
		page_put(writer->pages[p]);
	return first_error;
}

static int write_pages(struct page_mapping *mapping, struct writeback_control *wbc)
{
	struct ext4_inode *inode = ext4_inode(mapping->inode);
	struct writer *writer;
	u64 index = wbc->first;
	bool done;
	int err = ext4_inline_write(inode, wbc, &done);

	if (err || done)
		return err;
	writer = kmalloc(sizeof(*writer), MM_NOFS | MM_ZERO);
	if (!writer)
		return -ENOMEM;
	writer->inode = inode;
	writer->collector.fs = ext4_inode_fs(inode);
	writer->collector.op = BIO_WRITE;
	writer->collector.handle = &writer->handle;
	while (!err && index <= wbc->last && wbc->budget) {
		int more = gather(writer, mapping, wbc, &index);

		if (writer->count)
			err = write_batch(writer, wbc);
		if (!more)
			break;
		thread_yield_point();
	}
	kfree(writer);
	if (!atomic_load(&mapping->inode->write_count) && !READ_ONCE(inode->delayed))
		ext4_window_drop(inode);
	return err;
}

static bool is_dirty(struct page_mapping *mapping, const struct writeback_control *wbc)
{
	u64 index = wbc->first;
	struct page *page = pagecache_next_dirty(mapping, &index, wbc->last);

	if (page)
		page_put(page);
	return page;
}

static int ext4_write(struct page_mapping *mapping, struct writeback_control *wbc)
{
	struct ext4_fs *fs = ext4_fs(mapping->inode->super);

	/* A sync of what is clean waits for no thaw. */
	if (unlikely(atomic_load(&fs->frozen) != EXT4_THAWED) && !is_dirty(mapping, wbc))
		return 0;
	if (!ext4_writer_enter(fs, wbc->sync))
		return 0; /* later then */
	int err = write_pages(mapping, wbc);

	ext4_writer_leave(fs);
	return err;
}

const struct mapping_ops ext4_mapping_ops = {
    .read = ext4_read,
    .write = ext4_write,
    .write_begin = ext4_write_begin,
    .write_end = ext4_write_end,
    .page_mkwrite = ext4_page_mkwrite,
    .release = ext4_release,
};
