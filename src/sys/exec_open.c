/*
 * Opening a file to execute it: what may be run at all.
 */
#include <linux/fcntl.h>
#include <linux/stat.h>

#include "sys/exec_int.h"
#include "vfs/cred.h"
#include "vfs/file.h"
#include "vfs/inode.h"
#include "vfs/mount.h"

static int exec_may(const struct path *path)
{
	struct inode *inode = path->dentry->inode;

	if (!S_ISREG(inode->mode))
		return S_ISLNK(inode->mode) ? -ELOOP : -EACCES;
	if (path->mount->flags & EXEC_MOUNT_NOEXEC)
		return -EACCES;
	/* Even root needs one x bit. */
	if (!(inode->mode & 0111))
		return -EACCES;
	return inode_permission(inode, MAY_EXEC);
}

int exec_open(int dirfd, const char *name, int at_flags, struct file **out)
{
	unsigned int flags = (at_flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW) |
			     (at_flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0);
	struct path path;
	int err = path_lookup(dirfd, name, flags, &path);

	if (err)
		return err;
	err = exec_may(&path);
	if (!err)
		err = file_open_path(&path, O_RDONLY, current_cred(), out);
	path_put(&path);
	return err;
}
