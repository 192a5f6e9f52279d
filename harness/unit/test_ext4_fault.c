/*
 * Every operation with every allocation and every disk request of its failing in turn.
 *
 * Without memory an operation fails and the volume stays clean, as e2fsck says at the end. A disk
 * that fails may leave an inconsistent volume, but e2fsck can repair it, and nothing is lost that
 * the operation had nothing to do with; a failed write is reported to whoever waits for it.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "ext4_test.h"
#include "ext4_tree.h"
#include "vfs/mount.h"

#include <linux/mount.h>

enum {
	KEPT = 30,  /* files that nobody touches */
	MOST = 400, /* an operation that fails more often has a loop somewhere */
	LARGE = 150000,
};

static char text[8][400];

/* A name with a number, kept until seven more were made. */
static const char *nth(const char *name, u64 n)
{
	static unsigned at;

	at = (at + 1) % 8;
	snprintf(text[at], sizeof(text[0]), "%s-%llu", name, (unsigned long long)n);
	return text[at];
}

static const char *in(const char *dir, const char *name)
{
	static char path[4][900];
	static unsigned at;

	at = (at + 1) % 4;
	snprintf(path[at], sizeof(path[0]), "%s/%s", dir, name);
	return path[at];
}

static void must(int error)
{
	ck_assert_msg(!error, "preparing: %d: %s", error, log_captured());
}

/* Blocks at every second place, so that there are many extents. */
static void make_holes(const char *name)
{
	struct file *file = t_open(name, O_CREAT | O_RDWR, 0644);

	for (u64 i = 0; i < 40; i++)
		ck_assert_int_eq(t_pwrite(file, "hole", 4, i * 8192), 4);
	t_close(file);
}

/* The error of a write that was short: the test's, as the next one would have said. */
static int short_error;

static int with_file(const char *name, u32 flags, struct file **file)
{
	struct vfs_open_how how = {.flags = flags, .mode = 0644};
	char path[1000];

	snprintf(path, sizeof(path), "/mnt/%s", name);
	return vfs_open(AT_FDCWD, path, &how, file);
}

/* ---- the operations: what they need, what they do ---- */

/* A directory with an index. */
static void make_indexed_dir(u64 n)
{
	must(t_mkdir(nth("d", n)));
	for (int i = 0; i < 12; i++) {
		char name[400];

		snprintf(name, sizeof(name), "%s/%0200d", nth("d", n), i);
		must(t_open_error(name, O_CREAT | O_WRONLY, 0644));
	}
}

static int do_create_in_index(u64 n)
{
	for (int i = 20; i < 26; i++) { /* some leaf splits */
		char name[400];

		snprintf(name, sizeof(name), "%s/%0200d", nth("d", n), i);
		int error = t_open_error(name, O_CREAT | O_WRONLY, 0644);
		if (error)
			return error;
	}
	return 0;
}

static void nothing(u64 n)
{
}

static void make_file(u64 n)
{
	t_create(nth("f", n), 5000, 1);
}

static void make_two(u64 n)
{
	t_create(nth("f", n), 5000, 1);
	t_create(nth("g", n), 3000, 2);
}

static void make_large(u64 n)
{
	t_create(nth("f", n), LARGE, 1);
	t_sync();
}

static void make_fragmented(u64 n)
{
	make_holes(nth("f", n));
	t_sync();
}

static void make_dir(u64 n)
{
	must(t_mkdir(nth("d", n)));
}

static void make_two_dirs(u64 n)
{
	must(t_mkdir(nth("d", n)));
	must(t_mkdir(nth("e", n)));
	t_create(in(nth("d", n), "f"), 100, 1);
}

/* A directory whose only block is nearly full. */
static void make_full_dir(u64 n)
{
	must(t_mkdir(nth("d", n)));
	for (int i = 0; i < 14; i++) {
		char name[300];

		snprintf(name, sizeof(name), "%s/long-%060d", nth("d", n), i);
		must(t_open_error(name, O_CREAT | O_WRONLY, 0644));
	}
}

static int do_create(u64 n)
{
	return t_open_error(nth("new", n), O_CREAT | O_WRONLY, 0644);
}

static int do_create_grows(u64 n)
{
	char name[400];

	snprintf(name, sizeof(name), "%s/%0200d", nth("d", n), 1);
	return t_open_error(name, O_CREAT | O_WRONLY, 0644);
}

