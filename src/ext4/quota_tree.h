/*
 * A quota file: format "vfsv1", version 1 (quota format of Linux, QFMT_VFS_V1).
 *
 * It consists of blocks of 1 KiB, whatever the volume's block size. Block 0 holds magic, version,
 * grace times and the heads of two lists. Block 1 is the root of a tree of four levels: a byte of
 * the id, the highest first, chooses one of 256 references in each. The last refers to a block of
 * 14 entries, of any ids; the entry says which. Blocks of entries with room are on a doubly linked
 * list, blocks that nobody uses on another.
 *
 * An entry of zeroes is free, so that one with nothing to say keeps a 1 in a field that means
 * nothing then.
 *
 * Blocks are read and changed through the buffer cache, like those of directories, and never freed.
 * Entries' numbers are changed in place by who knows where they lie; everything else under
 * quota.mutex.
 */
#ifndef EXT4_QUOTA_TREE_H
#define EXT4_QUOTA_TREE_H

#include "ext4/quota.h"
#include "lib/endian.h"

struct buffer;

#define EXT4_QUOTA_BLOCK_BITS 10u
#define EXT4_QUOTA_BLOCK      (1u << EXT4_QUOTA_BLOCK_BITS)
#define EXT4_QUOTA_LEVELS     4u

struct ext4_quota_header {
	struct le32 magic, version;
	struct le32 block_grace, inode_grace; /* seconds */
	struct le32 flags;
	struct le32 blocks;     /* of this file that were ever used */
	struct le32 free_block; /* heads of lists, 0: empty */
	struct le32 free_entry;
};

struct ext4_quota_leaf {
	struct le32 next, prev; /* on one of the two lists */
	struct le16 entries;    /* in use */
	struct le16 pad1;
	struct le32 pad2;
};

struct ext4_quota_entry {
	struct le32 id, pad;
	struct le64 inode_hard, inode_soft, inodes;
	struct le64 space_hard, space_soft; /* KiB */
	struct le64 space;                  /* bytes */
	struct le64 space_time, inode_time; /* when grace ends; 0: below the soft limit */
};
_Static_assert(sizeof(struct ext4_quota_entry) == 72, "an entry of version 1");
#define EXT4_QUOTA_ENTRIES                                                                         \
	((EXT4_QUOTA_BLOCK - sizeof(struct ext4_quota_leaf)) / sizeof(struct ext4_quota_entry))

struct ext4_quota_file {
	struct ext4_fs *fs;
	struct ext4_inode *inode; /* referenced; NULL: there is no such file */
	enum ext4_quota_type type;
	u32 ino;
	u32 blocks, free_block, free_entry; /* quota.mutex */
	u32 block_grace, inode_grace;       /* quota.mutex to write */
};

/* Where an entry lies; buffer is referenced. */
struct ext4_quota_place {
	struct buffer *buffer;
	u32 offset;
};

const char *ext4_quota_name(enum ext4_quota_type type);
/* Reads the header and verifies everything. -EUCLEAN was said in the log. */
int __must_check ext4_quota_tree_open(struct ext4_quota_file *file);
/* -ENOENT: there is none. */
int __must_check ext4_quota_tree_find(struct ext4_quota_file *file, u32 id,
				      struct ext4_quota_place *place);
/* Makes an entry of zeroes, in a handle of its own. -ENOSPC */
int __must_check ext4_quota_tree_insert(struct ext4_quota_file *file, u32 id,
					struct ext4_quota_place *place);
/* The first id that is >= *id. -ENOENT */
int __must_check ext4_quota_tree_next(struct ext4_quota_file *file, u32 *id);
/* Writes grace times to the header, in this handle. */
int __must_check ext4_quota_tree_set_grace(struct ext4_handle *handle, struct ext4_quota_file *file,
					   u32 block_grace, u32 inode_grace);
#define EXT4_QUOTA_GRACE_CREDITS 1u

#endif
