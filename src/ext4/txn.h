/*
 * Transactions: the only way in which metadata changes.
 *
 * An operation opens a handle, takes write access to each buffer before it touches it, says "dirty"
 * after, and ends the handle. All handles that run at the same time belong to one running
 * transaction, which holds the changed buffers back from write-back (BUFFER_PRIVATE_DIRTY), and
 * besides them lists of changed inodes and group descriptors, which are copied into their buffers
 * only once per transaction. ext4_txn_commit() closes the gate for new handles, waits for those
 * that run, waits for file data that the transaction's new blocks belong to (so that no crash can
 * expose what was on the disk before), copies inodes, descriptors and the orphan list out, computes
 * each checksum once, and passes the buffers on.
 *
 * The back end of today has no journal: "passes on" means marking them dirty for write-back, and
 * so a commit is a point at which everything on its way to the disk is consistent, but not atomic.
 *
 * Order: inode->rwsem, page lock, handle (the gate), ext4_inode.map_lock, ext4_group.lock, lists.
 * A thread has at most one handle: whatever may start one by itself (inode_put(), allocation
 * without MM_NOFS) must not be called inside a handle.
 */
#ifndef EXT4_TXN_H
#define EXT4_TXN_H

#include "lib/list.h"
#include "lib/mutex.h"
#include "lib/types.h"

struct buffer;
struct ext4_fs;
struct ext4_group;
struct ext4_inode;

struct ext4_handle {
	struct ext4_fs *fs;
	u32 credits; /* buffers that the operation may still change */
};

/* Which checksum a buffer carries, computed when the transaction commits. */
enum ext4_csum_kind {
	EXT4_CSUM_NONE, /* none, or one per record that is kept by its owner */
	EXT4_CSUM_EXTENT,
	EXT4_CSUM_DIR,
	EXT4_CSUM_DX,
	EXT4_CSUM_BLOCK_BITMAP, /* owner: the group's number; lies in the descriptor */
	EXT4_CSUM_INODE_BITMAP,
	EXT4_CSUM_XATTR,
};

struct ext4_txn {
	struct rwsem gate; /* handles: reading; commit: writing */
	struct mutex commit_mutex;
	struct spinlock lock; /* the lists */
	struct list_head buffers, inodes, groups;
	u32 buffer_count, buffer_limit;
	bool super_changed; /* counts or orphans; lock */
	u32 ordered_ios;    /* atomic: writes of file data that the next commit waits for */
	struct wait_queue ordered_wait;
};

void ext4_txn_init(struct ext4_fs *fs);

/* -EROFS once the volume was made read-only (by a remount or by the errors policy). */
int __must_check ext4_txn_begin(struct ext4_fs *fs, u32 credits, struct ext4_handle *handle);
/* The same for what must also be done on a volume that was aborted: dropping memory. */
void ext4_txn_begin_forced(struct ext4_fs *fs, struct ext4_handle *handle);
void ext4_txn_end(struct ext4_handle *handle);
/* Makes room for n more buffers. May end the handle and begin it anew, so that others see what was
 * done up to here: all structures must be consistent and no ext4 lock may be held. On error the
 * handle has ended (its fs is NULL; ext4_txn_end() is then harmless). */
int __must_check ext4_txn_extend(struct ext4_handle *handle, u32 credits);

/* Before the first change of a buffer. -ENOMEM. */
int __must_check ext4_txn_access(struct ext4_handle *handle, struct buffer *buffer);
/* The same for a block that gets all new contents: a referenced, zeroed, valid buffer. -ENOMEM,
 * -EIO */
int __must_check ext4_txn_create(struct ext4_handle *handle, u64 block, struct buffer **out);
/* After a change. owner: the inode that a directory or extent block belongs to. */
void ext4_txn_dirty(struct ext4_handle *handle, struct buffer *buffer, enum ext4_csum_kind kind,
		    const struct ext4_inode *owner);
void ext4_txn_dirty_bitmap(struct ext4_handle *handle, struct buffer *buffer,
			   enum ext4_csum_kind kind, u32 group);
/* The blocks were freed: no copy of theirs may reach the disk any more (a revoke, with a journal).
 */
void ext4_txn_forget(struct ext4_handle *handle, u64 block, u64 count);

/* The descriptor's copy in struct ext4_group changed; access is taken first. */
int __must_check ext4_txn_access_group(struct ext4_handle *handle, struct ext4_group *group);
void ext4_txn_dirty_group(struct ext4_handle *handle, struct ext4_group *group);
/* Fields of the inode are about to change or have changed: they reach the disk with this
 * transaction. Reads the inode's table block: -EIO, -ENOMEM. */
int __must_check ext4_txn_dirty_inode(struct ext4_handle *handle, struct ext4_inode *inode);
/* The inode leaves memory: what is pending is copied into the buffer now. */
void ext4_txn_flush_inode(struct ext4_handle *handle, struct ext4_inode *inode);
void ext4_txn_dirty_super(struct ext4_handle *handle);

/* File data in new blocks is being written / was (interrupt context is fine). begin: inside the
 * handle that maps the blocks. */
void ext4_txn_ordered_begin(struct ext4_fs *fs);
void ext4_txn_ordered_end(struct ext4_fs *fs);

/* Passes everything on to write-back; nothing is waited for except other handles and ordered data.
 */
void ext4_txn_commit(struct ext4_fs *fs);
/* Commit, write all metadata, flush the device. -EIO. */
int __must_check ext4_txn_sync(struct ext4_fs *fs);

#endif