static int do_mkdir(u64 n)
{
	return t_mkdir(nth("new", n));
}

static int do_rmdir(u64 n)
{
	return t_rmdir(nth("d", n));
}

static int do_unlink(u64 n)
{
	return t_unlink(nth("f", n));
}

static int do_link(u64 n)
{
	return t_link(nth("f", n), nth("new", n));
}

static int do_symlink(u64 n)
{
	return t_symlink("target", nth("new", n));
}

static int do_long_symlink(u64 n)
{
	char target[300];

	memset(target, 't', sizeof(target));
	target[299] = '\0';
	return t_symlink(target, nth("new", n));
}

static int do_mknod(u64 n)
{
	return t_mknod(nth("new", n), S_IFCHR | 0600, 400, 70000);
}

static int do_rename(u64 n)
{
	return t_rename(nth("f", n), nth("new", n), 0);
}

static int do_rename_over(u64 n)
{
	return t_rename(nth("f", n), nth("g", n), 0);
}

static int do_rename_dir(u64 n)
{
	return t_rename(nth("d", n), in(nth("e", n), "d"), 0);
}

static int do_exchange(u64 n)
{
	return t_rename(in(nth("d", n), "f"), nth("e", n), RENAME_EXCHANGE);
}

static int write_at(const char *name, u64 offset, u64 length, u32 flags, bool sync)
{
	static u8 buf[LARGE];
	struct file *file;
	int error = with_file(name, O_RDWR | flags, &file);

	if (error)
		return error;
	t_pattern(buf, length, offset, 9);
	long done = t_pwrite(file, buf, length, offset);
	if (done < 0)
		error = (int)done;
	else if ((u64)done < length)
		error = short_error; /* an error's polite form */
	if (!error && sync)
		error = t_fsync(file);
	t_close(file);
	return error;
}

static int do_write(u64 n)
{
	return write_at(nth("f", n), 4000, 3000, 0, true);
}

static int do_write_large(u64 n)
{
	return write_at(nth("new", n), 0, LARGE, O_CREAT, true);
}

static int do_write_far(u64 n)
{
	return write_at(nth("f", n), 80000000, 3000, 0, true);
}

static int do_fill_holes(u64 n)
{
	for (u64 i = 1; i < 40; i += 4) {
		int error = write_at(nth("f", n), i * 8192 + 4096, 4096, 0, false);
		if (error)
			return error;
	}
	return 0;
}

static int do_shrink(u64 n)
{
	return t_truncate(nth("f", n), 12345);
}

static int do_grow(u64 n)
{
	return t_truncate(nth("f", n), 1234567);
}

static int do_fallocate(u64 n)
{
	struct file *file;
	int error = with_file(nth("f", n), O_RDWR, &file);

	if (error)
		return error;
	error = vfs_fallocate(file, 0, 2000, 200000);
	t_close(file);
	return error == -EOPNOTSUPP ? 0 : error;
}

static int do_punch(u64 n)
{
	struct file *file;
	int error = with_file(nth("f", n), O_RDWR, &file);

	if (error)
		return error;
	error = vfs_fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 20000, 50001);
	t_close(file);
	return error == -EOPNOTSUPP ? 0 : error;
}

static int do_chmod(u64 n)
{
	struct attr attr = {.valid = ATTR_MODE | ATTR_UID, .mode = 0600, .uid = 123456};

	return t_setattr(nth("f", n), &attr);
}

static int do_chown(u64 n)
{
	struct attr attr = {
	    .valid = ATTR_UID | ATTR_GID, .uid = (u32)n << 20 | 77, .gid = (u32)n << 12};

	return t_setattr(nth("f", n), &attr);
}

static int do_list(u64 n)
{
	int count = t_list("keep", NULL);

	return count < 0 ? count : 0;
}

static int do_read(u64 n)
{
	static u8 buf[LARGE];
	struct file *file;
	int error = with_file("keep/large", O_RDONLY, &file);

	if (error)
		return error;
	long got = t_pread(file, buf, sizeof(buf), 0);
	t_close(file);
	return got < 0 ? (int)got : 0;
}

static int do_read_holes(u64 n)
{
	static u8 buf[4096];
	struct file *file;
	int error = with_file("keep/holes", O_RDONLY, &file);

	if (error)
		return error;
	for (u64 at = 0; !error && at < 400000; at += 20000) {
		long got = t_pread(file, buf, sizeof(buf), at);

		error = got < 0 ? (int)got : 0;
	}
	t_close(file);
	return error;
}

