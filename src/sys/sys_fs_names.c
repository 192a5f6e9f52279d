/* System calls that change names and attributes, working directories and mounts. */
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "mm/usercopy.h"
#include "sys/syscall.h"
#include "vfs/cred.h"
#include "vfs/file.h"
#include "vfs/mount.h"
#include "vfs/vfs.h"

#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/stat.h>
#include <linux/time.h>
#include <linux/time_types.h>
#include <linux/utime.h>

#define OWNER_UNCHANGED ((u32)-1)
/* Nanoseconds of utimensat(2) that are none; no UAPI header has them. */
#define UTIME_NOW  0x3fffffffl
#define UTIME_OMIT 0x3ffffffel

/* Evaluates expression with `name` bound to the user string. */
#define WITH_NAME(user, expression)                                                                \
	({                                                                                         \
		struct path_name with_name;                                                        \
		int with_name_err = path_name_from_user((user), 0, &with_name);                    \
		if (!with_name_err) {                                                              \
			const char *name = with_name.name;                                         \
			with_name_err = (expression);                                              \
			path_name_put(&with_name);                                                 \
		}                                                                                  \
		with_name_err;                                                                     \
	})

static const char __user *user_string(unsigned long arg)
{
	return (const char __user *)arg;
}

/* ---- names ---- */

SYSCALL(mkdir)
{
	return WITH_NAME(user_string(args[0]), vfs_mkdir(AT_FDCWD, name, (u32)args[1]));
}

SYSCALL(mkdirat)
{
	return WITH_NAME(user_string(args[1]), vfs_mkdir((int)args[0], name, (u32)args[2]));
}

static long do_mknod(int dirfd, const char __user *user, u32 mode, u32 device)
{
	u32 major = (device >> 8) & 0xfff, minor = (device & 0xff) | ((device >> 12) & 0xfff00);

	return WITH_NAME(user, vfs_mknod(dirfd, name, mode, major, minor));
}

SYSCALL(mknod)
{
	return do_mknod(AT_FDCWD, user_string(args[0]), (u32)args[1], (u32)args[2]);
}

SYSCALL(mknodat)
{
	return do_mknod((int)args[0], user_string(args[1]), (u32)args[2], (u32)args[3]);
}

SYSCALL(unlink)
{
	return WITH_NAME(user_string(args[0]), vfs_unlink(AT_FDCWD, name));
}

SYSCALL(rmdir)
{
	return WITH_NAME(user_string(args[0]), vfs_rmdir(AT_FDCWD, name));
}

SYSCALL(unlinkat)
{
	u32 flags = (u32)args[2];

	if (flags & ~(u32)AT_REMOVEDIR)
		return -EINVAL;
	if (flags & AT_REMOVEDIR)
		return WITH_NAME(user_string(args[1]), vfs_rmdir((int)args[0], name));
	return WITH_NAME(user_string(args[1]), vfs_unlink((int)args[0], name));
}

static long do_symlink(const char __user *user_target, int dirfd, const char __user *user)
{
	struct path_name target;
	int err = path_name_from_user(user_target, 0, &target);

	if (err)
		return err;
	err = WITH_NAME(user, vfs_symlink(target.name, dirfd, name));
	path_name_put(&target);
	return err;
}

SYSCALL(symlink)
{
	return do_symlink(user_string(args[0]), AT_FDCWD, user_string(args[1]));
}

SYSCALL(symlinkat)
{
	return do_symlink(user_string(args[0]), (int)args[1], user_string(args[2]));
}

