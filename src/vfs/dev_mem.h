/* The memory devices that need nothing but memory: registered by vfs_init(). */
#ifndef ARAMID_VFS_DEV_MEM_H
#define ARAMID_VFS_DEV_MEM_H

void dev_mem_init(void);

#endif
