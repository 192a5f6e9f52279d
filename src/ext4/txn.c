/* Transactions: their life, handles, and waiting for commits. txn.h tells the theory. */
#include "ext4/journal.h"
#include "ext4/txn_int.h"
#include "lib/assert.h"

/* Fewer unused blocks than this that no transaction holds back: the next handle commits first. */
#define LOW_BLOCKS   256
#define LOW_CLUSTERS 4 /* and these, when clusters are large */

/* ---- life ---- */

struct ext4_transaction *ext4_transaction_alloc(void)
{
	struct ext4_transaction *transaction = NULL;

	for (u32 tries = 0; !transaction && tries < EXT4_TRIES; tries++)
		transaction = kcalloc(1, sizeof(*transaction), MM_NOFS);
	if (!transaction)
		return NULL;
	list_init(&transaction->buffers);
	list_init(&transaction->busy);
	list_init(&transaction->revoked);
	list_init(&transaction->checkpoint);
	list_init(&transaction->node);
	return transaction;
}

void ext4_transaction_free(struct ext4_transaction *transaction)
{
	if (!transaction)
		return;
	ext4_freed_free(&transaction->busy);
	ext4_freed_free(&transaction->revoked);
	kfree(transaction);
}

int ext4_txn_init(struct ext4_fs *fs)
{
	struct ext4_txn *txn = &fs->txn;
	struct mm_stats stats;
	u64 bytes;

	ext4_record_slab_init();
	ext4_freed_slab_init();
	rwsem_init(&txn->gate, "ext4 transaction");
	mutex_init(&txn->commit_mutex, "ext4 commit");
	spin_init(&txn->lock, "ext4 transaction lists");
	list_init(&txn->inodes);
	list_init(&txn->groups);
	list_init(&txn->settling);
	wait_queue_init(&txn->wait, "ext4 transaction");
	txn->ordered[0].fs = txn->ordered[1].fs = fs;
	mm_stats_get(&stats);
	bytes = clamp((u64)stats.total * PAGE_SIZE / 16, 256u << 10, 32u << 20);
	txn->buffer_limit = (u32)(bytes / fs->block_size);
	txn->running = ext4_transaction_alloc();
	txn->spare = ext4_transaction_alloc();
	struct ext4_record *record = ext4_record_alloc(fs->super_buffer);

	if (!txn->running || !txn->spare || !record) {
		if (record)
			ext4_record_free(record);
		ext4_transaction_free(txn->running);
		ext4_transaction_free(txn->spare);
		txn->running = txn->spare = NULL;
		return -ENOMEM;
	}
	ext4_txn_start(fs, 1);
	record->permanent = true;
	fs->super_buffer->fsdata = record;
	return 0;
}

void ext4_txn_start(struct ext4_fs *fs, u32 tid)
{
	fs->txn.running->tid = tid;
	fs->txn.tid = tid;
	fs->txn.done = tid - 1;
}

/* What an aborted journal left in the running transaction is lost. */
void ext4_txn_destroy(struct ext4_fs *fs)
{
	struct ext4_transaction *transaction = fs->txn.running;

	if (!transaction)
		return;
	while (!list_empty(&transaction->buffers)) {
		struct ext4_slot *slot =
		    list_first_entry(&transaction->buffers, struct ext4_slot, node);
		struct ext4_record *record = ext4_slot_record(slot, transaction->tid);

		buffer_forget(fs->bdev, record->buffer->block, 1);
		ext4_record_drop(fs, record, slot);
	}
	struct ext4_record *record = fs->super_buffer->fsdata;

	record->permanent = false;
	if (ext4_record_detach(record))
		ext4_record_free(record);
	ext4_txn_release_busy(fs, &fs->txn.settling);
	ext4_txn_release_busy(fs, &transaction->busy);
	ext4_transaction_free(transaction);
	ext4_transaction_free(fs->txn.spare);
	fs->txn.running = fs->txn.spare = NULL;
}

/* ---- handles ---- */

static bool is_read_only(const struct ext4_fs *fs)
{
	return fs->txn.closed || atomic_load(&fs->aborted) ||
	       (atomic_load(&fs->super->flags) & SUPER_RDONLY);
}

static bool reserve(struct ext4_fs *fs, u32 credits)
{
	struct ext4_transaction *running = fs->txn.running;

	if (fs->journal)
		return ext4_journal_reserve(fs->journal, running, credits);
	if (atomic_load_relaxed(&running->buffer_count) > fs->txn.buffer_limit)
		return false;
	atomic_fetch_add(&running->outstanding, credits);
	return true;
}

/* So little room is left that what transactions hold back counts. */
static bool is_short_of_blocks(const struct ext4_fs *fs)
{
	s64 busy = atomic_load_relaxed(&fs->busy_clusters);

	return busy && atomic_load_relaxed(&fs->free_clusters) - busy <
			   max(LOW_BLOCKS >> fs->cluster_bits, LOW_CLUSTERS);
}

