/* inline_data, written in place: small files and directories live in their inodes. */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "ext4_test.h"

#include "ext4/ext4_int.h"
#include "vfs/file.h"
#include "vfs/mount.h"
#include "vfs/pagecache.h"

#include <linux/falloc.h>
#include <linux/fcntl.h>
#include <linux/fs.h>

static const char *const volumes[] = {
    "-t ext4 -b 4096 -I 256 -N 600 -O inline_data",
    "-t ext4 -b 1024 -I 1024 -N 600 -O inline_data,^has_journal",
    "-t ext4 -b 4096 -I 4096 -N 600 -O inline_data,^metadata_csum",
    "-t ext4 -b 1024 -I 256 -N 600 -O inline_data,^extents,^64bit,^metadata_csum",
    "-t ext4 -b 1024 -I 512 -N 600 -O inline_data,bigalloc -C 16384",
};
enum { VOLUMES = ARRAY_SIZE(volumes) };

static void start(int i)
{
	t_mkfs(volumes[i], 32768);
	t_mount_ok("errors=continue");
}

static struct ext4_inode *inode_of(const char *name)
{
	char full[300];
	struct path path;

	snprintf(full, sizeof(full), "/mnt/%s", name);
	ck_assert_int_eq(path_lookup(AT_FDCWD, full, 0, &path), 0);
	struct ext4_inode *inode = ext4_inode(path.dentry->inode);

	path_put(&path);
	return inode;
}

static bool is_inline(const char *name)
{
	return ext4_is_inline(inode_of(name));
}

static void remount(void)
{
	t_umount();
	t_fsck();
	t_mount_ok("errors=continue");
}

static void write_at(const char *name, u32 at, u32 n, u32 seed)
{
	struct file *file = t_open(name, O_RDWR | O_CREAT, 0644);
	static u8 data[20000];

	t_pattern(data, n, at, seed);
	ck_assert_int_eq(t_pwrite(file, data, n, at), n);
	t_close(file);
}

static int change_range(const char *name, int mode, u64 offset, u64 length)
{
	struct file *file = t_open(name, O_RDWR, 0);
	int err = vfs_fallocate(file, mode, (loff_t)offset, (loff_t)length);

	t_close(file);
	return err;
}

START_TEST(small_files_have_no_blocks)
{
	char name[20];
	struct vfs_stat st;

	start(_i);
	t_create("probe", 0, 0);
	u32 limit = ext4_inline_limit(inode_of("probe"));

	ck_assert_uint_ge(limit, 100);
	for (int d = -90; d < 4; d++) {
		u32 size = (u32)((int)limit + d);

		snprintf(name, sizeof(name), "f%u", size);
		t_create(name, size, size);
		t_sync();
		ck_assert_int_eq(is_inline(name), d <= 0);
		ck_assert_int_eq(t_stat(name, &st), 0);
		ck_assert_int_eq(st.blocks == 0, d <= 0);
	}
	remount();
	for (int d = -90; d < 4; d++) {
		snprintf(name, sizeof(name), "f%u", (u32)((int)limit + d));
		t_expect(name, (u32)((int)limit + d), (u32)((int)limit + d));
	}
	t_check();
}
END_TEST

/* By appending and cutting in small steps, with and without reaching the disk in between. */
START_TEST(files_grow_and_shrink_across_the_border)
{
	u32 size = 0;
	u64 random = 7;

	start(_i);
	t_create("probe", 0, 0);
	u32 limit = ext4_inline_limit(inode_of("probe"));

	t_create("f", 0, 3);
	for (int i = 0; size < limit + 500; i++) {
		u32 n = 1 + t_random(&random) % (limit / 8);

		write_at("f", size, n, 3);
		size += n;
		if (i % 3 == 0)
			t_sync();
		if (i % 3 == 1) {
			size -= t_random(&random) % (n / 2 + 1);
			ck_assert_int_eq(t_truncate("f", size), 0);
		}
		t_expect("f", size, 3);
		if (i % 5 == 0)
			remount();
		t_expect("f", size, 3);
	}
	t_sync();
	ck_assert(!is_inline("f"));
	ck_assert_int_eq(t_truncate("f", 0), 0);
	write_at("f", 0, 50, 3);
	t_check();
}
END_TEST

