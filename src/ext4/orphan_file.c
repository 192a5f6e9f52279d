/*
 * The orphan file: where volumes with the feature orphan_file keep the numbers of orphans, in any
 * free entry of any of its blocks, so that adding one changes one block and neither the superblock
 * nor another orphan. While the volume is in use it has the feature orphan_present. When the file
 * is full, the list that every ext4 knows (orphan.c) takes the rest.
 *
 * What a crash left in the file goes to the list, entry by entry, each in one transaction, and is
 * finished from there. Then the file is opened for our own orphans: its blocks stay in memory, with
 * counts of their free entries, until the volume is not written to any more.
 *
 * All of it is guarded by orphan_lock.
 */
#include "ext4/ext4_int.h"
#include "lib/log.h"
#include "mm/kmalloc.h"

/* More than any system makes; a crafted size could keep us busy for long. */
#define BLOCKS_MAX 65536u

static int check_block(struct ext4_inode *file, const struct buffer *buffer)
{
	struct ext4_fs *fs = ext4_inode_fs(file);
	const struct ext4_orphan_tail *tail =
	    (const void *)((u8 *)buffer->data + fs->block_size - sizeof(*tail));

	if (le32_get(tail->ob_magic) != EXT4_ORPHAN_MAGIC)
		return ext4_error(fs, ext4_ino(file), buffer->block, "orphan file: no magic");
	if (fs->metadata_csum && !buffer->fsdata && !buffer_flag_test(buffer, BUFFER_DIRTY) &&
	    le32_get(tail->ob_checksum) !=
		ext4_csum_orphan_block(fs, file->csum_seed, buffer->block, buffer->data))
		return ext4_error(fs, ext4_ino(file), buffer->block,
				  "orphan file: checksum is wrong");
	return 0;
}

/* In one transaction the orphan leaves the file and joins the list. */
static int move_entry(struct ext4_inode *file, struct buffer *buffer, struct le32 *entry,
		      struct ext4_inode *orphan)
{
	struct ext4_handle handle;
	int err = ext4_txn_begin(ext4_inode_fs(file), EXT4_CREDITS_INODE, &handle);

	if (err)
		return err;
	err = ext4_txn_access(&handle, buffer);
	if (!err)
		err = ext4_txn_dirty_inode(&handle, orphan);
	if (!err) {
		*entry = le32_make(0);
		ext4_txn_dirty(&handle, buffer, EXT4_CSUM_ORPHAN, file);
		ext4_orphan_add(&handle, orphan);
	}
	ext4_txn_end(&handle);
	return err;
}

static int finish_entry(struct ext4_inode *file, struct buffer *buffer, struct le32 *entry)
{
	struct inode *inode;
	int err = ext4_orphan_read(ext4_inode_fs(file), le32_get(*entry), false, &inode);

	if (err)
		return err;
	err = move_entry(file, buffer, entry, ext4_inode(inode));
	if (!err && inode->nlink && S_ISREG(inode->mode))
		err = ext4_orphan_truncate(ext4_inode(inode));
	inode_put(inode); /* one without links is deleted */
	return err;
}

static int empty_block(struct ext4_inode *file, u32 logical, u32 *moved)
{
	struct ext4_fs *fs = ext4_inode_fs(file);
	u32 entries = (fs->block_size - (u32)sizeof(struct ext4_orphan_tail)) / 4;
	struct buffer *buffer;
	int err = ext4_file_block_read(file, logical, &buffer);

	if (!err && !buffer)
		err =
		    ext4_error(fs, ext4_ino(file), 0, "orphan file: block %u is missing", logical);
	if (err)
		return err;
	err = check_block(file, buffer);
	struct le32 *numbers = buffer->data;

	for (u32 i = 0; i < entries && !err; i++) {
		if (!le32_get(numbers[i]))
			continue;
		err = finish_entry(file, buffer, &numbers[i]);
		++*moved;
	}
	buffer_put(buffer);
	return err;
}

/* orphan_present */
static void set_feature(struct ext4_fs *fs, bool present)
{
	mutex_lock(&fs->super_lock);
	fs->ro_compat = (fs->ro_compat & ~EXT4_RO_COMPAT_ORPHAN_PRESENT) |
			(present ? EXT4_RO_COMPAT_ORPHAN_PRESENT : 0);
	mutex_unlock(&fs->super_lock);
	ext4_super_write(fs);
}

static int read_file(struct ext4_fs *fs, struct inode **out, u32 *blocks)
{
	u32 ino = le32_get(fs->raw->s_orphan_file_inum);

	if (!(fs->compat & EXT4_COMPAT_ORPHAN_FILE) || ino < fs->first_ino)
		return ext4_error(fs, ino, 0, "orphan_present without an orphan file");
	int err = ext4_inode_read(fs, ino, out);

	if (err)
		return err == -ESTALE ? ext4_error(fs, ino, 0, "there is no orphan file") : err;
	u64 n = (u64)(*out)->size >> fs->block_bits;

	*blocks = (u32)n;
	if (S_ISREG((*out)->mode) && n <= BLOCKS_MAX)
		return 0;
	inode_put(*out);
	return ext4_error(fs, ino, 0, "orphan file: it is none");
}

int ext4_orphan_file_empty(struct ext4_fs *fs, u32 *moved)
{
	struct inode *inode;
	u32 blocks;

	if (!(fs->ro_compat & EXT4_RO_COMPAT_ORPHAN_PRESENT))
		return 0;
	int err = read_file(fs, &inode, &blocks);

	if (err)
		return err;
	for (u32 i = 0; i < blocks && !err; i++)
		err = empty_block(ext4_inode(inode), i, moved);
	inode_put(inode);
	if (!err)
		set_feature(fs, false);
	return err;
}

