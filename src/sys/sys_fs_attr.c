/* Attributes of files: chmod, chown, utimes, truncate and their kin. */
#include "lib/string.h"
#include "mm/usercopy.h"
#include "sys/sys_fs_int.h"
#include "sys/syscall.h"
#include "vfs/cred.h"
#include "vfs/file.h"
#include "vfs/inode.h"

#include <linux/fcntl.h>
#include <linux/stat.h>
#include <linux/time.h>
#include <linux/utime.h>

/* UTIME_NOW and UTIME_OMIT, which are in no UAPI header. */
#define TIME_NOW  0x3fffffffl
#define TIME_OMIT 0x3ffffffel

static long setattr_at(int dirfd, const char __user *user, unsigned int at_flags,
		       const struct attr *attr, bool now)
{
	struct path path;
	int err = path_lookup_user(dirfd, user, at_lookup_flags(at_flags), &path);

	if (err)
		return err;
	/* A link has no permissions of its own. */
	if ((attr->valid & ATTR_MODE) && S_ISLNK(path.dentry->inode->mode))
		err = -EOPNOTSUPP;
	else
		err = vfs_setattr(&path, attr, now);
	path_put(&path);
	return err;
}

static long setattr_fd(int fd, const struct attr *attr, bool now)
{
	struct fd_ref ref = fd_borrow(fd);
	long result = -EBADF;

	if (ref.file && !(ref.file->mode & FILE_PATH_ONLY))
		result = ref.file->path.dentry ? vfs_setattr(&ref.file->path, attr, now) : -EINVAL;
	fd_return(ref);
	return result;
}

/* ---- chmod ---- */

static struct attr mode_attr(unsigned long mode)
{
	return (struct attr){.valid = ATTR_MODE, .mode = (u32)mode & 07777};
}

SYSCALL(chmod)
{
	struct attr attr = mode_attr(args[1]);

	return setattr_at(AT_FDCWD, (const char __user *)args[0], 0, &attr, false);
}

SYSCALL(fchmodat)
{
	struct attr attr = mode_attr(args[2]);

	return setattr_at((int)args[0], (const char __user *)args[1], 0, &attr, false);
}

