/* Getting data to the disk, and advice about reading it. */
#include "lib/string.h"
#include "sys/sys_fs_int.h"
#include "sys/syscall.h"
#include "vfs/file.h"
#include "vfs/inode.h"
#include "vfs/mount.h"
#include "vfs/pagecache.h"

#include <linux/fadvise.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/stat.h>

SYSCALL(sync)
{
	int err = super_sync_all(true);

	(void)err; /* sync has no errors to give; fsync and syncfs have */
	return 0;
}

static long fsync_fd(int fd, bool datasync)
{
	struct fd_ref ref = fd_borrow(fd);
	long result = -EBADF;

	if (ref.file)
		result = vfs_fsync(ref.file, 0, S64_MAX, datasync);
	fd_return(ref);
	return result;
}

SYSCALL(fsync)
{
	return fsync_fd((int)args[0], false);
}

SYSCALL(fdatasync)
{
	return fsync_fd((int)args[0], true);
}

SYSCALL(syncfs)
{
	struct fd_ref ref = fd_borrow((int)args[0]);
	long result = -EBADF;

	if (ref.file && !(ref.file->mode & FILE_PATH_ONLY))
		result = vfs_syncfs(ref.file->inode->super);
	fd_return(ref);
	return result;
}

SYSCALL(sync_file_range)
{
	const unsigned long known =
	    SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
	loff_t start = (loff_t)args[1], length = (loff_t)args[2], end;
	struct fd_ref ref;
	u32 type;
	int err = 0;

	if ((args[3] & ~known) || start < 0 || length < 0 ||
	    __builtin_add_overflow(start, length, &end))
		return -EINVAL;
	end = length ? end - 1 : S64_MAX;
	ref = fd_borrow((int)args[0]);
	if (!ref.file)
		return -EBADF;
	type = ref.file->inode->mode & S_IFMT;
	if (type != S_IFREG && type != S_IFBLK && type != S_IFDIR && type != S_IFLNK) {
		err = -ESPIPE;
	} else if (type == S_IFREG) {
		struct page_mapping *mapping = &ref.file->inode->mapping;

		if (args[3] & SYNC_FILE_RANGE_WAIT_BEFORE)
			err = pagecache_write_wait(mapping, start, end);
		if (!err && (args[3] & SYNC_FILE_RANGE_WRITE))
			err = pagecache_write_start(mapping, start, end, false);
		if (!err && (args[3] & SYNC_FILE_RANGE_WAIT_AFTER))
			err = pagecache_write_wait(mapping, start, end);
	}
	fd_return(ref);
	return err;
}

/* ---- advice ---- */

static int advise(struct file *file, loff_t offset, loff_t length, int advice)
{
	struct page_mapping *mapping = &file->inode->mapping;
	u64 first, last;

	if (file->mode & FILE_STREAM)
		return -ESPIPE;
	if (length < 0)
		return -EINVAL;
	if (!S_ISREG(file->inode->mode) || !mapping->ops || mapping->ops->memory)
		return advice < POSIX_FADV_NORMAL || advice > POSIX_FADV_NOREUSE ? -EINVAL : 0;
	first = (u64)offset / PAGE_SIZE;
	last = length ? ((u64)offset + (u64)length - 1) / PAGE_SIZE : U64_MAX;
	switch (advice) {
	case POSIX_FADV_NORMAL:
		file->readahead.max = 0;
		return 0;
	case POSIX_FADV_SEQUENTIAL:
		file->readahead.max = 128;
		return 0;
	case POSIX_FADV_RANDOM:
		file->readahead.max = 1;
		return 0;
	case POSIX_FADV_WILLNEED: {
		struct readahead ra = {.max = 1024};

		pagecache_readahead(mapping, &ra, first, min(last - first + 1, 1024ull));
		return 0;
	}
	case POSIX_FADV_DONTNEED: {
		/* Dirty pages can't go at once, but on their way they can be. Partial pages at the
		 * ends stay. */
		int err = pagecache_write_start(mapping, offset,
						length ? offset + length - 1 : S64_MAX, false);

		if (length && ((u64)offset + (u64)length) % PAGE_SIZE && last)
			last--;
		if ((u64)offset % PAGE_SIZE)
			first++;
		if (!err && first <= last)
			pagecache_invalidate(mapping, first, last);
		return 0;
	}
	case POSIX_FADV_NOREUSE:
		return 0;
	}
	return -EINVAL;
}

SYSCALL(fadvise64)
{
	struct fd_ref ref = fd_borrow((int)args[0]);
	long result = -EBADF;

	if (ref.file && !(ref.file->mode & FILE_PATH_ONLY))
		result = advise(ref.file, (loff_t)args[1], (loff_t)args[2], (int)args[3]);
	fd_return(ref);
	return result;
}

SYSCALL(readahead)
{
	struct fd_ref ref = fd_borrow((int)args[0]);
	long result = -EBADF;

	if (ref.file && (ref.file->mode & FILE_READ))
		result =
		    S_ISREG(ref.file->inode->mode)
			? advise(ref.file, (loff_t)args[1], (loff_t)args[2], POSIX_FADV_WILLNEED)
			: -EINVAL;
	fd_return(ref);
	return result;
}
