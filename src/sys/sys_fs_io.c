/* read, write and their kin: they decode, vfs does. */
#include "hw/mmu.h"
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "mm/usercopy.h"
#include "sys/sys_fs_int.h"
#include "sys/syscall.h"
#include "vfs/file.h"
#include "vfs/pipe.h"

#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/uio.h>

#define IOV_MAX UIO_MAXIOV

/* What can't be a buffer is -EFAULT before anything else happens; the copies check what they touch.
 */
static bool buffer_ok(const void __user *base, size_t length)
{
	return length <= MMU_USER_MAX && (unsigned long)base <= MMU_USER_MAX - length;
}

/* ---- one buffer ---- */

static long read_one(const unsigned long args[6], loff_t *pos)
{
	struct fd_ref ref = fd_borrow((int)args[0]);
	struct uio uio;
	long result;

	if (unlikely(!ref.file))
		return -EBADF;
	if (unlikely(!buffer_ok((void __user *)args[1], args[2])) && (ref.file->mode & FILE_READ)) {
		fd_return(ref);
		return -EFAULT;
	}
	uio_init_user(&uio, (void __user *)args[1], args[2]);
	result = file_read(ref.file, &uio, pos, 0);
	fd_return(ref);
	return result;
}

static long write_one(const unsigned long args[6], loff_t *pos)
{
	struct fd_ref ref = fd_borrow((int)args[0]);
	struct uio uio;
	long result;

	if (unlikely(!ref.file))
		return -EBADF;
	if (unlikely(!buffer_ok((void __user *)args[1], args[2])) &&
	    (ref.file->mode & FILE_WRITE)) {
		fd_return(ref);
		return -EFAULT;
	}
	uio_init_user(&uio, (void __user *)args[1], args[2]);
	result = file_write(ref.file, &uio, pos, 0);
	fd_return(ref);
	return result;
}

SYSCALL(read)
{
	return read_one(args, NULL);
}

SYSCALL(write)
{
	return write_one(args, NULL);
}

SYSCALL(pread64)
{
	loff_t pos = (loff_t)args[3];

	return pos < 0 ? -EINVAL : read_one(args, &pos);
}

SYSCALL(pwrite64)
{
	loff_t pos = (loff_t)args[3];

	return pos < 0 ? -EINVAL : write_one(args, &pos);
}

/* ---- many buffers ---- */

int iov_get(struct iov *iov, const void __user *user, unsigned long count, struct uio *uio)
{
	size_t total = 0;
	int err = 0;

	_Static_assert(sizeof(struct uio_segment) == sizeof(struct iovec),
		       "segments are read as they are");
	if (count > IOV_MAX)
		return -EINVAL;
	iov->segments = iov->few;
	if (count > IOV_INLINE) {
		iov->segments = kmalloc(count * sizeof(*iov->segments), MM_NORMAL);
		if (!iov->segments)
			return -ENOMEM;
	}
	err = copy_from_user(iov->segments, user, count * sizeof(*iov->segments));
	for (unsigned long i = 0; i < count && !err; i++) {
		struct uio_segment *segment = &iov->segments[i];

		if (segment->length > (size_t)S64_MAX)
			err = -EINVAL;
		else if (!buffer_ok(segment->base, segment->length))
			err = -EFAULT;
		/* More than one call moves is cut off, so that the sum can't overflow. */
		segment->length =
		    min(segment->length, (size_t)S32_MAX - min(total, (size_t)S32_MAX));
		total += segment->length;
	}
	if (err) {
		iov_put(iov);
		return err;
	}
	uio_init_user_segments(uio, iov->segments, (unsigned int)count);
	return 0;
}

void iov_put(struct iov *iov)
{
	if (iov->segments != iov->few)
		kfree(iov->segments);
}

static long rw_vector(const unsigned long args[6], bool write, loff_t *pos, int rwf_flags)
{
	struct fd_ref ref;
	struct iov iov;
	struct uio uio;
	long result;

	if (rwf_flags & ~RWF_SUPPORTED)
		return -EOPNOTSUPP;
	if (pos && *pos < 0)
		return -EINVAL;
	ref = fd_borrow((int)args[0]);
	if (!ref.file)
		return -EBADF;
	result = iov_get(&iov, (const void __user *)args[1], args[2], &uio);
	if (!result) {
		result = write ? file_write(ref.file, &uio, pos, rwf_flags)
			       : file_read(ref.file, &uio, pos, rwf_flags);
		iov_put(&iov);
	}
	fd_return(ref);
	return result;
}

SYSCALL(readv)
{
	return rw_vector(args, false, NULL, 0);
}

