/*
 * Listing a directory in the order of its names' hashes.
 *
 * Splitting a leaf moves entries, so a position that said where an entry lies would show some twice
 * and miss others. A position is therefore a cookie made of the name's hash, which does not change
 * while the name exists: 0 and 1 for the dots, else (hash, second hash). A directory of one block
 * is listed like that too, because it may get an index while somebody reads it.
 *
 * What is collected at a time is a group: a leaf, with those that continue its last hash. Names
 * with one cookie are listed in the order of their bytes; when a reader's buffer ends among them,
 * the open file keeps the name to go on with.
 */
#include "ext4/htree_int.h"
#include "lib/assert.h"
#include "lib/string.h"
#include "vfs/file.h"

#include <linux/fs.h>

#define COOKIE_DOTDOT 1
#define COOKIE_FIRST  2
#define COOKIE_END    S64_MAX

struct item {
	loff_t cookie;
	const struct ext4_dirent *entry; /* in one of the group's buffers */
};

struct group {
	struct item *items;
	struct buffer **buffers; /* referenced */
	struct buffer copy;      /* one of them: what an inline directory would have */
	u32 count, room;
	u32 buffer_count, buffer_room;
};

/* file->private: where a reader stopped among names with one cookie. */
struct stop {
	loff_t cookie;
	u32 length;
	char name[EXT4_NAME_MAX];
};

static loff_t cookie_of(u32 hash, u32 minor)
{
	loff_t cookie = (loff_t)((u64)(hash >> 1) << 32 | minor);

	return max(cookie, COOKIE_FIRST);
}

/* The hash that this directory is listed by, if any. */
static bool hash_version(const struct ext4_inode *dir, u8 *version)
{
	const struct ext4_fs *fs = ext4_inode_fs(dir);

	*version = fs->default_hash;
	if (*version <= EXT4_HASH_TEA)
		*version += fs->hash_unsigned;
	return (fs->compat & EXT4_COMPAT_DIR_INDEX) && !(dir->flags & EXT4_CASEFOLD_FL) &&
	       *version <= EXT4_HASH_TEA_UNSIGNED &&
	       ((dir->flags & EXT4_INDEX_FL) || ext4_dir_blocks(dir) == 1);
}

static int name_compare(const char *a, u32 a_length, const char *b, u32 b_length)
{
	int order = memcmp(a, b, min(a_length, b_length));

	return order ? order : (int)a_length - (int)b_length;
}

static int items_names_compare(const struct item *x, const struct item *y)
{
	return name_compare(x->entry->name, x->entry->name_len, y->entry->name, y->entry->name_len);
}

/* By cookies, which nearly always differ. Shell's method: a leaf has hundreds of names at most, and
 * calls to compare would take longer than all else. */
static void items_sort(struct item *items, u32 n)
{
	static const u32 gaps[] = {1750, 701, 301, 132, 57, 23, 10, 4, 1};

	for (u32 g = 0; g < ARRAY_SIZE(gaps); g++) {
		u32 gap = gaps[g];

		for (u32 i = gap; i < n; i++) {
			struct item item = items[i];
			u32 at = i;

			for (; at >= gap; at -= gap) {
				const struct item *before = &items[at - gap];

				if (before->cookie < item.cookie ||
				    (before->cookie == item.cookie &&
				     items_names_compare(before, &item) <= 0))
					break;
				items[at] = *before;
			}
			items[at] = item;
		}
	}
}

/* ---- groups ---- */

/* A directory's only block, or its first; of an inline one, a copy in memory. */
static int first_block_read(struct ext4_inode *dir, struct buffer *copy, struct buffer **out)
{
	if (ext4_is_inline(dir)) {
		int err = ext4_inline_dir_block(dir, copy);

		*out = copy;
		if (err != -ENODATA)
			return err;
	}
	return ext4_dir_block_read(dir, 0, out);
}

static void block_put(struct buffer *buffer, const struct buffer *copy)
{
	if (buffer == copy)
		kfree(buffer->data);
	else
		buffer_put(buffer);
}

static void group_put(struct group *group)
{
	for (u32 i = 0; i < group->buffer_count; i++)
		block_put(group->buffers[i], &group->copy);
	kfree(group->buffers);
	kfree(group->items);
	*group = (struct group){NULL};
}

