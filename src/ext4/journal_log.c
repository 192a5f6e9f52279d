/* The journal's superblock and checksums: journal_log.h. */
#include "ext4/journal_log.h"

#include "ext4/ext4_int.h"
#include "lib/crc.h"
#include "lib/log.h"
#include "lib/string.h"

#define COMPAT_KNOWN JOURNAL_COMPAT_CHECKSUM
#define INCOMPAT_KNOWN                                                                             \
	(JOURNAL_INCOMPAT_REVOKE | JOURNAL_INCOMPAT_64BIT | JOURNAL_INCOMPAT_ASYNC_COMMIT |        \
	 JOURNAL_INCOMPAT_CSUM_V2 | JOURNAL_INCOMPAT_CSUM_V3 | JOURNAL_INCOMPAT_FAST_COMMIT)
#define INCOMPAT_CSUM (JOURNAL_INCOMPAT_CSUM_V2 | JOURNAL_INCOMPAT_CSUM_V3)

/* ---- checksums ---- */

/* crc32c over `size` bytes, of which the four at `at` count as 0. */
static u32 csum_without(u32 seed, const void *data, u32 at, u32 size)
{
	static const u8 zero[4];
	const u8 *bytes = data;
	u32 crc = crc32c(crc32c(seed, bytes, at), zero, sizeof(zero));

	return crc32c(crc, bytes + at + 4, size - at - 4);
}

static u32 csum_super(const struct journal_super *raw)
{
	return csum_without(~0u, raw, offsetof(struct journal_super, s_checksum), sizeof(*raw));
}

u32 ext4_log_csum_tail(const struct ext4_log *log, const void *block)
{
	return csum_without(log->seed, block, log->block_size - (u32)sizeof(struct journal_tail),
			    log->block_size);
}

u32 ext4_log_csum_commit(const struct ext4_log *log, const void *block)
{
	return csum_without(log->seed, block, offsetof(struct journal_commit, h_chksum),
			    log->block_size);
}

u32 ext4_log_csum_data(const struct ext4_log *log, u32 sequence, const void *block)
{
	struct be32 number = be32_make(sequence);

	return crc32c(crc32c(log->seed, &number, sizeof(number)), block, log->block_size);
}

/* ---- opening ---- */

static int refuse(const struct ext4_log *log, int err, const char *what, u64 value)
{
	log_err("%s: %s: the journal can't be used: %s: %llu", log->fs->type_name,
		log->fs->super->id, what, value);
	return err;
}

static int check_features(struct ext4_log *log)
{
	const struct journal_super *raw = log->raw;
	u32 type = be32_get(raw->s_header.h_blocktype);

	if (be32_get(raw->s_header.h_magic) != JOURNAL_MAGIC ||
	    (type != JOURNAL_SUPER_V1 && type != JOURNAL_SUPER_V2))
		return refuse(log, -EUCLEAN, "it has no superblock; the block's type is", type);
	if (be32_get(raw->s_blocksize) != log->block_size)
		return refuse(log, -EUCLEAN, "it has another block size",
			      be32_get(raw->s_blocksize));
	if (type == JOURNAL_SUPER_V1)
		return 0;
	log->compat = be32_get(raw->s_feature_compat);
	log->incompat = be32_get(raw->s_feature_incompat);
	if (log->incompat & ~INCOMPAT_KNOWN)
		return refuse(log, -EINVAL, "it has unknown incompat features",
			      log->incompat & ~INCOMPAT_KNOWN);
	if (be32_get(raw->s_feature_ro_compat))
		return refuse(log, -EINVAL, "it has unknown ro_compat features",
			      be32_get(raw->s_feature_ro_compat));
	log->checksums = log->incompat & INCOMPAT_CSUM;
	if ((log->incompat & INCOMPAT_CSUM) == INCOMPAT_CSUM ||
	    (log->checksums && (log->compat & JOURNAL_COMPAT_CHECKSUM)))
		return refuse(log, -EUCLEAN, "it claims two kinds of checksums", log->incompat);
	if (!log->checksums)
		return 0;
	if (raw->s_checksum_type != JOURNAL_CHECKSUM_CRC32C)
		return refuse(log, -EUCLEAN, "unknown type of checksums", raw->s_checksum_type);
	if (be32_get(raw->s_checksum) != csum_super(raw))
		return refuse(log, -EUCLEAN, "the checksum of its superblock is wrong",
			      be32_get(raw->s_checksum));
	log->seed = crc32c(~0u, raw->s_uuid, sizeof(raw->s_uuid));
	return 0;
}

