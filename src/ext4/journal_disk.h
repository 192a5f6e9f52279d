/*
 * The journal as it lies on the disk: the format jbd2, that ext3 and ext4 share.
 *
 * The journal is a file of the volume (or a device of its own), in blocks of the volume's size.
 * Block 0 holds the journal's superblock; blocks s_first to s_maxlen - 1 hold the log, as a ring.
 * (With fast commits, the last s_num_fc_blks of them are no part of the ring: see below.) The log
 * begins at s_start with the transaction s_sequence; s_start 0 says that it is empty.
 *
 * A transaction is a sequence of blocks, each of which but the data starts with journal_header:
 *
 *   descriptor   tags, each of which says where the data block that belongs to it goes to; followed
 *                by these data blocks, in the order of the tags
 *   revoke       numbers of blocks of which no copy from this or an earlier transaction may be
 *                replayed
 *   commit       the transaction is complete
 *
 * There are any number of descriptors (with their data) and revoke blocks, in any order, and then
 * one commit block. A data block that starts with the magic number itself is "escaped": written
 * with its first four bytes zeroed and flagged in its tag, so that no data looks like a header.
 *
 * All integers are big-endian, but those of fast commits are little-endian.
 */
#ifndef EXT4_JOURNAL_DISK_H
#define EXT4_JOURNAL_DISK_H

#include "lib/endian.h"
#include "lib/types.h"

#define JOURNAL_MAGIC      0xc03b3998u
#define JOURNAL_MIN_BLOCKS 1024u /* as Linux has it; fewer are refused */

/* h_blocktype */
#define JOURNAL_DESCRIPTOR 1u
#define JOURNAL_COMMIT     2u
#define JOURNAL_SUPER_V1   3u
#define JOURNAL_SUPER_V2   4u
#define JOURNAL_REVOKE     5u

struct journal_header {
	struct be32 h_magic;
	struct be32 h_blocktype;
	struct be32 h_sequence;
};
_Static_assert(sizeof(struct journal_header) == 12, "the header of a journal block");

/* ---- the superblock ---- */

#define JOURNAL_USERS_MAX  48
#define JOURNAL_SUPER_SIZE 1024u

struct journal_super {
	struct journal_header s_header;
	struct be32 s_blocksize;
	struct be32 s_maxlen; /* blocks, this one included */
	struct be32 s_first;  /* of the log */
	struct be32 s_sequence;
	struct be32 s_start;
	struct be32 s_errno; /* why the journal was aborted: signed, negative in Linux */
	/* from here on only in version 2 */
	struct be32 s_feature_compat;
	struct be32 s_feature_incompat;
	struct be32 s_feature_ro_compat;
	u8 s_uuid[16];
	struct be32 s_nr_users;
	struct be32 s_dynsuper;
	struct be32 s_max_transaction;
	struct be32 s_max_trans_data;
	u8 s_checksum_type;
	u8 s_padding2[3];
	struct be32 s_num_fc_blks; /* 0 with fast commits: JOURNAL_FC_BLOCKS_DEFAULT */
	struct be32 s_head;        /* where an empty log goes on; only a hint */
	struct be32 s_padding[40];
	struct be32 s_checksum; /* crc32c from ~0 over all 1024 bytes with this as 0 */
	u8 s_users[16 * JOURNAL_USERS_MAX];
};
_Static_assert(sizeof(struct journal_super) == JOURNAL_SUPER_SIZE, "the journal's superblock");

#define JOURNAL_COMPAT_CHECKSUM       0x0001u /* crc32 over all of a transaction, in its commit */
#define JOURNAL_INCOMPAT_REVOKE       0x0001u
#define JOURNAL_INCOMPAT_64BIT        0x0002u
#define JOURNAL_INCOMPAT_ASYNC_COMMIT 0x0004u
#define JOURNAL_INCOMPAT_CSUM_V2      0x0008u
#define JOURNAL_INCOMPAT_CSUM_V3      0x0010u
#define JOURNAL_INCOMPAT_FAST_COMMIT  0x0020u

/* s_checksum_type, h_chksum_type */
#define JOURNAL_CHECKSUM_CRC32  1u
#define JOURNAL_CHECKSUM_MD5    2u
#define JOURNAL_CHECKSUM_SHA1   3u
#define JOURNAL_CHECKSUM_CRC32C 4u

/*
 * With CSUM_V2 or CSUM_V3 (never both, never with COMPAT_CHECKSUM) the checksums of a log are
 * crc32c values that start from crc32c(~0, s_uuid). A data block's is taken over its transaction's
 * number as be32 and then the block as it lies in the log (escaped, if it was); CSUM_V2 keeps the
 * low 16 bits of it.
 */

/* ---- descriptors ---- */

/* t_flags */
#define JOURNAL_TAG_ESCAPE    0x0001u
#define JOURNAL_TAG_SAME_UUID 0x0002u /* no UUID of 16 bytes follows this tag */
#define JOURNAL_TAG_DELETED   0x0004u
#define JOURNAL_TAG_LAST      0x0008u

