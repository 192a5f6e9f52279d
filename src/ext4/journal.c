/* The journal's beginning and end, its room, waiting for it, and its failure: journal.h. */
#include "ext4/journal_int.h"
#include "lib/assert.h"
#include "lib/crc.h"
#include "lib/log.h"
#include "lib/sort.h"
#include "lib/string.h"

/* ---- beginning ---- */

static void upgrade_super(struct journal_super *raw)
{
	size_t known = offsetof(struct journal_super, s_feature_compat);

	if (be32_get(raw->s_header.h_blocktype) != JOURNAL_SUPER_V1)
		return;
	memset((u8 *)raw + known, 0, sizeof(*raw) - known);
	raw->s_header.h_blocktype = be32_make(JOURNAL_SUPER_V2);
}

/* The log is empty, so nothing in it depends on how it is written from now on. */
static void choose_features(struct ext4_fs *fs, struct ext4_log *log)
{
	struct journal_super *raw = log->raw;
	u32 incompat = fs->fast.records ? log->incompat & JOURNAL_INCOMPAT_FAST_COMMIT : 0;

	upgrade_super(raw);
	if (log->fc_count && !incompat) { /* we write none, and the log gets their room */
		log->end = be32_get(raw->s_maxlen);
		log->fc_first = log->fc_count = 0;
	}
	incompat |= JOURNAL_INCOMPAT_REVOKE;
	if (fs->incompat & EXT4_INCOMPAT_64BIT)
		incompat |= JOURNAL_INCOMPAT_64BIT;
	log->checksums = fs->metadata_csum || (fs->options.flags & EXT4_OPT_JOURNAL_CHECKSUM);
	if (log->checksums) {
		incompat |= JOURNAL_INCOMPAT_CSUM_V3;
		raw->s_checksum_type = JOURNAL_CHECKSUM_CRC32C;
		log->seed = crc32c(~0u, raw->s_uuid, sizeof(raw->s_uuid));
	}
	log->compat &= ~JOURNAL_COMPAT_CHECKSUM;
	log->incompat = incompat;
	raw->s_feature_compat = be32_make(log->compat);
	raw->s_feature_incompat = be32_make(incompat);
	log->tag_size = journal_tag_size(incompat);
	log->tail_size = journal_tail_size(incompat);
}

static void set_geometry(struct ext4_journal *journal)
{
	const struct ext4_log *log = &journal->log;
	u32 room = log->block_size - log->tail_size;

	journal->size = log->end - log->first;
	journal->max_transaction = journal->size / 4;
	journal->tags_per_block =
	    (room - (u32)sizeof(struct journal_header) - JOURNAL_TAG_UUID_SIZE) / log->tag_size;
	journal->revokes_per_block =
	    (room - (u32)sizeof(struct journal_revoke_header)) / journal_revoke_size(log->incompat);
	journal->head = log->fs->fast.records ? log->fs->fast.start : log->first;
	journal->next_start = journal->head;
	journal->free = journal->size - 1;
}

static int compare_ranges(const void *a, const void *b)
{
	const struct ext4_range *x = a, *y = b;

	return x->first < y->first ? -1 : x->first > y->first;
}

/* No file may claim the journal's blocks, nor the journal those of the volume's structures. */
static int protect(struct ext4_fs *fs, const struct ext4_journal_map *map)
{
	if (map->bdev != fs->bdev)
		return 0;
	struct ext4_range *ranges = kcalloc(map->count, sizeof(*ranges), MM_NORMAL);

	if (!ranges)
		return -ENOMEM;
	fs->journal_range_count = 0;
	for (u32 i = 0; i < map->count; i++) {
		const struct ext4_journal_run *run = &map->runs[i];

		ranges[i] = (struct ext4_range){run->physical, run->physical + run->length - 1};
		if (!ext4_blocks_valid(fs, run->physical, run->length)) {
			kfree(ranges);
			return ext4_error(fs, EXT4_INO_JOURNAL, run->physical,
					  "the journal lies over the volume's own structures");
		}
	}
	sort(ranges, map->count, sizeof(*ranges), compare_ranges);
	kfree(fs->journal_ranges);
	fs->journal_ranges = ranges;
	fs->journal_range_count = map->count;
	return 0;
}

