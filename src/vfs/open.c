/*
 * open: from a name and flags to a file.
 *
 * Without O_CREAT this is a path lookup and file_open_path(). With it, the last component is looked
 * up by hand: a name that exists is opened as usual (links at the end followed), one that does not
 * is created under the directory's lock, after looking again.
 */
#include "lib/assert.h"
#include "lib/atomic.h"
#include "lib/string.h"
#include "vfs/cred.h"
#include "vfs/dentry_int.h"
#include "vfs/dirops_int.h"
#include "vfs/file_int.h"
#include "vfs/inode_int.h"
#include "vfs/mount.h"
#include "vfs/namei_int.h"
#include "vfs/tmpfs.h"
#include "vfs/vfs.h"

#include <linux/fcntl.h>
#include <linux/stat.h>

static const struct file_ops path_only_ops = {};

static unsigned int open_mask(u32 flags)
{
	static const unsigned char masks[] = {MAY_READ, MAY_WRITE, MAY_READ | MAY_WRITE,
					      MAY_READ | MAY_WRITE};
	unsigned int mask = masks[flags & O_ACCMODE];

	return flags & O_TRUNC ? mask | MAY_WRITE : mask;
}

/* Whether the running thread may open path so. */
static int open_may(const struct path *path, u32 flags)
{
	struct inode *inode = path->dentry->inode;
	unsigned int mask = open_mask(flags);
	int err;

	switch (inode->mode & S_IFMT) {
	case S_IFLNK:
		return -ELOOP;
	case S_IFDIR:
		if (mask & MAY_WRITE)
			return -EISDIR;
		break;
	case S_IFBLK:
	case S_IFCHR:
		if (atomic_load(&path->mount->flags) & MOUNT_NODEV)
			return -EACCES;
		break;
	}
	err = inode_permission(inode, mask);
	if (err)
		return err;
	if ((inode->flags & INODE_APPEND) && (mask & MAY_WRITE) &&
	    (!(flags & O_APPEND) || (flags & O_TRUNC)))
		return -EPERM;
	if ((flags & O_NOATIME) && !inode_owner_or_capable(inode))
		return -EPERM;
	return 0;
}

/* Counts a writer in: the mount must allow it, and no program may be running from the file. */
static int open_count_writer(struct file *file)
{
	int err;

	if (!(file->mode & FILE_WRITE) || !S_ISREG(file->inode->mode))
		return 0;
	err = mount_want_write_later(file->path.mount);
	if (err)
		return err;
	err = inode_write_count_get(file->inode);
	if (err) {
		mount_drop_write(file->path.mount);
		return err;
	}
	file->mode |= FILE_MODE_WRITER;
	return 0;
}

/* As file_open_path(), but consumes path's references when it succeeds. */
static int open_path_consume(const struct path *path, u32 flags, struct file **out)
{
	struct file *file;
	int err = file_alloc(flags, &file);

	if (err)
		return err;
	file->path = *path;
	file->inode = path->dentry->inode;
	if (unlikely(flags & O_PATH)) {
		file->mode = FILE_PATH_ONLY;
		file->ops = &path_only_ops;
		*out = file;
		return 0;
	}
	file->ops = file->inode->file_ops;
	file->mode |= FILE_SEEKABLE;
	if (!file->ops) {
		file_free(file);
		return -ENXIO;
	}
	err = open_count_writer(file);
	if (err) {
		file_free(file);
		return err;
	}
	file->writeback_error_seen = writeback_error_sample(&file->inode->mapping.writeback_error);
	if (file->ops->open) {
		err = file->ops->open(file->inode, file);
		if (err) {
			if (file->mode & FILE_MODE_WRITER) {
				atomic_fetch_sub(&file->inode->write_count, 1);
				mount_drop_write(path->mount);
			}
			file_free(file);
			return err;
		}
	}
	file->mode |= FILE_MODE_OPENED;
	file->flags &= ~(u32)(O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC);
	*out = file;
	return 0;
}

int file_open_path(const struct path *path, u32 flags, const struct cred *cred, struct file **out)
{
	int err;

	path_get(path);
	err = open_path_consume(path, flags, out);
	if (err) {
		path_put(path);
		return err;
	}
	if (cred && cred != (*out)->cred) {
		cred_put((*out)->cred);
		cred_get(cred);
		(*out)->cred = cred;
	}
	return 0;
}

