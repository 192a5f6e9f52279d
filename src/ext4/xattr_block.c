/* Blocks of attributes, and how inodes share them. */
#include "ext4/xattr_int.h"
#include "lib/log.h"
#include "lib/string.h"

struct ext4_xattr_area ext4_xattr_block_area(const struct ext4_fs *fs, void *data)
{
	return (struct ext4_xattr_area){
	    .base = data, .first = sizeof(struct ext4_xattr_header), .size = fs->block_size};
}

u32 ext4_xattr_block_refs(const struct buffer *buffer)
{
	const struct ext4_xattr_header *header = buffer->data;

	return le32_get(header->h_refcount);
}

/* ---- finding a block with the same contents ---- */

static struct ext4_xattr_slot *slot_of(struct ext4_fs *fs, u32 hash)
{
	return &fs->xattr_slots[(hash ^ hash >> 16) % EXT4_XATTR_SLOTS];
}

/* h_hash of a block; 0: not to be shared. */
static u32 block_hash(const struct ext4_xattr_area *area)
{
	const struct ext4_xattr_entry *entry = NULL;
	u32 hash = 0;

	while ((entry = ext4_xattr_next(area, entry)) != NULL) {
		if (!le32_get(entry->e_hash))
			return 0;
		hash = (hash << 16) ^ (hash >> 16) ^ le32_get(entry->e_hash);
	}
	return hash;
}

/* xattr_mutex is held by the next three. */
static void remember(struct ext4_fs *fs, const struct buffer *buffer)
{
	const struct ext4_xattr_header *header = buffer->data;
	u32 hash = le32_get(header->h_hash);

	if (hash)
		*slot_of(fs, hash) = (struct ext4_xattr_slot){.hash = hash, .block = buffer->block};
}

static void forget(struct ext4_fs *fs, const struct buffer *buffer)
{
	const struct ext4_xattr_header *header = buffer->data;
	struct ext4_xattr_slot *slot = slot_of(fs, le32_get(header->h_hash));

	if (slot->block == buffer->block)
		slot->block = 0;
}

/* A block that holds what image does, and may have one more sharer; NULL: none is known. */
static struct buffer *find_same(struct ext4_fs *fs, u64 except, const void *image)
{
	const u32 skip = sizeof(struct ext4_xattr_header);
	const struct ext4_xattr_header *wanted = image;
	u32 hash = le32_get(wanted->h_hash);
	const struct ext4_xattr_slot *slot = slot_of(fs, hash);
	struct buffer *buffer;

	if (!hash || !slot->block || slot->hash != hash || slot->block == except)
		return NULL;
	/* Only a block that was checked, and is still in memory: sharing is a saving, no duty. */
	buffer = buffer_lookup(fs->bdev, slot->block);
	if (!buffer)
		return NULL;
	const struct ext4_xattr_header *header = buffer->data;

	if (buffer_flag_test(buffer, BUFFER_VALID) &&
	    ext4_buffer_checked(buffer, EXT4_CHECKED_XATTR) && le32_get(header->h_hash) == hash &&
	    le32_get(header->h_refcount) < EXT4_XATTR_REFS_MAX &&
	    !memcmp((const u8 *)buffer->data + skip, (const u8 *)image + skip,
		    fs->block_size - skip))
		return buffer;
	buffer_put(buffer);
	return NULL;
}

/* ---- reading ---- */

static const char *check_block(struct ext4_fs *fs, const struct buffer *buffer)
{
	const struct ext4_xattr_header *header = buffer->data;
	struct ext4_xattr_area area = ext4_xattr_block_area(fs, buffer->data);

	if (le32_get(header->h_magic) != EXT4_XATTR_MAGIC || le32_get(header->h_blocks) != 1 ||
	    !le32_get(header->h_refcount))
		return "the header is damaged";
	/* What waits for its transaction gets its checksum there. */
	if (fs->metadata_csum && !atomic_load(&buffer->fsdata) &&
	    !buffer_flag_test(buffer, BUFFER_DIRTY) &&
	    le32_get(header->h_checksum) != ext4_csum_xattr_block(fs, buffer->block, buffer->data))
		return "the checksum is wrong";
	return ext4_xattr_area_valid(fs, &area) ? NULL : "an entry is damaged";
}

int ext4_xattr_block_read(struct ext4_inode *inode, struct buffer **out)
{
	struct ext4_fs *fs = ext4_inode_fs(inode);
	u64 block = inode->file_acl;
	int err = buffer_read(fs->bdev, block, out);

	if (err)
		return ext4_io_error(fs, ext4_ino(inode), block, err);
	if (ext4_buffer_checked(*out, EXT4_CHECKED_XATTR))
		return 0;
	const char *what = check_block(fs, *out);

	if (!what) {
		ext4_buffer_set_checked(*out, EXT4_CHECKED_XATTR);
		return 0;
	}
	buffer_put(*out);
	*out = NULL;
	return ext4_error(fs, ext4_ino(inode), block, "block of extended attributes: %s", what);
}

