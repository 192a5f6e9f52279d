/* Names: mkdir, link, rename, chdir and their kin. */
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "mm/usercopy.h"
#include "sys/sys_fs_int.h"
#include "sys/syscall.h"
#include "vfs/cred.h"
#include "vfs/file.h"
#include "vfs/inode.h"

#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

static long mkdir_at(int dirfd, const char __user *user, unsigned long mode)
{
	struct path_name name;
	int err = path_name_from_user(user, 0, &name);

	if (err)
		return err;
	err = vfs_mkdir(dirfd, name.name, (u32)mode);
	path_name_put(&name);
	return err;
}

SYSCALL(mkdir)
{
	return mkdir_at(AT_FDCWD, (const char __user *)args[0], args[1]);
}

SYSCALL(mkdirat)
{
	return mkdir_at((int)args[0], (const char __user *)args[1], args[2]);
}

static long mknod_at(int dirfd, const char __user *user, unsigned long mode, unsigned long dev)
{
	struct path_name name;
	u32 major, minor;
	int err = path_name_from_user(user, 0, &name);

	if (err)
		return err;
	dev_decode((u32)dev, &major, &minor);
	err = vfs_mknod(dirfd, name.name, (u32)mode & (S_IFMT | 07777), major, minor);
	path_name_put(&name);
	return err;
}

SYSCALL(mknod)
{
	return mknod_at(AT_FDCWD, (const char __user *)args[0], args[1], args[2]);
}

SYSCALL(mknodat)
{
	return mknod_at((int)args[0], (const char __user *)args[1], args[2], args[3]);
}

static long remove_at(int dirfd, const char __user *user, bool is_dir)
{
	struct path_name name;
	int err = path_name_from_user(user, 0, &name);

	if (err)
		return err;
	err = is_dir ? vfs_rmdir(dirfd, name.name) : vfs_unlink(dirfd, name.name);
	path_name_put(&name);
	return err;
}

SYSCALL(unlink)
{
	return remove_at(AT_FDCWD, (const char __user *)args[0], false);
}

SYSCALL(rmdir)
{
	return remove_at(AT_FDCWD, (const char __user *)args[0], true);
}

SYSCALL(unlinkat)
{
	if (args[2] & ~(unsigned long)AT_REMOVEDIR)
		return -EINVAL;
	return remove_at((int)args[0], (const char __user *)args[1], args[2] & AT_REMOVEDIR);
}

/* Two names from user space. */
struct name_pair {
	struct path_name a, b;
};

static int names_get(struct name_pair *pair, const char __user *a, const char __user *b,
		     unsigned int flags_a)
{
	int err = path_name_from_user(a, flags_a, &pair->a);

	if (err)
		return err;
	err = path_name_from_user(b, 0, &pair->b);
	if (err)
		path_name_put(&pair->a);
	return err;
}

static void names_put(struct name_pair *pair)
{
	path_name_put(&pair->a);
	path_name_put(&pair->b);
}

static long symlink_at(const char __user *target, int dirfd, const char __user *user)
{
	struct name_pair pair;
	int err = names_get(&pair, target, user, 0);

	if (err)
		return err;
	err = vfs_symlink(pair.a.name, dirfd, pair.b.name);
	names_put(&pair);
	return err;
}

SYSCALL(symlink)
{
	return symlink_at((const char __user *)args[0], AT_FDCWD, (const char __user *)args[1]);
}

SYSCALL(symlinkat)
{
	return symlink_at((const char __user *)args[0], (int)args[1], (const char __user *)args[2]);
}

static long link_at(int old_dirfd, const char __user *old, int new_dirfd, const char __user *new,
		    int at_flags)
{
	struct name_pair pair;
	int err = names_get(&pair, old, new, at_flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0);

	if (err)
		return err;
	err = vfs_link(old_dirfd, pair.a.name, new_dirfd, pair.b.name, at_flags);
	names_put(&pair);
	return err;
}

SYSCALL(link)
{
	return link_at(AT_FDCWD, (const char __user *)args[0], AT_FDCWD,
		       (const char __user *)args[1], 0);
}

SYSCALL(linkat)
{
	return link_at((int)args[0], (const char __user *)args[1], (int)args[2],
		       (const char __user *)args[3], (int)args[4]);
}

