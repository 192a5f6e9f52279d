/*
 * Who may do what to an inode, and the attributes that go with ownership: permission bits,
 * capabilities, owners of new inodes, time stamps, chmod, chown and utimes.
 */
#include "lib/atomic.h"
#include "lib/string.h"
#include "vfs/cred.h"
#include "vfs/inode.h"
#include "vfs/inode_int.h"
#include "vfs/mount.h"
#include "vfs/vfs.h"
#include "vfs/xattr.h"

#include <linux/capability.h>
#include <linux/stat.h>

#define DAY_SECONDS 86400

int inode_permission_generic(struct inode *inode, unsigned int mask)
{
	const struct cred *cred = current_cred();
	u32 mode = READ_ONCE(inode->mode), bits;

	if (likely(cred->fsuid == inode->uid)) {
		bits = mode >> 6;
		goto decide;
	}
	if (unlikely(READ_ONCE(inode->acl[ACL_LIST_ACCESS]) != NULL) && (mode & S_IRWXG)) {
		int err = acl_permission(inode, mask);

		if (err != -EAGAIN && err != -EACCES)
			return err;
		if (err == -EACCES)
			goto capabilities;
	}
	if (cred_in_group(cred, inode->gid))
		bits = mode >> 3;
	else
		bits = mode;
decide:
	if (likely(!(mask & ~bits & 7)))
		return 0;
capabilities:
	if (S_ISDIR(mode)) {
		if (cred_capable(cred, CAP_DAC_OVERRIDE))
			return 0;
		if (!(mask & MAY_WRITE) && cred_capable(cred, CAP_DAC_READ_SEARCH))
			return 0;
		return -EACCES;
	}
	/* Even root executes only what somebody may execute. */
	if ((!(mask & MAY_EXEC) || (mode & 0111)) && cred_capable(cred, CAP_DAC_OVERRIDE))
		return 0;
	if (mask == MAY_READ && cred_capable(cred, CAP_DAC_READ_SEARCH))
		return 0;
	return -EACCES;
}

int inode_permission(struct inode *inode, unsigned int mask)
{
	if (unlikely(mask & MAY_WRITE)) {
		u32 mode = inode->mode;

		if ((atomic_load(&inode->super->flags) & SUPER_RDONLY) &&
		    (S_ISREG(mode) || S_ISDIR(mode) || S_ISLNK(mode)))
			return -EROFS;
		if (inode->flags & INODE_IMMUTABLE)
			return -EPERM;
	}
	if (inode->ops && unlikely(inode->ops->permission != NULL))
		return inode->ops->permission(inode, mask);
	return inode_permission_generic(inode, mask);
}

bool inode_owner_or_capable(const struct inode *inode)
{
	const struct cred *cred = current_cred();

	return cred->fsuid == inode->uid || cred_capable(cred, CAP_FOWNER);
}

/* ---- new inodes ---- */

struct timespec64 inode_time_now(const struct inode *inode)
{
	struct timespec64 now = clock_realtime_coarse();
	u32 unit = inode->super->time_granularity_ns;

	if (unit >= NSEC_PER_SEC)
		now.nsec = 0;
	else if (unit > 1)
		now.nsec -= now.nsec % unit;
	return now;
}

void inode_init_owner(struct inode *inode, const struct inode *dir, u32 mode)
{
	const struct cred *cred = current_cred();

	inode->uid = cred->fsuid;
	inode->gid = cred->fsgid;
	if (dir && (dir->mode & S_ISGID)) {
		inode->gid = dir->gid;
		if (S_ISDIR(mode))
			mode |= S_ISGID;
		else if ((mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP) &&
			 !cred_in_group(cred, dir->gid) && !cred_capable(cred, CAP_FSETID))
			mode &= ~S_ISGID;
	}
	inode->mode = mode;
	inode->atime = inode->mtime = inode->ctime = inode->btime = inode_time_now(inode);
}

/* ---- time stamps ---- */

