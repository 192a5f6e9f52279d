/* The ioctls of Linux's ext4: flags, generation, labels, discarding, growing, shutting down. */
#include "ext4/ext4_int.h"
#include "ext4/journal.h"
#include "lib/log.h"
#include "lib/string.h"
#include "mm/usercopy.h"
#include "vfs/cred.h"
#include "vfs/file.h"
#include "vfs/mount.h"
#include "vfs/vfs.h"

#include <linux/capability.h>
#include <linux/fiemap.h>
#include <linux/fs.h>

/* ext4's own numbers for what later became FS_IOC_* */
#define IOC_GETVERSION_EXT4 _IOR('f', 3, long)
#define IOC_SETVERSION_EXT4 _IOW('f', 4, long)
#define IOC_GROUP_EXTEND    _IOW('f', 7, unsigned long)
#define IOC_RESIZE_FS       _IOW('f', 16, u64)
#define IOC_SHUTDOWN        _IOR('X', 125, u32)

#define SHUTDOWN_NO_LOG_FLUSH 2u /* 0: everything is written before; 1: at least the log is */

#define FLAGS_VISIBLE                                                                              \
	(EXT4_SECRM_FL | EXT4_UNRM_FL | EXT4_COMPR_FL | EXT4_SYNC_FL | EXT4_IMMUTABLE_FL |         \
	 EXT4_APPEND_FL | EXT4_NODUMP_FL | EXT4_NOATIME_FL | EXT4_ENCRYPT_FL | EXT4_INDEX_FL |     \
	 EXT4_JOURNAL_DATA_FL | EXT4_NOTAIL_FL | EXT4_DIRSYNC_FL | EXT4_TOPDIR_FL |                \
	 EXT4_HUGE_FILE_FL | EXT4_EXTENTS_FL | EXT4_VERITY_FL | EXT4_EA_INODE_FL | EXT4_DAX_FL |   \
	 EXT4_INLINE_DATA_FL | EXT4_PROJINHERIT_FL | EXT4_CASEFOLD_FL)
#define FLAGS_CHANGEABLE                                                                           \
	(EXT4_SECRM_FL | EXT4_UNRM_FL | EXT4_SYNC_FL | EXT4_IMMUTABLE_FL | EXT4_APPEND_FL |        \
	 EXT4_NODUMP_FL | EXT4_NOATIME_FL | EXT4_NOTAIL_FL | EXT4_DIRSYNC_FL | EXT4_TOPDIR_FL |    \
	 EXT4_JOURNAL_DATA_FL | EXT4_PROJINHERIT_FL)
/* Linux would convert the file; here it stays what it is. */
#define FLAGS_CONVERTING (EXT4_EXTENTS_FL | EXT4_CASEFOLD_FL | EXT4_DAX_FL)

/* What only some types of files can have. */
static u32 flags_for(u32 mode, u32 flags)
{
	if (S_ISDIR(mode))
		return flags;
	if (S_ISREG(mode))
		return flags & ~(EXT4_DIRSYNC_FL | EXT4_TOPDIR_FL | EXT4_PROJINHERIT_FL);
	return flags & (EXT4_NODUMP_FL | EXT4_NOATIME_FL);
}

static int store_flags(struct ext4_inode *inode, u32 flags, u32 mask)
{
	struct ext4_handle handle;
	int err = ext4_txn_begin(ext4_inode_fs(inode), 1, &handle);

	if (err)
		return err;
	err = ext4_txn_dirty_inode(&handle, inode);
	if (!err) {
		inode->flags = (inode->flags & ~mask) | flags;
		ext4_inode_set_vfs_flags(inode);
		inode->vfs.ctime = inode_time_now(&inode->vfs);
	}
	ext4_txn_end(&handle);
	return err;
}

/* mask: the flags that the caller speaks of. */
static int set_flags(struct ext4_inode *inode, u32 flags, u32 mask)
{
	u32 changed = (flags ^ inode->flags) & mask;
	int err = 0;

	if (!inode_owner_or_capable(&inode->vfs))
		return -EPERM;
	if (changed & FLAGS_CONVERTING)
		return -EOPNOTSUPP;
	mask &= FLAGS_CHANGEABLE; /* the others are silently left, as on Linux: chattr sends all */
	flags &= mask;
	if (flags_for(inode->vfs.mode, flags) != flags)
		return -EOPNOTSUPP;
	if ((changed & (EXT4_IMMUTABLE_FL | EXT4_APPEND_FL)) && !capable(CAP_LINUX_IMMUTABLE))
		return -EPERM;
	if ((changed & EXT4_JOURNAL_DATA_FL) && !capable(CAP_SYS_RESOURCE))
		return -EPERM;
	if ((changed & flags & EXT4_IMMUTABLE_FL) && S_ISREG(inode->vfs.mode))
		err = pagecache_write_and_wait(&inode->vfs.mapping, 0, S64_MAX);
	if (err)
		return err;
	if (!(changed & EXT4_JOURNAL_DATA_FL) || !S_ISREG(inode->vfs.mode))
		return store_flags(inode, flags, mask);
	/* No page becomes dirty, or is read, between the two ways of writing it. */
	rwsem_write_lock(&inode->vfs.mapping.invalidate);
	err = ext4_journal_data_stop(inode);
	if (!err)
		err = store_flags(inode, flags, mask);
	rwsem_write_unlock(&inode->vfs.mapping.invalidate);
	return err;
}

