/*
 * Disks of the hosted build: in RAM or in a file, with faults on demand and a log of what was
 * written, from which crashes are replayed.
 *
 * Requests are served in the order of their arrival, either at once on the submitting thread
 * (which is where every disk starts) or by a worker thread; either way end_io runs with interrupts
 * off, as in the kernel.
 *
 * The log: every write, flush and discard that reached the disk, in order. After a crash, a real
 * disk with a write cache holds everything up to the last flush, and any subset of what was
 * written since (FUA writes excepted): host_disk_replay() makes such an image.
 */
#ifndef HOST_DISK_H
#define HOST_DISK_H

#include "vfs/block.h"

struct host_disk;

/* A disk of zeroed RAM. Never NULL: a test that cannot have its disk dies. */
struct host_disk *host_disk_ram(const char *name, u64 bytes);
/* The content of an image file. writable: writes go to the file too, at once, so that e2fsck can
 * look at it any time; else they stay in RAM. NULL (with errno) if it cannot be read. */
struct host_disk *host_disk_file(const char *name, const char *path, bool writable);
/* Frees it. Not for a disk that was given to block_register(): those live as long as the test. */
void host_disk_free(struct host_disk *disk);
/* An image file as a shared mapping: what is written to the disk is in the file at once, and the
 * other way round, without a copy. NULL (with errno) if it cannot be mapped. */
struct host_disk *host_disk_map(const char *name, const char *path);

/* The device, of which tests may change limits (read_only, flush, logical_block, max_sectors …)
 * before block_register(); that is the caller's to call. */
struct block_device *host_disk_bdev(struct host_disk *disk);
/* Its content, for tests that look at or damage single bytes. */
u8 *host_disk_data(struct host_disk *disk);
/* Writes the content to a file. 0 or -errno. */
int host_disk_save(const struct host_disk *disk, const char *path);
void host_disk_set_worker(struct host_disk *disk, bool worker);
/* The worker takes waiting requests in a random order (seed 0: in that of their arrival), as a disk
 * with a queue may. */
void host_disk_shuffle(struct host_disk *disk, u64 seed);
/* The worker leaves requests of these kinds (HOST_DISK_*) in the queue until it is told otherwise.
 * Whoever waits for one must not be who lets it go. */
void host_disk_hold(struct host_disk *disk, unsigned kinds);
/* Until there is one that is held. */
void host_disk_wait_held(struct host_disk *disk);

/* ---- faults ---- */

#define HOST_DISK_READS    (1u << BIO_READ)
#define HOST_DISK_WRITES   (1u << BIO_WRITE)
#define HOST_DISK_FLUSHES  (1u << BIO_FLUSH)
#define HOST_DISK_DISCARDS (1u << BIO_DISCARD)
#define HOST_DISK_ALL      15u

/* The n-th request from now (1: the next) of these kinds ends with error, once; 0: none. */
void host_disk_fail_nth(struct host_disk *disk, unsigned kinds, u64 n, int error);
/* Whether that has happened. */
bool host_disk_failed(const struct host_disk *disk);
/* Every request of these kinds that touches the range ends with error; count 0: none. */
void host_disk_fail_range(struct host_disk *disk, unsigned kinds, u64 sector, u64 count, int error);
/* The n-th write from now is torn: only its first `sectors` reach the disk, and it ends with -EIO.
 */
void host_disk_tear_nth(struct host_disk *disk, u64 n, u32 sectors);
/* After n more writes the power is gone: nothing reaches the disk any more, all ends with -EIO.
 * Negative: the power is back. */
void host_disk_cut_power(struct host_disk *disk, s64 writes);

/* How many requests of these kinds were served. */
u64 host_disk_requests(const struct host_disk *disk, unsigned kinds);

/* ---- the log ---- */

struct host_disk_record {
	enum bio_op op;
	unsigned int flags; /* BIO_FUA, BIO_PREFLUSH */
	u64 sector;
	u32 sectors;
	u8 *data;  /* of a write */
	u64 order; /* among the records of all disks */
};

/* Forgets the log, remembers the present content as its base, and records from now on. */
void host_disk_log_start(struct host_disk *disk);
/* Records no more; the log stays. */
void host_disk_log_stop(struct host_disk *disk);
size_t host_disk_log_count(const struct host_disk *disk);
const struct host_disk_record *host_disk_log_get(const struct host_disk *disk, size_t i);
/*
 * A new RAM disk with the base and the log's first n records on it. subset 0: all of them. Else
 * the seed of a choice: of those after the last flush among them, each piece of 4 KiB is there or
 * not, at random; FUA writes are there whole.
 */
struct host_disk *host_disk_replay(const struct host_disk *disk, const char *name, size_t n,
				   u64 subset);

/* Whether the end of this request makes everything before it durable. */
bool host_disk_is_barrier(const struct host_disk_record *record);

/* Whether sector `sector` (0: the first) of record `record` reached the disk. */
typedef bool host_disk_keep_fn(void *ctx, size_t record, u32 sector);
/* Writes to `to` (as large as the disk) the base with what is kept of the log's first n records. */
void host_disk_materialise(const struct host_disk *disk, u8 *to, size_t n, host_disk_keep_fn *keep,
			   void *ctx);

#endif
