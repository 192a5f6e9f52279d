#include "files.h"

#include <stdarg.h>

#include "host_files.h"
#include "lib/errno.h"
#include "lib/hash.h"
#include "mm/kmalloc.h"

#define AT FILES_AT_FDCWD

void ck_assert_msg_errno(s64 got, s64 want, const char *what, int line)
{
	ck_assert_msg(got == want, "line %d: %s is %lld, not %lld", line, what, (long long)got,
		      (long long)want);
}

void files_start(void)
{
	struct path root;

	ck_assert(host_files_start(0, &root));
	path_put(&root);
}

/* ---- names ---- */

int file_try_open(const char *name, u32 flags, u32 mode, struct file **out)
{
	struct vfs_open_how how = {.flags = flags, .mode = mode};

	return vfs_open(AT, name, &how, out);
}

struct file *must_open(const char *name, u32 flags)
{
	struct file *file;
	int error = file_try_open(name, flags, 0644, &file);

	ck_assert_msg(!error, "open %s: %d", name, error);
	return file;
}

int dir_make(const char *name)
{
	return vfs_mkdir(AT, name, 0755);
}

int dir_remove(const char *name)
{
	return vfs_rmdir(AT, name);
}

int file_make(const char *name)
{
	struct file *file;
	int error = file_try_open(name, O_CREAT | O_EXCL | O_WRONLY, 0644, &file);

	if (!error)
		file_put(file);
	return error;
}

int file_remove(const char *name)
{
	return vfs_unlink(AT, name);
}

int file_link(const char *old_name, const char *new_name)
{
	return vfs_link(AT, old_name, AT, new_name, 0);
}

int file_symlink(const char *target, const char *name)
{
	return vfs_symlink(target, AT, name);
}

int file_mknod(const char *name, u32 mode, u32 major, u32 minor)
{
	return vfs_mknod(AT, name, mode, major, minor);
}

int file_rename(const char *old_name, const char *new_name, unsigned int flags)
{
	return vfs_rename(AT, old_name, AT, new_name, flags);
}

int file_truncate(const char *name, u64 size)
{
	struct path path;
	int error = path_lookup(AT, name, LOOKUP_FOLLOW, &path);

	if (error)
		return error;
	error = vfs_truncate(&path, (loff_t)size);
	path_put(&path);
	return error;
}

int file_stat(const char *name, struct vfs_stat *out)
{
	struct path path;
	int error = path_lookup(AT, name, 0, &path);

	if (error)
		return error;
	error = vfs_stat_path(&path, out);
	path_put(&path);
	return error;
}

struct vfs_stat must_stat(const char *name)
{
	struct vfs_stat stat;
	int error = file_stat(name, &stat);

	ck_assert_msg(!error, "stat %s: %d", name, error);
	return stat;
}

bool file_exists(const char *name)
{
	struct vfs_stat stat;
	int error = file_stat(name, &stat);

	ck_assert_msg(!error || error == -ENOENT, "stat %s: %d", name, error);
	return !error;
}

int file_setattr(const char *name, const struct attr *attr)
{
	struct path path;
	int error = path_lookup(AT, name, 0, &path);

	if (error)
		return error;
	error = vfs_setattr(&path, attr, false);
	path_put(&path);
	return error;
}

int file_chmod(const char *name, u32 mode)
{
	struct attr attr = {.valid = ATTR_MODE, .mode = mode};

	return file_setattr(name, &attr);
}

int file_chown(const char *name, u32 uid, u32 gid)
{
	struct attr attr = {.valid = ATTR_UID | ATTR_GID, .uid = uid, .gid = gid};

	return file_setattr(name, &attr);
}

int file_set_times(const char *name, s64 sec, u32 nsec)
{
	struct attr attr = {.valid = ATTR_ATIME | ATTR_MTIME,
			    .atime = {.sec = sec, .nsec = nsec},
			    .mtime = {.sec = sec, .nsec = nsec}};

	return file_setattr(name, &attr);
}

const char *must_readlink(const char *name)
{
	static char buffer[PATH_MAX_SIZE];
	struct path path;
	char *target;

	ok(path_lookup(AT, name, 0, &path));
	ok(vfs_readlink(&path, &target));
	ck_assert_uint_lt(strlen(target), sizeof(buffer));
	strcpy(buffer, target);
	kfree(target);
	path_put(&path);
	return buffer;
}

static int with_file(const char *name, u32 flags, struct file **out)
{
	return file_try_open(name, flags, 0, out);
}

int file_fallocate(const char *name, int mode, u64 offset, u64 length)
{
	struct file *file;
	int error = with_file(name, O_RDWR, &file);

	if (error)
		return error;
	error = vfs_fallocate(file, mode, (loff_t)offset, (loff_t)length);
	file_put(file);
	return error;
}

int file_sync(const char *name)
{
	struct file *file;
	int error = with_file(name, O_RDONLY, &file);

	if (error)
		return error;
	error = vfs_fsync(file, 0, S64_MAX, false);
	file_put(file);
	return error;
}

int files_statfs(const char *name, struct fs_statistics *out)
{
	struct path path;
	int error = path_lookup(AT, name, LOOKUP_FOLLOW, &path);

	if (error)
		return error;
	error = vfs_statfs(&path, out);
	path_put(&path);
	return error;
}

/* ---- directories ---- */

struct lister {
	struct dir_context ctx;
	struct dir_names *names;
	unsigned dots, taken;
};

