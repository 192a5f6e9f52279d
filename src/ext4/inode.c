/*
 * Inodes in memory: their slab, how vfs gets them, attributes, and their end.
 *
 * The end of an inode without links: it is on the orphan list since its last link went. Evicting
 * truncates it, drops its attribute block, and gives back its number, in this order, so that a
 * crash in between leaves an orphan that the next mount (or e2fsck) finishes.
 */
#include "ext4/ext4_int.h"
#include "ext4/journal.h"
#include "ext4/xattr_int.h"
#include "lib/assert.h"
#include "lib/log.h"
#include "lib/string.h"
#include "mm/kmalloc.h"

static struct slab_cache *inode_slab;

void ext4_inode_slab_init(void)
{
	if (!inode_slab)
		inode_slab = slab_cache_create("ext4_inode", sizeof(struct ext4_inode), 8);
}

struct inode *ext4_inode_alloc_memory(struct super_block *super)
{
	struct ext4_inode *inode = slab_alloc(inode_slab, MM_NOFS | MM_ZERO);

	if (!inode)
		return NULL;
	rwsem_init(&inode->xattr_lock, "ext4 attributes");
	rwsem_init(&inode->map_lock, "ext4 map");
	spin_init(&inode->cache_lock, "ext4 map cache");
	list_init(&inode->dirty_node);
	list_init(&inode->window.node);
	list_init(&inode->orphan_node);
	inode->orphan_slot = EXT4_ORPHAN_LISTED;
	/* What it was before may have been changed by a transaction that is not committed yet. */
	inode->sync_tid = inode->datasync_tid = ext4_txn_tid(ext4_fs(super));
	return &inode->vfs;
}

void ext4_inode_free_memory(struct inode *inode)
{
	ext4_quota_detach(ext4_inode(inode));
	slab_free(inode_slab, ext4_inode(inode));
}

int ext4_inode_read(struct ext4_fs *fs, u64 ino, struct inode **out)
{
	struct inode *inode;
	bool is_new;
	int err;

	*out = NULL;
	if (ino < EXT4_INO_ROOT || ino > fs->inodes_count)
		return ext4_error(fs, 0, 0, "inode number %llu is out of range", ino);
	err = inode_get(fs->super, ino, &inode, &is_new);
	if (err)
		return err;
	if (is_new) {
		err = ext4_inode_load(ext4_inode(inode));
		if (err) {
			inode_fail_new(inode);
			return err;
		}
		ext4_inode(inode)->loaded = true;
		inode_unlock_new(inode);
	}
	*out = inode;
	return 0;
}

void ext4_inode_add_blocks(struct ext4_inode *inode, s64 fs_blocks)
{
	struct ext4_fs *fs = ext4_inode_fs(inode);
	s64 sectors = fs_blocks * (s64)(fs->block_size >> SECTOR_SHIFT);

	spin_lock(&inode->vfs.lock);
	if (sectors < 0 && (u64)-sectors > inode->vfs.blocks)
		inode->vfs.blocks = 0; /* the disk's count was wrong: e2fsck's to repair */
	else
		inode->vfs.blocks = (u64)((s64)inode->vfs.blocks + sectors);
	spin_unlock(&inode->vfs.lock);
	ext4_quota_add(inode, sectors * (1 << SECTOR_SHIFT), 0);
}

int ext4_inode_write(struct inode *inode, bool wait)
{
	struct ext4_fs *fs = ext4_fs(inode->super);
	struct ext4_handle handle;
	int err = ext4_txn_begin(fs, 1, &handle);

	if (err)
		return err == -EROFS && atomic_load(&fs->aborted) ? -EIO : err;
	err = ext4_txn_dirty_inode(&handle, ext4_inode(inode));
	ext4_txn_end(&handle);
	if (!err && wait)
		err = fs->journal ? ext4_journal_sync(fs->journal,
						      atomic_load(&ext4_inode(inode)->sync_tid))
				  : ext4_txn_sync(fs);
	return err;
}

/* ---- the end ---- */

bool ext4_symlink_is_fast(const struct ext4_inode *inode)
{
	const struct ext4_fs *fs = ext4_inode_fs(inode);
	u64 cluster_sectors = (u64)fs->block_size << fs->cluster_bits >> SECTOR_SHIFT;
	u64 xattr_sectors = inode->file_acl ? cluster_sectors : 0;

	if ((u64)inode->vfs.size >= sizeof(inode->block))
		return false;
	/* Values in other inodes count as this one's blocks. */
	return (fs->incompat & EXT4_INCOMPAT_EA_INODE) || inode->vfs.blocks <= xattr_sectors;
}

static bool has_map(const struct ext4_inode *inode)
{
	u32 mode = inode->vfs.mode;

	if (ext4_is_inline(inode))
		return false;
	if (S_ISLNK(mode))
		return !ext4_symlink_is_fast(inode);
	return S_ISREG(mode) || S_ISDIR(mode);
}

