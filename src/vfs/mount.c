/*
 * The tree of mounts.
 *
 * Two locks. mount_tree_mutex is held by whoever changes the tree (mount, umount, move, pivot_root)
 * or walks all of it. mount_lock (spin) guards the links that single steps of the path walker
 * follow: the hash from (mount, dentry) to what is mounted there, and parent and mountpoint of a
 * mount. A step takes its references under it.
 *
 * References: a mount in the tree has one for being there, one for each mount on it, and one for
 * each path into it; its own references are on the super block, on its root dentry, and, while it
 * is in the tree, on its parent and mountpoint. A detached mount is its own parent, so that ".."
 * ends at its root, and goes with its last reference.
 *
 * Read-only and writers: mount_want_write() counts itself in, then looks at the flags; a remount
 * sets the flag, then looks at the counts. Whichever comes second sees the other.
 */
#include "vfs/mount.h"

#include "lib/assert.h"
#include "lib/atomic.h"
#include "lib/hash.h"
#include "lib/panic.h"
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "vfs/cred.h"
#include "vfs/dentry_int.h"
#include "vfs/inode_int.h"
#include "vfs/mount_int.h"

#include <linux/mount.h>
#include <linux/stat.h>

#define MOUNT_BUCKETS 64

struct mutex mount_tree_mutex;
LIST_HEAD(mount_all);
struct mount *mount_anonymous;
static struct spinlock mount_lock = SPINLOCK_INIT("mounts");
static struct hlist_head mount_hash[MOUNT_BUCKETS]; /* mount_lock */
static u32 mount_ids;                               /* mount_tree_mutex */

static struct hlist_head *mount_bucket(const struct mount *parent, const struct dentry *at)
{
	return &mount_hash[hash_u64((uintptr_t)parent * 31 + (uintptr_t)at) % MOUNT_BUCKETS];
}

void mount_get(struct mount *mount)
{
	atomic_fetch_add(&mount->refs, 1);
}

void mount_put(struct mount *mount)
{
	if (atomic_sub_fetch(&mount->refs, 1))
		return;
	dentry_put(mount->root);
	super_put(mount->super);
	kfree(mount);
}

/* What is mounted on (parent, at), or NULL. mount_lock held. */
static struct mount *mount_on_locked(const struct mount *parent, const struct dentry *at)
{
	struct mount *mount;

	hlist_for_each_entry(mount, mount_bucket(parent, at),
			     hash_node) if (mount->parent == parent &&
					    mount->mountpoint == at) return mount;
	return NULL;
}

void mount_follow(struct path *path)
{
	while (dentry_flag_test(path->dentry, DENTRY_MOUNTPOINT)) {
		struct path to;

		spin_lock(&mount_lock);
		to.mount = mount_on_locked(path->mount, path->dentry);
		if (to.mount) {
			to.dentry = to.mount->root;
			path_get(&to);
		}
		spin_unlock(&mount_lock);
		if (!to.mount)
			return;
		path_put(path);
		*path = to;
	}
}

bool mount_follow_up(struct path *path)
{
	struct path to;

	spin_lock(&mount_lock);
	to.mount = path->mount->parent;
	if (to.mount == path->mount) {
		spin_unlock(&mount_lock);
		return false;
	}
	to.dentry = path->mount->mountpoint;
	path_get(&to);
	spin_unlock(&mount_lock);
	path_put(path);
	*path = to;
	return true;
}

/* ---- writers ---- */

bool mount_is_read_only(const struct mount *mount)
{
	return (atomic_load(&mount->flags) & MOUNT_RDONLY) ||
	       (atomic_load(&mount->super->flags) & (SUPER_RDONLY | SUPER_CLOSING));
}

int mount_want_write(struct mount *mount)
{
	if (mount && unlikely(atomic_load(&mount->super->frozen)))
		super_wait_thawed(mount->super);
	return mount_want_write_later(mount);
}

int mount_want_write_later(struct mount *mount)
{
	if (!mount)
		return 0;
	atomic_fetch_add(&mount->writers, 1);
	if (likely(!mount_is_read_only(mount)))
		return 0;
	mount_drop_write(mount);
	return -EROFS;
}

void mount_drop_write(struct mount *mount)
{
	if (mount)
		atomic_fetch_sub(&mount->writers, 1);
}

/* mount_tree_mutex held. */
bool mount_super_has_writers(const struct super_block *super)
{
	struct mount *mount;

	list_for_each_entry(mount, &mount_all, all_node)
		if (mount->super == super && atomic_load(&mount->writers))
			return true;
	return false;
}