static void free_journal(struct ext4_journal *journal)
{
	ext4_log_close(&journal->log);
	kfree(journal->batch);
	kfree(journal);
}

/* Says on disk where the log begins: here nothing is, and so a recovery finds nothing to do. */
static int mark_in_use(struct ext4_journal *journal)
{
	struct ext4_log *log = &journal->log;

	log->raw->s_start = be32_make(journal->head);
	log->raw->s_sequence = be32_make(journal->tail_tid);
	return ext4_log_super_write(log);
}

int ext4_journal_start(struct ext4_fs *fs)
{
	struct ext4_journal *journal = kcalloc(1, sizeof(*journal), MM_NORMAL);

	if (!journal)
		return -ENOMEM;
	journal->fs = fs;
	list_init(&journal->committed);
	mutex_init(&journal->checkpoint_mutex, "ext4 checkpoint");
	int err = ext4_log_open(fs, &journal->log);

	if (err)
		goto fail;
	struct journal_super *raw = journal->log.raw;

	journal->tail_tid = be32_get(raw->s_sequence);
	if (fs->fast.records)
		journal->tail_tid = fs->fast.tid;
	else if (raw->s_start.v) /* left, and not wanted: its numbers must not come again */
		journal->tail_tid += journal->log.end;
	choose_features(fs, &journal->log);
	set_geometry(journal);
	journal->batch = kcalloc(journal->tags_per_block, sizeof(*journal->batch), MM_NORMAL);
	err = journal->batch ? protect(fs, &journal->log.map) : -ENOMEM;
	if (err)
		goto fail;
	fs->incompat |= EXT4_INCOMPAT_RECOVER;
	fs->raw->s_feature_incompat = le32_make(fs->incompat);
	/* With fast commits it needs recovery already, and the superblock changes when these are
	 * applied: e2fsck is confused by one that differs from the log's. */
	if (!fs->fast.records)
		err = ext4_super_write_now(fs);
	if (!err)
		err = mark_in_use(journal);
	if (err)
		goto fail;
	ext4_txn_start(fs, journal->tail_tid);
	fs->journal = journal;
	return 0;

fail:
	free_journal(journal);
	return err;
}

/* ---- the end ---- */

int ext4_journal_stop(struct ext4_fs *fs)
{
	struct ext4_journal *journal = fs->journal;
	int err = atomic_load(&journal->error) ? -EIO : ext4_checkpoint_all(journal);

	if (!err)
		err = ext4_log_mark_empty(&journal->log, fs->txn.running->tid);
	if (err) {
		ext4_journal_abort(fs, err);
	} else {
		fs->incompat &= ~EXT4_INCOMPAT_RECOVER;
		fs->raw->s_feature_incompat = le32_make(fs->incompat);
	}
	ext4_checkpoint_drop(journal);
	fs->journal = NULL;
	free_journal(journal);
	return err;
}

int ext4_journal_freeze(struct ext4_fs *fs)
{
	struct ext4_journal *journal = fs->journal;
	int err = atomic_load(&journal->error) ? -EIO : ext4_checkpoint_all(journal);

	if (!err) {
		mutex_lock(&journal->checkpoint_mutex);
		err = ext4_checkpoint_advance(journal, fs->txn.running->tid, false);
		mutex_unlock(&journal->checkpoint_mutex);
	}
	if (!err)
		err = ext4_log_mark_empty(&journal->log, fs->txn.running->tid);
	if (!err) {
		fs->incompat &= ~EXT4_INCOMPAT_RECOVER;
		fs->raw->s_feature_incompat = le32_make(fs->incompat);
	}
	return err;
}

int ext4_journal_thaw(struct ext4_fs *fs)
{
	fs->incompat |= EXT4_INCOMPAT_RECOVER;
	fs->raw->s_feature_incompat = le32_make(fs->incompat);
	int err = ext4_super_write_now(fs);

	return err ? err : mark_in_use(fs->journal);
}

