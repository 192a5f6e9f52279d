/*
 * Mounts.
 *
 * A mount attaches a super_block's tree (or, for a bind mount, a part of it) to a directory of
 * another mount. All mounts live in one tree under mount_lock; the (mount, dentry) → mount hash is
 * what the walker looks in when a dentry has DENTRY_MOUNTPOINT. A mount is pinned by every path
 * that refers to it, so umount is -EBUSY while one does.
 */
#ifndef ARAMID_VFS_MOUNT_H
#define ARAMID_VFS_MOUNT_H

#include "lib/list.h"
#include "lib/types.h"
#include "vfs/path.h"

struct super_block;

/* Per mount; the values are those of statfs's f_flags. */
enum mount_flag {
	MOUNT_RDONLY = 1 << 0,
	MOUNT_NOSUID = 1 << 1,
	MOUNT_NODEV = 1 << 2,
	MOUNT_NOEXEC = 1 << 3,
	MOUNT_SYNCHRONOUS = 1 << 4,
	MOUNT_NOATIME = 1 << 10,
	MOUNT_NODIRATIME = 1 << 11,
	MOUNT_RELATIME = 1 << 12,
	MOUNT_NOSYMFOLLOW = 1 << 13,
};

struct mount {
	u32 refs; /* atomic: paths and children */
	u32 id;
	unsigned int flags; /* enum mount_flag; atomic */
	struct super_block *super;
	struct dentry *root;
	struct mount *parent;      /* itself for the root mount */
	struct dentry *mountpoint; /* in parent */
	u32 writers; /* atomic: operations in progress that write; read-only remount is -EBUSY */
	struct hlist_node hash_node;
	struct list_head child_node, children, all_node;
	struct mount *copy; /* mount_bind's scratch, under the tree's mutex */
	char source[64];    /* first column of /proc/mounts */
};

/* The mount on top of path if it is a mountpoint: moves *path there (consuming and taking
 * references). */
void mount_follow(struct path *path);
/* From the root of a mount to its mountpoint. False at the root of all. */
bool mount_follow_up(struct path *path);

/* Mounts a new super block (fs type by name, source a path or a name). flags: MS_* of
 * linux/mount.h. As mount(2). */
int __must_check mount_new(const char *source, const struct path *at, const char *type,
			   unsigned long ms_flags, const char *options);
int __must_check mount_bind(const struct path *from, const struct path *at, bool recursive);
int __must_check mount_remount(const struct path *at, unsigned long ms_flags, const char *options,
			       bool bind_only);
int __must_check mount_move(const struct path *from, const struct path *at);
/* umount_flags: umount2(2)'s, which no UAPI header has. UMOUNT_EXPIRE is -EINVAL. */
enum umount_flag {
	UMOUNT_FORCE = 1 << 0,
	UMOUNT_DETACH = 1 << 1,
	UMOUNT_EXPIRE = 1 << 2,
	UMOUNT_NOFOLLOW = 1 << 3,
};
int __must_check mount_umount(const struct path *at, int umount_flags);
int __must_check mount_pivot_root(const struct path *new_root, const struct path *put_old);
/* The first mount: becomes the root of everything. */
int __must_check mount_root(const char *type, unsigned long ms_flags, struct path *out);
/* A device as root, over rootfs; type NULL: try those registered. Log lines say why one fails. */
int __must_check mount_root_device(const char *device, const char *type, unsigned long ms_flags,
				   const char *options);

/* Bracket every operation that changes the volume: -EROFS. Waits while it is frozen. */
int __must_check mount_want_write(struct mount *mount);
/* The same for who may write later, and does not wait if the volume is frozen now. */
int __must_check mount_want_write_later(struct mount *mount);
void mount_drop_write(struct mount *mount);
bool mount_is_read_only(const struct mount *mount);

/* For each NAME or NAME=VALUE of a comma list (NULL: empty) calls fn, with value "" when there is
 * none, until one fails. Whatever fn's error, but for -ENOMEM, it is -EINVAL. */
int __must_check mount_options_for_each(const char *text,
					int (*fn)(void *arg, const char *name, const char *value),
					void *arg);

/* Walks all mounts as seen from root, calling fn; for /proc/mounts and /proc/self/mountinfo. */
int mount_for_each(int (*fn)(struct mount *mount, void *arg), void *arg);
/* Text of /proc/mounts for one mount, with its path as seen from root. Returns length or -errno. */
ssize_t mount_describe(struct mount *mount, const struct path *root, char *buf, size_t size);
ssize_t mount_describe_info(struct mount *mount, const struct path *root, char *buf, size_t size);

/* sync(2) over all volumes; and the last sync, read-only remount and umount of everything at
 * power-off. */
int super_sync_all(bool wait);
void mount_shutdown_all(void);

#endif
