/*
 * Journals made block by block, in any flavour of the format, right or wrong: what tests of
 * recovery replay.
 *
 *   jimg_open()                     the journal is empty; features, start and sequence chosen
 *   jimg_descriptor() jimg_revoke() jimg_commit()
 *                                   append to the log
 *   jimg_close()                    superblock and needs_recovery written
 */
#ifndef UNIT_JOURNAL_IMAGE_H
#define UNIT_JOURNAL_IMAGE_H

#include "ext4/journal_disk.h"
#include "ext4/ondisk.h"

#define JIMG_BLOCKS 4096

struct jimg {
	u8 *data; /* the image */
	struct ext4_super_raw *super;
	struct journal_super *raw;
	u32 block_size, maxlen;
	u32 end; /* of the ring: before the area of fast commits, if there is one */
	u32 blocks[JIMG_BLOCKS], mapped; /* where the journal's blocks are in the volume */
	u32 compat, incompat;
	u32 position, tid; /* where the next block goes; the transaction being written */
	u64 time;          /* of the next commit */
	u32 crc;           /* COMPAT_CHECKSUM */
	bool uuids;        /* every tag has its UUID behind it */
};

/* The caller has set data, blocks and mapped. start 0: the log is empty (s_start 0). */
void jimg_open(struct jimg *j, u32 compat, u32 incompat, u32 start, u32 tid);
void jimg_close(struct jimg *j);

/* A descriptor and its data: n (> 0) blocks of block_size. false: they don't fit a descriptor. */
bool jimg_descriptor(struct jimg *j, const u64 *blocks, u32 n, const u8 *data);
void jimg_revoke(struct jimg *j, const u64 *blocks, u32 n);
void jimg_commit(struct jimg *j);

/*
 * The area of fast commits: records, each fast commit ended by a tail. Between jimg_open(), whose
 * features have FAST_COMMIT, and jimg_close().
 */
struct jfast {
	struct jimg *j;
	u32 block, at; /* of the area; the offset in it */
	u32 crc;
};
void jimg_fast_open(struct jimg *j, struct jfast *fast);
void jimg_fast_record(struct jfast *fast, u32 tag, const void *value, u32 length);
void jimg_fast_head(struct jfast *fast, u32 features, u32 tid);
void jimg_fast_tail(struct jfast *fast, u32 tid);

/* Block `index` of the journal. */
u8 *jimg_block(struct jimg *j, u32 index);
/* Sums a block with a tail, or a commit block, again after it was changed. */
void jimg_sum_tail(struct jimg *j, u8 *block);
void jimg_sum_commit(struct jimg *j, u8 *block);
void jimg_sum_super(struct jimg *j);

#endif
