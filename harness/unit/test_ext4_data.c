/*
 * How file data is written: data=journal, the attribute j, and what volumes say of it themselves.
 * That crashes keep the modes' promises is crash_workloads.c's to show.
 */
#include "ext4_test.h"

#include "ext4/ext4_int.h"
#include "ext4/journal_int.h"
#include "vfs/file.h"
#include "vfs/mount.h"
#include "vfs/pagecache.h"

#include <linux/fcntl.h>
#include <linux/fs.h>

static const char *const volumes[] = {"-t ext4 -b 1024 -J size=1", "-t ext4 -b 4096 -J size=4",
				      "-t ext3 -b 1024 -J size=1"};

static void expect_option(const char *option, bool there)
{
	char options[200];

	t_super()->ops->show_options(t_super(), options, sizeof(options));
	ck_assert_msg(!!strstr(options, option) == there, "the options are %s", options);
}

static int set_j(const char *name, bool on)
{
	struct file *file = t_open(name, O_RDWR, 0);
	u32 flags =
	    (ext4_inode(file->inode)->flags & EXT4_EXTENTS_FL) | (on ? EXT4_JOURNAL_DATA_FL : 0);
	int err = (int)ext4_ioctl(file, FS_IOC_SETFLAGS, (unsigned long)&flags);

	t_close(file);
	return err;
}

/* The first block of the file as the disk has it, the log aside. */
static bool disk_has(const char *name, u32 seed)
{
	u8 want[1024];

	t_run_ok("debugfs -R 'blocks %s' img 2>/dev/null", name);
	u64 block = strtoull(t_output(), NULL, 10);

	t_pattern(want, sizeof(want), 0, seed);
	return block && !memcmp(host_disk_data(t_disk()) + block * t_super()->block_size, want,
				sizeof(want));
}

static void overwrite(const char *name, u64 n, u32 seed)
{
	struct file *file = t_open(name, O_RDWR, 0);
	u8 *data = malloc(n);

	t_pattern(data, n, 0, seed);
	ck_assert_int_eq(t_pwrite(file, data, n, 0), (long)n);
	free(data);
	t_close(file);
}

START_TEST(journalled_data_is_read_before_it_is_in_place)
{
	t_mkfs(volumes[_i], 32768);
	t_mount_ok("data=journal");
	expect_option("data=journal", true);
	t_create("f", 60000, 1);
	t_drop_caches();
	t_expect("f", 60000, 1);
	t_sync();
	overwrite("f", 60000, 2);
	t_drop_caches();
	t_expect("f", 60000, 2);
	ck_assert(!disk_has("f", 2));
	/* more than the log holds */
	for (u32 i = 0; i < 12; i++) {
		overwrite("f", 60000, 10 + i);
		t_create("large", 1500000, i);
		t_drop_caches();
		t_expect("large", 1500000, i);
		t_expect("f", 60000, 10 + i);
		ck_assert_int_eq(t_truncate("large", 700001), 0);
		t_expect("large", 700001, i);
		ck_assert_int_eq(t_unlink("large"), 0);
	}
	ck_assert_int_eq(ext4_txn_commit(t_super()->private), 0);
	t_run_ok("cp img crashed; e2fsck -fy -E journal_only crashed; test $? -le 1; e2fsck -fn "
		 "crashed");
	ck_assert(!log_captured_has("had announced"));
	t_check();
	t_mount_ok("data=ordered");
	t_expect("f", 60000, 21);
	t_check();
}
END_TEST