START_TEST(what_is_cut_off_is_zero_when_the_file_grows_again)
{
	u8 data[100], wanted[100] = {0};

	for (int synced = 0; synced < 2; synced++) {
		start(_i);
		write_at("f", 0, 90, 3);
		if (synced)
			remount();
		ck_assert_int_eq(t_truncate("f", 10), 0);
		if (synced)
			t_drop_caches();
		ck_assert_int_eq(t_truncate("f", 100), 0);
		for (int round = 0; round < 2; round++) {
			struct file *file = t_open("f", O_RDONLY, 0);

			t_pattern(wanted, 10, 0, 3);
			ck_assert_int_eq(t_pread(file, data, 100, 0), 100);
			ck_assert_int_eq(memcmp(data, wanted, 100), 0);
			t_close(file);
			remount();
		}
		t_check();
	}
}
END_TEST

START_TEST(attributes_compete_for_the_room)
{
	static char value[3000];
	char name[20];

	start(_i);
	memset(value, 'v', sizeof(value));
	for (u32 i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "a%u", i);
		if (i % 2)
			write_at(name, 0, 70 + i, i);
		else
			t_create(name, 0, 0);
		if (i % 4 < 2)
			t_sync();
		ck_assert_int_eq(t_setxattr(name, "user.x", value, i * 5, 0), 0);
		if (i % 3 == 0)
			ck_assert_int_eq(t_setxattr(name, "user.y", value, 100, 0), 0);
		write_at(name, 0, 100 + i * 3, i);
		if (i % 8 < 4)
			ck_assert_int_eq(t_removexattr(name, "user.x"), 0);
	}
	remount();
	for (u32 i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "a%u", i);
		t_expect(name, 100 + i * 3, i);
		ck_assert_int_eq(t_getxattr(name, "user.x", value, sizeof(value)),
				 i % 8 < 4 ? -ENODATA : (int)i * 5);
		write_at(name, 0, 160, i);
		if (!(i % 8 < 4))
			ck_assert_int_eq(t_setxattr(name, "user.x", value, 500, 0), 0);
	}
	t_check();
}
END_TEST

/* Whoever needs blocks gets them, and a file that has a map is never made inline again. */
START_TEST(a_file_may_need_a_map_at_any_time)
{
	start(_i);
	write_at("f", 0, 80, 1);
	t_sync();
	int err = change_range("f", FALLOC_FL_KEEP_SIZE, 0, 5000);

	ck_assert_msg(!err || err == -EOPNOTSUPP, "%d", err);
	write_at("f", 80, 10, 1);
	t_sync();
	ck_assert(!is_inline("f"));
	/* written, and not yet anywhere */
	write_at("g", 0, 80, 1);
	err = change_range("g", 0, 0, 3000);
	ck_assert_msg(!err || err == -EOPNOTSUPP, "%d", err);
	t_sync();
	ck_assert_int_eq(t_truncate("g", 80), 0);
	write_at("h", 0, 80, 1);
	t_sync();
	write_at("h", 80, 6000, 1);
	remount();
	t_expect("f", 90, 1);
	t_expect("g", 80, 1);
	t_expect("h", 6080, 1);
	t_check();
}
END_TEST

/* A store through a mapping: the page is made writable, and changed. */
START_TEST(a_mapped_page_is_written_back_into_the_inode)
{
	struct page *page;

	start(_i);
	write_at("f", 0, 80, 1);
	remount();
	struct ext4_inode *inode = inode_of("f");
	struct file *file = t_open("f", O_RDWR, 0);

	ck_assert_int_eq(pagecache_read_page(&inode->vfs.mapping, 0, &page), 0);
	page_lock(page);
	ck_assert_int_eq(ext4_mapping_ops.page_mkwrite(&inode->vfs.mapping, page), 0);
	t_pattern(page_address(page), 80, 0, 2);
	pagecache_dirty(page);
	page_unlock(page);
	page_put(page);
	ck_assert_int_eq(t_fsync(file), 0);
	t_close(file);
	ck_assert(is_inline("f"));
	remount();
	t_expect("f", 80, 2);
	t_check();
}
END_TEST

/* ---- directories ---- */

enum { NAMES = 60 };

static void check_names(const bool *there)
{
	char name[80];
	int count = 0;

	for (int i = 0; i < NAMES; i++) {
		snprintf(name, sizeof(name), "d/%.*s%d", i % 17, "a-longer-name-so-it-is", i);
		ck_assert_msg(t_exists(name) == there[i], "%s: %s", name, log_captured());
		count += there[i];
	}
	ck_assert_int_eq(t_list("d", NULL), count);
}

