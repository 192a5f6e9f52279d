/*
 * What stat, statfs and truncate say and do about an inode.
 */
#include "lib/atomic.h"
#include "lib/string.h"
#include "vfs/block.h"
#include "vfs/cred.h"
#include "vfs/file_int.h"
#include "vfs/inode_int.h"
#include "vfs/mount.h"
#include "vfs/vfs.h"

#include <linux/falloc.h>
#include <linux/fcntl.h>
#include <linux/magic.h>
#include <linux/resource.h>
#include <linux/stat.h>
#include <asm/signal.h>

static int stat_inode(struct inode *inode, struct mount *mount, struct vfs_stat *out)
{
	if (unlikely(inode->ops && inode->ops->getattr)) {
		int err = inode->ops->getattr(inode);

		if (err)
			return err;
	}
	spin_lock(&inode->lock);
	out->ino = inode->number;
	out->size = (u64)inode->size;
	out->blocks = inode->blocks + READ_ONCE(inode->blocks_promised);
	out->mode = inode->mode;
	out->nlink = inode->nlink;
	out->uid = inode->uid;
	out->gid = inode->gid;
	out->rdev_major = inode->rdev_major;
	out->rdev_minor = inode->rdev_minor;
	out->atime = inode->atime;
	out->mtime = inode->mtime;
	out->ctime = inode->ctime;
	out->btime = inode->btime;
	spin_unlock(&inode->lock);
	out->has_btime = out->btime.sec || out->btime.nsec;
	out->dev_major = inode->super->dev_major;
	out->dev_minor = inode->super->dev_minor;
	out->block_size = max(inode->super->block_size, (u32)PAGE_SIZE);
	out->attributes_mask = STATX_ATTR_IMMUTABLE | STATX_ATTR_APPEND | STATX_ATTR_MOUNT_ROOT;
	out->attributes = (inode->flags & INODE_IMMUTABLE ? STATX_ATTR_IMMUTABLE : 0) |
			  (inode->flags & INODE_APPEND ? STATX_ATTR_APPEND : 0);
	out->mount_id = mount ? mount->id : 0;
	return 0;
}

int vfs_stat_path(const struct path *path, struct vfs_stat *out)
{
	int err = stat_inode(path->dentry->inode, path->mount, out);

	if (!err && path->mount && path->dentry == path->mount->root)
		out->attributes |= STATX_ATTR_MOUNT_ROOT;
	return err;
}

int vfs_stat_file(struct file *file, struct vfs_stat *out)
{
	if (file->path.dentry)
		return vfs_stat_path(&file->path, out);
	return stat_inode(file->inode, NULL, out);
}

int vfs_statfs(const struct path *path, struct fs_statistics *out)
{
	struct super_block *super = path->dentry->super;

	memset(out, 0, sizeof(*out));
	out->magic = super->magic;
	out->block_size = out->fragment_size = super->block_size;
	out->name_max = NAME_MAX_LENGTH;
	out->fsid[0] = super->dev_major << 20 | super->dev_minor;
	return super->ops->statfs ? super->ops->statfs(super, out) : 0;
}

/* ---- size ---- */

static int truncate_limit(const struct inode *inode, loff_t length)
{
	if (length < 0)
		return -EINVAL;
	if (length > inode->super->max_file_size)
		return -EFBIG;
	if (length > inode_size(inode) && (u64)length > current_rlimit(RLIMIT_FSIZE)) {
		current_send_signal(SIGXFSZ);
		return -EFBIG;
	}
	return 0;
}

int inode_truncate(struct inode *inode, loff_t length)
{
	struct attr attr = {.valid = ATTR_SIZE | ATTR_MTIME | ATTR_CTIME, .size = length};
	int err = truncate_limit(inode, length);

	if (err)
		return err;
	rwsem_write_lock(&inode->rwsem);
	attr.mtime = attr.ctime = inode_time_now(inode);
	err = inode_kill_setid(inode);
	if (!err)
		err = inode_setattr(inode, &attr);
	rwsem_write_unlock(&inode->rwsem);
	return err;
}

