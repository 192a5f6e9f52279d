/*
 * The checker: looks at everything in a mounted volume and says what is damaged. It is part of
 * hosted programs only.
 *
 * The volume must be mounted, read-only, and nobody else may use it. What the file system's own
 * checks find on the way (checksums, impossible values) is in the log, as ever; what only a look
 * at the whole can find is told through damage(): blocks that two files have, bitmaps, link
 * counts, names that lead nowhere, files without a name.
 */
#ifndef EXT4_VERIFY_H
#define EXT4_VERIFY_H

#include "lib/types.h"

struct super_block;

struct ext4_verify {
	/* Of the caller: told of damage; asked now and then whether to go on. */
	void (*damage)(struct ext4_verify *verify, const char *text);
	bool (*go_on)(struct ext4_verify *verify, u32 group, u32 groups);
	void *private;
	/* The result */
	u64 problems, files, directories, blocks;
};

/* 0, however much is damaged; -ENOMEM; -EINTR when go_on() said no. */
int __must_check ext4_verify(struct super_block *super, struct ext4_verify *verify);

#endif
