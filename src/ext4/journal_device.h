/*
 * A journal on a device of its own: found, checked, and kept for as long as the volume is mounted.
 *
 * Such a device (mke2fs -O journal_dev) has a superblock like a volume's, at the same place, with
 * the feature journal_dev; the block behind it is the journal's superblock. Blocks of the log are
 * counted from the device's beginning. The volume has the UUID of the journal, and the journal's
 * superblock those of the volumes that use it: one, as Linux wants it, which must be this.
 *
 * The device is the one that the mount options journal_dev= or journal_path= name; else the one
 * whose number the volume remembers, if its UUID is right; else any that has this UUID.
 *
 * What is different with it: a commit flushes two devices, first the volume's, with the data that
 * the transaction promises and what was put in place since the last one.
 */
#ifndef EXT4_JOURNAL_DEVICE_H
#define EXT4_JOURNAL_DEVICE_H

#include "lib/compiler.h"
#include "lib/types.h"

struct block_device;
struct ext4_fs;

/* Whether the volume's journal is on a device of its own. */
bool ext4_journal_is_apart(const struct ext4_fs *fs);
/* Makes it fs->journal_bdev, unless it is already. The geometry in fs is known. Messages for all
 * errors: -ENXIO (not found), -EUCLEAN, -EINVAL, -EBUSY, -EROFS, -EIO, -ENOMEM. */
int __must_check ext4_journal_device_open(struct ext4_fs *fs);
void ext4_journal_device_close(struct ext4_fs *fs);

#endif
