/* System calls that ask about files: stat and its kin, access, statfs, readlink. */
#include "lib/atomic.h"
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "mm/usercopy.h"
#include "sys/sys_cred.h"
#include "sys/syscall.h"
#include "vfs/cred.h"
#include "vfs/file.h"
#include "vfs/mount.h"
#include "vfs/vfs.h"

#include <asm/stat.h>
#include <asm/statfs.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/stat.h>

/* new_encode_dev: how a device number is packed into 32 bits. */
static u32 device_number(u32 major, u32 minor)
{
	return (minor & 0xff) | major << 8 | (minor & ~0xffu) << 12;
}

static int stat_to_user(const struct vfs_stat *from, struct stat __user *user)
{
	struct stat abi;

	memset(&abi, 0, sizeof(abi));
	abi.st_dev = device_number(from->dev_major, from->dev_minor);
	abi.st_ino = from->ino;
	abi.st_nlink = from->nlink;
	abi.st_mode = from->mode;
	abi.st_uid = from->uid;
	abi.st_gid = from->gid;
	abi.st_rdev = device_number(from->rdev_major, from->rdev_minor);
	abi.st_size = (long)from->size;
	abi.st_blksize = (__typeof__(abi.st_blksize))from->block_size;
	abi.st_blocks = (long)from->blocks;
	abi.st_atime = (__typeof__(abi.st_atime))from->atime.sec;
	abi.st_atime_nsec = from->atime.nsec;
	abi.st_mtime = (__typeof__(abi.st_mtime))from->mtime.sec;
	abi.st_mtime_nsec = from->mtime.nsec;
	abi.st_ctime = (__typeof__(abi.st_ctime))from->ctime.sec;
	abi.st_ctime_nsec = from->ctime.nsec;
	return copy_to_user(user, &abi, sizeof(abi));
}

static long stat_name(int dirfd, const char __user *name, unsigned int lookup,
		      struct stat __user *user)
{
	struct vfs_stat stat;
	struct path path;
	int err = path_lookup_user(dirfd, name, lookup, &path);

	if (err)
		return err;
	err = vfs_stat_path(&path, &stat);
	path_put(&path);
	return err ? err : stat_to_user(&stat, user);
}

static int stat_fd(int fd, struct vfs_stat *stat)
{
	struct fd_ref ref = fd_borrow(fd);
	int err = ref.file ? vfs_stat_file(ref.file, stat) : -EBADF;

	fd_return(ref);
	return err;
}

SYSCALL(stat)
{
	return stat_name(AT_FDCWD, (const char __user *)args[0], LOOKUP_FOLLOW,
			 (struct stat __user *)args[1]);
}

SYSCALL(lstat)
{
	return stat_name(AT_FDCWD, (const char __user *)args[0], 0, (struct stat __user *)args[1]);
}

SYSCALL(fstat)
{
	struct vfs_stat stat;
	int err = stat_fd((int)args[0], &stat);

	return err ? err : stat_to_user(&stat, (struct stat __user *)args[1]);
}

/* LOOKUP_* of AT_* flags; -EINVAL for others than `known`. */
static int at_flags_to_lookup(u32 flags, u32 known, unsigned int *lookup)
{
	if (flags & ~known)
		return -EINVAL;
	*lookup = flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW;
	if (flags & AT_EMPTY_PATH)
		*lookup |= LOOKUP_EMPTY;
	if (flags & AT_NO_AUTOMOUNT)
		*lookup |= LOOKUP_NO_AUTOMOUNT;
	return 0;
}

/* With AT_EMPTY_PATH and "" (or NULL): fstat, without a walk. */
static bool names_descriptor(const char __user *name, u32 flags)
{
	char first;

	if (!(flags & AT_EMPTY_PATH))
		return false;
	return !name || (!get_user(first, name) && !first);
}

SYSCALL(newfstatat)
{
	const u32 known = AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | AT_NO_AUTOMOUNT;
	const char __user *name = (const char __user *)args[1];
	struct stat __user *user = (struct stat __user *)args[2];
	u32 flags = (u32)args[3];
	unsigned int lookup;
	int err = at_flags_to_lookup(flags, known, &lookup);

	if (err)
		return err;
	if ((int)args[0] >= 0 && names_descriptor(name, flags)) {
		struct vfs_stat stat;
		err = stat_fd((int)args[0], &stat);
		return err ? err : stat_to_user(&stat, user);
	}
	return stat_name((int)args[0], name, lookup, user);
}

/* ---- statx ---- */

static struct statx_timestamp statx_time(const struct timespec64 *time)
{
	return (struct statx_timestamp){.tv_sec = time->sec, .tv_nsec = time->nsec};
}

static int statx_to_user(const struct vfs_stat *from, struct statx __user *user)
{
	struct statx abi;

	memset(&abi, 0, sizeof(abi));
	abi.stx_mask = STATX_BASIC_STATS | STATX_MNT_ID | (from->has_btime ? STATX_BTIME : 0);
	abi.stx_blksize = (u32)from->block_size;
	abi.stx_attributes = from->attributes;
	abi.stx_attributes_mask = from->attributes_mask;
	abi.stx_nlink = from->nlink;
	abi.stx_uid = from->uid;
	abi.stx_gid = from->gid;
	abi.stx_mode = (u16)from->mode;
	abi.stx_ino = from->ino;
	abi.stx_size = from->size;
	abi.stx_blocks = from->blocks;
	abi.stx_atime = statx_time(&from->atime);
	abi.stx_mtime = statx_time(&from->mtime);
	abi.stx_ctime = statx_time(&from->ctime);
	if (from->has_btime)
		abi.stx_btime = statx_time(&from->btime);
	abi.stx_dev_major = from->dev_major;
	abi.stx_dev_minor = from->dev_minor;
	abi.stx_rdev_major = from->rdev_major;
	abi.stx_rdev_minor = from->rdev_minor;
	abi.stx_mnt_id = from->mount_id;
	return copy_to_user(user, &abi, sizeof(abi));
}