/* The rest is the caller's who may do so: an owner. */
static int set_project(struct ext4_inode *inode, u32 project)
{
	struct ext4_fs *fs = ext4_inode_fs(inode);
	const u32 ids[EXT4_QUOTA_TYPES] = {[EXT4_QUOTA_PROJECT] = project};
	struct ext4_quota_pins pins;
	struct ext4_handle handle;

	if (project == inode->project)
		return 0;
	if (!inode_owner_or_capable(&inode->vfs))
		return -EPERM;
	if (!(fs->ro_compat & EXT4_RO_COMPAT_PROJECT) || fs->inode_size == EXT4_INODE_SIZE_OLD)
		return -EOPNOTSUPP;
	if (!ext4_has_project(inode))
		return -EOVERFLOW; /* an old inode, whose attributes begin where it would be */
	int err = ext4_quota_pin(fs, 1u << EXT4_QUOTA_PROJECT, ids, &pins);

	if (err)
		return err;
	err = ext4_txn_begin(fs, 1, &handle);
	if (!err) {
		err = ext4_txn_dirty_inode(&handle, inode);
		if (!err)
			err = ext4_quota_transfer(&handle, inode, &pins);
		if (!err) {
			inode->project = project;
			inode->vfs.ctime = inode_time_now(&inode->vfs);
		}
		ext4_txn_end(&handle);
	}
	ext4_quota_unpin(fs, &pins);
	return err;
}

/* project NULL: stays. */
static int set_flags_locked(struct file *file, u32 flags, u32 mask, const u32 *project)
{
	int err = mount_want_write(file->path.mount);

	if (err)
		return err;
	rwsem_write_lock(&file->inode->rwsem);
	err = set_flags(ext4_inode(file->inode), flags, mask);
	if (!err && project)
		err = set_project(ext4_inode(file->inode), *project);
	rwsem_write_unlock(&file->inode->rwsem);
	mount_drop_write(file->path.mount);
	return err;
}

static long ioctl_set_flags(struct file *file, int __user *arg)
{
	u32 flags;
	int err = get_user(flags, (u32 __user *)arg);

	if (err)
		return err;
	if (flags & ~FLAGS_VISIBLE)
		return -EOPNOTSUPP;
	return set_flags_locked(file, flags, FLAGS_VISIBLE, NULL);
}

/* ---- the same in the words of XFS ---- */

static const struct {
	u32 ext4, xfs;
} xflags[] = {
    {EXT4_SYNC_FL, FS_XFLAG_SYNC},       {EXT4_IMMUTABLE_FL, FS_XFLAG_IMMUTABLE},
    {EXT4_APPEND_FL, FS_XFLAG_APPEND},   {EXT4_NODUMP_FL, FS_XFLAG_NODUMP},
    {EXT4_NOATIME_FL, FS_XFLAG_NOATIME}, {EXT4_PROJINHERIT_FL, FS_XFLAG_PROJINHERIT},
    {EXT4_DAX_FL, FS_XFLAG_DAX},
};

static long ioctl_get_xattr_flags(struct ext4_inode *inode, void __user *arg)
{
	struct fsxattr fsx = {.fsx_projid = inode->project};

	for (size_t i = 0; i < ARRAY_SIZE(xflags); i++)
		if (inode->flags & xflags[i].ext4)
			fsx.fsx_xflags |= xflags[i].xfs;
	return copy_to_user(arg, &fsx, sizeof(fsx)) ? -EFAULT : 0;
}

