/* What reaches buffers only when a transaction is closed: inodes, descriptors, the superblock.
 * txn.h tells the theory. */
#include "ext4/journal.h"
#include "ext4/txn_int.h"
#include "lib/assert.h"

/* ---- while it runs ---- */

int ext4_txn_access_group(struct ext4_handle *handle, struct ext4_group *group)
{
	struct ext4_desc_raw *raw;

	return ext4_txn_access_buffer(
	    handle, ext4_group_desc_buffer(handle->fs, group->number, &raw), false);
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

	atomic_store(&inode->sync_tid, handle->transaction->tid);
	atomic_store(&inode->datasync_tid, handle->transaction->tid);
	if (list_is_linked(&inode->dirty_node)) /* commit can't take it off now */
		return 0;
	int err = ext4_quota_dirty(handle, inode);

	if (!err)
		err = ext4_inode_table_read(handle->fs, ext4_ino(inode), &table);
	if (err)
		return err;
	err = ext4_txn_access_buffer(handle, table, false);
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
	/* It has joined already, so that this can't fail. */
	VERIFY_EQ(ext4_txn_access_buffer(handle, table, true), 0);
	ext4_inode_fill_raw(inode, table);
	buffer_put(table);
}

void ext4_txn_dirty_super(struct ext4_handle *handle)
{
	atomic_store(&handle->fs->txn.super_changed, true);
}

/* ---- closing ---- */

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

	/* Atomic transactions can keep the superblock's counts right too. */
	if (fs->journal && !list_empty(&txn->groups))
		atomic_store(&txn->super_changed, true);
	while (!list_empty(&txn->groups)) {
		struct ext4_group *group =
		    list_first_entry(&txn->groups, struct ext4_group, dirty_node);

		spin_lock(&txn->lock);
		list_del(&group->dirty_node);
		spin_unlock(&txn->lock);
		ext4_group_fill_raw(fs, group);
	}
}

/* Without a journal there is no later: checksums are computed while nothing can change. */
static void sum_buffers(struct ext4_fs *fs, struct ext4_transaction *transaction)
{
	struct ext4_slot *slot;

	list_for_each_entry(slot, &transaction->buffers, node) {
		struct buffer *buffer = ext4_slot_record(slot, transaction->tid)->buffer;

		if (slot->dirty)
			ext4_csum_set(fs, buffer->data, buffer->block, slot->kind, slot->seed);
	}
}

static void join_super(struct ext4_fs *fs, struct ext4_transaction *transaction)
{
	struct ext4_record *record = fs->super_buffer->fsdata;
	struct ext4_slot *slot = ext4_slot(record, transaction);

	spin_lock(&fs->txn.lock);
	if (!slot->transaction)
		ext4_transaction_join(transaction, record);
	slot->kind = EXT4_CSUM_NONE;
	slot->dirty = true;
	spin_unlock(&fs->txn.lock);
}

static void copy_out_super(struct ext4_fs *fs, struct ext4_transaction *transaction)
{
	if (!atomic_xchg(&fs->txn.super_changed, false))
		return;
	join_super(fs, transaction);
	ext4_super_fill(fs);
}

static void pass_on_buffers(struct ext4_fs *fs, struct ext4_transaction *transaction)
{
	while (!list_empty(&transaction->buffers)) {
		struct ext4_slot *slot =
		    list_first_entry(&transaction->buffers, struct ext4_slot, node);
		struct ext4_record *record = ext4_slot_record(slot, transaction->tid);

		if (slot->dirty)
			buffer_mark_dirty(record->buffer);
		ext4_record_drop(fs, record, slot);
	}
}

struct ext4_transaction *ext4_txn_switch(struct ext4_fs *fs, struct ext4_transaction *fresh)
{
	struct ext4_txn *txn = &fs->txn;
	struct ext4_transaction *closing;

	block_plug_flush_current();
	closing = txn->running; /* only we change it */
	if (atomic_load(&txn->super_changed) ||
	    !list_empty(&txn->groups)) { /* no waiting for this with the gate closed */
		join_super(fs, closing);
		ext4_buffer_wait_stable(fs->super_buffer);
	}
	rwsem_write_lock(&txn->gate);
	copy_out_inodes(txn);
	ext4_quota_copy_out(fs);
	if (!fs->journal) {
		wait_event(&txn->wait, !atomic_load(&txn->ordered[closing->tid & 1].ios));
		sum_buffers(fs, closing);
	}
	copy_out_groups(fs); /* after the bitmaps were summed: descriptors hold those sums */
	copy_out_super(fs, closing);
	if (list_empty(&closing->buffers)) {
		closing = NULL;
	} else {
		fresh->tid = closing->tid + 1;
		txn->running = fresh;
		atomic_store(&txn->tid, fresh->tid);
		if (fs->journal)
			ext4_journal_closing(fs->journal, closing);
		else
			pass_on_buffers(fs, closing);
	}
	rwsem_write_unlock(&txn->gate);
	return closing;
}
