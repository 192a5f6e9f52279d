/*
 * The page cache over a file system of the test's own, whose "disk" is an array: it can fail, delay
 * and count.
 */
#include "files.h"

#include "host_clock.h"
#include "host_memory.h"
#include "host_thread.h"
#include "host_user.h"
#include "lib/errno.h"
#include "lib/mutex.h"
#include "mm/kmalloc.h"
#include "vfs/file.h"
#include "vfs/inode.h"
#include "vfs/mount.h"
#include "vfs/pagecache.h"

#define DISK_PAGES 300

static u8 disk[DISK_PAGES][PAGE_SIZE];
static unsigned int reads, pages_read, pages_written, fields_written, syncs;
static bool fail_reads, fail_writes, hold_writes;
static struct page *held[DISK_PAGES];
static unsigned int held_count;

static void sim_read(struct page_mapping *mapping, struct page **pages, unsigned int n)
{
	reads++;
	for (unsigned int i = 0; i < n; i++) {
		if (i)
			ck_assert_uint_eq(pages[i]->index, pages[0]->index + i);
		pages_read++;
		if (fail_reads || pages[i]->index >= DISK_PAGES) {
			page_flag_set(pages[i], PG_ERROR);
		} else {
			memcpy(page_address(pages[i]), disk[pages[i]->index], PAGE_SIZE);
			page_flag_set(pages[i], PG_UPTODATE);
		}
		page_unlock(pages[i]);
	}
}

static int sim_write(struct page_mapping *mapping, struct writeback_control *wbc)
{
	u64 index = wbc->first;
	struct page *page;

	while (wbc->budget && (page = pagecache_next_dirty(mapping, &index, wbc->last))) {
		page_lock(page);
		if (page->mapping == mapping && pagecache_start_writeback(page)) {
			wbc->budget--;
			pages_written++;
			if (!fail_writes)
				memcpy(disk[page->index], page_address(page), PAGE_SIZE);
			if (hold_writes)
				held[held_count++] = page;
			else
				pagecache_end_writeback(page, fail_writes ? -EIO : 0);
		}
		page_unlock(page);
		page_put(page);
		if (index++ == wbc->last)
			break;
	}
	return 0;
}

static void release_writes(void)
{
	while (held_count)
		pagecache_end_writeback(held[--held_count], 0);
}

static int sim_write_begin(struct page_mapping *mapping, struct page *page, u32 from, u32 to)
{
	if (page->index >= DISK_PAGES)
		return -ENOSPC;
	if (!page_flag_test(page, PG_UPTODATE) && (from || to < PAGE_SIZE)) {
		memcpy(page_address(page), disk[page->index], PAGE_SIZE);
		page_flag_set(page, PG_UPTODATE);
	}
	return 0;
}

static int sim_write_end(struct page_mapping *mapping, struct page *page, u32 from, u32 copied)
{
	loff_t end = (loff_t)(page->index * PAGE_SIZE + from + copied);

	if (!copied)
		return 0;
	page_flag_set(page, PG_UPTODATE);
	pagecache_dirty(page);
	if (end > inode_size(mapping->inode))
		inode_size_set(mapping->inode, end);
	return 0;
}

static const struct mapping_ops sim_mapping_ops = {
    .read = sim_read,
    .write = sim_write,
    .write_begin = sim_write_begin,
    .write_end = sim_write_end,
};

static int sim_lookup(struct inode *dir, const struct qstr *name, struct inode **out)
{
	bool is_new;
	int error;

	*out = NULL;
	if (name->length != 1 || name->name[0] != 'f')
		return 0;
	error = inode_get(dir->super, 2, out, &is_new);
	if (!error && is_new) {
		(*out)->mode = S_IFREG | 0644;
		(*out)->file_ops = &pagecache_file_ops;
		(*out)->mapping.ops = &sim_mapping_ops;
		(*out)->size = 100 * PAGE_SIZE;
		inode_unlock_new(*out);
	}
	return error;
}

static const struct inode_ops sim_dir_ops = {.lookup = sim_lookup};

static int sim_inode_write(struct inode *inode, bool wait)
{
	fields_written++;
	return 0;
}

static int sim_sync(struct super_block *super, bool wait)
{
	syncs++;
	return 0;
}

static const struct super_ops sim_super_ops = {.inode_write = sim_inode_write, .sync = sim_sync};

