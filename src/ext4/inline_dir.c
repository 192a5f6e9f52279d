/*
 * Small directories in their inodes, changed in place (inline.c tells the form).
 *
 * Each of the two runs of entries is changed like a block of a directory. Room for a name is made
 * before the operation begins (ext4_inline_dir_prepare): the attribute grows, or the directory gets
 * a block; inode->rwsem is held from then on, so that the operation itself finds it. Renaming moves
 * directories to blocks first.
 */
#include "ext4/inline_int.h"
#include "lib/string.h"
#include "mm/kmalloc.h"

#define PARENT_BYTES 4u
#define DOTS_BYTES   24u

/* Bytes that a directory may have here: with dots, they must fit into a block. */
static u32 dir_limit(const struct ext4_inode *dir)
{
	u32 in_block = ext4_dir_space(ext4_inode_fs(dir)) - DOTS_BYTES + PARENT_BYTES;

	return min(ext4_inline_limit(dir), round_down(in_block, 4u));
}

static struct ext4_dirent *entry_at(u8 *contents, u32 at)
{
	return (void *)(contents + at);
}

static u32 used_by(const struct ext4_dirent *entry)
{
	return le32_get(entry->inode) ? EXT4_DIRENT_SIZE(entry->name_len) : 0;
}

/* Where the run ends that `at` is in or begins; 0: that was the last. */
static u32 run_end(u32 at, u32 length)
{
	return at < EXT4_INLINE_MAP ? EXT4_INLINE_MAP : length;
}

static int damaged(struct ext4_inode *dir)
{
	return ext4_error(ext4_inode_fs(dir), ext4_ino(dir), 0,
			  "contents in the inode: a directory entry is wrong");
}

/*
 * Looks through both runs. name: for its entry; NULL: for one with `need` bytes to spare. *at: its
 * offset, 0 if there is none; *before: that of the entry before it in its run, or 0.
 */
static int search(struct ext4_inode *dir, u8 *contents, u32 length, const struct qstr *name,
		  u32 need, u32 *found, u32 *before)
{
	*found = *before = 0;
	for (u32 at = PARENT_BYTES; at < length;) {
		u32 end = run_end(at, length);

		*before = 0;
		while (at < end) {
			const struct ext4_dirent *entry = entry_at(contents, at);

			if (!ext4_dirent_valid(ext4_inode_fs(dir), contents, at, end))
				return damaged(dir);
			if (name ? le32_get(entry->inode) && entry->name_len == name->length &&
				       memcmp(entry->name, name->name, name->length) == 0
				 : ext4_rec_len(entry) - used_by(entry) >= need) {
				*found = at;
				return 0;
			}
			*before = at;
			at += ext4_rec_len(entry);
		}
	}
	return 0;
}

static void free_entry(u8 *contents, u32 at, u32 end)
{
	struct ext4_dirent *entry = entry_at(contents, at);

	memset(entry, 0, end - at);
	entry->rec_len = le16_make((u16)(end - at));
}

/* Reads and changes the contents in a block's memory, under xattr_lock. */
typedef int change_fn(struct ext4_handle *handle, struct ext4_inode *dir, u8 *contents, u32 length,
		      void *arg);

static int with_contents(struct ext4_handle *handle, struct ext4_inode *dir, change_fn *change,
			 void *arg)
{
	u8 *contents = kmalloc(ext4_inode_fs(dir)->block_size, MM_NOFS | MM_ZERO);
	u32 length = 0;

	if (!contents)
		return -ENOMEM;
	rwsem_write_lock(&dir->xattr_lock);
	int err = ext4_inline_read_all(dir, contents, &length);

	if (!err && (length > dir_limit(dir) || length % 4))
		err = damaged(dir);
	if (!err)
		err = change(handle, dir, contents, length, arg);
	rwsem_write_unlock(&dir->xattr_lock);
	kfree(contents);
	return err;
}

/* ---- making ---- */

int ext4_inline_dir_make(struct ext4_handle *handle, struct ext4_inode *dir,
			 struct ext4_inode *parent)
{
	u8 contents[EXT4_INLINE_MAP];

	if (dir_limit(dir) < EXT4_INLINE_MAP)
		return -ENOSPC;
	struct le32 number = le32_make(ext4_ino(parent));

	memcpy(contents, &number, sizeof(number));
	free_entry(contents, PARENT_BYTES, EXT4_INLINE_MAP);
	rwsem_write_lock(&dir->xattr_lock);
	int err = ext4_inline_put(handle, dir, contents, EXT4_INLINE_MAP);
	rwsem_write_unlock(&dir->xattr_lock);
	if (err)
		return err;
	inode_size_set(&dir->vfs, EXT4_INLINE_MAP);
	dir->disk_size = EXT4_INLINE_MAP;
	dir->vfs.nlink = 2;
	return 0;
}

