/*
 * A journal, opened: what recovery and the writer of transactions both know of it.
 */
#ifndef EXT4_JOURNAL_LOG_H
#define EXT4_JOURNAL_LOG_H

#include "ext4/journal_disk.h"
#include "ext4/journal_map.h"
#include "lib/types.h"

struct buffer;
struct ext4_fs;

struct ext4_log {
	struct ext4_fs *fs;
	struct ext4_journal_map map;
	struct buffer *super_buffer;
	struct journal_super *raw; /* inside super_buffer */
	u32 block_size;
	u32 compat, incompat;
	u32 first, end;         /* the ring: first to end - 1 */
	u32 fc_first, fc_count; /* fast commits; 0 without */
	bool checksums;         /* CSUM_V2 or CSUM_V3 */
	u32 seed;               /* of these checksums */
	u32 tag_size, tail_size;
};

/*
 * Maps the journal, reads its superblock and checks all of it. -EUCLEAN, -EINVAL (unknown
 * features), -EIO, -ENOMEM, each with a message; there is then nothing to close.
 */
int __must_check ext4_log_open(struct ext4_fs *fs, struct ext4_log *log);
void ext4_log_close(struct ext4_log *log);

/* The block of the ring that follows. */
static inline u32 ext4_log_next(const struct ext4_log *log, u32 block, u32 n)
{
	u32 to_end = log->end - block;

	return n < to_end ? block + n : log->first + (n - to_end) % (log->end - log->first);
}
/* Whether sequence number a is b or comes after it: they wrap. */
static inline bool ext4_log_reached(u32 a, u32 b)
{
	return (s32)(a - b) >= 0;
}

/* Sums the superblock (with checksums) and writes it: durable when this returns 0. */
int __must_check ext4_log_super_write(struct ext4_log *log);
/* Says on the disk that the log is empty and goes on with transaction `sequence`. Durable. */
int __must_check ext4_log_mark_empty(struct ext4_log *log, u32 sequence);

/* Checksum of a block with a tail (descriptor, revoke), of a commit block, of a data block as it
 * lies in the log. */
u32 ext4_log_csum_tail(const struct ext4_log *log, const void *block);
u32 ext4_log_csum_commit(const struct ext4_log *log, const void *block);
u32 ext4_log_csum_data(const struct ext4_log *log, u32 sequence, const void *block);

#endif
