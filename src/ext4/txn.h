/*
 * Transactions: the only way in which metadata changes.
 *
 * An operation opens a handle, takes write access to each buffer before it touches it, says "dirty"
 * after, and ends the handle. All handles that run at the same time belong to one running
 * transaction, which holds the changed buffers back from write-back (BUFFER_PRIVATE_DIRTY), and
 * besides them lists of changed inodes and group descriptors, which are copied into their buffers
 * only once per transaction.
 *
 * A commit closes the gate for new handles, waits for those that run, copies inodes, descriptors
 * and the superblock into their buffers, makes a new transaction the running one, and opens the
 * gate again. What follows happens while the next transaction runs already: it waits for file data
 * that the transaction's new blocks belong to (so that no crash can expose what was on the disk
 * before), computes each checksum once, and writes the log (journal.h). Without a journal the
 * checksums are computed and the buffers passed on to write-back before the gate opens: a commit is
 * then a point at which everything on its way to the disk is consistent, but it is not atomic.
 *
 * Two transactions may know of one buffer: the running one and the one being committed. What the
 * struct ext4_record that hangs in buffer->fsdata knows is therefore there twice, in slots chosen
 * by the last bit of the transaction's number. Whoever takes write access to a buffer whose
 * contents the committing transaction still needs gives it a copy ("frozen"); the commit makes one
 * of each buffer that has none before it writes the log, so that changes of a buffer wait only
 * while it is being copied. Buffers that only commits change (inode tables, descriptors, the
 * superblock) never need to be waited for.
 *
 * Blocks that a transaction frees are not allocated again before it has committed: a crash that
 * brings the old owner back must find its contents. Without a journal they wait until a sync (or a
 * round of write-back, or lack of room) has made durable what the transaction changed.
 *
 * Order: inode->rwsem, page lock, handle (the gate), ext4_inode.map_lock, ext4_group.lock, lists.
 * A thread has at most one handle: whatever may start one by itself (inode_put(), allocation
 * without MM_NOFS) must not be called inside a handle. commit_mutex is taken before the gate.
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

struct ext4_transaction;

struct ext4_handle {
	struct ext4_fs *fs;
	struct ext4_transaction *transaction;
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
	EXT4_CSUM_ORPHAN,
};

/* File data on its way that the commit of a transaction waits for. */
struct ext4_ordered {
	struct ext4_fs *fs;
	u32 ios; /* atomic */
};

struct ext4_txn {
	struct rwsem gate;         /* handles: reading; whoever changes `running`: writing */
	struct mutex commit_mutex; /* one commit at a time */
	struct spinlock lock;      /* the lists, all records */
	struct ext4_transaction *running;
	struct ext4_transaction *spare;  /* commit_mutex: the next one */
	u32 tid;                         /* atomic: running's */
	struct list_head inodes, groups; /* changed in the running transaction */
	u32 buffer_limit;   /* buffers that a transaction may hold, for memory's sake */
	bool super_changed; /* atomic: counts or orphans */
	bool closed;        /* no handles are given out: read-only */
	bool held;          /* no commit: what needs one gets -EBUSY */
	bool overdrawn;     /* somebody needed more credits than it had; said once */
	u32 done;           /* atomic: the last transaction that was committed */
	/* Without a journal, all atomic: syncs under way, for which buffers that they want on the
	 * disk are written before they change again; such writes; whether one failed. */
	u32 settlers, first_writes;
	bool first_failed;
	struct list_head settling; /* commit_mutex: without a journal: freed, not yet on disk */
	struct ext4_ordered ordered[2]; /* by the last bit of the transaction's number */
	struct wait_queue wait;         /* ordered data, frozen and logged buffers */
};

/* -ENOMEM */
int __must_check ext4_txn_init(struct ext4_fs *fs);
void ext4_txn_destroy(struct ext4_fs *fs);

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
/* The same with the checksum's seed; the owner is not in memory. */
void ext4_txn_dirty_seeded(struct ext4_handle *handle, struct buffer *buffer,
			   enum ext4_csum_kind kind, u32 seed);
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

/* Clusters [start, start + count) of the group, whose lock is held, will be cleared in its bitmap:
 * they stay unused until the handle's transaction has committed. To be called first. -ENOMEM. */
int __must_check ext4_txn_busy(struct ext4_handle *handle, struct ext4_group *group,
			       const void *bitmap, u32 start, u32 count);

/* File data in new blocks is being written / was (interrupt context is fine). begin: inside the
 * handle that maps the blocks. */
struct ext4_ordered *ext4_txn_ordered_begin(struct ext4_handle *handle);
void ext4_txn_ordered_end(struct ext4_ordered *ordered);

/* The running transaction's number, to be waited for later. Numbers wrap. */
u32 ext4_txn_tid(struct ext4_fs *fs);
/* Commits what runs and waits for it. With a journal everything is then durable; -EIO if it could
 * not be. Without, it is on its way. */
int ext4_txn_commit(struct ext4_fs *fs);
/* Waits until transaction tid has committed; commits it if it runs still. */
int __must_check ext4_txn_commit_tid(struct ext4_fs *fs, u32 tid);
/* What is done up to now is durable, file data included that has been written. -EIO. */
int __must_check ext4_txn_sync(struct ext4_fs *fs);
/* Makes usable what was freed up to now. No handle is open. */
int __must_check ext4_txn_release(struct ext4_fs *fs);
/* No handle begins any more (-EROFS), and none runs. / They do again. */
void ext4_txn_close(struct ext4_fs *fs);
void ext4_txn_open(struct ext4_fs *fs);

#endif
