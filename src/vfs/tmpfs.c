/*
 * tmpfs: a file system that lives in memory. Also the first root, into which an initramfs is
 * unpacked.
 *
 * File data lives in the page cache, in mappings without a backing store: absent pages are holes,
 * and pages stay until they are truncated. A directory is a list of entries in the order of
 * creation, each holding a reference on its inode, with a hash for lookups; an entry's number is
 * its position for readdir, so listing goes on correctly whatever is added or removed meanwhile. An
 * inode is thus alive as long as it has a name or is in use. Extended attributes are charged to the
 * volume's limit of inodes, one for each KiB.
 *
 * Here are names and inodes; tmpfs_file.c has what files contain, tmpfs_super.c the volume.
 *
 * Locking: a directory's entries change under its inode's rwsem. The volume's counts are atomic.
 */
#include "lib/assert.h"
#include "lib/atomic.h"
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "vfs/cred.h"
#include "vfs/dentry_int.h"
#include "vfs/file.h"
#include "vfs/inode_int.h"
#include "vfs/tmpfs_int.h"

#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/stat.h>
#include <linux/xattr.h>

#define TMPFS_BUCKETS     16
#define TMPFS_BUCKETS_BIG 1024
#define TMPFS_BIG         64 /* entries from which a directory gets the larger table */
#define XATTR_PRICE_UNIT  1024
#define ENTRY_SIZE        20 /* what an entry adds to st_size, as Linux's tmpfs says */

struct tmpfs_entry {
	struct hlist_node hash_node;
	struct list_head node; /* in order of creation */
	struct inode *inode;   /* reference */
	u64 position;          /* from 2 */
	u32 hash, length;
	char name[];
};

static struct slab_cache *inode_slab;
static const struct inode_ops dir_ops, file_inode_ops, link_ops, special_ops;
static const struct file_ops dir_file_ops;

/* ---- directories ---- */

static u32 entry_hash(const char *name, u32 length)
{
	u32 hash = NAME_HASH_SEED;

	for (u32 i = 0; i < length; i++)
		hash = name_hash_step(hash, (unsigned char)name[i]);
	return hash ^ hash >> 15;
}

static struct tmpfs_entry *entry_find(const struct inode *dir, const char *name, u32 length)
{
	struct tmpfs_inode *t = tmpfs_of(dir);
	u32 hash = entry_hash(name, length);
	struct tmpfs_entry *entry;

	hlist_for_each_entry(entry, &t->buckets[hash % t->bucket_count],
			     hash_node) if (entry->hash == hash && entry->length == length &&
					    !memcmp(entry->name, name, length)) return entry;
	return NULL;
}

/* More buckets once there are many entries; failing only costs speed. */
static void dir_grow(struct tmpfs_inode *t)
{
	struct hlist_head *buckets = kcalloc(TMPFS_BUCKETS_BIG, sizeof(*buckets), MM_NORMAL);
	struct tmpfs_entry *entry;

	if (!buckets)
		return;
	list_for_each_entry(entry, &t->entries, node) {
		hlist_del(&entry->hash_node);
		hlist_add_head(&entry->hash_node, &buckets[entry->hash % TMPFS_BUCKETS_BIG]);
	}
	kfree(t->buckets);
	t->buckets = buckets;
	t->bucket_count = TMPFS_BUCKETS_BIG;
}

static struct tmpfs_entry *entry_alloc(const char *name, u32 length)
{
	struct tmpfs_entry *entry = kmalloc(sizeof(*entry) + length, MM_NORMAL);

	if (!entry)
		return NULL;
	memcpy(entry->name, name, length);
	entry->length = length;
	entry->hash = entry_hash(name, length);
	return entry;
}

static void dir_changed(struct inode *dir, s64 entries)
{
	spin_lock(&dir->lock);
	dir->size += (loff_t)(entries * ENTRY_SIZE);
	spin_unlock(&dir->lock);
	inode_touch(dir, ATTR_MTIME | ATTR_CTIME);
}

/* Takes over the caller's reference on inode. */
static void entry_link(struct inode *dir, struct tmpfs_entry *entry, struct inode *inode)
{
	struct tmpfs_inode *t = tmpfs_of(dir);

	if (++t->entry_count == TMPFS_BIG)
		dir_grow(t);
	entry->inode = inode;
	entry->position = t->next_position++;
	list_add_tail(&entry->node, &t->entries);
	hlist_add_head(&entry->hash_node, &t->buckets[entry->hash % t->bucket_count]);
	dir_changed(dir, 1);
}