static long do_link(int old_dirfd, const char __user *user_old, int new_dirfd,
		    const char __user *user_new, u32 flags)
{
	struct path_name old;
	int err;

	if (flags & ~(u32)(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (flags & AT_EMPTY_PATH && !capable(CAP_DAC_READ_SEARCH))
		return -ENOENT;
	err = path_name_from_user(user_old, flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0, &old);
	if (err)
		return err;
	err = WITH_NAME(user_new, vfs_link(old_dirfd, old.name, new_dirfd, name, (int)flags));
	path_name_put(&old);
	return err;
}

SYSCALL(link)
{
	return do_link(AT_FDCWD, user_string(args[0]), AT_FDCWD, user_string(args[1]), 0);
}

SYSCALL(linkat)
{
	return do_link((int)args[0], user_string(args[1]), (int)args[2], user_string(args[3]),
		       (u32)args[4]);
}

static long do_rename(int old_dirfd, const char __user *user_old, int new_dirfd,
		      const char __user *user_new, u32 flags)
{
	struct path_name old;
	int err = path_name_from_user(user_old, 0, &old);

	if (err)
		return err;
	err = WITH_NAME(user_new, vfs_rename(old_dirfd, old.name, new_dirfd, name, flags));
	path_name_put(&old);
	return err;
}

SYSCALL(rename)
{
	return do_rename(AT_FDCWD, user_string(args[0]), AT_FDCWD, user_string(args[1]), 0);
}

SYSCALL(renameat)
{
	return do_rename((int)args[0], user_string(args[1]), (int)args[2], user_string(args[3]), 0);
}

SYSCALL(renameat2)
{
	return do_rename((int)args[0], user_string(args[1]), (int)args[2], user_string(args[3]),
			 (u32)args[4]);
}

/* ---- attributes ---- */

/* Looks up and changes. lookup: LOOKUP_*. */
static long setattr_name(int dirfd, const char __user *user, unsigned int lookup,
			 const struct attr *attr, bool now)
{
	struct path path;
	int err = path_lookup_user(dirfd, user, lookup, &path);

	if (err)
		return err;
	err = vfs_setattr(&path, attr, now);
	path_put(&path);
	return err;
}

static long setattr_fd(int fd, const struct attr *attr, bool now)
{
	struct fd_ref ref = fd_borrow(fd);
	int err = -EBADF;

	if (ref.file && !(ref.file->mode & FILE_PATH_ONLY))
		err = vfs_setattr(&ref.file->path, attr, now);
	fd_return(ref);
	return err;
}

static long do_chmod(int dirfd, const char __user *user, u32 mode, u32 flags)
{
	struct attr attr = {.valid = ATTR_MODE, .mode = mode & 07777};
	unsigned int lookup = flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW;

	if (flags & AT_EMPTY_PATH)
		lookup |= LOOKUP_EMPTY;
	return setattr_name(dirfd, user, lookup, &attr, false);
}

SYSCALL(chmod)
{
	return do_chmod(AT_FDCWD, user_string(args[0]), (u32)args[1], 0);
}

SYSCALL(fchmodat)
{
	return do_chmod((int)args[0], user_string(args[1]), (u32)args[2], 0);
}

SYSCALL(fchmod)
{
	struct attr attr = {.valid = ATTR_MODE, .mode = (u32)args[1] & 07777};

	return setattr_fd((int)args[0], &attr, false);
}

static struct attr owner_attr(u32 uid, u32 gid)
{
	struct attr attr = {.uid = uid, .gid = gid};

	if (uid != OWNER_UNCHANGED)
		attr.valid |= ATTR_UID;
	if (gid != OWNER_UNCHANGED)
		attr.valid |= ATTR_GID;
	return attr;
}

static long do_chown(int dirfd, const char __user *user, u32 uid, u32 gid, unsigned int lookup)
{
	struct attr attr = owner_attr(uid, gid);

	return setattr_name(dirfd, user, lookup, &attr, false);
}

SYSCALL(chown)
{
	return do_chown(AT_FDCWD, user_string(args[0]), (u32)args[1], (u32)args[2], LOOKUP_FOLLOW);
}

SYSCALL(lchown)
{
	return do_chown(AT_FDCWD, user_string(args[0]), (u32)args[1], (u32)args[2], 0);
}

SYSCALL(fchown)
{
	struct attr attr = owner_attr((u32)args[1], (u32)args[2]);

	return setattr_fd((int)args[0], &attr, false);
}

SYSCALL(fchownat)
{
	u32 flags = (u32)args[4];

	if (flags & ~(u32)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	return do_chown((int)args[0], user_string(args[1]), (u32)args[2], (u32)args[3],
			(flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW) |
			    (flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0));
}

/* ---- times ---- */

/* One of two times: UTIME_NOW and UTIME_OMIT are for nanoseconds. */
static int time_apply(s64 sec, s64 nsec, struct timespec64 *out, unsigned int valid,
		      struct attr *attr, unsigned int *now_count)
{
	if (nsec == UTIME_OMIT)
		return 0;
	attr->valid |= valid;
	if (nsec == UTIME_NOW) {
		*out = clock_realtime();
		(*now_count)++;
		return 0;
	}
	if (nsec < 0 || nsec >= (s64)NSEC_PER_SEC)
		return -EINVAL;
	*out = (struct timespec64){sec, (u32)nsec};
	return 0;
}

static int times_from_user(const struct __kernel_timespec __user *user, struct attr *attr,
			   bool *now)
{
	struct __kernel_timespec times[2];
	unsigned int now_count = 0;
	int err = copy_from_user(times, user, sizeof(times));

	if (!err)
		err = time_apply(times[0].tv_sec, times[0].tv_nsec, &attr->atime, ATTR_ATIME, attr,
				 &now_count);
	if (!err)
		err = time_apply(times[1].tv_sec, times[1].tv_nsec, &attr->mtime, ATTR_MTIME, attr,
				 &now_count);
	/* Setting both to now, like NULL, needs only write permission. */
	*now = now_count == 2;
	return err;
}

static void times_now(struct attr *attr, bool *now)
{
	attr->valid = ATTR_ATIME | ATTR_MTIME;
	attr->atime = attr->mtime = clock_realtime();
	*now = true;
}

static long apply_times(int dirfd, const char __user *user, u32 flags, const struct attr *attr,
			bool now)
{
	if (!attr->valid)
		return 0;
	if (!user && dirfd != AT_FDCWD)
		return flags ? -EINVAL : setattr_fd(dirfd, attr, now);
	return setattr_name(dirfd, user,
			    (flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW) |
				(flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0),
			    attr, now);
}

SYSCALL(utimensat)
{
	const struct __kernel_timespec __user *times =
	    (const struct __kernel_timespec __user *)args[2];
	u32 flags = (u32)args[3];
	struct attr attr = {0};
	bool now = false;
	int err = 0;

	if (flags & ~(u32)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (times)
		err = times_from_user(times, &attr, &now);
	else
		times_now(&attr, &now);
	return err ? err : apply_times((int)args[0], user_string(args[1]), flags, &attr, now);
}

static long do_utimes(int dirfd, const char __user *user,
		      const struct __kernel_old_timeval __user *times)
{
	struct __kernel_old_timeval pair[2];
	struct attr attr = {.valid = ATTR_ATIME | ATTR_MTIME};
	bool now = false;

	if (!times) {
		times_now(&attr, &now);
		return apply_times(dirfd, user, 0, &attr, now);
	}
	if (copy_from_user(pair, times, sizeof(pair)))
		return -EFAULT;
	for (unsigned int i = 0; i < 2; i++) {
		if (pair[i].tv_usec < 0 || pair[i].tv_usec >= 1000000)
			return -EINVAL;
	}
	attr.atime = (struct timespec64){pair[0].tv_sec, (u32)pair[0].tv_usec * 1000};
	attr.mtime = (struct timespec64){pair[1].tv_sec, (u32)pair[1].tv_usec * 1000};
	return apply_times(dirfd, user, 0, &attr, false);
}

SYSCALL(utimes)
{
	return do_utimes(AT_FDCWD, user_string(args[0]),
			 (const struct __kernel_old_timeval __user *)args[1]);
}

SYSCALL(futimesat)
{
	return do_utimes((int)args[0], user_string(args[1]),
			 (const struct __kernel_old_timeval __user *)args[2]);
}

SYSCALL(utime)
{
	const struct utimbuf __user *user = (const struct utimbuf __user *)args[1];
	struct attr attr = {.valid = ATTR_ATIME | ATTR_MTIME};
	struct utimbuf times;
	bool now = false;

	if (!user)
		times_now(&attr, &now);
	else if (copy_from_user(&times, user, sizeof(times)))
		return -EFAULT;
	else {
		attr.atime.sec = times.actime;
		attr.mtime.sec = times.modtime;
	}
	return apply_times(AT_FDCWD, user_string(args[0]), 0, &attr, now);
}

/* ---- places ---- */

static int directory_enter(const struct path *path)
{
	if (!path->dentry->inode || !S_ISDIR(path->dentry->inode->mode))
		return -ENOTDIR;
	return inode_permission(path->dentry->inode, MAY_EXEC);
}

SYSCALL(chdir)
{
	struct path path;
	int err = path_lookup_user(AT_FDCWD, user_string(args[0]), LOOKUP_FOLLOW | LOOKUP_DIRECTORY,
				   &path);

	if (err)
		return err;
	err = directory_enter(&path);
	if (err)
		path_put(&path);
	else
		fs_context_set_cwd(current_fs(), &path);
	return err;
}

SYSCALL(fchdir)
{
	struct fd_ref ref = fd_borrow((int)args[0]);
	int err = ref.file ? directory_enter(&ref.file->path) : -EBADF;

	if (!err) {
		struct path path = ref.file->path;
		path_get(&path);
		fs_context_set_cwd(current_fs(), &path);
	}
	fd_return(ref);
	return err;
}

SYSCALL(chroot)
{
	struct path path;
	int err = path_lookup_user(AT_FDCWD, user_string(args[0]), LOOKUP_FOLLOW | LOOKUP_DIRECTORY,
				   &path);

	if (err)
		return err;
	err = directory_enter(&path);
	if (!err && !capable(CAP_SYS_CHROOT))
		err = -EPERM;
	if (err)
		path_put(&path);
	else
		fs_context_set_root(current_fs(), &path);
	return err;
}

SYSCALL(getcwd)
{
	char __user *user = (char __user *)args[0];
	size_t size = args[1];
	struct fs_context *fs = current_fs();
	struct path root, cwd;
	long result;
	char *buf = kmalloc(PATH_MAX_SIZE, MM_NORMAL);

	if (!buf)
		return -ENOMEM;
	spin_lock(&fs->lock);
	root = fs->root;
	cwd = fs->cwd;
	path_get(&root);
	path_get(&cwd);
	spin_unlock(&fs->lock);
	char *name = path_to_string(&cwd, &root, buf, PATH_MAX_SIZE);
	if (cwd.dentry->inode->flags & INODE_DEAD)
		result = -ENOENT;
	else if (IS_ERR(name))
		result = PTR_ERR(name);
	else if (strlen(name) + 1 > size)
		result = -ERANGE;
	else
		result =
		    copy_to_user(user, name, strlen(name) + 1) ? -EFAULT : (long)strlen(name) + 1;
	path_put(&root);
	path_put(&cwd);
	kfree(buf);
	return result;
}

/* ---- mounts ---- */

/* An optional string of at most a page. NULL pointer: *out is NULL. */
static int option_from_user(unsigned long arg, char **out)
{
	*out = NULL;
	if (!arg)
		return 0;
	char *text = kmalloc(PAGE_SIZE, MM_NORMAL);
	if (!text)
		return -ENOMEM;
	ssize_t n = strncpy_from_user(text, user_string(arg), PAGE_SIZE);
	if (n < 0) {
		kfree(text);
		return n == -ENAMETOOLONG ? -EINVAL : (int)n;
	}
	*out = text;
	return 0;
}

static int mount_from(const char *source, const struct path *at, unsigned long flags, bool move)
{
	struct path from;
	int err;

	if (!source || !*source)
		return -EINVAL;
	err = path_lookup(AT_FDCWD, source, LOOKUP_FOLLOW, &from);
	if (err)
		return err;
	err = move ? mount_move(&from, at) : mount_bind(&from, at, flags & MS_REC);
	path_put(&from);
	return err;
}

static int do_mount(const char *source, const struct path *at, const char *type,
		    unsigned long flags, const char *options)
{
	const unsigned long propagation = MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE;

	if (flags & MS_REMOUNT)
		return mount_remount(at, flags, options, flags & MS_BIND);
	if (flags & MS_BIND)
		return mount_from(source, at, flags, false);
	if (flags &
	    propagation) /* every mount is private: nothing to change, and nothing else to be had */
		return (flags & propagation) == MS_PRIVATE ? 0 : -EINVAL;
	if (flags & MS_MOVE)
		return mount_from(source, at, flags, true);
	if (!type)
		return -EINVAL;
	return mount_new(source ? source : "none", at, type, flags, options);
}

SYSCALL(mount)
{
	unsigned long flags = args[3];
	char *source, *type = NULL, *options = NULL;
	struct path at;
	int err;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if ((flags & MS_MGC_MSK) == MS_MGC_VAL)
		flags &= ~(unsigned long)MS_MGC_MSK;
	err = option_from_user(args[0], &source);
	if (!err)
		err = option_from_user(args[2], &type);
	if (!err)
		err = option_from_user(args[4], &options);
	if (!err)
		err = path_lookup_user(AT_FDCWD, user_string(args[1]), LOOKUP_FOLLOW, &at);
	if (!err) {
		err = do_mount(source, &at, type, flags, options);
		path_put(&at);
	}
	kfree(options);
	kfree(type);
	kfree(source);
	return err;
}

SYSCALL(umount2)
{
	const u32 known = UMOUNT_FORCE | UMOUNT_DETACH | UMOUNT_EXPIRE | UMOUNT_NOFOLLOW;
	u32 flags = (u32)args[1];
	struct path path;
	int err;

	if (flags & ~known)
		return -EINVAL;
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	err = path_lookup_user(AT_FDCWD, user_string(args[0]),
			       flags & UMOUNT_NOFOLLOW ? 0 : LOOKUP_FOLLOW, &path);
	if (err)
		return err;
	err = mount_umount(&path, (int)flags);
	path_put(&path);
	return err;
}

SYSCALL(pivot_root)
{
	struct path new_root, put_old;
	int err;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	err = path_lookup_user(AT_FDCWD, user_string(args[0]), LOOKUP_FOLLOW | LOOKUP_DIRECTORY,
			       &new_root);
	if (err)
		return err;
	err = path_lookup_user(AT_FDCWD, user_string(args[1]), LOOKUP_FOLLOW | LOOKUP_DIRECTORY,
			       &put_old);
	if (!err) {
		err = mount_pivot_root(&new_root, &put_old);
		path_put(&put_old);
	}
	path_put(&new_root);
	return err;
}
