/* Transaction handles, and the back end without a journal. txn.h tells the theory. */
#include "ext4/journal.h"
#include "ext4/txn_int.h"
#include "lib/assert.h"
#include "lib/bitmap.h"
#include "lib/log.h"
#include "lib/string.h"

/* Fewer unused blocks than this that no transaction holds back: the next handle commits first. */
#define LOW_BLOCKS 256

static struct slab_cache *record_slab, *freed_slab;

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

static void free_ranges(struct list_head *list)
{
	struct ext4_freed *freed, *next;

	list_for_each_entry_safe(freed, next, list, node) {
		list_del(&freed->node);
		slab_free(freed_slab, freed);
	}
}

void ext4_transaction_free(struct ext4_transaction *transaction)
{
	if (!transaction)
		return;
	free_ranges(&transaction->busy);
	free_ranges(&transaction->revoked);
	kfree(transaction);
}

static struct ext4_record *record_alloc(struct buffer *buffer)
{
	struct ext4_record *record = slab_alloc(record_slab, MM_NOFS);

	if (!record)
		return NULL;
	*record = (struct ext4_record){.buffer = buffer};
	list_init(&record->slot[0].node);
	list_init(&record->slot[1].node);
	list_init(&record->checkpoint_node);
	return record;
}

int ext4_txn_init(struct ext4_fs *fs)
{
	struct ext4_txn *txn = &fs->txn;
	struct mm_stats stats;
	u64 bytes;

	if (!record_slab) {
		record_slab = slab_cache_create("ext4_txn", sizeof(struct ext4_record), 8);
		freed_slab = slab_cache_create("ext4_freed", sizeof(struct ext4_freed), 8);
	}
	rwsem_init(&txn->gate, "ext4 transaction");
	mutex_init(&txn->commit_mutex, "ext4 commit");
	spin_init(&txn->lock, "ext4 transaction lists");
	list_init(&txn->inodes);
	list_init(&txn->groups);
	wait_queue_init(&txn->wait, "ext4 transaction");
	txn->ordered[0].fs = txn->ordered[1].fs = fs;
	mm_stats_get(&stats);
	bytes = clamp((u64)stats.total * PAGE_SIZE / 16, 256u << 10, 32u << 20);
	txn->buffer_limit = (u32)(bytes / fs->block_size);
	txn->running = ext4_transaction_alloc();
	txn->spare = ext4_transaction_alloc();
	struct ext4_record *record = record_alloc(fs->super_buffer);

	if (!txn->running || !txn->spare || !record) {
		if (record)
			slab_free(record_slab, record);
		ext4_transaction_free(txn->running);
		ext4_transaction_free(txn->spare);
		txn->running = txn->spare = NULL;
		return -ENOMEM;
	}
	ext4_txn_start(fs, 1);
	buffer_ref(fs->super_buffer);
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

void ext4_record_leave(struct ext4_record *record, struct ext4_slot *slot)
{
	list_del(&slot->node);
	slot->transaction = NULL;
	slot->dirty = slot->freed = false;
	atomic_store(&record->buffer->fs_stamp, 0ull);
	if (!record->slot[0].transaction && !record->slot[1].transaction)
		buffer_flag_clear(record->buffer, BUFFER_PRIVATE_DIRTY);
}

bool ext4_record_detach(struct ext4_record *record)
{
	if (record->permanent || record->slot[0].transaction || record->slot[1].transaction ||
	    record->checkpoint)
		return false;
	record->buffer->fsdata = NULL;
	return true;
}

void ext4_record_free(struct ext4_record *record)
{
	if (record->frozen)
		page_put(record->frozen);
	buffer_put(record->buffer);
	slab_free(record_slab, record);
}

/* The transaction lets go of the buffer, and the record goes if nobody else needs it. */
static void record_drop(struct ext4_fs *fs, struct ext4_record *record, struct ext4_slot *slot)
{
	spin_lock(&fs->txn.lock);
	ext4_record_leave(record, slot);
	bool gone = ext4_record_detach(record);
	spin_unlock(&fs->txn.lock);
	if (gone)
		ext4_record_free(record);
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
		record_drop(fs, record, slot);
	}
	struct ext4_record *record = fs->super_buffer->fsdata;

	record->permanent = false;
	if (ext4_record_detach(record))
		ext4_record_free(record);
	ext4_txn_release_busy(fs, transaction);
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
	s64 busy = atomic_load_relaxed(&fs->busy_blocks);

	return busy && atomic_load_relaxed(&fs->free_blocks) - busy < LOW_BLOCKS;
}