/* Frees the entry; its reference on the inode is now the caller's. */
static struct inode *entry_unlink(struct inode *dir, struct tmpfs_entry *entry)
{
	struct inode *inode = entry->inode;

	hlist_del(&entry->hash_node);
	list_del(&entry->node);
	tmpfs_of(dir)->entry_count--;
	dir_changed(dir, -1);
	kfree(entry);
	return inode;
}

static void nlink_add(struct inode *inode, int n)
{
	spin_lock(&inode->lock);
	inode->nlink = (u32)((int)inode->nlink + n);
	spin_unlock(&inode->lock);
}

/* ---- inodes ---- */

struct inode *tmpfs_inode_alloc(struct super_block *super)
{
	struct tmpfs_inode *t = slab_alloc(inode_slab, MM_ZERO);

	if (!t)
		return NULL;
	list_init(&t->entries);
	xattr_memory_init(&t->xattrs);
	return &t->inode;
}

void tmpfs_inode_free(struct inode *inode)
{
	struct tmpfs_inode *t = tmpfs_of(inode);

	kfree(t->buckets);
	kfree(t->target);
	xattr_memory_clear(&t->xattrs);
	slab_free(inode_slab, t);
}

void tmpfs_inode_evict(struct inode *inode)
{
	pagecache_truncate(&inode->mapping, 0);
	inode_clear(inode);
	atomic_fetch_sub(&tmpfs_super_of(inode)->inodes, 1 + tmpfs_of(inode)->xattr_price);
}

static int dir_init(struct tmpfs_inode *t)
{
	t->buckets = kcalloc(TMPFS_BUCKETS, sizeof(*t->buckets), MM_NORMAL);
	t->bucket_count = TMPFS_BUCKETS;
	t->next_position = 2;
	return t->buckets ? 0 : -ENOMEM;
}

/* An inode of any kind, with one reference and one link (a directory: two). */
int tmpfs_inode_new(struct super_block *super, const struct inode *dir, u32 mode,
		    struct inode **out)
{
	struct tmpfs_super *ts = super->private;
	struct acl *lists[ACL_LISTS] = {NULL};
	struct inode *inode;
	int err = dir ? acl_inherit((struct inode *)dir, &mode, lists) : 0;

	if (err)
		return err;
	if (atomic_add_fetch(&ts->inodes, 1) > ts->max_inodes) {
		err = -ENOSPC;
		goto fail;
	}
	err = inode_new(super, &inode);
	if (err)
		goto fail;
	inode->number = inode_number_next();
	inode_init_owner(inode, dir, mode);
	inode->nlink = 1;
	if (S_ISDIR(mode)) {
		inode->nlink = 2;
		inode->ops = &dir_ops;
		inode->file_ops = &dir_file_ops;
		err = dir_init(tmpfs_of(inode));
	} else if (S_ISREG(mode)) {
		inode->ops = &file_inode_ops;
		inode->file_ops = &tmpfs_file_ops;
		tmpfs_of(inode)->seals = F_SEAL_SEAL; /* only memfds can be asked to differ */
	} else if (S_ISLNK(mode)) {
		inode->ops = &link_ops;
	} else {
		inode->ops = &special_ops;
	}
	inode->mapping.ops = &tmpfs_mapping_ops;
	if (err) {
		inode_fail_new(inode);
		goto fail;
	}
	for (enum acl_type type = 0; type < ACL_LISTS; type++)
		acl_cache_set(inode, type, lists[type]);
	acl_put_all(lists);
	inode_unlock_new(inode);
	*out = inode;
	return 0;

fail:
	atomic_fetch_sub(&ts->inodes, 1);
	acl_put_all(lists);
	return err;
}

/* ---- extended attributes; lists of access control are vfs's cached ones ---- */

static int tmpfs_acl_get(struct inode *inode, enum acl_type type, struct acl **out)
{
	*out = NULL; /* never forgotten, so never asked for */
	return 0;
}

