/* Reading the log, and its first pass: where does it end? journal_recover.h tells the theory. */
#include "ext4/ext4_int.h"
#include "ext4/journal_recover_int.h"
#include "lib/crc.h"
#include "lib/log.h"
#include "lib/string.h"
#include "mm/kmalloc.h"

#define READAHEAD 32u

/* ---- reading ---- */

int ext4_log_read(const struct ext4_log *log, struct ext4_log_cursor *cursor, struct buffer **out)
{
	u32 length;

	*out = NULL;
	if (!cursor->left)
		return 0;
	u64 block = ext4_journal_map_find(&log->map, cursor->block, &length);
	if ((log->end - cursor->block) % READAHEAD == 0 || cursor->block == log->first)
		buffer_readahead(log->map.bdev, block,
				 min(min(length, log->end - cursor->block), READAHEAD));
	int err = buffer_read(log->map.bdev, block, out);
	if (err == -EIO)
		log_err("%s: %s: the journal can't be read: block %u of it: I/O error",
			log->fs->type_name, log->fs->super->id, cursor->block);
	cursor->block = ext4_log_next(log, cursor->block, 1);
	cursor->left--;
	return err;
}

int ext4_log_read_header(const struct ext4_log *log, struct ext4_log_cursor *cursor,
			 struct buffer **out, u32 *type)
{
	int err = ext4_log_read(log, cursor, out);

	if (err || !*out)
		return err;
	const struct journal_header *header = (*out)->data;
	*type = be32_get(header->h_blocktype);
	if (be32_get(header->h_magic) == JOURNAL_MAGIC &&
	    be32_get(header->h_sequence) == cursor->tid)
		return 0;
	buffer_put(*out);
	*out = NULL;
	return 0;
}

bool ext4_log_tag_next(const struct ext4_log *log, const void *descriptor, struct ext4_log_tag *tag)
{
	const u8 *bytes = descriptor;

	if (!tag->offset)
		tag->offset = sizeof(struct journal_header);
	else if (tag->flags & JOURNAL_TAG_LAST)
		return false;
	else
		tag->offset += log->tag_size +
			       (tag->flags & JOURNAL_TAG_SAME_UUID ? 0 : JOURNAL_TAG_UUID_SIZE);
	if (tag->offset + log->tag_size > log->block_size - log->tail_size)
		return false;
	bytes += tag->offset;
	if (log->incompat & JOURNAL_INCOMPAT_CSUM_V3) {
		struct journal_tag3 raw;

		memcpy(&raw, bytes, sizeof(raw));
		tag->flags = be32_get(raw.t_flags);
		tag->checksum = be32_get(raw.t_checksum);
		tag->block = be32_get(raw.t_blocknr);
	} else {
		tag->block = be32_load(bytes + offsetof(struct journal_tag, t_blocknr));
		tag->checksum = be16_load(bytes + offsetof(struct journal_tag, t_checksum));
		tag->flags = be16_load(bytes + offsetof(struct journal_tag, t_flags));
	}
	_Static_assert(offsetof(struct journal_tag, t_blocknr_high) ==
			   offsetof(struct journal_tag3, t_blocknr_high),
		       "both kinds of tags have it in the same place");
	if (log->incompat & JOURNAL_INCOMPAT_64BIT)
		tag->block |= (u64)be32_load(bytes + offsetof(struct journal_tag, t_blocknr_high))
			      << 32;
	return true;
}

bool ext4_log_tail_valid(const struct ext4_log *log, const void *block)
{
	const u8 *tail = (const u8 *)block + log->block_size - sizeof(struct journal_tail);

	return !log->checksums || be32_load(tail) == ext4_log_csum_tail(log, block);
}

void ext4_log_skip_data(const struct ext4_log *log, struct ext4_log_cursor *cursor,
			const void *descriptor)
{
	struct ext4_log_tag tag = {0};
	u32 n = 0;

	while (ext4_log_tag_next(log, descriptor, &tag))
		n++;
	n = min(n, cursor->left);
	cursor->block = ext4_log_next(log, cursor->block, n);
	cursor->left -= n;
}

/* ---- the scan ---- */

struct scan {
	struct ext4_recovery *recovery;
	struct ext4_log_cursor cursor;
	bool suspect; /* a block of this transaction failed its checksum */
	bool ended;   /* end_tid is known; only looking whether it was a crash */
	bool stop;
	u32 crc; /* COMPAT_CHECKSUM: of this transaction up to here */
	u64 last_time;
};

static void end_log(struct scan *scan)
{
	if (!scan->ended)
		scan->recovery->end_tid = scan->cursor.tid;
	scan->ended = true;
}

