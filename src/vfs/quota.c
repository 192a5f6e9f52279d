/* quotactl(): who may ask, and which volume is asked. The answers are the file system's. */
#include "lib/atomic.h"
#include "vfs/block.h"
#include "vfs/cred.h"
#include "vfs/inode.h"
#include "vfs/mount_int.h"
#include "vfs/path.h"
#include "vfs/vfs.h"

#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/quota.h>
#include <linux/stat.h>

static bool is_own(unsigned int type, u32 id)
{
	const struct cred *cred = current_cred();

	return (type == USRQUOTA && id == cred->euid) ||
	       (type == GRPQUOTA && (id == cred->egid || cred_in_group(cred, id)));
}

static int check_permission(unsigned int cmd, unsigned int type, u32 id)
{
	switch (cmd) {
	case Q_GETFMT:
	case Q_SYNC:
	case Q_GETINFO:
		return 0;
	case Q_GETQUOTA:
		if (is_own(type, id))
			return 0;
		break;
	default:
		break;
	}
	return capable(CAP_SYS_ADMIN) ? 0 : -EPERM;
}

static bool changes(unsigned int cmd)
{
	return cmd != Q_GETFMT && cmd != Q_GETINFO && cmd != Q_GETQUOTA && cmd != Q_GETNEXTQUOTA &&
	       cmd != Q_SYNC;
}

int vfs_quotactl(struct super_block *super, unsigned int cmd, unsigned int type, u32 id,
		 void __user *arg)
{
	int err = check_permission(cmd, type, id);

	if (err)
		return err;
	rwsem_read_lock(&super->umount);
	if ((atomic_load(&super->flags) & SUPER_DEAD) || !super->ops->quotactl)
		err = -ENOSYS;
	else if (changes(cmd) && (atomic_load(&super->flags) & SUPER_RDONLY))
		err = -EROFS;
	else
		err = super->ops->quotactl(super, cmd, type, id, arg);
	rwsem_read_unlock(&super->umount);
	return err;
}

static int find_device(const char __user *name, struct block_device **out)
{
	struct path path;
	int err = path_lookup_user(AT_FDCWD, name, LOOKUP_FOLLOW, &path);

	if (err)
		return err;
	err = block_find_node(path.dentry->inode, out);
	path_put(&path);
	return err == -ENXIO ? -ENODEV : err;
}

int vfs_quotactl_device(const char __user *name, unsigned int cmd, unsigned int type, u32 id,
			void __user *arg)
{
	struct block_device *bdev;
	int err;

	if (!name)
		return cmd == Q_SYNC ? super_sync_all(true) : -ENODEV;
	err = find_device(name, &bdev);
	if (err)
		return err;
	err = -ENODEV;
	for (struct super_block *super = super_next(NULL); super; super = super_next(super))
		if (super->bdev == bdev)
			err = vfs_quotactl(super, cmd, type, id, arg);
	return err;
}
