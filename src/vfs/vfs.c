/*
 * Start-up of vfs: the caches, the file system types that are always there, and the first mount.
 */
#include "vfs/vfs.h"

#include "lib/panic.h"
#include "vfs/buffer.h"
#include "vfs/dentry_int.h"
#include "vfs/dev_mem.h"
#include "vfs/devfs.h"
#include "vfs/file_int.h"
#include "vfs/inode_int.h"
#include "vfs/mount_int.h"
#include "vfs/pagecache.h"
#include "vfs/sysfs.h"
#include "vfs/tmpfs.h"

void vfs_init(struct path *root)
{
	buffer_cache_init();
	inode_cache_init();
	dentry_cache_init();
	pagecache_init();
	file_init();
	super_init();
	mount_init();
	tmpfs_init();
	devfs_init();
	sysfs_init();
	dev_mem_init();
	if (mount_root("tmpfs", 0, root))
		panic("vfs: no memory for the root");
}