/* ---- our own orphans ---- */

struct ext4_orphan_file {
	u32 seed;    /* of the blocks' checksums */
	u32 entries; /* per block */
	u32 count;   /* blocks */
	u32 hint;    /* the block that the last one went to */
	struct {
		struct buffer *buffer;
		u32 free;
	} block[];
};

static void free_file(struct ext4_orphan_file *file)
{
	for (u32 i = 0; file && i < file->count; i++)
		buffer_put(file->block[i].buffer);
	kfree(file);
}

static int open_block(struct ext4_inode *inode, struct ext4_orphan_file *file, u32 i)
{
	struct ext4_fs *fs = ext4_inode_fs(inode);
	struct buffer *buffer;
	int err = ext4_file_block_read(inode, i, &buffer);

	if (!err && !buffer)
		err = ext4_error(fs, ext4_ino(inode), 0, "orphan file: block %u is missing", i);
	if (err)
		return err;
	file->block[i].buffer = buffer;
	err = check_block(inode, buffer);
	for (u32 n = 0; n < file->entries; n++)
		file->block[i].free += !le32_get(((struct le32 *)buffer->data)[n]);
	return err;
}

static int open_file(struct ext4_fs *fs, struct ext4_orphan_file **out)
{
	struct ext4_orphan_file *file;
	struct inode *inode;
	u32 blocks;
	int err = read_file(fs, &inode, &blocks);

	if (err)
		return err;
	file = kcalloc(1, sizeof(*file) + blocks * sizeof(file->block[0]), MM_NORMAL);
	if (file) {
		file->seed = ext4_inode(inode)->csum_seed;
		file->entries = (fs->block_size - (u32)sizeof(struct ext4_orphan_tail)) / 4;
		file->count = blocks;
		for (u32 i = 0; i < blocks && !err; i++)
			err = open_block(ext4_inode(inode), file, i);
	} else {
		err = -ENOMEM;
	}
	inode_put(inode);
	if (err)
		free_file(file);
	else
		*out = file;
	return err;
}

void ext4_orphan_file_start(struct ext4_fs *fs)
{
	struct ext4_orphan_file *file;

	if (!(fs->compat & EXT4_COMPAT_ORPHAN_FILE) || fs->orphan_file ||
	    ((fs->ro_compat & EXT4_RO_COMPAT_ORPHAN_PRESENT) && list_empty(&fs->file_orphans)))
		return; /* the last: it could not be emptied, and is left to e2fsck */
	int err = open_file(fs, &file);

	if (err) {
		log_warn("%s: %s: the orphan file can't be used, but the list: error %d",
			 fs->type_name, fs->super->id, -err);
		return;
	}
	mutex_lock(&fs->orphan_lock);
	fs->orphan_file = file;
	mutex_unlock(&fs->orphan_lock);
	set_feature(fs, true);
}

void ext4_orphan_file_stop(struct ext4_fs *fs, bool clean)
{
	struct ext4_orphan_file *file = fs->orphan_file;
	bool empty = list_empty(&fs->file_orphans);

	if (!file)
		return;
	for (u32 i = 0; i < file->count; i++)
		empty = empty && file->block[i].free == file->entries;
	fs->orphan_file = NULL;
	free_file(file);
	if (clean && empty)
		set_feature(fs, false);
}

static int put_entry(struct ext4_handle *handle, u32 slot, u32 ino)
{
	struct ext4_orphan_file *file = handle->fs->orphan_file;
	struct buffer *buffer = file->block[slot / file->entries].buffer;
	int err = ext4_txn_access(handle, buffer);

	if (err)
		return err;
	((struct le32 *)buffer->data)[slot % file->entries] = le32_make(ino);
	ext4_txn_dirty_seeded(handle, buffer, EXT4_CSUM_ORPHAN, file->seed);
	return 0;
}

bool ext4_orphan_file_add(struct ext4_handle *handle, struct ext4_inode *inode)
{
	struct ext4_orphan_file *file = handle->fs->orphan_file;
	u32 block, entry = 0, i;

	if (!file)
		return false;
	for (i = 0; i < file->count; i++) {
		block = (file->hint + i) % file->count;
		if (file->block[block].free)
			break;
	}
	if (i == file->count)
		return false;
	const struct le32 *numbers = file->block[block].buffer->data;
	while (entry < file->entries && le32_get(numbers[entry]))
		entry++;
	if (entry == file->entries ||
	    put_entry(handle, block * file->entries + entry, ext4_ino(inode)))
		return false;
	file->hint = block;
	file->block[block].free--;
	inode->orphan_slot = block * file->entries + entry;
	list_add_tail(&inode->orphan_node, &handle->fs->file_orphans);
	return true;
}

bool ext4_orphan_file_remove(struct ext4_handle *handle, struct ext4_inode *inode)
{
	struct ext4_fs *fs = handle->fs;
	struct ext4_orphan_file *file = fs->orphan_file;

	if (inode->orphan_slot == EXT4_ORPHAN_LISTED)
		return false;
	if (!file || ext4_insist(put_entry(handle, inode->orphan_slot, 0)))
		log_err("%s: %s: inode %u: the orphan file could not be kept", fs->type_name,
			fs->super->id, ext4_ino(inode));
	else
		file->block[inode->orphan_slot / file->entries].free++;
	inode->orphan_slot = EXT4_ORPHAN_LISTED;
	list_del(&inode->orphan_node);
	return true;
}
