/*
 * Names: looking up, making, linking, removing and renaming.
 *
 * Every operation is one handle. A new inode is filled and reachable only once its entry is in the
 * directory; one that loses its last link goes to the orphan list in the same handle that removes
 * the entry. Inodes are put after the handle has ended, because that may start another.
 */
#include "ext4/ext4_int.h"
#include "lib/log.h"
#include "lib/string.h"
#include "mm/kmalloc.h"

#include <linux/fs.h>

/* ---- entries ---- */

int ext4_dir_find(struct ext4_inode *dir, const struct qstr *name, struct ext4_dir_slot *slot)
{
	int err = -ENOTDIR;

	*slot = (struct ext4_dir_slot){NULL};
	if ((dir->flags & EXT4_INDEX_FL) && !(dir->flags & EXT4_CASEFOLD_FL)) {
		bool dots = name->name[0] == '.' &&
			    (name->length == 1 || (name->length == 2 && name->name[1] == '.'));

		if (!dots) /* those are in block 0, which the index does not cover */
			err = ext4_htree_find(dir, name, slot);
	}
	if (err == -ENOTDIR)
		err = ext4_linear_find(dir, name, slot);
	return err;
}

/*
 * A directory that ignores case is read by exact names: what is found is there. A new name would
 * have to differ from all others after folding by Unicode's tables, and lie in the index by the
 * hash of the folded name; so there are none.
 */
static int refuse_casefold(struct ext4_inode *dir)
{
	struct ext4_fs *fs = ext4_inode_fs(dir);

	if (!atomic_xchg(&fs->casefold_told, true))
		log_warn("%s: %s: inode %u: new names in directories with casefold are not "
			 "supported",
			 fs->type_name, fs->super->id, ext4_ino(dir));
	return -EOPNOTSUPP;
}

int ext4_dir_insert(struct ext4_handle *handle, struct ext4_inode *dir, const struct qstr *name,
		    u32 ino, u8 type)
{
	int err;

	if (name->length > EXT4_NAME_MAX)
		return -ENAMETOOLONG;
	if (dir->flags & EXT4_CASEFOLD_FL)
		return refuse_casefold(dir);
	if (ext4_is_inline(dir))
		return ext4_inline_dir_insert(handle, dir, name, ino, type);
	if (!(dir->flags & EXT4_INDEX_FL))
		return ext4_linear_insert(handle, dir, name, ino, type);
	err = ext4_htree_insert(handle, dir, name, ino, type);
	return err == -ENOTDIR ? -EOPNOTSUPP : err; /* an index of an unknown kind stays as it is */
}

static int find_existing(struct ext4_inode *dir, const struct qstr *name,
			 struct ext4_dir_slot *slot)
{
	int err = ext4_dir_find(dir, name, slot);

	return err ? err : slot->buffer ? 0 : -ENOENT;
}

static void touch(struct inode *inode, unsigned int which)
{
	struct timespec64 now = inode_time_now(inode);

	spin_lock(&inode->lock);
	if (which & ATTR_MTIME)
		inode->mtime = now;
	if (which & ATTR_CTIME)
		inode->ctime = now;
	inode->change_version++;
	spin_unlock(&inode->lock);
}

int ext4_dir_changed(struct ext4_handle *handle, struct ext4_inode *dir, int links)
{
	u32 n = dir->vfs.nlink;

	touch(&dir->vfs, ATTR_MTIME | ATTR_CTIME);
	/* 1 means "too many to count" (dir_nlink) */
	if (links > 0 && n != 1)
		dir->vfs.nlink =
		    n + 1 >= EXT4_LINK_MAX && (handle->fs->ro_compat & EXT4_RO_COMPAT_DIR_NLINK)
			? 1
			: n + 1;
	if (links < 0 && n > 2)
		dir->vfs.nlink = n - 1;
	return ext4_txn_dirty_inode(handle, dir);
}

static bool dir_is_full_of_links(const struct ext4_inode *dir)
{
	const struct ext4_fs *fs = ext4_inode_fs(dir);

	return dir->vfs.nlink >= fs->super->max_links &&
	       !((fs->ro_compat & EXT4_RO_COMPAT_DIR_NLINK) && (dir->flags & EXT4_INDEX_FL));
}

