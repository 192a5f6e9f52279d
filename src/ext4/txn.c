/* Transaction handles, and the back end without a journal. txn.h tells the theory. */
#include "ext4/ext4_int.h"
#include "lib/assert.h"
#include "lib/log.h"
#include "lib/string.h"

/* What a transaction knows of a buffer: hangs in buffer->fsdata, on txn->buffers. */
struct record {
	struct list_head node;
	struct buffer *buffer; /* referenced */
	enum ext4_csum_kind kind;
	u32 seed; /* of the checksum; for bitmaps: the group */
	bool dirty;
};

static struct slab_cache *record_slab;

void ext4_txn_init(struct ext4_fs *fs)
{
	struct ext4_txn *txn = &fs->txn;
	struct mm_stats stats;
	u64 bytes;

	if (!record_slab)
		record_slab = slab_cache_create("ext4_txn", sizeof(struct record), 8);
	rwsem_init(&txn->gate, "ext4 transaction");
	mutex_init(&txn->commit_mutex, "ext4 commit");
	spin_init(&txn->lock, "ext4 transaction lists");
	list_init(&txn->buffers);
	list_init(&txn->inodes);
	list_init(&txn->groups);
	wait_queue_init(&txn->ordered_wait, "ext4 ordered data");
	mm_stats_get(&stats);
	bytes = clamp((u64)stats.total * PAGE_SIZE / 16, 256u << 10, 32u << 20);
	txn->buffer_limit = (u32)(bytes / fs->block_size);
}

static bool is_read_only(const struct ext4_fs *fs)
{
	return atomic_load(&fs->aborted) || (atomic_load(&fs->super->flags) & SUPER_RDONLY);
}

int ext4_txn_begin(struct ext4_fs *fs, u32 credits, struct ext4_handle *handle)
{
	handle->fs = NULL;
	if (atomic_load_relaxed(&fs->txn.buffer_count) > fs->txn.buffer_limit)
		ext4_txn_commit(fs);
	rwsem_read_lock(&fs->txn.gate);
	if (is_read_only(fs)) {
		rwsem_read_unlock(&fs->txn.gate);
		return -EROFS;
	}
	handle->fs = fs;
	handle->credits = credits;
	return 0;
}

void ext4_txn_begin_forced(struct ext4_fs *fs, struct ext4_handle *handle)
{
	rwsem_read_lock(&fs->txn.gate);
	handle->fs = fs;
	handle->credits = 0;
}

void ext4_txn_end(struct ext4_handle *handle)
{
	if (!handle->fs)
		return;
	rwsem_read_unlock(&handle->fs->txn.gate);
	handle->fs = NULL;
}

int ext4_txn_extend(struct ext4_handle *handle, u32 credits)
{
	struct ext4_fs *fs = handle->fs;

	if (atomic_load_relaxed(&fs->txn.buffer_count) <= fs->txn.buffer_limit) {
		handle->credits += credits;
		return 0;
	}
	ext4_txn_end(handle);
	return ext4_txn_begin(fs, credits, handle);
}

/* ---- buffers ---- */

static void wait_stable(struct buffer *buffer)
{
	if (!buffer_flag_test(buffer, BUFFER_IO))
		return;
	buffer_lock(buffer);
	buffer_unlock(buffer);
}

int ext4_txn_access(struct ext4_handle *handle, struct buffer *buffer)
{
	struct ext4_txn *txn = &handle->fs->txn;

	if (!atomic_load(&buffer->fsdata)) {
		struct record *record = slab_alloc(record_slab, MM_NOFS);

		if (!record)
			return -ENOMEM;
		*record = (struct record){.buffer = buffer};
		spin_lock(&txn->lock);
		if (!buffer->fsdata) {
			buffer_ref(buffer);
			buffer_flag_set(buffer, BUFFER_PRIVATE_DIRTY);
			list_add_tail(&record->node, &txn->buffers);
			txn->buffer_count++;
			atomic_store(&buffer->fsdata, (void *)record);
			record = NULL;
		}
		spin_unlock(&txn->lock);
		if (record)
			slab_free(record_slab, record);
	}
	wait_stable(buffer);
	return 0;
}

