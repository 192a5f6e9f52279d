/*
 * Allocation of inodes.
 *
 * Directories are spread: one below the root goes to the emptiest group around, deeper ones stay
 * near their parents as long as their groups have room, so that trees stay together and different
 * trees do not crowd. Files go to their directory's group, or to the next with room.
 *
 * In a group's table, inodes behind the first itable_unused ones were never used, and may hold
 * garbage when mke2fs was lazy: blocks that are used for the first time are zeroed instead of read.
 */
#include "ext4/ext4_int.h"
#include "lib/bitmap.h"
#include "lib/hash.h"
#include "lib/string.h"
#include "vfs/cred.h"

/* ---- which group ---- */

static u32 group_wrap(const struct ext4_fs *fs, u32 start, u32 i)
{
	return (u32)(((u64)start + i) % fs->group_count);
}

static bool group_usable(const struct ext4_group *group)
{
	return group->free_inodes && !group->inode_bad;
}

/* The group with the fewest directories among those better than average. */
static bool find_emptiest(struct ext4_fs *fs, u32 start, u32 *out)
{
	u32 average_inodes = (u32)(max(atomic_load(&fs->free_inodes), 0) / fs->group_count);
	u32 average_blocks = (u32)(max(atomic_load(&fs->free_clusters), 0) / fs->group_count);
	u32 best_dirs = U32_MAX;

	for (u32 i = 0; i < fs->group_count; i++) {
		u32 number = group_wrap(fs, start, i);
		struct ext4_group *group = ext4_group(fs, number);

		if (!group_usable(group) || group->free_inodes < average_inodes ||
		    group->free_clusters < average_blocks || group->used_dirs >= best_dirs)
			continue;
		best_dirs = group->used_dirs;
		*out = number;
		if (!best_dirs)
			break;
	}
	return best_dirs != U32_MAX;
}

static bool find_for_dir(struct ext4_fs *fs, struct ext4_inode *parent, u32 *out)
{
	u32 average_inodes = (u32)(max(atomic_load(&fs->free_inodes), 0) / fs->group_count);
	u32 average_blocks = (u32)(max(atomic_load(&fs->free_clusters), 0) / fs->group_count);
	u32 max_dirs = (u32)(atomic_load(&fs->dirs) / fs->group_count) + fs->inodes_per_group / 16;

	if (ext4_ino(parent) == EXT4_INO_ROOT || (parent->flags & EXT4_TOPDIR_FL)) {
		u32 start = (u32)(hash_u64(fs->generation_next) % fs->group_count);

		if (find_emptiest(fs, start, out))
			return true;
	}
	for (u32 i = 0; i < fs->group_count; i++) {
		u32 number = group_wrap(fs, parent->group, i);
		struct ext4_group *group = ext4_group(fs, number);

		if (group_usable(group) && group->used_dirs < max_dirs &&
		    group->free_inodes >= average_inodes / 2 &&
		    group->free_clusters >= average_blocks / 2) {
			*out = number;
			return true;
		}
	}
	for (u32 i = 0; i < fs->group_count; i++) {
		*out = group_wrap(fs, parent->group, i);
		if (group_usable(ext4_group(fs, *out)))
			return true;
	}
	return false;
}

static bool find_for_file(struct ext4_fs *fs, struct ext4_inode *parent, u32 *out)
{
	for (u32 pass = 0; pass < 2; pass++) {
		for (u32 i = 0; i < fs->group_count; i++) {
			u32 number = group_wrap(fs, parent->group, i);
			struct ext4_group *group = ext4_group(fs, number);

			if (group_usable(group) && (pass || group->free_clusters)) {
				*out = number;
				return true;
			}
		}
	}
	return false;
}

/* ---- which inode ---- */

