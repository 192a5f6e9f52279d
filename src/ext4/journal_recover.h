/*
 * Recovery: making a volume consistent from its journal before anything looks at it.
 *
 * A volume that was in use when its machine stopped carries the feature needs_recovery. Its log
 * then begins at s_start and ends where the first block is found that is not of the expected
 * transaction. Three passes over it:
 *
 *   scan     finds the end: the first transaction without a valid commit block. What follows is
 *            as if it never happened.
 *   revoke   collects the revoked blocks, with the last transaction that revoked each, and checks
 *            where every block of the log would go to, so that nothing is written by a log that
 *            makes no sense.
 *   replay   copies each block of each complete transaction to its place, in order, but for those
 *            that this or a later transaction revoked.
 *
 * Replaying is idempotent, so a crash in it only means to do it again: the log is left as it is
 * until all copies are durable. Then, each step durable before the next: the error that the log's
 * writer recorded (s_errno) goes into the volume's superblock; the journal's superblock says that
 * the log is empty; needs_recovery is cleared. The mount then begins anew, for superblock and
 * descriptors may have been replayed. Orphans are finished after that, by the mount.
 *
 * Which transactions count is decided exactly as Linux does it, in the details too:
 *
 *   - A block with a wrong sequence number or without the magic ends the log.
 *   - With checksums, a descriptor or revoke block that fails its own makes the transaction suspect
 *     until its commit block is found: if that is older than the one before, it is left over from
 * an earlier round of the ring, and the log ended before; else the journal is corrupt.
 *   - A commit block that fails its checksum ends the log. Without async_commit it was written
 *     alone and last, so this is corruption: what is before it is replayed, and then the mount is
 *     refused. With async_commit it may be a crash. A commit block of which only the first sector
 *     arrived counts.
 *   - A data block that fails its checksum is left out, the others are replayed, and the mount is
 *     refused.
 *
 * When fast commits follow the last transaction, the log is not emptied after the replay and
 * needs_recovery stays: the mount applies them first (journal_fast.h).
 *
 * Whoever refuses a mount leaves log and needs_recovery in place for e2fsck.
 */
#ifndef EXT4_JOURNAL_RECOVER_H
#define EXT4_JOURNAL_RECOVER_H

#include "lib/compiler.h"

struct ext4_fs;

/*
 * Replays the journal of a volume whose geometry is known (super.c) and of which nothing but the
 * superblock is in use. 0: everything is durable, the log is empty, needs_recovery is clear, and
 * fs->raw is new; but when fs->fast.records is not 0, log and needs_recovery are still to be done
 * with. -EUCLEAN, -EINVAL, -EOPNOTSUPP, -EIO, -ENOMEM, with a message: the volume still needs
 * recovery.
 */
int __must_check ext4_journal_recover(struct ext4_fs *fs);

#endif
