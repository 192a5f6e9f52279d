/*
 * What the tests of ext4 share: images made by mke2fs, mounted through the whole vfs, used through
 * calls like a program's, and judged by e2fsck.
 *
 * A test makes an image (t_mkfs), mounts it at /mnt (t_mount), works, and ends with t_check(),
 * which unmounts and demands that e2fsck finds nothing. Commands run by system(3) in a directory of
 * the test's own; disk images are files there, and everything written reaches them at once.
 */
#ifndef UNIT_EXT4_TEST_H
#define UNIT_EXT4_TEST_H

#include "unit.h"

#include "host_cred.h"
#include "host_disk.h"
#include "host_memory.h"
#include "host_thread.h"
#include "log_capture.h"
#include "vfs/vfs.h"

/* Runs a command made by printf, in the test's directory; its output is kept for t_output(). */
int t_run(const char *fmt, ...) __printf(1, 2);
void t_run_ok(const char *fmt, ...) __printf(1, 2);
const char *t_output(void);

/* The image's absolute name. */
const char *t_image(void);
/* An image file "img" of so many KiB: mke2fs -F -q OPTIONS. */
void t_mkfs(const char *options, unsigned kib);
/* debugfs -w with commands separated by newlines. */
void t_debugfs(const char *commands);
/* What debugfs -R answers. */
const char *t_debugfs_read(const char *command);

/* mount(2)'s n-th allocation fails in the next t_mount(); 0: none. */
extern u64 t_mount_fail_alloc;
/* Mounts img; type NULL: ext4. The error of mount(2). */
int t_mount_type(const char *type, unsigned long ms_flags, const char *options);
int t_mount(const char *options);
/* Mounts this disk instead, as often as one likes: its name is made the first time. */
int t_mount_disk(struct host_disk *disk, unsigned long ms_flags, const char *options);
/* Makes a further disk known, for a mount that uses two: its node is /dev_NAME. */
void t_add_disk(struct host_disk *disk);
void t_mount_ok(const char *options);
int t_remount(unsigned long ms_flags, const char *options);
void t_umount(void);
/* A journal that could not be written makes its volume read-only: unmounts, and mounts with
 * errors=continue, which recovers. */
void t_mount_again_if_aborted(void);
struct host_disk *t_disk(void);
struct super_block *t_super(void);
void t_sync(void);
/* Drops clean caches, so that what is read next comes from the disk. */
void t_drop_caches(void);
/* e2fsck -fn must be content. */
void t_fsck(void);
/* What our own checker counts on the volume, which is not mounted; what it says, a line each. */
u64 t_verify_problems(void);
const char *t_verify_said(void);
/* e2fsck -fn's exit status; e2fsck -fy. */
int t_fsck_status(void);
void t_fsck_repair(void);
/* Unmounts, fscks. */
void t_check(void);

/* The calls; names are below /mnt. Results as the system calls': >= 0 or -errno. */
struct file *t_open(const char *name, u32 flags, u32 mode);
int t_open_error(const char *name, u32 flags, u32 mode);
void t_close(struct file *file);
long t_pwrite(struct file *file, const void *data, size_t n, u64 offset);
long t_pread(struct file *file, void *data, size_t n, u64 offset);
int t_fsync(struct file *file);
int t_mkdir(const char *name);
int t_rmdir(const char *name);
int t_unlink(const char *name);
int t_rename(const char *from, const char *to, unsigned flags);
int t_link(const char *from, const char *to);
int t_symlink(const char *target, const char *name);
int t_mknod(const char *name, u32 mode, u32 major, u32 minor);
int t_truncate(const char *name, u64 size);
int t_stat(const char *name, struct vfs_stat *out); /* does not follow links */
int t_readlink(const char *name, char *buf, size_t size);
int t_statfs(struct fs_statistics *out);
int t_setattr(const char *name, const struct attr *attr);
/* Extended attributes; links are not followed. */
int t_setxattr(const char *name, const char *attr, const void *value, size_t size, int flags);
long t_getxattr(const char *name, const char *attr, void *value, size_t size);
long t_listxattr(const char *name, char *buf, size_t size);
int t_removexattr(const char *name, const char *attr);
bool t_exists(const char *name);
/* Number of entries without dots, or -errno; names[] (may be NULL) gets copies, sorted. */
int t_list(const char *name, char ***names);
void t_list_free(char **names, int n);

/* A file with n bytes of the pattern; errors end the test. */
void t_create(const char *name, u64 n, u32 seed);
int t_create_error(const char *name, u64 n, u32 seed);
/* The file has exactly n bytes of the pattern. */
void t_expect(const char *name, u64 n, u32 seed);
/* Fills buf with what the pattern has at an offset. */
void t_pattern(void *buf, size_t n, u64 offset, u32 seed);

/* A random number, the same on every run for the same state. */
u32 t_random(u64 *state);

#endif