/* Without CSUM_V3. The last field only with 64BIT. */
struct journal_tag {
	struct be32 t_blocknr;
	struct be16 t_checksum; /* with CSUM_V2 */
	struct be16 t_flags;
	struct be32 t_blocknr_high;
};
_Static_assert(sizeof(struct journal_tag) == 12, "a tag");

/* With CSUM_V3. */
struct journal_tag3 {
	struct be32 t_blocknr;
	struct be32 t_flags;
	struct be32 t_blocknr_high;
	struct be32 t_checksum;
};
_Static_assert(sizeof(struct journal_tag3) == 16, "a tag with a whole checksum");

#define JOURNAL_TAG_UUID_SIZE 16u

/* What a tag takes in a descriptor; two bytes that nobody uses are part of it with CSUM_V2. */
static inline u32 journal_tag_size(u32 incompat)
{
	if (incompat & JOURNAL_INCOMPAT_CSUM_V3)
		return sizeof(struct journal_tag3);
	return (u32)sizeof(struct journal_tag) + (incompat & JOURNAL_INCOMPAT_CSUM_V2 ? 2 : 0) -
	       (incompat & JOURNAL_INCOMPAT_64BIT ? 0 : 4);
}

/* The last four bytes of descriptors and revoke blocks with CSUM_V2 or CSUM_V3: crc32c over the
 * block with these as 0. */
struct journal_tail {
	struct be32 t_checksum;
};
static inline u32 journal_tail_size(u32 incompat)
{
	return incompat & (JOURNAL_INCOMPAT_CSUM_V2 | JOURNAL_INCOMPAT_CSUM_V3)
		   ? (u32)sizeof(struct journal_tail)
		   : 0;
}

/* ---- revoke blocks ---- */

struct journal_revoke_header {
	struct journal_header r_header;
	struct be32 r_count; /* bytes in use, this header's included */
};
_Static_assert(sizeof(struct journal_revoke_header) == 16, "the header of a revoke block");

/* Numbers of blocks follow: be64 with 64BIT, else be32. */
static inline u32 journal_revoke_size(u32 incompat)
{
	return incompat & JOURNAL_INCOMPAT_64BIT ? 8 : 4;
}

/* ---- commit blocks ---- */

#define JOURNAL_CHECKSUM_WORDS 8

struct journal_commit {
	struct journal_header h_header;
	u8 h_chksum_type;
	u8 h_chksum_size;
	u8 h_padding[2];
	/* COMPAT_CHECKSUM: crc32 from ~0 over the descriptors and data blocks of the transaction.
	 * CSUM_V2, CSUM_V3: crc32c over this block, with h_chksum[0] as 0 (type and size are 0). */
	struct be32 h_chksum[JOURNAL_CHECKSUM_WORDS];
	struct be64 h_commit_sec;
	struct be32 h_commit_nsec;
};
_Static_assert(offsetof(struct journal_commit, h_commit_nsec) == 56, "a commit block");

/* ---- fast commits ---- */

/*
 * The ring ends s_num_fc_blks blocks before s_maxlen; the block there is unused, and those after it
 * are the area of fast commits. Records, each a tag and its value, describe changes
 * since the last full commit; they begin in the area's first block with HEAD, and each fast commit
 * ends with TAIL, padded to the end of its block. A record never crosses the end of a block.
 */
#define JOURNAL_FC_BLOCKS_DEFAULT 256u

struct journal_fc_tl {
	struct le16 fc_tag;
	struct le16 fc_len; /* of the value that follows */
};
_Static_assert(sizeof(struct journal_fc_tl) == 4, "tag and length of a fast commit's record");

#define JOURNAL_FC_ADD_RANGE 1u
#define JOURNAL_FC_DEL_RANGE 2u
#define JOURNAL_FC_CREAT     3u
#define JOURNAL_FC_LINK      4u
#define JOURNAL_FC_UNLINK    5u
#define JOURNAL_FC_INODE     6u
#define JOURNAL_FC_PAD       7u
#define JOURNAL_FC_TAIL      8u
#define JOURNAL_FC_HEAD      9u

#define JOURNAL_FC_FEATURES_SUPPORTED 0u

struct journal_fc_head {
	struct le32 fc_features;
	struct le32 fc_tid;
};
struct journal_fc_add_range {
	struct le32 fc_ino;
	u8 fc_ex[12]; /* struct ext4_extent */
};
struct journal_fc_del_range {
	struct le32 fc_ino;
	struct le32 fc_lblk;
	struct le32 fc_len;
};
/* CREAT, LINK, UNLINK: the name is the rest of the value. */
struct journal_fc_dentry {
	struct le32 fc_parent_ino;
	struct le32 fc_ino;
	u8 fc_dname[];
};
struct journal_fc_inode {
	struct le32 fc_ino;
	u8 fc_raw_inode[];
};
struct journal_fc_tail {
	struct le32 fc_tid;
	struct le32 fc_crc; /* crc32c from 0 over all since the last TAIL, up to this field */
};

#endif