/* An array with room for more; the old one is freed. */
static int grow(void **array, u32 *room, u32 used, u32 want, size_t size)
{
	u32 more = max(want, *room * 2);
	void *fresh;

	if (want <= *room)
		return 0;
	fresh = kmalloc(more * size, MM_NOFS);
	if (!fresh)
		return -ENOMEM;
	if (used)
		memcpy(fresh, *array, used * size);
	kfree(*array);
	*array = fresh;
	*room = more;
	return 0;
}

static bool is_dots(const struct ext4_dirent *entry)
{
	return entry->name[0] == '.' &&
	       (entry->name_len == 1 || (entry->name_len == 2 && entry->name[1] == '.'));
}

/* Adds a block's names from cookie `from` on; the buffer's reference becomes the group's. */
static int collect(struct ext4_inode *dir, struct group *group, struct buffer *buffer, u8 version,
		   loff_t from)
{
	struct ext4_fs *fs = ext4_inode_fs(dir);
	u32 end = ext4_dir_space(fs);
	int err = grow((void **)&group->buffers, &group->buffer_room, group->buffer_count,
		       group->buffer_count + 1, sizeof(*group->buffers));

	if (!err)
		err = grow((void **)&group->items, &group->room, group->count,
			   group->count + fs->block_size / EXT4_DIRENT_SIZE(1),
			   sizeof(*group->items));
	if (err) {
		block_put(buffer, &group->copy);
		return err;
	}
	ASSERT(group->buffers && group->items);
	group->buffers[group->buffer_count++] = buffer;
	for (u32 at = 0; at < end;) {
		const struct ext4_dirent *entry = (const void *)((const u8 *)buffer->data + at);
		u32 hash, minor;

		if (!ext4_dirent_valid(fs, buffer->data, at, end))
			return ext4_dirent_damaged(dir, buffer->block, at);
		at += ext4_rec_len(entry);
		if (!le32_get(entry->inode) || !entry->name_len || is_dots(entry))
			continue;
		err = ext4_name_hash(version, fs->hash_seed, entry->name, entry->name_len, &hash,
				     &minor);
		if (err)
			return err;
		loff_t cookie = cookie_of(hash, minor);

		if (cookie >= from)
			group->items[group->count++] = (struct item){cookie, entry};
	}
	return 0;
}

/* Everything whose hash may be the path's: its leaf, and those that continue it. *next: the cookie
 * at which the next group begins. */
static int collect_leaves(struct ext4_inode *dir, struct group *group, struct ext4_dx_path *path,
			  loff_t from, loff_t *next)
{
	for (;;) {
		struct buffer *buffer;
		u32 key;
		int err = ext4_dx_leaf_read(dir, path->leaf, &buffer);

		if (!err)
			err = collect(dir, group, buffer, path->version, from);
		if (err)
			return err;
		if (!ext4_dx_next_key(path, &key)) {
			*next = COOKIE_END;
			return 0;
		}
		if (!(key & 1)) {
			*next = cookie_of(key, 0);
			return 0;
		}
		err = ext4_dx_next(dir, path);
		if (err)
			return err;
		thread_yield_point();
	}
}

static int collect_group(struct ext4_inode *dir, struct group *group, u8 version, loff_t from,
			 loff_t *next)
{
	struct ext4_dx_path path;
	int err;

	if (dir->flags & EXT4_INDEX_FL) {
		err = ext4_dx_probe(dir, NULL, (u32)((u64)from >> 32) << 1, &path);
		if (err)
			return err;
		err = collect_leaves(dir, group, &path, from, next);
		ext4_dx_path_put(&path);
	} else {
		struct buffer *buffer;

		*next = COOKIE_END;
		err = first_block_read(dir, &group->copy, &buffer);
		if (!err)
			err = collect(dir, group, buffer, version, from);
	}
	if (!err)
		items_sort(group->items, group->count);
	return err;
}

/* ---- emitting ---- */

/* The reader takes no more before this name, which shares its cookie with the one before it. */
static void remember_stop(struct stop *stop, const struct item *item)
{
	stop->cookie = item->cookie;
	stop->length = item->entry->name_len;
	memcpy(stop->name, item->entry->name, stop->length);
}

