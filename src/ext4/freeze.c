/*
 * Freezing: the volume is on disk as after an unmount, and nothing is written until the thaw
 * (vfs/freeze.c).
 *
 * First no write-back begins, and what runs ends; it may need transactions. Then no transaction
 * begins. What is left is committed and put in place, the journal is marked as empty and the
 * superblock as clean. The thaw takes back these marks before anybody goes on.
 */
#include "ext4/ext4_int.h"
#include "ext4/journal.h"
#include "lib/log.h"

static void set_state(struct ext4_fs *fs, u32 state)
{
	atomic_store(&fs->frozen, state);
	wake_all(&fs->txn.wait);
}

bool ext4_writer_enter(struct ext4_fs *fs, bool wait)
{
	for (;;) {
		atomic_fetch_add(&fs->writers, 1);
		if (likely(atomic_load(&fs->frozen) == EXT4_THAWED))
			return true;
		ext4_writer_leave(fs);
		if (!wait)
			return false;
		wait_event(&fs->txn.wait, atomic_load(&fs->frozen) == EXT4_THAWED);
	}
}

void ext4_writer_leave(struct ext4_fs *fs)
{
	if (!atomic_sub_fetch(&fs->writers, 1) && atomic_load(&fs->frozen) != EXT4_THAWED)
		wake_all(&fs->txn.wait);
}

void ext4_wait_transactions(struct ext4_fs *fs)
{
	wait_event(&fs->txn.wait, atomic_load(&fs->frozen) != EXT4_FROZEN);
}

static int mark(struct ext4_fs *fs, bool in_use)
{
	ext4_super_set_state(fs, in_use);
	return ext4_super_write_now(fs);
}

static int wait_for_data(struct ext4_fs *fs)
{
	int err = 0;

	for (struct inode *inode = inode_next(fs->super, NULL); inode;
	     inode = inode_next(fs->super, inode)) {
		int one = pagecache_write_wait(&inode->mapping, 0, S64_MAX);

		err = err ? err : one;
	}
	return err;
}

int ext4_freeze(struct super_block *super)
{
	struct ext4_fs *fs = ext4_fs(super);

	set_state(fs, EXT4_FREEZING);
	wait_event(&fs->txn.wait, !atomic_load(&fs->writers));
	set_state(fs, EXT4_FROZEN);
	int err = wait_for_data(fs);

	if (!err)
		err = fs->journal ? ext4_journal_freeze(fs) : ext4_txn_sync(fs);
	if (!err)
		err = mark(fs, false);
	if (err) {
		log_err("%s: %s: freezing failed: error %d", fs->type_name, super->id, -err);
		int thaw_err = ext4_thaw(super);

		(void)thaw_err; /* it was said, and the journal is aborted */
	}
	return err;
}

int ext4_thaw(struct super_block *super)
{
	struct ext4_fs *fs = ext4_fs(super);
	int err = 0;

	if (!atomic_load(&fs->aborted)) {
		err = fs->journal ? ext4_journal_thaw(fs) : 0;
		if (!err)
			err = mark(fs, true);
	}
	if (err) {
		log_err("%s: %s: after a thaw the volume can't be marked as in use: error %d",
			fs->type_name, super->id, -err);
		ext4_journal_abort(fs, err);
	}
	set_state(fs, EXT4_THAWED);
	return err;
}
