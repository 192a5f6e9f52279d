/*
 * Values in inodes of their own (ea_inode).
 *
 * Such an inode has no name. Its times and version are put to other uses: the access time is a hash
 * of the value, change time and version count references. The value lies in blocks that are
 * changed like those of directories, through the buffer cache.
 *
 * The feature's older form, Lustre's, has neither hash nor count, but a way back: the modification
 * time is the only owner's number, the generation the owner's. Such values are read, and go with
 * their owner.
 */
#include "ext4/xattr_int.h"
#include "lib/crc.h"
#include "lib/string.h"
#include "mm/kmalloc.h"

#include <linux/limits.h>

struct put {
	struct list_head node;
	struct inode *inode;
};

void ext4_xattr_puts_init(struct ext4_xattr_puts *puts)
{
	list_init(&puts->list);
}

void ext4_xattr_puts_run(struct ext4_xattr_puts *puts)
{
	while (!list_empty(&puts->list)) {
		struct put *put = list_first_entry(&puts->list, struct put, node);

		list_del(&put->node);
		inode_put(put->inode);
		kfree(put);
	}
}

static struct put *put_alloc(void)
{
	return kmalloc(sizeof(struct put), MM_NOFS | MM_ZERO);
}

static void put_later(struct ext4_xattr_puts *puts, struct put *put, struct inode *inode)
{
	put->inode = inode;
	list_add_tail(&put->node, &puts->list);
}

static bool belongs_to(const struct ext4_inode *inode, const struct ext4_inode *owner)
{
	return (u32)inode->vfs.mtime.sec == ext4_ino(owner) &&
	       inode->vfs.generation == owner->vfs.generation;
}

static u64 refs_get(const struct ext4_inode *inode, const struct ext4_inode *owner)
{
	if (inode->vfs.ctime.sec && belongs_to(inode, owner))
		return 1; /* that is a time */
	return (u64)inode->vfs.ctime.sec << 32 | (u32)inode->vfs.change_version;
}

bool ext4_xattr_inode_refs(const struct ext4_inode *inode, u32 *refs)
{
	*refs = (u32)inode->vfs.change_version;
	return !inode->vfs.ctime.sec;
}

static void refs_set(struct ext4_inode *inode, u64 refs)
{
	inode->vfs.ctime = (struct timespec64){.sec = (s64)(refs >> 32)};
	inode->vfs.change_version = (u32)refs;
}

static int open_value(struct ext4_inode *owner, u32 inum, struct inode **out)
{
	struct ext4_fs *fs = ext4_inode_fs(owner);
	int err = ext4_inode_read(fs, inum, out);

	if (err && err != -ESTALE)
		return err;
	if (!err && (ext4_inode(*out)->flags & EXT4_EA_INODE_FL) && S_ISREG((*out)->mode))
		return 0;
	if (!err)
		inode_put(*out);
	*out = NULL;
	return ext4_error(fs, ext4_ino(owner), 0, "inode %u holds no attribute's value", inum);
}

int ext4_xattr_puts_take(struct ext4_xattr_puts *puts, struct ext4_inode *owner, u32 inum)
{
	struct put *put = put_alloc();
	struct inode *vfs;
	int err = put ? open_value(owner, inum, &vfs) : -ENOMEM;

	if (err)
		kfree(put);
	else
		put_later(puts, put, vfs);
	return err;
}

/* ---- reading ---- */

static int read_blocks(struct ext4_inode *inode, u8 *to, u32 size)
{
	struct ext4_fs *fs = ext4_inode_fs(inode);

	for (u32 at = 0; at < size; at += fs->block_size) {
		struct buffer *buffer;
		int err = ext4_file_block_read(inode, at >> fs->block_bits, &buffer);

		if (err)
			return err;
		if (!buffer)
			return ext4_error(fs, ext4_ino(inode), 0,
					  "an attribute's value has a hole");
		memcpy(to + at, buffer->data, min(size - at, fs->block_size));
		buffer_put(buffer);
	}
	return 0;
}

/* The hash, and the entry's that includes it, as the one or the other kind of kernel made it. */
static bool hashes_agree(const struct ext4_inode *inode, const struct ext4_xattr_entry *entry,
			 u32 hash)
{
	struct le32 word = le32_make(hash);
	u32 found = le32_get(entry->e_hash);

	if ((u32)inode->vfs.atime.sec != hash)
		return false;
	return found == ext4_xattr_entry_hash(entry->e_name, entry->e_name_len, false, &word, 4) ||
	       found == ext4_xattr_entry_hash(entry->e_name, entry->e_name_len, true, &word, 4);
}

