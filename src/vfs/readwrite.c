/*
 * Reading and writing files through the page cache.
 *
 * A read copies from pages that are up to date, without their locks: truncation and writes at the
 * same moment give old or new bytes, as POSIX has it for file systems without atomic reads. A write
 * holds the inode's rwsem, takes page after page with its lock, lets the file system prepare it,
 * and copies without resolving faults, because the user's buffer may be a mapping of that very
 * page; it is faulted in beforehand, and once more when it got away.
 */
#include "lib/string.h"
#include "vfs/cred.h"
#include "vfs/file.h"
#include "vfs/inode_int.h"
#include "vfs/pagecache_int.h"

#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/stat.h>

#define FAULT_TRIES 8

/* What is there, up to date: -EAGAIN otherwise. */
static int read_get_page_now(struct page_mapping *mapping, u64 index, struct page **out)
{
	*out = pagecache_find(mapping, index);
	if (!*out)
		return mapping->ops->memory ? 0 : -EAGAIN;
	if (page_flag_test(*out, PG_UPTODATE))
		return 0;
	page_put(*out);
	return -EAGAIN;
}

/* Absent pages of a memory-only file are holes. */
static int read_get_page(struct page_mapping *mapping, struct readahead *ra, u64 index, u64 wanted,
			 bool nowait, struct page **out)
{
	if (nowait)
		return read_get_page_now(mapping, index, out);
	if (!mapping->ops->memory)
		return pagecache_read_ahead_page(mapping, ra, index, wanted, out);
	*out = pagecache_find(mapping, index);
	if (*out && !page_flag_test(*out, PG_UPTODATE)) {
		page_wait_unlocked(*out);
		if (!page_flag_test(*out, PG_UPTODATE)) {
			page_put(*out);
			*out = NULL;
		}
	}
	return 0;
}

ssize_t pagecache_file_read(struct file *file, struct uio *uio, loff_t *pos)
{
	struct page_mapping *mapping = &file->inode->mapping;
	ssize_t done = 0;
	int err = 0;

	while (uio->resid) {
		loff_t size = inode_size(file->inode);
		size_t offset = (size_t)*pos % PAGE_SIZE, n, copied;
		struct page *page;

		if (*pos >= size)
			break;
		n = min(min(PAGE_SIZE - offset, uio->resid), (size_t)(size - *pos));
		err = read_get_page(mapping, &file->readahead, (u64)*pos / PAGE_SIZE,
				    DIV_ROUND_UP(offset + uio->resid, PAGE_SIZE),
				    uio->rwf_flags & RWF_NOWAIT, &page);
		if (err)
			break;
		if (page) {
			copied = uio_copy_out(uio, (char *)page_address(page) + offset, n);
			page_put(page);
		} else {
			copied = uio_zero_out(uio, n);
		}
		done += (ssize_t)copied;
		*pos += (loff_t)copied;
		if (copied < n) {
			err = -EFAULT;
			break;
		}
		thread_yield_point();
	}
	if (!(file->flags & O_NOATIME))
		inode_accessed(file->inode, file->path.mount);
	return done ? done : err;
}

/* Copies n bytes into one page. Returns bytes copied (0: the user's buffer got away, try again) or
 * -errno. */
static ssize_t write_page(struct page_mapping *mapping, struct uio *uio, loff_t pos, size_t n)
{
	u32 from = (u32)((u64)pos % PAGE_SIZE);
	struct uio saved = *uio;
	struct page *page;
	size_t copied;
	int err = pagecache_grab(mapping, (u64)pos / PAGE_SIZE, &page);

	if (err)
		return err;
	page_wait_writeback(page);
	err = mapping->ops->write_begin(mapping, page, from, from + (u32)n);
	if (err)
		goto unlock;
	copied = uio_copy_in_nofault(uio, (char *)page_address(page) + from, n);
	if (copied < n && !page_flag_test(page, PG_UPTODATE)) {
		/* The rest of the range holds nothing that could be shown. */
		*uio = saved;
		copied = 0;
	}
	err = mapping->ops->write_end(mapping, page, from, (u32)copied);
	if (err)
		*uio = saved;
	else
		page_mark_used(page);
unlock:
	page_unlock(page);
	page_put(page);
	return err ? err : (ssize_t)copied;
}

ssize_t pagecache_file_write(struct file *file, struct uio *uio, loff_t *pos)
{
	struct page_mapping *mapping = &file->inode->mapping;
	unsigned int tries = 0;
	ssize_t done = 0;

	while (uio->resid) {
		size_t n = min(PAGE_SIZE - (size_t)*pos % PAGE_SIZE, uio->resid);
		ssize_t copied = uio_fault_in_readable(uio, n);

		if (!copied)
			copied = write_page(mapping, uio, *pos, n);
		if (!copied && ++tries > FAULT_TRIES)
			copied = -EFAULT;
		if (copied < 0)
			return done ? done : copied;
		if (copied)
			tries = 0;
		*pos += copied;
		done += copied;
		if (copied && !mapping->ops->memory)
			writeback_balance(mapping);
		if (thread_fatal_signal_pending())
			return done ? done : -EINTR;
		thread_yield_point();
	}
	return done;
}

/* What precedes the bytes: position, limits, set-ID bits, times. */
static int write_prepare(struct file *file, struct uio *uio, loff_t *pos)
{
	struct inode *inode = file->inode;
	int err;

	if ((file->flags & O_APPEND) || (uio->rwf_flags & RWF_APPEND))
		*pos = inode_size(inode);
	if (!uio->resid)
		return 0;
	err = file_write_limit(file, pos, uio);
	if (!err)
		err = inode_kill_setid(inode);
	if (!err) {
		struct timespec64 now = inode_time_now(inode);

		if (inode->mtime.sec != now.sec || inode->mtime.nsec != now.nsec)
			inode_touch(inode, ATTR_MTIME | ATTR_CTIME);
	}
	return err;
}

ssize_t file_write_pagecache(struct file *file, struct uio *uio, loff_t *pos)
{
	struct inode *inode = file->inode;
	loff_t start;
	ssize_t n;

	rwsem_write_lock(&inode->rwsem);
	n = write_prepare(file, uio, pos);
	start = *pos;
	if (!n && uio->resid)
		n = pagecache_file_write(file, uio, pos);
	rwsem_write_unlock(&inode->rwsem);
	/* Direct writes go through the cache, but are on the device when they return. */
	if (n > 0 && unlikely(file->flags & O_DIRECT)) {
		int err = pagecache_write_and_wait(&inode->mapping, start, start + n - 1);

		if (err)
			return err;
	}
	if (n > 0 && unlikely(file_write_is_sync(file, uio)) && file->ops->fsync) {
		bool datasync = !(file->flags & __O_SYNC) && !(uio->rwf_flags & RWF_SYNC);
		int err = file->ops->fsync(file, start, start + n - 1, datasync);

		if (err)
			return err;
	}
	return n;
}

const struct file_ops pagecache_file_ops = {
    .read = pagecache_file_read,
    .write = file_write_pagecache,
    .mmap = file_mmap_pagecache,
    .fsync = file_fsync_generic,
};
