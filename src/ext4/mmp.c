/*
 * Multiple mount protection (mmp): a block in which whoever writes to the volume keeps changing a
 * sequence number, so that a second machine with the same disk sees that it is in use.
 *
 * Before the first write: a number that says "clean" may be replaced by one of our own, after which
 * everybody waits long enough to see whether somebody else did the same. Any other number must
 * stand still for that long first. Then a thread renews it at every interval, and looks whether it
 * is still the one it wrote. At the end it says "clean" again.
 *
 * The block is read and written past all caches. What the thread uses hangs in a structure of its
 * own, which outlives the mount until the thread has seen that it is over.
 */
#include "ext4/ext4_int.h"
#include "lib/crc.h"
#include "lib/log.h"
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "mm/page.h"
#include "sys/thread.h"
#include "vfs/block.h"

struct ext4_mmp {
	u32 refs; /* atomic: the volume's and the thread's */
	struct mutex lock;
	struct wait_queue wait;
	struct ext4_fs *fs; /* lock: NULL when the volume is done */
	bool stop;          /* atomic */
	u32 seq;            /* lock: the last number written */
	u64 block;
	u32 interval;      /* seconds between renewals */
	struct page *page; /* lock: for I/O */
};

static void mmp_put(struct ext4_mmp *mmp)
{
	if (atomic_sub_fetch(&mmp->refs, 1))
		return;
	page_free(mmp->page, 0);
	kfree(mmp);
}

/* ---- the block ---- */

static u32 checksum(const struct ext4_fs *fs, const struct ext4_mmp_raw *raw)
{
	return crc32c(fs->csum_seed, raw, offsetof(struct ext4_mmp_raw, mmp_checksum));
}

static int transfer(struct ext4_mmp *mmp, enum bio_op op)
{
	struct ext4_fs *fs = mmp->fs;
	struct bio *bio =
	    bio_alloc(fs->bdev, op, mmp->block << (fs->block_bits - SECTOR_SHIFT), 1, MM_NOFS);

	if (!bio)
		return -ENOMEM;
	int err = bio_add_page(bio, mmp->page, 0, fs->block_size) ? bio_submit_wait(bio) : -EIO;

	bio_free(bio);
	return err;
}

static int read_block(struct ext4_mmp *mmp)
{
	const struct ext4_mmp_raw *raw = page_address(mmp->page);
	struct ext4_fs *fs = mmp->fs;
	int err = ext4_insist(transfer(mmp, BIO_READ));

	if (err)
		return err;
	if (le32_get(raw->mmp_magic) != EXT4_MMP_MAGIC ||
	    (fs->metadata_csum && le32_get(raw->mmp_checksum) != checksum(fs, raw)))
		return ext4_error(fs, 0, mmp->block,
				  "block of multiple mount protection is damaged");
	return 0;
}

static int write_block(struct ext4_mmp *mmp, u32 seq)
{
	struct ext4_mmp_raw *raw = page_address(mmp->page);
	struct ext4_fs *fs = mmp->fs;

	mmp->seq = seq;
	raw->mmp_seq = le32_make(seq);
	raw->mmp_time = le64_make((u64)clock_realtime_coarse().sec);
	raw->mmp_check_interval = le16_make((u16)mmp->interval);
	memset(raw->mmp_nodename, 0, sizeof(raw->mmp_nodename));
	memcpy(raw->mmp_nodename, "aramid", 6);
	memset(raw->mmp_bdevname, 0, sizeof(raw->mmp_bdevname));
	memcpy(raw->mmp_bdevname, fs->super->id,
	       min(strlen(fs->super->id), sizeof(raw->mmp_bdevname) - 1));
	if (fs->metadata_csum)
		raw->mmp_checksum = le32_make(checksum(fs, raw));
	int err = ext4_insist(transfer(mmp, BIO_WRITE));

	return err ? err : block_flush(fs->bdev);
}

static u32 read_seq(const struct ext4_mmp *mmp)
{
	const struct ext4_mmp_raw *raw = page_address(mmp->page);

	return le32_get(raw->mmp_seq);
}

/* ---- coming ---- */

static int refuse(const struct ext4_mmp *mmp, const char *why)
{
	const struct ext4_mmp_raw *raw = page_address(mmp->page);

	log_err("%s: %s: mount refused: %s (multiple mount protection: last by node %.*s, device "
		"%.*s)",
		mmp->fs->type_name, mmp->fs->super->id, why, (int)sizeof(raw->mmp_nodename),
		raw->mmp_nodename, (int)sizeof(raw->mmp_bdevname), raw->mmp_bdevname);
	return -EBUSY;
}

static int wait_seconds(struct ext4_mmp *mmp, u32 seconds)
{
	u64 deadline = clock_monotonic_ns() + seconds * NSEC_PER_SEC;
	int err = wait_event_mode(&mmp->wait, false, PARK_KILLABLE, deadline);

	return err == -ETIMEDOUT ? 0 : -EINTR;
}

