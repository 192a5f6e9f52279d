/*
 * File system types and super blocks.
 *
 * A super block is one mounted volume, however many mounts show it. Mounts count in refs: the last
 * one to go shuts the volume down before umount returns. Everything is written, the dentry tree and
 * the inodes go, and the file system's put operation writes what is left and lets the device go.
 * Those who only pass over the list of all (sync, write-back) count in passers, which keeps the
 * memory but not the volume; they hold super->umount for reading while they work on it and look at
 * SUPER_DEAD first.
 *
 * Devices are claimed for as long as a super block has them; mounting a device again shares its
 * super block, and read-only or not must then agree. One mount or shutdown goes on at a time (mutex
 * `mounting`).
 */
#include "lib/assert.h"
#include "lib/atomic.h"
#include "lib/log.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "vfs/block.h"
#include "vfs/inode_int.h"
#include "vfs/mount_int.h"
#include "vfs/vfs.h"

#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/stat.h>

static struct fs_type *types;
static struct spinlock supers_lock = SPINLOCK_INIT("supers");
static LIST_HEAD(supers); /* supers_lock */
/* One mount at a time looks whether a device is mounted already, mounts it, and adds it to the
 * list. */
static struct mutex mounting;
static u32 anonymous_minor; /* atomic */
struct super_block *super_anonymous;

void fs_type_register(struct fs_type *type)
{
	struct fs_type **at = &types;

	while (*at)
		at = &(*at)->next;
	type->next = NULL;
	*at = type;
}

struct fs_type *fs_type_find(const char *name)
{
	for (struct fs_type *type = types; type; type = type->next)
		if (!strcmp(type->name, name))
			return type;
	return NULL;
}

int fs_type_for_each(int (*fn)(struct fs_type *type, void *arg), void *arg)
{
	int result = 0;

	for (struct fs_type *type = types; type && !result; type = type->next)
		result = fn(type, arg);
	return result;
}

static struct super_block *super_alloc(struct fs_type *type, struct block_device *bdev,
				       unsigned long ms_flags)
{
	struct super_block *super = kmalloc(sizeof(*super), MM_ZERO);

	if (!super)
		return NULL;
	super->type = type;
	super->bdev = bdev;
	super->refs = 1;
	super->block_size = 4096;
	super->max_file_size = S64_MAX;
	super->time_granularity_ns = 1;
	super->time_min = -S64_MAX - 1;
	super->time_max = S64_MAX;
	super->max_links = U32_MAX;
	super->flags = (ms_flags & MS_RDONLY ? SUPER_RDONLY : 0) |
		       (ms_flags & MS_SYNCHRONOUS ? SUPER_SYNC : 0);
	if (bdev) {
		super->dev_major = bdev->major;
		super->dev_minor = bdev->minor;
		strscpy(super->id, bdev->name, sizeof(super->id));
	} else {
		super->dev_minor = atomic_add_fetch(&anonymous_minor, 1);
		strscpy(super->id, type->name, sizeof(super->id));
	}
	rwsem_init(&super->umount, "super umount");
	wait_queue_init(&super->thaw_wait, "thaw");
	mutex_init(&super->rename_mutex, "rename");
	spin_init(&super->inodes_lock, "super inodes");
	list_init(&super->inodes);
	list_init(&super->dirty);
	list_init(&super->node);
	return super;
}

/* A live super block of the type (single) or on the device, with a new reference. */
static struct super_block *super_find(const struct fs_type *type, const struct block_device *bdev)
{
	struct super_block *super, *found = NULL;

	spin_lock(&supers_lock);
	list_for_each_entry(super, &supers, node)
		if (super->refs && !(super->flags & SUPER_DEAD) && super->type == type &&
		    (bdev ? super->bdev == bdev : type->single)) {
			super->refs++;
			found = super;
			break;
		}
	spin_unlock(&supers_lock);
	return found;
}

/* What type->mount left behind when it, or what came after, failed. */
static void super_discard(struct super_block *super)
{
	atomic_fetch_or(&super->flags, SUPER_DEAD);
	if (super->ops) {
		if (inode_evict_all(super))
			log_err("vfs: %s: inodes in use after a failed mount", super->id);
	}
	if (super->bdev)
		block_release(super->bdev, super);
	kfree(super);
}