/* ---- the tree: everything from here on under mount_tree_mutex ---- */

unsigned int mount_flags_of(unsigned long ms_flags)
{
	unsigned int flags = 0;

	if (ms_flags & MS_RDONLY)
		flags |= MOUNT_RDONLY;
	if (ms_flags & MS_NOSUID)
		flags |= MOUNT_NOSUID;
	if (ms_flags & MS_NODEV)
		flags |= MOUNT_NODEV;
	if (ms_flags & MS_NOEXEC)
		flags |= MOUNT_NOEXEC;
	if (ms_flags & MS_NODIRATIME)
		flags |= MOUNT_NODIRATIME;
	if (ms_flags & MS_NOSYMFOLLOW)
		flags |= MOUNT_NOSYMFOLLOW;
	if (ms_flags & MS_NOATIME)
		flags |= MOUNT_NOATIME;
	else if (!(ms_flags & MS_STRICTATIME))
		flags |= MOUNT_RELATIME;
	return flags;
}

struct mount *mount_alloc(struct super_block *super, struct dentry *root, unsigned int flags,
			  const char *source)
{
	struct mount *mount = kmalloc(sizeof(*mount), MM_ZERO);

	if (!mount) {
		dentry_put(root);
		super_put(super);
		return NULL;
	}
	mount->refs = 1;
	mount->id = ++mount_ids;
	mount->flags = flags;
	mount->super = super;
	mount->root = root;
	mount->parent = mount;
	hlist_node_init(&mount->hash_node);
	list_init(&mount->child_node);
	list_init(&mount->children);
	list_init(&mount->all_node);
	strscpy(mount->source, source && *source ? source : "none", sizeof(mount->source));
	return mount;
}

/* Into the tree at `at`, with the reference that mount_alloc() gave. */
static void mount_link(struct mount *mount, const struct path *at)
{
	path_get(at);
	spin_lock(&mount_lock);
	mount->parent = at->mount;
	mount->mountpoint = at->dentry;
	dentry_flag_set(at->dentry, DENTRY_MOUNTPOINT);
	hlist_add_head(&mount->hash_node, mount_bucket(at->mount, at->dentry));
	list_add_tail(&mount->child_node, &at->mount->children);
	spin_unlock(&mount_lock);
	if (!list_is_linked(&mount->all_node))
		list_add_tail(&mount->all_node, &mount_all);
}

/* Out of its place; *was gets the references that it had on that. */
static void mount_unlink(struct mount *mount, struct path *was)
{
	struct mount *other;
	bool still = false;

	spin_lock(&mount_lock);
	*was = (struct path){.mount = mount->parent, .dentry = mount->mountpoint};
	hlist_del(&mount->hash_node);
	list_del(&mount->child_node);
	mount->parent = mount;
	mount->mountpoint = NULL;
	list_for_each_entry(other, &mount_all, all_node)
		if (other->mountpoint == was->dentry)
			still = true;
	if (!still)
		dentry_flag_clear(was->dentry, DENTRY_MOUNTPOINT);
	spin_unlock(&mount_lock);
}

/* Whether something may be mounted at `at`; then links it there. A directory on a directory,
 * anything else on anything else. */
static int mount_attach(struct mount *mount, const struct path *at)
{
	struct inode *inode = at->dentry->inode;
	int err = 0;

	if (!S_ISDIR(inode->mode) != !S_ISDIR(mount->root->inode->mode))
		return -ENOTDIR;
	/* rmdir and unlink hold this lock while they look for DENTRY_MOUNTPOINT. */
	rwsem_write_lock(&inode->rwsem);
	if (dentry_flag_test(at->dentry, DENTRY_DEAD))
		err = -ENOENT;
	else
		mount_link(mount, at);
	rwsem_write_unlock(&inode->rwsem);
	return err;
}

struct path mount_top(const struct path *at)
{
	struct path top = *at;

	path_get(&top);
	mount_follow(&top);
	return top;
}

int mount_super_at(struct super_block *super, const struct path *at, unsigned long ms_flags,
		   const char *source)
{
	struct path top;
	struct mount *mount;
	int err;

	mutex_lock(&mount_tree_mutex);
	top = mount_top(at);
	dentry_get(super->root);
	mount = mount_alloc(super, super->root, mount_flags_of(ms_flags), source);
	err = mount ? mount_attach(mount, &top) : -ENOMEM;
	mutex_unlock(&mount_tree_mutex);
	if (mount && err)
		mount_put(mount);
	path_put(&top);
	return err;
}

