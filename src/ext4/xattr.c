/* Extended attributes of an inode: xattr_int.h tells how they are kept. */
#include "ext4/xattr_int.h"
#include "lib/assert.h"
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "vfs/cred.h"

#include <linux/capability.h>
#include <linux/limits.h>
#include <linux/xattr.h>

/* ---- the areas of an inode ---- */

struct areas {
	struct buffer *table, *buffer;      /* referenced; buffer: of the block, or NULL */
	struct le32 *magic;                 /* of the body */
	struct ext4_xattr_area body, block; /* base NULL: the inode has no room for one */
};

static void areas_put(struct areas *areas)
{
	buffer_put(areas->table);
	buffer_put(areas->buffer);
}

static struct ext4_xattr_area body_area(struct ext4_inode *inode, struct buffer *table,
					struct le32 **magic)
{
	struct ext4_fs *fs = ext4_inode_fs(inode);
	u32 offset, start = EXT4_INODE_SIZE_OLD + inode->extra_isize;
	u64 block;

	ext4_inode_locate(fs, ext4_ino(inode), &block, &offset);
	if (fs->inode_size <= start + 2 * sizeof(u32) || !inode->extra_isize)
		return (struct ext4_xattr_area){.empty = true};
	u8 *at = (u8 *)table->data + offset + start;

	*magic = (void *)at;
	return (struct ext4_xattr_area){
	    .base = at + sizeof(u32),
	    .size = fs->inode_size - start - (u32)sizeof(u32),
	    .empty = le32_load(at) != EXT4_XATTR_MAGIC,
	};
}

/* xattr_lock is held, or the inode is new. */
static int areas_get(struct ext4_inode *inode, struct areas *areas)
{
	struct ext4_fs *fs = ext4_inode_fs(inode);
	int err;

	*areas = (struct areas){.body.empty = true, .block.empty = true};
	err = ext4_inode_table_read(fs, ext4_ino(inode), &areas->table);
	if (err)
		return err;
	areas->body = body_area(inode, areas->table, &areas->magic);
	if (!ext4_xattr_area_valid(fs, &areas->body)) {
		err = ext4_error(fs, ext4_ino(inode), areas->table->block,
				 "extended attributes in the inode are damaged");
	} else if (inode->file_acl) {
		err = ext4_xattr_block_read(inode, &areas->buffer);
		if (!err)
			areas->block = ext4_xattr_block_area(fs, areas->buffer->data);
	}
	if (err)
		areas_put(areas);
	return err;
}

static struct ext4_xattr_entry *areas_find(const struct areas *areas,
					   const struct ext4_xattr_key *key,
					   const struct ext4_xattr_area **where)
{
	*where = &areas->body;
	struct ext4_xattr_entry *entry = ext4_xattr_find(&areas->body, key);

	if (!entry) {
		*where = &areas->block;
		entry = ext4_xattr_find(&areas->block, key);
	}
	return entry;
}

bool ext4_xattr_exist(struct ext4_inode *inode, struct buffer *table)
{
	struct le32 *magic = NULL;

	return inode->file_acl || !body_area(inode, table, &magic).empty;
}

/* ---- reading ---- */

static ssize_t value_get(struct ext4_inode *inode, const struct ext4_xattr_area *area,
			 const struct ext4_xattr_entry *entry, void *value, size_t size)
{
	u32 length = le32_get(entry->e_value_size);
	int err = 0;

	ASSERT(area->base); /* there is an entry */
	if (!size)
		return length;
	if (size < length)
		return -ERANGE;
	if (le32_get(entry->e_value_inum))
		err = ext4_xattr_inode_read(inode, entry, value);
	else
		memcpy(value, area->base + le16_get(entry->e_value_offs), length);
	return err ? err : (ssize_t)length;
}

ssize_t ext4_xattr_get_locked(struct ext4_inode *inode, const struct ext4_xattr_key *key,
			      void *value, size_t size)
{
	const struct ext4_xattr_area *area;
	struct areas areas;
	ssize_t n = areas_get(inode, &areas);

	if (!n) {
		const struct ext4_xattr_entry *entry = areas_find(&areas, key, &area);

		n = entry ? value_get(inode, area, entry, value, size) : -ENODATA;
		areas_put(&areas);
	}
	return n;
}

