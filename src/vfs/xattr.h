/*
 * Extended attributes: who may read and change which, and the way to the file system.
 *
 * Names begin with a namespace. user. is for owners of files and directories, by their
 * permissions; trusted. for CAP_SYS_ADMIN; security. may be read by all and changed by
 * CAP_SYS_ADMIN (security.capability: CAP_SETFCAP); system. are the access control lists
 * (vfs/acl.h). What a file system keeps is reached by inode_ops.xattr_*.
 */
#ifndef ARAMID_VFS_XATTR_H
#define ARAMID_VFS_XATTR_H

#include "lib/types.h"
#include "vfs/path.h"

struct inode;

/* As setxattr(2): XATTR_CREATE, XATTR_REPLACE; value of at most XATTR_SIZE_MAX bytes. */
int __must_check vfs_xattr_set(const struct path *path, const char *name, const void *value,
			       size_t size, int flags);
/* Length of the value; size 0 only asks for it. -ENODATA, -ERANGE, -EOPNOTSUPP. */
ssize_t __must_check vfs_xattr_get(struct inode *inode, const char *name, void *value, size_t size);
/* Names, each with its NUL. */
ssize_t __must_check vfs_xattr_list(struct inode *inode, char *buf, size_t size);
int __must_check vfs_xattr_remove(const struct path *path, const char *name);

/* Takes security.capability away, before the contents or the owner change. rwsem held for writing.
 */
int __must_check inode_kill_capability(struct inode *inode);

#endif
