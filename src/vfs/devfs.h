/*
 * devfs, mounted as "devtmpfs": a tmpfs that is born with a node for every device that drivers have
 * announced (devfs_add, vfs/vfs.h). Programs may add to it as to any tmpfs.
 */
#ifndef ARAMID_VFS_DEVFS_H
#define ARAMID_VFS_DEVFS_H

void devfs_init(void);

#endif