START_TEST(directories_are_changed_where_they_are)
{
	bool there[NAMES] = {false};
	bool was_inline = false;
	u64 random = 11 + (u64)_i;
	char name[80];

	start(_i % VOLUMES);
	ck_assert_int_eq(t_mkdir("d"), 0);
	ck_assert(is_inline("d"));
	for (int step = 0; step < 400; step++) {
		/* few at first, then more than an inode has room for */
		int i = (int)(t_random(&random) % (step < 250 ? 4 : NAMES)), err;

		snprintf(name, sizeof(name), "d/%.*s%d", i % 17, "a-longer-name-so-it-is", i);
		if (there[i])
			err = i % 3 == 1 ? t_rmdir(name) : t_unlink(name);
		else if (i % 3 == 0)
			err = t_symlink("x", name);
		else
			err = i % 3 == 1 ? t_mkdir(name) : t_mknod(name, S_IFREG | 0644, 0, 0);
		ck_assert_msg(!err, "%s: %d: %s", name, err, log_captured());
		there[i] = !there[i];
		was_inline |= is_inline("d");
		if (step == 249)
			ck_assert(is_inline("d"));
		if (step % 50 == 49) {
			check_names(there);
			remount();
			check_names(there);
		}
	}
	ck_assert(was_inline);
	for (int i = 0; i < NAMES; i++) {
		snprintf(name, sizeof(name), "d/%.*s%d", i % 17, "a-longer-name-so-it-is", i);
		if (there[i])
			ck_assert_int_eq(i % 3 == 1 ? t_rmdir(name) : t_unlink(name), 0);
	}
	ck_assert_int_eq(t_rmdir("d"), 0);
	t_check();
}
END_TEST

START_TEST(directories_are_renamed_and_nested)
{
	struct vfs_stat st;
	char name[300];

	start(_i);
	ck_assert_int_eq(t_mkdir("d"), 0);
	ck_assert_int_eq(t_mkdir("d/a"), 0);
	ck_assert_int_eq(t_mkdir("d/a/b"), 0);
	ck_assert_int_eq(t_mkdir("e"), 0);
	ck_assert_int_eq(t_stat("d", &st), 0);
	ck_assert_uint_eq(st.nlink, 3);
	ck_assert_uint_eq(st.blocks, 0);
	ck_assert_int_eq(t_rename("d/a", "e/c", 0), 0);
	ck_assert_int_eq(t_rename("e/c/b", "d/b", 0), 0);
	ck_assert_int_eq(t_rename("d/b", "d/b2", 0), 0);
	ck_assert_int_eq(t_link("d/b2", "d/no"), -EPERM);
	ck_assert_int_eq(t_rmdir("e"), -ENOTEMPTY);
	memset(name, 'n', sizeof(name));
	name[257] = '\0';
	ck_assert_int_eq(t_mkdir(name), -ENAMETOOLONG);
	name[255] = '\0';
	memcpy(name, "d/", 2);
	ck_assert_int_eq(t_mkdir(name), 0);
	remount();
	ck_assert_int_eq(t_list("d", NULL), 2);
	ck_assert_int_eq(t_list("e", NULL), 1);
	ck_assert_int_eq(t_list("e/c", NULL), 0);
	t_check();
}
END_TEST

START_TEST(attributes_of_directories_take_their_room)
{
	static char value[200];
	char name[40];

	start(_i);
	memset(value, 'v', sizeof(value));
	for (int i = 0; i < 12; i++) {
		snprintf(name, sizeof(name), "d%d", i);
		ck_assert_int_eq(t_mkdir(name), 0);
		ck_assert_int_eq(t_setxattr(name, "user.x", value, (size_t)i * 7, 0), 0);
		for (int k = 0; k < 8; k++) {
			snprintf(name, sizeof(name), "d%d/file-%d", i, k);
			t_create(name, (u64)k * 20, 1);
			snprintf(name, sizeof(name), "d%d", i);
			if (k == 4)
				ck_assert_int_eq(t_setxattr(name, "user.y", value, 30, 0), 0);
		}
		ck_assert_int_eq(t_list(name, NULL), 8);
	}
	remount();
	for (int i = 0; i < 12; i++) {
		snprintf(name, sizeof(name), "d%d", i);
		ck_assert_int_eq(t_list(name, NULL), 8);
		ck_assert_int_eq(t_getxattr(name, "user.x", value, 200), i * 7);
	}
	t_check();
}
END_TEST

