/* Blocks that a transaction frees: what their buffers were is void, copies in the log are revoked,
 * and nobody gets them before it has committed. txn.h tells the theory. */
#include "ext4/journal.h"
#include "ext4/txn_int.h"
#include "lib/bitmap.h"
#include "lib/string.h"

static struct slab_cache *freed_slab;

void ext4_freed_slab_init(void)
{
	if (!freed_slab)
		freed_slab = slab_cache_create("ext4_freed", sizeof(struct ext4_freed), 8);
}

void ext4_freed_free(struct list_head *list)
{
	struct ext4_freed *freed, *next;

	list_for_each_entry_safe(freed, next, list, node) {
		list_del(&freed->node);
		slab_free(freed_slab, freed);
	}
}

/* txn->lock held. Adds a range to the list, joining it with the last one. */
static void add_range(struct list_head *list, struct ext4_freed **fresh, u64 block, u32 count)
{
	if (!list_empty(list)) {
		struct ext4_freed *last = list_last_entry(list, struct ext4_freed, node);

		if (last->count < U32_MAX / 2 && last->block + last->count == block) {
			last->count += count;
			return;
		}
		if (last->count < U32_MAX / 2 && block + count == last->block) {
			last->block = block;
			last->count += count;
			return;
		}
	}
	**fresh = (struct ext4_freed){.block = block, .count = count};
	list_add_tail(&(*fresh)->node, list);
	*fresh = NULL;
}

static int revoke(struct ext4_handle *handle, u64 block, u32 count)
{
	struct ext4_txn *txn = &handle->fs->txn;
	struct ext4_freed *fresh = slab_alloc(freed_slab, MM_NOFS);

	if (!fresh)
		return -ENOMEM;
	spin_lock(&txn->lock);
	add_range(&handle->transaction->revoked, &fresh, block, count);
	handle->transaction->revoke_count += count;
	spin_unlock(&txn->lock);
	if (fresh)
		slab_free(freed_slab, fresh);
	return 0;
}

/* Without a journal the transaction forgets a freed block at once; with one the block's older
 * contents are needed until the transaction has committed. */
static void forget_buffer(struct ext4_handle *handle, struct buffer *buffer)
{
	struct ext4_txn *txn = &handle->fs->txn;
	struct ext4_transaction *running = handle->transaction;
	bool gone = false;

	spin_lock(&txn->lock);
	struct ext4_record *record = buffer->fsdata;

	if (record) {
		struct ext4_slot *slot = ext4_slot(record, running);

		if (!slot->transaction)
			ext4_transaction_join(running, record);
		if (!slot->freed)
			running->buffer_count--;
		slot->freed = true;
		atomic_store(&buffer->fs_stamp, 0ull);
		if (!handle->fs->journal) {
			ext4_record_leave(record, slot);
			gone = ext4_record_detach(record);
		}
	}
	spin_unlock(&txn->lock);
	if (gone)
		ext4_record_free(record);
	ext4_buffer_unchecked(buffer);
}

void ext4_txn_forget(struct ext4_handle *handle, u64 block, u64 count)
{
	struct ext4_fs *fs = handle->fs;

	for (u64 at = block; at < block + count; at++) {
		struct buffer *buffer = buffer_lookup(fs->bdev, at);

		if (!buffer)
			continue;
		forget_buffer(handle, buffer);
		buffer_put(buffer);
	}
	if (!fs->journal)
		buffer_forget(fs->bdev, block, count);
	else if (ext4_insist(revoke(handle, block, (u32)count)))
		ext4_journal_abort(fs, -ENOMEM);
}

int ext4_txn_busy(struct ext4_handle *handle, struct ext4_group *group, const void *bitmap,
		  u32 start, u32 count)
{
	struct ext4_fs *fs = handle->fs;

	struct ext4_freed *fresh = slab_alloc(freed_slab, MM_NOFS);

	if (!fresh || ext4_group_taken_make(fs, group, bitmap)) {
		if (fresh)
			slab_free(freed_slab, fresh);
		return -ENOMEM;
	}
	group->busy_clusters += count;
	atomic_fetch_add(&fs->busy_clusters, (s64)count);
	spin_lock(&fs->txn.lock);
	add_range(&handle->transaction->busy, &fresh,
		  ext4_group_first(fs, group->number) + ((u64)start << fs->cluster_bits),
		  count << fs->cluster_bits);
	spin_unlock(&fs->txn.lock);
	if (fresh)
		slab_free(freed_slab, fresh);
	return 0;
}

/* start, count: clusters. */
static void release_in_group(struct ext4_fs *fs, struct ext4_group *group, u32 start, u32 count)
{
	mutex_lock(&group->lock);
	bitmap_clear_range(group->taken, start, count);
	group->busy_clusters -= count;
	ext4_group_taken_put(group);
	if (group->largest < fs->clusters_per_group)
		group->largest = group->largest * 2 + count;
	atomic_fetch_sub(&fs->busy_clusters, (s64)count);
	mutex_unlock(&group->lock);
}

void ext4_txn_release_busy(struct ext4_fs *fs, struct list_head *busy)
{
	struct ext4_freed *freed;

	list_for_each_entry(freed, busy, node) {
		u64 block = freed->block;

		for (u32 left = freed->count, n; left; left -= n, block += n) {
			struct ext4_group *group = ext4_group(fs, ext4_block_group(fs, block));
			u32 start = (u32)(block - ext4_group_first(fs, group->number));

			n = min(left, fs->blocks_per_group - start);
			release_in_group(fs, group, start >> fs->cluster_bits,
					 n >> fs->cluster_bits);
		}
	}
	ext4_freed_free(busy);
}
