/*
 * The second pass of recovery: which blocks are revoked, and does every block of the log have a
 * place to go to?
 *
 * The table maps a block to the last transaction that revoked it: a number, kept in the pointers of
 * a radix tree, with one bit set so that none is NULL.
 */
#include "ext4/ext4_int.h"
#include "ext4/journal_recover_int.h"
#include "lib/log.h"
#include "mm/kmalloc.h"

static void *item_of(u32 tid)
{
	return (void *)(((uintptr_t)tid << 2) | 2);
}

static u32 tid_of(const void *item)
{
	return (u32)((uintptr_t)item >> 2);
}

static int damaged(const struct ext4_recovery *recovery, const char *what, u64 value)
{
	const struct ext4_fs *fs = recovery->log.fs;

	log_err("%s: %s: the journal is corrupt: %s: %llu: run e2fsck", fs->type_name,
		fs->super->id, what, value);
	return -EUCLEAN;
}

static int add(struct ext4_recovery *recovery, u64 block, u32 tid)
{
	void *old = radix_lookup(&recovery->revoked, block);

	if (!old)
		return radix_insert(&recovery->revoked, block, item_of(tid), MM_NORMAL);
	if (ext4_log_reached(tid, tid_of(old)))
		radix_replace(&recovery->revoked, block, item_of(tid));
	return 0;
}

static int take_revokes(struct ext4_recovery *recovery, const struct buffer *buffer, u32 tid)
{
	const struct ext4_log *log = &recovery->log;
	const struct journal_revoke_header *header = buffer->data;
	const u8 *bytes = buffer->data;
	u32 size = journal_revoke_size(log->incompat), end = be32_get(header->r_count);
	int err = 0;

	if (end > log->block_size - log->tail_size)
		return damaged(recovery, "a revoke block claims too many bytes", end);
	for (u32 at = sizeof(*header); at + size <= end && !err; at += size)
		err = add(recovery, size == 8 ? be64_load(bytes + at) : be32_load(bytes + at), tid);
	return err;
}

/* A volume that was growing may have blocks in its log that its superblock does not know yet; but
 * none lies beyond the device, and none in the journal. */
static int check_targets(struct ext4_recovery *recovery, const void *descriptor)
{
	const struct ext4_log *log = &recovery->log;
	const struct ext4_fs *fs = log->fs;
	u64 limit = fs->bdev->sectors >> (fs->block_bits - SECTOR_SHIFT);
	struct ext4_log_tag tag = {0};

	while (ext4_log_tag_next(log, descriptor, &tag)) {
		if (tag.block >= limit)
			return damaged(recovery, "it has a block from beyond the device's end",
				       tag.block);
		if (log->map.bdev == fs->bdev && ext4_journal_map_holds(&log->map, tag.block))
			return damaged(recovery, "it has a block of its own log", tag.block);
	}
	return 0;
}

static int take_block(struct ext4_recovery *recovery, struct ext4_log_cursor *cursor,
		      const struct buffer *block, u32 type)
{
	const struct ext4_log *log = &recovery->log;

	if (type == JOURNAL_COMMIT) {
		cursor->tid++;
		return 0;
	}
	if (!ext4_log_tail_valid(log, block->data))
		return damaged(recovery, "wrong checksum in transaction", cursor->tid);
	if (type == JOURNAL_REVOKE)
		return take_revokes(recovery, block, cursor->tid);
	if (type != JOURNAL_DESCRIPTOR)
		return damaged(recovery, "a block is of an unknown type", type);
	int err = check_targets(recovery, block->data);
	ext4_log_skip_data(log, cursor, block->data);
	return err;
}

int ext4_recovery_revoke(struct ext4_recovery *recovery)
{
	const struct ext4_log *log = &recovery->log;
	struct ext4_log_cursor cursor = ext4_log_cursor(log);

	while (!ext4_log_reached(cursor.tid, recovery->end_tid)) {
		struct buffer *block;
		u32 type;
		int err = ext4_log_read_header(log, &cursor, &block, &type);

		if (!err && !block)
			err = damaged(recovery, "it changed while it was read, transaction",
				      cursor.tid);
		if (!err)
			err = take_block(recovery, &cursor, block, type);
		buffer_put(block);
		if (err)
			return err;
	}
	return 0;
}

bool ext4_recovery_is_revoked(const struct ext4_recovery *recovery, u64 block, u32 tid)
{
	const void *item = radix_lookup(&recovery->revoked, block);

	return item && ext4_log_reached(tid_of(item), tid);
}

void ext4_recovery_forget_revoked(struct ext4_recovery *recovery)
{
	u64 index = 0;

	while (radix_find(&recovery->revoked, &index, U64_MAX))
		radix_delete(&recovery->revoked, index);
}
