/*
 * Fast commits: what Linux leaves in a volume with the feature fast_commit.
 *
 * Instead of a transaction, an fsync there may write only records of what changed since the last
 * full commit, into an area behind the ring of the log (journal_disk.h): inodes, what their maps
 * gained and lost, names that came and went. They count when the last full commit is the one before
 * their transaction's number, and only up to the last TAIL whose checksum is right. We write none,
 * but what is found is replayed, in two steps.
 *
 * Recovery (journal_recover.h) replays the full transactions, makes them durable, and finds the
 * records. It leaves log and area as they are, and tells the mount in fs->fast.
 *
 * The mount then applies the records by the means that all metadata changes by, on the volume as
 * the log left it: all in one transaction, which gets the very number that the records have. It
 * begins where the complete log ends. So a crash before that transaction is complete finds the same
 * log and the same records, and begins anew; and a crash after it finds the transaction, and
 * records that are too old. At no time there is anything half done.
 *
 * What Linux does in place, one after the other, is thus atomic. It has to fit in the log, which is
 * no bound in practice: the transaction that the records stand for would have fitted too.
 *
 * The records, as Linux means them:
 *
 *   INODE      the inode, but for its map, and with the map if that is no tree of extents
 *   ADD_RANGE  this extent, over whatever is there
 *   DEL_RANGE  nothing is mapped here
 *   CREAT      the inode is new: make it (a directory's first block too) and LINK
 *   LINK       the name, if there is none yet, and one more link
 *   UNLINK     no such name, if it is this inode's, and one link less
 *
 * The records of directories are only those of their names: their blocks, sizes and links follow
 * from these. Records of inodes that are not there (they were deleted later) are skipped. Blocks
 * that any record names are not allocated for anything else meanwhile. Inodes left without links
 * are deleted at the end, unless the orphan list or file knows them.
 *
 * All records are checked before anything is changed. A volume whose records make no sense, or
 * can't be applied, is refused and left as it was for e2fsck.
 */
#ifndef EXT4_JOURNAL_FAST_H
#define EXT4_JOURNAL_FAST_H

#include "ext4/journal_log.h"
#include "lib/endian.h"

struct ext4_fs;

/* One record. The value's length fits its tag. */
struct ext4_fast_record {
	u32 tag, length;
	const u8 *value;
};

/* The little-endian word at this offset of the value, which has it. */
static inline u32 ext4_fast_word(const struct ext4_fast_record *record, size_t offset)
{
	return le32_load(record->value + offset);
}

typedef int (*ext4_fast_visit_fn)(void *context, const struct ext4_fast_record *record);

/* Visits the first `count` records of the area, until one visit returns an error. -EIO, -ENOMEM */
int __must_check ext4_fast_walk(const struct ext4_log *log, u32 count, ext4_fast_visit_fn visit,
				void *context);
/* How many records, up to the last good TAIL, follow the transaction before tid; 0: none.
 * -EOPNOTSUPP, with a message: of a kind that we don't know. -EIO */
int __must_check ext4_fast_find(const struct ext4_log *log, u32 tid, u32 *count);
/* At a mount whose recovery has left fs->fast: applies the records and commits. The journal runs,
 * its transaction has the records' number. On an error nothing may be committed any more. */
int __must_check ext4_fast_apply(struct ext4_fs *fs);

#endif