int ext4_txn_begin(struct ext4_fs *fs, u32 credits, struct ext4_handle *handle)
{
	int err = 0;

	*handle = (struct ext4_handle){NULL};
	credits += fs->quota_credits;
	if (unlikely(is_short_of_blocks(fs)) && !fs->txn.held)
		err = ext4_txn_release(fs);
	while (!err) {
		rwsem_read_lock(&fs->txn.gate);
		if (unlikely(atomic_load(&fs->frozen) == EXT4_FROZEN)) {
			rwsem_read_unlock(&fs->txn.gate);
			ext4_wait_transactions(fs);
			continue;
		}
		if (is_read_only(fs)) {
			rwsem_read_unlock(&fs->txn.gate);
			return -EROFS;
		}
		if (reserve(fs, credits)) {
			handle->fs = fs;
			handle->transaction = fs->txn.running;
			handle->credits = credits;
			return 0;
		}
		u32 tid = fs->txn.running->tid;

		rwsem_read_unlock(&fs->txn.gate);
		if (fs->journal)
			err = ext4_journal_wait_room(fs->journal, tid, credits);
		else
			err = ext4_txn_commit_tid(fs, tid);
	}
	return atomic_load(&fs->aborted) ? -EROFS : err;
}

void ext4_txn_begin_forced(struct ext4_fs *fs, struct ext4_handle *handle)
{
	rwsem_read_lock(&fs->txn.gate);
	*handle = (struct ext4_handle){.fs = fs, .transaction = fs->txn.running};
}

void ext4_txn_end(struct ext4_handle *handle)
{
	if (!handle->fs)
		return;
	if (handle->credits)
		atomic_fetch_sub(&handle->transaction->outstanding, handle->credits);
	rwsem_read_unlock(&handle->fs->txn.gate);
	*handle = (struct ext4_handle){NULL};
}

int ext4_txn_extend(struct ext4_handle *handle, u32 credits)
{
	struct ext4_fs *fs = handle->fs;

	if (reserve(fs, credits)) {
		handle->credits += credits;
		return 0;
	}
	ext4_txn_end(handle);
	return ext4_txn_begin(fs, credits, handle);
}

void ext4_txn_close(struct ext4_fs *fs)
{
	rwsem_write_lock(&fs->txn.gate);
	fs->txn.closed = true;
	rwsem_write_unlock(&fs->txn.gate);
}

void ext4_txn_open(struct ext4_fs *fs)
{
	rwsem_write_lock(&fs->txn.gate);
	fs->txn.closed = false;
	rwsem_write_unlock(&fs->txn.gate);
}

u32 ext4_txn_tid(struct ext4_fs *fs)
{
	return atomic_load(&fs->txn.tid);
}

/* ---- ordered data ---- */

struct ext4_ordered *ext4_txn_ordered_begin(struct ext4_handle *handle)
{
	struct ext4_ordered *ordered = &handle->fs->txn.ordered[handle->transaction->tid & 1];

	atomic_fetch_add(&ordered->ios, 1);
	return ordered;
}

void ext4_txn_ordered_end(struct ext4_ordered *ordered)
{
	struct ext4_fs *fs = ordered->fs;

	if (atomic_sub_fetch(&ordered->ios, 1) == 0)
		wake_all(&fs->txn.wait);
}

/* ---- commit ---- */

/* commit_mutex held. */
static int commit_locked(struct ext4_fs *fs)
{
	struct ext4_txn *txn = &fs->txn;

	if (txn->held)
		return -EBUSY;
	if (fs->journal)
		return ext4_journal_commit(fs->journal);
	struct ext4_transaction *closed = ext4_txn_switch(fs, txn->spare);

	if (closed) {
		closed->buffer_count = 0;
		list_splice_tail(&closed->busy, &txn->settling);
		txn->spare = closed;
		atomic_store(&txn->done, closed->tid);
	}
	return 0;
}

int ext4_txn_commit(struct ext4_fs *fs)
{
	mutex_lock(&fs->txn.commit_mutex);
	int err = commit_locked(fs);
	mutex_unlock(&fs->txn.commit_mutex);
	return err;
}

int ext4_txn_commit_tid(struct ext4_fs *fs, u32 tid)
{
	int err = 0;

	if (ext4_tid_reached(atomic_load(&fs->txn.done), tid))
		return 0;
	mutex_lock(&fs->txn.commit_mutex);
	if (!ext4_tid_reached(atomic_load(&fs->txn.done), tid)) /* nobody's commit took it along */
		err = commit_locked(fs);
	mutex_unlock(&fs->txn.commit_mutex);
	return err;
}

/* Without a journal. What the transactions that are closed now have freed is free on the disk too
 * after this. */
static int settle(struct ext4_fs *fs)
{
	struct ext4_txn *txn = &fs->txn;
	LIST_HEAD(freed);

	atomic_fetch_add(&txn->settlers, 1);
	mutex_lock(&txn->commit_mutex);
	int err = commit_locked(fs);

	list_splice_tail(&txn->settling, &freed);
	mutex_unlock(&txn->commit_mutex);
	int sync_err = buffer_sync(fs->bdev);

	wait_event(&txn->wait, !atomic_load(&txn->first_writes));
	int flush_err = ext4_fs_flush(fs);

	atomic_fetch_sub(&txn->settlers, 1);
	err = err ? err : sync_err;
	if (!err && atomic_xchg(&txn->first_failed, false))
		err = -EIO;
	if (err == -EIO)
		ext4_error(fs, 0, 0, "writing metadata failed");
	err = err ? err : flush_err;
	if (!err) {
		ext4_txn_release_busy(fs, &freed);
		return 0;
	}
	mutex_lock(&txn->commit_mutex);
	list_splice_tail(&freed, &txn->settling);
	mutex_unlock(&txn->commit_mutex);
	return err;
}

int ext4_txn_sync(struct ext4_fs *fs)
{
	return fs->journal ? ext4_journal_sync(fs->journal, fs->txn.tid) : settle(fs);
}

int ext4_txn_release(struct ext4_fs *fs)
{
	return fs->journal ? ext4_txn_commit(fs) : settle(fs);
}