int ext4_txn_create(struct ext4_handle *handle, u64 block, struct buffer **out)
{
	struct buffer *buffer;
	int err = buffer_get(handle->fs->bdev, block, &buffer);

	if (!err) {
		err = ext4_txn_access(handle, buffer);
		if (err) {
			buffer_put(buffer);
			buffer = NULL;
		}
	}
	*out = buffer;
	if (err)
		return err;
	memset(buffer->data, 0, buffer->size);
	ext4_buffer_unchecked(buffer);
	buffer_flag_set(buffer, BUFFER_VALID);
	return 0;
}

static void dirty(struct buffer *buffer, enum ext4_csum_kind kind, u32 seed)
{
	struct record *record = buffer->fsdata;

	VERIFY(record != NULL);
	record->kind = kind;
	record->seed = seed;
	record->dirty = true;
}

void ext4_txn_dirty(struct ext4_handle *handle, struct buffer *buffer, enum ext4_csum_kind kind,
		    const struct ext4_inode *owner)
{
	dirty(buffer, kind, owner ? owner->csum_seed : 0);
}

void ext4_txn_dirty_bitmap(struct ext4_handle *handle, struct buffer *buffer,
			   enum ext4_csum_kind kind, u32 group)
{
	dirty(buffer, kind, group);
}

/* txn->lock held: the record leaves the transaction. */
static void detach(struct ext4_txn *txn, struct record *record)
{
	list_del(&record->node);
	txn->buffer_count--;
	atomic_store(&record->buffer->fsdata, (void *)NULL);
}

void ext4_txn_forget(struct ext4_handle *handle, u64 block, u64 count)
{
	struct ext4_fs *fs = handle->fs;

	for (u64 at = block; at < block + count; at++) {
		struct buffer *buffer = buffer_lookup(fs->bdev, at);

		if (!buffer)
			continue;
		spin_lock(&fs->txn.lock);
		struct record *record = buffer->fsdata;
		if (record)
			detach(&fs->txn, record);
		spin_unlock(&fs->txn.lock);
		if (record) {
			buffer_put(buffer);
			slab_free(record_slab, record);
		}
		ext4_buffer_unchecked(buffer);
		buffer_put(buffer);
	}
	buffer_forget(fs->bdev, block, count);
}

/* ---- descriptors, inodes, the superblock ---- */

int ext4_txn_access_group(struct ext4_handle *handle, struct ext4_group *group)
{
	struct ext4_desc_raw *raw;

	return ext4_txn_access(handle, ext4_group_desc_buffer(handle->fs, group->number, &raw));
}

void ext4_txn_dirty_group(struct ext4_handle *handle, struct ext4_group *group)
{
	struct ext4_txn *txn = &handle->fs->txn;
	struct ext4_desc_raw *raw;

	ext4_txn_dirty(handle, ext4_group_desc_buffer(handle->fs, group->number, &raw),
		       EXT4_CSUM_NONE, NULL);
	if (list_is_linked(&group->dirty_node))
		return; /* the group's lock is held: only commit takes it off */
	spin_lock(&txn->lock);
	list_add_tail(&group->dirty_node, &txn->groups);
	spin_unlock(&txn->lock);
}

int ext4_txn_dirty_inode(struct ext4_handle *handle, struct ext4_inode *inode)
{
	struct ext4_txn *txn = &handle->fs->txn;
	struct buffer *table;

	if (list_is_linked(&inode->dirty_node)) /* commit can't take it off now */
		return 0;
	int err = ext4_inode_table_read(handle->fs, ext4_ino(inode), &table);
	if (err)
		return err;
	err = ext4_txn_access(handle, table);
	if (err) {
		buffer_put(table);
		return err;
	}
	ext4_txn_dirty(handle, table, EXT4_CSUM_NONE, NULL);
	spin_lock(&txn->lock);
	if (!list_is_linked(&inode->dirty_node)) {
		list_add_tail(&inode->dirty_node, &txn->inodes);
		inode->table = table;
		table = NULL;
	}
	spin_unlock(&txn->lock);
	buffer_put(table);
	return 0;
}

