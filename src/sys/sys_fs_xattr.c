/*
 * Extended attributes: no file system here keeps any. The calls check their arguments as Linux does
 * and then say what Linux says for such a file system: there are none to list, and none can be
 * read, set or removed.
 */
#include "lib/errno.h"
#include "mm/usercopy.h"
#include "sys/syscall.h"
#include "vfs/file.h"
#include "vfs/path.h"

#include <linux/fcntl.h>
#include <linux/limits.h>
#include <linux/xattr.h>

static int name_check(unsigned long user)
{
	char name[XATTR_NAME_MAX + 1];
	ssize_t n = strncpy_from_user(name, (const char __user *)user, sizeof(name));

	if (n == -ENAMETOOLONG || n == 0)
		return -ERANGE;
	return n < 0 ? (int)n : 0;
}

/* Whether the file is there at all. */
static int path_check(unsigned long user, bool follow)
{
	struct path path;
	int err = path_lookup_user(AT_FDCWD, (const char __user *)user, follow ? LOOKUP_FOLLOW : 0,
				   &path);

	if (!err)
		path_put(&path);
	return err;
}

static int descriptor_check(unsigned long fd)
{
	struct file *file = fd_get((int)fd);
	int err = !file || (file->mode & FILE_PATH_ONLY) ? -EBADF : 0;

	if (file)
		file_put(file);
	return err;
}

static int set_check(const unsigned long args[6])
{
	if ((int)args[4] & ~(XATTR_CREATE | XATTR_REPLACE))
		return -EINVAL;
	if (args[3] > XATTR_SIZE_MAX)
		return -E2BIG;
	return name_check(args[1]);
}

static long unsupported(int err)
{
	return err ? err : -EOPNOTSUPP;
}

SYSCALL(setxattr)
{
	int err = set_check(args);
	return unsupported(err ? err : path_check(args[0], true));
}

SYSCALL(lsetxattr)
{
	int err = set_check(args);
	return unsupported(err ? err : path_check(args[0], false));
}

SYSCALL(fsetxattr)
{
	int err = descriptor_check(args[0]);
	return unsupported(err ? err : set_check(args));
}

SYSCALL(getxattr)
{
	int err = path_check(args[0], true);
	return unsupported(err ? err : name_check(args[1]));
}

SYSCALL(lgetxattr)
{
	int err = path_check(args[0], false);
	return unsupported(err ? err : name_check(args[1]));
}

SYSCALL(fgetxattr)
{
	int err = descriptor_check(args[0]);
	return unsupported(err ? err : name_check(args[1]));
}

SYSCALL(listxattr)
{
	return path_check(args[0], true);
}

SYSCALL(llistxattr)
{
	return path_check(args[0], false);
}

SYSCALL(flistxattr)
{
	return descriptor_check(args[0]);
}

SYSCALL(removexattr)
{
	int err = path_check(args[0], true);
	return unsupported(err ? err : name_check(args[1]));
}

SYSCALL(lremovexattr)
{
	int err = path_check(args[0], false);
	return unsupported(err ? err : name_check(args[1]));
}

SYSCALL(fremovexattr)
{
	int err = descriptor_check(args[0]);
	return unsupported(err ? err : name_check(args[1]));
}
