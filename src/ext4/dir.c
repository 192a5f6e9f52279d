/*
 * Directories: their blocks, and what is common to linear and indexed ones.
 *
 * A block is checked completely when it comes from the disk: its chain of entries must end exactly
 * at the block's end, or at the tail with the checksum. Who walks it later checks each entry again.
 * The blocks of an index look like blocks with one empty entry, so what goes through all blocks
 * need not know of them. Listing goes by hashes where it can (htree_list.c), else by blocks.
 */
#include "ext4/htree_int.h"
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "vfs/file.h"

u32 ext4_dir_space(const struct ext4_fs *fs)
{
	return fs->block_size - (fs->metadata_csum ? (u32)sizeof(struct ext4_dirent_tail) : 0);
}

u32 ext4_dir_blocks(const struct ext4_inode *dir)
{
	return ext4_blocks_of(ext4_inode_fs(dir), (u64)dir->vfs.size);
}

int ext4_dirent_damaged(struct ext4_inode *dir, u64 block, u32 offset)
{
	return ext4_error(ext4_inode_fs(dir), ext4_ino(dir), block,
			  "directory entry at offset %u is damaged", offset);
}

/*
 * Blocks of the index: block 0, and those that one empty entry covers. Without checksums, an empty
 * leaf looks just like that and is taken as one; who comes by the index asks for a node
 * (ext4_dir_node_read).
 */
static bool is_index_block(const struct ext4_inode *dir, u32 logical, const void *data)
{
	const struct ext4_fs *fs = ext4_inode_fs(dir);
	const struct ext4_dirent *first = data;

	if (!(dir->flags & EXT4_INDEX_FL))
		return false;
	return logical == 0 || (fs->metadata_csum && !le32_get(first->inode) &&
				ext4_rec_len(first) == fs->block_size);
}

u32 ext4_dir_block_end(const struct ext4_inode *dir, u32 logical, const void *data)
{
	const struct ext4_fs *fs = ext4_inode_fs(dir);

	return is_index_block(dir, logical, data) ? fs->block_size : ext4_dir_space(fs);
}

static const char *check_leaf(struct ext4_inode *dir, const void *data)
{
	const struct ext4_fs *fs = ext4_inode_fs(dir);
	u32 space = ext4_dir_space(fs), at = 0;

	while (at < space) {
		if (!ext4_dirent_valid(fs, data, at, space))
			return "an entry is damaged";
		at += ext4_rec_len((const void *)((const u8 *)data + at));
	}
	if (!fs->metadata_csum)
		return NULL;
	const struct ext4_dirent_tail *tail = (const void *)((const u8 *)data + space);

	if (le32_get(tail->det_reserved_zero1) || le16_get(tail->det_rec_len) != sizeof(*tail) ||
	    tail->det_reserved_ft != EXT4_FT_TAIL)
		return "there is no checksum";
	if (le32_get(tail->det_checksum) != ext4_csum_dir_block(fs, dir->csum_seed, data))
		return "checksum is wrong";
	return NULL;
}

static const char *check_index(struct ext4_inode *dir, u32 logical, const void *data)
{
	const struct ext4_fs *fs = ext4_inode_fs(dir);
	u32 offset;

	if (!ext4_dx_block_layout(fs, data, &offset) ||
	    (logical == 0) != (offset != EXT4_DX_NODE_OFFSET))
		return "index block is damaged";
	const struct ext4_dx_countlimit *cl = (const void *)((const u8 *)data + offset);
	u32 limit = le16_get(cl->limit), count = le16_get(cl->count);
	u32 room =
	    fs->block_size - offset - (fs->metadata_csum ? (u32)sizeof(struct ext4_dx_tail) : 0);

	if (limit != room / sizeof(struct ext4_dx_entry) || !count || count > limit)
		return "counts of an index block are wrong";
	if (logical == 0 && (!ext4_dirent_valid(fs, data, 0, fs->block_size) ||
			     !ext4_dirent_valid(fs, data, 12, fs->block_size)))
		return "an entry is damaged";
	if (!fs->metadata_csum)
		return NULL;
	const struct ext4_dx_tail *tail =
	    (const void *)((const u8 *)data + offset + limit * sizeof(struct ext4_dx_entry));

	if (le32_get(tail->dt_checksum) != ext4_csum_dx_block(fs, dir->csum_seed, data, offset))
		return "checksum of an index block is wrong";
	return NULL;
}