static int sim_mount(struct super_block *super, const char *options, struct inode **root)
{
	bool is_new;
	int error;

	super->ops = &sim_super_ops;
	error = inode_get(super, 1, root, &is_new);
	if (error)
		return error;
	(*root)->mode = S_IFDIR | 0755;
	(*root)->ops = &sim_dir_ops;
	inode_unlock_new(*root);
	return 0;
}

static struct fs_type sim_type = {.name = "sim", .mount = sim_mount};
static struct file *file;
static struct page_mapping *mapping;

static void start(void)
{
	struct path path;

	files_start();
	fs_type_register(&sim_type);
	ok(dir_make("/m"));
	ok(path_lookup(FILES_AT_FDCWD, "/m", 0, &path));
	ok(mount_new("sim", &path, "sim", 0, NULL));
	path_put(&path);
	for (size_t i = 0; i < DISK_PAGES; i++)
		memset(disk[i], (int)(i + 1), PAGE_SIZE);
	file = must_open("/m/f", O_RDWR);
	mapping = &file->inode->mapping;
}

static void stop(void)
{
	struct path path;

	release_writes();
	file_put(file);
	ok(path_lookup(FILES_AT_FDCWD, "/m", 0, &path));
	ok(mount_umount(&path, 0));
	path_put(&path);
}

static u8 buf[64 * PAGE_SIZE];

static ssize_t read_at(loff_t pos, size_t n)
{
	return file_read_kernel(file, buf, n, &pos);
}

static ssize_t write_at(loff_t pos, u8 byte, size_t n)
{
	memset(buf, byte, n);
	return file_write_kernel(file, buf, n, &pos);
}

static size_t dirty(void)
{
	struct pagecache_stats stats;

	pagecache_stats_get(&stats);
	return stats.dirty;
}

START_TEST(a_page_is_read_once)
{
	ck_assert_int_eq(read_at(5 * PAGE_SIZE + 10, 20), 20);
	ck_assert_uint_eq(buf[0], 6);
	unsigned int before = pages_read;
	ck_assert_int_eq(read_at(5 * PAGE_SIZE + 100, 200), 200);
	ck_assert_uint_eq(pages_read, before);
}
END_TEST

START_TEST(reads_end_with_the_file)
{
	ck_assert_int_eq(read_at(100 * PAGE_SIZE - 5, 100), 5);
	ck_assert_int_eq(read_at(100 * PAGE_SIZE, 100), 0);
	ck_assert_int_eq(read_at(1000 * PAGE_SIZE, 100), 0);
}
END_TEST

START_TEST(a_sequential_reader_gets_ever_longer_windows)
{
	for (loff_t pos = 0; pos < 64 * (loff_t)PAGE_SIZE; pos += PAGE_SIZE) {
		ck_assert_int_eq(read_at(pos, PAGE_SIZE), PAGE_SIZE);
		ck_assert_uint_eq(buf[0], (u8)(pos / PAGE_SIZE + 1));
	}
	ck_assert_uint_lt(reads, 8);
	ck_assert_uint_ge(pages_read, 64);
}
END_TEST

START_TEST(a_random_reader_gets_what_it_asks_for)
{
	static const unsigned int at[] = {50, 7, 90, 33, 71};

	for (size_t i = 0; i < ARRAY_SIZE(at); i++)
		ck_assert_int_eq(read_at(at[i] * (loff_t)PAGE_SIZE, PAGE_SIZE), PAGE_SIZE);
	ck_assert_uint_eq(pages_read, ARRAY_SIZE(at));
	ck_assert_int_eq(read_at(20 * PAGE_SIZE, 10 * PAGE_SIZE), 10 * PAGE_SIZE);
	ck_assert_uint_eq(pages_read, ARRAY_SIZE(at) + 10);
}
END_TEST

START_TEST(a_failed_read_is_an_error_and_may_be_tried_again)
{
	fail_reads = true;
	ck_assert_int_eq(read_at(3 * PAGE_SIZE, 10), -EIO);
	ck_assert_int_eq(read_at(3 * PAGE_SIZE, 10), -EIO);
	fail_reads = false;
	ck_assert_int_eq(read_at(3 * PAGE_SIZE, 10), 10);
	ck_assert_uint_eq(buf[0], 4);
}
END_TEST

