/*
 * The orphan list: inodes that a crash would leave half done. Those without links, until they are
 * evicted, and those being truncated. On disk it is a chain from s_last_orphan through i_dtime, the
 * newest first; in memory a list, the oldest first. Where there is an orphan file (orphan_file.c),
 * the list is only for what does not fit.
 */
#include "ext4/ext4_int.h"
#include "lib/log.h"

/* It reaches the superblock when the transaction is closed. orphan_lock is held. */
static void set_head(struct ext4_handle *handle, u32 ino)
{
	atomic_store(&handle->fs->orphan_head, ino);
	ext4_txn_dirty_super(handle);
}

static void set_next(struct ext4_handle *handle, struct ext4_inode *inode, u32 next)
{
	inode->dtime_or_next = next;
	if (ext4_insist(ext4_txn_dirty_inode(handle, inode)))
		log_err("%s: %s: inode %u: the orphan list on disk could not be kept",
			handle->fs->type_name, handle->fs->super->id, ext4_ino(inode));
}

void ext4_orphan_add(struct ext4_handle *handle, struct ext4_inode *inode)
{
	struct ext4_fs *fs = handle->fs;

	mutex_lock(&fs->orphan_lock);
	if (!list_is_linked(&inode->orphan_node) && !ext4_orphan_file_add(handle, inode)) {
		set_next(handle, inode, fs->orphan_head);
		list_add_tail(&inode->orphan_node, &fs->orphans);
		set_head(handle, ext4_ino(inode));
	}
	mutex_unlock(&fs->orphan_lock);
}

void ext4_orphan_remove(struct ext4_handle *handle, struct ext4_inode *inode)
{
	struct ext4_fs *fs = handle->fs;

	mutex_lock(&fs->orphan_lock);
	if (list_is_linked(&inode->orphan_node) && !ext4_orphan_file_remove(handle, inode)) {
		u32 next = inode->dtime_or_next;

		if (inode->orphan_node.next == &fs->orphans)
			set_head(handle, next);
		else
			set_next(handle, list_next_entry(inode, orphan_node), next);
		list_del(&inode->orphan_node);
		set_next(handle, inode, 0);
	}
	mutex_unlock(&fs->orphan_lock);
}

/* ---- at mount ---- */

static void list_orphan(struct ext4_fs *fs, struct ext4_inode *inode)
{
	mutex_lock(&fs->orphan_lock);
	list_add(&inode->orphan_node, &fs->orphans);
	mutex_unlock(&fs->orphan_lock);
}

int ext4_orphan_read(struct ext4_fs *fs, u32 ino, bool listed, struct inode **out)
{
	struct inode *inode;
	bool is_new;
	int err;

	*out = NULL;
	if (ino < fs->first_ino || ino > fs->inodes_count)
		return ext4_error(fs, 0, 0, "orphan inode number %u is out of range", ino);
	err = inode_get(fs->super, ino, &inode, &is_new);
	if (err)
		return err;
	if (!is_new) { /* a second visit: the chain is a circle */
		inode_put(inode);
		return ext4_error(fs, ino, 0, "the orphan list has a loop");
	}
	ext4_inode(inode)->orphan = true;
	err = ext4_inode_load(ext4_inode(inode));
	if (err) {
		inode_fail_new(inode);
		return err == -ESTALE ? ext4_error(fs, ino, 0, "a free inode is an orphan") : err;
	}
	ext4_inode(inode)->loaded = true;
	if (listed)
		list_orphan(fs, ext4_inode(inode));
	inode_unlock_new(inode);
	*out = inode;
	return 0;
}

int ext4_orphan_truncate(struct ext4_inode *inode)
{
	struct ext4_handle handle;
	int err = ext4_txn_begin(ext4_inode_fs(inode),
				 ext4_map_credits(inode) + EXT4_CREDITS_DELETE, &handle);

	if (err)
		return err;
	err = ext4_truncate_blocks(&handle, inode, inode->disk_size);
	if (!err)
		ext4_orphan_remove(&handle, inode);
	ext4_txn_end(&handle);
	return err;
}

int ext4_orphan_process(struct ext4_fs *fs)
{
	u32 ino, deleted = 0, truncated = 0, moved = 0;
	int err = 0;

	/* A remount: what is on the disk are files that were unlinked and are open still. */
	if (!list_empty(&fs->orphans) || !list_empty(&fs->file_orphans)) {
		ext4_orphan_file_start(fs);
		return 0;
	}
	err = ext4_orphan_file_empty(fs, &moved);

	while (!err && (ino = fs->orphan_head) != 0) {
		struct inode *inode;

		err = ext4_orphan_read(fs, ino, true, &inode);
		if (err)
			break;
		if (inode->nlink) {
			err = S_ISREG(inode->mode) ? ext4_orphan_truncate(ext4_inode(inode)) : 0;
			truncated++;
			inode_put(inode);
		} else {
			deleted++;
			inode_put(inode); /* evicts */
		}
		if (!err && fs->orphan_head == ino)
			err = -EIO; /* it was not finished */
		if (err)
			break;
	}
	if (moved)
		log_info("%s: %s: %u orphans of the orphan file finished", fs->type_name,
			 fs->super->id, moved);
	if (deleted || truncated)
		log_info("%s: %s: %u orphan inodes deleted, %u truncated", fs->type_name,
			 fs->super->id, deleted, truncated);
	if (!err) {
		ext4_orphan_file_start(fs);
		return 0;
	}
	/* The rest is left to e2fsck: the state on disk stays "not clean" for it. */
	log_err("%s: %s: the orphan list could not be finished: run e2fsck", fs->type_name,
		fs->super->id);
	fs->mounted_state &= (u16)~EXT4_STATE_VALID;
	return atomic_load(&fs->aborted) ? 0 : err == -EUCLEAN ? 0 : err;
}
