/*
 * rename.
 *
 * Both directories are locked; when they differ, super->rename_mutex first keeps the tree's shape
 * still, so that "is an ancestor of" stays true, and then the ancestor is locked before what is
 * below it (otherwise by address). A directory can't move into itself or below itself, and can't
 * replace one of its own ancestors. Where a damaged volume has a directory under two names, what
 * would lock it twice is -EUCLEAN.
 */
#include "lib/assert.h"
#include "lib/atomic.h"
#include "vfs/dentry_int.h"
#include "vfs/dirops_int.h"
#include "vfs/inode_int.h"
#include "vfs/mount.h"
#include "vfs/vfs.h"

#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/stat.h>

#include "vfs/cred.h"

struct renaming {
	struct path_parent old_at, new_at;
	struct inode *old_dir, *new_dir;
	struct dentry *old_dentry, *new_dentry;
	unsigned int flags;
};

static void rename_lock_dirs(struct renaming *r) __no_lock_analysis
{
	struct dentry *a = r->old_at.parent.dentry, *b = r->new_at.parent.dentry;

	if (a == b) {
		rwsem_write_lock(&a->inode->rwsem);
		return;
	}
	mutex_lock(&a->super->rename_mutex);
	if (dentry_is_ancestor(b, a) || (!dentry_is_ancestor(a, b) && a > b))
		swap(a, b);
	rwsem_write_lock(&a->inode->rwsem);
	rwsem_write_lock(&b->inode->rwsem);
}

static void rename_unlock_dirs(struct renaming *r) __no_lock_analysis
{
	rwsem_write_unlock(&r->new_dir->rwsem);
	if (r->old_dir != r->new_dir) {
		rwsem_write_unlock(&r->old_dir->rwsem);
		mutex_unlock(&r->old_dir->super->rename_mutex);
	}
}

/* What the two names must be to each other. */
static int rename_check_names(const struct renaming *r)
{
	const struct inode *old = r->old_dentry->inode, *new = r->new_dentry->inode;
	bool exchange = r->flags & RENAME_EXCHANGE;

	if (!old)
		return -ENOENT;
	if (new && (r->flags & RENAME_NOREPLACE))
		return -EEXIST;
	if (!new &&exchange)
		return -ENOENT;
	if (!S_ISDIR(old->mode)) {
		if (r->old_at.trailing_slash)
			return -ENOTDIR;
		if (!exchange && r->new_at.trailing_slash)
			return -ENOTDIR;
	}
	if (exchange && !S_ISDIR(new->mode) && r->new_at.trailing_slash)
		return -ENOTDIR;
	/* Into itself or below; and onto, or exchanged with, something that it lies in. */
	if (r->old_dentry == r->new_at.parent.dentry ||
	    dentry_is_ancestor(r->old_dentry, r->new_at.parent.dentry))
		return -EINVAL;
	if (r->new_dentry == r->old_at.parent.dentry ||
	    dentry_is_ancestor(r->new_dentry, r->old_at.parent.dentry))
		return exchange ? -EINVAL : -ENOTEMPTY;
	return 0;
}

static int rename_check_permissions(const struct renaming *r)
{
	struct inode *old = r->old_dentry->inode, *new = r->new_dentry->inode;
	bool is_dir = S_ISDIR(old->mode);
	int err = dir_may_delete(r->old_dir, r->old_dentry, is_dir);

	if (err)
		return err;
	if (!new)
		err = dir_may_create(r->new_dir);
	else if (r->flags & RENAME_EXCHANGE)
		err = dir_may_delete(r->new_dir, r->new_dentry, S_ISDIR(new->mode));
	else
		err = dir_may_delete(r->new_dir, r->new_dentry, is_dir);
	if (err)
		return err;
	/* A directory that gets another parent is written to: its "..". */
	if (r->old_dir != r->new_dir) {
		if (is_dir)
			err = inode_permission(old, MAY_WRITE);
		if (!err && (r->flags & RENAME_EXCHANGE) && S_ISDIR(new->mode))
			err = inode_permission(new, MAY_WRITE);
		if (!err && is_dir && !(new &&S_ISDIR(new->mode)) &&
		    r->new_dir->nlink >= r->new_dir->super->max_links)
			err = -EMLINK;
	}
	if (!err && (r->flags & RENAME_WHITEOUT) && !capable(CAP_MKNOD))
		err = -EPERM;
	return err;
}

