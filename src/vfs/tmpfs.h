/*
 * tmpfs, a file system in memory; its types are "tmpfs" and "ramfs".
 */
#ifndef ARAMID_VFS_TMPFS_H
#define ARAMID_VFS_TMPFS_H

void tmpfs_init(void);

#endif
