/*
 * Changing directories: mkdir, mknod, symlink, link, unlink, rmdir. (Creating by open is in open.c,
 * renaming in rename.c.)
 *
 * Each finds the directory and the last component, announces a write to the mount, takes the
 * directory's rwsem, looks the name up under it, checks, and calls the file system. An inode whose
 * last name goes is released only after the lock, as freeing its blocks may take long.
 */
#include "lib/assert.h"
#include "lib/atomic.h"
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "vfs/cred.h"
#include "vfs/dentry_int.h"
#include "vfs/dirops_int.h"
#include "vfs/inode_int.h"
#include "vfs/mount.h"
#include "vfs/vfs.h"

#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

int dir_may_create(struct inode *dir)
{
	if (dir->flags & INODE_DEAD)
		return -ENOENT;
	return inode_permission(dir, MAY_WRITE | MAY_EXEC);
}

static bool dir_sticky_forbids(const struct inode *dir, const struct inode *victim)
{
	const struct cred *cred = current_cred();

	return (dir->mode & S_ISVTX) && cred->fsuid != victim->uid && cred->fsuid != dir->uid &&
	       !cred_capable(cred, CAP_FOWNER);
}

int dir_may_delete(struct inode *dir, struct dentry *victim, bool is_dir)
{
	struct inode *inode = victim->inode;
	int err;

	if (!inode)
		return -ENOENT;
	err = inode_permission(dir, MAY_WRITE | MAY_EXEC);
	if (err)
		return err;
	if ((dir->flags & INODE_APPEND) || (inode->flags & (INODE_IMMUTABLE | INODE_APPEND)))
		return -EPERM;
	if (dir_sticky_forbids(dir, inode))
		return -EPERM;
	if (is_dir && !S_ISDIR(inode->mode))
		return -ENOTDIR;
	if (!is_dir && S_ISDIR(inode->mode))
		return -EISDIR;
	if (dentry_flag_test(victim, DENTRY_MOUNTPOINT))
		return -EBUSY;
	return 0;
}

static struct qstr last_name(const struct path_parent *at)
{
	return (struct qstr){.name = at->last, .length = at->last_length, .hash = at->last_hash};
}

/* ---- names that come ---- */

struct creation {
	struct path_parent at;
	struct inode *dir;
	struct dentry *dentry; /* negative */
};

static void create_end(struct creation *c)
{
	dentry_put(c->dentry);
	rwsem_write_unlock(&c->dir->rwsem);
	mount_drop_write(c->at.parent.mount);
	writeback_balance_inodes(c->dir->super);
	path_put(&c->at.parent);
}

/* Ready to create: the directory locked, the name free, everything allowed. On error nothing is
 * held. */
static int create_begin(int dirfd, const char *name, bool is_dir, struct creation *c)
{
	struct qstr last;
	int err = path_lookup_parent(dirfd, name, 0, &c->at), write_err;

	if (err)
		return err;
	if (c->at.kind != PATH_LAST_NORMAL) {
		path_put(&c->at.parent);
		return -EEXIST;
	}
	c->dir = c->at.parent.dentry->inode;
	last = last_name(&c->at);
	/* An existing name is -EEXIST even on a read-only mount. */
	write_err = mount_want_write(c->at.parent.mount);
	rwsem_write_lock(&c->dir->rwsem);
	err = dentry_lookup(c->at.parent.dentry, &last, &c->dentry);
	if (err)
		goto unlock;
	if (c->dentry->inode)
		err = -EEXIST;
	else if (c->at.trailing_slash && !is_dir)
		err = -ENOENT;
	else if (write_err)
		err = write_err;
	else
		err = dir_may_create(c->dir);
	if (!err)
		return 0;
	dentry_put(c->dentry);
unlock:
	rwsem_write_unlock(&c->dir->rwsem);
	if (!write_err)
		mount_drop_write(c->at.parent.mount);
	path_put(&c->at.parent);
	return err;
}