SYSCALL(fchmodat2)
{
	struct attr attr = mode_attr(args[2]);

	if (args[3] & ~(unsigned long)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	return setattr_at((int)args[0], (const char __user *)args[1], (unsigned int)args[3], &attr,
			  false);
}

SYSCALL(fchmod)
{
	struct attr attr = mode_attr(args[1]);

	return setattr_fd((int)args[0], &attr, false);
}

/* ---- chown ---- */

static struct attr owner_attr(unsigned long uid, unsigned long gid)
{
	struct attr attr = {.uid = (u32)uid, .gid = (u32)gid};

	if (attr.uid != (u32)-1)
		attr.valid |= ATTR_UID;
	if (attr.gid != (u32)-1)
		attr.valid |= ATTR_GID;
	return attr;
}

SYSCALL(chown)
{
	struct attr attr = owner_attr(args[1], args[2]);

	return setattr_at(AT_FDCWD, (const char __user *)args[0], 0, &attr, false);
}

SYSCALL(lchown)
{
	struct attr attr = owner_attr(args[1], args[2]);

	return setattr_at(AT_FDCWD, (const char __user *)args[0], AT_SYMLINK_NOFOLLOW, &attr,
			  false);
}

SYSCALL(fchownat)
{
	struct attr attr = owner_attr(args[2], args[3]);

	if (args[4] & ~(unsigned long)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	return setattr_at((int)args[0], (const char __user *)args[1], (unsigned int)args[4], &attr,
			  false);
}

SYSCALL(fchown)
{
	struct attr attr = owner_attr(args[1], args[2]);

	return setattr_fd((int)args[0], &attr, false);
}

/* ---- times ---- */

/* What is to be done with the times: both now, or each as it says. */
static int times_attr(const struct __kernel_timespec times[2], struct attr *attr, bool *now)
{
	static const unsigned int bits[2] = {ATTR_ATIME, ATTR_MTIME};
	struct timespec64 *fields[2] = {&attr->atime, &attr->mtime};

	*now = true;
	for (int i = 0; i < 2; i++) {
		if (times[i].tv_nsec == TIME_OMIT) {
			*now = false;
			continue;
		}
		attr->valid |= bits[i];
		if (times[i].tv_nsec == TIME_NOW) {
			*fields[i] = clock_realtime_coarse();
			continue;
		}
		*now = false;
		if (times[i].tv_nsec < 0 || times[i].tv_nsec >= (long long)NSEC_PER_SEC)
			return -EINVAL;
		*fields[i] =
		    (struct timespec64){.sec = times[i].tv_sec, .nsec = (u32)times[i].tv_nsec};
	}
	return 0;
}

/* user NULL: the descriptor itself. times NULL: now. */
static long utimes_at(int dirfd, const char __user *user, const struct __kernel_timespec *times,
		      unsigned int at_flags)
{
	struct attr attr = {};
	bool now = true;
	int err = 0;

	if (times)
		err = times_attr(times, &attr, &now);
	else
		attr.valid = ATTR_ATIME | ATTR_MTIME;
	if (err)
		return err;
	if (!attr.valid)
		return 0; /* both omitted */
	if (!user && dirfd != AT_FDCWD)
		return at_flags ? -EINVAL : setattr_fd(dirfd, &attr, now);
	return setattr_at(dirfd, user, at_flags, &attr, now);
}

SYSCALL(utimensat)
{
	struct __kernel_timespec times[2];

	if (args[3] & ~(unsigned long)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (args[2] && copy_from_user(times, (const void __user *)args[2], sizeof(times)))
		return -EFAULT;
	return utimes_at((int)args[0], (const char __user *)args[1], args[2] ? times : NULL,
			 (unsigned int)args[3]);
}

/* Microseconds. */
static long utimes_old(int dirfd, const char __user *user, const void __user *user_times)
{
	struct __kernel_timespec times[2];
	struct __kernel_old_timeval old[2];

	if (!user_times)
		return utimes_at(dirfd, user, NULL, 0);
	if (copy_from_user(old, user_times, sizeof(old)))
		return -EFAULT;
	for (int i = 0; i < 2; i++) {
		if (old[i].tv_usec < 0 || old[i].tv_usec >= 1000000)
			return -EINVAL;
		times[i] = (struct __kernel_timespec){.tv_sec = old[i].tv_sec,
						      .tv_nsec = old[i].tv_usec * 1000};
	}
	return utimes_at(dirfd, user, times, 0);
}

SYSCALL(utimes)
{
	return utimes_old(AT_FDCWD, (const char __user *)args[0], (const void __user *)args[1]);
}

SYSCALL(futimesat)
{
	return utimes_old((int)args[0], (const char __user *)args[1], (const void __user *)args[2]);
}

SYSCALL(utime)
{
	struct __kernel_timespec times[2] = {};
	struct utimbuf old;

	if (!args[1])
		return utimes_at(AT_FDCWD, (const char __user *)args[0], NULL, 0);
	if (copy_from_user(&old, (const void __user *)args[1], sizeof(old)))
		return -EFAULT;
	times[0].tv_sec = old.actime;
	times[1].tv_sec = old.modtime;
	return utimes_at(AT_FDCWD, (const char __user *)args[0], times, 0);
}

/* ---- size ---- */

SYSCALL(truncate)
{
	struct path path;
	int err;

	if ((loff_t)args[1] < 0)
		return -EINVAL;
	err = path_lookup_user(AT_FDCWD, (const char __user *)args[0], LOOKUP_FOLLOW, &path);
	if (err)
		return err;
	err = vfs_truncate(&path, (loff_t)args[1]);
	path_put(&path);
	return err;
}

SYSCALL(ftruncate)
{
	struct fd_ref ref = fd_borrow((int)args[0]);
	long result = -EBADF;

	if (ref.file)
		result = vfs_ftruncate(ref.file, (loff_t)args[1]);
	fd_return(ref);
	return result;
}

SYSCALL(fallocate)
{
	struct fd_ref ref = fd_borrow((int)args[0]);
	long result = -EBADF;

	if (ref.file)
		result = vfs_fallocate(ref.file, (int)args[1], (loff_t)args[2], (loff_t)args[3]);
	fd_return(ref);
	return result;
}