START_TEST(a_read_that_fails_later_gives_what_it_has)
{
	ck_assert_int_eq(read_at(8 * PAGE_SIZE, PAGE_SIZE), PAGE_SIZE);
	fail_reads = true;
	ck_assert_int_eq(read_at(8 * PAGE_SIZE, 3 * PAGE_SIZE), PAGE_SIZE);
}
END_TEST

START_TEST(writes_stay_in_memory_until_they_are_synced)
{
	ck_assert_int_eq(write_at(10, 0xaa, 3 * PAGE_SIZE), 3 * PAGE_SIZE);
	ck_assert_uint_eq(dirty(), 4);
	ck_assert_uint_eq(pages_written, 0);
	ck_assert_int_eq(read_at(0, PAGE_SIZE), PAGE_SIZE);
	ck_assert_uint_eq(buf[9], 1);
	ck_assert_uint_eq(buf[10], 0xaa);
	ok(vfs_fsync(file, 0, S64_MAX, false));
	ck_assert_uint_eq(pages_written, 4);
	ck_assert_uint_ge(fields_written, 1);
	ck_assert_uint_eq(dirty(), 0);
	ck_assert_uint_eq(disk[0][9], 1);
	ck_assert_uint_eq(disk[0][10], 0xaa);
	ck_assert_uint_eq(disk[3][9], 0xaa);
	ck_assert_uint_eq(disk[3][10], 4);
	ok(vfs_fsync(file, 0, S64_MAX, false));
	ck_assert_uint_eq(pages_written, 4);
}
END_TEST

START_TEST(a_whole_page_is_overwritten_without_reading_it)
{
	ck_assert_int_eq(write_at(4 * PAGE_SIZE, 1, PAGE_SIZE), PAGE_SIZE);
	ck_assert_uint_eq(pages_read, 0);
}
END_TEST

START_TEST(only_the_range_is_written)
{
	for (int i = 0; i < 10; i++)
		ck_assert_int_eq(write_at(i * (loff_t)PAGE_SIZE, 7, PAGE_SIZE), PAGE_SIZE);
	ok(pagecache_write_and_wait(mapping, 2 * PAGE_SIZE, 5 * PAGE_SIZE - 1));
	ck_assert_uint_eq(pages_written, 3);
	ck_assert_uint_eq(dirty(), 7);
}
END_TEST

START_TEST(an_error_of_write_back_is_told_once_to_each_who_has_the_file_open)
{
	struct file *other = must_open("/m/f", O_RDONLY), *late;

	ck_assert_int_eq(write_at(0, 1, PAGE_SIZE), PAGE_SIZE);
	fail_writes = true;
	fails(-EIO, vfs_fsync(file, 0, S64_MAX, false));
	fail_writes = false;
	ok(vfs_fsync(file, 0, S64_MAX, false));
	fails(-EIO, vfs_fsync(other, 0, S64_MAX, true));
	ok(vfs_fsync(other, 0, S64_MAX, true));
	late = must_open("/m/f", O_RDONLY);
	ok(vfs_fsync(late, 0, S64_MAX, false));
	file_put(late);
	file_put(other);
}
END_TEST

START_TEST(a_buffer_that_goes_away_in_the_middle_leaves_no_garbage)
{
	struct uio uio;
	loff_t pos = 20 * PAGE_SIZE;

	memset(buf, 0x77, 2 * PAGE_SIZE);
	host_user_fault_arm(buf + 100, PAGE_SIZE);
	uio_init_user(&uio, buf, PAGE_SIZE);
	ck_assert_int_eq(file_write(file, &uio, &pos, 0), -EFAULT);
	host_user_fault_arm(NULL, 0);
	ck_assert_int_eq(read_at(20 * PAGE_SIZE, PAGE_SIZE), PAGE_SIZE);
	for (size_t i = 100; i < PAGE_SIZE; i++)
		ck_assert_uint_eq(buf[i], 21);
}
END_TEST

START_TEST(a_buffer_that_is_not_present_is_faulted_in)
{
	struct uio uio;
	loff_t pos = 0;

	memset(buf, 0x66, PAGE_SIZE);
	host_user_absent_arm(buf, PAGE_SIZE);
	uio_init_user(&uio, buf, PAGE_SIZE);
	ck_assert_int_eq(file_write(file, &uio, &pos, 0), PAGE_SIZE);
	memset(buf, 0, PAGE_SIZE);
	ck_assert_int_eq(read_at(0, PAGE_SIZE), PAGE_SIZE);
	ck_assert_uint_eq(buf[PAGE_SIZE - 1], 0x66);
}
END_TEST

