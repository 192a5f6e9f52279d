/*
 * Preallocation: files that grow side by side stay in one piece each.
 *
 * A file that is open for writing gets, behind each run that is allocated for it, a window: free
 * blocks that nobody else is given while there are others. What is written next behind the run
 * comes from the window. Windows grow with the file, as log files and downloads do, from 64 KiB to
 * 8 MiB; so a file that is appended to in small steps, each with an fsync, has as many pieces as
 * its size has doublings, whatever else is written meanwhile. A file that was closed gets a window
 * for what of it still waits to be written. So small files have none: they are allocated whole, one
 * behind the other (group->cluster_hint).
 *
 * Windows exist in memory only. On disk, and in all counts of what is free, their blocks are free;
 * group->taken, which is what is searched, has them marked. So nothing needs to be undone after a
 * crash, and -ENOSPC is never due to them: before an allocation fails, all windows of the volume
 * are dropped. When nobody has the file open for writing, its window is dropped, and the group's
 * next search begins there if nothing was allocated behind it.
 *
 * A window's fields belong to its group's lock, since others may drop it; which group it is in, to
 * the file's map_lock. With bigalloc there are no windows: clusters do what they are for.
 */
#include "ext4/ext4_int.h"
#include "lib/bitmap.h"
#include "lib/string.h"

#define WINDOW_MIN_BYTES (64u << 10)
#define WINDOW_MAX_BYTES (8u << 20)
#define ROOM_WINDOWS     16 /* no windows on a volume that has not room for this many */

/* ---- the bitmap that is searched; the group's lock is held ---- */

int ext4_group_taken_make(struct ext4_fs *fs, struct ext4_group *group, const void *bitmap)
{
	if (group->taken)
		return 0;
	group->taken = kmalloc(fs->block_size, MM_NOFS);
	if (!group->taken)
		return -ENOMEM;
	memcpy(group->taken, bitmap, fs->block_size);
	return 0;
}

void ext4_group_taken_put(struct ext4_group *group)
{
	if (group->busy_clusters || group->window_clusters)
		return;
	kfree(group->taken);
	group->taken = NULL;
}

/* ---- windows; the group's lock is held ---- */

void ext4_window_set(struct ext4_fs *fs, struct ext4_group *group, const void *bitmap, u32 start,
		     u32 count, struct ext4_window *window)
{
	if (ext4_group_taken_make(fs, group, bitmap))
		return;
	bitmap_set_range(group->taken, start, count);
	group->window_clusters += count;
	group->cluster_hint = start + count;
	atomic_fetch_add(&fs->window_clusters, (s64)count);
	window->used = true;
	window->group = group->number;
	window->start = start;
	window->count = count;
	list_add(&window->node, &group->windows);
}

/* The window's first n blocks are no longer its own. */
static void window_cut(struct ext4_fs *fs, struct ext4_group *group, struct ext4_window *window,
		       u32 n)
{
	window->start += n;
	window->count -= n;
	group->window_clusters -= n;
	atomic_fetch_sub(&fs->window_clusters, (s64)n);
	if (!window->count)
		list_del(&window->node);
}

static void window_clear(struct ext4_fs *fs, struct ext4_group *group, struct ext4_window *window)
{
	u32 n = window->count;

	if (!list_is_linked(&window->node))
		return;
	bitmap_clear_range(group->taken, window->start, n);
	if (group->cluster_hint == window->start + n)
		group->cluster_hint = window->start;
	if (group->largest < fs->clusters_per_group)
		group->largest = group->largest * 2 + n;
	window_cut(fs, group, window, n);
	ext4_group_taken_put(group);
}

/* ---- a file's ---- */

static void drop(struct ext4_inode *inode)
{
	struct ext4_fs *fs = ext4_inode_fs(inode);

	if (!inode->window.used)
		return;
	struct ext4_group *group = ext4_group(fs, inode->window.group);

	mutex_lock(&group->lock);
	window_clear(fs, group, &inode->window);
	mutex_unlock(&group->lock);
	inode->window.used = false;
}

void ext4_window_drop(struct ext4_inode *inode)
{
	if (!READ_ONCE(inode->window.used))
		return;
	rwsem_write_lock(&inode->map_lock);
	drop(inode);
	rwsem_write_unlock(&inode->map_lock);
}

bool ext4_windows_drop_all(struct ext4_fs *fs)
{
	if (!atomic_load(&fs->window_clusters))
		return false;
	for (u32 i = 0; i < fs->group_count; i++) {
		struct ext4_group *group = ext4_group(fs, i);
		struct ext4_window *window, *next;

		if (!READ_ONCE(group->window_clusters))
			continue;
		mutex_lock(&group->lock);
		list_for_each_entry_safe(window, next, &group->windows, node)
			window_clear(fs, group, window);
		mutex_unlock(&group->lock);
	}
	return true;
}

/* Takes what lies there from the file's window, which then begins behind it. -ENOENT: nothing does.
 */
static int take(struct ext4_handle *handle, struct ext4_inode *inode, u64 goal, u32 *count,
		u64 *block)
{
	struct ext4_fs *fs = handle->fs;
	struct ext4_window *window = &inode->window;

	if (!window->used)
		return -ENOENT;
	struct ext4_group *group = ext4_group(fs, window->group);
	struct buffer *bitmap;

	mutex_lock(&group->lock);
	int err = ext4_block_bitmap_read(fs, group, &bitmap);

	if (err)
		goto out;
	u64 first = ext4_group_first(fs, group->number) + window->start;

	err = -ENOENT;
	if (list_is_linked(&window->node) && goal >= first && goal - first < window->count) {
		u32 skip = (u32)(goal - first);

		bitmap_clear_range(group->taken, window->start, skip);
		window_cut(fs, group, window, skip);
		u32 hint = group->cluster_hint, n = min(*count, window->count);

		err = ext4_group_take(handle, group, bitmap, window->start, n);
		group->cluster_hint = hint;
		if (!err) {
			window_cut(fs, group, window, n);
			ext4_group_taken_put(group);
			*block = goal;
			*count = n;
		}
	}
	buffer_put(bitmap);
out:
	mutex_unlock(&group->lock);
	return err;
}

/* How many blocks to keep behind n that are asked for. */
static u32 window_size(const struct ext4_fs *fs, const struct ext4_inode *inode, u32 n)
{
	u64 size = max((u64)inode_size(&inode->vfs), (u64)n << fs->block_bits);
	u64 bytes = WINDOW_MIN_BYTES;
	u32 delayed = READ_ONCE(inode->delayed), blocks = delayed > n ? delayed - n : 0;

	if (fs->bigalloc || !S_ISREG(inode->vfs.mode))
		return 0;
	while (bytes < size && bytes < WINDOW_MAX_BYTES)
		bytes *= 2;
	if (atomic_load(&inode->vfs.write_count) > 0)
		blocks = max(blocks, (u32)(bytes >> fs->block_bits));
	blocks = min(blocks, fs->clusters_per_group / 4);
	s64 room = atomic_load(&fs->free_clusters) - atomic_load(&fs->delayed_clusters) -
		   atomic_load(&fs->window_clusters);

	return room > (s64)blocks * ROOM_WINDOWS ? blocks : 0;
}

int ext4_blocks_alloc_file(struct ext4_handle *handle, struct ext4_inode *inode, u64 goal,
			   u32 *count, unsigned int flags, u64 *block)
{
	int err = take(handle, inode, goal, count, block);

	if (err != -ENOENT)
		return err;
	drop(inode);
	return ext4_blocks_alloc_window(handle, goal, count, window_size(handle->fs, inode, *count),
					flags, &inode->window, block);
}
