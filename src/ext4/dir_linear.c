/* Entries inside a block, and directories without an index (or whose index is not usable). */
#include "ext4/ext4_int.h"
#include "lib/string.h"

static struct ext4_dirent *entry_at(void *data, u32 offset)
{
	return (void *)((u8 *)data + offset);
}

int ext4_block_find(struct ext4_inode *dir, struct buffer *buffer, const struct qstr *name,
		    struct ext4_dirent **out)
{
	const struct ext4_fs *fs = ext4_inode_fs(dir);
	u32 end = fs->block_size, at = 0, last = name->length - 1;

	*out = NULL;
	if (!name->length)
		return 0;
	/* The tail of a checksummed block looks like an unused entry. */
	while (at < end) {
		struct ext4_dirent *entry = entry_at(buffer->data, at);

		if (!ext4_dirent_valid(fs, buffer->data, at, end))
			return ext4_dirent_damaged(dir, buffer->block, at);
		/* Names of a directory are often as long as each other and begin alike. */
		if (entry->name_len == name->length && entry->name[last] == name->name[last] &&
		    le32_get(entry->inode) && memcmp(entry->name, name->name, name->length) == 0) {
			*out = entry;
			return 0;
		}
		at += ext4_rec_len(entry);
	}
	return 0;
}

int ext4_linear_find(struct ext4_inode *dir, const struct qstr *name, struct ext4_dir_slot *slot)
{
	u32 n = ext4_dir_blocks(dir);

	for (u32 logical = 0; logical < n; logical++) {
		struct buffer *buffer;
		int err = ext4_dir_block_read(dir, logical, &buffer);

		if (err)
			return err;
		err = ext4_block_find(dir, buffer, name, &slot->entry);
		if (!err && slot->entry) {
			slot->buffer = buffer;
			slot->logical = logical;
			return 0;
		}
		buffer_put(buffer);
		if (err)
			return err;
	}
	return 0;
}

static void fill_entry(struct ext4_dirent *entry, const struct qstr *name, u32 ino, u8 type,
		       u32 rec_len)
{
	entry->rec_len = le16_make((u16)rec_len);
	entry->name_len = (u8)name->length;
	entry->file_type = type;
	memcpy(entry->name, name->name, name->length);
	entry->inode = le32_make(ino);
}

int ext4_block_insert(struct ext4_handle *handle, struct ext4_inode *dir, struct buffer *buffer,
		      const struct qstr *name, u32 ino, u8 type)
{
	const struct ext4_fs *fs = handle->fs;
	u32 end = ext4_dir_space(fs), need = EXT4_DIRENT_SIZE(name->length), at = 0;

	while (at < end) {
		struct ext4_dirent *entry = entry_at(buffer->data, at);

		if (!ext4_dirent_valid(fs, buffer->data, at, end))
			return ext4_dirent_damaged(dir, buffer->block, at);
		u32 length = ext4_rec_len(entry);
		u32 used = le32_get(entry->inode) ? EXT4_DIRENT_SIZE(entry->name_len) : 0;

		if (length - used < need) {
			at += length;
			continue;
		}
		int err = ext4_txn_access(handle, buffer);
		if (err)
			return err;
		if (used) {
			entry->rec_len = le16_make((u16)used);
			entry = entry_at(buffer->data, at + used);
		}
		fill_entry(entry, name, ino, type, length - used);
		ext4_txn_dirty(handle, buffer, EXT4_CSUM_DIR, dir);
		return 0;
	}
	return -ENOSPC;
}

int ext4_block_delete(struct ext4_handle *handle, struct ext4_inode *dir, struct buffer *buffer,
		      struct ext4_dirent *victim)
{
	const struct ext4_fs *fs = handle->fs;
	struct ext4_dirent *previous = NULL;
	u32 at = 0;
	int err = ext4_txn_access(handle, buffer);

	if (err)
		return err;
	while (entry_at(buffer->data, at) != victim) {
		previous = entry_at(buffer->data, at);
		if (!ext4_dirent_valid(fs, buffer->data, at, fs->block_size))
			return ext4_dirent_damaged(dir, buffer->block, at);
		at += ext4_rec_len(previous);
		if (at >= fs->block_size)
			return ext4_dirent_damaged(dir, buffer->block, at);
	}
	if (previous)
		previous->rec_len = le16_make((u16)(ext4_rec_len(previous) + ext4_rec_len(victim)));
	victim->inode = le32_make(0);
	ext4_txn_dirty(handle, buffer, EXT4_CSUM_DIR, dir);
	return 0;
}

int ext4_linear_insert(struct ext4_handle *handle, struct ext4_inode *dir, const struct qstr *name,
		       u32 ino, u8 type)
{
	struct ext4_fs *fs = handle->fs;
	u32 n = ext4_dir_blocks(dir), logical;
	struct buffer *buffer;
	int err;

	for (logical = min(dir->insert_hint, n); logical < n; logical++) {
		err = ext4_dir_block_read(dir, logical, &buffer);
		if (err)
			return err;
		err = ext4_block_insert(handle, dir, buffer, name, ino, type);
		buffer_put(buffer);
		if (err != -ENOSPC) {
			dir->insert_hint = logical;
			return err;
		}
	}
	dir->insert_hint = n;
	if (n == 1 && (fs->compat & EXT4_COMPAT_DIR_INDEX) &&
	    fs->default_hash + fs->hash_unsigned <= EXT4_HASH_TEA_UNSIGNED)
		return ext4_htree_make(handle, dir, name, ino, type);
	err = ext4_dir_append(handle, dir, &logical, &buffer);
	if (err)
		return err;
	err = ext4_block_insert(handle, dir, buffer, name, ino, type);
	buffer_put(buffer);
	return err;
}
