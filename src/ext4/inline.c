/*
 * Contents inside an inode (inline_data).
 *
 * The first 60 bytes lie where the map would be, the rest is the value of the attribute
 * "system.data" in the inode's body; so all fits into the file's first block. A file may be larger
 * than what it has there: the rest is a hole. Files are read and written where they are
 * (inline_file.c); before they become too large, and for whatever needs a map, the contents are
 * moved to a block (ext4_inline_convert), and the inode is like any other from then on. Directories
 * are changed where they are, too (inline_dir.c), but not renamed.
 *
 * A directory's contents are the number of its parent and two runs of entries, one in each place,
 * without "." and "..". For readers they are laid out as the block that conversion would make, with
 * the same offsets, so that listing goes on correctly after it.
 *
 * EXT4_INLINE_DATA_FL changes under xattr_lock and map_lock. Once ext4_inline_convert() has been
 * called for an inode, it is clear and stays so.
 */
#include "ext4/inline_int.h"
#include "lib/string.h"
#include "mm/kmalloc.h"

#define PARENT_BYTES 4u
#define DOTS_BYTES   24u /* "." and ".." in a block */

const struct ext4_xattr_key ext4_inline_key = {
    .index = EXT4_XATTR_INDEX_SYSTEM, .length = 4, .name = "data"};

static int damaged(struct ext4_inode *inode, const char *what)
{
	return ext4_error(ext4_inode_fs(inode), ext4_ino(inode), 0, "contents in the inode: %s",
			  what);
}

int ext4_inline_read_all(struct ext4_inode *inode, u8 *buf, u32 *length)
{
	const struct ext4_fs *fs = ext4_inode_fs(inode);

	memcpy(buf, inode->block_bytes, EXT4_INLINE_MAP);
	ssize_t n = ext4_xattr_get_locked(inode, &ext4_inline_key, buf + EXT4_INLINE_MAP,
					  fs->block_size - EXT4_INLINE_MAP);

	if (n == -ENODATA || n == -ERANGE)
		return damaged(inode, "there is no second part, or it is too large");
	if (n < 0)
		return (int)n;
	*length = EXT4_INLINE_MAP + (u32)n;
	if ((u64)inode->vfs.size > *length && !S_ISREG(inode->vfs.mode))
		return damaged(inode, "the file is larger");
	return 0;
}

int ext4_inline_read(struct ext4_inode *inode, u8 *buf)
{
	u32 length;
	int err = -ENODATA;

	memset(buf, 0, ext4_inode_fs(inode)->block_size);
	rwsem_read_lock(&inode->xattr_lock);
	if (ext4_is_inline(inode))
		err = ext4_inline_read_all(inode, buf, &length);
	rwsem_read_unlock(&inode->xattr_lock);
	return err;
}

/* ---- directories ---- */

static void put_dot(const struct ext4_fs *fs, u8 *at, u32 ino, u32 dots)
{
	struct ext4_dirent *entry = (void *)at;

	entry->inode = le32_make(ino);
	entry->rec_len = le16_make(DOTS_BYTES / 2);
	entry->name_len = (u8)dots;
	entry->file_type = ext4_file_type(fs, S_IFDIR);
	memset(entry->name, '.', dots);
}

/* Checks a run of entries that ends exactly at `end`; *last becomes the offset of its last one. */
static bool run_valid(const struct ext4_fs *fs, const u8 *block, u32 at, u32 end, u32 *last)
{
	while (at < end) {
		if (!ext4_dirent_valid(fs, block, at, end))
			return false;
		*last = at;
		at += ext4_rec_len((const void *)(block + at));
	}
	return true;
}

/* From contents to a block of a directory; to is zeroed. */
static int make_block(struct ext4_inode *dir, const u8 *from, u32 length, u8 *to)
{
	const struct ext4_fs *fs = ext4_inode_fs(dir);
	u32 space = ext4_dir_space(fs), last = DOTS_BYTES;
	u32 middle = DOTS_BYTES + EXT4_INLINE_MAP - PARENT_BYTES,
	    end = DOTS_BYTES + length - PARENT_BYTES;
	u32 parent = le32_load(from);

	if (end > space || parent < EXT4_INO_ROOT || parent > fs->inodes_count)
		return damaged(dir, "the directory's parent or size is wrong");
	ext4_dir_block_init(fs, to);
	put_dot(fs, to, ext4_ino(dir), 1);
	put_dot(fs, to + DOTS_BYTES / 2, parent, 2);
	memcpy(to + DOTS_BYTES, from + PARENT_BYTES, length - PARENT_BYTES);
	if (!run_valid(fs, to, DOTS_BYTES, middle, &last) || !run_valid(fs, to, middle, end, &last))
		return damaged(dir, "a directory entry is wrong");
	struct ext4_dirent *entry = (void *)(to + last);

	entry->rec_len = le16_make((u16)(space - last));
	return 0;
}

int ext4_inline_dir_block(struct ext4_inode *dir, struct buffer *out)
{
	const struct ext4_fs *fs = ext4_inode_fs(dir);
	u32 length = 0;
	int err = -ENODATA;
	u8 *from = kmalloc(2 * fs->block_size, MM_NOFS | MM_ZERO);

	if (!from)
		return -ENOMEM;
	rwsem_read_lock(&dir->xattr_lock);
	if (ext4_is_inline(dir))
		err = ext4_inline_read_all(dir, from + fs->block_size, &length);
	rwsem_read_unlock(&dir->xattr_lock);
	if (!err)
		err = make_block(dir, from + fs->block_size, length, from);
	if (err)
		kfree(from);
	else
		*out = (struct buffer){.data = from, .size = fs->block_size};
	return err;
}