static int scan_descriptor(struct scan *scan, const struct buffer *descriptor)
{
	const struct ext4_log *log = &scan->recovery->log;
	struct ext4_log_tag tag = {0};

	if (!ext4_log_tail_valid(log, descriptor->data))
		scan->suspect = true;
	if (!(log->compat & JOURNAL_COMPAT_CHECKSUM) || scan->suspect || scan->ended) {
		ext4_log_skip_data(log, &scan->cursor, descriptor->data);
		return 0;
	}
	scan->crc = crc32_be(scan->crc, descriptor->data, log->block_size);
	while (ext4_log_tag_next(log, descriptor->data, &tag)) {
		struct buffer *data;
		int err = ext4_log_read(log, &scan->cursor, &data);

		if (err)
			return err;
		if (!data)
			break;
		scan->crc = crc32_be(scan->crc, data->data, log->block_size);
		buffer_put(data);
	}
	return 0;
}

/* COMPAT_CHECKSUM: one sum over the whole transaction, or none. */
static bool old_checksum_valid(struct scan *scan, const struct journal_commit *commit)
{
	u32 found = be32_get(commit->h_chksum[0]), right = scan->crc;

	scan->crc = ~0u;
	if (!commit->h_chksum_type && !commit->h_chksum_size && !found)
		return true;
	return found == right && commit->h_chksum_type == JOURNAL_CHECKSUM_CRC32 &&
	       commit->h_chksum_size == sizeof(found);
}

/* The block's checksum, or that of a block whose first sector alone arrived: the header is
 * complete, and everything behind it was zeroes when it was summed. */
static int commit_valid(const struct ext4_log *log, const struct buffer *block, bool *valid)
{
	const struct journal_commit *commit = block->data;
	u32 found = be32_get(commit->h_chksum[0]);

	*valid = !log->checksums || found == ext4_log_csum_commit(log, commit);
	if (*valid)
		return 0;
	void *copy = kmalloc(log->block_size, MM_ZERO);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, commit, sizeof(*commit));
	*valid = found == ext4_log_csum_commit(log, copy);
	kfree(copy);
	return 0;
}

static int scan_commit(struct scan *scan, const struct buffer *block)
{
	struct ext4_recovery *recovery = scan->recovery;
	const struct ext4_log *log = &recovery->log;
	const struct journal_commit *commit = block->data;
	u64 time = be64_get(commit->h_commit_sec);
	bool valid = true;

	if (scan->suspect) {
		scan->stop = true;
		if (time < scan->last_time)
			return 0; /* left from an earlier round of the ring */
		log_err("%s: %s: the journal is corrupt: wrong checksum in transaction %u: run "
			"e2fsck",
			log->fs->type_name, log->fs->super->id, scan->cursor.tid);
		return -EUCLEAN;
	}
	if (log->compat & JOURNAL_COMPAT_CHECKSUM) {
		if (scan->ended) { /* a later commit: so the bad one was no crash */
			recovery->corrupt = true;
			scan->stop = true;
			return 0;
		}
		valid = old_checksum_valid(scan, commit);
	}
	int err = valid ? commit_valid(log, block, &valid) : 0;
	if (err)
		return err;
	if (!valid) {
		if (time < scan->last_time) {
			scan->stop = true;
			return 0;
		}
		end_log(scan);
		if (!(log->incompat & JOURNAL_INCOMPAT_ASYNC_COMMIT)) {
			recovery->corrupt = true;
			scan->stop = true;
			return 0;
		}
	}
	scan->last_time = time;
	scan->cursor.tid++;
	if (!scan->ended)
		recovery->end_block = scan->cursor.block;
	return 0;
}

int ext4_recovery_scan(struct ext4_recovery *recovery)
{
	const struct ext4_log *log = &recovery->log;
	struct scan scan = {.recovery = recovery, .cursor = ext4_log_cursor(log), .crc = ~0u};

	recovery->first_tid = scan.cursor.tid;
	recovery->end_block = scan.cursor.block;
	while (!scan.stop) {
		struct buffer *block;
		u32 type;
		int err = ext4_log_read_header(log, &scan.cursor, &block, &type);

		if (err)
			return err;
		if (!block)
			break;
		if (type == JOURNAL_DESCRIPTOR)
			err = scan_descriptor(&scan, block);
		else if (type == JOURNAL_COMMIT)
			err = scan_commit(&scan, block);
		else if (type == JOURNAL_REVOKE)
			scan.suspect = scan.suspect || !ext4_log_tail_valid(log, block->data);
		else
			scan.stop = true;
		buffer_put(block);
		if (err)
			return err;
	}
	end_log(&scan);
	return 0;
}