static int tmpfs_acl_set(struct inode *inode, enum acl_type type, struct acl *acl, u32 mode)
{
	struct attr attr = {.valid = ATTR_CTIME, .ctime = inode_time_now(inode), .mode = mode};

	if (type == ACL_LIST_ACCESS)
		attr.valid |= ATTR_MODE;
	acl_cache_set(inode, type, acl);
	inode_setattr_simple(inode, &attr);
	return 0;
}

static ssize_t tmpfs_xattr_get(struct inode *inode, const char *name, void *value, size_t size)
{
	return xattr_memory_get(&tmpfs_of(inode)->xattrs, name, value, size);
}

static int tmpfs_xattr_set(struct inode *inode, const char *name, const void *value, size_t size,
			   int flags)
{
	struct tmpfs_inode *t = tmpfs_of(inode);
	struct tmpfs_super *ts = tmpfs_super_of(inode);
	u64 more = value ? DIV_ROUND_UP(strlen(name) + 1 + size, XATTR_PRICE_UNIT) + 1 : 0;
	int err;

	if (atomic_add_fetch(&ts->inodes, more) > ts->max_inodes) {
		atomic_fetch_sub(&ts->inodes, more);
		return -ENOSPC;
	}
	err = xattr_memory_set(&t->xattrs, name, value, size, flags);
	/* From what was promised to what it is. */
	u64 price = DIV_ROUND_UP(xattr_memory_bytes(&t->xattrs), XATTR_PRICE_UNIT);

	atomic_fetch_sub(&ts->inodes, t->xattr_price + more - price);
	t->xattr_price = price;
	if (!err)
		inode_touch(inode, ATTR_CTIME);
	return err;
}

static ssize_t tmpfs_xattr_list(struct inode *inode, char *buf, size_t size)
{
	size_t n = 0;

	for (enum acl_type type = 0; type < ACL_LISTS; type++) {
		size_t length = strlen(acl_name(type)) + 1;

		if (!READ_ONCE(inode->acl[type]))
			continue;
		if (size && size - n < length)
			return -ERANGE;
		if (size)
			memcpy(buf + n, acl_name(type), length);
		n += length;
	}
	if (size && n == size) /* the rest is only asked for its length */
		size = 0;
	ssize_t rest = xattr_memory_list(&tmpfs_of(inode)->xattrs, capable(CAP_SYS_ADMIN),
					 buf ? buf + n : NULL, size ? size - n : 0);

	if (rest > 0 && buf && !size)
		return -ERANGE;
	return rest < 0 ? rest : (ssize_t)n + rest;
}

/* ---- directory operations ---- */

static int tmpfs_lookup(struct inode *dir, const struct qstr *name, struct inode **out)
{
	struct tmpfs_entry *entry = entry_find(dir, name->name, name->length);

	*out = NULL;
	if (entry) {
		inode_ref(entry->inode);
		*out = entry->inode;
	}
	return 0;
}

/* A new inode under a name, with one reference for the caller. target: of a symbolic link, taken
 * over on success. */
static int dir_add(struct inode *dir, const char *name, u32 length, u32 mode, u32 major, u32 minor,
		   char *target, struct inode **out)
{
	struct tmpfs_entry *entry = entry_alloc(name, length);
	struct inode *inode;
	int err;

	if (!entry)
		return -ENOMEM;
	err = tmpfs_inode_new(dir->super, dir, mode, &inode);
	if (err) {
		kfree(entry);
		return err;
	}
	if (S_ISDIR(mode)) {
		tmpfs_of(inode)->parent = dir;
		nlink_add(dir, 1);
	} else if (target) {
		tmpfs_of(inode)->target = target;
		inode->size = (loff_t)strlen(target);
	} else if (!S_ISREG(mode)) {
		inode_init_special(inode, inode->mode, major, minor);
	}
	inode_ref(inode);
	entry_link(dir, entry, inode);
	*out = inode;
	return 0;
}

int tmpfs_add_node(struct inode *dir, const char *name, u32 mode, u32 major, u32 minor)
{
	struct inode *inode;
	int err;

	rwsem_write_lock(&dir->rwsem);
	err = dir_add(dir, name, (u32)strlen(name), mode, major, minor, NULL, &inode);
	rwsem_write_unlock(&dir->rwsem);
	if (!err)
		inode_put(inode);
	return err;
}