START_TEST(a_full_disk_ends_a_write_short)
{
	ck_assert_int_eq(write_at((DISK_PAGES - 2) * PAGE_SIZE, 5, 4 * PAGE_SIZE), 2 * PAGE_SIZE);
	ck_assert_int_eq(write_at(DISK_PAGES * PAGE_SIZE, 5, 10), -ENOSPC);
	ck_assert_int_eq(inode_size(file->inode), DISK_PAGES * PAGE_SIZE);
}
END_TEST

START_TEST(truncation_drops_pages_and_zeroes_the_last_one)
{
	ck_assert_int_eq(write_at(0, 9, 10 * PAGE_SIZE), 10 * PAGE_SIZE);
	pagecache_truncate(mapping, 2 * PAGE_SIZE + 100);
	ck_assert_uint_eq(dirty(), 3);
	ck_assert_uint_eq(mapping->page_count, 3);
	ck_assert_int_eq(read_at(2 * PAGE_SIZE, PAGE_SIZE), PAGE_SIZE);
	ck_assert_uint_eq(buf[99], 9);
	ck_assert_uint_eq(buf[100], 0);
	pagecache_truncate(mapping, 0);
	ck_assert_uint_eq(mapping->page_count, 0);
	ck_assert_uint_eq(dirty(), 0);
}
END_TEST

START_TEST(a_hole_takes_whole_pages_and_zeroes_the_ends)
{
	ck_assert_int_eq(write_at(0, 9, 10 * PAGE_SIZE), 10 * PAGE_SIZE);
	pagecache_punch(mapping, PAGE_SIZE + 10, 4 * PAGE_SIZE + 20);
	ck_assert_uint_eq(mapping->page_count, 8);
	ck_assert_int_eq(read_at(PAGE_SIZE, PAGE_SIZE), PAGE_SIZE);
	ck_assert_uint_eq(buf[9], 9);
	ck_assert_uint_eq(buf[10], 0);
	ck_assert_int_eq(read_at(4 * PAGE_SIZE, PAGE_SIZE), PAGE_SIZE);
	ck_assert_uint_eq(buf[19], 0);
	ck_assert_uint_eq(buf[20], 9);
	pagecache_punch(mapping, 6 * PAGE_SIZE + 5, 6 * PAGE_SIZE + 8);
	ck_assert_int_eq(read_at(6 * PAGE_SIZE, 10), 10);
	ck_assert_mem_eq(buf, "\x09\x09\x09\x09\x09\0\0\0\x09\x09", 10);
}
END_TEST

START_TEST(only_clean_pages_are_invalidated)
{
	ck_assert_int_eq(read_at(0, 8 * PAGE_SIZE), 8 * PAGE_SIZE);
	ck_assert_int_eq(write_at(2 * PAGE_SIZE, 9, PAGE_SIZE), PAGE_SIZE);
	size_t before = mapping->page_count;
	ck_assert_uint_eq(pagecache_invalidate(mapping, 0, U64_MAX), before - 1);
	ck_assert(pagecache_is_resident(mapping, 2));
	ck_assert(!pagecache_is_resident(mapping, 3));
	ck_assert_int_eq(read_at(2 * PAGE_SIZE, 1), 1);
	ck_assert_uint_eq(buf[0], 9);
}
END_TEST

START_TEST(reclaim_takes_clean_pages_and_spares_dirty_ones)
{
	ck_assert_int_eq(read_at(0, 64 * PAGE_SIZE), 64 * PAGE_SIZE);
	ck_assert_int_eq(write_at(0, 9, 4 * PAGE_SIZE), 4 * PAGE_SIZE);
	for (int i = 0; i < 8; i++)
		host_shrink_all(300, MM_NOFS);
	ck_assert_uint_eq(mapping->page_count, 4);
	ok(vfs_fsync(file, 0, S64_MAX, false));
	for (int i = 0; i < 8; i++)
		host_shrink_all(300, 0);
	ck_assert_uint_eq(mapping->page_count, 0);
	ck_assert_int_eq(read_at(0, PAGE_SIZE), PAGE_SIZE);
	ck_assert_uint_eq(buf[0], 9);
}
END_TEST

