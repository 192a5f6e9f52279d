/*
 * Mounting, remounting, unmounting, and the superblock in memory. Before anything else looks at the
 * volume, super_check.c has seen that what the superblock says can be.
 */
#include "ext4/ext4.h"
#include "ext4/ext4_int.h"
#include "ext4/journal.h"
#include "ext4/journal_device.h"
#include "ext4/journal_fast.h"
#include "ext4/journal_log.h"
#include "ext4/journal_recover.h"
#include "lib/assert.h"
#include "lib/crc.h"
#include "lib/log.h"
#include "lib/string.h"

/* ---- the superblock in memory ---- */

/* The primary superblock (or the one that sb= names), before the block size is known. */
static int read_first(struct ext4_fs *fs, struct ext4_super_raw *out)
{
	u64 byte = fs->options.sb_block * 1024;
	u8 *page = kmalloc(PAGE_SIZE, MM_NORMAL);
	int err;

	if (!page)
		return -ENOMEM;
	err = block_read(fs->bdev, round_down(byte, PAGE_SIZE) >> SECTOR_SHIFT, page,
			 PAGE_SIZE >> SECTOR_SHIFT);
	if (err)
		log_err("%s: %s: the superblock can't be read: error %d", fs->type_name,
			fs->super->id, -err);
	else
		memcpy(out, page + byte % PAGE_SIZE, sizeof(*out));
	kfree(page);
	if (!err && le16_get(out->s_magic) != EXT4_MAGIC)
		return -EINVAL; /* not ours: nobody needs to be told */
	return err;
}

static int attach_buffer(struct ext4_fs *fs)
{
	u64 byte = fs->options.sb_block * 1024;
	int err = buffer_set_block_size(fs->bdev, fs->block_size);

	if (err) {
		log_err("%s: %s: mount refused: the device can't do blocks of %u bytes",
			fs->type_name, fs->super->id, fs->block_size);
		return err;
	}
	err = buffer_read(fs->bdev, byte >> fs->block_bits, &fs->super_buffer);
	if (err)
		return err;
	fs->raw = (void *)((u8 *)fs->super_buffer->data + byte % fs->block_size);
	return 0;
}

static int load_once(struct ext4_fs *fs, const char *options)
{
	struct ext4_super_raw *raw = kmalloc(sizeof(*raw), MM_NORMAL);
	struct ext4_options early = {.sb_block = 1,
				     .inode_readahead = EXT4_INODE_READAHEAD,
				     .commit_seconds = EXT4_COMMIT_SECONDS};
	int err = raw ? ext4_options_parse(fs, options, &early) : -ENOMEM;

	fs->options.sb_block = early.sb_block;
	if (!err)
		err = read_first(fs, raw);
	if (err)
		goto out;
	fs->options.flags = early.flags;
	fs->options.inode_readahead = EXT4_INODE_READAHEAD;
	fs->options.commit_seconds = EXT4_COMMIT_SECONDS;
	err = ext4_super_check(fs, raw);
	if (!err)
		err = attach_buffer(fs);
	if (!err)
		fs->orphan_head = le32_get(fs->raw->s_last_orphan);
	if (!err)
		err = ext4_super_check_groups(fs);
	if (!err) {
		ext4_super_adopt(fs);
		err = ext4_options_parse(fs, options, &fs->options);
	}
out:
	kfree(raw);
	return err;
}

/* A journal that can't be used is refused before anything is written. One on a device of its own
 * must be there for reading, too: without it the volume is not whole. */
static int check_journal(struct ext4_fs *fs)
{
	bool reads = fs->super->flags & SUPER_RDONLY;
	struct ext4_log log;

	if (!fs->has_journal || (fs->options.flags & EXT4_OPT_NOLOAD) ||
	    (reads && !ext4_journal_is_apart(fs)))
		return 0;
	int err = ext4_log_open(fs, &log);

	if (!err)
		ext4_log_close(&log);
	return err;
}