/* O_TRUNC of a file that was there before. */
static int open_truncate(const struct path *path)
{
	int err = mount_want_write(path->mount);

	if (err)
		return err;
	err = inode_truncate(path->dentry->inode, 0);
	mount_drop_write(path->mount);
	return err;
}

/* The walk has arrived at something that exists: opens it and takes the walk's references. */
static int open_found(struct walk *walk, u32 flags, bool created, struct file **out)
{
	struct inode *inode = walk->path.dentry->inode;
	bool truncate = (flags & O_TRUNC) && !created && S_ISREG(inode->mode);
	int err;

	if (((walk->flags & LOOKUP_DIRECTORY) || walk->trailing_slash) && !S_ISDIR(inode->mode))
		return -ENOTDIR;
	if (!(flags & O_PATH) && !created) {
		err = open_may(&walk->path, flags);
		if (err)
			return err;
	}
	err = open_path_consume(&walk->path, flags, out);
	if (err)
		return err;
	walk->path = (struct path){};
	if (truncate) {
		err = open_truncate(&(*out)->path);
		if (err)
			file_put(*out);
	}
	return err;
}

/* Creates the last component, unless it has appeared meanwhile. *out: the positive dentry,
 * referenced. */
static int open_create(struct walk *walk, const struct vfs_open_how *how, struct dentry **out,
		       bool *created)
{
	struct path *dir = &walk->path;
	struct inode *inode = dir->dentry->inode;
	struct dentry *dentry;
	int err = mount_want_write(dir->mount);

	if (err)
		return err;
	rwsem_write_lock(&inode->rwsem);
	err = dentry_lookup(dir->dentry, &walk->last, &dentry);
	if (!err && !dentry->inode) {
		u32 mode = (how->mode & 07777) | S_IFREG;

		err = dir_may_create(inode);
		if (!err)
			err = acl_umask(inode, &mode);
		if (!err && !inode->ops->create)
			err = -EACCES;
		if (!err)
			err = inode->ops->create(inode, dentry, mode);
		*created = !err;
		if (err)
			dentry_put(dentry);
	}
	rwsem_write_unlock(&inode->rwsem);
	mount_drop_write(dir->mount);
	writeback_balance_inodes(inode->super);
	*out = dentry;
	return err;
}

/* The last component with O_CREAT. *again: it was a link, and the walk goes on. */
static int open_last_create(struct walk *walk, const struct vfs_open_how *how, struct file **out,
			    bool *again)
{
	struct dentry *dentry;
	bool created = false;
	int err;

	if (walk->jumped && !(how->flags & O_EXCL))
		return S_ISDIR(walk->path.dentry->inode->mode)
			   ? -EISDIR
			   : open_found(walk, how->flags, false, out);
	if (walk->kind != PATH_LAST_NORMAL)
		return how->flags & O_EXCL ? -EEXIST : -EISDIR;
	if (walk->trailing_slash)
		return -EISDIR;
	err = walk_lookup_last(walk, &dentry);
	if (!err && !dentry->inode) {
		dentry_put(dentry);
		err = open_create(walk, how, &dentry, &created);
	}
	if (err)
		return err;
	if (!created && (how->flags & O_EXCL)) {
		dentry_put(dentry);
		return -EEXIST;
	}
	if (S_ISLNK(dentry->inode->mode)) {
		if (how->flags & O_NOFOLLOW) {
			dentry_put(dentry);
			return -ELOOP;
		}
		*again = true;
		return walk_follow_last(walk, dentry);
	}
	err = walk_enter(walk, dentry);
	if (err)
		return err;
	if (S_ISDIR(walk->path.dentry->inode->mode))
		return -EISDIR;
	return open_found(walk, how->flags, created, out);
}

static int open_last(struct walk *walk, const struct vfs_open_how *how, struct file **out,
		     bool *again)
{
	struct dentry *dentry;
	int err;

	if (walk->kind != PATH_LAST_NORMAL) {
		err = walk_special_last(walk);
		return err ? err : open_found(walk, how->flags, false, out);
	}
	err = walk_lookup_last(walk, &dentry);
	if (err)
		return err;
	if (!dentry->inode) {
		dentry_put(dentry);
		return -ENOENT;
	}
	if (S_ISLNK(dentry->inode->mode) && (!(how->flags & O_NOFOLLOW) || walk->trailing_slash)) {
		*again = true;
		return walk_follow_last(walk, dentry);
	}
	err = walk_enter(walk, dentry);
	return err ? err : open_found(walk, how->flags, false, out);
}

