#include "copy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "common.h"
#include "lib/hash.h"
#include "lib/string.h"

bool parse_mode(const char *text, u32 *mode)
{
	char *end;
	unsigned long value = strtoul(text, &end, 8);

	if (*text < '0' || *text > '7' || *end || value > 07777)
		return false;
	*mode = (u32)value;
	return true;
}

/* ---- attributes ---- */

struct file_attr file_attr_of(const struct stat *st)
{
	return (struct file_attr){
	    .mode = st->st_mode,
	    .uid = st->st_uid,
	    .gid = st->st_gid,
	    .major = major(st->st_rdev),
	    .minor = minor(st->st_rdev),
	    .atime = {.sec = st->st_atim.tv_sec, .nsec = (u32)st->st_atim.tv_nsec},
	    .mtime = {.sec = st->st_mtim.tv_sec, .nsec = (u32)st->st_mtim.tv_nsec},
	};
}

int image_clear(int dir, const char *name)
{
	int err = vfs_unlink(dir, name);

	return err == -ENOENT ? 0 : err;
}

int image_mkdir(int dir, const char *name)
{
	struct vfs_stat st;
	int err = vfs_mkdir(dir, name, 0755);

	if (err != -EEXIST)
		return err;
	err = at_stat_follow(dir, name, &st);
	return err ? err : S_ISDIR(st.mode) ? 0 : -ENOTDIR;
}

int image_mknod(int dir, const char *name, const struct file_attr *attr)
{
	int err = image_clear(dir, name);

	return err ? err : vfs_mknod(dir, name, attr->mode, attr->major, attr->minor);
}

int image_set_attr(int dir, const char *name, const struct file_attr *attr)
{
	struct attr set = {
	    .valid = ATTR_UID | ATTR_GID | ATTR_ATIME | ATTR_MTIME,
	    .uid = attr->uid,
	    .gid = attr->gid,
	    .mode = attr->mode & 07777,
	    .atime = attr->atime,
	    .mtime = attr->mtime,
	};

	if (!S_ISLNK(attr->mode))
		set.valid |= ATTR_MODE;
	return at_setattr(dir, name, &set);
}

/* ---- contents ---- */

/* One for all: copies come one after the other. */
static u8 *copy_buffer(void)
{
	static u8 *buffer;

	if (!buffer)
		buffer = need_memory(COPY_CHUNK);
	return buffer;
}

/* Reads until the buffer is full or the file ends. */
static ssize_t host_read(int fd, u8 *buf, size_t n, s64 offset)
{
	size_t got = 0;

	while (got < n) {
		ssize_t piece = offset < 0 ? read(fd, buf + got, n - got)
					   : pread(fd, buf + got, n - got, offset + (s64)got);

		if (piece < 0 && errno == EINTR && !interrupted())
			continue;
		if (piece < 0)
			return -errno;
		if (piece == 0)
			break;
		got += (size_t)piece;
	}
	return (ssize_t)got;
}

static int host_write(int fd, const u8 *buf, size_t n, u64 offset)
{
	while (n) {
		ssize_t piece = pwrite(fd, buf, n, (off_t)offset);

		if (piece < 0 && errno == EINTR && !interrupted())
			continue;
		if (piece < 0)
			return -errno;
		buf += piece;
		n -= (size_t)piece;
		offset += (u64)piece;
	}
	return 0;
}

#define HOLE_BLOCK ((size_t)4096)

/* Writes to a new file, but leaves out what reads as zeroes anyway. */
static int host_write_sparse(int fd, const u8 *buf, size_t n, u64 offset)
{
	int err = 0;

	while (n && !err) {
		size_t piece = 0;

		while (piece < n && !mem_is_zero(buf + piece, min(n - piece, HOLE_BLOCK)))
			piece += min(n - piece, HOLE_BLOCK);
		if (piece)
			err = host_write(fd, buf, piece, offset);
		else
			piece = min(n, HOLE_BLOCK);
		buf += piece;
		n -= piece;
		offset += piece;
	}
	return err;
}

static int image_write(int fd, const u8 *buf, size_t n, u64 offset)
{
	while (n) {
		ssize_t piece = fd_write(fd, buf, n, offset);

		if (piece < 0)
			return (int)piece;
		buf += piece;
		n -= (size_t)piece;
		offset += (u64)piece;
		progress_add((u64)piece);
	}
	return 0;
}

/* What can't be positioned: a pipe, a terminal. */
static int copy_in_stream(int host_fd, int image_fd, u8 *buf, bool *host_failed)
{
	u64 at = 0;

	for (;;) {
		ssize_t n = host_read(host_fd, buf, COPY_CHUNK, -1);
		int err;

		if (interrupted())
			return -EINTR;
		*host_failed = n < 0;
		if (n <= 0)
			return (int)n;
		err = image_write(image_fd, buf, (size_t)n, at);
		if (err)
			return err;
		at += (u64)n;
	}
}