static long ioctl_set_xattr_flags(struct file *file, const void __user *arg)
{
	struct fsxattr fsx;
	u32 flags = 0, mask = 0, known = 0;

	if (copy_from_user(&fsx, arg, sizeof(fsx)))
		return -EFAULT;
	for (size_t i = 0; i < ARRAY_SIZE(xflags); i++) {
		mask |= xflags[i].ext4;
		known |= xflags[i].xfs;
		if (fsx.fsx_xflags & xflags[i].xfs)
			flags |= xflags[i].ext4;
	}
	if (fsx.fsx_xflags & ~known)
		return -EOPNOTSUPP;
	if (fsx.fsx_extsize || fsx.fsx_cowextsize)
		return -EINVAL;
	return set_flags_locked(file, flags, mask, &fsx.fsx_projid);
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

/* ---- the volume ---- */

/* Writing to the volume as a whole; drop it when done. */
static int want_volume(struct file *file, int capability)
{
	return capable(capability) ? mount_want_write(file->path.mount) : -EPERM;
}

static long ioctl_get_label(struct ext4_fs *fs, void __user *arg)
{
	char label[FSLABEL_MAX] = "";

	mutex_lock(&fs->super_lock);
	memcpy(label, fs->label, sizeof(fs->label));
	mutex_unlock(&fs->super_lock);
	return copy_to_user(arg, label, sizeof(fs->label) + 1) ? -EFAULT : 0;
}

static long ioctl_set_label(struct file *file, const void __user *arg)
{
	struct ext4_fs *fs = ext4_fs(file->inode->super);
	char label[sizeof(fs->label) + 1] = "";
	struct ext4_handle handle;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (copy_from_user(label, arg, sizeof(label)))
		return -EFAULT;
	size_t n = strnlen(label, sizeof(label));

	if (n > sizeof(fs->label))
		return -EINVAL;
	memset(label + n, 0, sizeof(label) - n);
	int err = mount_want_write(file->path.mount);

	if (err)
		return err;
	err = ext4_txn_begin(fs, 1, &handle);
	if (!err) {
		mutex_lock(&fs->super_lock);
		memcpy(fs->label, label, sizeof(fs->label));
		mutex_unlock(&fs->super_lock);
		ext4_txn_dirty_super(&handle);
		ext4_txn_end(&handle);
		err = ext4_txn_sync(fs);
		if (!err)
			err = ext4_super_copies_write(fs);
	}
	mount_drop_write(file->path.mount);
	return err;
}

static long ioctl_trim(struct file *file, void __user *arg)
{
	struct ext4_fs *fs = ext4_fs(file->inode->super);
	struct fstrim_range range;
	u64 trimmed = 0;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (!fs->bdev->discard)
		return -EOPNOTSUPP;
	if (copy_from_user(&range, arg, sizeof(range)))
		return -EFAULT;
	u64 first = range.start >> fs->block_bits, minimum = range.minlen >> fs->block_bits;

	if (first >= fs->blocks_count || range.len < fs->block_size ||
	    minimum > fs->blocks_per_group)
		return -EINVAL;
	u64 count = min(range.len >> fs->block_bits, fs->blocks_count - first);
	int err = ext4_trim(fs, first, first + count - 1, max(minimum, (u64)1), &trimmed);

	range.len = trimmed << fs->block_bits;
	if (!err && copy_to_user(arg, &range, sizeof(range)))
		return -EFAULT;
	return err;
}

static long ioctl_resize(struct file *file, const void __user *arg)
{
	u64 blocks;

	if (copy_from_user(&blocks, arg, sizeof(blocks)))
		return -EFAULT;
	int err = want_volume(file, CAP_SYS_RESOURCE);

	if (err)
		return err;
	err = ext4_resize(ext4_fs(file->inode->super), blocks);
	mount_drop_write(file->path.mount);
	return err;
}

static long ioctl_extend(struct file *file, const void __user *arg)
{
	struct ext4_fs *fs = ext4_fs(file->inode->super);
	unsigned long blocks;

	if (copy_from_user(&blocks, arg, sizeof(blocks)))
		return -EFAULT;
	int err = want_volume(file, CAP_SYS_RESOURCE);

	if (err)
		return err;
	/* Within the last group only: new groups come by the other call. */
	if (blocks > ext4_group_first(fs, fs->group_count))
		blocks = ext4_group_first(fs, fs->group_count);
	err = ext4_resize(fs, blocks);
	mount_drop_write(file->path.mount);
	return err;
}

/* The volume goes away from under its users, as in a crash. */
static long ioctl_shutdown(struct file *file, const u32 __user *arg)
{
	struct ext4_fs *fs = ext4_fs(file->inode->super);
	u32 how;
	int err;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	err = get_user(how, arg);
	if (err)
		return err;
	if (how > SHUTDOWN_NO_LOG_FLUSH)
		return -EINVAL;
	if (how != SHUTDOWN_NO_LOG_FLUSH)
		err = ext4_txn_sync(fs);
	log_notice("%s: %s: shut down by process", fs->type_name, fs->super->id);
	ext4_journal_abort(fs, -ESHUTDOWN);
	atomic_store(&fs->aborted, true);
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
	case FS_IOC_FSGETXATTR:
		return ioctl_get_xattr_flags(inode, user);
	case FS_IOC_FSSETXATTR:
		return ioctl_set_xattr_flags(file, user);
	case FS_IOC_GETFSLABEL:
		return ioctl_get_label(ext4_inode_fs(inode), user);
	case FS_IOC_SETFSLABEL:
		return ioctl_set_label(file, user);
	case FITRIM:
		return ioctl_trim(file, user);
	case FIFREEZE:
		return capable(CAP_SYS_ADMIN) ? vfs_freeze(file->inode->super) : -EPERM;
	case FITHAW:
		return capable(CAP_SYS_ADMIN) ? vfs_thaw(file->inode->super) : -EPERM;
	case IOC_RESIZE_FS:
		return ioctl_resize(file, user);
	case IOC_GROUP_EXTEND:
		return ioctl_extend(file, user);
	case IOC_SHUTDOWN:
		return ioctl_shutdown(file, (const u32 __user *)user);
	case FS_IOC_FIEMAP:
		return ext4_ioctl_fiemap(file, user);
	default:
		return -ENOTTY;
	}
}