/* Zeroes blocks of the table that come into use with index; group->lock held. */
static int open_table(struct ext4_handle *handle, struct ext4_group *group, u32 index)
{
	struct ext4_fs *fs = handle->fs;
	u32 used = fs->inodes_per_group - group->itable_unused;
	u32 first = DIV_ROUND_UP(used, fs->inodes_per_block);

	for (u32 at = first; at <= index / fs->inodes_per_block; at++) {
		struct buffer *table;
		int err = ext4_txn_create(handle, group->inode_table + at, &table);

		if (err)
			return err;
		ext4_txn_dirty(handle, table, EXT4_CSUM_NONE, NULL);
		buffer_put(table);
	}
	return 0;
}

static int take_inode(struct ext4_handle *handle, struct ext4_group *group, struct buffer *bitmap,
		      u32 index, bool directory)
{
	struct ext4_fs *fs = handle->fs;
	int err = ext4_txn_access(handle, bitmap);

	if (!err)
		err = ext4_txn_access_group(handle, group);
	if (!err && fs->has_group_csum && index >= fs->inodes_per_group - group->itable_unused)
		err = open_table(handle, group, index);
	if (err)
		return err;
	bitmap_set(bitmap->data, index);
	group->flags &= ~EXT4_BG_INODE_UNINIT;
	group->inode_checked = true;
	group->free_inodes--;
	group->inode_hint = index + 1;
	if (directory)
		group->used_dirs++;
	if (fs->has_group_csum)
		group->itable_unused = min(group->itable_unused, fs->inodes_per_group - index - 1);
	ext4_txn_dirty_bitmap(handle, bitmap, EXT4_CSUM_INODE_BITMAP, group->number);
	ext4_txn_dirty_group(handle, group);
	atomic_fetch_sub(&fs->free_inodes, 1);
	if (directory)
		atomic_fetch_add(&fs->dirs, 1);
	return 0;
}

static int alloc_number(struct ext4_handle *handle, struct ext4_group *group, bool directory,
			u32 *ino)
{
	struct ext4_fs *fs = handle->fs;
	struct buffer *bitmap;
	u64 before = (u64)group->number * fs->inodes_per_group;
	u32 lowest = before < fs->first_ino - 1 ? (u32)(fs->first_ino - 1 - before) : 0;
	int err;

	mutex_lock(&group->lock);
	err = ext4_inode_bitmap_read(fs, group, &bitmap);
	if (err)
		goto out_unlock;
	u32 from = max(group->inode_hint, lowest);
	u32 index = (u32)bitmap_find_zero(bitmap->data, fs->inodes_per_group,
					  min(from, fs->inodes_per_group));

	if (index >= fs->inodes_per_group)
		index = (u32)bitmap_find_zero(bitmap->data, fs->inodes_per_group, lowest);
	if (index >= fs->inodes_per_group) {
		err = -ENOSPC; /* only reserved ones are free, or another was faster */
		goto out;
	}
	err = take_inode(handle, group, bitmap, index, directory);
	*ino = group->number * fs->inodes_per_group + index + 1;
out:
	buffer_put(bitmap);
out_unlock:
	mutex_unlock(&group->lock);
	return err;
}

static int alloc_anywhere(struct ext4_handle *handle, struct ext4_inode *parent, bool directory,
			  u32 *ino)
{
	struct ext4_fs *fs = handle->fs;
	u32 first;

	if (atomic_load(&fs->free_inodes) <= 0)
		return -ENOSPC;
	if (!(directory ? find_for_dir(fs, parent, &first) : find_for_file(fs, parent, &first)))
		return -ENOSPC;
	for (u32 i = 0; i < fs->group_count; i++) {
		struct ext4_group *group = ext4_group(fs, group_wrap(fs, first, i));

		if (!group_usable(group))
			continue;
		int err = alloc_number(handle, group, directory, ino);
		if (err != -ENOSPC && err != -EUCLEAN)
			return err;
	}
	return -ENOSPC;
}