/* As ext4_xattr_get_locked(); -EAGAIN if the value lies in an inode other than *inum, which becomes
 * that. */
static ssize_t get_pinned(struct ext4_inode *inode, const struct ext4_xattr_key *key, void *value,
			  size_t size, u32 *inum)
{
	const struct ext4_xattr_area *area;
	struct areas areas;
	ssize_t n = areas_get(inode, &areas);

	if (n)
		return n;
	const struct ext4_xattr_entry *entry = areas_find(&areas, key, &area);
	u32 found = entry && size ? le32_get(entry->e_value_inum) : 0;

	if (found && found != *inum) {
		*inum = found;
		n = -EAGAIN;
	} else {
		n = entry ? value_get(inode, area, entry, value, size) : -ENODATA;
	}
	areas_put(&areas);
	return n;
}

ssize_t ext4_xattr_get(struct ext4_inode *inode, const struct ext4_xattr_key *key, void *value,
		       size_t size)
{
	struct inode *pinned = NULL;
	u32 inum = 0;
	ssize_t n;

	for (;;) {
		rwsem_read_lock(&inode->xattr_lock);
		n = get_pinned(inode, key, value, size, &inum);
		rwsem_read_unlock(&inode->xattr_lock);
		if (n != -EAGAIN)
			break;
		/* Not under the lock: see ext4_xattr_pin(). What is wrong with it is told later. */
		inode_put(pinned);
		if (ext4_inode_read(ext4_inode_fs(inode), inum, &pinned))
			pinned = NULL;
	}
	inode_put(pinned);
	return n;
}

/* ---- changing ---- */

struct setter {
	struct ext4_handle *handle;
	struct ext4_inode *inode;
	struct ext4_xattr_puts *puts;
	struct areas areas;
	struct ext4_xattr_change change;
	struct ext4_xattr_area body, block; /* the new images, in memory */
	bool body_changed, block_changed;
};

static void image_clear(struct ext4_xattr_area *image, const struct ext4_xattr_area *like)
{
	*image = (struct ext4_xattr_area){
	    .base = image->base, .first = like->first, .size = like->size, .empty = true};
	memset(image->base, 0, image->size);
}

static int rebuild(struct ext4_xattr_area *image, const struct ext4_xattr_area *from,
		   const struct ext4_xattr_change *change)
{
	image_clear(image, from);
	return ext4_xattr_rebuild(from, image, change);
}

/* Images of both areas with the value in the body or, if that is too full, in the block. */
static int plan(struct setter *s)
{
	const struct ext4_xattr_key *key = &s->change.key;
	struct ext4_xattr_change removal = {.key = *key};
	bool in_body = ext4_xattr_find(&s->areas.body, key);
	bool in_block = ext4_xattr_find(&s->areas.block, key);
	struct ext4_xattr_area block = s->areas.block;
	int err = -ENOSPC;

	s->body_changed = s->block_changed = false;
	if (!s->change.value) {
		s->body_changed = in_body;
		s->block_changed = in_block;
		err = in_body ? rebuild(&s->body, &s->areas.body, &removal) : 0;
		if (!err && in_block)
			err = rebuild(&s->block, &block, &removal);
		return err;
	}
	if (s->areas.body.base)
		err = rebuild(&s->body, &s->areas.body, &s->change);
	if (!err) {
		s->body_changed = true;
		s->block_changed = in_block;
		return in_block ? rebuild(&s->block, &block, &removal) : 0;
	}
	if (key->index == EXT4_XATTR_INDEX_SYSTEM) /* the file's own contents: nowhere else */
		return err;
	if (!block.base) {
		block = ext4_xattr_block_area(s->handle->fs, NULL);
		block.empty = true;
	}
	err = rebuild(&s->block, &block, &s->change);
	s->block_changed = !err;
	s->body_changed = !err && in_body;
	if (!err && in_body)
		err = rebuild(&s->body, &s->areas.body, &removal);
	return err;
}