SYSCALL(statx)
{
	const u32 sync_type = AT_STATX_FORCE_SYNC | AT_STATX_DONT_SYNC;
	const u32 known = AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | AT_NO_AUTOMOUNT | sync_type;
	const char __user *name = (const char __user *)args[1];
	u32 flags = (u32)args[2], mask = (u32)args[3];
	struct vfs_stat stat;
	unsigned int lookup;
	int err = at_flags_to_lookup(flags, known, &lookup);

	if (err || (flags & sync_type) == sync_type || mask & STATX__RESERVED)
		return -EINVAL;
	if ((int)args[0] >= 0 && names_descriptor(name, flags)) {
		err = stat_fd((int)args[0], &stat);
	} else {
		struct path path;
		err = path_lookup_user((int)args[0], name, lookup, &path);
		if (!err) {
			err = vfs_stat_path(&path, &stat);
			path_put(&path);
		}
	}
	return err ? err : statx_to_user(&stat, (struct statx __user *)args[4]);
}

/* ---- access ---- */

static long do_access(int dirfd, const char __user *name, u32 mode, u32 flags)
{
	const u32 known = AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH;
	struct path path;
	unsigned int lookup;
	int err = at_flags_to_lookup(flags, known, &lookup);

	if (err || mode & ~(MAY_READ | MAY_WRITE | MAY_EXEC))
		return -EINVAL;
	const struct cred *saved = NULL;
	if (!(flags & AT_EACCESS)) {
		err = cred_real_ids_enter(&saved);
		if (err)
			return err;
	}
	err = path_lookup_user(dirfd, name, lookup, &path);
	if (!err) {
		err = vfs_access(&path, mode);
		path_put(&path);
	}
	if (!(flags & AT_EACCESS))
		cred_real_ids_leave(saved);
	return err;
}

SYSCALL(access)
{
	return do_access(AT_FDCWD, (const char __user *)args[0], (u32)args[1], 0);
}

SYSCALL(faccessat)
{
	return do_access((int)args[0], (const char __user *)args[1], (u32)args[2], 0);
}

SYSCALL(faccessat2)
{
	return do_access((int)args[0], (const char __user *)args[1], (u32)args[2], (u32)args[3]);
}

/* ---- statfs ---- */

#define STATFS_FLAGS_VALID 0x20 /* f_flags means something */

static int statfs_to_user(const struct path *path, struct statfs __user *user)
{
	struct fs_statistics from;
	struct statfs abi;
	int err = vfs_statfs(path, &from);

	if (err)
		return err;
	memset(&abi, 0, sizeof(abi));
	abi.f_type = (__typeof__(abi.f_type))from.magic;
	abi.f_bsize = (__typeof__(abi.f_bsize))from.block_size;
	abi.f_frsize = (__typeof__(abi.f_frsize))from.fragment_size;
	abi.f_blocks = from.blocks;
	abi.f_bfree = from.free_blocks;
	abi.f_bavail = from.available_blocks;
	abi.f_files = from.files;
	abi.f_ffree = from.free_files;
	abi.f_namelen = (__typeof__(abi.f_namelen))from.name_max;
	memcpy(&abi.f_fsid, from.fsid, sizeof(from.fsid));
	abi.f_flags = STATFS_FLAGS_VALID;
	if (path->mount)
		abi.f_flags |= (__typeof__(abi.f_flags))atomic_load(&path->mount->flags);
	return copy_to_user(user, &abi, sizeof(abi));
}

SYSCALL(statfs)
{
	struct path path;
	int err = path_lookup_user(AT_FDCWD, (const char __user *)args[0], LOOKUP_FOLLOW, &path);

	if (err)
		return err;
	err = statfs_to_user(&path, (struct statfs __user *)args[1]);
	path_put(&path);
	return err;
}

SYSCALL(fstatfs)
{
	struct fd_ref ref = fd_borrow((int)args[0]);
	int err = -EBADF;

	if (ref.file)
		err = statfs_to_user(&ref.file->path, (struct statfs __user *)args[1]);
	fd_return(ref);
	return err;
}

/* ---- readlink ---- */

static long do_readlink(int dirfd, const char __user *name, char __user *buf, int size)
{
	struct path path;
	char *target;
	int err;

	if (size <= 0)
		return -EINVAL;
	err = path_lookup_user(dirfd, name, LOOKUP_EMPTY, &path);
	if (err)
		return err;
	err = vfs_readlink(&path, &target);
	path_put(&path);
	if (err)
		return err;
	size_t n = min(strlen(target), (size_t)size);
	err = copy_to_user(buf, target, n);
	kfree(target);
	return err ? err : (long)n;
}

SYSCALL(readlink)
{
	return do_readlink(AT_FDCWD, (const char __user *)args[0], (char __user *)args[1],
			   (int)args[2]);
}

SYSCALL(readlinkat)
{
	return do_readlink((int)args[0], (const char __user *)args[1], (char __user *)args[2],
			   (int)args[3]);
}
