/*
 * Checkpoints: committed transactions leave the log when their buffers are in place. journal.h
 * tells the theory.
 */
#include "ext4/journal_int.h"
#include "lib/assert.h"
#include "lib/log.h"

#define BATCH 256u /* buffers whose writing is started together */

/* txn.lock held: the first transaction with something that is not in place. */
static struct ext4_transaction *oldest(struct ext4_journal *journal)
{
	struct ext4_transaction *transaction;

	list_for_each_entry(transaction, &journal->committed, node) {
		if (!list_empty(&transaction->checkpoint))
			return transaction;
	}
	return NULL;
}

/* txn.lock held. Lets go of the record; true: the caller frees it. */
static bool take_off(struct ext4_record *record)
{
	list_del(&record->checkpoint_node);
	record->checkpoint->checkpoint_count--;
	record->checkpoint = NULL;
	return ext4_record_detach(record);
}

u32 ext4_checkpoint_reap(struct ext4_journal *journal)
{
	const unsigned long busy = BIT(BUFFER_DIRTY) | BIT(BUFFER_IO);
	struct ext4_txn *txn = &journal->fs->txn;
	u64 failed = 0;
	u32 tid;

	for (;;) {
		spin_lock(&txn->lock);
		struct ext4_transaction *transaction = oldest(journal);
		struct ext4_record *record = NULL;
		bool gone = false;

		tid = transaction ? transaction->tid : txn->done + 1;
		if (transaction) {
			record = list_first_entry(&transaction->checkpoint, struct ext4_record,
						  checkpoint_node);
			unsigned long flags = atomic_load(&record->buffer->flags);

			if (flags & busy)
				record = NULL;
			else if (flags & BIT(BUFFER_WRITE_ERROR))
				failed = record->buffer->block;
			else
				gone = take_off(record);
		}
		spin_unlock(&txn->lock);
		if (gone)
			ext4_record_free(record);
		if (!record || failed)
			break;
	}
	if (failed) {
		log_err("%s: %s: block %llu could not be put in place", journal->fs->type_name,
			journal->fs->super->id, failed);
		ext4_journal_abort(journal->fs, -EIO);
	}
	return tid;
}

/* Where the log begins if the transactions before tid are taken off. */
static u32 start_of(struct ext4_journal *journal, u32 tid)
{
	struct ext4_txn *txn = &journal->fs->txn;
	struct ext4_transaction *transaction;

	spin_lock(&txn->lock);
	u32 start = journal->next_start;

	list_for_each_entry(transaction, &journal->committed, node) {
		if (transaction->tid == tid) {
			start = transaction->log_start;
			break;
		}
	}
	spin_unlock(&txn->lock);
	return start;
}

static void free_up_to(struct ext4_journal *journal, u32 tid)
{
	struct ext4_txn *txn = &journal->fs->txn;

	for (;;) {
		struct ext4_transaction *transaction = NULL;

		spin_lock(&txn->lock);
		if (!list_empty(&journal->committed))
			transaction =
			    list_first_entry(&journal->committed, struct ext4_transaction, node);
		if (transaction && ext4_tid_reached(transaction->tid, tid))
			transaction = NULL;
		if (transaction)
			list_del(&transaction->node);
		spin_unlock(&txn->lock);
		if (!transaction)
			return;
		VERIFY(list_empty(&transaction->checkpoint));
		atomic_fetch_add(&journal->free, transaction->log_blocks);
		ext4_transaction_free(transaction);
	}
}

int ext4_checkpoint_advance(struct ext4_journal *journal, u32 tid, bool flushed)
{
	struct ext4_log *log = &journal->log;
	int err = flushed ? 0 : ext4_fs_flush(journal->fs);

	if (ext4_tid_reached(journal->tail_tid, tid))
		return err;
	if (!err && atomic_load(&journal->error))
		err = -EIO;
	if (!err) {
		buffer_lock(log->super_buffer);
		log->raw->s_sequence = be32_make(tid);
		log->raw->s_start = be32_make(start_of(journal, tid));
		buffer_unlock(log->super_buffer);
		err = ext4_log_super_write(log);
	}
	if (err) {
		ext4_journal_abort(journal->fs, err);
		return err;
	}
	free_up_to(journal, tid);
	journal->tail_tid = tid;
	return 0;
}

/*
 * Takes up to BATCH buffers, referenced, of the oldest transactions that together hold `want`
 * blocks of the log: dirty ones that may be written. They and those that are passed over go to the
 * ends of their lists. *held: some were passed over because a newer transaction holds them.
 */
