/*
 * Where the journal's blocks lie on its device.
 *
 * The journal is a file, but recovery can't read it as one: descriptors, bitmaps and the caches of
 * inodes come after it, because it is what makes them right. So the inode is taken straight from
 * its table, and its whole map is read once and kept as a sorted list of runs. The journal never
 * changes its size or place while a volume is mounted.
 *
 * A journal on a device of its own (journal_device.h) is the whole device.
 *
 * What makes this safe before the replay: the journal's inode and map are written once, by mke2fs
 * or tune2fs, and no transaction ever changes them.
 */
#ifndef EXT4_JOURNAL_MAP_H
#define EXT4_JOURNAL_MAP_H

#include "lib/types.h"

struct block_device;
struct ext4_fs;

struct ext4_journal_run {
	u32 logical, length;
	u64 physical;
};

struct ext4_journal_map {
	struct block_device *bdev;
	struct ext4_journal_run *runs; /* sorted, without holes */
	u32 count, room;
	u32 blocks; /* mapped: 0 to blocks - 1 */
	u32 super;  /* where the journal's superblock is: 0, but on a device of its own */
};

/*
 * Reads the map of the journal's inode, or finds the journal's device. The geometry in fs and
 * fs->raw must have been checked. -EUCLEAN, with a message, for anything that can't be a journal: a
 * bad inode, a hole, blocks outside of the volume or used twice, a tree with loops. -EIO, -ENOMEM.
 * On an error there is nothing to free.
 */
int __must_check ext4_journal_map_load(struct ext4_fs *fs, struct ext4_journal_map *map);
void ext4_journal_map_free(struct ext4_journal_map *map);

/* The block of map->bdev that block `logical` (< map->blocks) of the journal lies in; *length (may
 * be NULL) becomes how many lie there in a row. */
u64 ext4_journal_map_find(const struct ext4_journal_map *map, u32 logical, u32 *length);
/* Whether a block of the volume belongs to the journal. Costs a walk over all runs. */
bool ext4_journal_map_holds(const struct ext4_journal_map *map, u64 physical);

#endif