static int copy_in_extents(int host_fd, int image_fd, u8 *buf, u64 size, bool *host_failed)
{
	off_t at = 0;

	while (at >= 0 && (u64)at < size) {
		off_t data = lseek(host_fd, at, SEEK_DATA), hole;

		if (data < 0 && errno == ENXIO) /* a hole to the end */
			break;
		if (data < 0)
			data = at;
		hole = lseek(host_fd, data, SEEK_HOLE);
		if (hole < 0 || (u64)hole > size)
			hole = (off_t)size;
		for (at = data; at < hole;) {
			size_t want = min((size_t)(hole - at), COPY_CHUNK);
			ssize_t n = host_read(host_fd, buf, want, at);
			int err;

			if (interrupted())
				return -EINTR;
			*host_failed = n < 0;
			if (n <= 0) /* 0: it became shorter meanwhile */
				return (int)n;
			err = image_write(image_fd, buf, (size_t)n, (u64)at);
			if (err)
				return err;
			at += n;
		}
	}
	return fd_truncate(image_fd, size);
}

int copy_in(int host_fd, int image_fd, bool *host_failed)
{
	u8 *buf = copy_buffer();
	struct stat st;
	int err;

	*host_failed = false;
	if (fstat(host_fd, &st) == 0 && S_ISREG(st.st_mode))
		err = copy_in_extents(host_fd, image_fd, buf, (u64)st.st_size, host_failed);
	else
		err = copy_in_stream(host_fd, image_fd, buf, host_failed);
	return err;
}

/* The next range with data at or after *start; false: there is none before size. */
static bool next_data(int fd, u64 size, u64 *start, u64 *end)
{
	s64 data = fd_seek(fd, (s64)*start, SEEK_DATA), hole;

	if (data == -ENXIO)
		return false;
	if (data >= 0)
		*start = (u64)data;
	hole = fd_seek(fd, (s64)*start, SEEK_HOLE);
	*end = hole < 0 ? size : min((u64)hole, size);
	return *start < size;
}

int copy_out(int image_fd, u64 size, int host_fd, bool *host_failed)
{
	u8 *buf = copy_buffer();
	u64 at = 0, end = 0;
	int err = 0;

	*host_failed = false;
	while (!err && at < size && next_data(image_fd, size, &at, &end)) {
		while (!err && at < end) {
			ssize_t n = fd_read(image_fd, buf, min(end - at, (u64)COPY_CHUNK), at);

			if (n <= 0 || interrupted()) {
				err = interrupted() ? -EINTR : n < 0 ? (int)n : -EUCLEAN;
				break;
			}
			err = host_write_sparse(host_fd, buf, (size_t)n, at);
			*host_failed = err != 0;
			at += (u64)n;
			progress_add((u64)n);
		}
	}
	if (!err && ftruncate(host_fd, (off_t)size)) {
		err = -errno;
		*host_failed = true;
	}
	return err;
}

int copy_stream(int image_fd, u64 size, int (*write)(void *arg, const void *data, size_t n),
		void *arg, bool *host_failed)
{
	u8 *buf = copy_buffer();
	int err = 0;

	*host_failed = false;
	for (u64 at = 0; at < size && !err;) {
		ssize_t n = fd_read(image_fd, buf, min(size - at, (u64)COPY_CHUNK), at);

		if (n <= 0 || interrupted()) {
			err = interrupted() ? -EINTR : n < 0 ? (int)n : -EUCLEAN;
			break;
		}
		err = write(arg, buf, (size_t)n);
		*host_failed = err != 0;
		at += (u64)n;
		progress_add((u64)n);
	}
	return err;
}

/* ---- hard links ---- */

struct link {
	struct link *next;
	u64 dev, ino;
	char *name;
};

struct links {
	struct link *buckets[4096];
};

struct links *links_new(void)
{
	return need_memory(sizeof(struct links));
}

const char *links_find(struct links *links, u64 dev, u64 ino, const char *name)
{
	struct link **bucket =
	    &links->buckets[hash_u64(hash_u64(dev) + ino) % ARRAY_SIZE(links->buckets)];

	for (struct link *l = *bucket; l; l = l->next)
		if (l->dev == dev && l->ino == ino)
			return l->name;
	struct link *l = need_memory(sizeof(*l));
	*l =
	    (struct link){.next = *bucket, .dev = dev, .ino = ino, .name = need_format("%s", name)};
	*bucket = l;
	return NULL;
}

void links_free(struct links *links)
{
	for (size_t i = 0; i < ARRAY_SIZE(links->buckets); i++)
		while (links->buckets[i]) {
			struct link *l = links->buckets[i];

			links->buckets[i] = l->next;
			free(l->name);
			free(l);
		}
	free(links);
}
