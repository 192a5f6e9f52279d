/*
 * Mounts.
 *
 * A mount attaches a super_block's tree (or, for a bind mount, a part of it) to a directory of another mount. All
 * mounts live in one tree under mount_lock; the (mount, dentry) → mount hash is what the walker looks in when a dentry
 * has DENTRY_MOUNTPOINT. A mount is pinned by every path that refers to it, so umount is -EBUSY while one does.
 */
#ifndef ARAMID_VFS_MOUNT_H
#define ARAMID_VFS_MOUNT_H

#include "lib/list.h"
#include "lib/types.h"
#include "vfs/path.h"

struct super_block;

struct mount {
	u32 refs; /* atomic: paths and children */
	u32 id;
	unsigned int flags; /* ST_RDONLY, ST_NOSUID, ST_NODEV, ST_NOEXEC, ST_NOATIME, ST_RELATIME … of linux/statfs.h-style */
	struct super_block *super;
	struct dentry *root;
	struct mount *parent;	   /* itself for the root mount */
	struct dentry *mountpoint; /* in parent */
	u32 writers;		   /* atomic: operations in progress that write; read-only remount waits or is -EBUSY */
	struct list_head hash_node, child_node, children, all_node;
	char source[64]; /* first column of /proc/mounts */
	bool detached;
};

/* The mount on top of path if it is a mountpoint: moves *path there (consuming and taking references). */
void mount_follow(struct path *path);
/* From the root of a mount to its mountpoint. False at the root of all. */
bool mount_follow_up(struct path *path);

/* Mounts a new super block (fs type by name, source a path or a name). flags: MS_* of linux/mount.h. As mount(2). */
int __must_check mount_new(const char *source, const struct path *at, const char *type, unsigned long ms_flags,
			   const char *options);
int __must_check mount_bind(const struct path *from, const struct path *at, bool recursive);
int __must_check mount_remount(const struct path *at, unsigned long ms_flags, const char *options, bool bind_only);
int __must_check mount_move(const struct path *from, const struct path *at);
int __must_check mount_umount(const struct path *at, int umount_flags);
int __must_check mount_pivot_root(const struct path *new_root, const struct path *put_old);
/* The first mount: becomes the root of everything. */
int __must_check mount_root(const char *type, unsigned long ms_flags, struct path *out);
/* A device as root, over rootfs; type NULL: try those registered. Log lines say why one fails. */
int __must_check mount_root_device(const char *device, const char *type, unsigned long ms_flags,
				   const char *options);

/* Bracket every operation that changes the volume: -EROFS. */
int __must_check mount_want_write(struct mount *mount);
void mount_drop_write(struct mount *mount);
bool mount_is_read_only(const struct mount *mount);

/* Walks all mounts as seen from root, calling fn; for /proc/mounts and /proc/self/mountinfo. */
int mount_for_each(int (*fn)(struct mount *mount, void *arg), void *arg);
/* Text of /proc/mounts for one mount, with its path as seen from root. Returns length or -errno. */
ssize_t mount_describe(struct mount *mount, const struct path *root, char *buf, size_t size);
ssize_t mount_describe_info(struct mount *mount, const struct path *root, char *buf, size_t size);

/* sync(2) over all volumes; and the last sync, read-only remount and umount of everything at power-off. */
int super_sync_all(bool wait);
void mount_shutdown_all(void);

#endif
