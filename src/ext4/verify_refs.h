/* References that the volume counts: who shares blocks of attributes and values in inodes. */
#ifndef EXT4_VERIFY_REFS_H
#define EXT4_VERIFY_REFS_H

#include "ext4/ext4_int.h"
#include "lib/radix.h"

struct ext4_refs {
	struct radix blocks, values; /* counts, by block and by inode number */
};

/* Counts what the inode's attributes refer to. -ENOMEM; other errors were told. */
int __must_check ext4_refs_count(struct ext4_refs *refs, struct ext4_inode *inode);
/* Calls wrong() for each block of attributes whose own count differs. */
int __must_check ext4_refs_compare(struct ext4_refs *refs, struct ext4_fs *fs,
				   void (*wrong)(void *arg, u64 block, u64 counted, u64 says),
				   void *arg);
/* How many refer to the inode that holds a value, and how many it says. */
u64 ext4_refs_of(const struct ext4_refs *refs, u32 ino);
void ext4_refs_free(struct ext4_refs *refs);

#endif