int ext4_dir_number(struct ext4_inode *dir, const struct qstr *name, u32 *ino)
{
	struct ext4_dir_slot slot;
	int err;

	*ino = 0;
	if (ext4_is_inline(dir)) {
		struct ext4_dirent *entry = NULL;
		struct buffer block;

		err = ext4_inline_dir_block(dir, &block);
		if (!err) {
			err = ext4_block_find(dir, &block, name, &entry);
			if (!err && entry)
				*ino = le32_get(entry->inode);
			kfree(block.data);
		}
		if (err != -ENODATA)
			return err;
	}
	err = ext4_dir_find(dir, name, &slot);
	if (!err && slot.buffer) {
		*ino = le32_get(slot.entry->inode);
		ext4_dir_slot_put(&slot);
	}
	return err;
}

static int ext4_lookup(struct inode *vfs, const struct qstr *name, struct inode **out)
{
	struct ext4_inode *dir = ext4_inode(vfs);
	u32 ino;

	*out = NULL;
	if (name->length > EXT4_NAME_MAX)
		return -ENAMETOOLONG;
	if (ext4_is_encrypted(dir))
		return -ENOKEY;
	int err = ext4_dir_number(dir, name, &ino);

	if (err || !ino)
		return err;
	if (ino == ext4_ino(dir) || (ino < ext4_inode_fs(dir)->first_ino && ino != EXT4_INO_ROOT) ||
	    ext4_quota_is_file(ext4_inode_fs(dir), ino))
		return ext4_error(ext4_inode_fs(dir), ext4_ino(dir), 0,
				  "entry \"%.*s\" refers to inode %u", (int)min(name->length, 40),
				  name->name, ino);
	err = ext4_inode_read(ext4_inode_fs(dir), ino, out);
	if (err == -ESTALE)
		err = ext4_error(ext4_inode_fs(dir), ino, 0, "a deleted inode is referenced");
	if (!err && (ext4_inode(*out)->flags & EXT4_EA_INODE_FL)) {
		inode_put(*out);
		*out = NULL;
		err = ext4_error(ext4_inode_fs(dir), ino, 0,
				 "an attribute's value is referenced as a file");
	}
	return err;
}

/* ---- making ---- */

#define FIRST_BLOCK 3u /* credits for a new inode's block, with bitmap and descriptor */

static u32 create_credits(const struct inode *dir)
{
	return EXT4_CREDITS_INODE + ext4_dir_insert_credits(ext4_inode(dir));
}

/* The end of every operation that makes an inode: publishes it, or lets it die. */
static int finish_new(struct ext4_handle *handle, struct ext4_inode *inode, struct dentry *dentry,
		      int err)
{
	if (!err) {
		ext4_txn_end(handle);
		dentry_instantiate(dentry, &inode->vfs);
		inode_unlock_new(&inode->vfs);
		return 0;
	}
	inode->vfs.nlink = 0;
	if (handle->fs)
		ext4_orphan_add(handle, inode);
	ext4_txn_end(handle);
	inode_unlock_new(&inode->vfs);
	inode_put(&inode->vfs); /* deletes it */
	return err;
}

static int insert_new(struct ext4_handle *handle, struct inode *dir, struct dentry *dentry,
		      struct ext4_inode *inode, int links)
{
	/* What may fail comes before the entry is there. */
	int err = ext4_txn_dirty_inode(handle, ext4_inode(dir));

	if (!err)
		err = ext4_dir_insert(handle, ext4_inode(dir), &dentry->name, ext4_ino(inode),
				      ext4_file_type(handle->fs, inode->vfs.mode));
	if (err)
		return err;
	return ext4_dir_changed(handle, ext4_inode(dir), links);
}

static void put_device(struct ext4_inode *inode, u32 major, u32 minor)
{
	bool old = major < 256 && minor < 256;

	inode->block[0] = le32_make(old ? major << 8 | minor : 0);
	inode->block[1] = le32_make(old ? 0 : (minor & 0xff) | major << 8 | (minor & ~0xffu) << 12);
}

/* A handle, and in it an inode with the access control lists that dir hands down. On error there is
 * no handle. */
