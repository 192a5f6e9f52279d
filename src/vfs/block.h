/*
 * Block devices.
 *
 * A block_device is a whole disk or a partition of one; drivers register disks, the partition code
 * adds the rest. I/O is described by a bio: one contiguous range of sectors, a list of memory
 * segments, an end_io callback. bio_submit() hands it to the driver's queue, merging neighbours
 * while the thread has a plug; completion is asynchronous, and end_io runs in interrupt context
 * (irqlocks only, no sleeping, no submitting of further bios).
 *
 * Ordering: there is none between bios in flight. Who needs order waits for completion, and who
 * needs durability sends BIO_FLUSH (everything completed before is on stable storage when it ends)
 * or sets BIO_FUA on a write.
 *
 * A seam: src/hw/virtio implements disks in the kernel; the hosted build has RAM, file and
 * fault-injecting disks and a write log.
 */
#ifndef ARAMID_VFS_BLOCK_H
#define ARAMID_VFS_BLOCK_H

#include "lib/list.h"
#include "lib/mutex.h"
#include "lib/types.h"
#include "mm/page.h"

#define SECTOR_SHIFT 9
#define SECTOR_SIZE  512u

enum bio_op {
	BIO_READ,
	BIO_WRITE,
	BIO_FLUSH,
	BIO_DISCARD,
};

#define BIO_FUA      (1u << 0) /* the write is durable when it completes */
#define BIO_PREFLUSH (1u << 1) /* what completed before is durable before this write starts */

struct bio_segment {
	struct page *page;
	u32 offset, length; /* bytes; multiples of 512 */
};

struct inode;
struct block_device;

struct bio {
	struct block_device *bdev;
	enum bio_op op;
	unsigned int flags;
	u64 sector;  /* 512-byte units from the start of bdev (a partition adds its start) */
	u32 sectors; /* length; for BIO_DISCARD without segments */
	int status;  /* 0 or -errno when end_io is called: -EIO, -ENOSPC, -EOPNOTSUPP … */
	void (*end_io)(struct bio *bio);
	void *private;
	struct block_device *issuer; /* what bdev was at submission, for accounting; bio_submit's */
	struct list_head node;       /* the queue's while in flight */
	u16 segment_count, segment_max;
	struct bio_segment *segments; /* points to inline_segments or is the caller's */
	struct bio_segment inline_segments[4];
};

struct block_device_ops {
	/* Takes a list of bios (linked by bio.node) in the order of submission; may merge
	 * neighbours into one request; must call end_io of each exactly once, also on error. May
	 * sleep when the queue is full. */
	void (*submit)(struct block_device *bdev, struct list_head *bios);
};

struct block_device {
	char name[32]; /* "vda", "vda2" */
	u32 major, minor;
	u64 sectors;       /* size in 512-byte units */
	u32 logical_block; /* smallest unit of I/O: 512 or 4096 */
	u32 physical_block;
	u32 max_sectors; /* per request */
	u32 max_segments;
	bool read_only;
	bool flush; /* has a volatile cache, so that BIO_FLUSH means something */
	bool discard;
	const struct block_device_ops *ops; /* disks only */
	void *driver;
	struct block_device *disk; /* the whole disk; itself for a disk */
	u64 start;                 /* first sector on the disk */
	u32 partition;             /* 1…; 0 for a disk */
	u8 partition_uuid[16]; /* GPT: partition GUID; MBR: signature and number in the first bytes
				*/
	bool has_partition_uuid;
	char partition_label[40];
	struct list_head node; /* list of all, under the registry's lock */
	void *holder; /* exclusive owner: the mounted super_block; under the registry's lock */
	u32 open_count;
	u32 soft_block_size; /* unit of the buffer cache: set by the mounted file system, 4096
				otherwise if it divides */
	struct inode *inode; /* made by blkdev.c when the device node is first opened */
	/* I/O accounting for /proc/diskstats and /sys, atomic */
	u64 stat_ios[4], stat_sectors[4]; /* by enum bio_op */
	u32 stat_in_flight;
	u64 error_second; /* atomic: when errors were last logged, and how many in that second */
	u32 errors_told;
	u32 write_error; /* atomic: a buffer's write-back failed and nobody was told yet */
};

/* Makes a disk known under its name, scans its partitions (MBR and GPT). The driver keeps
 * ownership. */
int __must_check block_register(struct block_device *bdev);
struct block_device *block_find(const char *name);            /* "vda1"; NULL */
struct block_device *block_find_number(u32 major, u32 minor); /* NULL */
/* The one behind a node; NULL in *out on error. -ENOTBLK: the node is of another kind; -ENXIO */
int __must_check block_find_node(const struct inode *inode, struct block_device **out);
/* Calls fn for each device until it returns non-zero, which is then the result. May sleep. */
int block_for_each(int (*fn)(struct block_device *bdev, void *arg), void *arg);
/* Exclusive use by a mount: -EBUSY when another holder has it or the disk around it. */
int __must_check block_claim(struct block_device *bdev, void *holder);
void block_release(struct block_device *bdev, void *holder);

/* A bio with room for n segments; MM_NOFS semantics. NULL on no memory. */
struct bio *bio_alloc(struct block_device *bdev, enum bio_op op, u64 sector, unsigned int segments,
		      unsigned int mm_flags) __must_check;
void bio_free(struct bio *bio);
/* false when the segment does not fit (segments, device limits): submit and take a new one. */
bool bio_add_page(struct bio *bio, struct page *page, u32 offset, u32 length);
/* Checks the range against the device (end_io with -EIO when outside) and queues it. */
void bio_submit(struct bio *bio);
int __must_check
bio_submit_wait(struct bio *bio); /* submits, waits, returns status; does not free */
/* For drivers: ends a bio. Interrupt context is fine. */
void bio_end(struct bio *bio, int status);

/* -EIO …; waits. A device without a volatile cache has nothing to do. */
int __must_check block_flush(struct block_device *bdev);
int __must_check block_discard(struct block_device *bdev, u64 sector, u64 sectors);
/* Synchronous, for scanning; buf: any kernel memory of the direct map, whole sectors. */
int __must_check block_read(struct block_device *bdev, u64 sector, void *buf, u32 sectors);

/* Bios submitted between start and finish are collected and sent sorted and merged. One per thread,
 * on the stack; nested plugs are harmless. A thread that sleeps in bio_submit_wait or on a page
 * flushes its plug itself. */
struct block_plug {
	struct list_head bios;
	unsigned int count;
	struct thread *thread;
	struct block_plug *outer;
};
void block_plug_start(struct block_plug *plug);
void block_plug_finish(struct block_plug *plug);
void block_plug_flush_current(void);
/* Scans a disk for partitions and registers them (vfs/partition.c); called by block_register(). */
void partition_scan(struct block_device *disk);
/* Registers [start, start + sectors) of disk as partition `number`, allocating the device. */
int __must_check block_add_partition(struct block_device *disk, u32 number, u64 start, u64 sectors,
				     const u8 uuid[16], const char *label);

/* File operations of block device nodes (vfs/blkdev.c): raw access through the buffer cache. */
struct file_ops;
extern const struct file_ops blkdev_file_ops;

/* Seam: the running thread's plug slot. */
struct block_plug **thread_block_plug(void);

#endif