static int protect(struct ext4_mmp *mmp)
{
	const struct ext4_mmp_raw *raw = page_address(mmp->page);
	u32 seq;
	int err = read_block(mmp);

	if (err)
		return err;
	mmp->interval =
	    max(mmp->interval, min((u32)le16_get(raw->mmp_check_interval), EXT4_MMP_INTERVAL_MAX));
	u32 patience = min(mmp->interval * 2 + 1, mmp->interval + 60);

	seq = read_seq(mmp);
	if (seq == EXT4_MMP_SEQ_FSCK)
		return refuse(mmp, "e2fsck is running on it, or was killed");
	if (seq != EXT4_MMP_SEQ_CLEAN) {
		log_info("%s: %s: not unmounted cleanly: waiting %u seconds to see whether another "
			 "machine uses it",
			 mmp->fs->type_name, mmp->fs->super->id, patience);
		err = wait_seconds(mmp, patience);
		if (!err)
			err = read_block(mmp);
		if (err)
			return err;
		if (read_seq(mmp) != seq)
			return refuse(mmp, "another machine uses it");
	}
	random_bytes(&seq, sizeof(seq));
	seq = seq % EXT4_MMP_SEQ_MAX + 1;
	err = write_block(mmp, seq);
	if (!err)
		err = wait_seconds(mmp, patience);
	if (!err)
		err = read_block(mmp);
	if (!err && read_seq(mmp) != seq)
		err = refuse(mmp, "another machine came at the same time");
	return err;
}

/* ---- staying ---- */

static void beat(struct ext4_mmp *mmp)
{
	struct ext4_fs *fs = mmp->fs;
	int err = read_block(mmp);

	if (!err && read_seq(mmp) != mmp->seq) {
		/* Whatever errors= says: two writers destroy the volume. */
		ext4_error(fs, 0, mmp->block, "another machine writes to the volume");
		atomic_store(&fs->aborted, true);
		return;
	}
	if (!err)
		err = write_block(mmp, mmp->seq >= EXT4_MMP_SEQ_MAX ? 1 : mmp->seq + 1);
	if (err)
		log_err("%s: %s: multiple mount protection can't be renewed: error %d",
			fs->type_name, fs->super->id, -err);
}

void ext4_mmp_beat(struct ext4_fs *fs)
{
	mutex_lock(&fs->mmp->lock);
	if (!atomic_load(&fs->aborted))
		beat(fs->mmp);
	mutex_unlock(&fs->mmp->lock);
}

static void mmp_thread(void *arg)
{
	struct ext4_mmp *mmp = arg;
	bool going = true;

	while (going) {
		u64 deadline = clock_monotonic_ns() + mmp->interval * NSEC_PER_SEC;

		(void)wait_event_mode(&mmp->wait, atomic_load(&mmp->stop), PARK_UNINTERRUPTIBLE,
				      deadline);
		mutex_lock(&mmp->lock);
		going = mmp->fs != NULL;
		if (going && !atomic_load(&mmp->fs->aborted))
			beat(mmp);
		mutex_unlock(&mmp->lock);
	}
	mmp_put(mmp);
}

/* ---- the volume's side ---- */

int ext4_mmp_start(struct ext4_fs *fs)
{
	u64 block = le64_get(fs->raw->s_mmp_block);
	struct ext4_mmp *mmp;
	int err;

	if (!(fs->incompat & EXT4_INCOMPAT_MMP) || fs->mmp)
		return 0;
	if (block <= fs->first_data_block || block >= fs->blocks_count)
		return ext4_error(fs, 0, block,
				  "block of multiple mount protection is out of range");
	mmp = kmalloc(sizeof(*mmp), MM_NORMAL | MM_ZERO);
	if (!mmp)
		return -ENOMEM;
	mmp->page = page_alloc(0, MM_NORMAL | MM_ZERO);
	if (!mmp->page) {
		kfree(mmp);
		return -ENOMEM;
	}
	mmp->refs = 1;
	mmp->fs = fs;
	mmp->block = block;
	mmp->interval = clamp((u32)le16_get(fs->raw->s_mmp_interval), EXT4_MMP_INTERVAL_MIN,
			      EXT4_MMP_INTERVAL_MAX);
	mutex_init(&mmp->lock, "ext4 mmp");
	wait_queue_init(&mmp->wait, "ext4 mmp");
	err = protect(mmp);
	if (!err) {
		mmp->refs = 2;
		struct thread *thread = kernel_thread_create("ext4-mmp", mmp_thread, mmp);

		if (IS_ERR(thread)) {
			err = (int)PTR_ERR(thread);
			mmp->refs = 1;
			if (write_block(mmp, EXT4_MMP_SEQ_CLEAN))
				log_err("%s: %s: the volume stays marked as in use", fs->type_name,
					fs->super->id);
		}
	}
	if (err)
		mmp_put(mmp);
	else
		fs->mmp = mmp;
	return err;
}

void ext4_mmp_stop(struct ext4_fs *fs)
{
	struct ext4_mmp *mmp = fs->mmp;

	if (!mmp)
		return;
	fs->mmp = NULL;
	mutex_lock(&mmp->lock);
	/* Never over another machine's number. */
	int err = read_block(mmp);

	if (!err && read_seq(mmp) == mmp->seq)
		err = write_block(mmp, EXT4_MMP_SEQ_CLEAN);
	if (err)
		log_err("%s: %s: the volume stays marked as in use: error %d", fs->type_name,
			fs->super->id, -err);
	mmp->fs = NULL;
	mutex_unlock(&mmp->lock);
	atomic_store(&mmp->stop, true);
	wake_all(&mmp->wait);
	mmp_put(mmp);
}
