/*
 * The journal: how transactions (txn.h) become atomic and durable. The format is jbd2's
 * (journal_disk.h), so that any Linux and e2fsck can replay what we leave, and we what they leave
 * (journal_recover.h).
 *
 * The life of a transaction. It runs: handles add buffers to it. A commit (ext4_journal_commit)
 * closes it and starts the next one; then it is "committing", one at a time. First the file data
 * that its new blocks hold is waited for. Then its revokes and copies of its buffers are written to
 * the log: the copy that was frozen when the next transaction first wanted to change the buffer, or
 * else one that is made now, so that nobody who wants to change a buffer waits for the disk (unless
 * there is no memory for the copy, and the buffer itself goes out). When all of this has completed,
 * the commit block goes out with PREFLUSH and FUA: the flush makes data and log durable before it,
 * FUA itself. This is the only place in which an ordinary commit waits for the disk's cache (and
 * for the volume's own just before, when the journal has a device to itself: journal_device.h). Now
 * the transaction is "committed": whoever waits for its number goes on, blocks that it freed may be
 * used again, and its buffers become dirty in the buffer cache.
 *
 * Checkpoints. A transaction must stay in the log until all its buffers are in place. They are
 * written by write-back when they get old, or sooner when the log fills up (half of it is the
 * sign) or when there are more of them than one transaction may have: the oldest first, in the
 * background, by whoever commits. The write-back thread is the one that commits, every few seconds
 * (commit=), when nobody waits for it. A buffer that a later transaction
 * has committed again belongs to that one only; one that the running transaction holds can't be
 * written before that commits. Transactions with nothing left are taken off at the old end of the
 * log when what they wrote is durable: either a commit's own flush came after it, or one is made
 * for it. Then the journal's superblock gets the new beginning, with FUA, and only after that the
 * room is used again. A clean end of use (ext4_journal_stop) empties the log so and says it in both
 * superblocks.
 *
 * Room. A handle announces how many buffers it may change, and begins only when the log has room
 * for the running transaction at its largest (a quarter of the log, descriptors and revokes
 * included); so a commit never runs out of room. A transaction that would grow beyond that is
 * committed by the one who wants to begin. Only when there is no room in the log somebody waits for
 * a checkpoint.
 *
 * Revokes. A freed block of metadata may come back as file data, which is not logged: an older copy
 * in the log must then not be replayed over it. So the freeing transaction carries a revoke record;
 * and because blocks are reused only after that transaction has committed, a copy that is newer
 * than the revoke can only be in a later transaction.
 *
 * Failure. An I/O error in the log, or one in place, aborts the journal: what runs and what was
 * being committed will never be in the log, buffers changed by them are never written, the number
 * of the error goes to s_errno, so that the next mount knows, handles get -EROFS, and who waits for
 * a commit gets -EIO. The log keeps what was committed and not yet in place.
 *
 * Locks: commit_mutex (txn) → gate; commit_mutex → checkpoint_mutex (only tried) ; txn.lock for
 * lists. The commit thread takes group locks only after it has let go of all buffers, because
 * holders of those may wait for buffers.
 */
#ifndef EXT4_JOURNAL_H
#define EXT4_JOURNAL_H

#include "lib/types.h"

struct ext4_fs;
struct ext4_journal;
struct ext4_transaction;

/* Opens the journal of a volume that becomes writable, whose log is empty (recovered): fs->journal.
 * From now on the volume needs recovery after a crash, which both superblocks say. */
int __must_check ext4_journal_start(struct ext4_fs *fs);
/* Everything in place, the log empty, and both superblocks say so: no handle may run or begin.
 * Frees the journal in any case; on error the volume needs recovery. */
int __must_check ext4_journal_stop(struct ext4_fs *fs);
/* The same for a journal that is used again after the thaw; the caller writes the superblock. */
int __must_check ext4_journal_freeze(struct ext4_fs *fs);
int __must_check ext4_journal_thaw(struct ext4_fs *fs);

/* The gate is held. Adds credits to the running transaction if it and the log have room. */
bool ext4_journal_reserve(struct ext4_journal *journal, struct ext4_transaction *running,
			  u32 credits);
/* Transaction tid had no room for so many credits: makes room, or waits. -EIO when aborted. */
int __must_check ext4_journal_wait_room(struct ext4_journal *journal, u32 tid, u32 credits);
/* The gate is closed: the transaction's room in the log is set aside. */
void ext4_journal_closing(struct ext4_journal *journal, struct ext4_transaction *transaction);
/* Commits what runs; commit_mutex is held. -EIO when aborted. */
int __must_check ext4_journal_commit(struct ext4_journal *journal);
/* Commits up to transaction tid, and makes file data durable that was written before the call. */
int __must_check ext4_journal_sync(struct ext4_journal *journal, u32 tid);
/* Everything up to now is in place, and no replay will write it again. No handle is open. */
int __must_check ext4_journal_put_in_place(struct ext4_journal *journal);
/* Lets go of what is in place; with `press`, starts to write the rest. For times of idleness or
 * lack of memory. */
void ext4_journal_tidy(struct ext4_journal *journal, bool press);
/* Nothing is logged any more; err: why. Harmless on a volume without a journal. */
void ext4_journal_abort(struct ext4_fs *fs, int err);

#endif