static int tmpfs_add(struct inode *dir, struct dentry *dentry, u32 mode, u32 major, u32 minor,
		     char *target)
{
	struct inode *inode;
	int err = dir_add(dir, dentry->name.name, dentry->name.length, mode, major, minor, target,
			  &inode);

	if (!err)
		dentry_instantiate(dentry, inode);
	return err;
}

static int tmpfs_create(struct inode *dir, struct dentry *dentry, u32 mode)
{
	return tmpfs_add(dir, dentry, mode, 0, 0, NULL);
}

static int tmpfs_mknod(struct inode *dir, struct dentry *dentry, u32 mode, u32 major, u32 minor)
{
	return tmpfs_add(dir, dentry, mode, major, minor, NULL);
}

static int tmpfs_symlink(struct inode *dir, struct dentry *dentry, const char *target)
{
	char *copy = kstrdup(target, MM_NORMAL);
	int err;

	if (!copy)
		return -ENOMEM;
	err = tmpfs_add(dir, dentry, S_IFLNK | 0777, 0, 0, copy);
	if (err)
		kfree(copy);
	return err;
}

static int tmpfs_link(struct inode *dir, struct dentry *dentry, struct inode *inode)
{
	struct tmpfs_entry *entry = entry_alloc(dentry->name.name, dentry->name.length);

	if (!entry)
		return -ENOMEM;
	nlink_add(inode, 1);
	inode_touch(inode, ATTR_CTIME);
	inode_ref(inode);
	entry_link(dir, entry, inode);
	inode_ref(inode);
	dentry_instantiate(dentry, inode);
	return 0;
}

/* Takes the name away; `links` is what the inode loses with it. */
static void tmpfs_remove(struct inode *dir, struct tmpfs_entry *entry, int links)
{
	struct inode *inode = entry_unlink(dir, entry);

	nlink_add(inode, -links);
	inode_touch(inode, ATTR_CTIME);
	inode_put(inode); /* never the last: vfs has one */
}

static int tmpfs_unlink(struct inode *dir, struct dentry *dentry)
{
	tmpfs_remove(dir, entry_find(dir, dentry->name.name, dentry->name.length), 1);
	return 0;
}

static int tmpfs_rmdir(struct inode *dir, struct dentry *dentry)
{
	if (tmpfs_of(dentry->inode)->entry_count)
		return -ENOTEMPTY;
	tmpfs_remove(dir, entry_find(dir, dentry->name.name, dentry->name.length), 2);
	nlink_add(dir, -1);
	return 0;
}

static void dir_moved(struct inode *inode, struct inode *from, struct inode *to)
{
	if (!S_ISDIR(inode->mode))
		return;
	tmpfs_of(inode)->parent = to;
	nlink_add(from, -1);
	nlink_add(to, 1);
}

static int tmpfs_rename(struct inode *old_dir, struct dentry *old_dentry, struct inode *new_dir,
			struct dentry *new_dentry, unsigned int flags)
{
	struct tmpfs_entry *old =
	    entry_find(old_dir, old_dentry->name.name, old_dentry->name.length);
	struct tmpfs_entry *new =
	    entry_find(new_dir, new_dentry->name.name, new_dentry->name.length),
			   *fresh;
	struct inode *inode = old->inode, *whiteout = NULL;
	int err;

	if (flags & RENAME_EXCHANGE) {
		dir_moved(inode, old_dir, new_dir);
		dir_moved(new->inode, new_dir, old_dir);
		swap(old->inode, new->inode);
		dir_changed(old_dir, 0);
		dir_changed(new_dir, 0);
		inode_touch(old->inode, ATTR_CTIME);
		inode_touch(new->inode, ATTR_CTIME);
		return 0;
	}
	if (new &&S_ISDIR(new->inode->mode) && tmpfs_of(new->inode)->entry_count)
		return -ENOTEMPTY;
	fresh = entry_alloc(new_dentry->name.name, new_dentry->name.length);
	if (!fresh)
		return -ENOMEM;
	if (flags & RENAME_WHITEOUT) {
		err = tmpfs_inode_new(old_dir->super, old_dir, S_IFCHR, &whiteout);
		if (err) {
			kfree(fresh);
			return err;
		}
		inode_init_special(whiteout, S_IFCHR, 0, 0);
	}
	if (new) {
		bool is_dir = S_ISDIR(new->inode->mode);

		tmpfs_remove(new_dir, new, is_dir ? 2 : 1);
		if (is_dir)
			nlink_add(new_dir, -1);
	}
	entry_link(new_dir, fresh, inode);
	dir_moved(inode, old_dir, new_dir);
	inode_touch(inode, ATTR_CTIME);
	if (whiteout) {
		old->inode = whiteout; /* the name stays, for something else */
		dir_changed(old_dir, 0);
	} else {
		(void)entry_unlink(old_dir, old); /* its reference is the new entry's */
	}
	return 0;
}

