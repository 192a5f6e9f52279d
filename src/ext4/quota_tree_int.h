/* What the files that know a quota file's blocks share. */
#ifndef EXT4_QUOTA_TREE_INT_H
#define EXT4_QUOTA_TREE_INT_H

#include "ext4/ext4_int.h"
#include "ext4/quota_tree.h"

#define EXT4_QUOTA_ROOT 1u /* the block that the tree begins with */

struct ext4_quota_block {
	struct buffer *buffer; /* referenced; NULL: not read */
	u8 *data;              /* EXT4_QUOTA_BLOCK bytes of it */
	u32 number;
};

/* Damage, with what the log needs to know: -EUCLEAN. */
int ext4_quota_damaged(struct ext4_quota_file *file, u32 block, const char *what);
int __must_check ext4_quota_block_read(struct ext4_quota_file *file, u32 block,
				       struct ext4_quota_block *out);
void ext4_quota_block_put(struct ext4_quota_block *block);
/* What a node of this level (0: the root) refers to for the id. */
u32 ext4_quota_ref(const struct ext4_quota_block *node, u32 id, u32 level);
bool ext4_quota_entry_unused(const struct ext4_quota_entry *entry);
/* Where the entry lies in a block of entries; 0: nowhere. */
u32 ext4_quota_leaf_find(const struct ext4_quota_block *leaf, u32 id);
void ext4_quota_header_fill(const struct ext4_quota_file *file, struct ext4_quota_header *header);

#endif
