/*
 * The journal, inside. journal.h tells the theory.
 */
#ifndef EXT4_JOURNAL_INT_H
#define EXT4_JOURNAL_INT_H

#include "ext4/journal.h"
#include "ext4/journal_log.h"
#include "ext4/txn_int.h"

/* Where a block for the log lies in memory. */
struct ext4_image {
	struct ext4_record *record;
	struct page *page;
	u32 offset;
	bool escaped;
	u64 block; /* where it goes when replayed */
};

struct ext4_journal {
	struct ext4_fs *fs;
	struct ext4_log log;
	u32 size;                              /* [c] blocks of the ring */
	u32 max_transaction;                   /* [c] of them, for one transaction */
	u32 tags_per_block, revokes_per_block; /* [c] */
	struct ext4_image *batch;              /* commit_mutex: what one descriptor describes */
	u32 head;                              /* commit_mutex: the next block of the ring */
	u32 free;                        /* atomic: blocks that are neither used nor set aside */
	u32 reserved;                    /* commit_mutex: set aside for the committing one */
	u64 flushes_begun, flushes_done; /* atomic: of commit blocks */
	struct list_head committed;      /* txn.lock: ext4_transaction.node, oldest first */
	u32 next_start;                  /* txn.lock: where what follows them in the log begins */
	struct mutex checkpoint_mutex;   /* the log's old end */
	u32 tail_tid;                    /* checkpoint_mutex: as the superblock on disk says */
	int error;                       /* atomic: why it was aborted */
};

/* The blocks that a transaction of so many buffers and revokes takes in the log. */
static inline u32 ext4_journal_blocks(const struct ext4_journal *journal, u32 buffers, u32 revokes)
{
	return buffers + DIV_ROUND_UP(buffers, journal->tags_per_block) +
	       DIV_ROUND_UP(revokes, journal->revokes_per_block) + 1;
}

/* ---- journal_checkpoint.c ---- */

/* Takes committed transactions whose buffers are all in place off the list of what must be kept;
 * returns the number of the first that is left (the next one's, if none). */
u32 ext4_checkpoint_reap(struct ext4_journal *journal);
/* Frees the log up to transaction tid, which reap returned; flushed: what it found in place is
 * durable. checkpoint_mutex held. */
int __must_check ext4_checkpoint_advance(struct ext4_journal *journal, u32 tid, bool flushed);
/* Starts to write buffers of the oldest transactions until `want` blocks could become free. */
void ext4_checkpoint_start(struct ext4_journal *journal, u32 want);
/* Waits until `want` blocks of the log are free. */
int __must_check ext4_checkpoint_wait(struct ext4_journal *journal, u32 want);
/* All in place. */
int __must_check ext4_checkpoint_all(struct ext4_journal *journal);
/* Drops everything: for the end of an aborted journal. */
void ext4_checkpoint_drop(struct ext4_journal *journal);

#endif