void ext4_txn_flush_inode(struct ext4_handle *handle, struct ext4_inode *inode)
{
	struct ext4_txn *txn = &handle->fs->txn;
	struct buffer *table = NULL;

	spin_lock(&txn->lock);
	if (list_is_linked(&inode->dirty_node)) {
		list_del(&inode->dirty_node);
		table = inode->table;
		inode->table = NULL;
	}
	spin_unlock(&txn->lock);
	if (!table)
		return;
	ext4_inode_fill_raw(inode, table);
	buffer_put(table);
}

void ext4_txn_dirty_super(struct ext4_handle *handle)
{
	atomic_store(&handle->fs->txn.super_changed, true);
}

/* ---- ordered data ---- */

void ext4_txn_ordered_begin(struct ext4_fs *fs)
{
	atomic_fetch_add(&fs->txn.ordered_ios, 1);
}

void ext4_txn_ordered_end(struct ext4_fs *fs)
{
	if (atomic_sub_fetch(&fs->txn.ordered_ios, 1) == 0)
		wake_all(&fs->txn.ordered_wait);
}

/* ---- commit ---- */

static void copy_out_inodes(struct ext4_txn *txn)
{
	while (!list_empty(&txn->inodes)) {
		struct ext4_inode *inode =
		    list_first_entry(&txn->inodes, struct ext4_inode, dirty_node);
		struct buffer *table = inode->table;

		spin_lock(&txn->lock);
		list_del(&inode->dirty_node);
		inode->table = NULL;
		spin_unlock(&txn->lock);
		ext4_inode_fill_raw(inode, table);
		buffer_put(table);
	}
}

static void copy_out_groups(struct ext4_fs *fs)
{
	struct ext4_txn *txn = &fs->txn;

	while (!list_empty(&txn->groups)) {
		struct ext4_group *group =
		    list_first_entry(&txn->groups, struct ext4_group, dirty_node);

		spin_lock(&txn->lock);
		list_del(&group->dirty_node);
		spin_unlock(&txn->lock);
		ext4_group_fill_raw(fs, group);
	}
}

static void pass_on_buffers(struct ext4_txn *txn)
{
	struct record *record, *next;
	LIST_HEAD(done);

	spin_lock(&txn->lock);
	list_splice_tail(&txn->buffers, &done);
	list_for_each_entry(record, &done, node) {
		atomic_store(&record->buffer->fsdata, (void *)NULL);
	}
	txn->buffer_count = 0;
	spin_unlock(&txn->lock);
	list_for_each_entry_safe(record, next, &done, node) {
		struct buffer *buffer = record->buffer;

		if (record->dirty)
			buffer_mark_dirty(buffer);
		buffer_flag_clear(buffer, BUFFER_PRIVATE_DIRTY);
		slab_free(record_slab, record);
		buffer_put(buffer);
	}
}

void ext4_txn_commit(struct ext4_fs *fs)
{
	struct ext4_txn *txn = &fs->txn;
	struct record *record;

	mutex_lock(&txn->commit_mutex);
	block_plug_flush_current();
	rwsem_write_lock(&txn->gate);
	wait_event(&txn->ordered_wait, atomic_load(&txn->ordered_ios) == 0);
	copy_out_inodes(txn);
	list_for_each_entry(record, &txn->buffers, node) {
		if (record->dirty)
			ext4_csum_set(fs, record->buffer, record->kind, record->seed);
	}
	copy_out_groups(fs); /* after the bitmaps were summed: descriptors hold those sums */
	pass_on_buffers(txn);
	if (atomic_xchg(&txn->super_changed, false))
		ext4_super_write(fs);
	rwsem_write_unlock(&txn->gate);
	mutex_unlock(&txn->commit_mutex);
}

int ext4_txn_sync(struct ext4_fs *fs)
{
	ext4_txn_commit(fs);
	int err = buffer_sync(fs->bdev);
	int flush_err = block_flush(fs->bdev);

	if (err == -EIO)
		ext4_error(fs, 0, 0, "writing metadata failed");
	return err ? err : flush_err;
}
