/*
 * tmpfs: what files contain, and seals.
 *
 * A page is charged to the volume when it gets contents. Seals (memfd_create(2), fcntl(2)) forbid
 * kinds of change for good. F_SEAL_WRITE also needs that nobody has the file mapped to write to it:
 * the page cache counts those mappings, and refuses new ones from then on.
 */
#include "lib/atomic.h"
#include "lib/park.h"
#include "lib/string.h"
#include "mm/mm.h"
#include "mm/page.h"
#include "vfs/file.h"
#include "vfs/inode_int.h"
#include "vfs/pagecache.h"
#include "vfs/tmpfs_int.h"

#include <linux/falloc.h>
#include <linux/fcntl.h>
#include <linux/mman.h>

#define SEALS_WRITE (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)
#define SEALS_ALL   (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | SEALS_WRITE)

/* One more page of the volume, or -ENOSPC. */
static int page_charge(struct page_mapping *mapping, struct page *page)
{
	struct inode *inode = mapping->inode;
	struct tmpfs_super *ts = tmpfs_super_of(inode);

	if (page_flag_test(page, PG_FSDATA))
		return 0;
	if (atomic_add_fetch(&ts->pages, 1) > ts->max_pages) {
		atomic_fetch_sub(&ts->pages, 1);
		return -ENOSPC;
	}
	page_flag_set(page, PG_FSDATA); /* charged: release() gives it back */
	spin_lock(&inode->lock);
	inode->blocks += PAGE_SIZE / 512;
	spin_unlock(&inode->lock);
	return 0;
}

static void tmpfs_release(struct page_mapping *mapping, struct page *page)
{
	struct inode *inode = mapping->inode;

	page_flag_clear(page, PG_FSDATA);
	atomic_fetch_sub(&tmpfs_super_of(inode)->pages, 1);
	spin_lock(&inode->lock);
	inode->blocks -= PAGE_SIZE / 512;
	spin_unlock(&inode->lock);
}

/* A mapped hole is touched. */
static void tmpfs_read_pages(struct page_mapping *mapping, struct page **pages, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		if (page_charge(mapping, pages[i])) {
			page_flag_set(pages[i], PG_ERROR);
		} else {
			memset(page_address(pages[i]), 0, PAGE_SIZE);
			page_flag_set(pages[i], PG_UPTODATE);
		}
		page_unlock(pages[i]);
	}
}

static int tmpfs_write_begin(struct page_mapping *mapping, struct page *page, u32 from, u32 to)
{
	u32 seals = READ_ONCE(tmpfs_of(mapping->inode)->seals);
	loff_t end = (loff_t)(page->index * PAGE_SIZE) + to;
	char *data = page_address(page);
	int err;

	if ((seals & SEALS_WRITE) || ((seals & F_SEAL_GROW) && end > inode_size(mapping->inode)))
		return -EPERM;
	err = page_charge(mapping, page);
	if (err || page_flag_test(page, PG_UPTODATE))
		return err;
	memset(data, 0, from);
	memset(data + to, 0, PAGE_SIZE - to);
	return 0;
}

static int tmpfs_write_end(struct page_mapping *mapping, struct page *page, u32 from, u32 copied)
{
	loff_t end = (loff_t)(page->index * PAGE_SIZE + from + copied);

	if (!copied)
		return 0; /* a new page that stays without contents is filled by the next try, or is
			     a hole with a price */
	page_flag_set(page, PG_UPTODATE);
	pagecache_dirty(page);
	if (end > inode_size(mapping->inode))
		inode_size_set(mapping->inode, end);
	return 0;
}

int tmpfs_setattr(struct inode *inode, const struct attr *attr)
{
	if (attr->valid & ATTR_SIZE) {
		loff_t old = inode_size(inode);
		u32 seals = tmpfs_of(inode)->seals;

		if (((seals & F_SEAL_SHRINK) && attr->size < old) ||
		    ((seals & F_SEAL_GROW) && attr->size > old))
			return -EPERM;
		inode_size_set(inode, attr->size);
		if (attr->size < old)
			pagecache_truncate(&inode->mapping, attr->size);
	}
	inode_setattr_simple(inode, attr);
	return 0;
}