START_TEST(pages_that_are_used_again_outlive_a_scan)
{
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(read_at(0, 8 * PAGE_SIZE), 8 * PAGE_SIZE);
	host_shrink_all(16, MM_NOFS);
	ck_assert_int_eq(read_at(0, 8 * PAGE_SIZE), 8 * PAGE_SIZE);
	for (loff_t pos = 20; pos < 60; pos++)
		ck_assert_int_eq(read_at(pos * (loff_t)PAGE_SIZE, 1), 1);
	ck_assert(pagecache_is_resident(mapping, 0));
}
END_TEST

static void truncate_thread(void *arg)
{
	pagecache_truncate(mapping, 0);
}

START_TEST(truncation_waits_for_write_back)
{
	struct thread *thread;

	hold_writes = true;
	ck_assert_int_eq(write_at(0, 9, PAGE_SIZE), PAGE_SIZE);
	ok(pagecache_write_start(mapping, 0, S64_MAX, false));
	ck_assert_uint_eq(held_count, 1);
	thread = host_thread_start(truncate_thread, NULL);
	while (!host_threads_parked())
		;
	ck_assert_uint_eq(mapping->page_count, 1);
	release_writes();
	host_thread_join(thread);
	ck_assert_uint_eq(mapping->page_count, 0);
}
END_TEST

START_TEST(sync_writes_every_file_of_the_volume)
{
	ck_assert_int_eq(write_at(0, 9, 5 * PAGE_SIZE), 5 * PAGE_SIZE);
	ok(super_sync_all(true));
	ck_assert_uint_eq(pages_written, 5);
	ck_assert_uint_ge(syncs, 1);
	ck_assert_uint_eq(dirty(), 0);
}
END_TEST

START_TEST(unmounting_writes_what_is_dirty)
{
	struct path path;

	ck_assert_int_eq(write_at(0, 0xcc, PAGE_SIZE), PAGE_SIZE);
	file_put(file);
	ok(path_lookup(FILES_AT_FDCWD, "/m", 0, &path));
	ok(mount_umount(&path, 0));
	path_put(&path);
	ck_assert_uint_eq(disk[0][0], 0xcc);
	ok(path_lookup(FILES_AT_FDCWD, "/m", 0, &path));
	ok(mount_new("sim", &path, "sim", 0, NULL));
	path_put(&path);
	file = must_open("/m/f", O_RDWR);
}
END_TEST

START_TEST(memory_running_out_while_reading_or_writing_is_an_error)
{
	for (int write = 0; write < 2; write++)
		for (u64 n = 1;; n++) {
			bool failed;
			ssize_t got;

			pagecache_truncate(mapping, 0);
			host_alloc_fail_nth(n);
			got = write ? write_at(0, 3, 4 * PAGE_SIZE) : read_at(0, 4 * PAGE_SIZE);
			failed = host_alloc_failed();
			host_alloc_fail_nth(0);
			ck_assert_int_lt(n, 200);
			if (!failed) {
				ck_assert_int_eq(got, 4 * PAGE_SIZE);
				break;
			}
			ck_assert(got == -ENOMEM || got > 0);
		}
	ok(vfs_fsync(file, 0, S64_MAX, false));
}
END_TEST

Suite *suite_pagecache(void)
{
	return suite_with(
	    "pagecache", start, stop, a_page_is_read_once, reads_end_with_the_file,
	    a_sequential_reader_gets_ever_longer_windows, a_random_reader_gets_what_it_asks_for,
	    a_failed_read_is_an_error_and_may_be_tried_again,
	    a_read_that_fails_later_gives_what_it_has, writes_stay_in_memory_until_they_are_synced,
	    a_whole_page_is_overwritten_without_reading_it, only_the_range_is_written,
	    an_error_of_write_back_is_told_once_to_each_who_has_the_file_open,
	    a_buffer_that_goes_away_in_the_middle_leaves_no_garbage,
	    a_buffer_that_is_not_present_is_faulted_in, a_full_disk_ends_a_write_short,
	    truncation_drops_pages_and_zeroes_the_last_one,
	    a_hole_takes_whole_pages_and_zeroes_the_ends, only_clean_pages_are_invalidated,
	    reclaim_takes_clean_pages_and_spares_dirty_ones,
	    pages_that_are_used_again_outlive_a_scan, truncation_waits_for_write_back,
	    sync_writes_every_file_of_the_volume, unmounting_writes_what_is_dirty,
	    memory_running_out_while_reading_or_writing_is_an_error);
}