void inode_touch(struct inode *inode, unsigned int which)
{
	struct timespec64 now = inode_time_now(inode);

	spin_lock(&inode->lock);
	if (which & ATTR_ATIME)
		inode->atime = now;
	if (which & ATTR_MTIME)
		inode->mtime = now;
	if (which & ATTR_CTIME)
		inode->ctime = now;
	inode->change_version++;
	spin_unlock(&inode->lock);
	inode_mark_dirty(inode, false);
}

static int time_compare(const struct timespec64 *a, const struct timespec64 *b)
{
	if (a->sec != b->sec)
		return a->sec < b->sec ? -1 : 1;
	return a->nsec < b->nsec ? -1 : a->nsec > b->nsec;
}

void inode_accessed(struct inode *inode, const struct mount *mount)
{
	unsigned int flags = mount ? atomic_load_relaxed(&mount->flags) : 0;
	struct timespec64 now;

	if ((flags & MOUNT_NOATIME) || (inode->flags & INODE_NOATIME) || !mount)
		return;
	if ((flags & MOUNT_NODIRATIME) && S_ISDIR(inode->mode))
		return;
	if (mount_is_read_only(mount))
		return;
	now = inode_time_now(inode);
	if (!time_compare(&now, &inode->atime))
		return;
	if ((flags & MOUNT_RELATIME) && time_compare(&inode->mtime, &inode->atime) < 0 &&
	    time_compare(&inode->ctime, &inode->atime) < 0 &&
	    now.sec - inode->atime.sec < DAY_SECONDS)
		return;
	spin_lock(&inode->lock);
	inode->atime = now;
	spin_unlock(&inode->lock);
	inode_mark_dirty(inode, false);
}

/* ---- chmod, chown, utimes, truncate ---- */

void inode_setattr_simple(struct inode *inode, const struct attr *attr)
{
	spin_lock(&inode->lock);
	if (attr->valid & ATTR_MODE)
		inode->mode = (inode->mode & S_IFMT) | (attr->mode & 07777);
	if (attr->valid & ATTR_UID)
		inode->uid = attr->uid;
	if (attr->valid & ATTR_GID)
		inode->gid = attr->gid;
	if (attr->valid & ATTR_ATIME)
		inode->atime = attr->atime;
	if (attr->valid & ATTR_MTIME)
		inode->mtime = attr->mtime;
	if (attr->valid & ATTR_CTIME)
		inode->ctime = attr->ctime;
	inode->change_version++;
	spin_unlock(&inode->lock);
	inode_mark_dirty(inode, false);
}

static struct timespec64 time_clamp(const struct inode *inode, struct timespec64 time)
{
	const struct super_block *super = inode->super;

	if (time.sec < super->time_min || time.sec > super->time_max) {
		time.sec = time.sec < super->time_min ? super->time_min : super->time_max;
		time.nsec = 0;
	}
	if (super->time_granularity_ns > 1)
		time.nsec -= time.nsec % super->time_granularity_ns;
	return time;
}

static int setattr_may(struct inode *inode, const struct attr *attr, bool times_now)
{
	const struct cred *cred = current_cred();
	const unsigned int times = ATTR_ATIME | ATTR_MTIME;

	/* Times may be set to now where bytes may be added. */
	if ((inode->flags & INODE_IMMUTABLE) ||
	    ((inode->flags & INODE_APPEND) &&
	     (!times_now || (attr->valid & (ATTR_MODE | ATTR_UID | ATTR_GID)))))
		return -EPERM;
	if ((attr->valid & ATTR_UID) && !cred_capable(cred, CAP_CHOWN) &&
	    (cred->fsuid != inode->uid || attr->uid != inode->uid))
		return -EPERM;
	if ((attr->valid & ATTR_GID) && !cred_capable(cred, CAP_CHOWN) &&
	    (cred->fsuid != inode->uid ||
	     (attr->gid != inode->gid && !cred_in_group(cred, attr->gid))))
		return -EPERM;
	if ((attr->valid & ATTR_MODE) && !inode_owner_or_capable(inode))
		return -EPERM;
	if ((attr->valid & times) && !inode_owner_or_capable(inode))
		return times_now && !inode_permission(inode, MAY_WRITE) ? 0
		       : times_now                                      ? -EACCES
									: -EPERM;
	return 0;
}

