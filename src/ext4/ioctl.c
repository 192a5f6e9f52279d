/* The ioctls of Linux's ext4 that lsattr, chattr and backup tools use. */
#include "ext4/ext4_int.h"
#include "mm/usercopy.h"
#include "vfs/cred.h"
#include "vfs/file.h"
#include "vfs/mount.h"

#include <linux/capability.h>
#include <linux/fiemap.h>
#include <linux/fs.h>

/* ext4's own numbers for what later became FS_IOC_* */
#define IOC_GETVERSION_EXT4 _IOR('f', 3, long)
#define IOC_SETVERSION_EXT4 _IOW('f', 4, long)

#define FLAGS_VISIBLE                                                                              \
	(EXT4_SECRM_FL | EXT4_UNRM_FL | EXT4_COMPR_FL | EXT4_SYNC_FL | EXT4_IMMUTABLE_FL |         \
	 EXT4_APPEND_FL | EXT4_NODUMP_FL | EXT4_NOATIME_FL | EXT4_INDEX_FL |                       \
	 EXT4_JOURNAL_DATA_FL | EXT4_NOTAIL_FL | EXT4_DIRSYNC_FL | EXT4_TOPDIR_FL |                \
	 EXT4_HUGE_FILE_FL | EXT4_EXTENTS_FL | EXT4_VERITY_FL | EXT4_EA_INODE_FL)
#define FLAGS_CHANGEABLE                                                                           \
	(EXT4_SECRM_FL | EXT4_UNRM_FL | EXT4_SYNC_FL | EXT4_IMMUTABLE_FL | EXT4_APPEND_FL |        \
	 EXT4_NODUMP_FL | EXT4_NOATIME_FL | EXT4_NOTAIL_FL | EXT4_DIRSYNC_FL | EXT4_TOPDIR_FL)

static int set_flags(struct ext4_inode *inode, u32 flags)
{
	struct ext4_fs *fs = ext4_inode_fs(inode);
	u32 changed = (flags ^ inode->flags) & FLAGS_VISIBLE;
	struct ext4_handle handle;
	int err;

	if (!inode_owner_or_capable(&inode->vfs))
		return -EPERM;
	if (changed & ~FLAGS_CHANGEABLE)
		return -EOPNOTSUPP; /* conversions (extents, data journalling) are not offered */
	if ((changed & (EXT4_IMMUTABLE_FL | EXT4_APPEND_FL)) && !capable(CAP_LINUX_IMMUTABLE))
		return -EPERM;
	if (!S_ISDIR(inode->vfs.mode) && (flags & (EXT4_DIRSYNC_FL | EXT4_TOPDIR_FL)))
		return -EINVAL;
	err = ext4_txn_begin(fs, 1, &handle);
	if (err)
		return err;
	err = ext4_txn_dirty_inode(&handle, inode);
	if (!err) {
		inode->flags = (inode->flags & ~FLAGS_CHANGEABLE) | (flags & FLAGS_CHANGEABLE);
		ext4_inode_set_vfs_flags(inode);
		inode->vfs.ctime = inode_time_now(&inode->vfs);
	}
	ext4_txn_end(&handle);
	return err;
}

static long ioctl_set_flags(struct file *file, int __user *arg)
{
	u32 flags;
	int err = get_user(flags, (u32 __user *)arg);

	if (!err)
		err = mount_want_write(file->path.mount);
	if (err)
		return err;
	rwsem_write_lock(&file->inode->rwsem);
	err = set_flags(ext4_inode(file->inode), flags);
	rwsem_write_unlock(&file->inode->rwsem);
	mount_drop_write(file->path.mount);
	return err;
}

static long ioctl_set_version(struct file *file, int __user *arg)
{
	struct ext4_inode *inode = ext4_inode(file->inode);

	if (!inode_owner_or_capable(file->inode))
		return -EPERM;
	if (ext4_inode_fs(inode)->metadata_csum)
		return -ENOTTY; /* all the inode's checksums depend on it */
	struct ext4_handle handle;
	u32 generation;
	int err = get_user(generation, (u32 __user *)arg);

	if (!err)
		err = mount_want_write(file->path.mount);
	if (err)
		return err;
	err = ext4_txn_begin(ext4_inode_fs(inode), 1, &handle);
	if (!err) {
		err = ext4_txn_dirty_inode(&handle, inode);
		if (!err)
			inode->vfs.generation = generation;
		ext4_txn_end(&handle);
	}
	mount_drop_write(file->path.mount);
	return err;
}

long ext4_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct ext4_inode *inode = ext4_inode(file->inode);
	int __user *user = (int __user *)arg;

	switch (cmd) {
	case FS_IOC_GETFLAGS:
		return put_user((int)(inode->flags & FLAGS_VISIBLE), user);
	case FS_IOC_SETFLAGS:
		return ioctl_set_flags(file, user);
	case FS_IOC_GETVERSION:
	case IOC_GETVERSION_EXT4:
		return put_user((int)file->inode->generation, user);
	case FS_IOC_SETVERSION:
	case IOC_SETVERSION_EXT4:
		return ioctl_set_version(file, user);
	case FS_IOC_FIEMAP:
		return ext4_ioctl_fiemap(file, user);
	default:
		return -ENOTTY;
	}
}
