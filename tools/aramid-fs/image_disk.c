#include "image_disk.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "common.h"
#include "hw/cpu.h"
#include "lib/assert.h"
#include "lib/atomic.h"
#include "lib/printf.h"
#include "lib/radix.h"
#include "vfs/vfs.h"

#include <linux/fs.h>

#define OVERLAY_BLOCK 4096u
#define SEGMENTS      512

struct image_disk {
	struct block_device bdev;
	enum image_mode mode;
	int fd;
	bool is_device;
	u64 bytes;
	int error;             /* atomic: the first that the file gave to a write */
	pthread_mutex_t mutex; /* overlay */
	struct radix overlay;  /* OVERLAY_BLOCKs that were written, in IMAGE_READ */
	bool overlaid;         /* atomic: there are some */
};

/* ---- locks ---- */

/* QEMU's protocol for raw files: byte 100 + n says "I use permission n", byte 200 + n "nobody else
 * may". Permissions: 0 consistent reads, 1 writes, 2 writes that change nothing, 3 change of size.
 */
enum { LOCK_USED = 100, LOCK_UNSHARED = 200 };
enum { PERM_READ = 1 << 0, PERM_WRITE = 1 << 1, PERM_RESIZE = 1 << 3, PERM_COUNT = 4 };

static int lock_byte(int fd, int byte)
{
	struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};

	return fcntl(fd, F_OFD_SETLK, &lock) ? -errno : 0;
}

/* Whether someone else has the byte. */
static bool byte_is_taken(int fd, int byte)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};

	return fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

/* 0; -EWOULDBLOCK: someone else is there. A file system without locks is no reason to refuse. */
static int take_locks(int fd, bool write)
{
	unsigned used = write ? PERM_READ | PERM_WRITE : PERM_READ;
	unsigned unshared = PERM_WRITE | PERM_RESIZE;

	if (flock(fd, (write ? LOCK_EX : LOCK_SH) | LOCK_NB) && errno == EWOULDBLOCK)
		return -EWOULDBLOCK;
	for (int i = 0; i < PERM_COUNT; i++)
		if ((used >> i & 1 && lock_byte(fd, LOCK_USED + i)) ||
		    (unshared >> i & 1 && lock_byte(fd, LOCK_UNSHARED + i)))
			return errno == EAGAIN || errno == EACCES ? -EWOULDBLOCK : 0;
	for (int i = 0; i < PERM_COUNT; i++)
		if ((used >> i & 1 && byte_is_taken(fd, LOCK_UNSHARED + i)) ||
		    (unshared >> i & 1 && byte_is_taken(fd, LOCK_USED + i)))
			return -EWOULDBLOCK;
	return 0;
}

/* ---- the overlay ---- */

/* The block's copy in memory, made of the file's content when it is not there yet. */
static int overlay_block(struct image_disk *disk, u64 index, u8 **out)
{
	u8 *block = radix_lookup(&disk->overlay, index);
	int err;

	if (!block) {
		block = calloc(1, OVERLAY_BLOCK);
		if (!block)
			return -ENOMEM;
		if (pread(disk->fd, block, OVERLAY_BLOCK, (off_t)(index * OVERLAY_BLOCK)) < 0) {
			free(block);
			return -EIO;
		}
		err = radix_insert(&disk->overlay, index, block, 0);
		if (err) {
			free(block);
			return err;
		}
		atomic_store(&disk->overlaid, true);
	}
	*out = block;
	return 0;
}

/* Moves bytes between memory and the overlay; of a read, only those that the overlay has. */
static int overlay_move(struct image_disk *disk, bool write, u64 at, u8 *memory, size_t n)
{
	while (n) {
		size_t in_block = at % OVERLAY_BLOCK, piece = min(n, OVERLAY_BLOCK - in_block);
		u8 *block = radix_lookup(&disk->overlay, at / OVERLAY_BLOCK);
		int err = 0;

		if (write)
			err = overlay_block(disk, at / OVERLAY_BLOCK, &block);
		if (err)
			return err;
		if (write)
			memcpy(block + in_block, memory, piece);
		else if (block)
			memcpy(memory, block + in_block, piece);
		at += piece;
		memory += piece;
		n -= piece;
	}
	return 0;
}