/* The same, with the value in an inode of its own if it fits nowhere else. */
static int plan_large(struct setter *s)
{
	struct ext4_fs *fs = s->handle->fs;
	int err = plan(s);

	if (err != -ENOSPC || !s->puts || !s->change.value ||
	    s->change.key.index == EXT4_XATTR_INDEX_SYSTEM ||
	    !(fs->incompat & EXT4_INCOMPAT_EA_INODE))
		return err;
	/* e2fsck takes a short link for one with a map if it has blocks and no attribute block. */
	if (S_ISLNK(s->inode->vfs.mode) && ext4_symlink_is_fast(s->inode))
		return err;
	/* First whether there is room for the entry. */
	s->change.inum = 1;
	err = plan(s);
	if (!err)
		err = ext4_quota_check(
		    s->inode, (u64)ext4_xattr_inode_blocks(fs, s->change.size) << fs->block_bits,
		    1);
	if (!err)
		err = ext4_xattr_inode_create(s->handle, s->inode, s->change.value, s->change.size,
					      s->puts, &s->change.inum, &s->change.inum_hash);
	if (err) {
		s->change.inum = 0;
		return err;
	}
	return plan(s);
}

/* One reference more or less for each value of an area that lies in an inode. */
static int count_all(struct setter *s, const struct ext4_xattr_area *area, int by)
{
	const struct ext4_xattr_entry *entry = NULL;
	int err = 0;

	while ((entry = ext4_xattr_next(area, entry)) != NULL) {
		u32 inum = le32_get(entry->e_value_inum);

		/* The new one has its reference from its making. */
		if (!inum || (by > 0 && inum == s->change.inum))
			continue;
		int one =
		    ext4_insist(ext4_xattr_inode_count(s->handle, s->inode, inum, by, s->puts));

		err = err ? err : one;
	}
	return err;
}

static bool has_large(const struct ext4_xattr_area *area)
{
	const struct ext4_xattr_entry *entry = NULL;

	while ((entry = ext4_xattr_next(area, entry)) != NULL)
		if (le32_get(entry->e_value_inum))
			return true;
	return false;
}

static void install_body(struct setter *s)
{
	struct ext4_xattr_area *body = &s->areas.body;

	if (!s->body_changed)
		return;
	*s->areas.magic = le32_make(s->body.empty ? 0 : EXT4_XATTR_MAGIC);
	memcpy(body->base, s->body.base, body->size);
}

/* The references to values in inodes follow what happened to the block. old_inum: of the value that
 * was replaced, 0 if it was none such. */
static void count_references(struct setter *s, const struct ext4_xattr_area *old_block,
			     enum ext4_xattr_fate fate, u32 old_inum, bool old_in_block)
{
	int err = 0, one = 0;

	if (fate == EXT4_XATTR_DROPPED)
		err = count_all(s, old_block, -1);
	else if (fate == EXT4_XATTR_COPIED)
		err = count_all(s, &s->block, 1);
	if (old_inum && (!old_in_block || fate == EXT4_XATTR_EDITED))
		one =
		    ext4_insist(ext4_xattr_inode_count(s->handle, s->inode, old_inum, -1, s->puts));
	if (err || one)
		ext4_error(s->handle->fs, ext4_ino(s->inode), 0,
			   "references of attribute values are wrong: error %d", err ? err : one);
}

/* A value in an inode of its own counts as the inode's that refers to it. */
static void count_value(struct ext4_inode *inode, u32 size, s64 by)
{
	ext4_inode_add_blocks(inode, by * (s64)ext4_xattr_inode_blocks(ext4_inode_fs(inode), size));
	ext4_quota_add(inode, 0, by);
}