int vfs_mkdir(int dirfd, const char *name, u32 mode)
{
	struct creation c;
	int err = create_begin(dirfd, name, true, &c);

	if (err)
		return err;
	mode = (mode & 01777) | S_IFDIR;
	err = acl_umask(c.dir, &mode);
	if (err)
		;
	else if (!c.dir->ops->mkdir)
		err = -EPERM;
	else if (c.dir->nlink >= c.dir->super->max_links)
		err = -EMLINK;
	else
		err = c.dir->ops->mkdir(c.dir, c.dentry, mode);
	create_end(&c);
	return err;
}

int vfs_mknod(int dirfd, const char *name, u32 mode, u32 major, u32 minor)
{
	struct creation c;
	int err;

	if (!(mode & S_IFMT))
		mode |= S_IFREG;
	switch (mode & S_IFMT) {
	case S_IFREG:
	case S_IFIFO:
	case S_IFSOCK:
		break;
	case S_IFCHR:
	case S_IFBLK:
		if (!capable(CAP_MKNOD) &&
		    (S_ISBLK(mode) || major || minor)) /* 0:0 is a whiteout */
			return -EPERM;
		break;
	case S_IFDIR:
		return -EPERM;
	default:
		return -EINVAL;
	}
	err = create_begin(dirfd, name, false, &c);
	if (err)
		return err;
	mode &= S_IFMT | 07777;
	err = acl_umask(c.dir, &mode);
	if (err)
		;
	else if (S_ISREG(mode))
		err = c.dir->ops->create ? c.dir->ops->create(c.dir, c.dentry, mode) : -EPERM;
	else
		err = c.dir->ops->mknod ? c.dir->ops->mknod(c.dir, c.dentry, mode, major, minor)
					: -EPERM;
	create_end(&c);
	return err;
}

int vfs_symlink(const char *target, int dirfd, const char *name)
{
	struct creation c;
	int err;

	if (!*target)
		return -ENOENT;
	err = create_begin(dirfd, name, false, &c);
	if (err)
		return err;
	err = c.dir->ops->symlink ? c.dir->ops->symlink(c.dir, c.dentry, target) : -EPERM;
	create_end(&c);
	return err;
}

/* Whether old may get another name in dir. */
static int link_may(const struct inode *dir, const struct inode *old)
{
	if (old->super != dir->super)
		return -EXDEV;
	if (S_ISDIR(old->mode) || (old->flags & (INODE_IMMUTABLE | INODE_APPEND)))
		return -EPERM;
	if (!dir->ops->link)
		return -EPERM;
	if (!old->nlink && !(old->flags & INODE_LINKABLE))
		return -ENOENT;
	if (old->nlink >= old->super->max_links)
		return -EMLINK;
	return 0;
}