static u32 collect(struct ext4_journal *journal, u32 want, u32 *budget, struct buffer **batch,
		   bool *held)
{
	struct ext4_txn *txn = &journal->fs->txn;
	struct ext4_transaction *transaction;
	u32 n = 0, covered = 0;

	spin_lock(&txn->lock);
	list_for_each_entry(transaction, &journal->committed, node) {
		u32 left = transaction->checkpoint_count;

		while (left-- && n < BATCH && *budget && !list_empty(&transaction->checkpoint)) {
			struct ext4_record *record = list_first_entry(
			    &transaction->checkpoint, struct ext4_record, checkpoint_node);
			unsigned long flags = atomic_load(&record->buffer->flags);

			list_move_tail(&record->checkpoint_node, &transaction->checkpoint);
			--*budget;
			if (flags & BIT(BUFFER_PRIVATE_DIRTY)) {
				*held = true;
			} else if (flags & BIT(BUFFER_DIRTY)) {
				buffer_ref(record->buffer);
				batch[n++] = record->buffer;
			}
		}
		covered += transaction->log_blocks;
		if (covered >= want || n == BATCH || !*budget)
			break;
	}
	spin_unlock(&txn->lock);
	return n;
}

/* Starts to write what collect() finds, in rounds; wait: and waits for it. */
static int write_oldest(struct ext4_journal *journal, u32 want, bool wait, bool *held)
{
	struct buffer **batch = kmalloc(BATCH * sizeof(*batch), MM_NOFS);
	u32 budget = journal->size, n;
	int err = 0;

	if (!batch)
		return -ENOMEM;
	*held = false;
	while (!err && (n = collect(journal, want, &budget, batch, held))) {
		struct block_plug plug;

		block_plug_start(&plug);
		for (u32 i = 0; i < n; i++) {
			int write_err = buffer_write_start(batch[i]);

			err = err ? err : write_err;
		}
		block_plug_finish(&plug);
		for (u32 i = 0; i < n; i++) {
			if (wait) {
				buffer_lock(batch[i]);
				buffer_unlock(batch[i]);
			}
			buffer_put(batch[i]);
		}
		thread_yield_point();
	}
	kfree(batch);
	return err;
}

void ext4_checkpoint_start(struct ext4_journal *journal, u32 want)
{
	bool held;

	/* Out of memory: it is tried again when the log is fuller. */
	(void)write_oldest(journal, want, false, &held);
}

/* One attempt to free something. *commit: nothing was possible before another commit. */
static int free_some(struct ext4_journal *journal, u32 want, bool *commit)
{
	u32 tid = ext4_checkpoint_reap(journal);
	bool held = false;
	int err = 0;

	if (tid == journal->tail_tid) {
		err = ext4_insist(write_oldest(journal, want, true, &held));
		tid = ext4_checkpoint_reap(journal);
		*commit = tid == journal->tail_tid;
	}
	if (!err && !*commit)
		err = ext4_checkpoint_advance(journal, tid, false);
	return err;
}

int ext4_checkpoint_wait(struct ext4_journal *journal, u32 want)
{
	int err = 0;

	while (!err && atomic_load(&journal->free) < want) {
		bool commit = false;

		if (atomic_load(&journal->error))
			return -EIO;
		mutex_lock(&journal->checkpoint_mutex);
		if (atomic_load(&journal->free) < want)
			err = free_some(journal, want, &commit);
		mutex_unlock(&journal->checkpoint_mutex);
		if (!err && commit)
			err = ext4_txn_commit(journal->fs);
	}
	return err;
}

int ext4_journal_put_in_place(struct ext4_journal *journal)
{
	struct ext4_fs *fs = journal->fs;
	u32 tid = ext4_txn_tid(fs);
	int err = ext4_txn_commit_tid(fs, tid);

	for (bool left = true; !err && left;) {
		bool commit = false;

		mutex_lock(&journal->checkpoint_mutex);
		left = !ext4_tid_reached(journal->tail_tid, ext4_txn_tid(fs)) &&
		       !ext4_tid_reached(journal->tail_tid, tid + 1);
		if (left)
			err = free_some(journal, journal->size, &commit);
		mutex_unlock(&journal->checkpoint_mutex);
		if (!err && commit)
			err = ext4_txn_commit(fs);
		if (!err && atomic_load(&journal->error))
			err = -EIO;
	}
	return err;
}

int ext4_checkpoint_all(struct ext4_journal *journal)
{
	struct ext4_fs *fs = journal->fs;
	int err = ext4_txn_commit(fs);

	if (!err)
		err = ext4_insist(buffer_sync(fs->bdev));
	if (!err && ext4_checkpoint_reap(journal) != fs->txn.done + 1)
		err = -EIO;
	if (!err)
		err = ext4_fs_flush(fs);
	return err;
}

void ext4_checkpoint_drop(struct ext4_journal *journal)
{
	struct ext4_txn *txn = &journal->fs->txn;
	struct ext4_transaction *transaction, *next;

	list_for_each_entry_safe(transaction, next, &journal->committed, node) {
		while (!list_empty(&transaction->checkpoint)) {
			struct ext4_record *record = list_first_entry(
			    &transaction->checkpoint, struct ext4_record, checkpoint_node);

			spin_lock(&txn->lock);
			bool gone = take_off(record);
			spin_unlock(&txn->lock);
			if (gone)
				ext4_record_free(record);
		}
		list_del(&transaction->node);
		ext4_transaction_free(transaction);
	}
}