START_TEST(what_mappings_change_is_journalled_by_write_back)
{
	struct page *page;

	t_mkfs(volumes[_i], 32768);
	t_mount_ok("data=journal");
	t_create("f", 60000, 1);
	t_sync();
	struct file *file = t_open("f", O_RDWR, 0);
	struct page_mapping *mapping = &file->inode->mapping;

	for (u64 index = 2; index < 5; index++) {
		ck_assert_int_eq(pagecache_read_page(mapping, index, &page), 0);
		page_lock(page);
		ck_assert_int_eq(mapping->ops->page_mkwrite(mapping, page), 0);
		t_pattern(page_address(page), PAGE_SIZE, index * PAGE_SIZE, 2);
		pagecache_dirty(page);
		page_unlock(page);
		page_put(page);
	}
	/* a write to a page that is dirty already leaves it so */
	u8 word[8];

	t_pattern(word, 8, 3 * PAGE_SIZE, 2);
	ck_assert_int_eq(t_pwrite(file, word, 8, 3 * PAGE_SIZE), 8);
	ck_assert_int_eq(pagecache_read_page(mapping, 3, &page), 0);
	ck_assert(page_flag_test(page, PG_DIRTY));
	page_put(page);
	ck_assert_int_eq(t_fsync(file), 0);
	t_drop_caches();
	u8 got[3 * PAGE_SIZE], want[3 * PAGE_SIZE];

	t_pattern(want, sizeof(want), 2 * PAGE_SIZE, 2);
	ck_assert_int_eq(t_pread(file, got, sizeof(got), 2 * PAGE_SIZE), sizeof(got));
	ck_assert_mem_eq(got, want, sizeof(got));
	t_close(file);
	t_run_ok("cp img crashed; e2fsck -fy crashed; test $? -le 1; "
		 "debugfs -R 'dump f f.out' crashed 2>/dev/null; "
		 "dd if=f.out of=pages bs=4096 skip=2 count=3 2>/dev/null");
	char path[200];

	snprintf(path, sizeof(path), "%.*spages", (int)(strlen(t_image()) - 3), t_image());
	FILE *pages = fopen(path, "r");

	ck_assert_ptr_nonnull(pages);
	ck_assert_uint_eq(fread(got, 1, sizeof(got), pages), sizeof(got));
	fclose(pages);
	ck_assert_mem_eq(got, want, sizeof(got));
	t_check();
}
END_TEST

START_TEST(the_attribute_j_journals_one_file)
{
	t_mkfs(volumes[_i], 32768);
	t_mount_ok(NULL);
	t_create("j", 20000, 1);
	t_create("k", 20000, 1);
	t_sync();
	ck_assert_int_eq(set_j("j", true), 0);
	overwrite("j", 20000, 2);
	overwrite("k", 20000, 2);
	t_sync();
	ck_assert(disk_has("k", 2));
	ck_assert(!disk_has("j", 2));
	ck_assert_int_eq(t_truncate("j", 15000), 0);
	t_drop_caches();
	t_expect("j", 15000, 2);
	/* from now on it is written in place, and nothing of the log comes after */
	ck_assert_int_eq(set_j("j", false), 0);
	ck_assert(disk_has("j", 2));
	overwrite("j", 15000, 3);
	t_sync();
	ck_assert(disk_has("j", 3));
	t_run_ok("cp img crashed; e2fsck -fy crashed >/dev/null; test $? -le 1; "
		 "debugfs -R 'dump j j.out' crashed 2>/dev/null; debugfs -R 'dump j i.out' img "
		 "2>/dev/null; cmp j.out i.out");
	t_check();
}
END_TEST

START_TEST(volumes_say_how_their_data_is_written)
{
	t_mkfs("-t ext4 -b 1024", 16384);
	t_run_ok("tune2fs -o journal_data img");
	t_mount_ok(NULL);
	expect_option("data=journal", true);
	ck_assert_int_eq(t_remount(0, "data=ordered"), -EINVAL);
	t_check();
	t_mount_ok("data=ordered");
	expect_option("data=", false);
	t_check();
	t_run_ok("tune2fs -o journal_data_writeback,nobarrier img");
	t_mount_ok(NULL);
	expect_option("data=writeback,nobarrier", true);
	t_check();
	t_mount_ok("data=journal,barrier");
	expect_option("data=journal", true);
	expect_option("nobarrier", false);
	t_check();
	t_run_ok("tune2fs -o ^nobarrier img; tune2fs -O ^has_journal img");
	t_mount_ok(NULL);
	t_check();
	ck_assert_int_eq(t_mount("journal_async_commit"), -EINVAL);
	ck_assert(log_captured_has("\"journal_async_commit\" is not supported"));
	ck_assert_int_eq(t_mount("data=journal"), -EINVAL);
	ck_assert(log_captured_has("needs a journal"));
}
END_TEST

