/*
 * Commits: one transaction goes to the log. journal.h tells the theory.
 */
#include "ext4/journal_int.h"
#include "lib/assert.h"
#include "lib/log.h"
#include "lib/string.h"

#define SEGMENTS 128u

/* The way into the log: blocks go out one behind the other, in requests as long as can be. */
struct writer {
	struct ext4_journal *journal;
	struct ext4_log *log;
	struct ext4_transaction *transaction;
	u32 position, used; /* the next block of the ring; blocks so far */
	u32 reaped;         /* transactions before this one need not be in the log any more */
	struct bio *bio;
	u64 bio_end;             /* the block of the device behind it */
	struct list_head own;    /* page.lru: descriptors and escaped copies */
	struct page *super_page; /* own: for the superblock's copy */
	u32 in_flight;           /* atomic: requests, and one more */
	int error;               /* atomic: of a request */
	struct completion done;
};

/* ---- requests ---- */

/* Interrupt context. */
static void write_end_io(struct bio *bio)
{
	struct writer *writer = bio->private;

	if (bio->status)
		atomic_store(&writer->error, bio->status);
	bio_free(bio);
	if (atomic_sub_fetch(&writer->in_flight, 1) == 0)
		complete(&writer->done);
}

/* One more is counted than there are, so that the count does not fall to 0 too early. */
static void expect_requests(struct writer *writer)
{
	writer->in_flight = 1;
	completion_init(&writer->done);
}

static void send(struct writer *writer)
{
	struct bio *bio = writer->bio;

	writer->bio = NULL;
	if (!bio)
		return;
	bio->private = writer;
	bio->end_io = write_end_io;
	atomic_fetch_add(&writer->in_flight, 1);
	bio_submit(bio);
}

static int wait_done(struct writer *writer)
{
	send(writer);
	block_plug_flush_current();
	if (atomic_sub_fetch(&writer->in_flight, 1))
		completion_wait(&writer->done);
	expect_requests(writer);
	return atomic_load(&writer->error);
}

/* Writes a block of memory to the next block of the log. */
static int emit(struct writer *writer, struct page *page, u32 offset)
{
	struct ext4_log *log = writer->log;
	u32 shift = writer->journal->fs->block_bits - SECTOR_SHIFT;
	u64 block = ext4_journal_map_find(&log->map, writer->position, NULL);

	if (writer->used == writer->journal->reserved)
		return -ENOSPC; /* only after credits were exceeded beyond every margin */
	if (writer->bio &&
	    (writer->bio_end != block || !bio_add_page(writer->bio, page, offset, log->block_size)))
		send(writer);
	if (!writer->bio) {
		writer->bio =
		    bio_alloc(log->map.bdev, BIO_WRITE, block << shift, SEGMENTS, MM_NOFS);
		if (!writer->bio)
			return -ENOMEM;
		VERIFY(bio_add_page(writer->bio, page, offset, log->block_size));
	}
	writer->bio_end = block + 1;
	writer->position = ext4_log_next(log, writer->position, 1);
	writer->used++;
	return 0;
}

/* A page of our own, zeroed; freed when all is written. */
static int own_page(struct writer *writer, struct page **out)
{
	*out = page_alloc(0, MM_NOFS | MM_ZERO);
	if (!*out)
		return -ENOMEM;
	list_add_tail(&(*out)->lru, &writer->own);
	return 0;
}

static void free_own(struct writer *writer)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, &writer->own, lru) {
		list_del(&page->lru);
		page_put(page);
	}
}

static void put_header(const struct writer *writer, void *block, u32 type)
{
	*(struct journal_header *)block =
	    (struct journal_header){.h_magic = be32_make(JOURNAL_MAGIC),
				    .h_blocktype = be32_make(type),
				    .h_sequence = be32_make(writer->transaction->tid)};
}

static void put_tail(const struct writer *writer, void *block)
{
	const struct ext4_log *log = writer->log;
	struct journal_tail *tail =
	    (void *)((u8 *)block + log->block_size - sizeof(struct journal_tail));

	if (log->tail_size)
		tail->t_checksum = be32_make(ext4_log_csum_tail(log, block));
}

/* ---- revokes ---- */

struct revoke_writer {
	struct page *page;
	u8 *block;
	u32 at;
};

