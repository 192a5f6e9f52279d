/* Contents inside inodes: what inline.c, inline_file.c and inline_dir.c offer each other. */
#ifndef EXT4_INLINE_INT_H
#define EXT4_INLINE_INT_H

#include "ext4/xattr_int.h"

/* Bytes where the map would be; what follows is the attribute's. */
#define EXT4_INLINE_MAP ((u32)(EXT4_INODE_BLOCKS * 4))

extern const struct ext4_xattr_key ext4_inline_key;

/* xattr_lock is held, for writing by those that change. */

/* All contents into buf, a block that is zeroed. *length: how many bytes there are. */
int __must_check ext4_inline_read_all(struct ext4_inode *inode, u8 *buf, u32 *length);
/* Makes these the contents, of an inode without a map or an inline one: they are EXT4_INLINE_MAP
 * bytes at least, with zeroes behind `length`. -ENOSPC */
int __must_check ext4_inline_put(struct ext4_handle *handle, struct ext4_inode *inode,
				 const u8 *contents, u32 length);
/* The inode gets the contents instead of its map; NULL: an empty map instead of them. */
void ext4_inline_switch_map(struct ext4_inode *inode, const void *contents);

#endif
