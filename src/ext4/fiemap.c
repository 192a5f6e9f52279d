/* Where a file's data is: SEEK_DATA, SEEK_HOLE and FIEMAP. */
#include "ext4/ext4_int.h"
#include "lib/string.h"
#include "mm/usercopy.h"
#include "vfs/file.h"

#include <linux/fiemap.h>
#include <linux/fs.h>

/* ---- runs: the map with what is only in memory yet ---- */

struct run {
	u32 logical, length;
	u64 physical;
	bool hole, unwritten, promised;
};

/* What lies at `logical`, at most `max` blocks of it. */
static int run_find(struct ext4_inode *inode, u32 logical, u32 max, struct run *run)
{
	struct ext4_map map;
	u32 first, count;

	if (ext4_is_inline(inode)) {
		*run = (struct run){.logical = logical, .length = max};
		return 0;
	}
	int err = ext4_map_find(inode, logical, max, &map);

	if (err)
		return err;
	*run = (struct run){.logical = logical,
			    .length = map.length,
			    .physical = map.physical,
			    .hole = !map.physical,
			    .unwritten = map.unwritten};
	if (!run->hole || !ext4_page_find_dirty(&inode->vfs, logical, logical + run->length, true,
						&first, &count))
		return 0;
	if (first == logical) {
		run->hole = false;
		run->promised = true;
		run->length = count;
	} else {
		run->length = first - logical;
	}
	return 0;
}

/* ---- lseek ---- */

/* The first block at or behind `logical` that is data, or that is none; `end` if there is none. */
static int seek_block(struct ext4_inode *inode, u32 logical, u32 end, bool data, u32 *out)
{
	while (logical < end) {
		struct run run;
		u32 first, count;
		int err = run_find(inode, logical, end - logical, &run);

		if (err)
			return err;
		bool is_data = !run.hole;

		if (run.unwritten) { /* data is what was written and is on its way */
			is_data = ext4_page_find_dirty(&inode->vfs, logical, logical + run.length,
						       false, &first, &count);
			if (is_data && first == logical)
				run.length = count;
			else if (is_data)
				run.length = first - logical;
			is_data = is_data && first == logical;
		}
		if (is_data == data)
			break;
		logical += run.length;
		thread_yield_point();
	}
	*out = min(logical, end);
	return 0;
}

loff_t ext4_file_seek(struct file *file, loff_t offset, int whence)
{
	struct ext4_inode *inode = ext4_inode(file->inode);
	struct ext4_fs *fs = ext4_inode_fs(inode);
	u32 found;

	if (whence != SEEK_DATA && whence != SEEK_HOLE)
		return file_seek_generic(file, offset, whence);
	rwsem_read_lock(&file->inode->rwsem);
	loff_t size = inode_size(file->inode), result = -ENXIO;

	if (offset >= 0 && offset < size) {
		int err = seek_block(inode, (u32)((u64)offset >> fs->block_bits),
				     ext4_blocks_of(fs, (u64)size), whence == SEEK_DATA, &found);

		result = err;
		if (!err)
			result = min(max((loff_t)((u64)found << fs->block_bits), offset), size);
		if (whence == SEEK_DATA && result >= size)
			result = -ENXIO;
	}
	rwsem_read_unlock(&file->inode->rwsem);
	return result < 0 ? result : file_seek_to(file, result, result);
}

/* ---- FIEMAP ---- */

struct fiemap_walk {
	struct ext4_inode *inode;
	struct fiemap_extent __user *to;
	u32 room, count; /* room 0: only counts */
	bool have;
	struct fiemap_extent pending; /* the last one gets a flag, so each waits for the next */
};

/* 1: the reader's array is full. */
static int put_pending(struct fiemap_walk *walk, u32 flags)
{
	if (!walk->have)
		return 0;
	walk->have = false;
	walk->pending.fe_flags |= flags;
	if (walk->room) {
		if (walk->count == walk->room)
			return 1;
		if (copy_to_user(&walk->to[walk->count], &walk->pending, sizeof(walk->pending)))
			return -EFAULT;
	}
	walk->count++;
	return walk->room && walk->count == walk->room;
}

static int put_run(struct fiemap_walk *walk, const struct run *run)
{
	u32 bits = ext4_inode_fs(walk->inode)->block_bits, flags = 0;
	int err = put_pending(walk, 0);

	if (err)
		return err;
	if (run->promised)
		flags |= FIEMAP_EXTENT_DELALLOC | FIEMAP_EXTENT_UNKNOWN;
	if (run->unwritten)
		flags |= FIEMAP_EXTENT_UNWRITTEN;
	if (!ext4_uses_extents(walk->inode) && !run->promised)
		flags |= FIEMAP_EXTENT_MERGED;
	walk->pending = (struct fiemap_extent){
	    .fe_logical = (u64)run->logical << bits,
	    .fe_physical = run->promised ? 0 : run->physical << bits,
	    .fe_length = (u64)run->length << bits,
	    .fe_flags = flags,
	};
	walk->have = true;
	return 0;
}