static int read_checked(struct ext4_inode *dir, u32 logical, bool node, struct buffer **out)
{
	struct ext4_fs *fs = ext4_inode_fs(dir);
	int err = ext4_file_block_read(dir, logical, out);

	if (err)
		return err;
	if (!*out)
		return ext4_error(fs, ext4_ino(dir), 0, "directory has a hole at block %u",
				  logical);
	bool index = node || is_index_block(dir, logical, (*out)->data);
	enum ext4_buffer_check kind = index ? EXT4_CHECKED_DX : EXT4_CHECKED_DIR;

	if (ext4_buffer_checked(*out, kind))
		return 0;
	const char *what =
	    index ? check_index(dir, logical, (*out)->data) : check_leaf(dir, (*out)->data);

	if (!what) {
		ext4_buffer_set_checked(*out, kind);
		return 0;
	}
	u64 block = (*out)->block;

	buffer_put(*out);
	*out = NULL;
	return ext4_error(fs, ext4_ino(dir), block, "directory block %u: %s", logical, what);
}

int ext4_dir_block_read(struct ext4_inode *dir, u32 logical, struct buffer **out)
{
	return read_checked(dir, logical, false, out);
}

int ext4_dir_node_read(struct ext4_inode *dir, u32 logical, struct buffer **out)
{
	return read_checked(dir, logical, true, out);
}

void ext4_dir_slot_put(struct ext4_dir_slot *slot)
{
	buffer_put(slot->buffer);
	slot->buffer = NULL;
}

u8 ext4_file_type(const struct ext4_fs *fs, u32 mode)
{
	static const u8 types[16] = {
	    [S_IFREG >> 12] = EXT4_FT_REG_FILE, [S_IFDIR >> 12] = EXT4_FT_DIR,
	    [S_IFCHR >> 12] = EXT4_FT_CHRDEV,   [S_IFBLK >> 12] = EXT4_FT_BLKDEV,
	    [S_IFIFO >> 12] = EXT4_FT_FIFO,     [S_IFSOCK >> 12] = EXT4_FT_SOCK,
	    [S_IFLNK >> 12] = EXT4_FT_SYMLINK};

	return (fs->incompat & EXT4_INCOMPAT_FILETYPE) ? types[(mode >> 12) & 15] : 0;
}

void ext4_dir_block_init(const struct ext4_fs *fs, void *block)
{
	struct ext4_dirent *entry = block;
	u32 space = ext4_dir_space(fs);

	memset(block, 0, fs->block_size);
	entry->rec_len = le16_make((u16)space);
	if (fs->metadata_csum) {
		struct ext4_dirent_tail *tail = (void *)((u8 *)block + space);

		tail->det_rec_len = le16_make(sizeof(*tail));
		tail->det_reserved_ft = EXT4_FT_TAIL;
	}
}

int ext4_dir_append(struct ext4_handle *handle, struct ext4_inode *dir, u32 *logical,
		    struct buffer **out)
{
	struct ext4_fs *fs = handle->fs;
	u64 size = (u64)dir->vfs.size + fs->block_size;

	*logical = ext4_dir_blocks(dir);
	if (size > U32_MAX && !(fs->incompat & EXT4_INCOMPAT_LARGEDIR))
		return -ENOSPC;
	if (fs->options.max_dir_kib && size >> 10 > fs->options.max_dir_kib && dir->vfs.size)
		return -ENOSPC;
	int err = ext4_txn_dirty_inode(handle, dir);
	if (!err)
		err = ext4_file_block_create(handle, dir, *logical, out);
	if (err)
		return err;
	ext4_dir_block_init(fs, (*out)->data);
	ext4_buffer_set_checked(*out, EXT4_CHECKED_DIR);
	ext4_txn_dirty(handle, *out, EXT4_CSUM_DIR, dir);
	inode_size_set(&dir->vfs, (loff_t)size);
	dir->disk_size = size;
	return 0;
}

u32 ext4_dir_insert_credits(const struct ext4_inode *dir)
{
	/* A leaf that splits twice and each level of the index that splits or is added: the blocks
	 * that were there, and those that are new. */
	u32 levels = (ext4_inode_fs(dir)->incompat & EXT4_INCOMPAT_LARGEDIR) ? 3 : 2;

	return 1 + levels + ext4_map_append_credits(dir, levels + 2);
}

/* ---- listing ---- */

unsigned int ext4_dirent_type(const struct ext4_fs *fs, const struct ext4_dirent *entry)
{
	/* DT_* of dirent.h are S_IF* >> 12 */
	static const u8 types[] = {
	    [EXT4_FT_REG_FILE] = S_IFREG >> 12, [EXT4_FT_DIR] = S_IFDIR >> 12,
	    [EXT4_FT_CHRDEV] = S_IFCHR >> 12,   [EXT4_FT_BLKDEV] = S_IFBLK >> 12,
	    [EXT4_FT_FIFO] = S_IFIFO >> 12,     [EXT4_FT_SOCK] = S_IFSOCK >> 12,
	    [EXT4_FT_SYMLINK] = S_IFLNK >> 12};

	if (!(fs->incompat & EXT4_INCOMPAT_FILETYPE) || entry->file_type >= ARRAY_SIZE(types))
		return 0;
	return types[entry->file_type];
}