/* The set-ID bits that a change of owner or contents must take away from a file that is executable.
 */
static u32 mode_without_setid(const struct inode *inode)
{
	u32 mode = inode->mode & ~S_ISUID;

	if ((mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP))
		mode &= ~S_ISGID;
	return mode;
}

int inode_setattr(struct inode *inode, const struct attr *wanted)
{
	struct attr attr = *wanted;
	int err = 0;

	if ((attr.valid & (ATTR_UID | ATTR_GID)) && !S_ISDIR(inode->mode)) {
		err = inode_kill_capability(inode);
		if (err)
			return err;
	}
	if (!(attr.valid & ATTR_CTIME)) {
		attr.ctime = inode_time_now(inode);
		attr.valid |= ATTR_CTIME;
	}
	if ((attr.valid & (ATTR_UID | ATTR_GID)) && !(attr.valid & ATTR_MODE) &&
	    !S_ISDIR(inode->mode)) {
		attr.mode = mode_without_setid(inode);
		if (attr.mode != inode->mode)
			attr.valid |= ATTR_MODE;
	}
	if ((attr.valid & ATTR_MODE) && (attr.mode & S_ISGID) && !S_ISDIR(inode->mode)) {
		u32 gid = attr.valid & ATTR_GID ? attr.gid : inode->gid;

		if (!cred_in_group(current_cred(), gid) && !capable(CAP_FSETID))
			attr.mode &= ~S_ISGID;
	}
	if (attr.valid & ATTR_ATIME)
		attr.atime = time_clamp(inode, attr.atime);
	if (attr.valid & ATTR_MTIME)
		attr.mtime = time_clamp(inode, attr.mtime);
	if (inode->ops && inode->ops->setattr)
		err = inode->ops->setattr(inode, &attr);
	else if (attr.valid & ATTR_SIZE)
		err = -EINVAL;
	else
		inode_setattr_simple(inode, &attr);
	if (!err && (attr.valid & ATTR_MODE) && unlikely(inode->acl[ACL_LIST_ACCESS] != NULL))
		err = acl_chmod(inode);
	return err;
}

int vfs_setattr(const struct path *path, const struct attr *attr, bool times_now)
{
	struct inode *inode = path->dentry->inode;
	struct attr now = *attr;
	int err = mount_want_write(path->mount);

	if (err)
		return err;
	rwsem_write_lock(&inode->rwsem);
	err = setattr_may(inode, attr, times_now);
	if (!err && times_now)
		now.atime = now.mtime = inode_time_now(inode);
	if (!err)
		err = inode_setattr(inode, &now);
	rwsem_write_unlock(&inode->rwsem);
	mount_drop_write(path->mount);
	return err;
}

int inode_kill_setid(struct inode *inode)
{
	struct attr attr = {.valid = ATTR_MODE, .mode = mode_without_setid(inode)};
	int err = inode_kill_capability(inode);

	if (err)
		return err;
	if (likely(!(inode->mode & (S_ISUID | S_ISGID))) || attr.mode == inode->mode ||
	    capable(CAP_FSETID))
		return 0;
	return inode_setattr(inode, &attr);
}

int vfs_access(const struct path *path, unsigned int may)
{
	struct inode *inode = path->dentry->inode;

	/* A device or a pipe on a read-only file system may still be written to; the file system
	 * itself may not. */
	if ((may & MAY_WRITE) && mount_is_read_only(path->mount) &&
	    (S_ISREG(inode->mode) || S_ISDIR(inode->mode) || S_ISLNK(inode->mode)))
		return -EROFS;
	if ((may & MAY_EXEC) && S_ISREG(inode->mode) &&
	    (atomic_load(&path->mount->flags) & MOUNT_NOEXEC))
		return -EACCES;
	return inode_permission(inode, may);
}