/* Everything that load_once() learned came from before the replay. */
static int load(struct ext4_fs *fs, const char *options)
{
	int err = load_once(fs, options);

	if (!err)
		err = check_journal(fs);
	bool recover = !err && (fs->incompat & EXT4_INCOMPAT_RECOVER) &&
		       !(fs->options.flags & EXT4_OPT_NOLOAD);

	if (!err && (recover || !(fs->super->flags & SUPER_RDONLY)))
		err = ext4_mmp_start(fs);
	if (err || !recover)
		return err;
	err = ext4_journal_recover(fs);
	if (err)
		return err;
	buffer_put(fs->super_buffer);
	fs->super_buffer = NULL;
	fs->raw = NULL;
	fs->options = (struct ext4_options){0};
	err = load_once(fs, options);
	if (!err && (fs->incompat & EXT4_INCOMPAT_RECOVER) && !fs->fast.records)
		return ext4_refuse(fs, "the journal still needs recovery after it", fs->incompat);
	return err;
}

/* super_lock held. What changes only now and then. */
static void fill_rare(struct ext4_fs *fs)
{
	struct ext4_super_raw *raw = fs->raw;

	memcpy(raw->s_volume_name, fs->label, sizeof(fs->label));
	if (le32_get(raw->s_rev_level) > 0) {
		raw->s_feature_compat = le32_make(fs->compat);
		raw->s_feature_ro_compat = le32_make(fs->ro_compat);
	}
	if (!fs->grown)
		return;
	raw->s_reserved_gdt_blocks = le16_make((u16)fs->reserved_gdt);
	raw->s_inodes_count = le32_make(fs->inodes_count);
	raw->s_blocks_count_lo = le32_make((u32)fs->blocks_count);
	raw->s_r_blocks_count_lo = le32_make((u32)fs->reserved_blocks);
	if (fs->incompat & EXT4_INCOMPAT_64BIT) {
		raw->s_blocks_count_hi = le32_make((u32)(fs->blocks_count >> 32));
		raw->s_r_blocks_count_hi = le32_make((u32)(fs->reserved_blocks >> 32));
	}
	if (le32_get(raw->s_overhead_clusters))
		raw->s_overhead_clusters = le32_make((u32)(fs->overhead >> fs->cluster_bits));
}

/* A transaction's changes reach the superblock's buffer here and nowhere else: until the
 * transaction closes, the buffer may be on its way to the disk for an older one. */
void ext4_super_fill(struct ext4_fs *fs)
{
	struct ext4_super_raw *raw = fs->raw;
	u64 free_blocks = (u64)max(atomic_load(&fs->free_clusters), 0) << fs->cluster_bits;
	u64 now = (u64)clock_realtime_coarse().sec;

	mutex_lock(&fs->super_lock);
	buffer_lock(fs->super_buffer);
	fill_rare(fs);
	raw->s_wtime = le32_make((u32)now);
	raw->s_wtime_hi = (u8)(now >> 32);
	raw->s_last_orphan = le32_make(atomic_load(&fs->orphan_head));
	raw->s_free_inodes_count = le32_make((u32)max(atomic_load(&fs->free_inodes), 0));
	if (fs->incompat & EXT4_INCOMPAT_64BIT) {
		raw->s_free_blocks_count_hi = le32_make((u32)(free_blocks >> 32));
	}
	raw->s_free_blocks_count_lo = le32_make((u32)free_blocks);
	if (fs->metadata_csum)
		raw->s_checksum = le32_make(ext4_csum_super(raw));
	buffer_unlock(fs->super_buffer);
	mutex_unlock(&fs->super_lock);
}

void ext4_super_write(struct ext4_fs *fs)
{
	if (fs->journal) {
		atomic_store(&fs->txn.super_changed, true);
		return;
	}
	ext4_super_fill(fs);
	buffer_mark_dirty(fs->super_buffer);
}

int ext4_fs_flush(struct ext4_fs *fs)
{
	return (fs->options.flags & EXT4_OPT_NOBARRIER) ? 0 : block_flush(fs->bdev);
}

int ext4_super_write_now(struct ext4_fs *fs)
{
	ext4_super_fill(fs);
	buffer_mark_dirty(fs->super_buffer);
	int err = buffer_write(fs->super_buffer, 0);

	return err ? err : ext4_fs_flush(fs);
}

/* The transaction that the buffer's contents belong to will never be: what goes to the disk is a
 * copy with the head of the orphan list as it was committed last. */
