/*
 * Crash replay: what a power cut leaves, for every point at which it may come.
 *
 * A workload runs on a volume whose disk logs every write and flush. A crash state is a choice of
 * those writes: everything before the last barrier, and of what came after, whatever a disk with a
 * volatile cache may have made durable:
 *
 *   prefixes       the first n records
 *   drop one       all of an epoch but one piece      (an epoch lies between two barriers)
 *   only one       nothing of an epoch but one piece
 *   all subsets    of an epoch of few pieces
 *   random         seeded subsets of an epoch's pieces
 *   torn           the same with pieces of 512 bytes; and a prefix that ends inside of a record
 *
 * A piece is 4 KiB of one record. Each state is put on a disk and judged:
 *
 *   1. The volume mounts (which recovers it), and all of it can be read.
 *   2. What was promised holds: see crash_keep() and the others.
 *   3. Every word of every file is zero or was written to that file: nothing of what was on the
 *      disk before (all free blocks are full of a pattern), nothing of another file.
 *   4. After the unmount e2fsck -fn is content.
 *   5. e2fsck -fy on a copy of the unrecovered state repairs nothing beyond replay and orphans, and
 *      what libext2fs then reads is the tree that we saw.
 *
 * 4 and 5 start programs, and so are done once per different outcome of 1; that recovery and
 * e2fsck replay alike, whatever the log, is test_ext4_journal.c's to prove. For a sample of states
 * the writes of the recovery itself are crashed in the same way.
 *
 * With data=writeback 3 does not hold. With data=journal more does, which the workload's check()
 * sees to: writes happen in their order, each wholly or not at all.
 *
 * On a volume without a journal, e2fsck -fy may repair, and then 2 must hold, for what was there
 * before and for what was fsynced; files that are deleted have their old contents or are gone.
 *
 * A disk that serves each request at once can't show that somebody does not wait for a request that
 * must come first. So some workloads run on one with a queue, which it serves in a random order, by
 * a thread of its own: make crash runs these, make check does not, for they never run twice alike.
 *
 * The superblock's 1024 bytes and commit blocks are never torn: a torn superblock is beyond repair
 * for anyone, and e2fsck 1.47.0 does not know what to make of a torn commit block (we do:
 * test_ext4_journal.c).
 */
#ifndef UNIT_CRASH_H
#define UNIT_CRASH_H

#include "lib/types.h"

struct crash_workload {
	const char *name;
	const char *mkfs;    /* options of mke2fs */
	unsigned kib;        /* size of the volume */
	const char *options; /* of the mount */
	unsigned variants;   /* run() gets 0 to variants - 1; each is a workload of its own */
	void (*prepare)(void);
	void (*run)(unsigned variant);
	unsigned weight; /* share of the states; 0: 1 */
	bool no_journal;
	bool shuffled; /* the disk takes its requests in a random order; no two runs are the same */
	bool stale;    /* data=writeback: files may show what was on the disk before */
	/* What else must hold after a crash, on the recovered volume; returns what is wrong, or
	 * NULL. */
	const char *(*check)(void);
	bool grows; /* the disk is four times as large as the volume */
};

/* Ends with one that has no name; shuffled ones come last. crash_workloads.c */
extern const struct crash_workload crash_workloads[];

/* ---- for workloads ---- */

/* Creates or overwrites a file with n bytes that only this file will ever have. Returns the seed of
 * its pattern (t_pattern). */
u32 crash_write(const char *path, u64 n);
u32 crash_write_at(const char *path, u64 offset, u64 n);
/* A new seed for the file; for those who write by themselves. */
u32 crash_seed(const char *path);
/* The file is renamed to, or gets the further name, `path`; said before it is done. */
void crash_alias(const char *path, const char *from);
void crash_linked(const char *path, const char *old);

/* From now on, whatever happens: the file has exactly these contents. */
void crash_keep(const char *path, u64 n, u32 seed);
/* One of two. */
void crash_either(const char *path, u64 n, u32 seed, u64 other_n, u32 other_seed);
/* At least the first n bytes are these (it is being appended to). */
void crash_keep_start(const char *path, u64 n, u32 seed);
/* It is deleted or cut: as long as it is there, what it has is of these, or nothing. */
void crash_keep_if_there(const char *path, u64 n, u32 seed);
/* There is no such name. */
void crash_gone(const char *path);
/* What was said of the name is over. */
void crash_change(const char *path);
/* The seed whose pattern all n bytes of the file are; 0: there is no such file, or no such seed. */
u32 crash_seed_of(const char *path, u64 n);
/* fsync, by name. */
void crash_fsync(const char *path);

/* ---- for those who run them ---- */

/* Runs a variant of a workload and judges at most `states` states of it. A failure ends the Check
 * test. Returns how many were judged; outcomes (may be NULL) gets the number of different ones. */
unsigned crash_explore(const struct crash_workload *workload, unsigned variant, unsigned states,
		       unsigned *outcomes);

#endif