static int delete_on_disk(struct ext4_inode *inode, struct ext4_xattr_puts *puts)
{
	struct ext4_fs *fs = ext4_inode_fs(inode);
	struct ext4_handle handle;
	int err = ext4_txn_begin(fs, ext4_map_credits(inode) + EXT4_CREDITS_DELETE, &handle);

	if (err)
		return err;
	if (has_map(inode)) {
		inode->disk_size = 0;
		err = ext4_map_remove(&handle, inode, 0, U32_MAX - 1);
	}
	if (!err)
		err = ext4_xattr_delete(&handle, inode, puts);
	if (!err)
		err = ext4_txn_extend(&handle, EXT4_CREDITS_DELETE);
	if (err) {
		/* What is left stays an orphan on disk, for e2fsck. */
		ext4_txn_end(&handle);
		return err;
	}
	ext4_orphan_remove(&handle, inode);
	inode->dtime_or_next = (u32)clock_realtime_coarse().sec;
	err = ext4_insist(ext4_txn_dirty_inode(&handle, inode));
	ext4_txn_flush_inode(&handle, inode); /* before the number gets a new owner */
	if (!err)
		err = ext4_inode_release(&handle, inode);
	ext4_txn_end(&handle);
	return err;
}

static void drop_memory(struct ext4_inode *inode)
{
	struct ext4_fs *fs = ext4_inode_fs(inode);
	struct ext4_handle handle;

	mutex_lock(&fs->orphan_lock);
	list_del(&inode->orphan_node);
	mutex_unlock(&fs->orphan_lock);
	if (!list_is_linked(&inode->dirty_node))
		return;
	ext4_txn_begin_forced(fs, &handle);
	ext4_txn_flush_inode(&handle, inode);
	ext4_txn_end(&handle);
}

void ext4_inode_evict(struct inode *vfs)
{
	struct ext4_inode *inode = ext4_inode(vfs);
	struct ext4_fs *fs = ext4_inode_fs(inode);

	pagecache_truncate(&vfs->mapping, 0);
	ext4_window_drop(inode);
	if (inode->loaded && !vfs->nlink) {
		struct ext4_xattr_puts puts;
		int err;

		err = ext4_insist(ext4_xattr_pin(inode, &puts));
		if (!err)
			err = delete_on_disk(inode, &puts);
		ext4_xattr_puts_run(&puts);

		if (err && err != -EROFS)
			log_err("%s: %s: inode %u could not be deleted: error %d", fs->type_name,
				vfs->super->id, ext4_ino(inode), -err);
	}
	drop_memory(inode);
	inode_clear(vfs);
}

/* ---- attributes ---- */

/* Of which types another's quota is to count the inode. */
static unsigned int owners_changed(const struct ext4_inode *inode, const struct attr *attr)
{
	unsigned int mask = 0;

	if ((attr->valid & ATTR_UID) && attr->uid != inode->vfs.uid)
		mask |= 1u << EXT4_QUOTA_USER;
	if ((attr->valid & ATTR_GID) && attr->gid != inode->vfs.gid)
		mask |= 1u << EXT4_QUOTA_GROUP;
	return mask;
}

int ext4_setattr(struct inode *vfs, const struct attr *attr)
{
	struct ext4_inode *inode = ext4_inode(vfs);
	struct ext4_fs *fs = ext4_inode_fs(inode);
	struct ext4_quota_pins pins;
	struct ext4_handle handle;
	int err;

	if (vfs->flags & INODE_IMMUTABLE) /* also by descriptors that were open before */
		return -EPERM;
	if (attr->valid & ATTR_SIZE) {
		if (ext4_is_encrypted(inode))
			return -ENOKEY;
		if (inode->flags & EXT4_VERITY_FL)
			return -EPERM;
	}
	/* The size that it has already takes away what was preallocated behind it. */
	if ((attr->valid & ATTR_SIZE) &&
	    (attr->size != vfs->size ||
	     vfs->blocks << SECTOR_SHIFT > round_up((u64)vfs->size, vfs->super->block_size))) {
		err = ext4_set_size(inode, (u64)attr->size);
		if (err)
			return err;
	}
	err = ext4_quota_pin(fs, owners_changed(inode, attr),
			     (const u32[EXT4_QUOTA_TYPES]){attr->uid, attr->gid}, &pins);
	if (err)
		return err;
	err = ext4_txn_begin(fs, 1, &handle);
	if (err)
		goto out;
	err = ext4_txn_dirty_inode(&handle, inode);
	if (!err)
		err = ext4_quota_transfer(&handle, inode, &pins);
	if (!err)
		inode_setattr_simple(vfs, attr);
	ext4_txn_end(&handle);
out:
	ext4_quota_unpin(fs, &pins);
	return err;
}