void ext4_super_write_aborted(struct ext4_fs *fs)
{
	u32 offset = (u32)((u8 *)fs->raw - (u8 *)fs->super_buffer->data);
	struct page *page = page_alloc(0, MM_NOFS);
	struct bio *bio =
	    bio_alloc(fs->bdev, BIO_WRITE,
		      fs->super_buffer->block << (fs->block_bits - SECTOR_SHIFT), 1, MM_NOFS);
	int err = -ENOMEM;

	if (page && bio) {
		struct ext4_super_raw *copy = (void *)((u8 *)page_address(page) + offset);

		mutex_lock(&fs->super_lock);
		memcpy(page_address(page), fs->super_buffer->data, fs->block_size);
		mutex_unlock(&fs->super_lock);
		copy->s_state = le16_make(le16_get(copy->s_state) | EXT4_STATE_ERROR);
		copy->s_last_orphan = le32_make(fs->committed_orphan);
		if (fs->metadata_csum)
			copy->s_checksum = le32_make(ext4_csum_super(copy));
		VERIFY(bio_add_page(bio, page, 0, fs->block_size));
		bio->flags = BIO_FUA;
		err = bio_submit_wait(bio);
	}
	if (err)
		log_err("%s: %s: the error could not be recorded in the superblock: error %d",
			fs->type_name, fs->super->id, -err);
	if (bio)
		bio_free(bio);
	if (page)
		page_put(page);
}

void ext4_super_set_state(struct ext4_fs *fs, bool in_use)
{
	struct ext4_super_raw *raw = fs->raw;

	mutex_lock(&fs->super_lock);
	u16 state = le16_get(raw->s_state) & (u16)~EXT4_STATE_VALID;

	if (fs->has_journal || !in_use)
		state |= fs->mounted_state & EXT4_STATE_VALID;
	raw->s_state = le16_make(state);
	mutex_unlock(&fs->super_lock);
}

/* From now on the volume is in use: who finds it like this after a crash must check it. */
static int begin_writing(struct ext4_fs *fs)
{
	struct ext4_super_raw *raw = fs->raw;
	u64 now = (u64)clock_realtime_coarse().sec;
	u32 flags = le32_get(raw->s_flags);

	fs->mounted_state = le16_get(raw->s_state);
	if (!(fs->mounted_state & EXT4_STATE_VALID))
		log_warn("%s: %s: was not unmounted cleanly: running e2fsck is recommended",
			 fs->type_name, fs->super->id);
	else if (fs->mounted_state & EXT4_STATE_ERROR)
		log_warn("%s: %s: has errors: running e2fsck is recommended", fs->type_name,
			 fs->super->id);
	ext4_super_set_state(fs, true);
	mutex_lock(&fs->super_lock);
	raw->s_mtime = le32_make((u32)now);
	raw->s_mtime_hi = (u8)(now >> 32);
	raw->s_mnt_count = le16_make((u16)(le16_get(raw->s_mnt_count) + 1));
	if (!(flags & (EXT4_FLAGS_SIGNED_HASH | EXT4_FLAGS_UNSIGNED_HASH)) &&
	    le32_get(raw->s_rev_level) > 0)
		raw->s_flags = le32_make(flags | EXT4_FLAGS_SIGNED_HASH);
	mutex_unlock(&fs->super_lock);
	if (fs->options.journal_dev) /* where it is next time */
		raw->s_journal_dev = le32_make(fs->options.journal_dev);
	fs->writable_once = true;
	fs->committed_orphan = le32_get(raw->s_last_orphan);
	ext4_txn_open(fs);
	int err = fs->has_journal ? ext4_journal_start(fs) : ext4_super_write_now(fs);
	if (err)
		log_err("%s: %s: the superblock can't be written: error %d", fs->type_name,
			fs->super->id, -err);
	return err;
}

/* Everything is on disk: the volume is as clean as it was when it was mounted. */
static int end_writing(struct ext4_fs *fs)
{
	if (!fs->writable_once)
		return 0;
	ext4_txn_close(fs);
	int err = fs->journal ? ext4_journal_stop(fs) : ext4_txn_sync(fs);

	fs->writable_once = false;
	ext4_orphan_file_stop(fs, !err && !atomic_load(&fs->aborted));
	if (atomic_load(&fs->aborted) && fs->has_journal)
		return err; /* the superblock has been written, and the log holds the rest */
	if (!err)
		ext4_super_set_state(fs, false);
	int write_err = ext4_super_write_now(fs);

	return err ? err : write_err;
}