int ext4_xattr_inode_read(struct ext4_inode *inode, const struct ext4_xattr_entry *entry,
			  void *value)
{
	struct ext4_fs *fs = ext4_inode_fs(inode);
	u32 size = le32_get(entry->e_value_size), inum = le32_get(entry->e_value_inum);
	struct inode *vfs;
	int err = open_value(inode, inum, &vfs);

	if (err)
		return err;
	if (vfs->size != (loff_t)size)
		err = ext4_error(fs, inum, 0, "size %lld of an attribute's value is not %u",
				 (s64)vfs->size, size);
	else
		err = read_blocks(ext4_inode(vfs), value, size);
	if (!err && !belongs_to(ext4_inode(vfs), inode) &&
	    !hashes_agree(ext4_inode(vfs), entry, crc32c(fs->csum_seed, value, size)))
		err = ext4_error(fs, inum, 0, "hash of an attribute's value is wrong");
	inode_put(vfs);
	return err;
}

/* ---- making and counting ---- */

u32 ext4_xattr_inode_credits(const struct ext4_fs *fs, u32 size)
{
	/* Each block may have its own group's bitmap and descriptor; a few make the map. */
	return EXT4_CREDITS_INODE + 3 * ext4_blocks_of(fs, size) + 24;
}

static int write_blocks(struct ext4_handle *handle, struct ext4_inode *inode, const u8 *from,
			u32 size)
{
	struct ext4_fs *fs = handle->fs;

	for (u32 at = 0; at < size; at += fs->block_size) {
		struct buffer *buffer;
		int err = ext4_file_block_create(handle, inode, at >> fs->block_bits, &buffer);

		if (err)
			return err;
		memcpy(buffer->data, from + at, min(size - at, fs->block_size));
		ext4_txn_dirty(handle, buffer, EXT4_CSUM_NONE, NULL);
		buffer_put(buffer);
	}
	return 0;
}

int ext4_xattr_inode_create(struct ext4_handle *handle, struct ext4_inode *owner, const void *value,
			    u32 size, struct ext4_xattr_puts *puts, u32 *inum, u32 *hash)
{
	struct ext4_fs *fs = handle->fs;
	struct inode *near = &owner->vfs;
	struct put *put = put_alloc();
	struct ext4_inode *inode;
	int err;

	if (!put)
		return -ENOMEM;
	if (!near->nlink) /* the owner lives on without a name: its place is no hint then */
		near = fs->super->root->inode;
	err = ext4_inode_create(handle, near, S_IFREG | 0600, EXT4_EA_INODE_FL, &inode);
	if (err) {
		kfree(put);
		return err;
	}
	inode->flags = EXT4_EA_INODE_FL | (inode->flags & EXT4_EXTENTS_FL);
	ext4_inode_set_vfs_flags(inode);
	inode->vfs.uid = owner->vfs.uid;
	inode->vfs.gid = owner->vfs.gid;
	inode_size_set(&inode->vfs, size);
	inode->disk_size = size;
	*hash = crc32c(fs->csum_seed, value, size);
	*inum = ext4_ino(inode);
	inode->vfs.atime = (struct timespec64){.sec = *hash};
	refs_set(inode, 1);
	err = write_blocks(handle, inode, value, size);
	if (err) {
		refs_set(inode, 0);
		inode->vfs.nlink = 0;
		ext4_orphan_add(handle, inode);
	}
	inode_unlock_new(&inode->vfs);
	put_later(puts, put, &inode->vfs);
	return err;
}

int ext4_xattr_inode_count(struct ext4_handle *handle, struct ext4_inode *owner, u32 inum, int by,
			   struct ext4_xattr_puts *puts)
{
	struct ext4_fs *fs = handle->fs;
	int err = ext4_xattr_puts_take(puts, owner, inum);

	if (err)
		return err;
	struct inode *vfs = list_last_entry(&puts->list, struct put, node)->inode;
	struct ext4_inode *inode = ext4_inode(vfs);

	err = ext4_txn_dirty_inode(handle, inode);
	if (err)
		return err;
	mutex_lock(&fs->xattr_mutex);
	u64 refs = refs_get(inode, owner);

	if (by > 0 && vfs->nlink) {
		refs_set(inode, refs + 1);
	} else if (by > 0 || !refs) {
		err = ext4_error(fs, inum, 0, "an attribute's value has too few references");
	} else {
		refs_set(inode, refs - 1);
		if (refs == 1) {
			vfs->nlink = 0;
			ext4_orphan_add(handle, inode);
		}
	}
	mutex_unlock(&fs->xattr_mutex);
	return err;
}