static int overlay_bio(struct image_disk *disk, const struct bio *bio)
{
	u64 at = bio->sector * SECTOR_SIZE;
	int err = 0;

	pthread_mutex_lock(&disk->mutex);
	for (unsigned i = 0; i < bio->segment_count && !err; i++) {
		const struct bio_segment *s = &bio->segments[i];

		err = overlay_move(disk, bio->op == BIO_WRITE, at,
				   (u8 *)page_address(s->page) + s->offset, s->length);
		at += s->length;
	}
	pthread_mutex_unlock(&disk->mutex);
	return err;
}

/* ---- requests ---- */

/* All of the vector, at the offset. A file that ends early reads as zeroes. */
static int transfer(int fd, bool write, struct iovec *iov, int count, u64 at)
{
	while (count) {
		int piece = count < IOV_MAX ? count : IOV_MAX;
		ssize_t n =
		    write ? pwritev(fd, iov, piece, (off_t)at) : preadv(fd, iov, piece, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == ENOSPC || errno == EDQUOT ? -ENOSPC : -EIO;
		if (n == 0 && write)
			return -EIO;
		if (n == 0) {
			for (; count; iov++, count--)
				memset(iov->iov_base, 0, iov->iov_len);
			return 0;
		}
		at += (u64)n;
		while (count && (size_t)n >= iov->iov_len) {
			n -= (ssize_t)iov->iov_len;
			iov++;
			count--;
		}
		if (count) {
			iov->iov_base = (u8 *)iov->iov_base + n;
			iov->iov_len -= (size_t)n;
		}
	}
	return 0;
}

static int move(struct image_disk *disk, const struct bio *bio)
{
	struct iovec iov[SEGMENTS];
	unsigned i, count = 0;
	u64 at = bio->sector * SECTOR_SIZE, start = at;
	int err = 0;

	for (i = 0; i < bio->segment_count && !err; i++) {
		const struct bio_segment *s = &bio->segments[i];

		if (count == SEGMENTS) {
			err = transfer(disk->fd, bio->op == BIO_WRITE, iov, (int)count, start);
			start = at;
			count = 0;
		}
		iov[count++] = (struct iovec){.iov_base = (u8 *)page_address(s->page) + s->offset,
					      .iov_len = s->length};
		at += s->length;
	}
	return err ? err : transfer(disk->fd, bio->op == BIO_WRITE, iov, (int)count, start);
}

static int sync_file(const struct image_disk *disk)
{
	if (disk->mode != IMAGE_WRITE)
		return 0;
	return fdatasync(disk->fd) ? -EIO : 0;
}

/* Makes a hole of it, where the file can have one: it reads as zeroes. */
static int discard(const struct image_disk *disk, const struct bio *bio)
{
	u64 range[2] = {bio->sector * SECTOR_SIZE, (u64)bio->sectors * SECTOR_SIZE};

	if (disk->is_device)
		return ioctl(disk->fd, BLKDISCARD, range) ? -EOPNOTSUPP : 0;
	return fallocate(disk->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)range[0],
			 (off_t)range[1])
		   ? -EOPNOTSUPP
		   : 0;
}

static int serve(struct image_disk *disk, const struct bio *bio)
{
	bool durable = bio->op == BIO_FLUSH || (bio->op == BIO_WRITE && bio->flags & BIO_FUA);
	int err = 0;

	if (disk->mode == IMAGE_READ && bio->op != BIO_READ)
		return bio->op == BIO_WRITE ? overlay_bio(disk, bio) : 0;
	if (bio->op == BIO_WRITE && bio->flags & BIO_PREFLUSH)
		err = sync_file(disk);
	if (!err && (bio->op == BIO_READ || bio->op == BIO_WRITE))
		err = move(disk, bio);
	else if (!err && bio->op == BIO_DISCARD)
		return discard(disk, bio);
	if (!err && durable)
		err = sync_file(disk);
	if (!err && bio->op == BIO_READ && atomic_load(&disk->overlaid))
		err = overlay_bio(disk, bio);
	if (err && bio->op != BIO_READ) {
		int none = 0;

		atomic_cmpxchg(&disk->error, &none, err);
	}
	return err;
}