/* Fast commits that followed the log: applied in a use of the volume of their own, also if the
 * mount is for reading. */
static int replay_fast(struct ext4_fs *fs)
{
	struct super_block *super = fs->super;
	unsigned int read_only = super->flags & SUPER_RDONLY;
	int err = ext4_features_check(fs, false);

	if (!err && (fs->bigalloc || (fs->ro_compat & EXT4_RO_COMPAT_QUOTA))) {
		log_err("%s: %s: fast commits of a volume with %s are not supported: run e2fsck",
			fs->type_name, super->id, fs->bigalloc ? "bigalloc" : "quota");
		err = -EOPNOTSUPP;
	}
	if (err)
		return err;
	atomic_fetch_and(&super->flags, ~(unsigned int)SUPER_RDONLY);
	fs->raw->s_mnt_count = le16_make((u16)(le16_get(fs->raw->s_mnt_count) - 1)); /* no mount */
	err = begin_writing(fs);
	if (!err)
		err = ext4_fast_apply(fs);
	if (inode_evict_all(super))
		log_err("%s: %s: inodes stay in use after the replay", fs->type_name, super->id);
	int end_err = end_writing(fs);

	fs->fast.records = 0;
	atomic_fetch_or(&super->flags, read_only);
	err = err ? err : end_err;
	if (err)
		log_err("%s: %s: recovery of the journal's fast commits failed: error %d",
			fs->type_name, super->id, -err);
	return err;
}

/* ---- super operations ---- */

static void free_fs(struct ext4_fs *fs)
{
	ext4_orphan_file_stop(fs, false);
	ext4_txn_destroy(fs);
	ext4_quota_free(fs);
	ext4_groups_free(fs);
	kfree(fs->journal_ranges);
	/* A mount that failed over damage may have recorded it in the superblock. */
	if (buffer_sync(fs->bdev))
		log_err("%s: %s: the superblock can't be written", fs->type_name, fs->super->id);
	ext4_mmp_stop(fs);
	ext4_journal_device_close(fs);
	buffer_put(fs->super_buffer);
	buffer_invalidate(fs->bdev);
	kfree(fs);
}

static void ext4_kill(struct super_block *super)
{
	ext4_quota_stop(ext4_fs(super));
}

static void ext4_put(struct super_block *super)
{
	struct ext4_fs *fs = ext4_fs(super);

	if (fs->writable_once && end_writing(fs))
		log_err("%s: %s: unmounting: not everything could be written", fs->type_name,
			super->id);
	super->private = NULL;
	free_fs(fs);
}

static int ext4_sync(struct super_block *super, bool wait)
{
	struct ext4_fs *fs = ext4_fs(super);

	if (!fs->writable_once)
		return 0;
	if (wait) {
		if (!fs->journal)
			atomic_store(&fs->txn.super_changed, true);
		return ext4_txn_sync(fs);
	}
	/* Called in each round of write-back, or when memory is short. A longer interval than the
	 * usual may skip rounds, but none that comes only a little early. */
	u64 interval = fs->options.commit_seconds * NSEC_PER_SEC * 3 / 4;
	u64 now = clock_monotonic_ns();
	int err = 0;

	if (!fs->journal || fs->options.commit_seconds <= EXT4_COMMIT_SECONDS ||
	    now - fs->committed_ns >= interval) {
		fs->committed_ns = now;
		/* Without a journal this makes usable what was freed, and it needs a sync. */
		err = fs->journal || !atomic_load(&fs->busy_clusters) ? ext4_txn_commit(fs)
								      : ext4_txn_release(fs);
	}
	if (fs->journal)
		ext4_journal_tidy(fs->journal, false);
	return err;
}

