/*
 * Fast commits: found, so that a volume whose last fsyncs went there is not taken for one that has
 * lost nothing. They are not replayed: such a volume is left to e2fsck.
 */
#include "ext4/ext4_int.h"
#include "ext4/journal_recover_int.h"
#include "lib/crc.h"
#include "lib/string.h"

struct reader {
	const struct ext4_recovery *recovery;
	u32 crc;
	bool found, stop;
};

static u32 word(const u8 *bytes, u32 offset)
{
	return le32_load(bytes + offset);
}

/* One record, whose value lies inside of its block. */
static void take(struct reader *reader, const u8 *at, u32 tag, u32 length)
{
	const u8 *value = at + sizeof(struct journal_fc_tl);
	u32 summed = (u32)sizeof(struct journal_fc_tl) + length;

	if (tag == JOURNAL_FC_HEAD) {
		reader->stop = length < sizeof(struct journal_fc_head) ||
			       word(value, offsetof(struct journal_fc_head, fc_tid)) !=
				   reader->recovery->end_tid;
	} else if (tag == JOURNAL_FC_TAIL) {
		u32 sum_at = offsetof(struct journal_fc_tail, fc_crc);

		if (length < sizeof(struct journal_fc_tail)) {
			reader->stop = true;
			return;
		}
		summed = (u32)sizeof(struct journal_fc_tl) + sum_at;
		if (word(value, 0) == reader->recovery->end_tid &&
		    word(value, sum_at) == crc32c(reader->crc, at, summed))
			reader->found = true;
		reader->stop = true;
		return;
	}
	reader->crc = crc32c(reader->crc, at, summed);
}

static void read_block(struct reader *reader, const u8 *block, u32 size)
{
	const u32 head = sizeof(struct journal_fc_tl);
	u32 at = 0;

	while (!reader->stop && at + head <= size) {
		u32 tag = le16_load(block + at), length = le16_load(block + at + 2);

		if (!tag || tag > JOURNAL_FC_HEAD || length > size - at - head)
			reader->stop = true;
		else
			take(reader, block + at, tag, length);
		at += head + length;
	}
}

int ext4_recovery_find_fast(struct ext4_recovery *recovery, bool *found)
{
	const struct ext4_log *log = &recovery->log;
	struct reader reader = {.recovery = recovery};
	int err = 0;

	for (u32 i = 0; i < log->fc_count && !reader.stop && !err; i++) {
		struct buffer *buffer;

		err =
		    buffer_read(log->map.bdev,
				ext4_journal_map_find(&log->map, log->fc_first + i, NULL), &buffer);
		if (!err)
			read_block(&reader, buffer->data, log->block_size);
		buffer_put(buffer);
	}
	*found = reader.found;
	return err;
}