static int emit_group(struct file *file, const struct group *group, struct dir_context *ctx,
		      bool *full)
{
	const struct ext4_fs *fs = ext4_inode_fs(ext4_inode(file->inode));
	struct stop *stop = file->private;
	bool resumes = stop && stop->cookie == ctx->pos;

	for (u32 i = 0; i < group->count; i++) {
		const struct item *item = &group->items[i];
		const struct ext4_dirent *entry = item->entry;
		bool chained = i && group->items[i - 1].cookie == item->cookie;

		if (resumes && item->cookie == stop->cookie &&
		    name_compare(entry->name, entry->name_len, stop->name, stop->length) < 0)
			continue;
		if (chained && !file->private) {
			stop = kmalloc(sizeof(*stop), MM_NOFS | MM_ZERO);
			if (!stop)
				return -ENOMEM;
			file->private = stop;
		}
		ctx->pos = item->cookie;
		if (!ctx->emit(ctx, entry->name, entry->name_len, item->cookie,
			       le32_get(entry->inode), ext4_dirent_type(fs, entry))) {
			*full = true;
			if (chained)
				remember_stop(stop, item);
			return 0;
		}
	}
	return 0;
}

/* "." and "..", which lie in block 0 whatever the index says. */
static int emit_dots(struct ext4_inode *dir, struct dir_context *ctx, bool *full)
{
	struct buffer copy, *buffer;
	int err = first_block_read(dir, &copy, &buffer);

	if (err)
		return err;
	u32 end = ext4_dir_block_end(dir, 0, buffer->data);

	for (u32 at = 0; at < end && ctx->pos < COOKIE_FIRST && !*full;) {
		const struct ext4_dirent *entry = (const void *)((const u8 *)buffer->data + at);

		if (!ext4_dirent_valid(ext4_inode_fs(dir), buffer->data, at, end)) {
			err = ext4_dirent_damaged(dir, buffer->block, at);
			break;
		}
		at += ext4_rec_len(entry);
		if (!le32_get(entry->inode) || !is_dots(entry) || entry->name_len <= ctx->pos)
			continue;
		ctx->pos = entry->name_len - 1;
		if (ctx->emit(ctx, entry->name, entry->name_len, ctx->pos, le32_get(entry->inode),
			      S_IFDIR >> 12))
			ctx->pos++;
		else
			*full = true;
	}
	block_put(buffer, &copy);
	if (!err && !*full)
		ctx->pos = COOKIE_FIRST;
	return err;
}

int ext4_htree_readdir(struct file *file, struct dir_context *ctx)
{
	struct ext4_inode *dir = ext4_inode(file->inode);
	bool full = false;
	int err = 0;
	u8 version;

	if (!hash_version(dir, &version))
		return -ENOTDIR;
	if (ctx->pos < COOKIE_FIRST) {
		if (dir->flags & EXT4_INDEX_FL) {
			struct ext4_dx_path path;

			err = ext4_dx_probe(dir, NULL, 0,
					    &path); /* -ENOTDIR before anything is listed */
			if (err)
				return err;
			ext4_dx_path_put(&path);
		}
		err = emit_dots(dir, ctx, &full);
	}
	while (!err && !full && ctx->pos < COOKIE_END) {
		struct group group = {NULL};
		loff_t from = ctx->pos, next = COOKIE_END;

		err = collect_group(dir, &group, version, from, &next);
		if (!err)
			err = emit_group(file, &group, ctx, &full);
		group_put(&group);
		if (!err && !full && next <= from)
			err = ext4_error(ext4_inode_fs(dir), ext4_ino(dir), 0,
					 "directory index: keys are out of order");
		if (!err && !full)
			ctx->pos = next;
		thread_yield_point();
	}
	return err;
}

/* Cookies know no size: SEEK_END leads behind the last possible one. */
loff_t ext4_dir_seek(struct file *file, loff_t offset, int whence)
{
	u8 version;
	loff_t target;

	if (!hash_version(ext4_inode(file->inode), &version) ||
	    (whence != SEEK_SET && whence != SEEK_CUR && whence != SEEK_END))
		return file_seek_generic(file, offset, whence);
	if (__builtin_add_overflow(whence == SEEK_SET   ? 0
				   : whence == SEEK_CUR ? file->pos
							: COOKIE_END,
				   offset, &target) ||
	    target < 0)
		return -EINVAL;
	if (target != file->pos && file->private)
		((struct stop *)file->private)->cookie = -1;
	file->pos = target;
	return target;
}

void ext4_dir_release(struct file *file)
{
	kfree(file->private);
	file->private = NULL;
}