static int do_append(u64 n)
{
	return write_at(nth("f", n), 5000, 30000, O_APPEND, true);
}

static int do_stat(u64 n)
{
	struct vfs_stat st;

	return t_stat(nth("f", n), &st);
}

static int do_sync(u64 n)
{
	int error = write_at(nth("new", n), 0, 100000, O_CREAT, false);

	return error ? error : super_sync_all(true);
}

static int do_unlinked_open(u64 n)
{
	struct file *file;
	int error = with_file(nth("f", n), O_RDWR, &file);

	if (error)
		return error;
	error = t_unlink(nth("f", n));
	t_close(file);
	return error;
}

static const struct operation {
	const char *name;
	void (*prepare)(u64 n);
	int (*run)(u64 n);
} operations[] = {
    {"create", nothing, do_create},
    {"create in a full directory", make_full_dir, do_create_grows},
    {"mkdir", nothing, do_mkdir},
    {"rmdir", make_dir, do_rmdir},
    {"unlink", make_file, do_unlink},
    {"unlink a large file", make_large, do_unlink},
    {"unlink a file of many extents", make_fragmented, do_unlink},
    {"unlink an open file", make_file, do_unlinked_open},
    {"link", make_file, do_link},
    {"symlink", nothing, do_symlink},
    {"long symlink", nothing, do_long_symlink},
    {"mknod", nothing, do_mknod},
    {"rename", make_file, do_rename},
    {"rename over", make_two, do_rename_over},
    {"rename a directory", make_two_dirs, do_rename_dir},
    {"exchange", make_two_dirs, do_exchange},
    {"write", make_file, do_write},
    {"write a large file", nothing, do_write_large},
    {"write far away", make_file, do_write_far},
    {"fill holes", make_fragmented, do_fill_holes},
    {"shrink", make_large, do_shrink},
    {"grow", make_file, do_grow},
    {"fallocate", make_file, do_fallocate},
    {"punch", make_large, do_punch},
    {"chmod", make_file, do_chmod},
    {"chown", make_file, do_chown},
    {"list", nothing, do_list},
    {"read", nothing, do_read},
    {"read a file with holes", nothing, do_read_holes},
    {"create in an index", make_indexed_dir, do_create_in_index},
    {"append", make_file, do_append},
    {"stat", make_file, do_stat},
    {"sync", nothing, do_sync},
};

static const char *const volumes[] = {"-t ext2 -b 1024",
				      "-t ext4 -b 1024 -O quota,project,orphan_file"};

enum { CASES = ARRAY_SIZE(operations) * ARRAY_SIZE(volumes) };

static void make_volume(int i)
{
	t_mkfs(volumes[i % ARRAY_SIZE(volumes)], 40960);
	t_mount_ok("errors=continue");
	must(t_mkdir("keep"));
	for (u64 n = 0; n < KEPT; n++)
		t_create(in("keep", nth("file", n)), 1000 + n, (u32)n);
	t_create("keep/large", LARGE, 77);
	make_holes("keep/holes");
	must(t_symlink("large", "keep/link"));
	t_sync();
}

static void expect_kept(void)
{
	ck_assert_int_eq(t_list("keep", NULL), KEPT + 3);
	for (u64 n = 0; n < KEPT; n++)
		t_expect(in("keep", nth("file", n)), 1000 + n, (u32)n);
	t_expect("keep/large", LARGE, 77);
}

START_TEST(without_memory_operations_fail_and_the_volume_stays_clean)
{
	const struct operation *operation = &operations[_i / ARRAY_SIZE(volumes)];
	bool failed = true;
	u64 n = 0;

	short_error = -ENOMEM;
	make_volume(_i);
	while (failed) {
		n++;
		ck_assert_uint_lt(n, MOST);
		operation->prepare(n);
		if (n & 1)
			t_drop_caches();
		host_alloc_fail_nth((n + 1) / 2);
		int error = operation->run(n);
		failed = host_alloc_failed();
		host_alloc_fail_nth(0);
		ck_assert_msg(error == 0 || (failed && (error == -ENOMEM || error == -EIO)),
			      "%s: %d at allocation %llu: %s", operation->name, error,
			      (unsigned long long)(n + 1) / 2, log_captured());
		if (getenv("EXT4_FAULT_EACH")) {
			fprintf(stderr, "%s: %llu: %d\n", operation->name, (unsigned long long)n,
				error);
			t_sync();
			t_umount();
			t_fsck();
			t_mount_ok("errors=continue");
		}
	}
	expect_kept();
	t_check_tree();
}
END_TEST

