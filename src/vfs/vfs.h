/*
 * The operations of vfs on names and files, as the system-call decoders (src/sys/sys_fs*.c) call
 * them. They take kernel strings and structures; errors are those of the man page of the call that
 * is named like them.
 */
#ifndef ARAMID_VFS_VFS_H
#define ARAMID_VFS_VFS_H

#include "lib/types.h"
#include "vfs/file.h"
#include "vfs/inode.h"
#include "vfs/path.h"

struct vfs_open_how {
	u32 flags;            /* O_* */
	u32 mode;             /* permission bits for O_CREAT and O_TMPFILE, before umask */
	unsigned int resolve; /* LOOKUP_* extra restrictions (openat2) */
};

int __must_check vfs_open(int dirfd, const char *name, const struct vfs_open_how *how,
			  struct file **out);
int __must_check vfs_mkdir(int dirfd, const char *name, u32 mode);
int __must_check vfs_mknod(int dirfd, const char *name, u32 mode, u32 major, u32 minor);
int __must_check vfs_symlink(const char *target, int dirfd, const char *name);
int __must_check vfs_link(int old_dirfd, const char *old_name, int new_dirfd, const char *new_name,
			  int at_flags);
int __must_check vfs_unlink(int dirfd, const char *name);
int __must_check vfs_rmdir(int dirfd, const char *name);
int __must_check vfs_rename(int old_dirfd, const char *old_name, int new_dirfd,
			    const char *new_name, unsigned int rename_flags);
/* Target of a link: kmalloc'ed in *out. -EINVAL if not a link. */
int __must_check vfs_readlink(const struct path *path, char **out);

/* attr applied to path's inode with all permission checks, mount write bracket, and killing of
 * setuid bits. */
int __must_check vfs_setattr(const struct path *path, const struct attr *attr, bool times_now);
int __must_check vfs_truncate(const struct path *path, loff_t length);
int __must_check vfs_ftruncate(struct file *file, loff_t length);
int __must_check vfs_fallocate(struct file *file, int mode, loff_t offset, loff_t length);
int __must_check vfs_fsync(struct file *file, loff_t start, loff_t end, bool datasync);
int __must_check
vfs_syncfs(struct super_block *super); /* syncfs(2): reports an error of write-back once */
int __must_check vfs_statfs(const struct path *path, struct fs_statistics *out);
/* With the credentials of the running thread: access(2) installs the real ones as fsuid and fsgid
 * around it. */
int __must_check vfs_access(const struct path *path, unsigned int may);

/* Everything statx can say; blocks and times are read consistently. */
struct vfs_stat {
	u64 ino, size, blocks, block_size;
	u32 mode, nlink, uid, gid;
	u32 dev_major, dev_minor, rdev_major, rdev_minor;
	struct timespec64 atime, mtime, ctime, btime;
	bool has_btime;
	u64 attributes, attributes_mask; /* STATX_ATTR_* */
	u64 mount_id;
};
int __must_check vfs_stat_path(const struct path *path, struct vfs_stat *out);
int __must_check vfs_stat_file(struct file *file, struct vfs_stat *out);

/* An unlinked file in memory; name is what /proc shows. Opened for reading and writing. */
int __must_check vfs_memfd_create(const char *name, bool sealable, struct file **out);

/* Lists a directory from file->pos. */
int __must_check vfs_readdir(struct file *file, struct dir_context *ctx);

/* Moves bytes between files through the page cache or pipes. Positions NULL: the file's own. */
ssize_t __must_check vfs_sendfile(struct file *out, loff_t *out_pos, struct file *in,
				  loff_t *in_pos, size_t n);
ssize_t __must_check vfs_copy_file_range(struct file *in, loff_t *in_pos, struct file *out,
					 loff_t *out_pos, size_t n);
ssize_t __must_check vfs_splice(struct file *in, loff_t *in_pos, struct file *out, loff_t *out_pos,
				size_t n, unsigned int flags);

ssize_t __must_check vfs_tee(struct file *in, struct file *out, size_t n, unsigned int flags);

/* Pipes (vfs/pipe.c): two ends; flags O_CLOEXEC is the caller's, O_NONBLOCK, O_DIRECT. */
int __must_check pipe_create(u32 flags, struct file **read_end, struct file **write_end);

/* Record locks and flock (vfs/locks.c). */
struct flock_request {
	short type;        /* F_RDLCK, F_WRLCK, F_UNLCK */
	loff_t start, end; /* inclusive; end INT64_MAX: to the end of the file */
	bool ofd; /* owner: the open file description instead of the process's file table */
	bool wait;
	int pid; /* out for F_GETLK; in: owner's pid */
};
int __must_check locks_posix_set(struct file *file, struct flock_request *request);
int __must_check locks_posix_get(struct file *file, struct flock_request *request);
int __must_check locks_flock(struct file *file, int operation);
void locks_release_files(struct file *file, const void *table_owner); /* at close of a descriptor */
void locks_release_description(struct file *file);                    /* at the last file_put */

/* Start-up of the whole room: caches, file system types; rootfs (tmpfs) is mounted. */
void vfs_init(struct path *root); /* the first root, referenced */
/* Unpacks a newc cpio archive into the root tmpfs. -EINVAL with a log line on a damaged archive. */
int __must_check initramfs_unpack(const void *data, size_t size);

/* FIFREEZE and FITHAW, from a holder of CAP_SYS_ADMIN. -EBUSY: is frozen already; -EINVAL: is not.
 */
int __must_check vfs_freeze(struct super_block *super);
int __must_check vfs_thaw(struct super_block *super);

/* quotactl(2); the command is without its type. The volume on a device; NULL: all, for Q_SYNC. */
int __must_check vfs_quotactl(struct super_block *super, unsigned int cmd, unsigned int type,
			      u32 id, void __user *arg);
int __must_check vfs_quotactl_device(const char __user *name, unsigned int cmd, unsigned int type,
				     u32 id, void __user *arg);

/* Character devices: file operations by device number (vfs/chardev.c). name appears in devfs as a
 * node. mode: permission bits. */
struct chardev {
	const char *name;
	u32 major, minor;
	u32 minors; /* how many from minor on are this device's; 0: one. Has then no name. */
	u32 mode;
	const struct file_ops *ops;
	void *private; /* becomes file->private at open */
	struct chardev *next;
};
void chardev_register(struct chardev *device);
const struct chardev *chardev_find(u32 major, u32 minor);
/* Announces device nodes to devfs (called by chardev_register and block_register). */
void devfs_add(const char *name, u32 mode, u32 major, u32 minor);

#endif
