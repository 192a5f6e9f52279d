/* Fast commits: finding the records that count, and walking over them. journal_fast.h tells the
 * theory. */
#include "ext4/journal_fast.h"

#include "ext4/ext4_int.h"
#include "lib/crc.h"
#include "lib/log.h"

#define HEAD_SIZE ((u32)sizeof(struct journal_fc_tl))

/* Where in the area a reader is. */
struct reader {
	const struct ext4_log *log;
	struct buffer *buffer; /* of this block */
	u32 block, at;
};

static bool length_valid(const struct ext4_log *log, u32 tag, u32 length)
{
	const u32 name = sizeof(struct journal_fc_dentry), ino = sizeof(struct journal_fc_inode);

	switch (tag) {
	case JOURNAL_FC_ADD_RANGE:
		return length >= sizeof(struct journal_fc_add_range);
	case JOURNAL_FC_DEL_RANGE:
		return length >= sizeof(struct journal_fc_del_range);
	case JOURNAL_FC_CREAT:
	case JOURNAL_FC_LINK:
	case JOURNAL_FC_UNLINK:
		return length > name && length <= name + EXT4_NAME_MAX;
	case JOURNAL_FC_INODE:
		return length >= ino + EXT4_INODE_SIZE_OLD && length <= ino + log->fs->inode_size;
	case JOURNAL_FC_TAIL:
		return length >= sizeof(struct journal_fc_tail);
	case JOURNAL_FC_HEAD:
		return length >= sizeof(struct journal_fc_head);
	default:
		return tag == JOURNAL_FC_PAD;
	}
}

/* The next record; *more false: there is none that makes sense. */
static int next(struct reader *reader, struct ext4_fast_record *record, bool *more)
{
	const struct ext4_log *log = reader->log;
	const u32 size = log->block_size;

	*more = false;
	if (reader->buffer && reader->at + HEAD_SIZE > size) {
		buffer_put(reader->buffer);
		reader->buffer = NULL;
		reader->block++;
	}
	if (reader->block >= log->fc_count)
		return 0;
	if (!reader->buffer) {
		int err = buffer_read(
		    log->map.bdev,
		    ext4_journal_map_find(&log->map, log->fc_first + reader->block, NULL),
		    &reader->buffer);

		if (err)
			return err;
		reader->at = 0;
	}
	const u8 *at = (const u8 *)reader->buffer->data + reader->at;
	*record = (struct ext4_fast_record){le16_load(at), le16_load(at + 2), at + HEAD_SIZE};
	if (record->length > size - reader->at - HEAD_SIZE ||
	    !length_valid(log, record->tag, record->length))
		return 0;
	reader->at += HEAD_SIZE + record->length;
	*more = true;
	return 0;
}

int ext4_fast_walk(const struct ext4_log *log, u32 count, ext4_fast_visit_fn visit, void *context)
{
	struct reader reader = {.log = log};
	int err = 0;

	for (u32 i = 0; i < count && !err; i++) {
		struct ext4_fast_record record;
		bool more;

		err = next(&reader, &record, &more);
		if (!err && !more)
			err = -EIO; /* it was there before */
		if (!err)
			err = visit(context, &record);
	}
	buffer_put(reader.buffer);
	return err;
}

/* The area's first record. */
static int check_head(const struct ext4_log *log, const struct ext4_fast_record *record, u32 tid,
		      bool *ours)
{
	*ours = record->tag == JOURNAL_FC_HEAD &&
		ext4_fast_word(record, offsetof(struct journal_fc_head, fc_tid)) == tid;
	if (!*ours)
		return 0;
	u32 unknown = ext4_fast_word(record, offsetof(struct journal_fc_head, fc_features)) &
		      ~JOURNAL_FC_FEATURES_SUPPORTED;

	if (!unknown)
		return 0;
	log_err("%s: %s: the journal holds fast commits with unknown features: %#x: run e2fsck",
		log->fs->type_name, log->fs->super->id, unknown);
	return -EOPNOTSUPP;
}

int ext4_fast_find(const struct ext4_log *log, u32 tid, u32 *count)
{
	struct reader reader = {.log = log};
	struct ext4_fast_record record;
	u32 crc = 0, seen = 0;
	bool more;
	int err;

	*count = 0;
	while (!(err = next(&reader, &record, &more)) && more) {
		const u8 *start = record.value - HEAD_SIZE;
		const u32 sum_at = offsetof(struct journal_fc_tail, fc_crc);

		if (!seen++) {
			err = check_head(log, &record, tid, &more);
			if (err || !more)
				break;
		}
		if (record.tag != JOURNAL_FC_TAIL) {
			crc = crc32c(crc, start, HEAD_SIZE + record.length);
			continue;
		}
		if (ext4_fast_word(&record, 0) != tid ||
		    ext4_fast_word(&record, sum_at) != crc32c(crc, start, HEAD_SIZE + sum_at))
			break; /* it was being written, or is older */
		*count = seen;
		crc = 0;
	}
	buffer_put(reader.buffer);
	return err;
}
