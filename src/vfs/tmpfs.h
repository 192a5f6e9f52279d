/*
 * tmpfs, a file system in memory; its types are "tmpfs" and "ramfs".
 */
#ifndef ARAMID_VFS_TMPFS_H
#define ARAMID_VFS_TMPFS_H

#include "lib/types.h"

struct file;
struct inode;
struct super_block;

void tmpfs_init(void);

/* fs_type.mount of tmpfs, for file systems that are one with another name. */
int __must_check tmpfs_mount(struct super_block *super, const char *options, struct inode **root);

/* Makes a device node or a directory in dir without a dentry: before anybody looks there. -ENOMEM.
 */
int __must_check tmpfs_add_node(struct inode *dir, const char *name, u32 mode, u32 major,
				u32 minor);

/* fcntl(2): F_GET_SEALS, F_ADD_SEALS. -EINVAL for files that are not tmpfs's. */
int __must_check tmpfs_seals_get(const struct file *file);
int __must_check tmpfs_seals_add(struct file *file, u32 seals);
/* A new file that nobody else has may be sealed: MFD_ALLOW_SEALING. */
void tmpfs_seals_allow(struct inode *inode);

#endif