static int tmpfs_tmpfile(struct inode *dir, u32 mode, struct inode **out)
{
	int err = tmpfs_inode_new(dir->super, dir, mode, out);

	if (!err)
		(*out)->nlink = 0;
	return err;
}

static int tmpfs_readlink(struct inode *inode, char **target)
{
	*target = kstrdup(tmpfs_of(inode)->target, MM_NORMAL);
	return *target ? 0 : -ENOMEM;
}

static int tmpfs_readdir(struct file *file, struct dir_context *ctx)
{
	struct inode *dir = file->inode;
	struct tmpfs_inode *t = tmpfs_of(dir);
	struct tmpfs_entry *entry;

	if (ctx->pos == 0) {
		if (!ctx->emit(ctx, ".", 1, 0, dir->number, S_IFDIR >> 12))
			return 0;
		ctx->pos = 1;
	}
	if (ctx->pos == 1) {
		if (!ctx->emit(ctx, "..", 2, 1, t->parent ? t->parent->number : dir->number,
			       S_IFDIR >> 12))
			return 0;
		ctx->pos = 2;
	}
	/* Where the last call stopped is usually remembered; otherwise the list is searched from
	 * its start. */
	list_for_each_entry(entry, &t->entries, node) {
		if (entry->position < (u64)ctx->pos)
			continue;
		if (!ctx->emit(ctx, entry->name, entry->length, (loff_t)entry->position,
			       entry->inode->number, (entry->inode->mode & S_IFMT) >> 12))
			return 0;
		ctx->pos = (loff_t)entry->position + 1;
	}
	return 0;
}

#define TMPFS_XATTR_OPS                                                                            \
	.xattr_get = tmpfs_xattr_get, .xattr_set = tmpfs_xattr_set,                                \
	.xattr_list = tmpfs_xattr_list, .acl_get = tmpfs_acl_get, .acl_set = tmpfs_acl_set

static const struct inode_ops dir_ops = {
    .lookup = tmpfs_lookup,
    .create = tmpfs_create,
    .mkdir = tmpfs_create,
    .mknod = tmpfs_mknod,
    .symlink = tmpfs_symlink,
    .link = tmpfs_link,
    .unlink = tmpfs_unlink,
    .rmdir = tmpfs_rmdir,
    .rename = tmpfs_rename,
    .tmpfile = tmpfs_tmpfile,
    TMPFS_XATTR_OPS,
};
static const struct inode_ops file_inode_ops = {.setattr = tmpfs_setattr, TMPFS_XATTR_OPS};
static const struct inode_ops link_ops = {.readlink = tmpfs_readlink, TMPFS_XATTR_OPS};
static const struct inode_ops special_ops = {TMPFS_XATTR_OPS};

static const struct file_ops dir_file_ops = {
    .readdir = tmpfs_readdir,
    .fsync = tmpfs_fsync,
};

/* Empties a directory tree without recursion: the deepest entries first. */
void tmpfs_empty(struct inode *dir)
{
	for (;;) {
		struct tmpfs_inode *t = tmpfs_of(dir);

		if (!list_empty(&t->entries)) {
			struct tmpfs_entry *entry =
			    list_first_entry(&t->entries, struct tmpfs_entry, node);

			if (S_ISDIR(entry->inode->mode) && tmpfs_of(entry->inode)->entry_count) {
				dir = entry->inode;
				continue;
			}
			inode_put(entry_unlink(dir, entry));
			continue;
		}
		if (!t->parent)
			return;
		dir = t->parent;
	}
}

void tmpfs_inodes_init(void)
{
	inode_slab = slab_cache_create("tmpfs_inode", sizeof(struct tmpfs_inode), 64);
}