/* ---- to a block ---- */

/* A file's block is written at once, so that it is on disk before the transaction that maps it. */
static int write_file_block(struct ext4_handle *handle, struct ext4_inode *inode, const void *data,
			    unsigned int how)
{
	struct ext4_fs *fs = handle->fs;
	struct ext4_map_request request = {
	    .length = 1, .alloc_flags = how & EXT4_INLINE_PROMISED ? EXT4_ALLOC_RESERVED : 0};
	struct ext4_map map;
	struct buffer *buffer;
	int err = ext4_map_create(handle, inode, &request, &map);

	if (err)
		return err;
	err = buffer_get(fs->bdev, map.physical, &buffer);
	if (!err) {
		buffer_lock(buffer);
		memcpy(buffer->data, data, fs->block_size);
		buffer_flag_set(buffer, BUFFER_VALID);
		buffer_unlock(buffer);
		buffer_mark_dirty(buffer);
		err = buffer_write(buffer, 0);
		buffer_put(buffer);
		buffer_forget(fs->bdev, map.physical, 1);
	}
	return err;
}

static int write_dir_block(struct ext4_handle *handle, struct ext4_inode *dir, const void *data)
{
	struct buffer *buffer;
	int err = ext4_file_block_create(handle, dir, 0, &buffer);

	if (err)
		return err;
	memcpy(buffer->data, data, handle->fs->block_size);
	ext4_buffer_set_checked(buffer, EXT4_CHECKED_DIR);
	ext4_txn_dirty(handle, buffer, EXT4_CSUM_DIR, dir);
	buffer_put(buffer);
	return 0;
}

void ext4_inline_switch_map(struct ext4_inode *inode, const void *contents)
{
	rwsem_write_lock(&inode->map_lock);
	inode->flags &= ~(EXT4_INLINE_DATA_FL | EXT4_EXTENTS_FL);
	if (contents) {
		inode->flags |= EXT4_INLINE_DATA_FL;
		memcpy(inode->block_bytes, contents, EXT4_INLINE_MAP);
	} else {
		memset(inode->block_bytes, 0, EXT4_INLINE_MAP);
		if (ext4_inode_fs(inode)->incompat & EXT4_INCOMPAT_EXTENTS)
			ext4_extent_init_root(inode);
	}
	ext4_map_cache_clear(inode);
	rwsem_write_unlock(&inode->map_lock);
}

/* xattr_lock is held. data: two blocks, zeroed, the contents in the second. */
static int convert(struct ext4_handle *handle, struct ext4_inode *inode, u8 *data, unsigned int how)
{
	struct ext4_fs *fs = handle->fs;
	u8 *contents = data + fs->block_size;
	bool dir = S_ISDIR(inode->vfs.mode),
	     used = dir || (inode->disk_size && !(how & EXT4_INLINE_DISCARD));
	u32 length;
	int err = ext4_inline_read_all(inode, contents, &length);

	if (!err && dir)
		err = make_block(inode, contents, length, data);
	if (!err)
		err = ext4_txn_dirty_inode(handle, inode);
	if (err)
		return err;
	if (!dir && inode->disk_size < fs->block_size) /* behind the end, a block is zeroes */
		memset(contents + inode->disk_size, 0, fs->block_size - (u32)inode->disk_size);
	u8 *saved = dir ? contents : data;

	memcpy(saved, inode->block_bytes, EXT4_INLINE_MAP);
	ext4_inline_switch_map(inode, NULL);
	if (used)
		err = dir ? write_dir_block(handle, inode, data)
			  : write_file_block(handle, inode, contents, how);
	if (!err)
		err = ext4_insist(
		    ext4_xattr_set_locked(handle, inode, &ext4_inline_key, NULL, 0, 0, NULL));
	if (err) {
		int undo = used ? ext4_map_remove(handle, inode, 0, 0) : 0;

		if (undo)
			ext4_error(fs, ext4_ino(inode), 0, "a block is lost: error %d", undo);
		ext4_inline_switch_map(inode, saved);
		return err;
	}
	if (dir) {
		inode_size_set(&inode->vfs, fs->block_size);
		inode->disk_size = fs->block_size;
	}
	return 0;
}

/* Whether there is nothing to convert; from now on there will not be. */
static bool forbid_inline(struct ext4_inode *inode)
{
	if (likely(!ext4_is_inline(inode) && !READ_ONCE(inode->may_inline)))
		return true;
	rwsem_write_lock(&inode->xattr_lock);
	bool has_map = !ext4_is_inline(inode);

	if (has_map)
		inode->may_inline = false;
	rwsem_write_unlock(&inode->xattr_lock);
	return has_map;
}

int ext4_inline_convert(struct ext4_inode *inode, unsigned int how)
{
	struct ext4_fs *fs = ext4_inode_fs(inode);
	struct ext4_handle handle;
	u8 *data;
	int err;

	if (forbid_inline(inode))
		return 0;
	data = kmalloc(2 * fs->block_size, MM_NOFS | MM_ZERO);
	if (!data)
		return -ENOMEM;
	/* The map's credits, whatever kind it will have. */
	err =
	    ext4_txn_begin(fs, 2 * ext4_map_credits(inode) + ext4_xattr_credits(inode, 0), &handle);
	if (!err) {
		rwsem_write_lock(&inode->xattr_lock);
		if (ext4_is_inline(inode))
			err = convert(&handle, inode, data, how);
		if (!err)
			inode->may_inline = false;
		rwsem_write_unlock(&inode->xattr_lock);
		ext4_txn_end(&handle);
	}
	kfree(data);
	return err;
}