/* Puts the images in place of what there is. On error nothing has changed. */
static int install(struct setter *s, u32 old_inum, u32 old_size, bool old_in_block)
{
	struct ext4_fs *fs = s->handle->fs;
	struct ext4_xattr_area old_block = s->areas.block;
	enum ext4_xattr_fate fate = EXT4_XATTR_EDITED;
	u8 *kept = NULL;
	int err = 0;

	if (s->block_changed && s->areas.buffer && has_large(&old_block)) {
		/* Its contents are needed to count references when the block itself has gone. */
		if (!s->puts)
			return -EOPNOTSUPP;
		kept = kmalloc(fs->block_size, MM_NOFS);
		if (!kept)
			return -ENOMEM;
		memcpy(kept, old_block.base, fs->block_size);
		old_block.base = kept;
	}
	if (s->block_changed)
		err = ext4_xattr_block_replace(s->handle, s->inode, s->areas.buffer,
					       s->block.empty ? NULL : s->block.base, &fate);
	if (err)
		goto out;
	install_body(s);
	if (old_inum)
		count_value(s->inode, old_size, -1);
	if (s->change.inum)
		count_value(s->inode, s->change.size, 1);
	if (!kept)
		old_block.empty = true;
	count_references(s, &old_block, fate, old_inum, old_in_block);
out:
	kfree(kept);
	return err;
}

/* The superblock says that there are attributes. */
static int announce(struct setter *s)
{
	struct ext4_fs *fs = s->handle->fs;

	if (likely(fs->compat & EXT4_COMPAT_EXT_ATTR) || !s->change.value)
		return 0;
	if (le32_get(fs->raw->s_rev_level) == 0)
		return -EOPNOTSUPP; /* there was no place for features yet */
	mutex_lock(&fs->super_lock);
	fs->compat |= EXT4_COMPAT_EXT_ATTR;
	mutex_unlock(&fs->super_lock);
	ext4_txn_dirty_super(s->handle);
	return 0;
}

static int set(struct setter *s, int flags)
{
	const struct ext4_xattr_area *where;
	const struct ext4_xattr_entry *entry = areas_find(&s->areas, &s->change.key, &where);
	u32 inum = 0, size = 0;
	bool in_block = where == &s->areas.block;
	int err;

	if (entry && (flags & XATTR_CREATE))
		return -EEXIST;
	if (!entry && (flags & XATTR_REPLACE))
		return -ENODATA;
	if (!entry && !s->change.value)
		return 0;
	if (entry) {
		inum = le32_get(entry->e_value_inum);
		size = le32_get(entry->e_value_size);
	}
	if (inum && !s->puts)
		return -EOPNOTSUPP;
	err = announce(s);
	if (!err)
		err = ext4_txn_dirty_inode(s->handle,
					   s->inode); /* the body's block is accessible then */
	if (!err)
		err = plan_large(s);
	if (!err)
		err = install(s, inum, size, in_block);
	if (err && s->change.inum) { /* the value's inode was made in vain */
		int one = ext4_insist(
		    ext4_xattr_inode_count(s->handle, s->inode, s->change.inum, -1, s->puts));
		if (one)
			return one;
	}
	return err;
}

int ext4_xattr_set_locked(struct ext4_handle *handle, struct ext4_inode *inode,
			  const struct ext4_xattr_key *key, const void *value, size_t size,
			  int flags, struct ext4_xattr_puts *puts)
{
	struct ext4_fs *fs = handle->fs;
	u8 *images = kmalloc(fs->inode_size + fs->block_size, MM_NOFS);
	struct setter s = {
	    .handle = handle,
	    .inode = inode,
	    .puts = puts,
	    .change = {.key = *key, .value = value, .size = (u32)size},
	    .block.base = images,
	    .body.base = images + fs->block_size,
	};
	int err;

	if (!images)
		return -ENOMEM;
	err = areas_get(inode, &s.areas);
	if (!err) {
		err = set(&s, flags);
		areas_put(&s.areas);
	}
	kfree(images);
	return err;
}

int ext4_xattr_set(struct ext4_handle *handle, struct ext4_inode *inode,
		   const struct ext4_xattr_key *key, const void *value, size_t size, int flags,
		   struct ext4_xattr_puts *puts)
{
	int err;

	rwsem_write_lock(&inode->xattr_lock);
	err = ext4_xattr_set_locked(handle, inode, key, value, size, flags, puts);
	rwsem_write_unlock(&inode->xattr_lock);
	return err;
}