int ext4_txn_begin(struct ext4_fs *fs, u32 credits, struct ext4_handle *handle)
{
	int err = 0;

	*handle = (struct ext4_handle){NULL};
	if (unlikely(is_short_of_blocks(fs)))
		err = ext4_txn_commit(fs);
	while (!err) {
		rwsem_read_lock(&fs->txn.gate);
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

/* ---- buffers ---- */

static void wait_stable(struct buffer *buffer)
{
	if (!buffer_flag_test(buffer, BUFFER_IO))
		return;
	buffer_lock(buffer);
	buffer_unlock(buffer);
}

static u64 stamp_of(const struct ext4_transaction *transaction)
{
	return 1ull << 32 | transaction->tid;
}

/* txn->lock held. */
static void join(struct ext4_transaction *transaction, struct ext4_record *record)
{
	struct ext4_slot *slot = ext4_slot(record, transaction);

	slot->transaction = transaction;
	list_add_tail(&slot->node, &transaction->buffers);
	transaction->buffer_count++;
	buffer_flag_set(record->buffer, BUFFER_PRIVATE_DIRTY);
}

/* txn->lock held. The handle's transaction holds one buffer more. */
static void spend_credit(struct ext4_handle *handle)
{
	if (handle->credits) {
		handle->credits--;
		atomic_fetch_sub(&handle->transaction->outstanding, 1);
	} else if (!handle->fs->txn.overdrawn) {
		handle->fs->txn.overdrawn = true;
		log_warn("%s: %s: an operation changed more blocks than it had announced",
			 handle->fs->type_name, handle->fs->super->id);
	}
}

/* txn->lock held. Whether the committing transaction still needs the buffer's contents. */
static bool is_needed(struct ext4_record *record, const struct ext4_transaction *running)
{
	const struct ext4_slot *other = &record->slot[(running->tid & 1) ^ 1];

	return other->transaction && other->dirty && !other->freed && !record->frozen &&
	       record->state != EXT4_RECORD_LOGGED;
}

static bool is_needed_locked(struct ext4_txn *txn, struct ext4_record *record)
{
	spin_lock(&txn->lock);
	bool needed = is_needed(record, txn->running);
	spin_unlock(&txn->lock);
	return needed;
}

/* txn->lock held. The committing transaction gets the copy. Its checksum will lie in there, so the
 * buffer needs one of its own from the running transaction. */
static void freeze(struct ext4_record *record, struct ext4_transaction *running, struct page *copy)
{
	struct ext4_slot *slot = ext4_slot(record, running);
	const struct ext4_slot *other = &record->slot[(running->tid & 1) ^ 1];

	memcpy(page_address(copy), record->buffer->data, record->buffer->size);
	record->frozen = copy;
	if (!slot->dirty) {
		slot->dirty = true;
		slot->kind = other->kind;
		slot->seed = other->seed;
	}
}

enum access_step { ACCESS_DONE, ACCESS_RECORD, ACCESS_COPY, ACCESS_WAIT };

/* One step under txn->lock; takes what it needs of *fresh and *copy, or says what is missing. */
static enum access_step access_step(struct ext4_handle *handle, struct buffer *buffer, bool change,
				    struct ext4_record **fresh, struct page **copy)
{
	struct ext4_transaction *running = handle->transaction;
	struct ext4_record *record = buffer->fsdata;

	if (!record) {
		if (!*fresh)
			return ACCESS_RECORD;
		record = *fresh;
		*fresh = NULL;
		buffer_ref(buffer);
		atomic_store(&buffer->fsdata, (void *)record);
	}
	struct ext4_slot *slot = ext4_slot(record, running);

	if (!slot->transaction) {
		join(running, record);
		spend_credit(handle);
	} else if (slot->freed) { /* only a damaged volume uses a block that it has freed */
		slot->freed = false;
		running->buffer_count++;
	}
	if (!change)
		return ACCESS_DONE;
	if (is_needed(record, running)) {
		if (record->state == EXT4_RECORD_LOGGING)
			return ACCESS_WAIT;
		if (!*copy)
			return ACCESS_COPY;
		freeze(record, running, *copy);
		*copy = NULL;
	}
	atomic_store(&buffer->fs_stamp, stamp_of(running));
	return ACCESS_DONE;
}

/* change: the contents are about to change now, and not only when the transaction commits. */
static int access_buffer(struct ext4_handle *handle, struct buffer *buffer, bool change)
{
	struct ext4_txn *txn = &handle->fs->txn;
	struct ext4_record *fresh = NULL;
	struct page *copy = NULL;
	enum access_step step;
	int err = 0;

	if (atomic_load(&buffer->fs_stamp) == stamp_of(handle->transaction))
		return 0;
	do {
		spin_lock(&txn->lock);
		step = access_step(handle, buffer, change, &fresh, &copy);
		spin_unlock(&txn->lock);
		struct ext4_record *record = buffer->fsdata; /* joined: it stays */

		if (step == ACCESS_RECORD) {
			fresh = record_alloc(buffer);
			if (!fresh)
				err = -ENOMEM;
		} else if (step == ACCESS_COPY) {
			copy = page_alloc(0, MM_NOFS);
			if (!copy) /* then it takes longer */
				wait_event(&txn->wait, !is_needed_locked(txn, record));
		} else if (step == ACCESS_WAIT) {
			wait_event(&txn->wait, atomic_load(&record->state) != EXT4_RECORD_LOGGING);
		}
	} while (!err && step != ACCESS_DONE);
	if (fresh)
		slab_free(record_slab, fresh);
	if (copy)
		page_put(copy);
	if (!err)
		wait_stable(buffer);
	return err;
}

int ext4_txn_access(struct ext4_handle *handle, struct buffer *buffer)
{
	return access_buffer(handle, buffer, true);
}

int ext4_txn_create(struct ext4_handle *handle, u64 block, struct buffer **out)
{
	struct buffer *buffer;
	int err = buffer_get(handle->fs->bdev, block, &buffer);

	if (!err) {
		err = ext4_txn_access(handle, buffer);
		if (err) {
			buffer_put(buffer);
			buffer = NULL;
		}
	}
	*out = buffer;
	if (err)
		return err;
	memset(buffer->data, 0, buffer->size);
	ext4_buffer_unchecked(buffer);
	buffer_flag_set(buffer, BUFFER_VALID);
	return 0;
}

static void dirty(struct ext4_handle *handle, struct buffer *buffer, enum ext4_csum_kind kind,
		  u32 seed)
{
	struct ext4_record *record = buffer->fsdata;

	VERIFY(record != NULL);
	struct ext4_slot *slot = ext4_slot(record, handle->transaction);

	VERIFY(slot->transaction == handle->transaction);
	slot->kind = kind;
	slot->seed = seed;
	slot->dirty = true;
}

void ext4_txn_dirty(struct ext4_handle *handle, struct buffer *buffer, enum ext4_csum_kind kind,
		    const struct ext4_inode *owner)
{
	dirty(handle, buffer, kind, owner ? owner->csum_seed : 0);
}

void ext4_txn_dirty_bitmap(struct ext4_handle *handle, struct buffer *buffer,
			   enum ext4_csum_kind kind, u32 group)
{
	dirty(handle, buffer, kind, group);
}

/* ---- freed blocks ---- */

/* txn->lock held. Adds a range to the list, joining it with the last one. */
static void add_range(struct list_head *list, struct ext4_freed **fresh, u64 block, u32 count)
{
	if (!list_empty(list)) {
		struct ext4_freed *last = list_last_entry(list, struct ext4_freed, node);

		if (last->count < U32_MAX / 2 && last->block + last->count == block) {
			last->count += count;
			return;
		}
		if (last->count < U32_MAX / 2 && block + count == last->block) {
			last->block = block;
			last->count += count;
			return;
		}
	}
	**fresh = (struct ext4_freed){.block = block, .count = count};
	list_add_tail(&(*fresh)->node, list);
	*fresh = NULL;
}

static int revoke(struct ext4_handle *handle, u64 block, u32 count)
{
	struct ext4_txn *txn = &handle->fs->txn;
	struct ext4_freed *fresh = slab_alloc(freed_slab, MM_NOFS);

	if (!fresh)
		return -ENOMEM;
	spin_lock(&txn->lock);
	add_range(&handle->transaction->revoked, &fresh, block, count);
	handle->transaction->revoke_count += count;
	spin_unlock(&txn->lock);
	if (fresh)
		slab_free(freed_slab, fresh);
	return 0;
}

/* Without a journal the transaction forgets a freed block at once; with one the block's older
 * contents are needed until the transaction has committed. */
static void forget_buffer(struct ext4_handle *handle, struct buffer *buffer)
{
	struct ext4_txn *txn = &handle->fs->txn;
	struct ext4_transaction *running = handle->transaction;
	bool gone = false;

	spin_lock(&txn->lock);
	struct ext4_record *record = buffer->fsdata;

	if (record) {
		struct ext4_slot *slot = ext4_slot(record, running);

		if (!slot->transaction)
			join(running, record);
		if (!slot->freed)
			running->buffer_count--;
		slot->freed = true;
		atomic_store(&buffer->fs_stamp, 0ull);
		if (!handle->fs->journal) {
			ext4_record_leave(record, slot);
			gone = ext4_record_detach(record);
		}
	}
	spin_unlock(&txn->lock);
	if (gone)
		ext4_record_free(record);
	ext4_buffer_unchecked(buffer);
}

void ext4_txn_forget(struct ext4_handle *handle, u64 block, u64 count)
{
	struct ext4_fs *fs = handle->fs;

	for (u64 at = block; at < block + count; at++) {
		struct buffer *buffer = buffer_lookup(fs->bdev, at);

		if (!buffer)
			continue;
		forget_buffer(handle, buffer);
		buffer_put(buffer);
	}
	if (!fs->journal)
		buffer_forget(fs->bdev, block, count);
	else if (ext4_insist(revoke(handle, block, (u32)count)))
		ext4_journal_abort(fs, -ENOMEM);
}

int ext4_txn_busy(struct ext4_handle *handle, struct ext4_group *group, const void *bitmap,
		  u32 start, u32 count)
{
	struct ext4_fs *fs = handle->fs;

	if (!fs->journal)
		return 0;
	struct ext4_freed *fresh = slab_alloc(freed_slab, MM_NOFS);
	void *taken = group->taken ? NULL : kmalloc(fs->block_size, MM_NOFS);

	if (!fresh || (!group->taken && !taken)) {
		if (fresh)
			slab_free(freed_slab, fresh);
		kfree(taken);
		return -ENOMEM;
	}
	if (taken) {
		memcpy(taken, bitmap, fs->block_size);
		group->taken = taken;
	}
	group->busy_blocks += count;
	atomic_fetch_add(&fs->busy_blocks, (s64)count);
	spin_lock(&fs->txn.lock);
	add_range(&handle->transaction->busy, &fresh, ext4_group_first(fs, group->number) + start,
		  count);
	spin_unlock(&fs->txn.lock);
	if (fresh)
		slab_free(freed_slab, fresh);
	return 0;
}

static void release_in_group(struct ext4_fs *fs, struct ext4_group *group, u32 start, u32 count)
{
	mutex_lock(&group->lock);
	bitmap_clear_range(group->taken, start, count);
	group->busy_blocks -= count;
	if (!group->busy_blocks) {
		kfree(group->taken);
		group->taken = NULL;
	}
	if (group->largest < fs->blocks_per_group)
		group->largest = group->largest * 2 + count;
	atomic_fetch_sub(&fs->busy_blocks, (s64)count);
	mutex_unlock(&group->lock);
}

void ext4_txn_release_busy(struct ext4_fs *fs, struct ext4_transaction *transaction)
{
	struct ext4_freed *freed;

	list_for_each_entry(freed, &transaction->busy, node) {
		u64 block = freed->block;

		for (u32 left = freed->count, n; left; left -= n, block += n) {
			struct ext4_group *group = ext4_group(fs, ext4_block_group(fs, block));
			u32 start = (u32)(block - ext4_group_first(fs, group->number));

			n = min(left, ext4_group_blocks(fs, group->number) - start);
			release_in_group(fs, group, start, n);
		}
	}
	free_ranges(&transaction->busy);
}

/* ---- descriptors, inodes, the superblock ---- */

int ext4_txn_access_group(struct ext4_handle *handle, struct ext4_group *group)
{
	struct ext4_desc_raw *raw;

	return access_buffer(handle, ext4_group_desc_buffer(handle->fs, group->number, &raw),
			     false);
}

void ext4_txn_dirty_group(struct ext4_handle *handle, struct ext4_group *group)
{
	struct ext4_txn *txn = &handle->fs->txn;
	struct ext4_desc_raw *raw;

	ext4_txn_dirty(handle, ext4_group_desc_buffer(handle->fs, group->number, &raw),
		       EXT4_CSUM_NONE, NULL);
	if (list_is_linked(&group->dirty_node))
		return; /* the group's lock is held: only commit takes it off */
	spin_lock(&txn->lock);
	list_add_tail(&group->dirty_node, &txn->groups);
	spin_unlock(&txn->lock);
}

int ext4_txn_dirty_inode(struct ext4_handle *handle, struct ext4_inode *inode)
{
	struct ext4_txn *txn = &handle->fs->txn;
	struct buffer *table;

	atomic_store(&inode->sync_tid, handle->transaction->tid);
	atomic_store(&inode->datasync_tid, handle->transaction->tid);
	if (list_is_linked(&inode->dirty_node)) /* commit can't take it off now */
		return 0;
	int err = ext4_inode_table_read(handle->fs, ext4_ino(inode), &table);
	if (err)
		return err;
	err = access_buffer(handle, table, false);
	if (err) {
		buffer_put(table);
		return err;
	}
	ext4_txn_dirty(handle, table, EXT4_CSUM_NONE, NULL);
	spin_lock(&txn->lock);
	if (!list_is_linked(&inode->dirty_node)) {
		list_add_tail(&inode->dirty_node, &txn->inodes);
		inode->table = table;
		table = NULL;
	}
	spin_unlock(&txn->lock);
	buffer_put(table);
	return 0;
}

void ext4_txn_flush_inode(struct ext4_handle *handle, struct ext4_inode *inode)
{
	struct ext4_txn *txn = &handle->fs->txn;
	struct buffer *table = NULL;

	spin_lock(&txn->lock);
	if (list_is_linked(&inode->dirty_node)) {
		list_del(&inode->dirty_node);
		table = inode->table;
		inode->table = NULL;
	}
	spin_unlock(&txn->lock);
	if (!table)
		return;
	/* It has joined already, so that this can't fail. */
	VERIFY_EQ(access_buffer(handle, table, true), 0);
	ext4_inode_fill_raw(inode, table);
	buffer_put(table);
}

void ext4_txn_dirty_super(struct ext4_handle *handle)
{
	atomic_store(&handle->fs->txn.super_changed, true);
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

static void copy_out_inodes(struct ext4_txn *txn)
{
	while (!list_empty(&txn->inodes)) {
		struct ext4_inode *inode =
		    list_first_entry(&txn->inodes, struct ext4_inode, dirty_node);
		struct buffer *table = inode->table;

		spin_lock(&txn->lock);
		list_del(&inode->dirty_node);
		inode->table = NULL;
		spin_unlock(&txn->lock);
		ext4_inode_fill_raw(inode, table);
		buffer_put(table);
	}
}

static void copy_out_groups(struct ext4_fs *fs)
{
	struct ext4_txn *txn = &fs->txn;

	/* Atomic transactions can keep the superblock's counts right too. */
	if (fs->journal && !list_empty(&txn->groups))
		atomic_store(&txn->super_changed, true);
	while (!list_empty(&txn->groups)) {
		struct ext4_group *group =
		    list_first_entry(&txn->groups, struct ext4_group, dirty_node);

		spin_lock(&txn->lock);
		list_del(&group->dirty_node);
		spin_unlock(&txn->lock);
		ext4_group_fill_raw(fs, group);
	}
}

/* Without a journal there is no later: checksums are computed while nothing can change. */
static void sum_buffers(struct ext4_fs *fs, struct ext4_transaction *transaction)
{
	struct ext4_slot *slot;

	list_for_each_entry(slot, &transaction->buffers, node) {
		struct buffer *buffer = ext4_slot_record(slot, transaction->tid)->buffer;

		if (slot->dirty)
			ext4_csum_set(fs, buffer->data, buffer->block, slot->kind, slot->seed);
	}
}

static void join_super(struct ext4_fs *fs, struct ext4_transaction *transaction)
{
	struct ext4_record *record = fs->super_buffer->fsdata;
	struct ext4_slot *slot = ext4_slot(record, transaction);

	spin_lock(&fs->txn.lock);
	if (!slot->transaction)
		join(transaction, record);
	slot->kind = EXT4_CSUM_NONE;
	slot->dirty = true;
	spin_unlock(&fs->txn.lock);
}

static void copy_out_super(struct ext4_fs *fs, struct ext4_transaction *transaction)
{
	if (!atomic_xchg(&fs->txn.super_changed, false))
		return;
	join_super(fs, transaction);
	ext4_super_fill(fs);
}

static void pass_on_buffers(struct ext4_fs *fs, struct ext4_transaction *transaction)
{
	while (!list_empty(&transaction->buffers)) {
		struct ext4_slot *slot =
		    list_first_entry(&transaction->buffers, struct ext4_slot, node);
		struct ext4_record *record = ext4_slot_record(slot, transaction->tid);

		if (slot->dirty)
			buffer_mark_dirty(record->buffer);
		record_drop(fs, record, slot);
	}
}

struct ext4_transaction *ext4_txn_switch(struct ext4_fs *fs, struct ext4_transaction *fresh)
{
	struct ext4_txn *txn = &fs->txn;
	struct ext4_transaction *closing;

	block_plug_flush_current();
	closing = txn->running; /* only we change it */
	if (atomic_load(&txn->super_changed) ||
	    !list_empty(&txn->groups)) { /* no waiting for this with the gate closed */
		join_super(fs, closing);
		wait_stable(fs->super_buffer);
	}
	rwsem_write_lock(&txn->gate);
	copy_out_inodes(txn);
	if (!fs->journal) {
		wait_event(&txn->wait, !atomic_load(&txn->ordered[closing->tid & 1].ios));
		sum_buffers(fs, closing);
	}
	copy_out_groups(fs); /* after the bitmaps were summed: descriptors hold those sums */
	copy_out_super(fs, closing);
	if (list_empty(&closing->buffers)) {
		closing = NULL;
	} else {
		fresh->tid = closing->tid + 1;
		txn->running = fresh;
		atomic_store(&txn->tid, fresh->tid);
		if (fs->journal)
			ext4_journal_closing(fs->journal, closing);
		else
			pass_on_buffers(fs, closing);
	}
	rwsem_write_unlock(&txn->gate);
	return closing;
}

/* commit_mutex held. */
static int commit_locked(struct ext4_fs *fs)
{
	struct ext4_txn *txn = &fs->txn;

	if (fs->journal)
		return ext4_journal_commit(fs->journal);
	struct ext4_transaction *closed = ext4_txn_switch(fs, txn->spare);

	if (closed) {
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

int ext4_txn_sync(struct ext4_fs *fs)
{
	if (fs->journal)
		return ext4_journal_sync(fs->journal, fs->txn.tid);
	int err = ext4_txn_commit(fs);
	int sync_err = buffer_sync(fs->bdev);
	int flush_err = block_flush(fs->bdev);

	err = err ? err : sync_err;
	if (err == -EIO)
		ext4_error(fs, 0, 0, "writing metadata failed");
	return err ? err : flush_err;
}
