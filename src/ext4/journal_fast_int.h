/* Fast commits, inside: what is known while their records are applied. */
#ifndef EXT4_JOURNAL_FAST_INT_H
#define EXT4_JOURNAL_FAST_INT_H

#include "ext4/extent_int.h"
#include "ext4/journal_fast.h"
#include "lib/radix.h"

struct ext4_fast {
	struct ext4_fs *fs;
	struct radix held;  /* inodes that records are about, by number: referenced */
	struct radix chain; /* numbers on the orphan list: their i_dtime is the list's */
	u8 *raw;            /* room for an inode as a record has it */
	u32 inodes, ranges, names;
};

/* Says so: -EUCLEAN. */
int ext4_fast_damaged(const struct ext4_fast *fast, const char *what, u64 value);

/* ---- journal_fast_inode.c ---- */

/* Learns the numbers on the volume's orphan list. */
int __must_check ext4_fast_read_chain(struct ext4_fast *fast);
void ext4_fast_forget_chain(struct ext4_fast *fast);
/* The inode, held until the end. -ESTALE: there is none, or one without links. */
int __must_check ext4_fast_hold(struct ext4_fast *fast, u32 ino, struct ext4_inode **out);
/* Lets go of all. Those without links are deleted, but for those on the orphan list. */
int __must_check ext4_fast_let_go_all(struct ext4_fast *fast);
/* The inode becomes what a record says. */
int __must_check ext4_fast_put_inode(struct ext4_fast *fast, u32 ino, const u8 *bytes, u32 length);

#endif