int vfs_truncate(const struct path *path, loff_t length)
{
	struct inode *inode = path->dentry->inode;
	int err;

	if (length < 0)
		return -EINVAL;
	if (S_ISDIR(inode->mode))
		return -EISDIR;
	if (!S_ISREG(inode->mode))
		return -EINVAL;
	err = inode_permission(inode, MAY_WRITE);
	if (err)
		return err;
	if (inode->flags & INODE_APPEND)
		return -EPERM;
	err = mount_want_write(path->mount);
	if (err)
		return err;
	/* A running program must not change under it. */
	if (atomic_load(&inode->write_count) < 0)
		err = -ETXTBSY;
	else
		err = inode_truncate(inode, length);
	mount_drop_write(path->mount);
	return err;
}

int vfs_ftruncate(struct file *file, loff_t length)
{
	if (length < 0)
		return -EINVAL;
	if (file->mode & FILE_PATH_ONLY)
		return -EBADF;
	if (!(file->mode & FILE_WRITE) || !S_ISREG(file->inode->mode))
		return -EINVAL;
	if (file->inode->flags & INODE_APPEND)
		return -EPERM;
	return inode_truncate(file->inode, length);
}

int vfs_fallocate(struct file *file, int mode, loff_t offset, loff_t length)
{
	const int known = FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE | FALLOC_FL_COLLAPSE_RANGE |
			  FALLOC_FL_ZERO_RANGE | FALLOC_FL_INSERT_RANGE | FALLOC_FL_UNSHARE_RANGE;
	struct inode *inode = file->inode;
	int err;

	if (offset < 0 || length <= 0)
		return -EINVAL;
	if (mode & ~known)
		return -EOPNOTSUPP;
	if ((mode & FALLOC_FL_PUNCH_HOLE) && !(mode & FALLOC_FL_KEEP_SIZE))
		return -EOPNOTSUPP;
	if ((mode & FALLOC_FL_PUNCH_HOLE) && (mode & FALLOC_FL_ZERO_RANGE))
		return -EOPNOTSUPP;
	if (((mode & FALLOC_FL_COLLAPSE_RANGE) && (mode & ~FALLOC_FL_COLLAPSE_RANGE)) ||
	    ((mode & FALLOC_FL_INSERT_RANGE) && (mode & ~FALLOC_FL_INSERT_RANGE)) ||
	    ((mode & FALLOC_FL_UNSHARE_RANGE) &&
	     (mode & ~(FALLOC_FL_UNSHARE_RANGE | FALLOC_FL_KEEP_SIZE))))
		return -EINVAL;
	if (!(file->mode & FILE_WRITE))
		return -EBADF;
	if ((inode->flags & INODE_APPEND) && (mode & ~FALLOC_FL_KEEP_SIZE))
		return -EPERM;
	if (inode->flags & INODE_IMMUTABLE)
		return -EPERM;
	if (S_ISFIFO(inode->mode))
		return -ESPIPE;
	if (S_ISDIR(inode->mode))
		return -EISDIR;
	if (!S_ISREG(inode->mode))
		return -ENODEV;
	if (offset > inode->super->max_file_size - length)
		return -EFBIG;
	if (!file->ops->fallocate)
		return -EOPNOTSUPP;
	if (!(mode & FALLOC_FL_KEEP_SIZE)) {
		err = truncate_limit(inode, offset + length);
		if (err)
			return err;
	}
	rwsem_write_lock(&inode->rwsem);
	err = inode_kill_setid(inode);
	if (!err)
		err = file->ops->fallocate(file, mode, offset, length);
	rwsem_write_unlock(&inode->rwsem);
	return err;
}

/* ---- directories ---- */

int vfs_readdir(struct file *file, struct dir_context *ctx)
{
	struct inode *inode = file->inode;
	bool locked;
	int err;

	if (file->mode & FILE_PATH_ONLY)
		return -EBADF;
	if (!file->ops->readdir)
		return -ENOTDIR;
	locked = file_pos_lock(file);
	rwsem_read_lock(&inode->rwsem);
	if (inode->flags & INODE_DEAD) {
		err = -ENOENT;
	} else {
		ctx->pos = file->pos;
		err = file->ops->readdir(file, ctx);
		file->pos = ctx->pos;
	}
	rwsem_read_unlock(&inode->rwsem);
	file_pos_unlock(file, locked);
	if (!err && !(file->flags & O_NOATIME))
		inode_accessed(inode, file->path.mount);
	return err;
}

loff_t inode_size(const struct inode *inode)
{
	return atomic_load(&inode->size);
}

void inode_size_set(struct inode *inode, loff_t size)
{
	atomic_store(&inode->size, size);
}