int mount_new(const char *source, const struct path *at, const char *type_name,
	      unsigned long ms_flags, const char *options)
{
	struct fs_type *type = fs_type_find(type_name);
	struct super_block *super;
	int err;

	if (!type)
		return -ENODEV;
	if (!S_ISDIR(at->dentry->inode->mode))
		return -ENOTDIR;
	err = super_mount(type, source, ms_flags, options, &super);
	if (err)
		return err;
	return mount_super_at(super, at, ms_flags, source);
}

/* ---- bind ---- */

static bool dentry_is_inside(const struct dentry *dentry, const struct dentry *root)
{
	return dentry == root || dentry_is_ancestor(root, dentry);
}

static struct mount *mount_clone(struct mount *mount, struct dentry *root)
{
	super_get(mount->super);
	dentry_get(root);
	return mount_alloc(mount->super, root, atomic_load(&mount->flags), mount->source);
}

static void mount_detach_tree(struct mount *mount);

/* Clones what is mounted below (from->mount, from->dentry) onto the copy of each parent, until
 * nothing is left to clone. */
static int mount_clone_children(const struct path *from, struct mount *copy)
{
	struct mount *mount;
	bool progress = true;
	int err = 0;

	list_for_each_entry(mount, &mount_all, all_node)
		mount->copy = NULL;
	copy->copy = copy; /* never cloned itself */
	from->mount->copy = copy;
	while (progress && !err) {
		progress = false;
		list_for_each_entry(mount, &mount_all, all_node) {
			struct path at = {.mount = mount->parent->copy,
					  .dentry = mount->mountpoint};

			if (mount->copy || !at.mount || mount->parent == mount ||
			    mount->parent->copy == mount->parent)
				continue;
			if (mount->parent == from->mount &&
			    !dentry_is_inside(mount->mountpoint, from->dentry))
				continue;
			mount->copy = mount_clone(mount, mount->root);
			if (!mount->copy) {
				err = -ENOMEM;
				break;
			}
			mount->copy->copy = mount->copy;
			mount_link(mount->copy, &at);
			progress = true;
			break;
		}
	}
	return err;
}

int mount_bind(const struct path *from, const struct path *at, bool recursive)
{
	struct path top;
	struct mount *mount;
	int err;

	mutex_lock(&mount_tree_mutex);
	top = mount_top(at);
	mount = mount_clone(from->mount, from->dentry);
	err = mount ? 0 : -ENOMEM;
	if (!err && recursive)
		err = mount_clone_children(from, mount);
	if (!err)
		err = mount_attach(mount, &top);
	if (err && mount)
		mount_detach_tree(mount);
	mutex_unlock(&mount_tree_mutex);
	path_put(&top);
	return err;
}

/* ---- remount, move ---- */

int mount_remount(const struct path *at, unsigned long ms_flags, const char *options,
		  bool bind_only)
{
	struct mount *mount = at->mount;
	const unsigned int atime = MOUNT_NOATIME | MOUNT_NODIRATIME | MOUNT_RELATIME;
	unsigned int flags = mount_flags_of(ms_flags), old;
	int err = 0;

	if (at->dentry != mount->root)
		return -EINVAL;
	mutex_lock(&mount_tree_mutex);
	old = atomic_load(&mount->flags);
	if (!(ms_flags & (MS_NOATIME | MS_NODIRATIME | MS_RELATIME | MS_STRICTATIME)))
		flags = (flags & ~atime) | (old & atime);
	if ((flags & ~old) & MOUNT_RDONLY) {
		atomic_fetch_or(&mount->flags, MOUNT_RDONLY);
		atomic_fence();
		if (atomic_load(&mount->writers))
			err = -EBUSY;
	}
	if (!err && !bind_only)
		err = super_remount(mount->super, ms_flags, options);
	atomic_store(&mount->flags, err ? old : flags);
	mutex_unlock(&mount_tree_mutex);
	return err;
}

static bool mount_is_inside(const struct mount *mount, const struct mount *root)
{
	for (; mount != root; mount = mount->parent)
		if (mount->parent == mount)
			return false;
	return true;
}

