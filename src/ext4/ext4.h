/*
 * ext2, ext3 and ext4: what the rest of the kernel needs to know of this room.
 *
 * One engine mounts all three: what a volume can do is said by its feature bits, not by its name.
 * The theory, from the disk upwards:
 *
 * - ondisk.h journal_disk.h: the structures on disk
 *
 * - super.c features.c: mounting; geometry is checked once, completely, before anything uses it
 *
 * - journal_recover.c, _scan.c, _revoke.c, journal_map.c, journal_log.c: replaying the journal,
 * before anything else looks at the volume (journal_recover.h); journal_fast*.c: fast commits,
 * applied by the mount (journal_fast.h)
 *
 * - group.c bitmap.c: block groups; descriptors kept in memory, bitmaps verified on first use
 *
 * - balloc.c ialloc.c: allocation of blocks and inodes
 *
 * - txn*.c: transaction handles, inside which all metadata changes (txn.h); journal.c,
 *   journal_commit.c, journal_checkpoint.c: the journal behind them (journal.h)
 *
 * - cluster.c promise.c: clusters of bigalloc; room for what will be written late (cluster.h)
 *
 * - inode_disk.c inode.c: inodes; from and to the inode table, life and death
 *
 * - map.c extent*.c indirect.c: a file's blocks to the volume's
 *
 * - truncate.c orphan*.c: shrinking, and what must be finished after a crash
 *
 * - mapping.c file.c: file data; page cache, delayed allocation, write-back
 *
 * - dir*.c htree*.c hash.c: directories, linear and indexed
 *
 * - freeze.c: a disk as after an unmount, until the thaw
 *
 * - quota*.c: what users, groups and projects have (quota.h)
 *
 * - namei.c symlink.c ioctl.c: the operations of vfs
 *
 * The disk is hostile: every structure is checked when it is read from disk (magic, geometry,
 * checksum), and every offset and count that is used as an index is checked again by whoever
 * follows it, because another, crafted reference may have changed the same block under another
 * type. Damage is -EUCLEAN, one line in the log and the volume's errors= policy, never a panic but
 * by that.
 *
 * File data is allocated late: write() only reserves blocks (mapping.c), write-back allocates runs
 * as long as what is dirty. A commit of metadata waits for the data of newly mapped blocks, so that
 * a crash shows no stale contents.
 */
#ifndef EXT4_EXT4_H
#define EXT4_EXT4_H

#include "lib/types.h"

/* Registers the file system types ext4, ext3 and ext2. */
void ext4_init(void);

/* What e2fsprogs calls a feature, or NULL if this code does not know the bit. */
enum ext4_feature_set { EXT4_FEATURES_COMPAT, EXT4_FEATURES_INCOMPAT, EXT4_FEATURES_RO_COMPAT };
const char *ext4_feature_name(enum ext4_feature_set set, u32 bit);

#endif