/* Lists one block from byte `from` of it on. *full: the reader has no more room. */
static int list_block(struct ext4_inode *dir, const struct buffer *buffer, u32 logical, u32 from,
		      struct dir_context *ctx, bool *full)
{
	const struct ext4_fs *fs = ext4_inode_fs(dir);
	u32 end = ext4_dir_block_end(dir, logical, buffer->data);
	u64 base = (u64)logical << fs->block_bits;

	/* From the block's start, because the entry at `from` may have been merged with another. */
	for (u32 at = 0; at < end;) {
		const struct ext4_dirent *entry = (const void *)((const u8 *)buffer->data + at);

		if (!ext4_dirent_valid(fs, buffer->data, at, end))
			return ext4_dirent_damaged(dir, buffer->block, at);
		u32 next = at + ext4_rec_len(entry), ino = le32_get(entry->inode);

		if (ino && entry->name_len && at >= from) {
			ctx->pos = (loff_t)(base + at);
			if (!ctx->emit(ctx, entry->name, entry->name_len, (loff_t)(base + next),
				       ino, ext4_dirent_type(fs, entry))) {
				*full = true;
				return 0;
			}
		}
		at = next;
	}
	ctx->pos = (loff_t)(base + fs->block_size);
	return 0;
}

/* -ENODATA if it is not inline (any more). */
static int list_inline(struct ext4_inode *dir, struct dir_context *ctx)
{
	struct buffer block;
	bool full = false;
	int err;

	if (ctx->pos >= ext4_inode_fs(dir)->block_size)
		return 0;
	err = ext4_inline_dir_block(dir, &block);
	if (!err) {
		err = list_block(dir, &block, 0, (u32)ctx->pos, ctx, &full);
		kfree(block.data);
	}
	return err;
}

int ext4_readdir(struct file *file, struct dir_context *ctx)
{
	struct ext4_inode *dir = ext4_inode(file->inode);
	struct ext4_fs *fs = ext4_inode_fs(dir);
	bool full = false;
	int err = 0;

	if (ctx->pos < 0)
		return -EINVAL;
	if (ext4_is_encrypted(dir))
		return -ENOKEY;
	err = ext4_htree_readdir(file, ctx);
	if (err != -ENOTDIR)
		return err;
	if (ext4_is_inline(dir)) {
		err = list_inline(dir, ctx);
		if (err != -ENODATA)
			return err;
	}
	err = 0;
	while (!err && !full && ctx->pos < dir->vfs.size) {
		u32 logical = (u32)((u64)ctx->pos >> fs->block_bits);
		struct buffer *buffer;

		err = ext4_dir_block_read(dir, logical, &buffer);
		if (err)
			break;
		err = list_block(dir, buffer, logical, (u32)ctx->pos & (fs->block_size - 1), ctx,
				 &full);
		buffer_put(buffer);
		thread_yield_point();
	}
	return err;
}

static int block_is_empty(struct ext4_inode *dir, u32 logical, const struct buffer *buffer,
			  bool *empty)
{
	const struct ext4_fs *fs = ext4_inode_fs(dir);
	u32 end = ext4_dir_block_end(dir, logical, buffer->data);

	for (u32 at = 0; at < end && *empty;) {
		const struct ext4_dirent *entry = (const void *)((const u8 *)buffer->data + at);

		if (!ext4_dirent_valid(fs, buffer->data, at, end))
			return ext4_dirent_damaged(dir, buffer->block, at);
		bool dots =
		    (entry->name_len == 1 && entry->name[0] == '.') ||
		    (entry->name_len == 2 && entry->name[0] == '.' && entry->name[1] == '.');

		if (le32_get(entry->inode) && !dots)
			*empty = false;
		at += ext4_rec_len(entry);
	}
	return 0;
}

int ext4_dir_is_empty(struct ext4_inode *dir, bool *empty)
{
	struct buffer block;
	int err;

	*empty = true;
	if (ext4_is_inline(dir)) {
		err = ext4_inline_dir_block(dir, &block);
		if (!err) {
			err = block_is_empty(dir, 0, &block, empty);
			kfree(block.data);
		}
		if (err != -ENODATA)
			return err;
	}
	u32 n = ext4_dir_blocks(dir);

	for (u32 logical = 0; logical < n && *empty; logical++) {
		struct buffer *buffer;

		err = ext4_dir_block_read(dir, logical, &buffer);
		if (err)
			return err;
		err = block_is_empty(dir, logical, buffer, empty);
		buffer_put(buffer);
		if (err)
			return err;
	}
	return 0;
}

const struct file_ops ext4_dir_file_ops = {
    .readdir = ext4_readdir,
    .seek = ext4_dir_seek,
    .release = ext4_dir_release,
    .ioctl = ext4_ioctl,
    .fsync = ext4_fsync,
};