/* A file without a name in the directory; shown as `name`. */
static int tmpfile_in(const struct path *dir, const char *name, u32 mode, u32 flags,
		      struct file **out)
{
	struct inode *inode = NULL, *parent = dir->dentry->inode;
	struct path path = {.mount = dir->mount};
	int err;

	if (!parent->ops->tmpfile)
		return -EOPNOTSUPP;
	mode = (mode & 07777) | S_IFREG;
	rwsem_write_lock(&parent->rwsem);
	err = acl_umask(parent, &mode);
	if (!err)
		err = parent->ops->tmpfile(parent, mode, &inode);
	rwsem_write_unlock(&parent->rwsem);
	if (err)
		return err;
	path.dentry = dentry_make_unhashed(dir->dentry, name);
	if (!path.dentry) {
		inode_put(inode);
		return -ENOMEM;
	}
	dentry_instantiate(path.dentry, inode);
	/* linkat(2) of it is allowed unless O_EXCL was given. */
	if (!(flags & O_EXCL)) {
		spin_lock(&inode->lock);
		inode->flags |= INODE_LINKABLE;
		spin_unlock(&inode->lock);
	}
	err = file_open_path(&path, flags & ~(u32)(O_EXCL | O_DIRECTORY | __O_TMPFILE), NULL, out);
	dentry_put(path.dentry);
	return err;
}

static int open_tmpfile(int dirfd, const char *name, const struct vfs_open_how *how,
			struct file **out)
{
	struct path dir;
	int err = path_lookup(dirfd, name, LOOKUP_FOLLOW | LOOKUP_DIRECTORY | how->resolve, &dir);

	if (err)
		return err;
	err = mount_want_write(dir.mount);
	if (!err) {
		err = inode_permission(dir.dentry->inode, MAY_WRITE | MAY_EXEC);
		if (!err)
			err = tmpfile_in(&dir, "#tmpfile", how->mode, how->flags, out);
		mount_drop_write(dir.mount);
	}
	path_put(&dir);
	return err;
}

static struct mutex memfd_mutex = {.waiters = WAIT_QUEUE_INIT(memfd_mutex.waiters, "memfd"),
				   .name = "memfd"};
static struct path
    memfd_root; /* memfd_mutex: a tmpfs that is mounted nowhere, made at the first use */

int vfs_memfd_create(const char *name, bool sealable, struct file **out)
{
	int err = 0;

	mutex_lock(&memfd_mutex);
	if (!memfd_root.mount)
		err = mount_root("tmpfs", 0, &memfd_root);
	mutex_unlock(&memfd_mutex);
	if (!err)
		err = tmpfile_in(&memfd_root, name, 0777, O_RDWR | O_LARGEFILE, out);
	if (!err && sealable)
		tmpfs_seals_allow((*out)->inode);
	return err;
}

int vfs_open(int dirfd, const char *name, const struct vfs_open_how *how, struct file **out)
{
	unsigned int flags = how->resolve;
	struct walk walk;
	bool again;
	int err;

	if (!*name)
		return -ENOENT;
	if (how->flags & __O_TMPFILE)
		return open_tmpfile(dirfd, name, how, out);
	if (how->flags & O_DIRECTORY)
		flags |= LOOKUP_DIRECTORY;
	err = walk_start(&walk, dirfd, NULL, name, flags);
	if (err)
		return err;
	do {
		again = false;
		err = walk_to_last(&walk);
		if (err)
			break;
		if ((how->flags & O_CREAT) && !(how->flags & O_PATH))
			err = open_last_create(&walk, how, out, &again);
		else
			err = open_last(&walk, how, out, &again);
	} while (again && !err);
	walk_end(&walk);
	return err;
}

int file_open(int dirfd, const char *name, u32 flags, u32 mode, struct file **out)
{
	struct vfs_open_how how = {.flags = flags, .mode = mode};

	return vfs_open(dirfd, name, &how, out);
}
