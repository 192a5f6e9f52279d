/*
 * Failing memory and failing disks: in every operation the n-th allocation, or the n-th request,
 * fails, for all n. The error comes back, and the volume is whole, or, when a disk lost writes,
 * e2fsck makes it so.
 */
#include <sys/stat.h>

#include "ext4_test.h"

#include "ext4/ext4_int.h"
#include "vfs/file.h"
#include "vfs/mount.h"

#include <linux/falloc.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/mount.h>

/* ---- the operations: each is done on what prepare() made ---- */

static int op_create(void)
{
	return t_create_error("new", 50000, 1);
}
static int op_create_in_index(void)
{
	return t_create_error("big/new-name-that-is-long-enough-to-split-a-leaf-sooner-or-later",
			      10, 1);
}
static int op_mkdir(void)
{
	return t_mkdir("newdir");
}
static int op_rmdir(void)
{
	return t_rmdir("empty");
}
static int op_symlink(void)
{
	char target[300];

	memset(target, 'x', sizeof(target));
	target[299] = '\0';
	return t_symlink(target, "newlink");
}
static int op_mknod(void)
{
	return t_mknod("newnode", S_IFCHR | 0600, 1, 3);
}
static int op_link(void)
{
	return t_link("file", "dir/newlink");
}
static int op_unlink(void)
{
	return t_unlink("file");
}
static int op_unlink_fragmented(void)
{
	return t_unlink("holes");
}
static int op_rename(void)
{
	return t_rename("dir/small", "big/moved", 0);
}
static int op_rename_over(void)
{
	return t_rename("dir/small", "file", 0);
}
static int op_rename_dir(void)
{
	return t_rename("empty", "dir/empty", 0);
}
static int op_exchange(void)
{
	return t_rename("dir/small", "file", RENAME_EXCHANGE);
}
static int op_truncate(void)
{
	return t_truncate("holes", 300000);
}
static int op_extend(void)
{
	return t_truncate("file", 900001);
}
static int op_append_sync(void)
{
	struct vfs_open_how how = {.flags = O_WRONLY | O_APPEND};
	struct file *file;
	char buf[30000];
	int err = vfs_open(AT_FDCWD, "/mnt/file", &how, &file);

	if (err)
		return err;
	memset(buf, 'q', sizeof(buf));
	loff_t pos = 0;
	long n = file_write_kernel(file, buf, sizeof(buf), &pos);
	err = n < 0 ? (int)n : n < (long)sizeof(buf) ? -ENOMEM : vfs_fsync(file, 0, S64_MAX, false);
	file_put(file);
	return err;
}
static int op_punch(void)
{
	struct vfs_open_how how = {.flags = O_RDWR};
	struct file *file;
	int err = vfs_open(AT_FDCWD, "/mnt/file", &how, &file);

	if (err)
		return err;
	err = vfs_fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 100000, 50000);
	file_put(file);
	return err == -EOPNOTSUPP ? 0 : err;
}
static int fallocate_file(int mode, loff_t at, loff_t n)
{
	struct vfs_open_how how = {.flags = O_RDWR};
	struct file *file;
	int err = vfs_open(AT_FDCWD, "/mnt/file", &how, &file);

	if (err)
		return err;
	err = vfs_fallocate(file, mode, at, n);
	file_put(file);
	return err == -EOPNOTSUPP ? 0 : err;
}
static int op_zero_range(void)
{
	return fallocate_file(FALLOC_FL_ZERO_RANGE, 100001, 70000);
}
static int op_collapse(void)
{
	return fallocate_file(FALLOC_FL_COLLAPSE_RANGE, 65536, 32768);
}
static int op_insert(void)
{
	return fallocate_file(FALLOC_FL_INSERT_RANGE, 65536, 32768);
}
static int op_preallocate(void)
{
	return fallocate_file(FALLOC_FL_KEEP_SIZE, 100, 2000000);
}
static int op_read(void)
{
	struct vfs_open_how how = {.flags = O_RDONLY};
	struct file *file;
	char buf[4096];
	int err = vfs_open(AT_FDCWD, "/mnt/holes", &how, &file);

	if (err)
		return err;
	for (u64 at = 0; !err && at < 1000000; at += 40000) {
		long n = t_pread(file, buf, sizeof(buf), at);

		if (n < 0)
			err = (int)n;
	}
	file_put(file);
	return err;
}
static int op_list(void)
{
	int n = t_list("big", NULL);

	return n < 0 ? n : 0;
}
static int op_stat(void)
{
	struct vfs_stat st;

	return t_stat("dir/small", &st);
}
static int op_setattr(void)
{
	struct attr attr = {.valid = ATTR_MODE, .mode = S_IFREG | 0600};

	return t_setattr("dir/small", &attr);
}
static int op_sync(void)
{
	int err = t_create_error("fresh", 100000, 2);

	return err ? err : super_sync_all(true);
}
static int op_remount(void)
{
	int err = t_remount(MS_RDONLY, NULL);

	return err ? err : t_remount(0, NULL);
}

