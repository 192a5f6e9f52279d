/*
 * Files through vfs, as tests use them.
 *
 * Each test of vfs or of a file system starts with files_start(): a root tmpfs, an empty table of
 * descriptors, umask 0. Functions named file_* or dir_* make one call of vfs on an absolute name
 * and return its error; those named must_* fail the test on an error.
 *
 * Contents are patterns: the byte at an offset follows from a seed and the offset, so that a file
 * written in pieces, in any order, can be checked anywhere.
 */
#ifndef UNIT_FILES_H
#define UNIT_FILES_H

#include "unit.h"
#include "vfs/vfs.h"

#include <fcntl.h>
#include <sys/stat.h>

#define FILES_AT_FDCWD (-100)

/* fails(error, call): the call returns this error; ok(call): it returns 0. */
#define fails(error, call) ck_assert_msg_errno(call, error, #call, __LINE__)
#define ok(call)           ck_assert_msg_errno(call, 0, #call, __LINE__)
void ck_assert_msg_errno(s64 got, s64 want, const char *what, int line);

void files_start(void);

/* ---- names ---- */

int file_try_open(const char *name, u32 flags, u32 mode, struct file **out);
struct file *must_open(const char *name, u32 flags); /* mode 0644 */
int dir_make(const char *name);                      /* 0755 */
int dir_remove(const char *name);
int file_make(const char *name); /* an empty one, which must not exist: 0644 */
int file_remove(const char *name);
int file_link(const char *old_name, const char *new_name);
int file_symlink(const char *target, const char *name);
int file_mknod(const char *name, u32 mode, u32 major, u32 minor);
int file_rename(const char *old_name, const char *new_name, unsigned int flags);
int file_truncate(const char *name, u64 size);
/* Of the name itself, links not followed. */
int file_stat(const char *name, struct vfs_stat *out);
struct vfs_stat must_stat(const char *name);
bool file_exists(const char *name);
int file_setattr(const char *name, const struct attr *attr);
int file_chmod(const char *name, u32 mode);
int file_chown(const char *name, u32 uid, u32 gid);
int file_set_times(const char *name, s64 sec, u32 nsec);
/* The target, in a buffer that the next call overwrites. */
const char *must_readlink(const char *name);
int file_fallocate(const char *name, int mode, u64 offset, u64 length);
int file_sync(const char *name);
int files_statfs(const char *name, struct fs_statistics *out);

/* ---- directories ---- */

struct dir_names {
	char **names; /* sorted, without . and .. */
	size_t count;
	bool dots; /* both were there */
};
int dir_list(const char *name, struct dir_names *out);
void dir_names_free(struct dir_names *names);
size_t must_count(const char *dir);

/* ---- contents ---- */

void pattern_fill(u8 *to, u64 seed, u64 offset, size_t n);
/* Creates the file if needed. Bytes written, or the error of the first write that failed. */
ssize_t file_write_pattern(const char *name, u64 seed, u64 offset, u64 length);
void must_write_pattern(const char *name, u64 seed, u64 offset, u64 length);
/* The file has these bytes there; size says nothing. */
void must_have_pattern(const char *name, u64 seed, u64 offset, u64 length);
void must_have_zeroes(const char *name, u64 offset, u64 length);
/* Writes, checks a whole small file of text. */
void must_write_text(const char *name, const char *text);
void must_have_text(const char *name, const char *text);
/* For names made in loops; each call's result lives until eight calls later. */
const char *name_of(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