static int super_create(struct fs_type *type, struct block_device *bdev, unsigned long ms_flags,
			const char *options, struct super_block **out)
{
	struct super_block *super = super_alloc(type, bdev, ms_flags);
	struct inode *root = NULL;
	int err;

	if (!super)
		return -ENOMEM;
	if (bdev) {
		err = block_claim(bdev, super);
		if (err) {
			kfree(super);
			return err;
		}
		if (bdev->read_only)
			super->flags |= SUPER_RDONLY;
	}
	err = type->mount(super, options, &root);
	if (err) {
		super_discard(super);
		return err;
	}
	super->root = dentry_make_root(root);
	if (!super->root) {
		atomic_fetch_or(&super->flags, SUPER_DEAD);
		inode_put(root);
		if (super->ops->kill)
			super->ops->kill(super);
		if (inode_evict_all(super))
			log_err("vfs: %s: inodes in use after a failed mount", super->id);
		if (super->ops->put)
			super->ops->put(super);
		super->ops = NULL;
		super_discard(super);
		return -ENOMEM;
	}
	spin_lock(&supers_lock);
	list_add_tail(&super->node, &supers);
	spin_unlock(&supers_lock);
	*out = super;
	return 0;
}

static int super_get_or_create(struct fs_type *type, struct block_device *bdev,
			       unsigned long ms_flags, const char *options,
			       struct super_block **out)
{
	struct super_block *super = NULL;
	int err = 0;

	mutex_lock(&mounting);
	if (bdev || type->single)
		super = super_find(type, bdev);
	if (!super) {
		err = super_create(type, bdev, ms_flags, options, out);
	} else if (bdev &&
		   !(ms_flags & MS_RDONLY) != !(atomic_load(&super->flags) & SUPER_RDONLY)) {
		err = -EBUSY;
	} else {
		*out = super;
		super = NULL;
	}
	mutex_unlock(&mounting);
	if (super)
		super_put(super);
	return err;
}

/* The block device behind a path. */
static int super_find_device(const char *source, struct block_device **out)
{
	struct path path;
	int err;

	if (!source || !*source)
		return -EINVAL;
	err = path_lookup(AT_FDCWD, source, LOOKUP_FOLLOW, &path);
	if (err)
		return err;
	err = block_find_node(path.dentry->inode, out);
	path_put(&path);
	return err;
}

int super_mount(struct fs_type *type, const char *source, unsigned long ms_flags,
		const char *options, struct super_block **out)
{
	struct block_device *bdev = NULL;
	int err;

	if (type->needs_device) {
		err = super_find_device(source, &bdev);
		if (err)
			return err;
	}
	return super_get_or_create(type, bdev, ms_flags, options, out);
}

int super_mount_device(struct fs_type *type, struct block_device *bdev, unsigned long ms_flags,
		       const char *options, struct super_block **out)
{
	return super_get_or_create(type, bdev, ms_flags, options, out);
}

/* Out of the list and memory, once nobody mounts it or passes by. */
static void super_free_if_unused(struct super_block *super)
{
	bool unused;

	spin_lock(&supers_lock);
	unused = !super->refs && !super->passers;
	if (unused)
		list_del(&super->node);
	spin_unlock(&supers_lock);
	if (unused)
		kfree(super);
}

/* The last mount has gone; refs is still 1, so that the memory stays. */
static void super_shutdown(struct super_block *super)
{
	int thaw_err = atomic_load(&super->frozen) ? vfs_thaw(super) : 0;
	int err = super_sync(super, true);

	err = err ? err : thaw_err;
	rwsem_write_lock(&super->umount);
	atomic_fetch_or(&super->flags, SUPER_DEAD);
	rwsem_write_unlock(&super->umount);
	dentry_shrink_tree(super->root);
	dentry_put(super->root);
	super->root = NULL;
	if (super->ops->kill)
		super->ops->kill(super);
	if (inode_evict_all(super)) {
		/* Somebody keeps an inode without keeping the mount: better to lose memory than to
		 * free what is in use. */
		log_err("vfs: %s: inodes in use at unmount", super->id);
		return;
	}
	if (super->ops->sync && !(super->flags & SUPER_RDONLY)) {
		int err2 = super->ops->sync(super, true);

		err = err ? err : err2;
	}
	if (err)
		log_err("vfs: %s: error %d while writing at unmount", super->id, -err);
	if (super->ops->put)
		super->ops->put(super);
	if (super->bdev)
		block_release(super->bdev, super);
	spin_lock(&supers_lock);
	super->refs = 0;
	super->bdev = NULL;
	spin_unlock(&supers_lock);
	super_free_if_unused(super);
}

