/* What transactions know of buffers, and how these are changed. txn.h tells the theory. */
#include "ext4/txn_int.h"
#include "lib/assert.h"
#include "lib/log.h"
#include "lib/string.h"

static struct slab_cache *record_slab;

/* ---- records ---- */

void ext4_record_slab_init(void)
{
	if (!record_slab)
		record_slab = slab_cache_create("ext4_txn", sizeof(struct ext4_record), 8);
}

struct ext4_record *ext4_record_alloc(struct buffer *buffer)
{
	struct ext4_record *record = slab_alloc(record_slab, MM_NOFS);

	if (!record)
		return NULL;
	buffer_ref(buffer);
	*record = (struct ext4_record){.buffer = buffer};
	list_init(&record->slot[0].node);
	list_init(&record->slot[1].node);
	list_init(&record->checkpoint_node);
	return record;
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

void ext4_record_drop(struct ext4_fs *fs, struct ext4_record *record, struct ext4_slot *slot)
{
	spin_lock(&fs->txn.lock);
	ext4_record_leave(record, slot);
	bool gone = ext4_record_detach(record);
	spin_unlock(&fs->txn.lock);
	if (gone)
		ext4_record_free(record);
}

/* ---- access ---- */

void ext4_buffer_wait_stable(struct buffer *buffer)
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

void ext4_transaction_join(struct ext4_transaction *transaction, struct ext4_record *record)
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
		atomic_store(&buffer->fsdata, (void *)record);
	}
	struct ext4_slot *slot = ext4_slot(record, running);

	if (!slot->transaction) {
		ext4_transaction_join(running, record);
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

/* Without a journal: a sync wants on the disk what the last transaction left in the buffer, which
 * the running one would hold back from it. */
static void write_first(struct ext4_txn *txn, struct buffer *buffer)
{
	if (!atomic_load(&txn->settlers) || !buffer_flag_test(buffer, BUFFER_DIRTY))
		return;
	atomic_fetch_add(&txn->first_writes, 1);
	if (ext4_insist(buffer_write(buffer, 0)))
		atomic_store(&txn->first_failed, true);
	if (atomic_sub_fetch(&txn->first_writes, 1) == 0)
		wake_all(&txn->wait);
}

int ext4_txn_access_buffer(struct ext4_handle *handle, struct buffer *buffer, bool change)
{
	struct ext4_txn *txn = &handle->fs->txn;
	struct ext4_record *fresh = NULL;
	struct page *copy = NULL;
	enum access_step step;
	int err = 0;

	if (atomic_load(&buffer->fs_stamp) == stamp_of(handle->transaction))
		return 0;
	if (!handle->fs->journal)
		write_first(txn, buffer);
	do {
		spin_lock(&txn->lock);
		step = access_step(handle, buffer, change, &fresh, &copy);
		spin_unlock(&txn->lock);
		struct ext4_record *record = buffer->fsdata; /* joined: it stays */

		if (step == ACCESS_RECORD) {
			fresh = ext4_record_alloc(buffer);
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
		ext4_record_free(fresh);
	if (copy)
		page_put(copy);
	if (!err)
		ext4_buffer_wait_stable(buffer);
	return err;
}

int ext4_txn_access(struct ext4_handle *handle, struct buffer *buffer)
{
	return ext4_txn_access_buffer(handle, buffer, true);
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

void ext4_txn_dirty_seeded(struct ext4_handle *handle, struct buffer *buffer,
			   enum ext4_csum_kind kind, u32 seed)
{
	dirty(handle, buffer, kind, seed);
}

void ext4_txn_dirty_bitmap(struct ext4_handle *handle, struct buffer *buffer,
			   enum ext4_csum_kind kind, u32 group)
{
	dirty(handle, buffer, kind, group);
}
