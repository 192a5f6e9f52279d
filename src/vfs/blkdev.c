/*
 * Raw access to block devices through their nodes in /dev.
 *
 * Reads and writes go through the buffer cache in the device's current unit, so what a mounted file
 * system has in its buffers and what `dd if=/dev/vda` sees is the same.
 */
#include "lib/log.h"
#include "lib/string.h"
#include "mm/usercopy.h"
#include "vfs/block.h"
#include "vfs/buffer.h"
#include "vfs/cred.h"
#include "vfs/file.h"

#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/stat.h>

int block_find_node(const struct inode *inode, struct block_device **out)
{
	*out = NULL;
	if (!S_ISBLK(inode->mode))
		return -ENOTBLK;
	*out = block_find_number(inode->rdev_major, inode->rdev_minor);
	return *out ? 0 : -ENXIO;
}

static int blkdev_open(struct inode *inode, struct file *file)
{
	struct block_device *bdev;
	int err = block_find_node(inode, &bdev);

	if (err)
		return err;
	if ((file->mode & FILE_WRITE) && bdev->read_only)
		return -EROFS;
	if (file->flags & O_EXCL) {
		err = block_claim(bdev, file);
		if (err)
			return err;
	}
	file->private = bdev;
	__atomic_fetch_add(&bdev->open_count, 1, __ATOMIC_RELAXED);
	return 0;
}

static void blkdev_release(struct file *file)
{
	struct block_device *bdev = file->private;
	if (!bdev)
		return;
	if (file->mode & FILE_WRITE) {
		int err = buffer_sync(bdev);
		if (err)
			log_warn("%s: write-back at close failed: error %d", bdev->name, -err);
	}
	if (bdev->holder == file)
		block_release(bdev, file);
	__atomic_fetch_sub(&bdev->open_count, 1, __ATOMIC_RELAXED);
}

static u64 blkdev_bytes(const struct block_device *bdev)
{
	return bdev->sectors << SECTOR_SHIFT;
}

static ssize_t blkdev_read(struct file *file, struct uio *uio, loff_t *pos)
{
	struct block_device *bdev = file->private;
	u32 size = bdev->soft_block_size;
	ssize_t done = 0;
	u64 end = blkdev_bytes(bdev);
	while (uio->resid && (u64)*pos < end) {
		struct buffer *buffer;
		u32 offset = (u32)(*pos % size);
		size_t n = min_t(u64, min_t(u64, uio->resid, size - offset), end - (u64)*pos);
		if (!offset && uio->resid > size)
			buffer_readahead(bdev, (u64)*pos / size,
					 (u32)min_t(u64, DIV_ROUND_UP(uio->resid, size), 32));
		int err = buffer_read(bdev, (u64)*pos / size, &buffer);
		if (err)
			return done ? done : err;
		size_t copied = uio_copy_out(uio, (char *)buffer->data + offset, n);
		buffer_put(buffer);
		*pos += (loff_t)copied;
		done += (ssize_t)copied;
		if (copied < n)
			return done ? done : -EFAULT;
		thread_yield_point();
	}
	return done;
}

/* Copies one piece into a block's buffer. Bytes copied or -errno. */
static ssize_t write_piece(struct block_device *bdev, struct uio *uio, u64 block, u32 offset,
			   size_t n)
{
	struct buffer *buffer;
	bool whole = n == bdev->soft_block_size;
	int err = whole ? buffer_get(bdev, block, &buffer) : buffer_read(bdev, block, &buffer);
	if (err)
		return err;
	err = uio_fault_in_readable(uio, n);
	size_t copied = 0;
	if (!err) {
		buffer_lock(buffer);
		copied = uio_copy_in(uio, (char *)buffer->data + offset, n);
		/* A fault in the middle of a block that was never read would leave garbage behind
		 * it. */
		if (copied < n && !buffer_flag_test(buffer, BUFFER_VALID))
			memset((char *)buffer->data + offset + copied, 0, n - copied);
		buffer_mark_dirty(buffer);
		buffer_unlock(buffer);
	}
	buffer_put(buffer);
	return copied ? (ssize_t)copied : -EFAULT;
}