static int give_back(struct ext4_handle *handle, u32 ino, bool directory)
{
	struct ext4_fs *fs = handle->fs;
	struct ext4_group *group = ext4_group(fs, (ino - 1) / fs->inodes_per_group);
	u32 index = (ino - 1) % fs->inodes_per_group;
	struct buffer *bitmap;
	int err;

	mutex_lock(&group->lock);
	err = ext4_insist(ext4_inode_bitmap_read(fs, group, &bitmap));
	if (err)
		goto out_unlock;
	if (!bitmap_test(bitmap->data, index)) {
		err = ext4_error(fs, ino, group->inode_bitmap, "freeing an inode that is free");
		group->inode_bad = true;
		goto out;
	}
	err = ext4_insist(ext4_txn_access(handle, bitmap));
	if (!err)
		err = ext4_insist(ext4_txn_access_group(handle, group));
	if (err)
		goto out;
	bitmap_clear(bitmap->data, index);
	group->free_inodes++;
	group->inode_hint = min(group->inode_hint, index);
	if (directory && group->used_dirs)
		group->used_dirs--;
	ext4_txn_dirty_bitmap(handle, bitmap, EXT4_CSUM_INODE_BITMAP, group->number);
	ext4_txn_dirty_group(handle, group);
	atomic_fetch_add(&fs->free_inodes, 1);
	if (directory)
		atomic_fetch_sub(&fs->dirs, 1);
out:
	buffer_put(bitmap);
out_unlock:
	mutex_unlock(&group->lock);
	return err;
}

int ext4_inode_release(struct ext4_handle *handle, struct ext4_inode *inode)
{
	int err = give_back(handle, ext4_ino(inode), S_ISDIR(inode->vfs.mode));

	if (!err)
		ext4_quota_add(inode, 0, -1);
	return err;
}

/* ---- a new inode ---- */

static u32 inherited_flags(const struct ext4_inode *dir, u32 mode)
{
	u32 keep = EXT4_SECRM_FL | EXT4_UNRM_FL | EXT4_COMPR_FL | EXT4_SYNC_FL | EXT4_NODUMP_FL |
		   EXT4_NOATIME_FL | EXT4_JOURNAL_DATA_FL | EXT4_NOTAIL_FL | EXT4_DIRSYNC_FL |
		   EXT4_PROJINHERIT_FL;

	if (S_ISREG(mode))
		keep &= ~(EXT4_DIRSYNC_FL | EXT4_PROJINHERIT_FL);
	else if (!S_ISDIR(mode))
		keep &= EXT4_NODUMP_FL | EXT4_NOATIME_FL;
	return dir->flags & keep;
}

void ext4_inode_owners(const struct inode *dir, u32 *uid, u32 *gid, u32 *project)
{
	const struct ext4_inode *parent = ext4_inode(dir);
	const struct cred *cred = current_cred();
	bool inherits = (dir->mode & S_ISGID) ||
			(ext4_inode_fs(parent)->options.flags & EXT4_OPT_GRPID);

	*uid = cred->fsuid;
	*gid = inherits ? dir->gid : cred->fsgid;
	*project = parent->flags & EXT4_PROJINHERIT_FL ? parent->project : 0;
}

static void fill_new(struct ext4_fs *fs, struct ext4_inode *inode, struct inode *dir, u32 mode,
		     u32 flags, u32 ino)
{
	inode_init_owner(&inode->vfs, dir, mode);
	ext4_inode_owners(dir, &inode->vfs.uid, &inode->vfs.gid, &inode->project);
	if (fs->inode_size > EXT4_INODE_SIZE_OLD)
		inode->vfs.btime = inode->vfs.mtime;
	inode->vfs.nlink = 1;
	inode->group = (ino - 1) / fs->inodes_per_group;
	inode->vfs.generation = (u32)hash_u64(atomic_add_fetch(&fs->generation_next, 1));
	inode->csum_seed = ext4_csum_inode_seed(fs, ino, inode->vfs.generation);
	inode->flags = inherited_flags(ext4_inode(dir), mode) | flags;
	inode->extra_isize = fs->want_extra_isize;
	if ((fs->incompat & EXT4_INCOMPAT_EXTENTS) &&
	    (S_ISREG(mode) || S_ISDIR(mode) || S_ISLNK(mode)))
		ext4_extent_init_root(inode);
	inode->may_inline = S_ISREG(mode) && ext4_inline_limit(inode);
	ext4_inode_set_vfs_flags(inode);
	inode->vfs.flags |= INODE_NO_CAPABILITY;
	inode->loaded = true;
}

