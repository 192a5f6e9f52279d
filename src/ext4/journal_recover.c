/* Recovery: the replay, and what makes it final. journal_recover.h tells the theory. */
#include "ext4/journal_recover.h"

#include "ext4/ext4_int.h"
#include "ext4/journal_fast.h"
#include "ext4/journal_recover_int.h"
#include "lib/log.h"
#include "lib/string.h"
#include "mm/kmalloc.h"

/* So many bytes of replayed blocks may wait in memory. */
#define UNWRITTEN_BYTES (4u << 20)

static void sum_super(struct ext4_fs *fs)
{
	if (fs->metadata_csum)
		fs->raw->s_checksum = le32_make(ext4_csum_super(fs->raw));
}

static void save_errors(const struct ext4_fs *fs, struct ext4_error_record *record)
{
	record->state = le16_get(fs->raw->s_state) & EXT4_STATE_ERROR;
	memcpy(record->bytes, &fs->raw->s_error_count, sizeof(record->bytes));
}

static void restore_errors(struct ext4_fs *fs, const struct ext4_error_record *record)
{
	fs->raw->s_state = le16_make(le16_get(fs->raw->s_state) | record->state);
	if (le32_load(record->bytes) > le32_get(fs->raw->s_error_count))
		memcpy(&fs->raw->s_error_count, record->bytes, sizeof(record->bytes));
	sum_super(fs);
}

static bool data_valid(const struct ext4_log *log, const struct ext4_log_tag *tag, u32 tid,
		       const void *data)
{
	if (!log->checksums)
		return true;
	u32 right = ext4_log_csum_data(log, tid, data);
	return tag->checksum == (log->incompat & JOURNAL_INCOMPAT_CSUM_V3 ? right : right & 0xffff);
}

static int put_in_place(struct ext4_recovery *recovery, const struct ext4_log_tag *tag,
			const void *data)
{
	const struct ext4_log *log = &recovery->log;
	struct buffer *buffer;
	int err = buffer_get(log->fs->bdev, tag->block, &buffer);

	if (err)
		return err;
	buffer_lock(buffer);
	memcpy(buffer->data, data, log->block_size);
	if (tag->flags & JOURNAL_TAG_ESCAPE)
		be32_store(buffer->data, JOURNAL_MAGIC);
	if (buffer == log->fs->super_buffer)
		restore_errors(log->fs, &recovery->errors);
	ext4_buffer_unchecked(buffer);
	buffer_unlock(buffer);
	buffer_mark_dirty(buffer);
	buffer_put(buffer);
	recovery->blocks++;
	if (++recovery->unwritten < UNWRITTEN_BYTES / log->block_size)
		return 0;
	recovery->unwritten = 0;
	return buffer_sync(log->fs->bdev);
}

/* One data block of a descriptor. What can't be read or is damaged is left out and remembered. */
static int replay_block(struct ext4_recovery *recovery, struct ext4_log_cursor *cursor,
			const struct ext4_log_tag *tag)
{
	const struct ext4_log *log = &recovery->log;
	struct buffer *data;
	int err = ext4_log_read(log, cursor, &data);

	if (err == -EIO) {
		recovery->data_error = err;
		return 0;
	}
	if (err || !data)
		return err ? err : -EUCLEAN;
	if (ext4_recovery_is_revoked(recovery, tag->block, cursor->tid)) {
		recovery->skipped++;
	} else if (!data_valid(log, tag, cursor->tid, data->data)) {
		log_err("%s: %s: the journal is corrupt: transaction %u has a wrong checksum of "
			"block %llu",
			log->fs->type_name, log->fs->super->id, cursor->tid, tag->block);
		recovery->data_error = -EUCLEAN;
	} else {
		err = put_in_place(recovery, tag, data->data);
	}
	buffer_put(data);
	return err;
}

static int replay(struct ext4_recovery *recovery)
{
	const struct ext4_log *log = &recovery->log;
	struct ext4_log_cursor cursor = ext4_log_cursor(log);

	while (!ext4_log_reached(cursor.tid, recovery->end_tid)) {
		struct ext4_log_tag tag = {0};
		struct buffer *block;
		u32 type;
		int err = ext4_log_read_header(log, &cursor, &block, &type);

		if (!err && !block)
			err = -EIO; /* the pass before could read it */
		if (err)
			return err;
		while (!err && type == JOURNAL_DESCRIPTOR &&
		       ext4_log_tag_next(log, block->data, &tag))
			err = replay_block(recovery, &cursor, &tag);
		if (type == JOURNAL_COMMIT)
			cursor.tid++;
		buffer_put(block);
		if (err)
			return err;
	}
	return recovery->data_error;
}

/* ---- making it final ---- */

static int write_super(struct ext4_fs *fs)
{
	buffer_lock(fs->super_buffer);
	sum_super(fs);
	buffer_unlock(fs->super_buffer);
	buffer_mark_dirty(fs->super_buffer);
	return buffer_write(fs->super_buffer, BIO_FUA);
}

/* The replayed blocks become durable. */
static int settle(struct block_device *bdev)
{
	int err = buffer_sync(bdev);

	return err ? err : block_flush(bdev);
}