static int begin_new(struct ext4_handle *handle, struct inode *dir, const struct qstr *name,
		     u32 mode, u32 credits, struct ext4_inode **out)
{
	struct acl *lists[ACL_LISTS];
	struct ext4_quota_pins pins;
	int err = name ? ext4_inline_dir_prepare(ext4_inode(dir), name) : 0;

	if (!err)
		err = ext4_quota_pin_new(dir, &pins);
	if (err)
		return err;
	err = acl_inherit(dir, &mode, lists);
	if (err)
		goto out_pins;
	if (lists[ACL_LIST_ACCESS] || lists[ACL_LIST_DEFAULT])
		credits += 2 * ext4_xattr_credits(ext4_inode(dir), 0);
	err = ext4_txn_begin(ext4_fs(dir->super), credits, handle);
	if (err)
		goto out;
	err = ext4_inode_create(handle, dir, mode, 0, out);
	if (err) {
		ext4_txn_end(handle);
		goto out;
	}
	err = ext4_acl_init(handle, *out, lists);
	if (err)
		err = finish_new(handle, *out, NULL, err);
out:
	acl_put_all(lists);
out_pins:
	ext4_quota_unpin(ext4_fs(dir->super), &pins);
	return err;
}

static int ext4_mknod(struct inode *dir, struct dentry *dentry, u32 mode, u32 major, u32 minor)
{
	struct ext4_handle handle;
	struct ext4_inode *inode;
	int err = begin_new(&handle, dir, &dentry->name, mode, create_credits(dir), &inode);

	if (err)
		return err;
	if (S_ISCHR(mode) || S_ISBLK(mode))
		put_device(inode, major, minor);
	if (!S_ISREG(mode))
		inode_init_special(&inode->vfs, inode->vfs.mode, major, minor);
	err = insert_new(&handle, dir, dentry, inode, 0);
	return finish_new(&handle, inode, dentry, err);
}

static int ext4_create(struct inode *dir, struct dentry *dentry, u32 mode)
{
	return ext4_mknod(dir, dentry, (mode & ~S_IFMT) | S_IFREG, 0, 0);
}

static int ext4_tmpfile(struct inode *dir, u32 mode, struct inode **out)
{
	struct ext4_handle handle;
	struct ext4_inode *inode;
	int err =
	    begin_new(&handle, dir, NULL, (mode & ~S_IFMT) | S_IFREG, EXT4_CREDITS_INODE, &inode);

	if (err)
		return err;
	inode->vfs.nlink = 0;
	ext4_orphan_add(&handle, inode);
	*out = &inode->vfs;
	ext4_txn_end(&handle);
	inode_unlock_new(&inode->vfs);
	return 0;
}

int ext4_dir_make_dots(struct ext4_handle *handle, struct ext4_inode *dir,
		       struct ext4_inode *parent)
{
	struct ext4_fs *fs = handle->fs;
	struct buffer *buffer;
	u32 logical, space = ext4_dir_space(fs);
	u8 type = ext4_file_type(fs, S_IFDIR);
	int err = ext4_dir_append(handle, dir, &logical, &buffer);

	if (err)
		return err;
	struct ext4_dirent *dot = buffer->data, *dotdot = (void *)((u8 *)buffer->data + 12);

	dot->inode = le32_make(ext4_ino(dir));
	dot->rec_len = le16_make(12);
	dot->name_len = 1;
	dot->file_type = type;
	dot->name[0] = '.';
	dotdot->inode = le32_make(ext4_ino(parent));
	dotdot->rec_len = le16_make((u16)(space - 12));
	dotdot->name_len = 2;
	dotdot->file_type = type;
	dotdot->name[0] = dotdot->name[1] = '.';
	ext4_txn_dirty(handle, buffer, EXT4_CSUM_DIR, dir);
	buffer_put(buffer);
	dir->vfs.nlink = 2;
	return 0;
}

static int ext4_mkdir(struct inode *dir, struct dentry *dentry, u32 mode)
{
	struct ext4_handle handle;
	struct ext4_inode *inode;
	int err;

	if (dir_is_full_of_links(ext4_inode(dir)))
		return -EMLINK;
	err = begin_new(&handle, dir, &dentry->name, (mode & ~S_IFMT) | S_IFDIR,
			create_credits(dir) + FIRST_BLOCK, &inode);
	if (err)
		return err;
	err = ext4_inline_dir_make(&handle, inode, ext4_inode(dir));
	if (err == -ENOSPC)
		err = ext4_dir_make_dots(&handle, inode, ext4_inode(dir));
	if (!err)
		err = insert_new(&handle, dir, dentry, inode, 1);
	return finish_new(&handle, inode, dentry, err);
}