static ssize_t blkdev_write(struct file *file, struct uio *uio, loff_t *pos)
{
	struct block_device *bdev = file->private;
	u32 size = bdev->soft_block_size;
	ssize_t done = 0;
	u64 end = blkdev_bytes(bdev);
	if (uio->resid && (u64)*pos >= end)
		return -ENOSPC;
	while (uio->resid && (u64)*pos < end) {
		u32 offset = (u32)(*pos % size);
		size_t n = min_t(u64, min_t(u64, uio->resid, size - offset), end - (u64)*pos);
		ssize_t copied = write_piece(bdev, uio, (u64)*pos / size, offset, n);
		if (copied < 0)
			return done ? done : copied;
		*pos += copied;
		done += copied;
		if ((size_t)copied < n)
			break;
		thread_yield_point();
	}
	if (file->flags & (O_DSYNC | __O_SYNC)) {
		int err = buffer_sync(bdev);
		if (!err)
			err = block_flush(bdev);
		if (err)
			return err;
	}
	return done;
}

static int blkdev_fsync(struct file *file, loff_t start, loff_t end, bool datasync)
{
	struct block_device *bdev = file->private;
	int err = buffer_sync(bdev);
	return err ? err : block_flush(bdev);
}

static loff_t blkdev_seek(struct file *file, loff_t offset, int whence)
{
	loff_t size = (loff_t)blkdev_bytes(file->private);
	loff_t base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? file->pos : size;
	loff_t target;
	if (whence != SEEK_SET && whence != SEEK_CUR && whence != SEEK_END)
		return -EINVAL;
	if (__builtin_add_overflow(base, offset, &target) || target < 0)
		return -EINVAL;
	file->pos = target;
	return target;
}

static long blkdev_discard(struct block_device *bdev, struct file *file, unsigned long arg)
{
	u64 range[2];
	if (!(file->mode & FILE_WRITE))
		return -EBADF;
	if (copy_from_user(range, (void __user *)arg, sizeof(range)))
		return -EFAULT;
	if ((range[0] | range[1]) & (SECTOR_SIZE - 1) || range[0] > blkdev_bytes(bdev) ||
	    range[1] > blkdev_bytes(bdev) - range[0])
		return -EINVAL;
	return block_discard(bdev, range[0] >> SECTOR_SHIFT, range[1] >> SECTOR_SHIFT);
}

static int blkdev_drop_buffers(struct block_device *bdev)
{
	int err = buffer_sync(bdev);
	if (!err)
		buffer_invalidate(bdev);
	return err;
}

static long blkdev_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct block_device *bdev = file->private;
	switch (cmd) {
	case BLKGETSIZE64:
		return put_user(blkdev_bytes(bdev), (u64 __user *)arg);
	case BLKGETSIZE:
		return put_user((unsigned long)bdev->sectors, (unsigned long __user *)arg);
	case BLKSSZGET:
		return put_user((int)bdev->logical_block, (int __user *)arg);
	case BLKPBSZGET:
		return put_user(bdev->physical_block, (u32 __user *)arg);
	case BLKBSZGET:
		return put_user((int)bdev->soft_block_size, (int __user *)arg);
	case BLKIOMIN:
	case BLKIOOPT:
		return put_user(cmd == BLKIOMIN ? bdev->physical_block : 0, (u32 __user *)arg);
	case BLKALIGNOFF:
		return put_user(0, (int __user *)arg);
	case BLKROGET:
		return put_user(bdev->read_only ? 1 : 0, (int __user *)arg);
	case BLKFLSBUF:
		if (!capable(CAP_SYS_ADMIN))
			return -EACCES;
		return blkdev_drop_buffers(bdev);
	case BLKDISCARD:
		return blkdev_discard(bdev, file, arg);
	default:
		return -ENOTTY;
	}
}

const struct file_ops blkdev_file_ops = {
    .open = blkdev_open,
    .release = blkdev_release,
    .read = blkdev_read,
    .write = blkdev_write,
    .seek = blkdev_seek,
    .fsync = blkdev_fsync,
    .ioctl = blkdev_ioctl,
};
