/*
 * The buffer cache: blocks of a device that hold file system metadata (and raw device file I/O).
 *
 * A buffer is one block (bdev->soft_block_size bytes) of one device, found by number in a hash.
 * Whoever has a reference may read a valid buffer; changing it needs buffer->lock, and metadata of
 * ext4 changes only inside a transaction handle (ext4/txn.h), which decides when the buffer becomes
 * dirty for write-back. Clean unreferenced buffers stay on an LRU until a shrinker takes them.
 * Dirty ones are written by buffer_sync(), by the write-back thread once old, or by their owner.
 *
 * A failed read leaves the buffer invalid; a failed write sets BUFFER_WRITE_ERROR and the error is
 * reported by the next buffer_sync() of the device.
 */
#ifndef ARAMID_VFS_BUFFER_H
#define ARAMID_VFS_BUFFER_H

#include "lib/list.h"
#include "lib/mutex.h"
#include "lib/types.h"
#include "vfs/block.h"

enum buffer_flag {
	BUFFER_VALID, /* contents are those of the disk, or newer */
	BUFFER_DIRTY, /* must be written back */
	BUFFER_IO,    /* a read or write is in flight */
	BUFFER_WRITE_ERROR,
	BUFFER_VERIFIED,      /* the file system has checked magic and checksum since it was read */
	BUFFER_PRIVATE_DIRTY, /* changed in a transaction: write-back must wait for its owner */
	BUFFER_REFERENCED,    /* used since reclaim last looked */
	BUFFER_FS_FIRST =
	    16, /* from here on: bits of the file system's own, clear in a new buffer */
};

struct buffer {
	struct block_device *bdev;
	u64 block; /* in units of size */
	u32 size;
	unsigned long flags;         /* enum buffer_flag bits, atomic */
	u32 refs;                    /* atomic */
	void *data;                  /* size bytes in the direct map */
	struct page *page;           /* the frame data lies in */
	struct mutex lock;           /* guards changes of data */
	void *fsdata;                /* the transaction code's, NULL otherwise */
	u64 fs_stamp;                /* its, atomic: who has write access already; 0: nobody */
	struct hlist_node hash_node; /* the cache's */
	struct list_head lru_node, dirty_node; /* the same */
	u64 dirtied_ns;
};

/* Takes buffer->lock and waits until no write of it is in flight, so that data may be changed. */
void buffer_lock(struct buffer *buffer) __acquires(buffer->lock);
void buffer_unlock(struct buffer *buffer) __releases(buffer->lock);

/* A referenced buffer, not read. For blocks that will be wholly overwritten, and for read-ahead.
 * -ENOMEM. */
int __must_check buffer_get(struct block_device *bdev, u64 block, struct buffer **out);
/* The same if it is cached, else NULL. */
struct buffer *buffer_lookup(struct block_device *bdev, u64 block);
/* A referenced valid buffer. -EIO, -ENOMEM. */
int __must_check buffer_read(struct block_device *bdev, u64 block, struct buffer **out);
/* Starts reading n blocks without waiting. */
void buffer_readahead(struct block_device *bdev, u64 block, unsigned int n);
void buffer_ref(struct buffer *buffer);
void buffer_put(struct buffer *buffer); /* NULL is fine */

bool buffer_flag_test(const struct buffer *buffer, enum buffer_flag flag);
void buffer_flag_set(struct buffer *buffer, enum buffer_flag flag);
void buffer_flag_clear(struct buffer *buffer, enum buffer_flag flag);

/* Contents are now valid and must be written back. */
void buffer_mark_dirty(struct buffer *buffer);
/* The block was freed: forgets dirtiness, so that a stale copy is not written over its next owner.
 */
void buffer_forget(struct block_device *bdev, u64 block, u64 count);
/* Starts writing it, if it is dirty and not BUFFER_PRIVATE_DIRTY. -ENOMEM */
int __must_check buffer_write_start(struct buffer *buffer);
/* Writes this one now and waits. flags: BIO_FUA, BIO_PREFLUSH. */
int __must_check buffer_write(struct buffer *buffer, unsigned int bio_flags);
/* Writes all dirty buffers of the device that are not BUFFER_PRIVATE_DIRTY and waits. First error.
 * No flush. */
int __must_check buffer_sync(struct block_device *bdev);
/* Starts writing dirty buffers of all devices that were dirtied before older_than_ns. For the
 * write-back thread. */
void buffer_writeback_old(u64 older_than_ns);
/* Bytes held by the cache, and dirty bytes, of all devices. */
void buffer_usage_get(size_t *bytes, size_t *dirty_bytes);
/* Drops all clean unreferenced buffers (umount, change of block size); dirty ones must have been
 * written. */
void buffer_invalidate(struct block_device *bdev);
/* Changes the unit; the device must have no buffers in use. -EINVAL for a size that the device
 * can't do. */
int __must_check buffer_set_block_size(struct block_device *bdev, u32 size);
void buffer_cache_init(void);

#endif
