/* Recovery, inside: what the passes share. */
#ifndef EXT4_JOURNAL_RECOVER_INT_H
#define EXT4_JOURNAL_RECOVER_INT_H

#include "ext4/journal_log.h"
#include "ext4/ondisk.h"
#include "lib/radix.h"
#include "lib/types.h"

struct buffer;

/*
 * What the superblock says of errors is written past the journal: a replayed superblock must not
 * take it back.
 */
struct ext4_error_record {
	u16 state;
	u8 bytes[offsetof(struct ext4_super_raw, s_mount_opts) -
		 offsetof(struct ext4_super_raw, s_error_count)];
};

struct ext4_recovery {
	struct ext4_log log;
	u32 first_tid;
	u32 end_tid;   /* the first transaction that is not replayed */
	u32 end_block; /* of the ring: behind the last that is */
	bool corrupt;  /* a commit block that must have been good was not */
	struct ext4_error_record errors;
	struct radix revoked; /* by block: see journal_revoke.c */
	int data_error;       /* of blocks that could not be replayed, while others could */
	u32 blocks, skipped;  /* replayed; revoked */
	u32 unwritten;        /* replayed blocks not yet on their way to the disk */
};

/* Where a pass is. */
struct ext4_log_cursor {
	u32 block, left; /* the next block; how many until the ring was gone through once */
	u32 tid;         /* what its sequence number must be */
};

static inline struct ext4_log_cursor ext4_log_cursor(const struct ext4_log *log)
{
	return (struct ext4_log_cursor){.block = be32_get(log->raw->s_start),
					.left = log->end - log->first,
					.tid = be32_get(log->raw->s_sequence)};
}

/* A tag of a descriptor. */
struct ext4_log_tag {
	u64 block;
	u32 flags, checksum;
	u32 offset; /* in the descriptor; 0 before the first */
};

/* ---- journal_scan.c ---- */

/* Reads the block at the cursor and moves on. *out NULL: the ring has no more. */
int __must_check ext4_log_read(const struct ext4_log *log, struct ext4_log_cursor *cursor,
			       struct buffer **out);
/* The same for a block that must begin with a header of the cursor's transaction; *out NULL: the
 * log ends here. */
int __must_check ext4_log_read_header(const struct ext4_log *log, struct ext4_log_cursor *cursor,
				      struct buffer **out, u32 *type);
/* The first tag (of a zeroed struct) or the next; false behind the last. */
bool ext4_log_tag_next(const struct ext4_log *log, const void *descriptor,
		       struct ext4_log_tag *tag);
bool ext4_log_tail_valid(const struct ext4_log *log, const void *block);
/* Skips the data of a descriptor. */
void ext4_log_skip_data(const struct ext4_log *log, struct ext4_log_cursor *cursor,
			const void *descriptor);
int __must_check ext4_recovery_scan(struct ext4_recovery *recovery);

/* ---- journal_revoke.c ---- */

int __must_check ext4_recovery_revoke(struct ext4_recovery *recovery);
/* Whether a copy of the block from transaction tid must not be replayed. */
bool ext4_recovery_is_revoked(const struct ext4_recovery *recovery, u64 block, u32 tid);
void ext4_recovery_forget_revoked(struct ext4_recovery *recovery);

#endif