static const struct {
	const char *name;
	int (*run)(void);
} operations[] = {
    {"create", op_create},
    {"create in an index", op_create_in_index},
    {"mkdir", op_mkdir},
    {"rmdir", op_rmdir},
    {"symlink", op_symlink},
    {"mknod", op_mknod},
    {"link", op_link},
    {"unlink", op_unlink},
    {"unlink a fragmented file", op_unlink_fragmented},
    {"rename", op_rename},
    {"rename over", op_rename_over},
    {"rename a directory", op_rename_dir},
    {"exchange", op_exchange},
    {"truncate", op_truncate},
    {"extend", op_extend},
    {"append and fsync", op_append_sync},
    {"punch", op_punch},
    {"zero range", op_zero_range},
    {"collapse", op_collapse},
    {"insert", op_insert},
    {"preallocate", op_preallocate},
    {"read", op_read},
    {"list", op_list},
    {"stat", op_stat},
    {"setattr", op_setattr},
    {"sync", op_sync},
    {"remount", op_remount},
};
#define OPERATIONS ((int)ARRAY_SIZE(operations))

enum { KINDS = 2 };

static void make_volumes(void)
{
	static const char *const options[KINDS] = {"-t ext4 -b 1024 -g 2048", "-t ext2 -b 1024"};

	t_run_ok("mkdir -p tree/dir tree/big tree/empty; cd tree; "
		 "for i in $(seq 120); do echo $i >big/a-name-of-some-length-$i; done; "
		 "head -c 200000 /dev/zero | tr '\\0' x >file; echo hi >dir/small; "
		 "for i in $(seq 0 8 1000); do echo x | dd of=../holes bs=1024 seek=$i count=1 "
		 "conv=notrunc 2>/dev/null; done");
	for (int i = 0; i < KINDS; i++)
		t_run_ok("mke2fs -q -F %s -N 1000 -d tree good%d 4096k; "
			 "echo 'write holes holes' >commands; debugfs -w -f commands good%d; "
			 "e2fsck -fyD good%d >/dev/null; test $? -le 1",
			 options[i], i, i, i);
}

static void prepare(int kind)
{
	t_run_ok("cp --sparse=always good%d img", kind);
	t_mount_ok("errors=continue");
}

START_TEST(the_nth_failing_allocation_harms_nothing)
{
	int kind = _i / OPERATIONS, op = _i % OPERATIONS;
	u64 n = 1, step = 1;

	for (;; n += step) {
		prepare(kind);
		host_alloc_fail_nth(n);
		int err = operations[op].run();
		bool failed = host_alloc_failed();
		host_alloc_fail_nth(0);

		/* Where memory is not vital (read-ahead, write-back in the background) there may be
		 * success; but no other error than -ENOMEM. */
		ck_assert_msg(err == 0 || (failed && (err == -ENOMEM || err == -EIO)),
			      "%s, allocation %llu: error %d: %s", operations[op].name, n, err,
			      log_captured());
		t_umount();
		int status = t_fsck_status();
		ck_assert_msg(status == 0, "%s, allocation %llu: error %d, then e2fsck: %s\n%s",
			      operations[op].name, n, err, t_output(), log_captured());
		if (!failed)
			break;
		if (n > 40)
			step = 3; /* long ones repeat themselves */
		ck_assert_uint_lt(n, 3000);
	}
	ck_assert_uint_gt(n, 1);
}
END_TEST

