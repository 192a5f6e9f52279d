/*
 * Quota: how much of the volume each user, group and project has, and how much it may have.
 *
 * On disk (feature quota) each kind has a file that nobody sees, with an entry per id: usage in
 * bytes and inodes, hard and soft limits, and when a soft limit's grace ends (quota_tree.h). Usage
 * is the sum of what inodes count as their blocks (i_blocks), and their number. So it changes
 * wherever these change, in the same transaction:
 *
 * - an entry in memory, a dquot, is found and, if the file has none yet, made before the handle in
 *   which it is needed, since making one is a transaction of its own (an entry of zeroes says no
 * more than none). An inode refers to its dquots from when it is read or created until it leaves
 * memory.
 *
 * - ext4_txn_dirty_inode() also takes the inode's dquots into the transaction, as something that
 *   changes with the inode. ext4_inode_add_blocks(), creation, deletion and a new owner then change
 *   numbers in memory only, and closing the transaction copies them to the file's blocks, as it
 *   copies inodes to their tables.
 *
 * - values of extended attributes in inodes of their own count, with their inodes, for each inode
 *   that refers to them, and not for themselves (as in Linux and in e2fsck).
 *
 * Limits are enforced for the kinds that mount options name (usrquota, grpquota, prjquota) or that
 * quotactl() turned on; usage is kept always. Delayed pages reserve their blocks when they are
 * written to, so that it is write() that fails; what is allocated for them later claims from the
 * reservation. Blocks of metadata count, but are never refused for. CAP_SYS_RESOURCE is not
 * limited.
 *
 * The files are verified completely when the volume becomes writable: a damaged one is a volume
 * that must not be written to, for nobody would know by how much the numbers are wrong.
 *
 * Locks: quota.mutex (finding and making entries, the trees) outside handles; quota.lock (numbers,
 * the hash, the list of dirty ones) is a leaf.
 */
#ifndef EXT4_QUOTA_H
#define EXT4_QUOTA_H

#include "lib/types.h"

struct ext4_fs;
struct ext4_handle;
struct ext4_inode;
struct ext4_dquot;
struct inode;

enum ext4_quota_type { EXT4_QUOTA_USER, EXT4_QUOTA_GROUP, EXT4_QUOTA_PROJECT, EXT4_QUOTA_TYPES };

/* ---- the volume ---- */

/* Before the volume is written to: reads and verifies the files, and finds the dquots of inodes
 * that are in memory. Nothing happens without the feature. -EUCLEAN, said in the log. */
int __must_check ext4_quota_start(struct ext4_fs *fs);
/* Once handles may begin: makes entries that the files should have had. */
void ext4_quota_complete(struct ext4_fs *fs);
/* The volume goes out of use: lets go of the files' inodes. / Frees the rest. */
void ext4_quota_stop(struct ext4_fs *fs);
void ext4_quota_free(struct ext4_fs *fs);
/* Limits are enforced as the mount options say. */
void ext4_quota_apply_options(struct ext4_fs *fs);
/* Whether the inode is one of the files. */
bool ext4_quota_is_file(const struct ext4_fs *fs, u32 ino);

/* ---- transactions ---- */

/* What the inode's dquots need is in the handle's transaction. -ENOMEM */
int __must_check ext4_quota_dirty(struct ext4_handle *handle, struct ext4_inode *inode);
/* The gate is closed: copies changed dquots to their blocks. */
void ext4_quota_copy_out(struct ext4_fs *fs);

/* ---- inodes ---- */

/* Of an inode that was read. Not inside a handle. -ENOMEM */
int __must_check ext4_quota_attach(struct ext4_inode *inode);
void ext4_quota_detach(struct ext4_inode *inode);

/* Dquots that a handle will need; taken before it. */
struct ext4_quota_pins {
	struct ext4_dquot *dquot[EXT4_QUOTA_TYPES];
};
/* Those that an inode made in this directory by the running thread will have. */
int __must_check ext4_quota_pin_new(struct inode *dir, struct ext4_quota_pins *pins);
/* Those of new owners; types that stay as they are may be left out (mask of 1 << type). */
int __must_check ext4_quota_pin(struct ext4_fs *fs, unsigned int mask,
				const u32 ids[EXT4_QUOTA_TYPES], struct ext4_quota_pins *pins);
void ext4_quota_unpin(struct ext4_fs *fs, struct ext4_quota_pins *pins);

/* The new inode gets the dquots of its owners, which are pinned, and counts. -EDQUOT */
int __must_check ext4_quota_charge_new(struct ext4_inode *inode);
/* The inode's usage moves to those pinned. It is dirty in the handle. -EDQUOT, -ENOMEM */
int __must_check ext4_quota_transfer(struct ext4_handle *handle, struct ext4_inode *inode,
				     struct ext4_quota_pins *pins);
/* Usage grows or shrinks; the inode is dirty in the running handle. */
void ext4_quota_add(struct ext4_inode *inode, s64 bytes, s64 inodes);

/* ---- limits ---- */

/* Whether so much more may be used. -EDQUOT */
int __must_check ext4_quota_check(struct ext4_inode *inode, u64 bytes, u32 inodes);
/* For what is allocated at once: *blocks becomes how many may be. Nothing for what was promised, or
 * is metadata. alloc_flags: enum ext4_alloc_flags. -EDQUOT: none */
int __must_check ext4_quota_limit(struct ext4_inode *inode, unsigned int alloc_flags, u32 *blocks);
/* Promises blocks, to be given back. -EDQUOT */
int __must_check ext4_quota_reserve(struct ext4_inode *inode, u32 blocks);
/* The same whatever the limits say. */
void ext4_quota_rereserve(struct ext4_inode *inode, u32 blocks);
void ext4_quota_release(struct ext4_inode *inode, u32 blocks);
/* Blocks were allocated for what was promised: they count now, and their promises no more, although
 * these are yet to be given back. Clusters of more than a block keep promises by themselves. */
void ext4_quota_claim(struct ext4_inode *inode, u32 blocks);

/* ---- quotactl() ---- */

/* quota_ctl.c: super_ops.quotactl. */
struct super_block;
int ext4_quotactl(struct super_block *super, unsigned int cmd, unsigned int type, u32 id,
		  void __user *arg);

#endif