int ext4_symlink(struct inode *dir, struct dentry *dentry, const char *target)
{
	struct ext4_fs *fs = ext4_fs(dir->super);
	size_t length = strlen(target);
	struct ext4_quota_pins pins;
	struct ext4_handle handle;
	struct ext4_inode *inode;
	struct buffer *buffer;
	int err;

	if (!length)
		return -ENOENT;
	if (length >= fs->block_size)
		return -ENAMETOOLONG;
	err = ext4_inline_dir_prepare(ext4_inode(dir), &dentry->name);
	if (!err)
		err = ext4_quota_pin_new(dir, &pins);
	if (err)
		return err;
	err = ext4_txn_begin(fs, create_credits(dir) + FIRST_BLOCK, &handle);
	if (!err)
		err = ext4_inode_create(&handle, dir, S_IFLNK | 0777, 0, &inode);
	ext4_quota_unpin(fs, &pins);
	if (err) {
		ext4_txn_end(&handle);
		return err;
	}
	if (length < sizeof(inode->block)) {
		inode->flags &= ~EXT4_EXTENTS_FL;
		memset(inode->block, 0, sizeof(inode->block));
		memcpy(inode->block_bytes, target, length);
	} else {
		err = ext4_file_block_create(&handle, inode, 0, &buffer);
		if (!err) {
			memcpy(buffer->data, target, length);
			ext4_txn_dirty(&handle, buffer, EXT4_CSUM_NONE, NULL);
			buffer_put(buffer);
		}
	}
	inode_size_set(&inode->vfs, (loff_t)length);
	inode->disk_size = length;
	if (!err)
		err = insert_new(&handle, dir, dentry, inode, 0);
	return finish_new(&handle, inode, dentry, err);
}

/* ---- linking and removing ---- */

/* A directory that gives its project to what is made in it takes no others' files. */
static bool leaves_project(const struct inode *dir, const struct inode *inode)
{
	return (ext4_inode(dir)->flags & EXT4_PROJINHERIT_FL) &&
	       ext4_inode(dir)->project != ext4_inode(inode)->project;
}

static int ext4_link(struct inode *dir, struct dentry *dentry, struct inode *inode)
{
	struct ext4_handle handle;
	int err;

	if (inode->nlink >= dir->super->max_links)
		return -EMLINK;
	if (leaves_project(dir, inode))
		return -EXDEV;
	err = ext4_inline_dir_prepare(ext4_inode(dir), &dentry->name);
	if (err)
		return err;
	err = ext4_txn_begin(ext4_fs(dir->super), create_credits(dir), &handle);
	if (err)
		return err;
	err = ext4_txn_dirty_inode(&handle, ext4_inode(inode));
	if (!err)
		err = insert_new(&handle, dir, dentry, ext4_inode(inode), 0);
	if (!err) {
		if (!inode->nlink++) /* an O_TMPFILE gets its name */
			ext4_orphan_remove(&handle, ext4_inode(inode));
		touch(inode, ATTR_CTIME);
	}
	ext4_txn_end(&handle);
	if (!err) {
		inode_ref(inode);
		dentry_instantiate(dentry, inode);
	}
	return err;
}

/* The inode loses a link (all, for a directory); access to it was taken. */
static void drop_link(struct ext4_handle *handle, struct inode *inode)
{
	touch(inode, ATTR_CTIME);
	if (S_ISDIR(inode->mode))
		inode->nlink = 0;
	else if (inode->nlink)
		inode->nlink--;
	if (!inode->nlink)
		ext4_orphan_add(handle, ext4_inode(inode));
}

static int remove_inline(struct ext4_handle *handle, struct inode *dir, struct dentry *dentry)
{
	struct inode *inode = dentry->inode;
	int err = ext4_txn_dirty_inode(handle, ext4_inode(inode));

	if (!err)
		err = ext4_inline_dir_delete(handle, ext4_inode(dir), &dentry->name,
					     (u32)inode->number);
	if (err)
		return err;
	err = ext4_dir_changed(handle, ext4_inode(dir), S_ISDIR(inode->mode) ? -1 : 0);
	drop_link(handle, inode);
	return err;
}