static int rename_locked(struct renaming *r)
{
	struct inode *old = r->old_dentry->inode, *new = r->new_dentry->inode;
	bool exchange = r->flags & RENAME_EXCHANGE;
	int err = rename_check_names(r);

	if (err)
		return err;
	if (old == new) /* two names of one file: nothing to do */
		return 0;
	err = rename_check_permissions(r);
	if (err)
		return err;
	if (!r->old_dir->ops->rename)
		return -EPERM;
	if (new == r->old_dir || new == r->new_dir)
		return -EUCLEAN;
	if (new)
		rwsem_write_lock(&new->rwsem);
	if (dentry_flag_test(r->old_dentry, DENTRY_MOUNTPOINT) ||
	    dentry_flag_test(r->new_dentry, DENTRY_MOUNTPOINT))
		err = -EBUSY;
	else
		err = r->old_dir->ops->rename(r->old_dir, r->old_dentry, r->new_dir, r->new_dentry,
					      r->flags);
	if (!err && new && !exchange && S_ISDIR(new->mode))
		new->flags |= INODE_DEAD;
	if (new)
		rwsem_write_unlock(&new->rwsem);
	if (!err)
		dentry_move(r->old_dentry, r->new_dentry, exchange);
	return err;
}

static int rename_lookup(struct renaming *r)
{
	struct qstr old = {
	    .name = r->old_at.last, .length = r->old_at.last_length, .hash = r->old_at.last_hash};
	struct qstr new = {
	    .name = r->new_at.last, .length = r->new_at.last_length, .hash = r->new_at.last_hash};
	int err = dentry_lookup(r->old_at.parent.dentry, &old, &r->old_dentry);

	if (err)
		return err;
	err = dentry_lookup(r->new_at.parent.dentry, &new, &r->new_dentry);
	if (err)
		dentry_put(r->old_dentry);
	return err;
}

static int rename_parents(struct renaming *r)
{
	struct inode *replaced = NULL;
	int err;

	if (r->old_at.parent.mount != r->new_at.parent.mount)
		return -EXDEV;
	if (r->old_at.kind != PATH_LAST_NORMAL)
		return -EBUSY;
	if (r->new_at.kind != PATH_LAST_NORMAL)
		return r->flags & RENAME_NOREPLACE ? -EEXIST : -EBUSY;
	r->old_dir = r->old_at.parent.dentry->inode;
	r->new_dir = r->new_at.parent.dentry->inode;
	if (r->old_dir == r->new_dir && r->old_at.parent.dentry != r->new_at.parent.dentry)
		return -EUCLEAN;
	err = mount_want_write(r->old_at.parent.mount);
	if (err)
		return err;
	rename_lock_dirs(r);
	err = rename_lookup(r);
	if (!err) {
		replaced = r->new_dentry->inode;
		if (replaced)
			inode_ref(replaced);
		err = rename_locked(r);
		dentry_put(r->old_dentry);
		dentry_put(r->new_dentry);
	}
	rename_unlock_dirs(r);
	inode_put(replaced);
	mount_drop_write(r->old_at.parent.mount);
	return err;
}

int vfs_rename(int old_dirfd, const char *old_name, int new_dirfd, const char *new_name,
	       unsigned int flags)
{
	struct renaming r = {.flags = flags};
	int err;

	if (flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE | RENAME_WHITEOUT))
		return -EINVAL;
	if ((flags & RENAME_EXCHANGE) && (flags & (RENAME_NOREPLACE | RENAME_WHITEOUT)))
		return -EINVAL;
	err = path_lookup_parent(old_dirfd, old_name, 0, &r.old_at);
	if (err)
		return err;
	err = path_lookup_parent(new_dirfd, new_name, 0, &r.new_at);
	if (err) {
		path_put(&r.old_at.parent);
		return err;
	}
	err = rename_parents(&r);
	path_put(&r.new_at.parent);
	path_put(&r.old_at.parent);
	return err;
}