START_TEST(without_memory_write_back_is_only_put_off)
{
	make_volume(_i);
	for (u64 n = 1;; n++) {
		ck_assert_uint_lt(n, MOST);
		const char *name = nth("f", n);
		t_create(name, 30000, (u32)n);
		must(t_truncate(nth("f", n), 25001));
		must(t_mkdir(nth("d", n)));
		if (n & 1)
			t_drop_caches();
		host_alloc_fail_nth((n + 1) / 2);
		int error = super_sync_all(true);
		bool failed = host_alloc_failed();
		host_alloc_fail_nth(0);
		ck_assert_msg(error == 0 || (failed && error == -ENOMEM), "sync: %d", error);
		if (!failed)
			break;
		if (n % 8 == 0) {
			t_sync();
			t_drop_caches();
		}
		t_expect(name, 25001, (u32)n);
	}
	t_check_tree();
}
END_TEST

START_TEST(without_memory_mounting_fails_and_can_be_tried_again)
{
	make_volume(_i);
	t_umount();
	for (u64 n = 1;; n++) {
		ck_assert_uint_lt(n, MOST);
		t_mount_fail_alloc = n;
		int error = t_mount("errors=continue");
		bool failed = host_alloc_failed();
		host_alloc_fail_nth(0);
		ck_assert_msg(error == 0 || (failed && error == -ENOMEM), "mount: %d at %llu",
			      error, (unsigned long long)n);
		ck_assert(!log_captured_has("in use after"));
		if (!error && !failed)
			break;
		if (!error)
			t_umount();
	}
	expect_kept();
	t_check();
}
END_TEST

START_TEST(without_memory_remounting_fails_and_can_be_tried_again)
{
	make_volume(_i);
	for (u64 n = 1;; n++) {
		ck_assert_uint_lt(n, MOST);
		t_create(nth("f", n), 30000, (u32)n);
		host_alloc_fail_nth(n);
		int error = t_remount(MS_RDONLY, "errors=continue");
		if (!error)
			error = t_remount(0, "errors=continue");
		bool failed = host_alloc_failed();
		host_alloc_fail_nth(0);
		ck_assert_msg(error == 0 || (failed && error == -ENOMEM), "remount: %d", error);
		if (error && t_remount(0, "errors=continue")) {
			/* Without memory for its log, a journal ends. */
			t_umount();
			t_mount_ok("errors=continue");
		}
		t_expect(nth("f", n), 30000, (u32)n);
		if (!failed)
			break;
	}
	expect_kept();
	t_check_tree();
}
END_TEST

START_TEST(power_cuts_leave_what_e2fsck_repairs)
{
	enum { ROUNDS = 8, EACH = 20 };
	u64 state = 7 + (u64)_i;

	make_volume(_i);
	for (u64 round = 0; round < ROUNDS; round++) {
		const struct operation *chosen[EACH];

		for (u64 i = 0; i < EACH; i++) {
			chosen[i] = &operations[t_random(&state) % ARRAY_SIZE(operations)];
			chosen[i]->prepare(1000 + round * EACH + i);
		}
		t_sync();
		host_disk_cut_power(t_disk(), t_random(&state) % 120);
		for (u64 i = 0; i < EACH; i++) {
			(void)!chosen[i]->run(1000 + round * EACH + i);
			if (i % 5 == 4)
				(void)!super_sync_all(true);
		}
		t_umount();
		t_fsck_repair();
		t_mount_ok("errors=continue");
		expect_kept();
	}
	t_check();
}
END_TEST

