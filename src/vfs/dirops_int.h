/*
 * Rules for changing directories, shared by open.c, dirops.c and rename.c.
 */
#ifndef ARAMID_VFS_DIROPS_INT_H
#define ARAMID_VFS_DIROPS_INT_H

#include "vfs/inode.h"

/* Whether the running thread may add a name to the locked directory. */
int __must_check dir_may_create(struct inode *dir);
/* Whether it may remove this one: permissions, sticky bit, mount points, and is_dir as rmdir and
 * unlink want it. */
int __must_check dir_may_delete(struct inode *dir, struct dentry *victim, bool is_dir);

#endif