/* The table's copy may hold remains of a deleted inode's fields that we don't keep in memory. */
static int clear_raw(struct ext4_handle *handle, u32 ino)
{
	struct buffer *table;
	u64 block;
	u32 offset;
	int err = ext4_inode_table_read(handle->fs, ino, &table);

	if (err)
		return err;
	err = ext4_txn_access(handle, table);
	if (!err) {
		ext4_inode_locate(handle->fs, ino, &block, &offset);
		memset((u8 *)table->data + offset, 0, handle->fs->inode_size);
		ext4_txn_dirty(handle, table, EXT4_CSUM_NONE, NULL);
	}
	buffer_put(table);
	return err;
}

int ext4_inode_is_used(struct ext4_fs *fs, u32 ino, bool *used)
{
	struct ext4_group *group = ext4_group(fs, (ino - 1) / fs->inodes_per_group);
	struct buffer *bitmap;

	mutex_lock(&group->lock);
	int err = ext4_inode_bitmap_read(fs, group, &bitmap);

	if (!err) {
		*used = bitmap_test(bitmap->data, (ino - 1) % fs->inodes_per_group);
		buffer_put(bitmap);
	}
	mutex_unlock(&group->lock);
	return err;
}

int ext4_inode_claim(struct ext4_handle *handle, u32 ino, bool directory)
{
	struct ext4_fs *fs = handle->fs;
	struct ext4_group *group = ext4_group(fs, (ino - 1) / fs->inodes_per_group);
	struct buffer *bitmap;

	mutex_lock(&group->lock);
	int err = ext4_inode_bitmap_read(fs, group, &bitmap);

	if (!err) {
		err =
		    take_inode(handle, group, bitmap, (ino - 1) % fs->inodes_per_group, directory);
		buffer_put(bitmap);
	}
	mutex_unlock(&group->lock);
	return err ? err : clear_raw(handle, ino);
}

int ext4_inode_create(struct ext4_handle *handle, struct inode *dir, u32 mode, u32 flags,
		      struct ext4_inode **out)
{
	struct ext4_fs *fs = handle->fs;
	struct inode *inode;
	u32 ino = 0;
	int err;

	*out = NULL;
	if (!dir->nlink)
		return -ENOENT;
	err = inode_new(dir->super, &inode);
	if (err)
		return err;
	err = alloc_anywhere(handle, ext4_inode(dir), S_ISDIR(mode), &ino);
	if (err)
		goto fail;
	err = clear_raw(handle, ino);
	if (err)
		goto fail_number;
	err = inode_hash(inode, ino);
	if (err) {
		if (err == -EEXIST) /* in use, whatever the bitmap said: so it stays marked */
			err = ext4_error(fs, ino, 0, "the inode's bitmap shows it as free");
		goto fail;
	}
	fill_new(fs, ext4_inode(inode), dir, mode, flags, ino);
	err = ext4_inode_set_ops(ext4_inode(inode));
	if (!err)
		err = ext4_quota_charge_new(ext4_inode(inode));
	if (!err) {
		err = ext4_txn_dirty_inode(handle, ext4_inode(inode));
		if (err)
			ext4_quota_add(ext4_inode(inode), 0, -1);
	}
	if (err) {
		ext4_inode(inode)->loaded = false;
		goto fail_number;
	}
	*out = ext4_inode(inode);
	return 0;

fail_number:
	if (give_back(handle, ino, S_ISDIR(mode)))
		ext4_error(fs, ino, 0, "an unused inode stays marked in its bitmap");
fail:
	inode_fail_new(inode); /* evicts without the file system: not loaded */
	return err;
}