/* ---- faults ---- */

static int work(u64 n)
{
	struct vfs_open_how how = {.flags = O_RDWR | O_CREAT, .mode = 0644};
	static u8 data[9000];
	struct file *file;
	char name[32];

	snprintf(name, sizeof(name), "/mnt/f%llu", (unsigned long long)n % 8);
	int err = vfs_open(AT_FDCWD, name, &how, &file);

	if (err)
		return err;
	t_pattern(data, sizeof(data), 0, (u32)n);
	long done = t_pwrite(file, data, sizeof(data), 0);

	err = done < 0 ? (int)done : 0;
	if (!err)
		err = t_truncate(name + 5, 5000);
	if (!err)
		err = t_fsync(file);
	t_close(file);
	return err;
}

START_TEST(journalled_writes_without_memory_fail_and_leave_the_volume_clean)
{
	t_mkfs(volumes[_i], 32768);
	t_mount_ok("data=journal,errors=continue");
	for (u64 n = 1;; n++) {
		ck_assert_uint_lt(n, 400);
		if (n & 1)
			t_drop_caches();
		host_alloc_fail_nth((n + 1) / 2);
		int err = work(n);
		bool failed = host_alloc_failed();

		host_alloc_fail_nth(0);
		ck_assert_msg(!err || (failed && err == -ENOMEM), "%d at %llu: %s", err,
			      (unsigned long long)n, log_captured());
		if (!failed)
			break;
	}
	t_check();
}
END_TEST

START_TEST(journalled_writes_report_what_the_disk_refuses)
{
	t_mkfs(volumes[_i], 32768);
	t_mount_ok("data=journal,errors=continue");
	t_create("kept", 20000, 5);
	t_sync();
	for (u64 n = 1;; n++) {
		ck_assert_uint_lt(n, 100);
		host_disk_fail_nth(t_disk(), HOST_DISK_WRITES | HOST_DISK_FLUSHES, n, -EIO);
		int err = work(n), sync_err = super_sync_all(true);
		bool failed = host_disk_failed(t_disk());

		host_disk_fail_nth(t_disk(), 0, 0, 0);
		ck_assert_msg(failed == (err || sync_err), "request %llu: %d, %d",
			      (unsigned long long)n, err, sync_err);
		t_umount();
		t_mount_ok("data=journal,errors=continue");
		t_expect("kept", 20000, 5);
		if (!failed)
			break;
	}
	t_umount();
	t_fsck_repair();
}
END_TEST

Suite *suite_ext4_data(void)
{
	Suite *s = suite_create("ext4_data");

	suite_add_loop(s, NULL, journalled_data_is_read_before_it_is_in_place, ARRAY_SIZE(volumes));
	suite_add_loop(s, NULL, what_mappings_change_is_journalled_by_write_back,
		       ARRAY_SIZE(volumes));
	suite_add_loop(s, NULL, the_attribute_j_journals_one_file, ARRAY_SIZE(volumes));
	suite_add_tests(s, NULL, NULL, volumes_say_how_their_data_is_written);
	suite_add_loop(s, NULL, journalled_writes_without_memory_fail_and_leave_the_volume_clean,
		       ARRAY_SIZE(volumes));
	suite_add_loop(s, NULL, journalled_writes_report_what_the_disk_refuses,
		       ARRAY_SIZE(volumes));
	return s;
}