/* What must not fail: the set-up, and the unmount, whose own failure is another test. */
START_TEST(the_nth_failing_read_harms_nothing)
{
	int kind = _i / OPERATIONS, op = _i % OPERATIONS;

	for (u64 n = 1;; n++) {
		prepare(kind);
		host_disk_fail_nth(t_disk(), HOST_DISK_READS, n, -EIO);
		int err = operations[op].run();
		bool failed = host_disk_failed(t_disk());
		host_disk_fail_nth(t_disk(), 0, 0, 0);

		ck_assert_msg(err == 0 || (failed && err == -EIO), "%s, read %llu: error %d: %s",
			      operations[op].name, n, err, log_captured());
		t_umount();
		int status = t_fsck_status();
		if (status) /* reported leaks are allowed, loss is not */
			t_fsck_repair();
		ck_assert_msg(status == 0 || status == 4, "%s, read %llu: %s", operations[op].name,
			      n, t_output());
		if (!failed)
			break;
		ck_assert_uint_lt(n, 2000);
	}
}
END_TEST

START_TEST(the_nth_failing_write_is_reported_and_repairable)
{
	int kind = _i / OPERATIONS, op = _i % OPERATIONS;

	for (u64 n = 1;; n++) {
		prepare(kind);
		host_disk_fail_nth(t_disk(), HOST_DISK_WRITES, n, -EIO);
		int err = operations[op].run();
		int sync_err = super_sync_all(true);
		bool failed = host_disk_failed(t_disk());
		host_disk_fail_nth(t_disk(), 0, 0, 0);

		if (failed)
			ck_assert_msg(err || sync_err, "%s, write %llu: nobody was told",
				      operations[op].name, n);
		t_umount();
		t_fsck_repair();
		if (!failed)
			break;
		t_mount_ok(NULL);
		char text[8] = "";
		struct vfs_stat st;
		/* what the operation did not touch is there */
		ck_assert_int_eq(t_stat("big/a-name-of-some-length-77", &st), 0);
		struct file *file = t_open("big/a-name-of-some-length-77", O_RDONLY, 0);
		ck_assert_int_eq(t_pread(file, text, sizeof(text), 0), 3);
		ck_assert_str_eq(text, "77\n");
		t_close(file);
		t_check();
		ck_assert_uint_lt(n, 2000);
	}
}
END_TEST

START_TEST(a_mount_without_memory_fails_cleanly)
{
	for (u64 n = 1;; n++) {
		t_run_ok("cp --sparse=always good%d img", _i);
		t_mount_fail_alloc = n;
		int err = t_mount(NULL);
		bool failed = host_alloc_failed();
		host_alloc_fail_nth(0);

		if (!err)
			t_umount();
		else
			ck_assert_msg(failed && err == -ENOMEM, "allocation %llu: error %d", n,
				      err);
		t_fsck();
		if (!failed)
			break;
	}
}
END_TEST

START_TEST(power_cuts_leave_what_e2fsck_repairs)
{
	u64 state = 7 + (u64)_i;

	for (int round = 0; round < 12; round++) {
		prepare(_i % KINDS);
		host_disk_cut_power(t_disk(), t_random(&state) % 120);
		for (int i = 0; i < 20; i++) {
			(void)!operations[t_random(&state) % OPERATIONS].run();
			if (i % 5 == 4)
				(void)!super_sync_all(true);
		}
		t_umount();
		t_fsck_repair();
		t_mount_ok(NULL);
		struct vfs_stat st;
		ck_assert_int_eq(t_stat("big/a-name-of-some-length-77", &st), 0);
		t_check();
	}
}
END_TEST

Suite *suite_ext4_fault(void)
{
	Suite *suite = suite_create("ext4_fault");
	TCase *tcase = tcase_create("ext4_fault");

	tcase_set_timeout(tcase, 300);
	tcase_add_unchecked_fixture(tcase, make_volumes, NULL);
	tcase_add_loop_test(tcase, the_nth_failing_allocation_harms_nothing, 0, OPERATIONS * KINDS);
	tcase_add_loop_test(tcase, the_nth_failing_read_harms_nothing, 0, OPERATIONS * KINDS);
	tcase_add_loop_test(tcase, the_nth_failing_write_is_reported_and_repairable, 0,
			    OPERATIONS * KINDS);
	tcase_add_loop_test(tcase, a_mount_without_memory_fails_cleanly, 0, KINDS);
	tcase_add_loop_test(tcase, power_cuts_leave_what_e2fsck_repairs, 0, 6);
	suite_add_tcase(suite, tcase);
	return suite;
}