/* What the log's writer died of goes into the volume's superblock. */
static int carry_error(struct ext4_recovery *recovery)
{
	struct ext4_log *log = &recovery->log;
	struct ext4_fs *fs = log->fs;
	s32 error = (s32)be32_get(log->raw->s_errno);

	if (!error)
		return 0;
	log_warn("%s: %s: the journal was aborted with error %d: running e2fsck is recommended",
		 fs->type_name, fs->super->id, error < 0 ? -error : error);
	fs->raw->s_state = le16_make(le16_get(fs->raw->s_state) | EXT4_STATE_ERROR);
	int err = write_super(fs);
	if (!err)
		log->raw->s_errno = be32_make(0); /* reaches the disk with the emptied log */
	return err;
}

static int clear_recover(struct ext4_fs *fs)
{
	fs->raw->s_feature_incompat =
	    le32_make(le32_get(fs->raw->s_feature_incompat) & ~EXT4_INCOMPAT_RECOVER);
	return write_super(fs);
}

static int replay_log(struct ext4_recovery *recovery)
{
	struct ext4_fs *fs = recovery->log.fs;
	int err = ext4_recovery_scan(recovery);

	if (!err)
		err = ext4_fast_find(&recovery->log, recovery->end_tid, &fs->fast.records);
	if (!err)
		err = ext4_recovery_revoke(recovery);
	if (err)
		return err;
	save_errors(fs, &recovery->errors);
	err = replay(recovery);
	int settle_err = settle(fs->bdev);
	if (!err)
		err = settle_err;
	if (!err && recovery->corrupt) {
		log_err("%s: %s: the journal is corrupt: transaction %u has a bad commit block: "
			"run e2fsck",
			fs->type_name, fs->super->id, recovery->end_tid);
		err = -EUCLEAN;
	}
	return err;
}

/*
 * The records of fast commits are applied in a transaction that goes on where the log ends, with
 * the number of one that never was completed. What is left of that in the log, or of any later one,
 * must not be taken for a part of it.
 */
static int wipe_future(const struct ext4_recovery *recovery)
{
	const struct ext4_log *log = &recovery->log;
	int err = 0;

	for (u32 i = log->first; i < log->end && !err; i++) {
		struct buffer *buffer;

		err =
		    buffer_read(log->map.bdev, ext4_journal_map_find(&log->map, i, NULL), &buffer);
		if (err)
			return err;
		const struct journal_header *header = buffer->data;
		if (be32_get(header->h_magic) == JOURNAL_MAGIC &&
		    ext4_log_reached(be32_get(header->h_sequence), recovery->end_tid)) {
			buffer_lock(buffer);
			memset(buffer->data, 0, log->block_size);
			buffer_unlock(buffer);
			buffer_mark_dirty(buffer);
		}
		buffer_put(buffer);
	}
	return settle(log->map.bdev);
}

/* The log stays: it and the fast commits behind it are one until these are applied. */
static int leave_to_fast(struct ext4_recovery *recovery)
{
	struct ext4_fs *fs = recovery->log.fs;
	int err = wipe_future(recovery);

	fs->fast.tid = recovery->end_tid;
	fs->fast.start = recovery->end_block;
	log_info("%s: %s: journal replayed: %u transactions, %u blocks, %u revoked, and %u records "
		 "of fast commits follow",
		 fs->type_name, fs->super->id, recovery->end_tid - recovery->first_tid,
		 recovery->blocks, recovery->skipped, fs->fast.records);
	return err;
}

static int finish(struct ext4_recovery *recovery, bool empty, bool aborted)
{
	struct ext4_log *log = &recovery->log;
	struct ext4_fs *fs = log->fs;
	int err = carry_error(recovery);

	if (!err && (!empty || aborted))
		err = ext4_log_mark_empty(log, empty ? be32_get(log->raw->s_sequence)
						     : recovery->end_tid + 1);
	if (!err)
		err = clear_recover(fs);
	if (!err)
		log_info("%s: %s: journal recovered: %u transactions, %u blocks, %u revoked",
			 fs->type_name, fs->super->id, recovery->end_tid - recovery->first_tid,
			 recovery->blocks, recovery->skipped);
	return err;
}

int ext4_journal_recover(struct ext4_fs *fs)
{
	struct ext4_recovery *recovery = kcalloc(1, sizeof(*recovery), MM_NORMAL);
	int err = recovery ? ext4_log_open(fs, &recovery->log) : -ENOMEM;

	if (err) {
		kfree(recovery);
		return err;
	}
	struct ext4_log *log = &recovery->log;
	bool empty = !be32_get(log->raw->s_start), aborted = be32_get(log->raw->s_errno);
	radix_init(&recovery->revoked);
	if (!empty)
		err = replay_log(recovery);
	if (!err)
		err = fs->fast.records ? leave_to_fast(recovery) : finish(recovery, empty, aborted);
	if (err)
		log_err("%s: %s: recovery of the journal failed: error %d", fs->type_name,
			fs->super->id, -err);
	ext4_recovery_forget_revoked(recovery);
	ext4_log_close(log);
	kfree(recovery);
	return err;
}