int vfs_link(int old_dirfd, const char *old_name, int new_dirfd, const char *new_name, int at_flags)
{
	unsigned int flags = 0;
	struct creation c;
	struct path old;
	struct inode *inode;
	int err;

	if (at_flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (at_flags & AT_SYMLINK_FOLLOW)
		flags |= LOOKUP_FOLLOW;
	if (at_flags & AT_EMPTY_PATH) {
		if (!capable(CAP_DAC_READ_SEARCH))
			return -ENOENT;
		flags |= LOOKUP_EMPTY;
	}
	err = path_lookup(old_dirfd, old_name, flags, &old);
	if (err)
		return err;
	inode = old.dentry->inode;
	err = create_begin(new_dirfd, new_name, false, &c);
	if (err)
		goto put_old;
	if (old.mount != c.at.parent.mount)
		err = -EXDEV;
	else
		err = link_may(c.dir, inode);
	if (!err) {
		rwsem_write_lock(&inode->rwsem);
		err = c.dir->ops->link(c.dir, c.dentry, inode);
		if (!err) {
			spin_lock(&inode->lock);
			inode->flags &= ~(u32)INODE_LINKABLE;
			spin_unlock(&inode->lock);
		}
		rwsem_write_unlock(&inode->rwsem);
	}
	create_end(&c);
put_old:
	path_put(&old);
	return err;
}

/* ---- names that go ---- */

/* With the directory locked: the checks, the file system's operation, the dentry. */
static int remove_locked(struct inode *dir, struct dentry *victim, bool is_dir)
{
	struct inode *inode = victim->inode;
	int err = dir_may_delete(dir, victim, is_dir);

	if (err)
		return err;
	if (!(is_dir ? dir->ops->rmdir : dir->ops->unlink))
		return -EPERM;
	if (inode == dir) /* a damaged volume: it lies in itself */
		return -EUCLEAN;
	rwsem_write_lock(&inode->rwsem);
	/* Again, now that nothing can be mounted on it any more. */
	if (dentry_flag_test(victim, DENTRY_MOUNTPOINT))
		err = -EBUSY;
	else
		err = is_dir ? dir->ops->rmdir(dir, victim) : dir->ops->unlink(dir, victim);
	if (!err && is_dir)
		inode->flags |= INODE_DEAD;
	rwsem_write_unlock(&inode->rwsem);
	if (!err)
		dentry_unhash(victim);
	return err;
}

static int remove_name(int dirfd, const char *name, bool is_dir)
{
	struct path_parent at;
	struct inode *dir, *inode = NULL;
	struct dentry *dentry;
	struct qstr last;
	int err = path_lookup_parent(dirfd, name, 0, &at);

	if (err)
		return err;
	dir = at.parent.dentry->inode;
	last = last_name(&at);
	if (at.kind != PATH_LAST_NORMAL) {
		if (!is_dir)
			err = -EISDIR;
		else
			err = at.kind == PATH_LAST_DOT      ? -EINVAL
			      : at.kind == PATH_LAST_DOTDOT ? -ENOTEMPTY
							    : -EBUSY;
		goto put_parent;
	}
	err = mount_want_write(at.parent.mount);
	if (err)
		goto put_parent;
	rwsem_write_lock(&dir->rwsem);
	err = dentry_lookup(at.parent.dentry, &last, &dentry);
	if (!err) {
		inode = dentry->inode;
		if (inode)
			inode_ref(inode);
		if (inode && at.trailing_slash && !is_dir)
			err = S_ISDIR(inode->mode) ? -EISDIR : -ENOTDIR;
		else
			err = remove_locked(dir, dentry, is_dir);
		dentry_put(dentry);
	}
	rwsem_write_unlock(&dir->rwsem);
	inode_put(inode);
	mount_drop_write(at.parent.mount);
put_parent:
	path_put(&at.parent);
	return err;
}

int vfs_unlink(int dirfd, const char *name)
{
	return remove_name(dirfd, name, false);
}

int vfs_rmdir(int dirfd, const char *name)
{
	return remove_name(dirfd, name, true);
}

int vfs_readlink(const struct path *path, char **out)
{
	struct inode *inode = path->dentry->inode;
	char *buf, *text;

	if (!S_ISLNK(inode->mode) || !inode->ops)
		return -EINVAL;
	inode_accessed(inode, path->mount);
	if (inode->ops->readlink)
		return inode->ops->readlink(inode, out);
	if (!inode->ops->jump)
		return -EINVAL;
	/* A link that only knows how to jump: its text is the name of where it leads. */
	struct path target, root;
	struct fs_context *fs = current_fs();
	int err = inode->ops->jump(inode, &target);

	if (err)
		return err;
	spin_lock(&fs->lock);
	root = fs->root;
	path_get(&root);
	spin_unlock(&fs->lock);
	buf = kmalloc(PATH_MAX_SIZE, MM_NORMAL);
	if (!buf) {
		err = -ENOMEM;
	} else {
		text = path_to_string(&target, &root, buf, PATH_MAX_SIZE);
		if (IS_ERR(text)) {
			err = (int)PTR_ERR(text);
			kfree(buf);
		} else {
			memmove(buf, text, strlen(text) + 1);
			*out = buf;
		}
	}
	path_put(&root);
	path_put(&target);
	return err;
}
