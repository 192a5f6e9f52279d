/*
 * What inode.c, super.c, writeback.c and the page cache share about inodes.
 */
#ifndef ARAMID_VFS_INODE_INT_H
#define ARAMID_VFS_INODE_INT_H

#include "lib/atomic.h"
#include "vfs/inode.h"

static inline bool inode_state_test(const struct inode *inode, enum inode_state bit)
{
	return atomic_bit_test(&inode->state, bit);
}

static inline bool inode_is_dirty(const struct inode *inode)
{
	return atomic_load(&inode->state) &
	       (BIT(I_DIRTY) | BIT(I_DIRTY_DATASYNC) | BIT(I_DIRTY_PAGES));
}

void inode_cache_init(void);
/* Puts the inode on its super block's dirty list because of bit, unless it is there already. */
/* Inodes on the volumes' lists of dirty ones; atomic. */
extern size_t inode_dirty_count;
void inode_dirty_queue(struct inode *inode, enum inode_state bit);
/* Takes the oldest inode that became dirty at or before `before_ns` off the dirty list, referenced.
 */
struct inode *inode_dirty_take(struct super_block *super, u64 before_ns);
/* After its write-back: back to the list's end if it is still, or again, dirty. Drops the
 * reference. */
void inode_dirty_done(struct inode *inode);
/* Writes the fields if they are dirty (or always, if wait). */
int __must_check inode_write_fields(struct inode *inode, bool datasync, bool wait);
/* Applies attr with what a change implies: ctime, set-ID bits. rwsem held for writing, inside
 * mount_want_write(). */
int __must_check inode_setattr(struct inode *inode, const struct attr *attr);
/* Before a write or truncation: set-ID bits go, unless with CAP_FSETID, and capabilities. rwsem
 * held for writing. */
int __must_check inode_kill_setid(struct inode *inode);
/* Gives a regular file another size, within the limits, as a user who may. Inside
 * mount_want_write(), unless by a descriptor. */
int __must_check inode_truncate(struct inode *inode, loff_t length);
/* An inode that belongs to no name, in the anonymous super block. mode 0: the one that all share.
 */
int __must_check inode_anonymous(u32 mode, struct inode **out);

#endif
