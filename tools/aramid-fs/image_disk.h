/*
 * A disk that is an image file (or a block device of the machine that runs us).
 *
 * Opened for reading, nothing ever reaches the file: what is written (a journal that is replayed)
 * stays in memory, over the file's blocks. Opened for writing, a flush is fdatasync() and a write
 * with FUA is on stable storage when it ends.
 *
 * The file is locked as long as it is open, as QEMU locks its images (byte-range locks of the open
 * file description, one byte for each thing that one does, one for each that others must not do)
 * and with flock(): any number of readers, or one writer.
 */
#ifndef ARAMID_FS_IMAGE_DISK_H
#define ARAMID_FS_IMAGE_DISK_H

#include "vfs/block.h"

struct image_disk;

enum image_mode {
	IMAGE_READ,
	IMAGE_WRITE,
	IMAGE_WRITE_NOSYNC, /* flushes do nothing: when data is durable is the machine's affair */
};

/* An enum status; prints why when it is not STATUS_OK. */
int image_disk_open(const char *path, enum image_mode mode, struct image_disk **out);
struct block_device *image_disk_bdev(struct image_disk *disk);
/* Reads outside of the file system: 0 or -errno. */
int image_disk_read(struct image_disk *disk, u64 offset, void *buf, size_t n);
/* Whether the file refused a write or a flush since it was opened: the error, or 0. */
int image_disk_error(const struct image_disk *disk);
/* Makes what was written durable (not in IMAGE_WRITE_NOSYNC) and lets go. The block layer must not
 * use the device any more. 0 or -errno. */
int image_disk_close(struct image_disk *disk);

#endif
