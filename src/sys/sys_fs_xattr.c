/*
 * Extended attributes: setxattr, getxattr, listxattr, removexattr, each by name, by name without
 * following a link at its end, and by descriptor. The rules are vfs's (vfs/xattr.h).
 */
#include "lib/errno.h"
#include "mm/kmalloc.h"
#include "mm/usercopy.h"
#include "sys/syscall.h"
#include "vfs/file.h"
#include "vfs/inode.h"
#include "vfs/path.h"
#include "vfs/xattr.h"

#include <linux/fcntl.h>
#include <linux/limits.h>
#include <linux/xattr.h>

enum target {
	FOLLOW,
	NO_FOLLOW,
	DESCRIPTOR,
};

/* The file that the first argument tells, referenced. */
static int target_get(enum target target, unsigned long arg, struct path *out)
{
	if (target != DESCRIPTOR)
		return path_lookup_user(AT_FDCWD, (const char __user *)arg,
					target == FOLLOW ? LOOKUP_FOLLOW : 0, out);
	struct file *file = fd_get((int)arg);
	int err = !file || (file->mode & FILE_PATH_ONLY) ? -EBADF : 0;

	if (!err) {
		*out = file->path;
		path_get(out);
	}
	if (file)
		file_put(file);
	return err;
}

static int name_get(char name[XATTR_NAME_MAX + 1], unsigned long user)
{
	ssize_t n = strncpy_from_user(name, (const char __user *)user, XATTR_NAME_MAX + 1);

	if (n == -ENAMETOOLONG || n == 0)
		return -ERANGE;
	return n < 0 ? (int)n : 0;
}

static int set(const struct path *path, const char *name, const void __user *user, size_t size,
	       int flags)
{
	void *value = NULL;
	int err = 0;

	if (size) {
		value = kmalloc(size, MM_NORMAL);
		if (!value)
			return -ENOMEM;
		err = copy_from_user(value, user, size);
	}
	if (!err)
		err = vfs_xattr_set(path, name, value, size, flags);
	kfree(value);
	return err;
}

static long do_set(enum target target, const unsigned long args[6])
{
	char name[XATTR_NAME_MAX + 1];
	struct path path;
	int err;

	if ((int)args[4] & ~(XATTR_CREATE | XATTR_REPLACE))
		return -EINVAL;
	err = name_get(name, args[1]);
	if (!err && args[3] > XATTR_SIZE_MAX)
		err = -E2BIG;
	if (!err)
		err = target_get(target, args[0], &path);
	if (err)
		return err;
	err = set(&path, name, (const void __user *)args[2], args[3], (int)args[4]);
	path_put(&path);
	return err;
}

/* What reads into a buffer of the kernel. name NULL: all names. */
static ssize_t read_into(struct inode *inode, const char *name, void *buf, size_t size)
{
	return name ? vfs_xattr_get(inode, name, buf, size) : vfs_xattr_list(inode, buf, size);
}

static ssize_t get(struct inode *inode, const char *name, void __user *user, size_t size)
{
	const size_t most = name ? XATTR_SIZE_MAX : XATTR_LIST_MAX;
	void *buf = NULL;
	ssize_t n;

	if (size > most)
		size = most;
	if (size) {
		buf = kmalloc(size, MM_NORMAL | MM_ZERO);
		if (!buf)
			return -ENOMEM;
	}
	n = read_into(inode, name, buf, size);
	if (n > 0 && size && copy_to_user(user, buf, (size_t)n))
		n = -EFAULT;
	if (n == -ERANGE && size == most)
		n = -E2BIG; /* no buffer could hold it */
	kfree(buf);
	return n;
}

static long do_get(enum target target, const unsigned long args[6])
{
	char name[XATTR_NAME_MAX + 1];
	struct path path;
	ssize_t n = name_get(name, args[1]);

	if (!n)
		n = target_get(target, args[0], &path);
	if (n)
		return n;
	n = get(path.dentry->inode, name, (void __user *)args[2], args[3]);
	path_put(&path);
	return n;
}

static long do_list(enum target target, const unsigned long args[6])
{
	struct path path;
	ssize_t n = target_get(target, args[0], &path);

	if (n)
		return n;
	n = get(path.dentry->inode, NULL, (void __user *)args[1], args[2]);
	path_put(&path);
	return n;
}

static long do_remove(enum target target, const unsigned long args[6])
{
	char name[XATTR_NAME_MAX + 1];
	struct path path;
	int err = name_get(name, args[1]);

	if (!err)
		err = target_get(target, args[0], &path);
	if (err)
		return err;
	err = vfs_xattr_remove(&path, name);
	path_put(&path);
	return err;
}

SYSCALL(setxattr)
{
	return do_set(FOLLOW, args);
}

SYSCALL(lsetxattr)
{
	return do_set(NO_FOLLOW, args);
}

SYSCALL(fsetxattr)
{
	return do_set(DESCRIPTOR, args);
}

SYSCALL(getxattr)
{
	return do_get(FOLLOW, args);
}

SYSCALL(lgetxattr)
{
	return do_get(NO_FOLLOW, args);
}

SYSCALL(fgetxattr)
{
	return do_get(DESCRIPTOR, args);
}

SYSCALL(listxattr)
{
	return do_list(FOLLOW, args);
}

SYSCALL(llistxattr)
{
	return do_list(NO_FOLLOW, args);
}

SYSCALL(flistxattr)
{
	return do_list(DESCRIPTOR, args);
}

SYSCALL(removexattr)
{
	return do_remove(FOLLOW, args);
}

SYSCALL(lremovexattr)
{
	return do_remove(NO_FOLLOW, args);
}

SYSCALL(fremovexattr)
{
	return do_remove(DESCRIPTOR, args);
}