/* Each request of these kinds fails once. reported: somebody must hear of it. */
static void fail_requests(const struct operation *operation, unsigned kinds, bool reported)
{
	bool failed = true;

	short_error = -EIO;
	for (u64 n = 1; failed; n++) {
		ck_assert_uint_lt(n, MOST);
		operation->prepare(n);
		int error = super_sync_all(true);
		t_drop_caches();
		host_disk_fail_nth(t_disk(), kinds, n, -EIO);
		error = operation->run(n);
		int sync_error = super_sync_all(true);
		failed = host_disk_failed(t_disk());
		host_disk_fail_nth(t_disk(), 0, 0, 0);
		ck_assert_msg(error == 0 || (failed && (error == -EIO || error == -EUCLEAN)),
			      "%s: %d at request %llu: %s", operation->name, error,
			      (unsigned long long)n, log_captured());
		ck_assert_msg(sync_error == 0 || failed, "%s: sync: %d", operation->name,
			      sync_error);
		if (reported && failed)
			ck_assert_msg(error || sync_error, "%s: the failed write %llu is hidden",
				      operation->name, (unsigned long long)n);
		t_mount_again_if_aborted();
	}
}

static void repair_and_compare(void)
{
	t_sync();
	t_umount();
	t_fsck_repair();
	t_mount_ok("errors=continue");
	expect_kept();
	t_check();
}

START_TEST(a_failed_write_is_reported_and_loses_nothing_else)
{
	make_volume(_i);
	fail_requests(&operations[_i / ARRAY_SIZE(volumes)], HOST_DISK_WRITES, true);
	repair_and_compare();
}
END_TEST

START_TEST(a_failed_read_loses_nothing)
{
	make_volume(_i);
	fail_requests(&operations[_i / ARRAY_SIZE(volumes)], HOST_DISK_READS, false);
	repair_and_compare();
}
END_TEST

START_TEST(a_failed_flush_is_reported)
{
	struct file *file;

	make_volume(_i);
	file = t_open("f", O_CREAT | O_RDWR, 0644);
	ck_assert_int_eq(t_pwrite(file, "xx", 2, 0), 2);
	ck_assert_int_eq(t_fsync(file), 0);
	/* In place: no transaction is needed, only the flush. */
	ck_assert_int_eq(t_pwrite(file, "x", 1, 0), 1);
	host_disk_fail_nth(t_disk(), HOST_DISK_FLUSHES, 1, -EIO);
	ck_assert_int_eq(vfs_fsync(file, 0, S64_MAX, true), -EIO);
	ck_assert_int_eq(t_pwrite(file, "y", 1, 1), 1);
	ck_assert_int_eq(t_fsync(file), 0);
	t_close(file);
	repair_and_compare();
}
END_TEST

START_TEST(unreadable_data_is_an_error_of_those_bytes_alone)
{
	static u8 buf[LARGE];

	make_volume(_i);
	t_umount();
	t_run_ok("debugfs -R 'blocks keep/large' img 2>/dev/null");
	u64 block = strtoull(t_output(), NULL, 10);
	ck_assert_uint_gt(block, 0);
	t_mount_ok("errors=continue");
	host_disk_fail_range(t_disk(), HOST_DISK_READS, block * 2, 2, -EIO);
	struct file *file = t_open("keep/large", O_RDONLY, 0);
	ck_assert_int_eq(t_pread(file, buf, 100, 0), -EIO);
	ck_assert_int_eq(t_pread(file, buf, 1000, 100000), 1000);
	t_close(file);
	host_disk_fail_range(t_disk(), 0, 0, 0, 0);
	expect_kept();
	t_check();
}
END_TEST

Suite *suite_ext4_fault(void)
{
	Suite *s = suite_create("ext4_fault");

	suite_add_loop(s, NULL, without_memory_operations_fail_and_the_volume_stays_clean, CASES);
	suite_add_loop(s, NULL, without_memory_write_back_is_only_put_off, ARRAY_SIZE(volumes));
	suite_add_loop(s, NULL, without_memory_mounting_fails_and_can_be_tried_again,
		       ARRAY_SIZE(volumes));
	suite_add_loop(s, NULL, without_memory_remounting_fails_and_can_be_tried_again,
		       ARRAY_SIZE(volumes));
	suite_add_loop(s, NULL, power_cuts_leave_what_e2fsck_repairs, 3 * ARRAY_SIZE(volumes));
	suite_add_loop(s, NULL, a_failed_write_is_reported_and_loses_nothing_else, CASES);
	suite_add_loop(s, NULL, a_failed_read_loses_nothing, CASES);
	suite_add_loop(s, NULL, a_failed_flush_is_reported, ARRAY_SIZE(volumes));
	suite_add_loop(s, NULL, unreadable_data_is_an_error_of_those_bytes_alone,
		       ARRAY_SIZE(volumes));
	return s;
}
