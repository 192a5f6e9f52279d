/*
 * Start-up of vfs: the caches, the file system types that are always there, and the first mount.
 */
#include "vfs/vfs.h"

#include "lib/panic.h"
#include "vfs/cred.h"
#include "vfs/dentry_int.h"
#include "vfs/dev_mem.h"
#include "vfs/devfs.h"
#include "vfs/file_int.h"
#include "vfs/inode_int.h"
#include "vfs/mount_int.h"
#include "vfs/pagecache.h"
#include "vfs/sysfs.h"
#include "vfs/tmpfs.h"

void vfs_init(void)
{
	struct fs_context *fs = current_fs();
	struct path root;

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
	if (mount_root("tmpfs", 0, &root))
		panic("vfs: no memory for the root");
	/* The thread that starts the machine, if it has a context yet, now has a place in the tree.
	 */
	if (fs) {
		path_get(&root);
		fs_context_set_root(fs, &root);
		path_get(&root);
		fs_context_set_cwd(fs, &root);
	}
	path_put(&root);
}
