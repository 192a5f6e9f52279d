/* Freezing: the disk of a frozen volume is one that was unmounted, and stays as it is. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "ext4_test.h"

#include "ext4/ext4_int.h"
#include "vfs/mount.h"
#include "vfs/pagecache.h"

#include <linux/fs.h>
#include <linux/mount.h>

static const char *const volumes[] = {"-t ext4 -b 1024", "-t ext4 -b 4096 -O quota,project",
				      "-t ext2 -b 1024", "-t ext4 -O ^has_journal"};

static int call(unsigned int cmd)
{
	struct file *file = t_open(".", O_RDONLY | O_DIRECTORY, 0);
	long err = ext4_ioctl(file, cmd, 0);

	t_close(file);
	return (int)err;
}

/* What somebody who copies the disk finds, without replaying anything. */
static void check_copy(void)
{
	t_run_ok("cp img copy && e2fsck -fn copy");
	t_run_ok("dumpe2fs -h copy 2>/dev/null");
	ck_assert_ptr_null(strstr(t_output(), "needs_recovery"));
	ck_assert_ptr_nonnull(strstr(t_output(), "Filesystem state:         clean"));
}

START_TEST(a_frozen_volume_is_clean_on_disk)
{
	t_mkfs(volumes[_i], 32768);
	t_mount_ok(NULL);
	for (u32 round = 0; round < 3; round++) {
		char name[20];

		snprintf(name, sizeof(name), "f%u", round);
		t_create(name, 500000, round);
		snprintf(name, sizeof(name), "d%u", round);
		ck_assert_int_eq(t_mkdir(name), 0);
		ck_assert_int_eq(call(FIFREEZE), 0);
		check_copy();
		ck_assert_int_eq(call(FIFREEZE), -EBUSY);
		ck_assert_int_eq(t_remount(MS_RDONLY, NULL), -EBUSY);
		ck_assert_int_eq(super_sync_all(true), 0);
		t_expect("f0", 500000, 0);
		ck_assert(t_exists(name));
		ck_assert_int_eq(call(FITHAW), 0);
		ck_assert_int_eq(call(FITHAW), -EINVAL);
	}
	t_create("after", 300000, 7);
	ck_assert_int_eq(t_unlink("f1"), 0);
	t_check();
}
END_TEST

static u32 done; /* atomic */

static void make_directory(void *arg)
{
	ck_assert_int_eq(t_mkdir("made"), 0);
	atomic_fetch_add(&done, 1);
}

static void append(void *arg)
{
	ck_assert_int_eq(t_pwrite(arg, "more", 4, 100), 4);
	atomic_fetch_add(&done, 1);
}

/* Does without a look at the courtesy of vfs. */
static void sync_page(void *arg)
{
	struct file *file = arg;

	ck_assert_int_eq(pagecache_write_start(&file->inode->mapping, 0, S64_MAX, true), 0);
	atomic_fetch_add(&done, 1);
}

START_TEST(writers_wait_for_the_thaw)
{
	t_mkfs(volumes[_i], 32768);
	t_mount_ok(NULL);
	t_create("f", 100, 1);
	struct file *file = t_open("f", O_RDWR, 0);

	ck_assert_int_eq(call(FIFREEZE), 0);
	struct file *later = t_open("f", O_RDWR, 0); /* nobody has to wait for that */
	struct page *page = NULL;

	/* As through a mapping: memory may change. */
	page = pagecache_find(&file->inode->mapping, 0);
	ck_assert_ptr_nonnull(page);
	page_lock(page);
	ck_assert_int_eq(file->inode->mapping.ops->page_mkwrite(&file->inode->mapping, page), 0);
	memset(page_address(page), 'm', 8);
	pagecache_dirty(page);
	page_unlock(page);
	page_put(page);
	ck_assert_int_eq(pagecache_write_start(&file->inode->mapping, 0, S64_MAX, false), 0);

	unsigned parked = host_threads_parked();
	struct thread *threads[] = {host_thread_start(make_directory, NULL),
				    host_thread_start(append, file),
				    host_thread_start(sync_page, file)};

	while (host_threads_parked() < parked + 3)
		sched_yield();
	check_copy();
	ck_assert_uint_eq(atomic_load(&done), 0);
	ck_assert_int_eq(call(FITHAW), 0);
	for (u32 i = 0; i < 3; i++)
		host_thread_join(threads[i]);
	ck_assert_uint_eq(atomic_load(&done), 3);
	t_close(file);
	t_close(later);
	t_check();
}
END_TEST

START_TEST(an_unmount_thaws)
{
	t_mkfs(volumes[_i], 32768);
	t_mount_ok(NULL);
	t_create("f", 5000, 1);
	ck_assert_int_eq(call(FIFREEZE), 0);
	t_check();
	ck_assert_int_eq(t_mount_type("ext4", MS_RDONLY, NULL), 0);
	ck_assert_int_eq(call(FIFREEZE), 0);
	ck_assert_int_eq(call(FITHAW), 0);
	t_check();
}
END_TEST

START_TEST(only_administrators_freeze)
{
	t_mkfs(volumes[0], 16384);
	t_mount_ok(NULL);
	host_set_user(1000, 100);
	ck_assert_int_eq(call(FIFREEZE), -EPERM);
	ck_assert_int_eq(call(FITHAW), -EPERM);
	host_set_cred(NULL);
	t_check();
}
END_TEST

Suite *suite_ext4_freeze(void)
{
	Suite *s = suite_of("ext4_freeze", only_administrators_freeze);

	suite_add_loop(s, NULL, a_frozen_volume_is_clean_on_disk, ARRAY_SIZE(volumes));
	suite_add_loop(s, NULL, writers_wait_for_the_thaw, ARRAY_SIZE(volumes));
	suite_add_loop(s, NULL, an_unmount_thaws, ARRAY_SIZE(volumes));
	return s;
}