static int end_revokes(struct writer *writer, struct revoke_writer *revokes)
{
	struct page *page = revokes->page;

	revokes->page = NULL;
	if (!page)
		return 0;
	((struct journal_revoke_header *)revokes->block)->r_count = be32_make(revokes->at);
	put_tail(writer, revokes->block);
	return ext4_insist(emit(writer, page, 0));
}

static int put_revoke(struct writer *writer, struct revoke_writer *revokes, u64 block)
{
	const struct ext4_log *log = writer->log;
	u32 size = journal_revoke_size(log->incompat);
	int err = 0;

	if (revokes->page && revokes->at + size > log->block_size - log->tail_size)
		err = end_revokes(writer, revokes);
	if (!err && !revokes->page) {
		err = ext4_insist(own_page(writer, &revokes->page));
		if (err)
			return err;
		revokes->block = page_address(revokes->page);
		revokes->at = sizeof(struct journal_revoke_header);
		put_header(writer, revokes->block, JOURNAL_REVOKE);
	}
	if (err)
		return err;
	if (size == 8) {
		struct be64 number = be64_make(block);

		memcpy(revokes->block + revokes->at, &number, sizeof(number));
	} else {
		be32_store(revokes->block + revokes->at, (u32)block);
	}
	revokes->at += size;
	return 0;
}

static int write_revokes(struct writer *writer)
{
	struct revoke_writer revokes = {NULL};
	struct ext4_freed *freed;
	int err = 0;

	list_for_each_entry(freed, &writer->transaction->revoked, node) {
		for (u32 i = 0; i < freed->count && !err; i++)
			err = put_revoke(writer, &revokes, freed->block + i);
		if (err)
			break;
	}
	return err ? err : end_revokes(writer, &revokes);
}

/* ---- buffers ---- */

/* The record of an error may go to the superblock at any time, without a transaction. */
static void freeze_super(struct writer *writer)
{
	struct ext4_fs *fs = writer->journal->fs;
	struct ext4_record *record = fs->super_buffer->fsdata;

	if (!ext4_slot(record, writer->transaction)->transaction)
		return;
	mutex_lock(&fs->super_lock);
	memcpy(page_address(writer->super_page), fs->super_buffer->data, fs->block_size);
	mutex_unlock(&fs->super_lock);
	page_get(writer->super_page);
	record->frozen = writer->super_page;
}

static void set_state(struct ext4_txn *txn, struct ext4_record *record,
		      enum ext4_record_state state)
{
	atomic_store(&record->state, state);
	if (wait_queue_active(&txn->wait))
		wake_all(&txn->wait);
}

/* Sums the buffer and copies it for the log; nobody changes it meanwhile. NULL: no memory for a
 * copy, so that nobody may change it until it is written. */
static struct page *copy_buffer(struct writer *writer, struct ext4_slot *slot,
				struct ext4_record *record)
{
	struct ext4_txn *txn = &writer->journal->fs->txn;
	struct buffer *buffer = record->buffer;
	struct page *copy = page_alloc(0, MM_NOFS);

	ext4_csum_set(writer->journal->fs, buffer->data, buffer->block, slot->kind, slot->seed);
	if (!copy)
		return NULL;
	memcpy(page_address(copy), buffer->data, buffer->size);
	spin_lock(&txn->lock);
	record->frozen = copy;
	spin_unlock(&txn->lock);
	set_state(txn, record, EXT4_RECORD_LOGGED);
	return copy;
}

/* What goes to the log of this buffer, with its checksum: a copy, so that the buffer may change
 * while it is being written. */
static void *take_image(struct writer *writer, struct ext4_slot *slot, struct ext4_image *image)
{
	struct ext4_txn *txn = &writer->journal->fs->txn;
	struct ext4_record *record = ext4_slot_record(slot, writer->transaction->tid);
	struct buffer *buffer = record->buffer;

	*image = (struct ext4_image){.block = buffer->block};
	spin_lock(&txn->lock);
	image->page = record->frozen;
	bool ready = record->state != EXT4_RECORD_IDLE;
	if (!image->page)
		atomic_store(&record->state, EXT4_RECORD_LOGGING);
	spin_unlock(&txn->lock);
	if (image->page && !ready) {
		ext4_csum_set(writer->journal->fs, page_address(image->page), image->block,
			      slot->kind, slot->seed);
		set_state(txn, record, EXT4_RECORD_LOGGED);
	}
	if (!image->page && !ready)
		image->page = copy_buffer(writer, slot, record);
	if (!image->page) {
		image->page = buffer->page;
		image->offset = (u32)((char *)buffer->data - (char *)page_address(buffer->page));
	}
	return (u8 *)page_address(image->page) + image->offset;
}

