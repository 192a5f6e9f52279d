/*
 * The orphan file: where newer Linux keeps the numbers of orphans, so that adding one takes no lock
 * of the whole volume. A volume that was in use then has the feature orphan_present. Here orphans
 * are kept in the list that every ext4 knows (orphan.c), and so the file stays empty while we use
 * the volume; what a crash of another system left in it goes to the list, entry by entry, each in
 * one transaction, and is finished from there.
 */
#include "ext4/ext4_int.h"

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

static void clear_feature(struct ext4_fs *fs)
{
	mutex_lock(&fs->super_lock);
	fs->ro_compat &= ~EXT4_RO_COMPAT_ORPHAN_PRESENT;
	fs->raw->s_feature_ro_compat = le32_make(fs->ro_compat);
	if (fs->metadata_csum)
		fs->raw->s_checksum = le32_make(ext4_csum_super(fs->raw));
	mutex_unlock(&fs->super_lock);
	ext4_super_write(fs);
}

int ext4_orphan_file_empty(struct ext4_fs *fs, u32 *moved)
{
	u32 ino = le32_get(fs->raw->s_orphan_file_inum);
	struct inode *inode;

	if (!(fs->ro_compat & EXT4_RO_COMPAT_ORPHAN_PRESENT))
		return 0;
	if (!(fs->compat & EXT4_COMPAT_ORPHAN_FILE) || ino < fs->first_ino)
		return ext4_error(fs, ino, 0, "orphan_present without an orphan file");
	int err = ext4_inode_read(fs, ino, &inode);

	if (err)
		return err == -ESTALE ? ext4_error(fs, ino, 0, "there is no orphan file") : err;
	u64 blocks = (u64)inode->size >> fs->block_bits;

	if (!S_ISREG(inode->mode) || blocks > BLOCKS_MAX)
		err = ext4_error(fs, ino, 0, "orphan file: it is none");
	for (u32 i = 0; i < blocks && !err; i++)
		err = empty_block(ext4_inode(inode), i, moved);
	inode_put(inode);
	if (!err)
		clear_feature(fs);
	return err;
}
