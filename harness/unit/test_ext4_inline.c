/*
 * inline_data: contents inside inodes, as mke2fs and debugfs make them, read where they are and
 * moved to blocks when they change.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "ext4_test.h"

#include "ext4/ext4_int.h"
#include "vfs/mount.h"

#include <linux/fs.h>
#include <linux/magic.h>

static const char *const volumes[] = {
    "-t ext4 -b 4096 -I 256 -O inline_data",
    "-t ext4 -b 1024 -I 1024 -O inline_data",
    "-t ext4 -b 4096 -I 4096 -N 200 -O inline_data,^metadata_csum",
    "-t ext4 -b 1024 -I 256 -O inline_data,^extents,^64bit,^metadata_csum",
};
enum { VOLUMES = ARRAY_SIZE(volumes) };

static const unsigned sizes[] = {0, 1, 59, 60, 61, 100, 140, 156, 200, 500, 800, 3000, 5000};
enum { SIZES = ARRAY_SIZE(sizes) };

static const char long_target[] =
    "a/target/of/a/link/that/is/longer/than/sixty/characters/as/you/can/easily/count/here";

/* Files f-SIZE with letters; directories dN with N entries; links. */
static void make_volumes(void)
{
	t_run_ok("mkdir tree; cd tree; ln -s short short; ln -s %s long; "
		 "for n in 0 1 2 3 4 8; do mkdir -p d$n/sub; "
		 "for i in $(seq $n); do echo $i >d$n/entry-$i; done; done",
		 long_target);
	for (int i = 0; i < SIZES; i++)
		t_run_ok("yes abcdefghijklmnop | tr -d '\\n' | head -c %u >tree/f-%u", sizes[i],
			 sizes[i]);
	for (int i = 0; i < VOLUMES; i++)
		t_run_ok("mke2fs -q -F %s -d tree good%d 16384k", volumes[i], i);
}

static void start(int i)
{
	t_run_ok("cp --sparse=always good%d img", i);
	t_mount_ok("errors=continue");
}

static const char *file_name(int i)
{
	static char name[20];

	snprintf(name, sizeof(name), "f-%u", sizes[i]);
	return name;
}

static void letters(char *to, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		to[i] = (char)('a' + i % 16);
}