/* Values in inodes that the inode's block (or body) refers to: each may get or lose a reference. */
static u32 count_large(struct ext4_inode *inode)
{
	const struct ext4_xattr_entry *entry = NULL;
	struct areas areas;
	u32 n = 0;

	if (!(ext4_inode_fs(inode)->incompat & EXT4_INCOMPAT_EA_INODE))
		return 0;
	rwsem_read_lock(&inode->xattr_lock);
	if (!areas_get(inode, &areas)) {
		while ((entry = ext4_xattr_next(&areas.block, entry)) != NULL)
			n += !!le32_get(entry->e_value_inum);
		areas_put(&areas);
	}
	rwsem_read_unlock(&inode->xattr_lock);
	return n;
}

int ext4_xattr_each_value(struct ext4_inode *inode,
			  void (*found)(void *arg, u32 inum, bool in_block), void *arg)
{
	const struct ext4_xattr_entry *entry = NULL;
	struct areas areas;

	if (!(ext4_inode_fs(inode)->incompat & EXT4_INCOMPAT_EA_INODE))
		return 0;
	rwsem_read_lock(&inode->xattr_lock);
	int err = areas_get(inode, &areas);

	if (!err) {
		while ((entry = ext4_xattr_next(&areas.body, entry)) != NULL)
			if (le32_get(entry->e_value_inum))
				found(arg, le32_get(entry->e_value_inum), false);
		while ((entry = ext4_xattr_next(&areas.block, entry)) != NULL)
			if (le32_get(entry->e_value_inum))
				found(arg, le32_get(entry->e_value_inum), true);
		areas_put(&areas);
	}
	rwsem_read_unlock(&inode->xattr_lock);
	return err;
}

static void count_one(void *arg, u32 inum, bool in_block)
{
	++*(u32 *)arg;
}

u32 ext4_xattr_count_values(struct ext4_inode *inode)
{
	u32 n = 0;

	return ext4_xattr_each_value(inode, count_one, &n) ? 0 : n;
}

/* Values that the inode has in a block that it shares: they stay when it goes. */
static void uncount_shared(struct ext4_inode *inode)
{
	const struct ext4_xattr_entry *entry = NULL;
	struct areas areas;

	if (areas_get(inode, &areas))
		return;
	while ((entry = ext4_xattr_next(&areas.block, entry)) != NULL)
		if (le32_get(entry->e_value_inum))
			count_value(inode, le32_get(entry->e_value_size), -1);
	areas_put(&areas);
}

u32 ext4_xattr_credits(struct ext4_inode *inode, size_t size)
{
	const struct ext4_fs *fs = ext4_inode_fs(inode);
	/* inode, old block, new block, bitmaps, descriptors and superblock */
	u32 n = 10;

	if (fs->incompat & EXT4_INCOMPAT_EA_INODE)
		n += 3 * (count_large(inode) + 1) + ext4_xattr_inode_credits(fs, (u32)size);
	return n;
}

static u32 list_large(const struct ext4_xattr_area *area, u32 *inums, u32 n)
{
	const struct ext4_xattr_entry *entry = NULL;

	while ((entry = ext4_xattr_next(area, entry)) != NULL)
		if (le32_get(entry->e_value_inum))
			inums[n++] = le32_get(entry->e_value_inum);
	return n;
}

int ext4_xattr_pin(struct ext4_inode *inode, struct ext4_xattr_puts *puts)
{
	struct ext4_fs *fs = ext4_inode_fs(inode);
	struct areas areas;
	u32 n = 0, *inums;
	int err;

	ext4_xattr_puts_init(puts);
	if (!(fs->incompat & EXT4_INCOMPAT_EA_INODE) || (inode->flags & EXT4_EA_INODE_FL))
		return 0;
	inums = kmalloc((fs->inode_size + fs->block_size) / sizeof(struct ext4_xattr_entry) *
			    sizeof(*inums),
			MM_NOFS);
	if (!inums)
		return -ENOMEM;
	rwsem_read_lock(&inode->xattr_lock);
	err = areas_get(inode, &areas);
	if (!err) {
		n = list_large(&areas.body, inums, n);
		n = list_large(&areas.block, inums, n);
		areas_put(&areas);
	}
	rwsem_read_unlock(&inode->xattr_lock);
	for (u32 i = 0; i < n && !err; i++)
		err = ext4_xattr_puts_take(puts, inode, inums[i]);
	kfree(inums);
	if (err)
		ext4_xattr_puts_run(puts);
	return err;
}

