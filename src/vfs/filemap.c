/*
 * Files in address spaces: the vm_area_ops of mappings of the page cache.
 *
 * A fault gets the cache's own page, with the file's read-ahead. The first store to a clean page of
 * a shared mapping comes here too (page_mkwrite): the file system reserves room for it, the page
 * becomes dirty, and write-back will take the right to write away again before it reads the page,
 * so that no store is missed.
 */
#include "lib/assert.h"
#include "lib/atomic.h"
#include "mm/mm.h"
#include "vfs/file.h"
#include "vfs/inode_int.h"
#include "vfs/mount.h"
#include "vfs/pagecache_int.h"

#include <linux/fcntl.h>

static u64 file_pages(const struct page_mapping *mapping)
{
	return DIV_ROUND_UP((u64)inode_size(mapping->inode), PAGE_SIZE);
}

/* ---- who may store to the file by a mapping, now or after mprotect ---- */

static bool area_may_store(const struct vm_area *area)
{
	return (area->flags & (VM_SHARED | VM_MAYWRITE)) == (VM_SHARED | VM_MAYWRITE);
}

/* One more, unless that is denied for good (negative). */
static int shared_writer_add(struct page_mapping *mapping)
{
	s32 now = atomic_load(&mapping->shared_writers);

	do {
		if (now < 0)
			return -EPERM;
	} while (!atomic_cmpxchg(&mapping->shared_writers, &now, now + 1));
	return 0;
}

int pagecache_deny_shared_writes(struct page_mapping *mapping)
{
	s32 none = 0;

	return atomic_cmpxchg(&mapping->shared_writers, &none, -1) ? 0 : -EBUSY;
}

static void filemap_open(struct vm_area *area)
{
	file_get(area->file);
	if (area_may_store(area))
		atomic_fetch_add(&area->mapping->shared_writers, 1);
}

static void filemap_close(struct vm_area *area)
{
	if (area_may_store(area))
		atomic_fetch_sub(&area->mapping->shared_writers, 1);
	file_put(area->file);
}

/* A hole of a memory-only file becomes a page of zeroes when it is touched. */
static int fault_memory_page(struct page_mapping *mapping, u64 index, struct page **out)
{
	int err = pagecache_grab(mapping, index, out);

	if (err)
		return err;
	if (!page_flag_test(*out, PG_UPTODATE)) {
		struct page *page = *out;

		page_get(page);
		mapping->ops->read(mapping, &page, 1);
		page_wait_unlocked(page);
		page_put(page);
		if (!page_flag_test(*out, PG_UPTODATE)) {
			page_put(*out);
			return -ENOMEM;
		}
		return 0;
	}
	page_unlock(*out);
	return 0;
}

static int filemap_fault(struct vm_area *area, u64 pgoff, struct page **out)
{
	struct page_mapping *mapping = area->mapping;
	struct readahead *ra = area->flags & VM_RANDOM ? NULL : &area->file->readahead;

	if (pgoff >= file_pages(mapping))
		return -EFAULT;
	if (mapping->ops->memory)
		return fault_memory_page(mapping, pgoff, out);
	return pagecache_read_ahead_page(mapping, ra, pgoff, 1, out);
}

static void filemap_fault_around(struct vm_area *area, u64 first, unsigned int n, struct page **out)
{
	struct page_mapping *mapping = area->mapping;
	u64 end = min(first + n, file_pages(mapping));
	struct page *found[PAGECACHE_BATCH];
	size_t count = 0;

	for (unsigned int i = 0; i < n; i++)
		out[i] = NULL;
	if (first < end)
		count = pagecache_gang(mapping, first, end - 1, found,
				       min_t(size_t, n, PAGECACHE_BATCH));
	for (size_t i = 0; i < count; i++) {
		if (page_flag_test(found[i], PG_UPTODATE) &&
		    !page_flag_test(found[i], PG_READAHEAD) && !page_flag_test(found[i], PG_LOCKED))
			out[found[i]->index - first] = found[i];
		else
			page_put(found[i]);
	}
}

static int filemap_page_mkwrite(struct vm_area *area, struct page *page)
{
	struct page_mapping *mapping = area->mapping;
	int err = 0;

	rwsem_read_lock(&mapping->invalidate);
	page_lock(page);
	if (page->mapping != mapping || page->index >= file_pages(mapping)) {
		err = -EAGAIN;
		goto out;
	}
	page_wait_writeback(page);
	if (mapping->ops->page_mkwrite)
		err = mapping->ops->page_mkwrite(mapping, page);
	if (err)
		goto out;
	pagecache_dirty(page);
	inode_touch(mapping->inode, ATTR_MTIME | ATTR_CTIME);
out:
	if (err)
		page_unlock(page);
	rwsem_read_unlock(&mapping->invalidate);
	return err;
}

static int filemap_sync(struct vm_area *area, u64 first, u64 last)
{
	struct file *file = area->file;

	if (!file->ops->fsync)
		return 0;
	return file->ops->fsync(file, (loff_t)(first * PAGE_SIZE),
				(loff_t)(last * PAGE_SIZE + PAGE_SIZE - 1), false);
}

static bool filemap_resident(struct vm_area *area, u64 pgoff)
{
	return pagecache_is_resident(area->mapping, pgoff);
}

static void filemap_willneed(struct vm_area *area, u64 first, u64 last)
{
	struct readahead ra = {.max = (u32)min(last - first + 1, (u64)1024)};

	if (!area->mapping->ops->memory)
		pagecache_readahead(area->mapping, &ra, first, last - first + 1);
}

static const struct vm_area_ops filemap_ops = {
    .open = filemap_open,
    .close = filemap_close,
    .fault = filemap_fault,
    .fault_around = filemap_fault_around,
    .page_mkwrite = filemap_page_mkwrite,
    .sync = filemap_sync,
    .resident = filemap_resident,
    .willneed = filemap_willneed,
};

int file_mmap_pagecache(struct file *file, struct vm_area *area)
{
	if (!file->inode->mapping.ops)
		return -ENODEV;
	if (area_may_store(area)) {
		int err = shared_writer_add(&file->inode->mapping);
		if (err)
			return err;
	}
	file_get(file);
	area->file = file;
	area->ops = &filemap_ops;
	area->mapping = &file->inode->mapping;
	if (!(file->flags & O_NOATIME))
		inode_accessed(file->inode, file->path.mount);
	return 0;
}