static int ext4_statfs(struct super_block *super, struct fs_statistics *out)
{
	struct ext4_fs *fs = ext4_fs(super);
	u64 overhead = (fs->options.flags & EXT4_OPT_MINIXDF) ? 0 : fs->overhead;
	s64 free = (atomic_load(&fs->free_clusters) - atomic_load(&fs->delayed_clusters)) *
		   (1ll << fs->cluster_bits);
	const u8 *uuid = fs->raw->s_uuid;

	*out = (struct fs_statistics){
	    .magic = EXT4_MAGIC,
	    .block_size = fs->block_size,
	    .fragment_size = fs->block_size,
	    .blocks = fs->blocks_count - min(overhead, fs->blocks_count),
	    .free_blocks = (u64)max(free, 0),
	    .files = fs->inodes_count,
	    .free_files = (u64)max(atomic_load(&fs->free_inodes), 0),
	    .name_max = EXT4_NAME_MAX,
	};
	/* Linux keeps a fiftieth, at most 4096 clusters, for what delayed blocks may turn out to
	 * need: df shows that as used. */
	u64 kept = fs->reserved_blocks;

	if (fs->incompat & EXT4_INCOMPAT_EXTENTS)
		kept += min((fs->blocks_count >> fs->cluster_bits) / 50, (u64)4096)
			<< fs->cluster_bits;
	if (out->free_blocks > kept)
		out->available_blocks = out->free_blocks - kept;
	u64 id = le64_load(uuid) ^ le64_load(uuid + 8);
	out->fsid[0] = (u32)id;
	out->fsid[1] = (u32)(id >> 32);
	return 0;
}

/* What can't be had, or not any more. */
static int check_options(struct ext4_fs *fs, const struct ext4_options *fresh)
{
	const char *what = NULL;

	if ((fresh->flags & EXT4_OPT_DISCARD) && !fs->has_journal)
		what = "discard needs a journal";
	if ((fresh->flags & EXT4_OPT_DATA_JOURNAL) && !fs->has_journal)
		what = "data=journal needs a journal";
	if ((fresh->flags & EXT4_OPT_QUOTAS) && !(fs->ro_compat & EXT4_RO_COMPAT_QUOTA))
		what = "quota needs the feature quota (tune2fs -O quota)";
	if ((fresh->flags & EXT4_OPT_PRJQUOTA) && !(fs->ro_compat & EXT4_RO_COMPAT_PROJECT))
		what = "prjquota needs the feature project";
	if (fs->journal && ((fresh->flags ^ fs->options.flags) & EXT4_OPTS_DATA))
		what = "the data mode can't be changed while the volume is in use";
	if (what)
		log_err("%s: %s: mount options: %s", fs->type_name, fs->super->id, what);
	return what ? -EINVAL : 0;
}

static void apply_options(struct ext4_fs *fs)
{
	ext4_quota_apply_options(fs);
	writeback_period_limit(fs->options.commit_seconds * NSEC_PER_SEC);
	if (fs->options.flags & EXT4_OPT_NO_ACL)
		atomic_fetch_and(&fs->super->flags, ~(unsigned int)SUPER_ACL);
	else
		atomic_fetch_or(&fs->super->flags, SUPER_ACL);
}

static int ext4_remount(struct super_block *super, unsigned int flags, const char *options)
{
	struct ext4_fs *fs = ext4_fs(super);
	struct ext4_options fresh = fs->options;
	bool was_ro = super->flags & SUPER_RDONLY, want_ro = flags & SUPER_RDONLY;
	int err = ext4_options_parse(fs, options, &fresh);

	if (!err)
		err = check_options(fs, &fresh);
	if (err)
		return err;
	if (was_ro && !want_ro) {
		if (atomic_load(&fs->aborted)) {
			log_err("%s: %s: stays read-only after an error: unmount and check it",
				fs->type_name, super->id);
			return -EROFS;
		}
		if (fs->only_read) {
			log_err("%s: %s: stays read-only: it is damaged: unmount and check it",
				fs->type_name, super->id);
			return -EUCLEAN;
		}
		fs->options.flags = fresh.flags;
		err = ext4_features_check(fs, false);
		if (!err && fs->bdev->read_only)
			err = -EROFS;
		if (!err)
			err = ext4_mmp_start(fs);
		if (!err)
			err = ext4_quota_start(fs);
		if (!err)
			err = begin_writing(fs);
		if (!err) {
			atomic_fetch_and(&super->flags, ~(unsigned int)SUPER_RDONLY);
			ext4_quota_complete(fs);
			err = ext4_orphan_process(fs);
			if (err && end_writing(fs))
				log_err("%s: %s: remounting: not everything could be written",
					fs->type_name, super->id);
			if (err)
				atomic_fetch_or(&super->flags, SUPER_RDONLY);
		}
	} else if (!was_ro && want_ro) {
		err = end_writing(fs);
		/* It failed: the volume goes on as it was, if it still can be written. */
		if (!err || atomic_load(&fs->aborted) || begin_writing(fs)) {
			atomic_fetch_or(&super->flags, SUPER_RDONLY);
			ext4_mmp_stop(fs);
		}
	}
	if (!err) {
		fs->options = fresh;
		apply_options(fs);
	}
	return err;
}

