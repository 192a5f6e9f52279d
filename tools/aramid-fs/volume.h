/*
 * The volume of an image: the one file system that a command works on.
 *
 * volume_open() brings up the kernel's file system rooms in this process, mounts the volume and
 * makes its root the root of all names, so that names and symbolic links in the image never lead
 * out of it. volume_close() unmounts it. There is one volume in the life of the process.
 *
 * Whoever only reads mounts read-only, over a disk that keeps writes in memory: a journal that must
 * be replayed is replayed there.
 *
 * Names. Functions named at_*() are the kernel's calls for names relative to a directory; dir is a
 * descriptor of the volume, or ROOT for absolute names. Results are 0 (or what is said) or -errno.
 */
#ifndef ARAMID_FS_VOLUME_H
#define ARAMID_FS_VOLUME_H

#include "image_disk.h"
#include "vfs/vfs.h"

struct volume_options {
	enum image_mode mode;
	bool partition_table_too; /* an image without a file system of its own is fine */
	const char *mount_options;
	/* IMAGE_READ: in memory, what a crash left is finished first, as by a mount that writes. */
	bool finish;
};

struct volume {
	const char *spec; /* as the user named it */
	char *path;
	u32 partition; /* 0: the whole image */
	struct image_disk *disk;
	struct block_device *bdev;
	struct super_block *super; /* NULL: not mounted */
};

/* The image of the device that the volume's journal is on; before the volume is opened. */
void volume_set_journal(const char *path);
/* spec: "IMAGE" or "IMAGE@PARTITION". An enum status; says itself what is wrong. */
int volume_open(const char *spec, const struct volume_options *options, struct volume *out);
/* Writes everything, unmounts, lets the image go. status if that went well, else another. */
int volume_close(struct volume *volume, int status);
/* Only opens the disk and finds the partition: for looking at it without mounting. */
int volume_open_disk(const char *spec, const struct volume_options *options, struct volume *out);
int volume_mount(struct volume *volume, const struct volume_options *options);

/* ---- names ---- */

#define ROOT (-100)

/* A descriptor. flags: O_* of the kernel's, which are libc's. */
/* A descriptor for a file, whose reference it takes, also on error. */
int fd_give(struct file *file);
int at_open(int dir, const char *name, u32 flags, u32 mode);
void fd_drop(int fd);
/* The name itself, links not followed. */
int at_stat(int dir, const char *name, struct vfs_stat *out);
int at_stat_follow(int dir, const char *name, struct vfs_stat *out);
int fd_stat(int fd, struct vfs_stat *out);
/* A kmalloc'ed string. */
int at_readlink(int dir, const char *name, char **out);
int at_setattr(int dir, const char *name, const struct attr *attr);
/* Bytes, or -errno. */
ssize_t fd_read(int fd, void *buf, size_t n, u64 offset);
ssize_t fd_write(int fd, const void *buf, size_t n, u64 offset);
/* lseek(2) with SEEK_DATA, SEEK_HOLE. */
s64 fd_seek(int fd, s64 offset, int whence);
int fd_truncate(int fd, u64 size);
int fd_sync(int fd);

/* The names of a file's extended attributes, each ended by a zero byte; text is malloc'ed. Links
 * are not followed. A volume without any has none. */
struct xattr_names {
	char *text;
	size_t length;
};
int at_xattr_list(int dir, const char *name, struct xattr_names *out);
/* A malloc'ed value and its length, or -errno. */
ssize_t at_xattr_get(int dir, const char *name, const char *xattr, void **out);
int at_xattr_set(int dir, const char *name, const char *xattr, const void *value, size_t n);

/* The entries of a directory, without dots, sorted by name. */
struct entries {
	struct entry {
		char *name;
		u64 ino;
		unsigned type; /* DT_* */
	} * list;
	size_t count;
};
int fd_list(int fd, struct entries *out);
void entries_free(struct entries *entries);

/* "a/b" of "a" and "b"; for messages and for walks. Malloc'ed. */
char *join(const char *dir, const char *name);
/* What follows the last slash that has something behind it: trailing slashes are cut off. Points
 * to a buffer that the next call overwrites. */
const char *base_name(const char *path);

#endif