static void submit(struct block_device *bdev, struct list_head *bios)
{
	struct image_disk *disk = bdev->driver;

	while (!list_empty(bios)) {
		struct bio *bio = list_first_entry(bios, struct bio, node);

		list_del(&bio->node);
		int err = serve(disk, bio);
		unsigned long flags = irq_save();
		bio_end(bio, err);
		irq_restore(flags);
	}
}

static const struct block_device_ops image_ops = {.submit = submit};

/* ---- opening and closing ---- */

static int open_file(const char *path, enum image_mode mode, struct image_disk *disk)
{
	bool write = mode != IMAGE_READ;
	struct stat st;
	int fd = open(path, (write ? O_RDWR : O_RDONLY) | O_CLOEXEC);
	int err;

	if (fd < 0) {
		report_error(-errno, "%s: can't be opened%s", path, write ? " for writing" : "");
		return STATUS_IMAGE;
	}
	disk->fd = fd;
	if (fstat(fd, &st) || (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))) {
		report("%s: neither a file nor a block device", path);
		return STATUS_IMAGE;
	}
	disk->is_device = S_ISBLK(st.st_mode);
	disk->bytes = (u64)st.st_size;
	if (disk->is_device && ioctl(fd, BLKGETSIZE64, &disk->bytes)) {
		report_error(-errno, "%s: its size can't be found out", path);
		return STATUS_IMAGE;
	}
	err = take_locks(fd, write);
	/* A device that is mounted has an exclusive owner already. */
	if (!err && disk->is_device && write) {
		int exclusive = open(path, O_RDONLY | O_EXCL | O_CLOEXEC);

		if (exclusive < 0 && errno == EBUSY)
			err = -EWOULDBLOCK;
		else if (exclusive >= 0)
			close(exclusive);
	}
	if (err) {
		report("%s: in use by another program (a running QEMU, or another aramid-fs)",
		       path);
		return STATUS_LOCKED;
	}
	return STATUS_OK;
}

/* The block layer's registry has no end, and keeps pointing to the disk. */
static struct image_disk *volatile the_disk;

int image_disk_open(const char *path, enum image_mode mode, struct image_disk **out)
{
	const char *slash = strrchr(path, '/');
	struct image_disk *disk = need_memory(sizeof(*disk));
	int status;

	disk->fd = -1;
	disk->mode = mode;
	status = open_file(path, mode, disk);
	if (status) {
		if (disk->fd >= 0)
			close(disk->fd);
		free(disk);
		return status;
	}
	pthread_mutex_init(&disk->mutex, NULL);
	radix_init(&disk->overlay);
	ksnprintf(disk->bdev.name, sizeof(disk->bdev.name), "%s", slash ? slash + 1 : path);
	disk->bdev.major = 254;
	disk->bdev.sectors = disk->bytes / SECTOR_SIZE;
	disk->bdev.logical_block = SECTOR_SIZE;
	disk->bdev.physical_block = 4096;
	disk->bdev.max_sectors = 8192;
	disk->bdev.max_segments = SEGMENTS;
	disk->bdev.flush = mode == IMAGE_WRITE;
	disk->bdev.discard = mode != IMAGE_READ;
	disk->bdev.ops = &image_ops;
	disk->bdev.driver = disk;
	*out = the_disk = disk;
	return STATUS_OK;
}

struct block_device *image_disk_bdev(struct image_disk *disk)
{
	return &disk->bdev;
}

int image_disk_read(struct image_disk *disk, u64 offset, void *buf, size_t n)
{
	struct iovec iov = {.iov_base = buf, .iov_len = n};

	return transfer(disk->fd, false, &iov, 1, offset);
}

int image_disk_error(const struct image_disk *disk)
{
	return atomic_load(&disk->error);
}

int image_disk_close(struct image_disk *disk)
{
	int err = sync_file(disk);
	u64 index = 0;
	u8 *block;

	if (!err)
		err = disk->error;
	while ((block = radix_find(&disk->overlay, &index, U64_MAX))) {
		radix_delete(&disk->overlay, index);
		free(block);
	}
	if (close(disk->fd) && !err)
		err = -errno;
	return err;
}