static bool is_bitmap(const struct ext4_slot *slot)
{
	return slot->kind == EXT4_CSUM_BLOCK_BITMAP || slot->kind == EXT4_CSUM_INODE_BITMAP;
}

/* Sums of bitmaps lie in descriptors, and so come first. */
static void sum_bitmaps(struct writer *writer)
{
	struct ext4_fs *fs = writer->journal->fs;
	struct ext4_transaction *transaction = writer->transaction;
	struct ext4_image image;
	struct ext4_slot *slot;

	if (!fs->metadata_csum)
		return;
	list_for_each_entry(slot, &transaction->buffers, node) {
		if (!slot->dirty || slot->freed || !is_bitmap(slot))
			continue;
		(void)take_image(writer, slot, &image);
		ext4_group_fill_sums(fs, ext4_group(fs, slot->seed));
	}
}

/* A block that looks like a header of the log is written with its first word zeroed. */
static int escape(struct writer *writer, struct ext4_image *image, void **data)
{
	struct page *page;

	if (be32_load(*data) != JOURNAL_MAGIC)
		return 0;
	int err = ext4_insist(own_page(writer, &page));

	if (err)
		return err;
	memcpy(page_address(page), *data, writer->log->block_size);
	memset(page_address(page), 0, 4);
	image->page = page;
	image->offset = 0;
	image->escaped = true;
	*data = page_address(page);
	return 0;
}

static u8 *put_tag(const struct writer *writer, u8 *at, const struct ext4_image *image,
		   u32 checksum, bool first, bool last)
{
	const struct ext4_log *log = writer->log;
	u32 flags = (image->escaped ? JOURNAL_TAG_ESCAPE : 0) |
		    (first ? 0 : JOURNAL_TAG_SAME_UUID) | (last ? JOURNAL_TAG_LAST : 0);

	if (log->incompat & JOURNAL_INCOMPAT_CSUM_V3) {
		struct journal_tag3 tag = {.t_blocknr = be32_make((u32)image->block),
					   .t_flags = be32_make(flags),
					   .t_blocknr_high = be32_make((u32)(image->block >> 32)),
					   .t_checksum = be32_make(checksum)};

		memcpy(at, &tag, sizeof(tag));
	} else {
		struct journal_tag tag = {.t_blocknr = be32_make((u32)image->block),
					  .t_flags = be16_make((u16)flags),
					  .t_blocknr_high = be32_make((u32)(image->block >> 32))};

		memcpy(at, &tag, min(log->tag_size, (u32)sizeof(tag)));
	}
	at += log->tag_size;
	if (first) {
		memcpy(at, log->raw->s_uuid, JOURNAL_TAG_UUID_SIZE);
		at += JOURNAL_TAG_UUID_SIZE;
	}
	return at;
}

/* A descriptor and the blocks that it describes. */
static int write_batch(struct writer *writer, u32 count)
{
	struct ext4_image *batch = writer->journal->batch;
	struct page *page;
	int err = ext4_insist(own_page(writer, &page));

	if (err)
		return err;
	u8 *block = page_address(page), *at = block + sizeof(struct journal_header);

	put_header(writer, block, JOURNAL_DESCRIPTOR);
	for (u32 i = 0; i < count; i++) {
		void *data = (u8 *)page_address(batch[i].page) + batch[i].offset;
		u32 checksum = 0;

		err = escape(writer, &batch[i], &data);
		if (err)
			return err;
		if (writer->log->checksums)
			checksum = ext4_log_csum_data(writer->log, writer->transaction->tid, data);
		at = put_tag(writer, at, &batch[i], checksum, i == 0, i == count - 1);
	}
	put_tail(writer, block);
	err = ext4_insist(emit(writer, page, 0));
	for (u32 i = 0; i < count && !err; i++)
		err = ext4_insist(emit(writer, batch[i].page, batch[i].offset));
	return err;
}