START_TEST(the_nth_failing_allocation_leaves_a_directory_whole)
{
	char name[40];

	for (u64 n = 1;; n++) {
		int count = 0, errors = 0;

		start(_i);
		ck_assert_int_eq(t_mkdir("d"), 0);
		t_sync();
		host_alloc_fail_nth(n);
		for (int i = 0; i < 12; i++) {
			snprintf(name, sizeof(name), "d/a-name-of-an-entry-%d", i);
			int err = t_mkdir(name);

			ck_assert(!err || err == -ENOMEM);
			errors += err != 0;
			count += !err;
			if (!err && i % 4 == 0) {
				err = t_rmdir(name);
				ck_assert(!err || err == -ENOMEM);
				errors += err != 0;
				count -= !err;
			}
		}
		bool failed = host_alloc_failed();
		host_alloc_fail_nth(0);
		ck_assert_int_eq(t_list("d", NULL), count);
		remount();
		ck_assert_int_eq(t_list("d", NULL), count);
		t_check();
		if (!failed)
			break;
		ck_assert_uint_lt(n, 600);
	}
}
END_TEST

/* Steps of which any may fail; whether it did not. */
static bool work(void)
{
	static const u32 ends[] = {40, 90, 700, 60, 5000};
	struct vfs_open_how how = {.flags = O_RDWR | O_CREAT, .mode = 0644};
	struct file *file = NULL;
	u8 data[5000];
	bool good = !vfs_open(AT_FDCWD, "/mnt/f", &how, &file);

	if (!good)
		return false;
	t_pattern(data, sizeof(data), 0, 9);
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		good &= t_pwrite(file, data, ends[i], 0) == (long)ends[i];
		good &= t_fsync(file) == 0;
		if (i == 2)
			good &= t_truncate("f", 50) == 0;
	}
	t_close(file);
	return good;
}

START_TEST(the_nth_failing_allocation_loses_nothing)
{
	for (u64 n = 1;; n++) {
		start(_i);
		t_create("before", 90, 4);
		t_sync();
		host_alloc_fail_nth(n);
		bool good = work(), failed = host_alloc_failed();
		host_alloc_fail_nth(0);

		ck_assert(good || failed);
		if (good)
			t_expect("f", 5000, 9);
		remount();
		if (good)
			t_expect("f", 5000, 9);
		t_expect("before", 90, 4);
		t_check();
		if (!failed)
			break;
		ck_assert_uint_lt(n, 300);
	}
}
END_TEST

START_TEST(the_nth_failing_request_is_repairable)
{
	unsigned kinds = _i % 2 ? HOST_DISK_WRITES : HOST_DISK_READS;

	for (u64 n = 1;; n++) {
		start(_i / 2);
		t_create("before", 90, 4);
		t_sync();
		t_drop_caches();
		host_disk_fail_nth(t_disk(), kinds, n, -EIO);
		bool good = work();
		(void)!super_sync_all(true);
		bool failed = host_disk_failed(t_disk());
		host_disk_fail_nth(t_disk(), 0, 0, 0);
		ck_assert(good || failed);
		t_umount();
		t_fsck_repair();
		t_mount_ok("errors=continue");
		t_expect("before", 90, 4);
		t_check();
		if (!failed)
			break;
		ck_assert_uint_lt(n, 300);
	}
}
END_TEST

Suite *suite_ext4_inline_write(void)
{
	const struct {
		const TTest *test;
		int times;
	} tests[] = {
	    {small_files_have_no_blocks, VOLUMES},
	    {files_grow_and_shrink_across_the_border, VOLUMES},
	    {what_is_cut_off_is_zero_when_the_file_grows_again, VOLUMES},
	    {attributes_compete_for_the_room, VOLUMES},
	    {a_file_may_need_a_map_at_any_time, VOLUMES},
	    {a_mapped_page_is_written_back_into_the_inode, VOLUMES},
	    {directories_are_changed_where_they_are, 2 * VOLUMES},
	    {directories_are_renamed_and_nested, VOLUMES},
	    {attributes_of_directories_take_their_room, VOLUMES},
	    {the_nth_failing_allocation_leaves_a_directory_whole, 1},
	    {the_nth_failing_allocation_loses_nothing, 2},
	    {the_nth_failing_request_is_repairable, 4},
	};
	Suite *suite = suite_create("ext4_inline_write");
	TCase *tcase = tcase_create("ext4_inline_write");

	tcase_set_timeout(tcase, 120);
	for (size_t i = 0; i < ARRAY_SIZE(tests); i++)
		tcase_add_loop_test(tcase, tests[i].test, 0, tests[i].times);
	suite_add_tcase(suite, tcase);
	return suite;
}
