/* The sysfs file system: registered by vfs_init(). */
#ifndef ARAMID_VFS_SYSFS_H
#define ARAMID_VFS_SYSFS_H

void sysfs_init(void);

#endif