static int walk_data(struct fiemap_walk *walk, u64 start, u64 length)
{
	struct ext4_fs *fs = ext4_inode_fs(walk->inode);
	u32 at = (u32)(start >> fs->block_bits);
	u32 end = (u32)min(((start + length - 1) >> fs->block_bits) + 1, (u64)U32_MAX - 1);
	int err = 0;

	while (at < end && !err) {
		struct run run;

		err = run_find(walk->inode, at, end - at, &run);
		if (!err && !run.hole)
			err = put_run(walk, &run);
		if (!err)
			at += run.length;
		thread_yield_point();
	}
	return err;
}

/* Contents in the inode: where they begin, although a part may lie in its attributes. */
static int walk_inline(struct fiemap_walk *walk, u64 start)
{
	struct ext4_inode *inode = walk->inode;
	u64 block, size = (u64)inode_size(&inode->vfs);
	u32 offset;

	if (start >= size)
		return 0;
	ext4_inode_locate(ext4_inode_fs(inode), ext4_ino(inode), &block, &offset);
	offset += offsetof(struct ext4_inode_raw, i_block);
	walk->pending = (struct fiemap_extent){
	    .fe_physical = (block << ext4_inode_fs(inode)->block_bits) + offset,
	    .fe_length = size,
	    .fe_flags = FIEMAP_EXTENT_DATA_INLINE | FIEMAP_EXTENT_NOT_ALIGNED,
	};
	walk->have = true;
	return 0;
}

/* The extended attributes: the block, or what lies in the inode. */
static int walk_xattr(struct fiemap_walk *walk)
{
	struct ext4_inode *inode = walk->inode;
	struct ext4_fs *fs = ext4_inode_fs(inode);
	u32 offset, used = EXT4_INODE_SIZE_OLD + inode->extra_isize;
	struct buffer *table;
	u64 block;

	if (inode->file_acl) {
		walk->pending = (struct fiemap_extent){
		    .fe_physical = inode->file_acl << fs->block_bits, .fe_length = fs->block_size};
		walk->have = true;
		return 0;
	}
	if (used + sizeof(struct le32) > fs->inode_size)
		return 0;
	int err = ext4_inode_table_read(fs, ext4_ino(inode), &table);

	if (err)
		return err;
	ext4_inode_locate(fs, ext4_ino(inode), &block, &offset);
	walk->have = le32_load((u8 *)table->data + offset + used) == EXT4_XATTR_MAGIC;
	buffer_put(table);
	walk->pending = (struct fiemap_extent){
	    .fe_physical = (block << fs->block_bits) + offset + used,
	    .fe_length = fs->inode_size - used,
	    .fe_flags = FIEMAP_EXTENT_DATA_INLINE | FIEMAP_EXTENT_NOT_ALIGNED,
	};
	return 0;
}

static int walk_all(struct fiemap_walk *walk, struct fiemap *head)
{
	struct inode *inode = &walk->inode->vfs;
	const u32 known = FIEMAP_FLAG_SYNC | FIEMAP_FLAG_XATTR | FIEMAP_FLAG_CACHE;
	u64 limit = (u64)inode->super->max_file_size;
	int err = 0;

	if (!head->fm_length)
		return -EINVAL;
	if (head->fm_start > limit)
		return -EFBIG;
	head->fm_length = min(head->fm_length, limit - head->fm_start);
	if (head->fm_flags & ~known) {
		head->fm_flags &= ~known;
		return -EBADR;
	}
	if ((head->fm_flags & FIEMAP_FLAG_SYNC) && inode->mapping.ops)
		err = pagecache_write_and_wait(&inode->mapping, 0, S64_MAX);
	if (err)
		return err;
	rwsem_read_lock(&inode->rwsem);
	if (head->fm_flags & FIEMAP_FLAG_XATTR)
		err = walk_xattr(walk);
	else if (ext4_is_inline(walk->inode))
		err = walk_inline(walk, head->fm_start);
	else if (head->fm_length)
		err = walk_data(walk, head->fm_start, head->fm_length);
	if (!err)
		err = put_pending(walk, FIEMAP_EXTENT_LAST);
	rwsem_read_unlock(&inode->rwsem);
	return err < 0 ? err : 0;
}

long ext4_ioctl_fiemap(struct file *file, void __user *arg)
{
	struct fiemap __user *user = arg;
	struct fiemap_walk walk = {.inode = ext4_inode(file->inode)};
	struct fiemap head;

	if (copy_from_user(&head, user, sizeof(head)))
		return -EFAULT;
	if (head.fm_extent_count > U32_MAX / sizeof(struct fiemap_extent))
		return -EINVAL;
	walk.to = (void __user *)(user + 1);
	walk.room = head.fm_extent_count;
	int err = walk_all(&walk, &head);

	head.fm_mapped_extents = walk.count;
	if (copy_to_user(user, &head, sizeof(head)))
		return -EFAULT;
	return err;
}