static long rename_at(int old_dirfd, const char __user *old, int new_dirfd, const char __user *new,
		      unsigned long flags)
{
	struct name_pair pair;
	int err = names_get(&pair, old, new, 0);

	if (err)
		return err;
	err = vfs_rename(old_dirfd, pair.a.name, new_dirfd, pair.b.name, (unsigned int)flags);
	names_put(&pair);
	return err;
}

SYSCALL(rename)
{
	return rename_at(AT_FDCWD, (const char __user *)args[0], AT_FDCWD,
			 (const char __user *)args[1], 0);
}

SYSCALL(renameat)
{
	return rename_at((int)args[0], (const char __user *)args[1], (int)args[2],
			 (const char __user *)args[3], 0);
}

SYSCALL(renameat2)
{
	return rename_at((int)args[0], (const char __user *)args[1], (int)args[2],
			 (const char __user *)args[3], args[4]);
}

static long readlink_at(int dirfd, const char __user *user, char __user *buf, int size)
{
	struct path path;
	char *target;
	size_t length;
	int err;

	if (size <= 0)
		return -EINVAL;
	/* An empty name means the descriptor, which then is a link opened with O_PATH. */
	err = path_lookup_user(dirfd, user, LOOKUP_EMPTY, &path);
	if (err)
		return err;
	err = vfs_readlink(&path, &target);
	path_put(&path);
	if (err)
		return err;
	length = min(strlen(target), (size_t)size);
	err = copy_to_user(buf, target, length);
	kfree(target);
	return err ? err : (long)length;
}

/* readlink("") is -ENOENT, readlinkat(fd, "") is not. */
SYSCALL(readlink)
{
	char first;

	if (get_user(first, (const char __user *)args[0]))
		return -EFAULT;
	if (!first)
		return -ENOENT;
	return readlink_at(AT_FDCWD, (const char __user *)args[0], (char __user *)args[1],
			   (int)args[2]);
}

SYSCALL(readlinkat)
{
	return readlink_at((int)args[0], (const char __user *)args[1], (char __user *)args[2],
			   (int)args[3]);
}

/* ---- where a process is ---- */

SYSCALL(chdir)
{
	struct path path;
	int err = path_lookup_user(AT_FDCWD, (const char __user *)args[0],
				   LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &path);

	if (err)
		return err;
	err = inode_permission(path.dentry->inode, MAY_EXEC);
	if (err)
		path_put(&path);
	else
		fs_context_set_cwd(current_fs(), &path);
	return err;
}

SYSCALL(fchdir)
{
	struct fd_ref ref = fd_borrow((int)args[0]);
	long result = -EBADF;

	if (ref.file) {
		result = ref.file->path.dentry && S_ISDIR(ref.file->inode->mode)
			     ? inode_permission(ref.file->inode, MAY_EXEC)
			     : -ENOTDIR;
		if (!result) {
			path_get(&ref.file->path);
			fs_context_set_cwd(current_fs(), &ref.file->path);
		}
	}
	fd_return(ref);
	return result;
}

SYSCALL(chroot)
{
	struct path path;
	int err = path_lookup_user(AT_FDCWD, (const char __user *)args[0],
				   LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &path);

	if (err)
		return err;
	err = inode_permission(path.dentry->inode, MAY_EXEC);
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
	struct fs_context *fs = current_fs();
	struct path root, cwd;
	char *buf = kmalloc(PATH_MAX_SIZE, MM_NORMAL), *text;
	long result;

	if (!buf)
		return -ENOMEM;
	spin_lock(&fs->lock);
	root = fs->root;
	cwd = fs->cwd;
	path_get(&root);
	path_get(&cwd);
	spin_unlock(&fs->lock);
	text = path_to_string(&cwd, &root, buf, PATH_MAX_SIZE);
	if (IS_ERR(text)) {
		result = PTR_ERR(text);
	} else if (cwd.dentry->inode->flags & INODE_DEAD) {
		result = -ENOENT;
	} else {
		size_t length = strlen(text) + 1;

		result =
		    length > args[1] ? -ERANGE : copy_to_user((char __user *)args[0], text, length);
		if (!result)
			result = (long)length;
	}
	path_put(&root);
	path_put(&cwd);
	kfree(buf);
	return result;
}