SYSCALL(writev)
{
	return rw_vector(args, true, NULL, 0);
}

/* The position comes in two halves, of which a 64-bit caller uses the first. */
SYSCALL(preadv)
{
	loff_t pos = (loff_t)args[3];

	return rw_vector(args, false, &pos, 0);
}

SYSCALL(pwritev)
{
	loff_t pos = (loff_t)args[3];

	return rw_vector(args, true, &pos, 0);
}

/* A write into the page cache may always have to wait; a read of what is there need not. */
static long rw_vector2(const unsigned long args[6], bool write)
{
	loff_t pos = (loff_t)args[3];
	int flags = (int)args[5];

	if (write && (flags & RWF_NOWAIT))
		return -EOPNOTSUPP;
	return rw_vector(args, write, pos == -1 ? NULL : &pos, flags);
}

SYSCALL(preadv2)
{
	return rw_vector2(args, false);
}

SYSCALL(pwritev2)
{
	return rw_vector2(args, true);
}

SYSCALL(lseek)
{
	struct fd_ref ref = fd_borrow((int)args[0]);
	long result;

	if (!ref.file)
		return -EBADF;
	result = file_seek(ref.file, (loff_t)args[1], (int)args[2]);
	fd_return(ref);
	return result;
}

/* ---- between files ---- */

/* An optional user position: *out points to *pos, or is NULL. */
static int position_get(const loff_t __user *user, loff_t *pos, loff_t **out)
{
	*out = NULL;
	if (!user)
		return 0;
	*out = pos;
	return get_user(*pos, user);
}

static long position_put(loff_t __user *user, loff_t pos, long result)
{
	if (user && result >= 0 && put_user(pos, user))
		return -EFAULT;
	return result;
}

SYSCALL(sendfile)
{
	loff_t __user *user_pos = (loff_t __user *)args[2];
	struct fd_ref out, in;
	loff_t pos = 0, *in_pos;
	long result = position_get(user_pos, &pos, &in_pos);

	if (result)
		return result;
	out = fd_borrow((int)args[0]);
	in = fd_borrow((int)args[1]);
	result =
	    out.file && in.file ? vfs_sendfile(out.file, NULL, in.file, in_pos, args[3]) : -EBADF;
	fd_return(in);
	fd_return(out);
	return position_put(user_pos, pos, result);
}

/* copy_file_range and splice: two files, each with an optional position. */
static long move_between(const unsigned long args[6], bool splice)
{
	loff_t __user *user_in = (loff_t __user *)args[1], *user_out = (loff_t __user *)args[3];
	loff_t in_at = 0, out_at = 0, *in_pos, *out_pos;
	struct fd_ref in, out;
	long result = position_get(user_in, &in_at, &in_pos);

	if (!result)
		result = position_get(user_out, &out_at, &out_pos);
	if (result)
		return result;
	in = fd_borrow((int)args[0]);
	out = fd_borrow((int)args[2]);
	if (!in.file || !out.file)
		result = -EBADF;
	else if (splice)
		result =
		    vfs_splice(in.file, in_pos, out.file, out_pos, args[4], (unsigned int)args[5]);
	else if (args[5])
		result = -EINVAL;
	else
		result = vfs_copy_file_range(in.file, in_pos, out.file, out_pos, args[4]);
	fd_return(out);
	fd_return(in);
	result = position_put(user_in, in_at, result);
	return position_put(user_out, out_at, result);
}

SYSCALL(copy_file_range)
{
	return move_between(args, false);
}

SYSCALL(splice)
{
	return move_between(args, true);
}

SYSCALL(tee)
{
	struct fd_ref in = fd_borrow((int)args[0]), out = fd_borrow((int)args[1]);
	long result = -EBADF;

	if (in.file && out.file)
		result = vfs_tee(in.file, out.file, args[2], (unsigned int)args[3]);
	fd_return(out);
	fd_return(in);
	return result;
}

/* Copies: pages of a process are never given away. */
SYSCALL(vmsplice)
{
	struct fd_ref ref = fd_borrow((int)args[0]);
	struct iov iov;
	struct uio uio;
	long result = -EBADF;

	if (ref.file && pipe_of_file(ref.file)) {
		result = iov_get(&iov, (const void __user *)args[1], args[2], &uio);
		if (!result) {
			result = ref.file->mode & FILE_WRITE ? file_write(ref.file, &uio, NULL, 0)
							     : file_read(ref.file, &uio, NULL, 0);
			iov_put(&iov);
		}
	}
	fd_return(ref);
	return result;
}