static int write_buffers(struct writer *writer)
{
	struct ext4_journal *journal = writer->journal;
	struct ext4_transaction *transaction = writer->transaction;
	struct ext4_slot *slot;
	u32 count = 0;
	int err = 0;

	list_for_each_entry(slot, &transaction->buffers, node) {
		if (!slot->dirty || slot->freed)
			continue;
		struct ext4_image *image = &journal->batch[count];
		(void)take_image(writer, slot, image);
		if (++count < journal->tags_per_block)
			continue;
		err = write_batch(writer, count);
		count = 0;
		if (err)
			return err;
	}
	return count ? write_batch(writer, count) : 0;
}

/* The log has them: buffers may change again. */
static void release_images(struct writer *writer)
{
	struct ext4_txn *txn = &writer->journal->fs->txn;
	struct ext4_slot *slot;

	spin_lock(&txn->lock);
	list_for_each_entry(slot, &writer->transaction->buffers, node) {
		struct ext4_record *record = ext4_slot_record(slot, writer->transaction->tid);

		atomic_store(&record->state, EXT4_RECORD_LOGGED);
	}
	spin_unlock(&txn->lock);
	wake_all(&txn->wait);
}

/* ---- the commit block ---- */

static int write_commit(struct writer *writer)
{
	struct ext4_journal *journal = writer->journal;
	struct ext4_fs *fs = journal->fs;
	bool barrier = !(fs->options.flags & EXT4_OPT_NOBARRIER);
	struct timespec64 now = clock_realtime_coarse();
	struct page *page;
	int err = ext4_insist(own_page(writer, &page));

	if (err)
		return err;
	struct journal_commit *commit = page_address(page);

	put_header(writer, commit, JOURNAL_COMMIT);
	commit->h_commit_sec = be64_make((u64)now.sec);
	commit->h_commit_nsec = be32_make(now.nsec);
	if (writer->log->checksums)
		commit->h_chksum[0] = be32_make(ext4_log_csum_commit(writer->log, commit));
	u64 flush = atomic_add_fetch(&journal->flushes_begun, 1);

	if (barrier && writer->log->map.bdev != fs->bdev)
		err = block_flush(fs->bdev);
	if (!err)
		err = ext4_insist(emit(writer, page, 0));
	if (err)
		return err;
	if (barrier)
		writer->bio->flags = BIO_PREFLUSH | BIO_FUA;
	err = wait_done(writer);
	if (!err)
		atomic_store(&journal->flushes_done, flush);
	return err;
}

/* ---- the end ---- */

/* The buffer is in the log, or was freed, or the journal was aborted before. */
static void finish_buffer(struct ext4_journal *journal, struct ext4_transaction *transaction,
			  struct ext4_slot *slot, bool committed)
{
	struct ext4_txn *txn = &journal->fs->txn;
	struct ext4_record *record = ext4_slot_record(slot, transaction->tid);
	bool place = committed && slot->dirty && !slot->freed;
	bool forget = slot->freed || !committed;

	if (forget) /* what other transactions want of it is void too */
		buffer_forget(journal->fs->bdev, record->buffer->block, 1);
	spin_lock(&txn->lock);
	struct page *frozen = record->frozen;

	record->frozen = NULL;
	atomic_store(&record->state, EXT4_RECORD_IDLE);
	if (record->checkpoint && (place || slot->freed)) {
		record->checkpoint->checkpoint_count--;
		list_del(&record->checkpoint_node);
		record->checkpoint = NULL;
	}
	if (place) {
		record->checkpoint = transaction;
		transaction->checkpoint_count++;
		list_add_tail(&record->checkpoint_node, &transaction->checkpoint);
		buffer_mark_dirty(record->buffer);
	}
	ext4_record_leave(record, slot);
	bool gone = ext4_record_detach(record);

	spin_unlock(&txn->lock);
	if (frozen)
		page_put(frozen);
	if (gone)
		ext4_record_free(record);
}

/* Before the blocks get new owners. */
static void discard(struct ext4_fs *fs, const struct ext4_transaction *transaction)
{
	u32 shift = fs->block_bits - SECTOR_SHIFT;
	const struct ext4_freed *freed;

	if (!fs->bdev->discard)
		return;
	list_for_each_entry(freed, &transaction->busy, node) {
		int err =
		    block_discard(fs->bdev, freed->block << shift, (u64)freed->count << shift);

		if (err) {
			log_warn("%s: %s: discarding %u blocks from %llu failed: error %d",
				 fs->type_name, fs->super->id, freed->count, freed->block, -err);
			return;
		}
	}
}

