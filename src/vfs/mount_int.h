/*
 * Super blocks and mounts: what super.c, mount.c, mount_show.c and the walker share.
 */
#ifndef ARAMID_VFS_MOUNT_INT_H
#define ARAMID_VFS_MOUNT_INT_H

#include "lib/mutex.h"
#include "vfs/inode.h"
#include "vfs/mount.h"

void mount_get(struct mount *mount);
void mount_put(struct mount *mount); /* may sleep: the last one may shut the file system down */

/* The tree changes, and is walked as a whole, under this; single steps up and down need only
 * mount_lock (mount.c). */
extern struct mutex mount_tree_mutex;
extern struct list_head mount_all; /* struct mount.all_node; mount_tree_mutex */

/* What MS_* of mount(2) mean for a mount. */
unsigned int mount_flags_of(unsigned long ms_flags);
/* Under mount_tree_mutex: takes over the references on super and root, also when it fails: NULL. */
struct mount *mount_alloc(struct super_block *super, struct dentry *root, unsigned int flags,
			  const char *source);
/* at with whatever has been mounted there since it was looked up. Referenced. */
struct path mount_top(const struct path *at);
/* Mounts super, whose reference it takes over, at `at`. */
int __must_check mount_super_at(struct super_block *super, const struct path *at,
				unsigned long ms_flags, const char *source);
/* Under mount_tree_mutex: if no path leads into it but the caller's one, and nothing is mounted on
 * it, it is taken out of the tree in the same moment. -EBUSY. */
int __must_check mount_detach_unused(struct mount *mount);

/* A super block of the type, new or shared, with a reference. source: the device's path, or any
 * text. */
int __must_check super_mount(struct fs_type *type, const char *source, unsigned long ms_flags,
			     const char *options, struct super_block **out);
/* As above, for a device already found; log lines and errors as those of type->mount. */
int __must_check super_mount_device(struct fs_type *type, struct block_device *bdev,
				    unsigned long ms_flags, const char *options,
				    struct super_block **out);
/* For who is going to write: waits while it is frozen. No locks are held. */
void super_wait_thawed(struct super_block *super);
void super_get(struct super_block *super); /* the caller's mount already has one */
void super_put(struct super_block *super);
int __must_check super_remount(struct super_block *super, unsigned long ms_flags,
			       const char *options);
/* At power-off: read-only although there are writers, who will not run again. */
int __must_check super_remount_forced(struct super_block *super);
/* The super blocks one after the other, kept in memory until the next call. Whoever works on one
 * holds umount and looks at SUPER_DEAD. */
struct super_block *super_next(struct super_block *prev);
/* Writes everything of one volume (vfs/writeback.c). */
int __must_check super_sync(struct super_block *super, bool wait);
/* Whether a writer is active on some mount of it. */
bool mount_super_has_writers(const struct super_block *super);

/* Super block of inodes without names: pipes, sockets, eventfds. */
extern struct super_block *super_anonymous;
/* What paths of files without names are seen through: in no tree. */
extern struct mount *mount_anonymous;
void super_init(void);
void mount_init(void);

#endif