/* ---- the end of an inode ---- */

/* The key of an attribute whose value is in an inode that goes with this one. */
static int find_large(struct ext4_inode *inode, struct ext4_xattr_key *key, char name[256])
{
	const struct ext4_xattr_entry *entry = NULL;
	struct areas areas;
	int err = areas_get(inode, &areas);

	if (err)
		return err;
	while ((entry = ext4_xattr_next(&areas.body, entry)) != NULL)
		if (le32_get(entry->e_value_inum))
			break;
	if (!entry && areas.buffer && ext4_xattr_block_refs(areas.buffer) == 1)
		while ((entry = ext4_xattr_next(&areas.block, entry)) != NULL)
			if (le32_get(entry->e_value_inum))
				break;
	if (entry) {
		memcpy(name, entry->e_name, entry->e_name_len);
		*key = (struct ext4_xattr_key){entry->e_name_index, entry->e_name_len, name};
	}
	areas_put(&areas);
	return entry ? 0 : -ENODATA;
}

static int drop_large(struct ext4_handle *handle, struct ext4_inode *inode,
		      struct ext4_xattr_puts *puts)
{
	char name[256];
	struct ext4_xattr_key key;
	int err;

	while (!(err = ext4_insist(find_large(inode, &key, name)))) {
		err = ext4_txn_extend(handle, ext4_xattr_credits(inode, 0));
		if (!err)
			err = ext4_insist(ext4_xattr_set(handle, inode, &key, NULL, 0, 0, puts));
		if (err)
			return err;
	}
	return err == -ENODATA ? 0 : err;
}

int ext4_xattr_delete(struct ext4_handle *handle, struct ext4_inode *inode,
		      struct ext4_xattr_puts *puts)
{
	struct ext4_fs *fs = handle->fs;
	enum ext4_xattr_fate fate;
	struct buffer *buffer;
	int err = 0;

	/* A value's own attributes, which only a damaged volume has, are not followed. */
	if ((fs->incompat & EXT4_INCOMPAT_EA_INODE) && !(inode->flags & EXT4_EA_INODE_FL))
		err = drop_large(handle, inode, puts);
	if (err || !inode->file_acl)
		return err;
	err = ext4_txn_extend(handle, 8);
	if (!err)
		err = ext4_insist(ext4_txn_dirty_inode(handle, inode));
	if (!err)
		err = ext4_insist(ext4_xattr_block_read(inode, &buffer));
	if (err)
		return err;
	rwsem_write_lock(&inode->xattr_lock);
	if ((fs->incompat & EXT4_INCOMPAT_EA_INODE) && !(inode->flags & EXT4_EA_INODE_FL))
		uncount_shared(inode);
	err = ext4_insist(ext4_xattr_block_replace(handle, inode, buffer, NULL, &fate));
	rwsem_write_unlock(&inode->xattr_lock);
	buffer_put(buffer);
	return err;
}

/* ---- by name ---- */

static const struct {
	u8 index;
	const char *prefix; /* the whole name if nothing follows it on disk */
} prefixes[] = {
    {EXT4_XATTR_INDEX_USER, XATTR_USER_PREFIX},
    {EXT4_XATTR_INDEX_TRUSTED, XATTR_TRUSTED_PREFIX},
    {EXT4_XATTR_INDEX_SECURITY, XATTR_SECURITY_PREFIX},
    {EXT4_XATTR_INDEX_ACL_ACCESS, XATTR_NAME_POSIX_ACL_ACCESS},
    {EXT4_XATTR_INDEX_ACL_DEFAULT, XATTR_NAME_POSIX_ACL_DEFAULT},
};

