/*
 * Path walking.
 *
 * One walker does symbolic links, mounts, ".." and permission checks for every call that takes a
 * path. It returns referenced paths. A struct path is a dentry seen through a mount.
 */
#ifndef ARAMID_VFS_PATH_H
#define ARAMID_VFS_PATH_H

#include "lib/lock.h"
#include "lib/types.h"

struct dentry;
struct inode;
struct mount;

struct path {
	struct mount *mount;
	struct dentry *dentry;
};

void path_get(const struct path *path);
void path_put(const struct path *path);
bool path_equal(const struct path *a, const struct path *b);

enum lookup_flags {
	LOOKUP_FOLLOW = 1 << 0,      /* follow a symbolic link in the last component */
	LOOKUP_DIRECTORY = 1 << 1,   /* the result must be a directory */
	LOOKUP_EMPTY = 1 << 2,       /* AT_EMPTY_PATH: "" means the start itself */
	LOOKUP_PARENT = 1 << 3,      /* used by path_lookup_parent */
	LOOKUP_NO_SYMLINKS = 1 << 4, /* RESOLVE_*, -ELOOP/-EXDEV as openat2 says */
	LOOKUP_NO_MAGICLINKS = 1 << 5,
	LOOKUP_NO_XDEV = 1 << 6,
	LOOKUP_BENEATH = 1 << 7,
	LOOKUP_IN_ROOT = 1 << 8,
	LOOKUP_CREATE = 1 << 9, /* open(O_CREAT): a trailing slash is -EISDIR */
	LOOKUP_NO_AUTOMOUNT = 1 << 10,
};

#define PATH_MAX_SIZE     4096
#define SYMLINK_DEPTH_MAX 40

/* A path string from user memory. Short ones, which are nearly all, live in it: it belongs on a
 * stack and is not copied. */
#define PATH_NAME_SMALL 128
struct path_name {
	char *name; /* NUL-terminated, at most PATH_MAX_SIZE */
	char small[PATH_NAME_SMALL];
};
/* -EFAULT, -ENAMETOOLONG, -ENOENT (empty without LOOKUP_EMPTY), -ENOMEM. */
int __must_check path_name_from_user(const char __user *user, unsigned int lookup_flags,
				     struct path_name *out);
void path_name_put(struct path_name *name);

/* dirfd: AT_FDCWD or a descriptor; used when name is relative. Errors as path_resolution(7). */
int __must_check path_lookup(int dirfd, const char *name, unsigned int flags, struct path *out);
/* The same from a given directory (execve's interpreter, mount code, hosted tests). */
int __must_check path_lookup_from(const struct path *base, const char *name, unsigned int flags,
				  struct path *out);
/* User string in one step. */
int __must_check path_lookup_user(int dirfd, const char __user *user, unsigned int flags,
				  struct path *out);

/*
 * Everything up to the last component: out_parent is its directory, last points into name (not
 * NUL-terminated; length in last_length), trailing slashes dropped and reported.
 * -EEXIST/-EBUSY/-EINVAL are the caller's to decide for
 * "." and ".." (last_kind).
 */
enum path_last { PATH_LAST_NORMAL, PATH_LAST_DOT, PATH_LAST_DOTDOT, PATH_LAST_ROOT };
struct path_parent {
	struct path parent;
	const char *last;
	u32 last_length, last_hash; /* the hash is that of struct qstr, in parent */
	enum path_last kind;
	bool trailing_slash;
};
int __must_check path_lookup_parent(int dirfd, const char *name, unsigned int flags,
				    struct path_parent *out);

/* Absolute name of path as seen from root, written to the end of buf; returns its start or an
 * ERR_PTR
 * (-ENAMETOOLONG). Unlinked files get " (deleted)"; what root can't reach begins with
 * "(unreachable)". */
char *path_to_string(const struct path *path, const struct path *root, char *buf, size_t size);

#endif