static int remove_entry(struct inode *dir, struct dentry *dentry)
{
	struct inode *inode = dentry->inode;
	struct ext4_dir_slot slot;
	struct ext4_handle handle;
	int err = ext4_txn_begin(ext4_fs(dir->super), EXT4_CREDITS_DELETE, &handle);

	if (err)
		return err;
	if (ext4_is_inline(ext4_inode(dir))) {
		err = remove_inline(&handle, dir, dentry);
		goto out;
	}
	err = find_existing(ext4_inode(dir), &dentry->name, &slot);
	if (err)
		goto out;
	if (le32_get(slot.entry->inode) != inode->number) {
		err = ext4_error(handle.fs, ext4_ino(ext4_inode(dir)), slot.buffer->block,
				 "an entry changed its inode");
		goto out_slot;
	}
	err = ext4_txn_dirty_inode(&handle, ext4_inode(inode));
	if (!err)
		err = ext4_txn_dirty_inode(&handle, ext4_inode(dir));
	if (!err)
		err = ext4_block_delete(&handle, ext4_inode(dir), slot.buffer, slot.entry);
	if (err)
		goto out_slot;
	ext4_inode(dir)->insert_hint = min(ext4_inode(dir)->insert_hint, slot.logical);
	err = ext4_dir_changed(&handle, ext4_inode(dir), S_ISDIR(inode->mode) ? -1 : 0);
	drop_link(&handle, inode);
out_slot:
	ext4_dir_slot_put(&slot);
out:
	ext4_txn_end(&handle);
	return err;
}

static int ext4_unlink(struct inode *dir, struct dentry *dentry)
{
	return remove_entry(dir, dentry);
}

static int ext4_rmdir(struct inode *dir, struct dentry *dentry)
{
	bool empty;
	int err = ext4_dir_is_empty(ext4_inode(dentry->inode), &empty);

	if (err)
		return err;
	return empty ? remove_entry(dir, dentry) : -ENOTEMPTY;
}

/* ---- renaming ---- */

struct rename {
	struct ext4_handle handle;
	struct inode *old_dir, *new_dir;
	struct dentry *old_dentry, *new_dentry;
	struct inode *moved, *target; /* target: NULL if the name is free */
	struct ext4_inode *whiteout;
};

/* Points the entry for name at another inode. */
static int redirect(struct ext4_handle *handle, struct inode *dir, const struct qstr *name,
		    struct inode *inode)
{
	struct ext4_dir_slot slot;
	int err = find_existing(ext4_inode(dir), name, &slot);

	if (err)
		return err;
	err = ext4_txn_access(handle, slot.buffer);
	if (!err) {
		slot.entry->inode = le32_make((u32)inode->number);
		slot.entry->file_type = ext4_file_type(handle->fs, inode->mode);
		ext4_txn_dirty(handle, slot.buffer, EXT4_CSUM_DIR, ext4_inode(dir));
	}
	ext4_dir_slot_put(&slot);
	return err;
}

/* ".." of a directory that moves. Access first (commit false), then the change, which can't fail.
 */
static int move_dotdot(struct ext4_handle *handle, struct inode *inode, struct inode *parent,
		       bool change)
{
	struct ext4_inode *dir = ext4_inode(inode);
	struct buffer *buffer;
	int err = ext4_dir_block_read(dir, 0, &buffer);

	if (err)
		return err;
	u32 end = ext4_dir_block_end(dir, 0, buffer->data), at = ext4_rec_len(buffer->data);
	struct ext4_dirent *entry = (void *)((u8 *)buffer->data + at);

	if (!ext4_dirent_valid(handle->fs, buffer->data, at, end) || entry->name_len != 2 ||
	    entry->name[0] != '.' || entry->name[1] != '.')
		err = ext4_error(handle->fs, ext4_ino(dir), buffer->block,
				 "the directory has no \"..\"");
	else
		err = ext4_txn_access(handle, buffer);
	if (!err && change) {
		entry->inode = le32_make((u32)parent->number);
		ext4_txn_dirty(handle, buffer,
			       end == handle->fs->block_size && handle->fs->metadata_csum
				   ? EXT4_CSUM_DX
				   : EXT4_CSUM_DIR,
			       dir);
	}
	buffer_put(buffer);
	return err;
}

static int access_all(struct rename *r)
{
	struct inode *const inodes[] = {r->old_dir, r->new_dir, r->moved, r->target};
	bool moves = r->old_dir != r->new_dir;
	int err = 0;

	for (size_t i = 0; i < ARRAY_SIZE(inodes) && !err; i++)
		if (inodes[i])
			err = ext4_txn_dirty_inode(&r->handle, ext4_inode(inodes[i]));
	if (!err && moves && S_ISDIR(r->moved->mode))
		err = move_dotdot(&r->handle, r->moved, r->new_dir, false);
	return err;
}

