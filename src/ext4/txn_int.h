/*
 * Transactions, inside: what txn*.c and the journal's files share. txn.h tells the theory.
 */
#ifndef EXT4_TXN_INT_H
#define EXT4_TXN_INT_H

#include "ext4/ext4_int.h"

/* Blocks that were freed, or whose copies in the log must not be replayed. */
struct ext4_freed {
	struct list_head node;
	u64 block;
	u32 count;
};

struct ext4_transaction {
	u32 tid;
	struct list_head buffers; /* ext4_slot.node; txn.lock */
	u32 buffer_count;         /* txn.lock, read freely; without those that were freed */
	u32 outstanding;          /* atomic: buffers that its handles may still add */
	struct list_head busy;    /* struct ext4_freed; txn.lock */
	struct list_head revoked; /* struct ext4_freed; txn.lock */
	u32 revoke_count;         /* txn.lock, read freely */
	/* once it is in the log */
	struct list_head checkpoint; /* ext4_record.checkpoint_node; txn.lock */
	struct list_head node;       /* ext4_journal.committed; txn.lock */
	u32 checkpoint_count;        /* txn.lock */
	u32 log_start, log_blocks;
};

/* What one transaction knows of a buffer. */
struct ext4_slot {
	struct ext4_transaction *transaction; /* NULL: nothing */
	struct list_head node;                /* ext4_transaction.buffers */
	enum ext4_csum_kind kind;
	u32 seed;   /* of the checksum; for bitmaps: the group */
	bool dirty; /* it was changed, and goes to the log */
	bool freed; /* the block was freed: it does not */
};

enum ext4_record_state {
	EXT4_RECORD_IDLE,
	EXT4_RECORD_LOGGING, /* being copied, or written to the log itself: must not change */
	EXT4_RECORD_LOGGED,  /* the committing transaction does not need it any more */
};

/* Hangs in buffer->fsdata. All under txn.lock, but for fields of the running slot, which belong to
 * whoever may change the buffer. */
struct ext4_record {
	struct buffer *buffer; /* referenced */
	struct ext4_slot slot[2];
	struct page *frozen; /* the contents that the committing transaction writes, if not the
				buffer's */
	enum ext4_record_state state;        /* of the committing transaction; atomic */
	struct ext4_transaction *checkpoint; /* the last in whose log it is, not yet in place */
	struct list_head checkpoint_node;
	bool permanent; /* stays although nobody needs it: the superblock's */
};

static inline struct ext4_slot *ext4_slot(struct ext4_record *record,
					  const struct ext4_transaction *transaction)
{
	return &record->slot[transaction->tid & 1];
}
static inline struct ext4_record *ext4_slot_record(struct ext4_slot *slot, u32 tid)
{
	return (struct ext4_record *)((char *)(slot - (tid & 1)) -
				      offsetof(struct ext4_record, slot));
}
/* Whether number a is b or comes after it: they wrap. */
static inline bool ext4_tid_reached(u32 a, u32 b)
{
	return (s32)(a - b) >= 0;
}

/* Nothing runs yet: the running transaction gets its number. */
void ext4_txn_start(struct ext4_fs *fs, u32 tid);
struct ext4_transaction *ext4_transaction_alloc(void);
void ext4_transaction_free(struct ext4_transaction *transaction);

/* ---- txn_record.c ---- */

void ext4_record_slab_init(void);
/* Refers to the buffer. NULL: no memory. */
struct ext4_record *ext4_record_alloc(struct buffer *buffer);
/* txn.lock held. Takes the transaction off the record. */
void ext4_record_leave(struct ext4_record *record, struct ext4_slot *slot);
/* txn.lock held. If nobody needs the record any more it is detached from its buffer: true, and the
 * caller passes it to ext4_record_free() without the lock. */
bool ext4_record_detach(struct ext4_record *record);
void ext4_record_free(struct ext4_record *record);
/* The transaction lets go of the buffer, and the record goes if nobody else needs it. */
void ext4_record_drop(struct ext4_fs *fs, struct ext4_record *record, struct ext4_slot *slot);
/* txn.lock held. The buffer belongs to the transaction too. */
void ext4_transaction_join(struct ext4_transaction *transaction, struct ext4_record *record);
/* change: the contents are about to change now, and not only when the transaction commits. -ENOMEM
 */
int __must_check ext4_txn_access_buffer(struct ext4_handle *handle, struct buffer *buffer,
					bool change);
/* Until no write of the buffer is in flight. */
void ext4_buffer_wait_stable(struct buffer *buffer);

/* ---- txn_freed.c ---- */

void ext4_freed_slab_init(void);
/* Frees what is on a list of struct ext4_freed. */
void ext4_freed_free(struct list_head *list);
/* Blocks that were freed (struct ext4_freed) may be used again. */
void ext4_txn_release_busy(struct ext4_fs *fs, struct list_head *busy);

/* ---- txn_close.c ---- */

/* Commit mutex held. Closes the gate, copies everything out, makes `fresh` the running transaction
 * and opens the gate. NULL if there is nothing to commit; fresh is then unused. */
struct ext4_transaction *ext4_txn_switch(struct ext4_fs *fs, struct ext4_transaction *fresh);

#endif