static void expect_letters(const char *name, unsigned size)
{
	static char buf[20000], wanted[20000];
	struct file *file = t_open(name, O_RDONLY, 0);

	ck_assert_int_eq(t_pread(file, buf, sizeof(buf), 0), size);
	letters(wanted, size);
	ck_assert_msg(!memcmp(buf, wanted, size), "%s", name);
	t_close(file);
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

static void remount(void)
{
	t_umount();
	t_fsck();
	t_mount_ok("errors=continue");
}

static void expect_tree(void)
{
	char text[200];

	for (int i = 0; i < SIZES; i++)
		expect_letters(file_name(i), sizes[i]);
	for (int n = 0; n < 12; n += n < 4 ? 1 : 4) {
		char name[40];

		snprintf(name, sizeof(name), "d%d", n);
		ck_assert_int_eq(t_list(name, NULL), n + 1);
		snprintf(name, sizeof(name), "d%d/sub", n);
		ck_assert_int_eq(t_list(name, NULL), 0);
		for (int i = 1; i <= n; i++) {
			struct file *file;

			snprintf(name, sizeof(name), "d%d/entry-%d", n, i);
			file = t_open(name, O_RDONLY, 0);
			ck_assert_int_gt(t_pread(file, text, sizeof(text), 0), 1);
			ck_assert_int_eq(atoi(text), i);
			t_close(file);
		}
		snprintf(name, sizeof(name), "d%d/none", n);
		ck_assert(!t_exists(name));
	}
	ck_assert_int_eq(t_readlink("short", text, sizeof(text)), 0);
	ck_assert_str_eq(text, "short");
	ck_assert_int_eq(t_readlink("long", text, sizeof(text)), 0);
	ck_assert_str_eq(text, long_target);
}

START_TEST(contents_are_read_and_stay_where_they_are)
{
	start(_i);
	expect_tree();
	remount();
	expect_tree();
	ck_assert(ext4_is_inline(inode_of("f-60")));
	ck_assert(ext4_is_inline(inode_of("d1")));
	t_umount();
	t_mount_type("ext4", 1 /* MS_RDONLY */, NULL);
	expect_tree();
	t_check();
}
END_TEST

START_TEST(files_move_to_blocks_when_they_are_written)
{
	static const u64 offsets[] = {0, 30, 60, 300, 5000, 100000};

	for (size_t k = 0; k < ARRAY_SIZE(offsets); k++) {
		start(_i);
		for (int i = 0; i < SIZES; i++) {
			struct file *file = t_open(file_name(i), O_RDWR, 0);
			static char buf[200000];

			ck_assert_int_eq(t_pwrite(file, "NEW", 3, offsets[k]), 3);
			long n = t_pread(file, buf, sizeof(buf), 0);
			ck_assert_int_eq(n, (long)max((u64)sizes[i], offsets[k] + 3));
			t_close(file);
		}
		remount();
		for (int i = 0; i < SIZES; i++) {
			static char buf[200000], wanted[200000];
			struct file *file = t_open(file_name(i), O_RDONLY, 0);
			long n = t_pread(file, buf, sizeof(buf), 0);

			ck_assert_int_eq(n, (long)max((u64)sizes[i], offsets[k] + 3));
			memset(wanted, 0, sizeof(wanted));
			letters(wanted, sizes[i]);
			memcpy(wanted + offsets[k], "NEW", 3);
			ck_assert_int_eq(memcmp(buf, wanted, (size_t)n), 0);
			t_close(file);
		}
		t_check();
	}
}
END_TEST

START_TEST(truncation_works_both_ways)
{
	start(_i);
	for (int i = 0; i < SIZES; i++) {
		u64 size = sizes[i];

		if (i % 3 == 0)
			size = 0;
		else if (i % 3 == 1)
			size = size / 2;
		else
			size += 4000;
		ck_assert_int_eq(t_truncate(file_name(i), size), 0);
	}
	remount();
	for (int i = 0; i < SIZES; i++) {
		struct vfs_stat st;

		ck_assert_int_eq(t_stat(file_name(i), &st), 0);
		if (i % 3 == 0) {
			ck_assert_uint_eq(st.size, 0);
		} else if (i % 3 == 1) {
			ck_assert_uint_eq(st.size, sizes[i] / 2);
			expect_letters(file_name(i), sizes[i] / 2);
		} else {
			ck_assert_uint_eq(st.size, sizes[i] + 4000);
			ck_assert_int_eq(t_truncate(file_name(i), sizes[i]), 0);
			expect_letters(file_name(i), sizes[i]);
		}
	}
	t_check();
}
END_TEST

START_TEST(directories_move_to_a_block_when_they_change)
{
	start(_i);
	t_create("d0/new", 100, 1);
	ck_assert_int_eq(t_unlink("d1/entry-1"), 0);
	ck_assert_int_eq(t_mkdir("d2/dir"), 0);
	ck_assert_int_eq(t_symlink("x", "d2/link"), 0);
	ck_assert_int_eq(t_link("d2/entry-1", "d2/other"), 0);
	ck_assert_int_eq(t_rename("d3/entry-1", "d3/renamed", 0), 0);
	ck_assert_int_eq(t_rename("d3/sub", "d4/moved", 0), 0);
	ck_assert_int_eq(t_rename("d4/entry-1", "d0/sub", RENAME_EXCHANGE), 0);
	ck_assert_int_eq(t_rename("d8/sub", "d3/sub", 0), 0);
	ck_assert_int_eq(t_rmdir("d8"), -ENOTEMPTY);
	ck_assert_int_eq(t_rmdir("d2/sub"), 0);
	ck_assert_int_eq(t_rmdir("d1/sub"), 0);
	ck_assert_int_eq(t_rmdir("d1"), 0);
	remount();
	ck_assert_int_eq(t_list("d0", NULL), 2);
	ck_assert_int_eq(t_list("d2", NULL), 5);
	ck_assert_int_eq(t_list("d3", NULL), 4);
	ck_assert_int_eq(t_list("d4", NULL), 6);
	ck_assert_int_eq(t_list("d4/moved", NULL), 0);
	ck_assert_int_eq(t_list("d8", NULL), 8);
	ck_assert_int_eq(t_list("d4/entry-1", NULL), 0);
	for (int i = 0; i < (_i == 2 ? 40 : 400); i++) {
		char name[60];

		snprintf(name, sizeof(name), "d2/dir-%d", i);
		ck_assert_int_eq(t_mkdir(name), 0);
	}
	t_check();
}
END_TEST

START_TEST(everything_can_be_deleted)
{
	start(_i);
	for (int i = 0; i < SIZES; i++)
		ck_assert_int_eq(t_unlink(file_name(i)), 0);
	ck_assert_int_eq(t_unlink("long"), 0);
	ck_assert_int_eq(t_unlink("short"), 0);
	for (int n = 0; n < 12; n += n < 4 ? 1 : 4) {
		char name[40];

		snprintf(name, sizeof(name), "d%d/sub", n);
		ck_assert_int_eq(t_rmdir(name), 0);
		for (int i = 1; i <= n; i++) {
			snprintf(name, sizeof(name), "d%d/entry-%d", n, i);
			ck_assert_int_eq(t_unlink(name), 0);
		}
		snprintf(name, sizeof(name), "d%d", n);
		ck_assert_int_eq(t_rmdir(name), 0);
	}
	ck_assert_int_eq(t_list("", NULL), 1);
	t_check();
}
END_TEST

START_TEST(attributes_and_contents_share_the_inode)
{
	static char value[1000];

	start(_i);
	memset(value, 'v', sizeof(value));
	for (int i = 0; i < SIZES; i++) {
		ck_assert_int_eq(t_setxattr(file_name(i), "user.a", value, 30, 0), 0);
		ck_assert_int_eq(t_setxattr(file_name(i), "user.b", value, 500, 0), 0);
		ck_assert_int_eq(t_listxattr(file_name(i), NULL, 0), 14);
	}
	ck_assert_int_eq(t_setxattr("d3", "user.a", value, 300, 0), 0);
	remount();
	expect_tree();
	for (int i = 0; i < SIZES; i++) {
		struct file *file = t_open(file_name(i), O_RDWR | O_APPEND, 0);

		ck_assert_int_eq(t_pwrite(file, "x", 1, sizes[i]), 1);
		t_close(file);
		ck_assert_int_eq(t_getxattr(file_name(i), "user.b", value, 1000), 500);
	}
	remount();
	for (int i = 0; i < SIZES; i++)
		ck_assert_int_eq(t_getxattr(file_name(i), "user.a", value, 1000), 30);
	t_check();
}
END_TEST

START_TEST(the_nth_failing_allocation_leaves_old_or_new)
{
	for (u64 n = 1;; n++) {
		bool any = false;

		start(_i);
		host_alloc_fail_nth(n);
		struct file *file = NULL;
		struct vfs_open_how how = {.flags = O_RDWR};
		int err = vfs_open(AT_FDCWD, "/mnt/f-100", &how, &file);
		if (!err) {
			long done = t_pwrite(file, "NEW", 3, 10);

			ck_assert_msg(done == 3 || done == -ENOMEM, "%ld: %s", done,
				      log_captured());
			t_close(file);
		}
		any |= host_alloc_failed();
		host_alloc_fail_nth(n);
		err = t_unlink("d2/entry-1");
		ck_assert_msg(!err || err == -ENOMEM, "%d: %s", err, log_captured());
		any |= host_alloc_failed();
		host_alloc_fail_nth(0);
		ck_assert_int_eq(t_list("d2", NULL), err ? 3 : 2);
		t_check();
		if (!any)
			break;
		ck_assert_uint_lt(n, 100);
	}
}
END_TEST

START_TEST(the_nth_failing_request_is_repairable)
{
	unsigned kinds = _i % 2 ? HOST_DISK_WRITES : HOST_DISK_READS;

	for (u64 n = 1;; n++) {
		start(_i / 2);
		t_drop_caches();
		host_disk_fail_nth(t_disk(), kinds, n, -EIO);
		struct file *file = NULL;
		struct vfs_open_how how = {.flags = O_RDWR};
		int err = vfs_open(AT_FDCWD, "/mnt/f-100", &how, &file);
		if (!err) {
			(void)!t_pwrite(file, "NEW", 3, 10);
			t_close(file);
		}
		(void)!t_unlink("d2/entry-1");
		(void)!super_sync_all(true);
		bool failed = host_disk_failed(t_disk());
		host_disk_fail_nth(t_disk(), 0, 0, 0);
		t_umount();
		t_fsck_repair();
		t_mount_ok("errors=continue");
		expect_letters("f-140", 140);
		t_check();
		if (!failed)
			break;
		ck_assert_uint_lt(n, 100);
	}
}
END_TEST

/* mke2fs leaves a file inline, whatever its size, if it has nothing to write to it. */
START_TEST(a_file_of_holes_only_is_inline_and_may_have_any_size)
{
	static const u64 lengths[] = {61, 100, 1000, 4096, 5000, 1048576, 3ull << 30};
	static char buf[8000], zeroes[8000];
	char name[40];

	t_run_ok("rm -rf holes; mkdir holes; cd holes; for n in 61 100 1000 4096 5000 1048576 "
		 "3221225472; do truncate -s $n h-$n; done; cd ..; "
		 "mke2fs -q -F %s -d holes img 16384k",
		 volumes[_i]);
	for (int round = 0; round < 2; round++) {
		t_fsck();
		t_mount_ok("errors=continue");
		for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
			u64 size = lengths[i], back = min(size, sizeof(buf));
			struct vfs_stat st;

			snprintf(name, sizeof(name), "h-%llu", (unsigned long long)size);
			ck_assert_int_eq(t_stat(name, &st), 0);
			ck_assert_uint_eq(st.size, size);
			struct file *file = t_open(name, O_RDWR, 0);
			ck_assert_int_eq(t_pread(file, buf, sizeof(buf), 0), (long)back);
			ck_assert_int_eq(memcmp(buf, zeroes, back - 3 * (size_t)round), 0);
			ck_assert_int_eq(t_pread(file, buf, sizeof(buf), size - back), (long)back);
			ck_assert_int_eq(memcmp(buf, zeroes, back - 3 * (size_t)round), 0);
			ck_assert_int_eq(memcmp(buf + back - 3, round ? "END" : "\0\0\0", 3), 0);
			if (!round)
				ck_assert_int_eq(t_pwrite(file, "END", 3, size - 3), 3);
			t_close(file);
		}
		t_umount();
	}
	t_fsck();
}
END_TEST

