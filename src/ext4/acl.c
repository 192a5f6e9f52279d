/* Access control lists as attributes: a form of their own on disk (ondisk.h). */
#include "vfs/acl.h"

#include "ext4/xattr_int.h"
#include "mm/kmalloc.h"

#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>

static struct ext4_xattr_key acl_key(enum acl_type type)
{
	return (struct ext4_xattr_key){.index = type == ACL_LIST_ACCESS
						    ? EXT4_XATTR_INDEX_ACL_ACCESS
						    : EXT4_XATTR_INDEX_ACL_DEFAULT,
				       .name = ""};
}

static bool has_id(u16 tag)
{
	return tag == ACL_USER || tag == ACL_GROUP;
}

/* ---- to memory ---- */

static int decode(const u8 *value, size_t size, struct acl **out)
{
	size_t at = sizeof(u32);
	u32 n = 0;

	if (size < at || le32_load(value) != EXT4_ACL_VERSION)
		return -EUCLEAN;
	/* Entries of the short form are the most that fit. */
	struct acl *acl = acl_alloc((u32)((size - at) / EXT4_ACL_SHORT));

	if (!acl)
		return -ENOMEM;
	while (at < size) {
		const struct ext4_acl_entry *from = (const void *)(value + at);
		struct acl_entry *entry = &acl->entries[n++];

		if (size - at < EXT4_ACL_SHORT)
			goto damaged;
		entry->tag = le16_load(&from->e_tag);
		entry->perm = le16_load(&from->e_perm);
		entry->id = (u32)ACL_UNDEFINED_ID;
		at += EXT4_ACL_SHORT;
		if (!has_id(entry->tag))
			continue;
		if (size - at < sizeof(u32))
			goto damaged;
		entry->id = le32_load(&from->e_id);
		at += sizeof(u32);
	}
	acl->count = n;
	if (acl_check(acl))
		goto damaged;
	*out = acl;
	return 0;

damaged:
	acl_put(acl);
	return -EUCLEAN;
}

int ext4_acl_get(struct inode *vfs, enum acl_type type, struct acl **out)
{
	struct ext4_inode *inode = ext4_inode(vfs);
	struct ext4_xattr_key key = acl_key(type);
	ssize_t n;
	u8 *value;
	int err;

	*out = NULL;
again:
	n = ext4_xattr_get(inode, &key, NULL, 0);
	if (n == -ENODATA)
		return 0;
	if (n < 0)
		return (int)n;
	if (!n || (size_t)n > sizeof(u32) + ACL_ENTRIES_MAX * sizeof(struct ext4_acl_entry))
		return ext4_error(ext4_inode_fs(inode), ext4_ino(inode), 0,
				  "an access control list has %u bytes", (u32)n);
	value = kmalloc((size_t)n, MM_NOFS);
	if (!value)
		return -ENOMEM;
	n = ext4_xattr_get(inode, &key, value, (size_t)n);
	if (n == -ENODATA || n == -ERANGE) { /* it was changed in between */
		kfree(value);
		goto again;
	}
	err = n < 0 ? (int)n : decode(value, (size_t)n, out);
	if (err == -EUCLEAN && n >= 0)
		err = ext4_error(ext4_inode_fs(inode), ext4_ino(inode), 0,
				 "an access control list is damaged");
	kfree(value);
	return err;
}

/* ---- to disk ---- */

static u8 *encode(const struct acl *acl, size_t *size)
{
	u8 *value = kmalloc(sizeof(u32) + acl->count * sizeof(struct ext4_acl_entry), MM_NOFS);
	size_t at = sizeof(u32);

	if (!value)
		return NULL;
	le32_store(value, EXT4_ACL_VERSION);
	for (u32 i = 0; i < acl->count; i++) {
		const struct acl_entry *entry = &acl->entries[i];

		le16_store(value + at, entry->tag);
		le16_store(value + at + 2, entry->perm);
		at += EXT4_ACL_SHORT;
		if (has_id(entry->tag)) {
			le32_store(value + at, entry->id);
			at += sizeof(u32);
		}
	}
	*size = at;
	return value;
}

static int store(struct ext4_handle *handle, struct ext4_inode *inode, enum acl_type type,
		 const struct acl *acl, struct ext4_xattr_puts *puts)
{
	struct ext4_xattr_key key = acl_key(type);
	size_t size = 0;
	u8 *value = NULL;
	int err;

	if (acl) {
		value = encode(acl, &size);
		if (!value)
			return -ENOMEM;
	}
	err = ext4_xattr_set(handle, inode, &key, value, size, 0, puts);
	kfree(value);
	return err;
}

int ext4_acl_set(struct inode *vfs, enum acl_type type, struct acl *acl, u32 mode)
{
	struct ext4_inode *inode = ext4_inode(vfs);
	size_t worst = acl ? sizeof(u32) + acl->count * sizeof(struct ext4_acl_entry) : sizeof(u32);
	struct ext4_xattr_puts puts;
	struct ext4_handle handle;
	int err = ext4_xattr_pin(inode, &puts);

	if (err)
		return err;
	err = ext4_txn_begin(ext4_inode_fs(inode), ext4_xattr_credits(inode, worst), &handle);
	if (err) {
		ext4_xattr_puts_run(&puts);
		return err;
	}
	err = ext4_txn_dirty_inode(&handle, inode);
	if (!err)
		err = store(&handle, inode, type, acl, &puts);
	if (!err) {
		spin_lock(&vfs->lock);
		if (type == ACL_LIST_ACCESS)
			vfs->mode = mode;
		vfs->ctime = inode_time_now(vfs);
		vfs->change_version++;
		spin_unlock(&vfs->lock);
		acl_cache_set(vfs, type, acl);
	}
	ext4_txn_end(&handle);
	ext4_xattr_puts_run(&puts);
	return err;
}

int ext4_acl_init(struct ext4_handle *handle, struct ext4_inode *inode,
		  struct acl *lists[ACL_LISTS])
{
	int err = 0;

	for (enum acl_type type = 0; type < ACL_LISTS && !err; type++) {
		if (lists[type])
			err = store(handle, inode, type, lists[type], NULL);
		if (!err)
			acl_cache_set(&inode->vfs, type, lists[type]);
	}
	return err;
}