/* Makes [offset, offset + length) present. */
static int tmpfs_populate(struct inode *inode, loff_t offset, loff_t length)
{
	u64 last = (u64)(offset + length - 1) / PAGE_SIZE;

	for (u64 index = (u64)offset / PAGE_SIZE; index <= last; index++) {
		struct page *page;
		int err = pagecache_grab(&inode->mapping, index, &page);

		if (err)
			return err;
		if (!page_flag_test(page, PG_UPTODATE)) {
			page_get(page);
			tmpfs_read_pages(&inode->mapping, &page, 1);
			err = page_flag_test(page, PG_UPTODATE) ? 0 : -ENOSPC;
			page_put(page);
		} else {
			page_unlock(page);
		}
		page_put(page);
		if (err)
			return err;
		thread_yield_point();
	}
	return 0;
}

static int tmpfs_fallocate(struct file *file, int mode, loff_t offset, loff_t length)
{
	struct inode *inode = file->inode;
	u32 seals = tmpfs_of(inode)->seals;
	int err = 0;

	if (mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE))
		return -EOPNOTSUPP;
	if (mode & FALLOC_FL_PUNCH_HOLE
		? seals & SEALS_WRITE
		: (seals & F_SEAL_GROW) && offset + length > inode_size(inode))
		return -EPERM;
	if (mode & FALLOC_FL_PUNCH_HOLE)
		pagecache_punch(&inode->mapping, offset, offset + length);
	else
		err = tmpfs_populate(inode, offset, length);
	if (!err && !(mode & FALLOC_FL_KEEP_SIZE) && offset + length > inode_size(inode))
		inode_size_set(inode, offset + length);
	inode_touch(inode, ATTR_MTIME | ATTR_CTIME);
	return err;
}

int tmpfs_fsync(struct file *file, loff_t start, loff_t end, bool datasync)
{
	return 0; /* memory is as stable as it gets */
}

const struct mapping_ops tmpfs_mapping_ops = {
    .memory = true,
    .read = tmpfs_read_pages,
    .write_begin = tmpfs_write_begin,
    .write_end = tmpfs_write_end,
    .release = tmpfs_release,
};

/* ---- seals ---- */

static int tmpfs_mmap(struct file *file, struct vm_area *area)
{
	u32 seals = READ_ONCE(tmpfs_of(file->inode)->seals);

	if ((area->flags & VM_SHARED) && (seals & SEALS_WRITE)) {
		if (area->prot & PROT_WRITE)
			return -EPERM;
		area->flags &= ~(unsigned int)VM_MAYWRITE;
	}
	return file_mmap_pagecache(file, area);
}

static bool is_regular(const struct inode *inode)
{
	return inode && inode->file_ops == &tmpfs_file_ops;
}

int tmpfs_seals_get(const struct file *file)
{
	return is_regular(file->inode) ? (int)READ_ONCE(tmpfs_of(file->inode)->seals) : -EINVAL;
}

int tmpfs_seals_add(struct file *file, u32 seals)
{
	struct inode *inode = file->inode;
	struct tmpfs_inode *t = tmpfs_of(inode);
	int err = 0;

	if (!(file->mode & FILE_WRITE))
		return -EPERM;
	if ((seals & ~(u32)SEALS_ALL) || !is_regular(inode))
		return -EINVAL;
	rwsem_write_lock(&inode->rwsem);
	if (t->seals & F_SEAL_SEAL)
		err = -EPERM;
	else if ((seals & F_SEAL_WRITE) && !(t->seals & F_SEAL_WRITE))
		err = pagecache_deny_shared_writes(&inode->mapping);
	if (!err)
		WRITE_ONCE(t->seals, t->seals | seals);
	rwsem_write_unlock(&inode->rwsem);
	return err;
}

void tmpfs_seals_allow(struct inode *inode)
{
	tmpfs_of(inode)->seals = 0;
}

const struct file_ops tmpfs_file_ops = {
    .read = pagecache_file_read,
    .write = file_write_pagecache,
    .mmap = tmpfs_mmap,
    .fsync = tmpfs_fsync,
    .fallocate = tmpfs_fallocate,
};