/* A journal on a device says who uses it: this volume, and nobody else. (It may say nothing:
 * e2fsck accepts that too, for the volume names the journal by its UUID.) */
static int check_users(const struct ext4_log *log)
{
	const struct journal_super *raw = log->raw;
	u32 users = be32_get(raw->s_nr_users);

	if (log->map.bdev == log->fs->bdev)
		return 0;
	if (be32_get(raw->s_header.h_blocktype) == JOURNAL_SUPER_V1)
		return refuse(log, -EUCLEAN, "it is of version 1, on a device of its own", 1);
	if (users > 1)
		return refuse(log, -EINVAL, "more than one volume uses it", users);
	if (users && memcmp(raw->s_users, log->fs->raw->s_uuid, sizeof(log->fs->raw->s_uuid)) != 0)
		return refuse(log, -EINVAL, "another volume uses it", users);
	return 0;
}

static int check_geometry(struct ext4_log *log)
{
	const struct journal_super *raw = log->raw;
	u32 blocks = be32_get(raw->s_maxlen), start = be32_get(raw->s_start);

	if (blocks > log->map.blocks)
		return refuse(log, -EUCLEAN, "it claims more blocks than its file has", blocks);
	log->first = be32_get(raw->s_first);
	log->end = blocks;
	if (log->first <= log->map.super || log->first >= blocks)
		return refuse(log, -EUCLEAN, "its first block is invalid", log->first);
	if (log->incompat & JOURNAL_INCOMPAT_FAST_COMMIT) {
		u32 count = be32_get(raw->s_num_fc_blks);

		if (!count)
			count = JOURNAL_FC_BLOCKS_DEFAULT;
		if (blocks > count && blocks - count >= JOURNAL_MIN_BLOCKS) {
			log->end = blocks - count;
			log->fc_first = log->end + 1;
			log->fc_count = count - 1;
		}
	}
	if (log->end < JOURNAL_MIN_BLOCKS || log->end - log->first < JOURNAL_MIN_BLOCKS - 1)
		return refuse(log, -EUCLEAN, "it is too short, blocks", log->end);
	if (start && (start < log->first || start >= log->end))
		return refuse(log, -EUCLEAN, "its log starts out of range, at", start);
	log->tag_size = journal_tag_size(log->incompat);
	log->tail_size = journal_tail_size(log->incompat);
	return 0;
}

int ext4_log_open(struct ext4_fs *fs, struct ext4_log *log)
{
	*log = (struct ext4_log){.fs = fs, .block_size = fs->block_size};
	int err = ext4_journal_map_load(fs, &log->map);

	if (err)
		return err;
	if (log->map.blocks < JOURNAL_MIN_BLOCKS) {
		err = refuse(log, -EUCLEAN, "its file is too short, blocks", log->map.blocks);
		goto fail;
	}
	err = buffer_read(log->map.bdev, ext4_journal_map_find(&log->map, log->map.super, NULL),
			  &log->super_buffer);
	if (err) {
		refuse(log, err, "its superblock can't be read: error", (u64)-err);
		goto fail;
	}
	log->raw = log->super_buffer->data;
	err = check_features(log);
	if (!err)
		err = check_users(log);
	if (!err)
		err = check_geometry(log);
	if (!err)
		return 0;
fail:
	ext4_log_close(log);
	return err;
}

void ext4_log_close(struct ext4_log *log)
{
	buffer_put(log->super_buffer);
	ext4_journal_map_free(&log->map);
	*log = (struct ext4_log){0};
}

/* ---- the superblock ---- */

int ext4_log_super_write(struct ext4_log *log)
{
	buffer_lock(log->super_buffer);
	if (log->checksums)
		log->raw->s_checksum = be32_make(csum_super(log->raw));
	buffer_unlock(log->super_buffer);
	buffer_mark_dirty(log->super_buffer);
	return buffer_write(log->super_buffer, BIO_FUA);
}

int ext4_log_mark_empty(struct ext4_log *log, u32 sequence)
{
	buffer_lock(log->super_buffer);
	log->raw->s_start = be32_make(0);
	log->raw->s_sequence = be32_make(sequence);
	/* As Linux does it: who knows nothing of fast commits can use the volume. */
	if (be32_get(log->raw->s_header.h_blocktype) == JOURNAL_SUPER_V2)
		log->raw->s_feature_incompat = be32_make(be32_get(log->raw->s_feature_incompat) &
							 ~JOURNAL_INCOMPAT_FAST_COMMIT);
	buffer_unlock(log->super_buffer);
	return ext4_log_super_write(log);
}