static const struct super_ops ext4_super_ops = {
    .inode_alloc = ext4_inode_alloc_memory,
    .inode_free = ext4_inode_free_memory,
    .inode_write = ext4_inode_write,
    .inode_evict = ext4_inode_evict,
    .sync = ext4_sync,
    .statfs = ext4_statfs,
    .remount = ext4_remount,
    .quotactl = ext4_quotactl,
    .freeze = ext4_freeze,
    .thaw = ext4_thaw,
    .kill = ext4_kill,
    .put = ext4_put,
    .show_options = ext4_show_options,
};

static int mount_any(struct super_block *super, const char *options, struct inode **root)
{
	struct ext4_fs *fs = kcalloc(1, sizeof(*fs), MM_NORMAL);
	int err;

	if (!fs)
		return -ENOMEM;
	fs->super = super;
	fs->bdev = super->bdev;
	fs->type_name = super->type->name;
	mutex_init(&fs->super_lock, "ext4 superblock");
	mutex_init(&fs->orphan_lock, "ext4 orphans");
	mutex_init(&fs->xattr_mutex, "ext4 shared attributes");
	list_init(&fs->orphans);
	list_init(&fs->file_orphans);
	list_init(&fs->retired);
	random_bytes(&fs->generation_next, sizeof(fs->generation_next));
	super->private = fs;
	if (fs->bdev->read_only && !(super->flags & SUPER_RDONLY)) {
		log_err("%s: %s: the device is read-only: mount with ro", fs->type_name, super->id);
		err = -EROFS;
		goto fail;
	}
	err = load(fs, options);
	if (!err)
		err = check_options(fs, &fs->options);
	if (err)
		goto fail;
	err = ext4_txn_init(fs);
	if (!err)
		err = ext4_groups_load(fs);
	if (err)
		goto fail;
	super->ops = &ext4_super_ops;
	apply_options(fs);
	if (fs->fast.records)
		err = replay_fast(fs);
	if (err)
		goto fail;
	err = ext4_inode_read(fs, EXT4_INO_ROOT, root);
	if (err == -ESTALE)
		err = ext4_error(fs, EXT4_INO_ROOT, 0, "there is no root directory");
	if (!err && !S_ISDIR((*root)->mode)) {
		inode_put(*root);
		err = ext4_error(fs, EXT4_INO_ROOT, 0, "the root is no directory");
	}
	if (err)
		goto fail_inodes;
	if (!(super->flags & SUPER_RDONLY)) {
		err = ext4_quota_start(fs);
		if (!err)
			err = begin_writing(fs);
		if (!err) {
			ext4_quota_complete(fs);
			err = ext4_orphan_process(fs);
		}
		if (err) {
			inode_put(*root);
			goto fail_inodes;
		}
	} else {
		ext4_mmp_stop(fs); /* it was needed for the journal's replay only */
	}
	return 0;

fail_inodes:
	ext4_quota_stop(fs);
	if (inode_evict_all(super))
		log_err("%s: %s: inodes stay in use after a failed mount", fs->type_name,
			super->id);
	if (fs->writable_once && end_writing(fs))
		log_err("%s: %s: the superblock can't be written", fs->type_name, super->id);
fail:
	*root = NULL;
	super->private = NULL;
	super->ops = NULL;
	free_fs(fs);
	return err;
}

void ext4_init(void)
{
	static struct fs_type types[] = {
	    {.name = "ext4", .needs_device = true, .mount = mount_any, .identify = ext4_identify},
	    {.name = "ext3", .needs_device = true, .mount = mount_any, .identify = ext4_identify},
	    {.name = "ext2", .needs_device = true, .mount = mount_any, .identify = ext4_identify},
	};

	ext4_inode_slab_init();
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		fs_type_register(&types[i]);
}