/* ---- room ---- */

static int look_for_room(struct ext4_handle *handle, struct ext4_inode *dir, u8 *contents,
			 u32 length, void *arg)
{
	u32 found, before;
	int err = search(dir, contents, length, NULL, *(const u32 *)arg, &found, &before);

	(void)handle;
	return err ? err : found ? 0 : -ENOSPC;
}

/* The second run grows to *arg bytes of contents. -ENOSPC */
static int grow(struct ext4_handle *handle, struct ext4_inode *dir, u8 *contents, u32 length,
		void *arg)
{
	u32 wanted = *(const u32 *)arg, last = 0;

	for (u32 at = EXT4_INLINE_MAP; at < length; at += ext4_rec_len(entry_at(contents, at))) {
		if (!ext4_dirent_valid(handle->fs, contents, at, length))
			return damaged(dir);
		last = at;
	}
	if (last)
		entry_at(contents, last)->rec_len = le16_make((u16)(wanted - last));
	else
		free_entry(contents, EXT4_INLINE_MAP, wanted);
	int err = ext4_inline_put(handle, dir, contents, wanted);

	if (err)
		return err;
	inode_size_set(&dir->vfs, wanted);
	dir->disk_size = wanted;
	return 0;
}

int ext4_inline_dir_prepare(struct ext4_inode *dir, const struct qstr *name)
{
	struct ext4_fs *fs = ext4_inode_fs(dir);
	u32 need = EXT4_DIRENT_SIZE(name->length), limit = dir_limit(dir);
	u32 length = (u32)dir->vfs.size;
	struct ext4_handle handle;

	if (name->length > EXT4_NAME_MAX)
		return -ENAMETOOLONG;
	if (!ext4_is_inline(dir))
		return 0;
	int err = with_contents(NULL, dir, look_for_room, &need);

	if (err != -ENOSPC)
		return err;
	/* All there is, so that the next names need not do this; or as much as it takes. */
	u32 sizes[] = {limit, length + need};

	for (size_t i = 0; i < ARRAY_SIZE(sizes) && err == -ENOSPC; i++) {
		if (length < EXT4_INLINE_MAP || sizes[i] < length + need || sizes[i] > limit)
			continue;
		err = ext4_txn_begin(fs, ext4_xattr_credits(dir, 0) + 2, &handle);
		if (err)
			return err;
		err = with_contents(&handle, dir, grow, &sizes[i]);
		ext4_txn_end(&handle);
	}
	return err == -ENOSPC ? ext4_inline_convert(dir, 0) : err;
}

/* ---- changing ---- */

struct fresh {
	const struct qstr *name;
	u32 ino;
	u8 type;
};

static int insert(struct ext4_handle *handle, struct ext4_inode *dir, u8 *contents, u32 length,
		  void *arg)
{
	const struct fresh *fresh = arg;
	u32 at, before;
	int err = search(dir, contents, length, NULL, EXT4_DIRENT_SIZE(fresh->name->length), &at,
			 &before);

	if (err || !at)
		return err ? err : -ENOSPC;
	struct ext4_dirent *entry = entry_at(contents, at);
	u32 used = used_by(entry), room = ext4_rec_len(entry) - used;

	if (used) {
		entry->rec_len = le16_make((u16)used);
		entry = entry_at(contents, at + used);
	}
	entry->inode = le32_make(fresh->ino);
	entry->rec_len = le16_make((u16)room);
	entry->name_len = (u8)fresh->name->length;
	entry->file_type = fresh->type;
	memcpy(entry->name, fresh->name->name, fresh->name->length);
	return ext4_inline_put(handle, dir, contents, length);
}

int ext4_inline_dir_insert(struct ext4_handle *handle, struct ext4_inode *dir,
			   const struct qstr *name, u32 ino, u8 type)
{
	struct fresh fresh = {.name = name, .ino = ino, .type = type};

	return with_contents(handle, dir, insert, &fresh);
}

static int delete (struct ext4_handle *handle, struct ext4_inode *dir, u8 *contents, u32 length,
		   void *arg)
{
	const struct fresh *old = arg;
	u32 at, before;
	int err = search(dir, contents, length, old->name, 0, &at, &before);

	if (err)
		return err;
	if (!at || le32_get(entry_at(contents, at)->inode) != old->ino)
		return damaged(dir);
	u32 end = at + ext4_rec_len(entry_at(contents, at));

	if (before)
		entry_at(contents, before)->rec_len = le16_make((u16)(end - before));
	else
		free_entry(contents, at, end);
	return ext4_inline_put(handle, dir, contents, length);
}

int ext4_inline_dir_delete(struct ext4_handle *handle, struct ext4_inode *dir,
			   const struct qstr *name, u32 ino)
{
	struct fresh old = {.name = name, .ino = ino};

	return with_contents(handle, dir, delete, &old);
}