static int delete_old(struct rename *r)
{
	struct ext4_dir_slot slot;
	int err = find_existing(ext4_inode(r->old_dir), &r->old_dentry->name, &slot);

	if (err)
		return err;
	err = ext4_block_delete(&r->handle, ext4_inode(r->old_dir), slot.buffer, slot.entry);
	if (!err)
		ext4_inode(r->old_dir)->insert_hint =
		    min(ext4_inode(r->old_dir)->insert_hint, slot.logical);
	ext4_dir_slot_put(&slot);
	return err;
}

/* The new name points at the moved inode; before that, nothing was changed. */
static int take_new_name(struct rename *r)
{
	if (r->target)
		return redirect(&r->handle, r->new_dir, &r->new_dentry->name, r->moved);
	return ext4_dir_insert(&r->handle, ext4_inode(r->new_dir), &r->new_dentry->name,
			       (u32)r->moved->number, ext4_file_type(r->handle.fs, r->moved->mode));
}

/* The old name could not be removed: the new one goes again. */
static void undo_new_name(struct rename *r)
{
	struct ext4_dir_slot slot;
	int err;

	if (r->target) {
		err = redirect(&r->handle, r->new_dir, &r->new_dentry->name, r->target);
	} else {
		err = find_existing(ext4_inode(r->new_dir), &r->new_dentry->name, &slot);
		if (!err) {
			err = ext4_block_delete(&r->handle, ext4_inode(r->new_dir), slot.buffer,
						slot.entry);
			ext4_dir_slot_put(&slot);
		}
	}
	if (err)
		ext4_error(r->handle.fs, (u32)r->moved->number, 0,
			   "a failed rename left two names: error %d", err);
}

static int rename_handle(struct rename *r)
{
	bool dir = S_ISDIR(r->moved->mode), moves = r->old_dir != r->new_dir;
	int err = access_all(r);

	if (!err)
		err = take_new_name(r);
	if (err)
		return err;
	err = r->whiteout
		  ? redirect(&r->handle, r->old_dir, &r->old_dentry->name, &r->whiteout->vfs)
		  : delete_old(r);
	if (!err && dir && moves) {
		err = move_dotdot(&r->handle, r->moved, r->new_dir, true);
	}
	if (err) {
		undo_new_name(r);
		return err;
	}
	touch(r->moved, ATTR_CTIME);
	int links = 0;

	if (dir && r->target)
		links = -1; /* the parent had one for each and keeps one */
	if (dir && moves) {
		err = ext4_dir_changed(&r->handle, ext4_inode(r->old_dir), -1);
		links++;
	} else if (moves) {
		err = ext4_dir_changed(&r->handle, ext4_inode(r->old_dir), 0);
	}
	int new_err = ext4_dir_changed(&r->handle, ext4_inode(r->new_dir), links);

	if (r->target)
		drop_link(&r->handle, r->target);
	return err ? err : new_err;
}

static int exchange_handle(struct rename *r)
{
	bool moves = r->old_dir != r->new_dir;
	int by = moves ? (int)S_ISDIR(r->moved->mode) - (int)S_ISDIR(r->target->mode) : 0;
	int err = access_all(r);

	if (!err && moves && S_ISDIR(r->target->mode))
		err = move_dotdot(&r->handle, r->target, r->old_dir, false);
	if (!err)
		err = redirect(&r->handle, r->new_dir, &r->new_dentry->name, r->moved);
	if (err)
		return err;
	err = redirect(&r->handle, r->old_dir, &r->old_dentry->name, r->target);
	if (err) {
		undo_new_name(r);
		return err;
	}
	if (moves && S_ISDIR(r->moved->mode))
		err = move_dotdot(&r->handle, r->moved, r->new_dir, true);
	if (!err && moves && S_ISDIR(r->target->mode))
		err = move_dotdot(&r->handle, r->target, r->old_dir, true);
	touch(r->moved, ATTR_CTIME);
	touch(r->target, ATTR_CTIME);
	int old_err = ext4_dir_changed(&r->handle, ext4_inode(r->old_dir), -by);
	int new_err = ext4_dir_changed(&r->handle, ext4_inode(r->new_dir), by);

	return err ? err : old_err ? old_err : new_err;
}