/* ---- changing ---- */

struct replacement {
	struct ext4_handle *handle;
	struct ext4_inode *inode;
	struct buffer *old;
	void *image;
	u64 block; /* the inode's from now on; 0: none */
	enum ext4_xattr_fate fate;
};

static int share(struct replacement *r, struct buffer *same)
{
	struct ext4_xattr_header *header = same->data;
	int err = ext4_txn_access(r->handle, same);

	if (err)
		return err;
	header->h_refcount = le32_make(le32_get(header->h_refcount) + 1);
	ext4_txn_dirty(r->handle, same, EXT4_CSUM_XATTR, NULL);
	r->block = same->block;
	return 0;
}

static void fill(struct replacement *r, struct buffer *buffer)
{
	memcpy(buffer->data, r->image, buffer->size);
	ext4_buffer_set_checked(buffer, EXT4_CHECKED_XATTR);
	ext4_txn_dirty(r->handle, buffer, EXT4_CSUM_XATTR, NULL);
	remember(r->handle->fs, buffer);
	r->block = buffer->block;
}

static int write_new(struct replacement *r)
{
	struct ext4_fs *fs = r->handle->fs;
	struct buffer *buffer;
	u32 count = 1;
	u64 block;
	int err = ext4_quota_check(r->inode, fs->block_size << fs->cluster_bits, 0);

	if (!err)
		err = ext4_blocks_alloc(r->handle, ext4_goal_for_inode(r->inode), &count,
					EXT4_ALLOC_META, &block);
	if (err)
		return err;
	err = ext4_txn_create(r->handle, block, &buffer);
	if (err) {
		ext4_blocks_free(r->handle, ext4_ino(r->inode), block, 1, true);
		return err;
	}
	fill(r, buffer);
	buffer_put(buffer);
	ext4_inode_add_blocks(r->inode, 1ll << fs->cluster_bits);
	return 0;
}

static int install(struct replacement *r)
{
	struct ext4_fs *fs = r->handle->fs;
	struct ext4_xattr_header *header = r->image;
	struct ext4_xattr_area area = ext4_xattr_block_area(fs, r->image);

	header->h_magic = le32_make(EXT4_XATTR_MAGIC);
	header->h_refcount = header->h_blocks = le32_make(1);
	header->h_hash = le32_make(block_hash(&area));
	struct buffer *same = find_same(fs, r->old ? r->old->block : 0, r->image);

	if (same) {
		int err = share(r, same);

		buffer_put(same);
		if (!err)
			ext4_inode_add_blocks(r->inode, 1ll << fs->cluster_bits);
		return err;
	}
	if (r->old && ext4_xattr_block_refs(r->old) == 1) {
		forget(fs, r->old);
		fill(r, r->old);
		r->fate = EXT4_XATTR_EDITED;
		return 0;
	}
	r->fate = r->old ? EXT4_XATTR_COPIED : EXT4_XATTR_EDITED;
	return write_new(r);
}

/* The inode leaves its old block, to which access was taken. */
static void leave(struct replacement *r)
{
	struct ext4_fs *fs = r->handle->fs;
	struct ext4_xattr_header *header = r->old->data;
	u32 refs = le32_get(header->h_refcount);

	ext4_inode_add_blocks(r->inode, -(1ll << fs->cluster_bits));
	if (refs > 1) {
		header->h_refcount = le32_make(refs - 1);
		ext4_txn_dirty(r->handle, r->old, EXT4_CSUM_XATTR, NULL);
		return;
	}
	forget(fs, r->old);
	r->fate = EXT4_XATTR_DROPPED;
}

int ext4_xattr_block_replace(struct ext4_handle *handle, struct ext4_inode *inode,
			     struct buffer *old, void *image, enum ext4_xattr_fate *fate)
{
	struct ext4_fs *fs = handle->fs;
	struct replacement r = {
	    .handle = handle, .inode = inode, .old = old, .image = image, .fate = EXT4_XATTR_LEFT};
	u64 old_block = old ? old->block : 0;
	int err = 0;

	mutex_lock(&fs->xattr_mutex);
	if (old)
		err = ext4_txn_access(handle, old);
	if (!err && image)
		err = install(&r);
	if (!err && old && r.block != old_block)
		leave(&r);
	if (!err)
		inode->file_acl = r.block;
	*fate = r.fate;
	mutex_unlock(&fs->xattr_mutex);
	if (!err && r.fate == EXT4_XATTR_DROPPED)
		ext4_blocks_free(handle, ext4_ino(inode), old_block, 1, true);
	return err;
}