int mount_move(const struct path *from, const struct path *at)
{
	struct path top, was;
	struct mount *mount = from->mount;
	int err = 0;

	if (from->dentry != mount->root)
		return -EINVAL;
	mutex_lock(&mount_tree_mutex);
	top = mount_top(at);
	if (mount->parent == mount)
		err = -EINVAL;
	else if (mount_is_inside(top.mount, mount))
		err = -ELOOP;
	else if (!S_ISDIR(mount->root->inode->mode) != !S_ISDIR(top.dentry->inode->mode))
		err = -ENOTDIR;
	else if (dentry_flag_test(top.dentry, DENTRY_DEAD))
		err = -ENOENT;
	if (!err) {
		mount_unlink(mount, &was);
		mount_link(mount, &top);
		path_put(&was);
	}
	mutex_unlock(&mount_tree_mutex);
	path_put(&top);
	return err;
}

/* ---- umount ---- */

static void mount_detach(struct mount *mount)
{
	struct path was = {};

	if (mount->parent != mount)
		mount_unlink(mount, &was);
	list_del(&mount->all_node);
	path_put(&was);
	mount_put(mount);
}

/* The mount and all on it, deepest first. */
static void mount_detach_tree(struct mount *mount)
{
	struct mount *at = mount, *parent;

	for (;;) {
		while (!list_empty(&at->children))
			at = list_first_entry(&at->children, struct mount, child_node);
		parent = at->parent;
		if (at == mount) {
			mount_detach(at);
			return;
		}
		mount_detach(at);
		at = parent;
	}
}

int mount_detach_unused(struct mount *mount)
{
	if (!list_empty(&mount->children) || atomic_load(&mount->refs) > 2)
		return -EBUSY;
	/* Only the walker could add a reference, through the hash. */
	spin_lock(&mount_lock);
	if (atomic_load(&mount->refs) > 2) {
		spin_unlock(&mount_lock);
		return -EBUSY;
	}
	hlist_del(&mount->hash_node);
	spin_unlock(&mount_lock);
	mount_detach(mount);
	return 0;
}

int mount_umount(const struct path *at, int umount_flags)
{
	struct mount *mount = at->mount;
	int err;

	if (at->dentry != mount->root)
		return -EINVAL;
	if (umount_flags & UMOUNT_EXPIRE)
		return -EINVAL;
	mutex_lock(&mount_tree_mutex);
	if (mount->parent == mount) {
		err = -EINVAL;
	} else if (umount_flags & UMOUNT_DETACH) {
		mount_detach_tree(mount);
		err = 0;
	} else {
		err = mount_detach_unused(mount);
	}
	mutex_unlock(&mount_tree_mutex);
	return err;
}

int mount_pivot_root(const struct path *new_root, const struct path *put_old)
{
	struct fs_context *fs = current_fs();
	struct path root, new_was, root_was;
	int err = 0;

	spin_lock(&fs->lock);
	root = fs->root;
	path_get(&root);
	spin_unlock(&fs->lock);
	mutex_lock(&mount_tree_mutex);
	if (!S_ISDIR(new_root->dentry->inode->mode) || !S_ISDIR(put_old->dentry->inode->mode))
		err = -ENOTDIR;
	else if (new_root->mount == root.mount || put_old->mount == root.mount)
		err = -EBUSY;
	else if (root.dentry != root.mount->root || root.mount->parent == root.mount ||
		 new_root->dentry != new_root->mount->root ||
		 new_root->mount->parent == new_root->mount ||
		 !mount_is_inside(put_old->mount, new_root->mount) ||
		 !mount_is_inside(new_root->mount, root.mount))
		err = -EINVAL;
	if (!err) {
		mount_unlink(new_root->mount, &new_was);
		mount_unlink(root.mount, &root_was);
		mount_link(root.mount, put_old);
		mount_link(new_root->mount, &root_was);
		path_put(&new_was);
		path_put(&root_was);
		fs_context_replace_all(&root, new_root);
	}
	mutex_unlock(&mount_tree_mutex);
	path_put(&root);
	return err;
}

/* ---- all of them ---- */

int mount_for_each(int (*fn)(struct mount *mount, void *arg), void *arg)
{
	struct mount *mount;
	int result = 0;

	mutex_lock(&mount_tree_mutex);
	list_for_each_entry(mount, &mount_all, all_node) {
		result = fn(mount, arg);
		if (result)
			break;
	}
	mutex_unlock(&mount_tree_mutex);
	return result;
}

void mount_init(void)
{
	struct inode *inode;
	struct dentry *root = NULL;

	mutex_init(&mount_tree_mutex, "mount tree");
	if (!inode_anonymous(0, &inode))
		root = dentry_make_root(inode);
	if (root)
		mount_anonymous = mount_alloc(super_anonymous, root, MOUNT_NOATIME, "anon_inodefs");
	if (!mount_anonymous)
		panic("vfs: no memory for the first mount");
}