static int make_whiteout(struct rename *r)
{
	int err = ext4_inode_create(&r->handle, r->old_dir, S_IFCHR, 0, &r->whiteout);

	if (err) {
		r->whiteout = NULL;
		return err;
	}
	put_device(r->whiteout, 0, 0);
	inode_init_special(&r->whiteout->vfs, r->whiteout->vfs.mode, 0, 0);
	return 0;
}

/* The directories whose entries change, ".." included. */
static int convert_inline(const struct rename *r)
{
	struct inode *const inodes[] = {r->old_dir, r->new_dir, r->moved, r->target};
	int err = 0;

	for (size_t i = 0; i < ARRAY_SIZE(inodes) && !err; i++)
		if (inodes[i] && S_ISDIR(inodes[i]->mode))
			err = ext4_inline_convert(ext4_inode(inodes[i]), 0);
	return err;
}

static int ext4_rename(struct inode *old_dir, struct dentry *old_dentry, struct inode *new_dir,
		       struct dentry *new_dentry, unsigned int flags)
{
	struct rename r = {.old_dir = old_dir,
			   .new_dir = new_dir,
			   .old_dentry = old_dentry,
			   .new_dentry = new_dentry,
			   .moved = old_dentry->inode,
			   .target = new_dentry->inode};
	bool dir = S_ISDIR(r.moved->mode), empty;
	struct ext4_quota_pins pins = {{NULL}};
	int err;

	if (flags & ~(unsigned int)(RENAME_NOREPLACE | RENAME_EXCHANGE | RENAME_WHITEOUT))
		return -EINVAL;
	if (leaves_project(new_dir, r.moved) ||
	    ((flags & RENAME_EXCHANGE) && leaves_project(old_dir, r.target)))
		return -EXDEV;
	if (r.target && dir && !(flags & RENAME_EXCHANGE)) {
		err = ext4_dir_is_empty(ext4_inode(r.target), &empty);
		if (err)
			return err;
		if (!empty)
			return -ENOTEMPTY;
	}
	err = convert_inline(&r);
	if (err)
		return err;
	if (dir && old_dir != new_dir && !r.target && dir_is_full_of_links(ext4_inode(new_dir)))
		return -EMLINK;
	if (r.target && !dir && S_ISREG(r.moved->mode) &&
	    !(ext4_fs(old_dir->super)->options.flags & EXT4_OPT_NO_AUTO_DA_ALLOC))
		ext4_flush_start(ext4_inode(r.moved)); /* the new contents go with the new name */
	if (flags & RENAME_WHITEOUT) {
		err = ext4_quota_pin_new(old_dir, &pins);
		if (err)
			return err;
	}
	/* a whiteout, the new name, two directories, two inodes and their first blocks */
	err = ext4_txn_begin(ext4_fs(old_dir->super),
			     EXT4_CREDITS_INODE + ext4_dir_insert_credits(ext4_inode(new_dir)) +
				 EXT4_CREDITS_DELETE,
			     &r.handle);
	if (err) {
		ext4_quota_unpin(ext4_fs(old_dir->super), &pins);
		return err;
	}
	if (flags & RENAME_EXCHANGE) {
		err = exchange_handle(&r);
	} else {
		if (flags & RENAME_WHITEOUT)
			err = make_whiteout(&r);
		if (!err)
			err = rename_handle(&r);
	}
	if (err && r.whiteout) {
		r.whiteout->vfs.nlink = 0;
		ext4_orphan_add(&r.handle, r.whiteout);
	}
	ext4_txn_end(&r.handle);
	ext4_quota_unpin(ext4_fs(old_dir->super), &pins);
	if (r.whiteout) {
		inode_unlock_new(&r.whiteout->vfs);
		inode_put(&r.whiteout->vfs);
	}
	return err;
}

const struct inode_ops ext4_dir_inode_ops = {
    .lookup = ext4_lookup,
    .create = ext4_create,
    .mkdir = ext4_mkdir,
    .mknod = ext4_mknod,
    .symlink = ext4_symlink,
    .link = ext4_link,
    .unlink = ext4_unlink,
    .rmdir = ext4_rmdir,
    .rename = ext4_rename,
    .tmpfile = ext4_tmpfile,
    .setattr = ext4_setattr,
    EXT4_XATTR_OPS,
};
