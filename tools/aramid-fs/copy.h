/*
 * What copies share, whichever way they go: attributes, special files, contents with their holes,
 * and the memory of hard links.
 */
#ifndef ARAMID_FS_COPY_H
#define ARAMID_FS_COPY_H

#include <sys/stat.h>

#include "volume.h"

/* "644" and the like. */
bool parse_mode(const char *text, u32 *mode);

/* All that can be set of a file in the image. */
struct file_attr {
	u32 mode, uid, gid; /* mode with its type */
	u32 major, minor;   /* of devices */
	struct timespec64 atime, mtime;
};
struct file_attr file_attr_of(const struct stat *st);

/* Makes room for a new file: whatever but a directory has the name is removed. */
int image_clear(int dir, const char *name);
/* A directory; it may be there already. */
int image_mkdir(int dir, const char *name);
/* A device, FIFO or socket. */
int image_mknod(int dir, const char *name, const struct file_attr *attr);
/* Owner, permissions (not of links), times. */
int image_set_attr(int dir, const char *name, const struct file_attr *attr);

#define COPY_CHUNK ((size_t)1 << 20)
/* From a file of this machine to one of the image, from offset 0 on; seekable ones keep holes.
 * *host_failed says on which side the error was. */
int copy_in(int host_fd, int image_fd, bool *host_failed);
int copy_out(int image_fd, u64 size, int host_fd, bool *host_failed);
/* All of it in order, holes as zeroes, to something that only takes streams. */
int copy_stream(int image_fd, u64 size, int (*write)(void *arg, const void *data, size_t n),
		void *arg, bool *host_failed);

/* The name under which a file with several links was first copied, or NULL, and then `name` is
 * remembered as that. */
struct links;
struct links *links_new(void);
const char *links_find(struct links *links, u64 dev, u64 ino, const char *name);
void links_free(struct links *links);

/* Extended attributes, between the two sides; links are not followed. Those that the other side
 * can't keep are told. */
void xattrs_in(int host_dir, const char *host_name, int dir, const char *name, const char *shown);
void xattrs_out(int dir, const char *name, int host_dir, const char *host_name, const char *shown);

#endif