void ext4_journal_abort(struct ext4_fs *fs, int err)
{
	struct ext4_journal *journal = fs->journal;
	int none = 0;

	if (!journal || !atomic_cmpxchg(&journal->error, &none, err))
		return;
	atomic_store(&fs->aborted, true);
	if (err == -ESHUTDOWN) { /* on demand: as if the power went */
		wake_all(&fs->txn.wait);
		return;
	}
	log_crit("%s: %s: the journal is aborted: error %d: the volume is read-only now",
		 fs->type_name, fs->super->id, -err);
	atomic_fetch_or(&fs->super->flags, SUPER_RDONLY);
	buffer_lock(journal->log.super_buffer);
	journal->log.raw->s_errno = be32_make((u32)err);
	buffer_unlock(journal->log.super_buffer);
	if (ext4_log_super_write(&journal->log))
		log_err("%s: %s: not even the journal's superblock can be written", fs->type_name,
			fs->super->id);
	ext4_super_write_aborted(fs);
	wake_all(&fs->txn.wait);
}

/* ---- room ---- */

/* What must be free so that a transaction of any allowed size fits, with a margin for those that
 * changed more than they had announced. */
static u32 room_wanted(const struct ext4_journal *journal)
{
	return journal->max_transaction + journal->max_transaction / 8;
}

bool ext4_journal_reserve(struct ext4_journal *journal, struct ext4_transaction *running,
			  u32 credits)
{
	u32 before = atomic_fetch_add(&running->outstanding, credits);
	u32 buffers = before + atomic_load_relaxed(&running->buffer_count);

	if (journal->fs->txn.held) {
		u32 revokes = atomic_load_relaxed(&running->revoke_count);

		if (ext4_journal_blocks(journal, buffers + credits, revokes) < journal->size)
			return true;
	} else if (atomic_load(&journal->free) >= room_wanted(journal)) {
		u32 revokes = atomic_load_relaxed(&running->revoke_count);

		if (!buffers && !revokes)
			return true;
		if (buffers + credits <= max(journal->fs->txn.buffer_limit, 64) &&
		    ext4_journal_blocks(journal, buffers + credits, revokes) <=
			journal->max_transaction)
			return true;
	}
	atomic_fetch_sub(&running->outstanding, credits);
	return false;
}

int ext4_journal_wait_room(struct ext4_journal *journal, u32 tid, u32 credits)
{
	if (atomic_load(&journal->error))
		return -EIO;
	if (atomic_load(&journal->free) < room_wanted(journal))
		return ext4_checkpoint_wait(journal, room_wanted(journal));
	return ext4_txn_commit_tid(journal->fs, tid);
}

void ext4_journal_closing(struct ext4_journal *journal, struct ext4_transaction *transaction)
{
	u32 need =
	    ext4_journal_blocks(journal, transaction->buffer_count, transaction->revoke_count);

	/* Too much (credits were badly exceeded): the commit will notice, and give up. */
	journal->reserved = min(need, atomic_load(&journal->free));
	atomic_fetch_sub(&journal->free, journal->reserved);
}

/* ---- waiting ---- */

int ext4_journal_sync(struct ext4_journal *journal, u32 tid)
{
	struct ext4_fs *fs = journal->fs;
	u64 seen = atomic_load(&journal->flushes_begun);
	int err = ext4_txn_commit_tid(fs, tid);

	if (!err && atomic_load(&journal->error))
		err = -EIO;
	/* A commit that began its flush after our data were written did it for us. */
	if (!err && atomic_load(&journal->flushes_done) <= seen)
		err = ext4_fs_flush(fs);
	return err;
}

void ext4_journal_tidy(struct ext4_journal *journal, bool press)
{
	if (atomic_load(&journal->error))
		return;
	if (press)
		ext4_checkpoint_start(journal, journal->size);
	(void)ext4_checkpoint_reap(journal);
}