static bool index_shown(const struct ext4_fs *fs, u8 index)
{
	switch (index) {
	case EXT4_XATTR_INDEX_USER:
		return !(fs->options.flags & EXT4_OPT_NO_USER_XATTR);
	case EXT4_XATTR_INDEX_TRUSTED:
		return capable(CAP_SYS_ADMIN);
	case EXT4_XATTR_INDEX_ACL_ACCESS:
	case EXT4_XATTR_INDEX_ACL_DEFAULT:
		return !(fs->options.flags & EXT4_OPT_NO_ACL);
	default:
		return true;
	}
}

static int key_of(struct ext4_inode *inode, const char *name, struct ext4_xattr_key *key)
{
	for (size_t i = 0; i < 3; i++) {
		size_t n = strlen(prefixes[i].prefix);

		if (strncmp(name, prefixes[i].prefix, n))
			continue;
		*key = (struct ext4_xattr_key){prefixes[i].index, (u8)strlen(name + n), name + n};
		if (key->index == EXT4_XATTR_INDEX_USER &&
		    (ext4_inode_fs(inode)->options.flags & EXT4_OPT_NO_USER_XATTR))
			return -EOPNOTSUPP;
		return 0;
	}
	return -EOPNOTSUPP;
}

ssize_t ext4_xattr_get_name(struct inode *vfs, const char *name, void *value, size_t size)
{
	struct ext4_xattr_key key;
	int err = key_of(ext4_inode(vfs), name, &key);

	return err ? err : ext4_xattr_get(ext4_inode(vfs), &key, value, size);
}

int ext4_xattr_set_name(struct inode *vfs, const char *name, const void *value, size_t size,
			int flags)
{
	struct ext4_inode *inode = ext4_inode(vfs);
	struct ext4_xattr_puts puts;
	struct ext4_xattr_key key;
	struct ext4_handle handle;
	int err = key_of(inode, name, &key);

	if (!err)
		err = ext4_xattr_pin(inode, &puts);
	if (err)
		return err;
	err = ext4_txn_begin(ext4_inode_fs(inode), ext4_xattr_credits(inode, size), &handle);
	if (err) {
		ext4_xattr_puts_run(&puts);
		return err;
	}
	err = ext4_xattr_set(&handle, inode, &key, value, size, flags, &puts);
	if (!err) {
		spin_lock(&vfs->lock);
		vfs->ctime = inode_time_now(vfs);
		vfs->change_version++;
		spin_unlock(&vfs->lock);
	}
	ext4_txn_end(&handle);
	ext4_xattr_puts_run(&puts);
	return err;
}

struct lister {
	const struct ext4_fs *fs;
	char *buf;
	size_t size, used;
};

static int list_area(struct lister *lister, const struct ext4_xattr_area *area)
{
	const struct ext4_xattr_entry *entry = NULL;

	while ((entry = ext4_xattr_next(area, entry)) != NULL) {
		const char *prefix = NULL;

		for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
			if (prefixes[i].index == entry->e_name_index)
				prefix = prefixes[i].prefix;
		if (!prefix || !index_shown(lister->fs, entry->e_name_index))
			continue;
		size_t prefix_length = strlen(prefix), n = prefix_length + entry->e_name_len + 1;

		if (lister->size) {
			char *to = lister->buf + lister->used;

			if (lister->size - lister->used < n)
				return -ERANGE;
			memcpy(to, prefix, prefix_length);
			memcpy(to + prefix_length, entry->e_name, entry->e_name_len);
			to[n - 1] = '\0';
		}
		lister->used += n;
	}
	return 0;
}

ssize_t ext4_xattr_list(struct inode *vfs, char *buf, size_t size)
{
	struct ext4_inode *inode = ext4_inode(vfs);
	struct lister lister = {.fs = ext4_inode_fs(inode), .buf = buf, .size = size};
	struct areas areas;
	int err;

	rwsem_read_lock(&inode->xattr_lock);
	err = areas_get(inode, &areas);
	if (!err) {
		err = list_area(&lister, &areas.body);
		if (!err)
			err = list_area(&lister, &areas.block);
		areas_put(&areas);
	}
	rwsem_read_unlock(&inode->xattr_lock);
	return err ? err : (ssize_t)lister.used;
}