static void finish(struct writer *writer, bool committed)
{
	struct ext4_journal *journal = writer->journal;
	struct ext4_transaction *transaction = writer->transaction;
	struct ext4_txn *txn = &journal->fs->txn;

	transaction->log_blocks = writer->used;
	atomic_fetch_add(&journal->free, journal->reserved - writer->used);
	journal->reserved = 0;
	while (!list_empty(&transaction->buffers))
		finish_buffer(journal, transaction,
			      list_first_entry(&transaction->buffers, struct ext4_slot, node),
			      committed);
	if (committed) {
		spin_lock(&txn->lock);
		list_add_tail(&transaction->node, &journal->committed);
		journal->head = journal->next_start = writer->position;
		journal->fs->committed_orphan = le32_get(journal->fs->raw->s_last_orphan);
		atomic_store(&txn->done, transaction->tid);
		spin_unlock(&txn->lock);
	}
	wake_all(&txn->wait);
	if (committed && (journal->fs->options.flags & EXT4_OPT_DISCARD))
		discard(journal->fs, transaction);
	ext4_txn_release_busy(journal->fs, &transaction->busy);
	if (!committed)
		ext4_transaction_free(transaction);
}

static int write_transaction(struct writer *writer)
{
	struct ext4_txn *txn = &writer->journal->fs->txn;
	u32 *ordered = &txn->ordered[writer->transaction->tid & 1].ios;
	struct block_plug plug;

	wait_event(&txn->wait, !atomic_load(ordered));
	int err = ext4_insist(own_page(writer, &writer->super_page));

	if (err)
		return err;
	freeze_super(writer);
	block_plug_start(&plug);
	sum_bitmaps(writer);
	err = write_revokes(writer);

	if (!err)
		err = write_buffers(writer);
	block_plug_finish(&plug);
	int write_err = wait_done(writer);

	release_images(writer);
	err = err ? err : write_err;
	/* What is in place now is durable once the commit block is: its flush comes later. */
	writer->reaped = ext4_checkpoint_reap(writer->journal);
	return err ? err : write_commit(writer);
}

/* Buffers that wait to be put in place take as much memory as a transaction may. */
static bool holds_much(struct ext4_journal *journal)
{
	struct ext4_txn *txn = &journal->fs->txn;
	struct ext4_transaction *transaction;
	u32 count = 0;

	spin_lock(&txn->lock);
	list_for_each_entry(transaction, &journal->committed, node)
		count += transaction->checkpoint_count;
	spin_unlock(&txn->lock);
	return count > txn->buffer_limit;
}

/* Keeps about half of the log free, and memory, without waiting for anything. */
static void keep_room(struct ext4_journal *journal, u32 reaped)
{
	bool much = holds_much(journal);

	if (!much && atomic_load(&journal->free) >= journal->size / 2)
		return;
	if (mutex_trylock(&journal->checkpoint_mutex)) {
		int err = ext4_checkpoint_advance(journal, reaped, true);

		mutex_unlock(&journal->checkpoint_mutex);
		if (err)
			return; /* the journal is aborted */
	}
	if (much || atomic_load(&journal->free) < journal->size / 2)
		ext4_checkpoint_start(journal, journal->size / 4);
}

int ext4_journal_commit(struct ext4_journal *journal)
{
	struct ext4_fs *fs = journal->fs;
	struct ext4_txn *txn = &fs->txn;
	struct writer writer = {
	    .journal = journal, .log = &journal->log, .position = journal->head};

	if (atomic_load(&journal->error))
		return -EIO;
	if (!txn->spare)
		txn->spare = ext4_transaction_alloc();
	if (!txn->spare)
		return -ENOMEM;
	writer.transaction = ext4_txn_switch(fs, txn->spare);
	if (!writer.transaction)
		return 0;
	txn->spare = NULL;
	list_init(&writer.own);
	expect_requests(&writer);
	writer.transaction->log_start = writer.position;

	int err = write_transaction(&writer);

	if (!err && atomic_load(&journal->error))
		err = -EIO;
	if (err)
		ext4_journal_abort(fs, err);
	finish(&writer, !err);
	free_own(&writer);
	if (err)
		return -EIO;
	keep_room(journal, writer.reaped);
	return 0;
}