static bool take_name(struct dir_context *ctx, const char *name, u32 length, loff_t offset, u64 ino,
		      unsigned int type)
{
	struct lister *lister = container_of(ctx, struct lister, ctx);
	struct dir_names *names = lister->names;

	if (lister->taken == 100) /* as if the caller's buffer were full */
		return false;
	lister->taken++;
	if (length <= 2 && memcmp(name, "..", length) == 0) {
		lister->dots++;
		return true;
	}
	names->names = realloc(names->names, (names->count + 1) * sizeof(char *));
	names->names[names->count++] = strndup(name, length);
	return true;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int dir_list(const char *name, struct dir_names *out)
{
	struct lister lister = {.ctx.emit = take_name, .names = out};
	struct file *file;
	int error = file_try_open(name, O_RDONLY | O_DIRECTORY, 0, &file);

	*out = (struct dir_names){0};
	if (error)
		return error;
	do {
		lister.taken = 0;
		error = vfs_readdir(file, &lister.ctx);
	} while (!error && lister.taken);
	file_put(file);
	out->dots = lister.dots == 2;
	if (error)
		dir_names_free(out);
	else if (out->count)
		qsort(out->names, out->count, sizeof(char *), compare_names);
	return error;
}

void dir_names_free(struct dir_names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->names[i]);
	free(names->names);
	*names = (struct dir_names){0};
}

size_t must_count(const char *dir)
{
	struct dir_names names;
	int error = dir_list(dir, &names);

	ck_assert_msg(!error, "list %s: %d", dir, error);
	ck_assert_msg(names.dots, "%s lists . and .. wrongly", dir);
	size_t count = names.count;
	dir_names_free(&names);
	return count;
}

/* ---- contents ---- */

static u64 pattern_word(u64 seed, u64 index)
{
	return hash_u64(seed * 0x9e3779b97f4a7c15ull + index + 1) |
	       0x0101010101010101ull; /* never the zero of a hole */
}

void pattern_fill(u8 *to, u64 seed, u64 offset, size_t n)
{
	size_t done = 0;

	while (done < n) {
		u64 word = pattern_word(seed, (offset + done) / 8);
		size_t from = (offset + done) % 8, part = min(n - done, 8 - from);

		memcpy(to + done, (u8 *)&word + from, part);
		done += part;
	}
}

enum { CHUNK = 60000 }; /* no multiple of anything */

static u8 chunk[CHUNK], expected[CHUNK];

ssize_t file_write_pattern(const char *name, u64 seed, u64 offset, u64 length)
{
	struct file *file;
	u64 done = 0;
	int error = file_try_open(name, O_CREAT | O_WRONLY, 0644, &file);
	ssize_t n = 0;

	if (error)
		return error;
	while (done < length) {
		loff_t pos = (loff_t)(offset + done);
		size_t want = (size_t)min(length - done, (u64)CHUNK);
		pattern_fill(chunk, seed, offset + done, want);
		n = file_write_kernel(file, chunk, want, &pos);
		if (n <= 0)
			break;
		done += (u64)n;
	}
	file_put(file);
	return done ? (ssize_t)done : n;
}

void must_write_pattern(const char *name, u64 seed, u64 offset, u64 length)
{
	ssize_t n = file_write_pattern(name, seed, offset, length);

	ck_assert_msg(n == (ssize_t)length, "write %s at %llu: %zd of %llu", name,
		      (unsigned long long)offset, n, (unsigned long long)length);
}

static void must_have(const char *name, bool zero, u64 seed, u64 offset, u64 length)
{
	struct file *file = must_open(name, O_RDONLY);

	for (u64 done = 0; done < length;) {
		loff_t pos = (loff_t)(offset + done);
		size_t want = (size_t)min(length - done, (u64)CHUNK);
		ssize_t n = file_read_kernel(file, chunk, want, &pos);

		ck_assert_msg(n > 0, "read %s at %llu: %zd", name,
			      (unsigned long long)(offset + done), n);
		if (zero)
			memset(expected, 0, (size_t)n);
		else
			pattern_fill(expected, seed, offset + done, (size_t)n);
		for (ssize_t i = 0; memcmp(chunk, expected, (size_t)n) && i < n; i++)
			ck_assert_msg(chunk[i] == expected[i], "%s: byte %llu is %#x, not %#x",
				      name, (unsigned long long)(offset + done + (u64)i), chunk[i],
				      expected[i]);
		done += (u64)n;
	}
	file_put(file);
}

void must_have_pattern(const char *name, u64 seed, u64 offset, u64 length)
{
	must_have(name, false, seed, offset, length);
}

void must_have_zeroes(const char *name, u64 offset, u64 length)
{
	must_have(name, true, 0, offset, length);
}

void must_write_text(const char *name, const char *text)
{
	struct file *file = must_open(name, O_CREAT | O_TRUNC | O_WRONLY);
	loff_t pos = 0;

	ck_assert_int_eq(file_write_kernel(file, text, strlen(text), &pos), (s64)strlen(text));
	file_put(file);
}

void must_have_text(const char *name, const char *text)
{
	struct file *file = must_open(name, O_RDONLY);
	loff_t pos = 0;
	ssize_t n = file_read_kernel(file, chunk, CHUNK - 1, &pos);

	ck_assert_msg(n >= 0, "read %s: %zd", name, n);
	chunk[n] = '\0';
	ck_assert_str_eq((char *)chunk, text);
	file_put(file);
}

const char *name_of(const char *format, ...)
{
	static char ring[8][PATH_MAX_SIZE + 300];
	static unsigned at;
	va_list ap;

	va_start(ap, format);
	at = (at + 1) % 8;
	vsnprintf(ring[at], sizeof(ring[at]), format, ap);
	va_end(ap);
	return ring[at];
}