/* Random bytes in the inodes: nothing must crash. */
START_TEST(damaged_inodes_are_errors_and_no_more)
{
	u64 state = 1000 + (u64)_i;

	t_run_ok("dumpe2fs good3 2>/dev/null | sed -n 's/.*Inode table at \\([0-9]*\\).*/\\1/p' | "
		 "head -1");
	u64 table = strtoull(t_output(), NULL, 10) * 1024;

	ck_assert_uint_gt(table, 0);
	for (int round = 0; round < 6; round++) {
		char script[4000];
		size_t n = (size_t)snprintf(script, sizeof(script), "cp good3 img");

		for (int i = 0; i < 20; i++) {
			u64 at = table + (11 + t_random(&state) % 40) * 256 +
				 (t_random(&state) % 2 ? 40 + t_random(&state) % 60
						       : 128 + t_random(&state) % 128);

			n += (size_t)snprintf(script + n, sizeof(script) - n,
					      "; printf '\\\\%03o' | dd of=img bs=1 seek=%llu "
					      "conv=notrunc 2>/dev/null",
					      t_random(&state) % 256, (unsigned long long)at);
		}
		t_run_ok("%s", script);
		if (t_mount("errors=continue"))
			continue;
		for (int i = 0; i < SIZES; i++) {
			char buf[100];
			struct vfs_open_how how = {.flags = O_RDWR};
			char name[60];
			struct file *file;

			snprintf(name, sizeof(name), "/mnt/%s", file_name(i));
			if (vfs_open(AT_FDCWD, name, &how, &file))
				continue;
			(void)!t_pread(file, buf, sizeof(buf), 0);
			(void)!t_pwrite(file, buf, 10, sizes[i]);
			t_close(file);
		}
		for (int k = 0; k < 12; k++) {
			char name[40];

			snprintf(name, sizeof(name), "d%d", k);
			(void)!t_list(name, NULL);
			snprintf(name, sizeof(name), "d%d/new", k);
			(void)!t_mkdir(name);
			snprintf(name, sizeof(name), "d%d/entry-1", k);
			(void)!t_unlink(name);
		}
		(void)!super_sync_all(true);
		t_umount();
	}
}
END_TEST

Suite *suite_ext4_inline(void)
{
	const struct {
		const TTest *test;
		int times;
	} tests[] = {
	    {contents_are_read_and_stay_where_they_are, VOLUMES},
	    {files_move_to_blocks_when_they_are_written, VOLUMES},
	    {truncation_works_both_ways, VOLUMES},
	    {directories_move_to_a_block_when_they_change, VOLUMES},
	    {everything_can_be_deleted, VOLUMES},
	    {attributes_and_contents_share_the_inode, VOLUMES},
	    {a_file_of_holes_only_is_inline_and_may_have_any_size, VOLUMES},
	    {the_nth_failing_allocation_leaves_old_or_new, 1},
	    {the_nth_failing_request_is_repairable, 4},
	    {damaged_inodes_are_errors_and_no_more, 4},
	};
	Suite *suite = suite_create("ext4_inline");
	TCase *tcase = tcase_create("ext4_inline");

	tcase_set_timeout(tcase, 120);
	tcase_add_unchecked_fixture(tcase, make_volumes, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(tests); i++)
		tcase_add_loop_test(tcase, tests[i].test, 0, tests[i].times);
	suite_add_tcase(suite, tcase);
	return suite;
}