void super_get(struct super_block *super)
{
	spin_lock(&supers_lock);
	super->refs++;
	spin_unlock(&supers_lock);
}

void super_put(struct super_block *super)
{
	bool last;

	spin_lock(&supers_lock);
	last = super->refs == 1;
	if (!last)
		super->refs--;
	spin_unlock(&supers_lock);
	if (!last)
		return;
	/* A mount of the same device may have found it meanwhile; none will from now on. */
	mutex_lock(&mounting);
	spin_lock(&supers_lock);
	last = super->refs == 1;
	if (!last)
		super->refs--;
	spin_unlock(&supers_lock);
	if (last)
		super_shutdown(super);
	mutex_unlock(&mounting);
}

struct super_block *super_next(struct super_block *prev)
{
	struct super_block *next = NULL;
	struct list_head *at;

	spin_lock(&supers_lock);
	at = prev ? prev->node.next : supers.next;
	if (at != &supers) {
		next = list_entry(at, struct super_block, node);
		next->passers++;
	}
	if (prev)
		prev->passers--;
	spin_unlock(&supers_lock);
	if (prev)
		super_free_if_unused(prev);
	return next;
}

/* Writes everything, then lets the file system change its mind. New flags hold only if it agrees.
 */
static int super_change_flags(struct super_block *super, unsigned int flags, const char *options)
{
	unsigned int old = atomic_load(&super->flags);
	int err = 0;

	if ((flags & ~old) & SUPER_RDONLY)
		err = super_sync(super, true);
	rwsem_write_lock(&super->umount);
	if (!err && super->ops->remount)
		err = super->ops->remount(super, flags, options);
	if (!err)
		atomic_store(&super->flags,
			     (flags & ~SUPER_ACL) | (atomic_load(&super->flags) & SUPER_ACL));
	rwsem_write_unlock(&super->umount);
	return err;
}

int super_remount(struct super_block *super, unsigned long ms_flags, const char *options)
{
	unsigned int old = atomic_load(&super->flags);
	unsigned int flags = old & ~(SUPER_RDONLY | SUPER_SYNC);
	int err;

	if (ms_flags & MS_RDONLY)
		flags |= SUPER_RDONLY;
	if (ms_flags & MS_SYNCHRONOUS)
		flags |= SUPER_SYNC;
	if (atomic_load(&super->frozen))
		return -EBUSY;
	if (!(flags & SUPER_RDONLY) && super->bdev && super->bdev->read_only)
		return -EACCES;
	if ((flags & ~old) & SUPER_RDONLY) {
		/* New writers see the flag, or we see them. The file system may still write until
		 * it has agreed. */
		atomic_fetch_or(&super->flags, SUPER_CLOSING);
		atomic_fence();
		if (mount_super_has_writers(super)) {
			atomic_fetch_and(&super->flags, ~SUPER_CLOSING);
			return -EBUSY;
		}
	}
	err = super_change_flags(super, flags, options);
	if (err)
		atomic_fetch_and(&super->flags, ~SUPER_CLOSING);
	return err;
}

int super_remount_forced(struct super_block *super)
{
	int err = atomic_load(&super->frozen) ? vfs_thaw(super) : 0;

	if (err && err != -EINVAL)
		return err;
	atomic_fetch_or(&super->flags, SUPER_CLOSING);
	return super_change_flags(
	    super, (atomic_load(&super->flags) & ~SUPER_CLOSING) | SUPER_RDONLY, NULL);
}

/* ---- inodes without names ---- */

static const struct super_ops anonymous_ops = {};
static struct fs_type anonymous_type = {.name = "anon_inodefs"};
static struct inode *anonymous_shared;

int inode_anonymous(u32 mode, struct inode **out)
{
	struct inode *inode;
	int err;

	if (!mode) {
		inode_ref(anonymous_shared);
		*out = anonymous_shared;
		return 0;
	}
	err = inode_new(super_anonymous, &inode);
	if (err)
		return err;
	inode->number = inode_number_next();
	inode_init_owner(inode, NULL, mode);
	inode_unlock_new(inode);
	*out = inode;
	return 0;
}

void super_init(void)
{
	mutex_init(&mounting, "mounting");
	super_anonymous = super_alloc(&anonymous_type, NULL, 0);
	if (!super_anonymous)
		panic("vfs: no memory for the first super block");
	super_anonymous->ops = &anonymous_ops;
	super_anonymous->flags |= SUPER_PSEUDO;
	if (inode_anonymous(0600, &anonymous_shared))
		panic("vfs: no memory for the first inode");
}
