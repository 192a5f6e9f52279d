/* File contents: extents and indirect blocks, holes, truncation, a full disk, fallocate. */
#include <sys/stat.h>

#include "ext4_test.h"

#include "ext4/ext4_int.h"

#include <linux/falloc.h>
#include <linux/fcntl.h>

static const char *const kinds[] = {
    "-t ext4 -b 1024", "-t ext4 -b 4096", "-t ext2 -b 1024", "-t ext2 -b 4096", "-t ext4 -b 2048",
};

static void start(int kind, unsigned kib)
{
	t_mkfs(kinds[kind], kib);
	t_mount_ok(NULL);
}

static void write_at(const char *name, u64 offset, size_t n, u32 seed)
{
	struct file *file = t_open(name, O_RDWR | O_CREAT, 0644);
	u8 *buf = malloc(n);

	t_pattern(buf, n, offset, seed);
	ck_assert_int_eq(t_pwrite(file, buf, n, offset), (long)n);
	t_close(file);
	free(buf);
}

static void expect_at(const char *name, u64 offset, size_t n, u32 seed)
{
	struct file *file = t_open(name, O_RDONLY, 0);
	u8 *buf = malloc(n), *want = malloc(n);

	ck_assert_int_eq(t_pread(file, buf, n, offset), (long)n);
	t_pattern(want, n, offset, seed);
	ck_assert_msg(memcmp(buf, want, n) == 0, "%s differs at %llu", name, offset);
	t_close(file);
	free(buf);
	free(want);
}

static void expect_zero(const char *name, u64 offset, size_t n)
{
	struct file *file = t_open(name, O_RDONLY, 0);
	u8 *buf = malloc(n);

	ck_assert_int_eq(t_pread(file, buf, n, offset), (long)n);
	for (size_t i = 0; i < n; i++)
		ck_assert_msg(buf[i] == 0, "%s: byte %llu is %#x", name, offset + i, buf[i]);
	t_close(file);
	free(buf);
}

START_TEST(writes_at_every_boundary_are_kept)
{
	static const u64 at[] = {0,     1,     511,   1023,  1024,  4095,   4096,   4097,  8191,
				 12287, 12288, 49152, 65535, 65536, 274431, 274432, 500000};

	start(_i, 32768);
	for (size_t i = 0; i < ARRAY_SIZE(at); i++)
		write_at("f", at[i], 1, 3);
	for (size_t i = 0; i < ARRAY_SIZE(at); i++)
		expect_at("f", at[i], 1, 3);
	t_sync();
	t_drop_caches();
	for (size_t i = 0; i < ARRAY_SIZE(at); i++)
		expect_at("f", at[i], 1, 3);
	expect_zero("f", 300000, 10000);
	t_check();
}
END_TEST

START_TEST(a_fragmented_file_has_a_deep_map_and_is_removed)
{
	start(_i, 65536);
	/* every other block, backwards, so that nothing merges */
	struct ext4_fs *fs = t_super()->private;
	u32 bs = fs->block_size;

	for (int i = 1500; i >= 0; i--) {
		write_at("f", (u64)i * 2 * bs, bs, 9);
		if (i % 100 == 0)
			t_sync();
	}
	t_sync();
	t_drop_caches();
	for (int i = 0; i <= 1500; i += 50) {
		expect_at("f", (u64)i * 2 * bs, bs, 9);
		if (i)
			expect_zero("f", ((u64)i * 2 - 1) * bs, bs);
	}
	t_umount();
	t_fsck();
	t_mount_ok(NULL);
	struct fs_statistics before, after;
	ck_assert_int_eq(t_statfs(&before), 0);
	ck_assert_int_eq(t_truncate("f", 1000ull * bs), 0);
	expect_at("f", 500 * 2ull * bs - 2 * bs, bs, 9);
	t_umount();
	t_fsck();
	t_mount_ok(NULL);
	ck_assert_int_eq(t_unlink("f"), 0);
	ck_assert_int_eq(t_statfs(&after), 0);
	ck_assert_uint_gt(after.free_blocks, before.free_blocks + 1500);
	t_check();
}
END_TEST

START_TEST(truncation_to_every_kind_of_size_works)
{
	static const u64 sizes[] = {3000000, 2999999, 1500000, 1000448, 700001, 274433, 274432,
				    274431,  65537,   65536,   12289,   12288,  12287,  4097,
				    4096,    4095,    1025,    1024,    1,      0};

	start(_i, 32768);
	t_create("f", 3100000, 5);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		ck_assert_int_eq(t_truncate("f", sizes[i]), 0);
		t_expect("f", sizes[i], 5);
		if (i % 4 == 0) {
			t_sync();
			t_drop_caches();
			t_expect("f", sizes[i], 5);
		}
		/* and what comes back is zero */
		ck_assert_int_eq(t_truncate("f", sizes[i] + 5000), 0);
		expect_zero("f", sizes[i], 5000);
		ck_assert_int_eq(t_truncate("f", sizes[i]), 0);
	}
	t_check();
}
END_TEST

START_TEST(a_truncated_hole_stays_zero_after_extension)
{
	start(_i, 32768);
	t_create("f", 100000, 1);
	t_sync();
	ck_assert_int_eq(t_truncate("f", 50001), 0);
	ck_assert_int_eq(t_truncate("f", 100000), 0);
	t_sync();
	t_drop_caches();
	expect_zero("f", 50001, 100000 - 50001);
	expect_at("f", 0, 50001, 1);
	t_check();
}
END_TEST

START_TEST(a_full_disk_says_so_and_loses_nothing)
{
	start(_i, 8192);
	t_create("before", 100000, 1);
	int err = t_create_error("big", 100u << 20, 2);

	ck_assert_int_eq(err, -ENOSPC);
	struct vfs_stat st;
	ck_assert_int_eq(t_stat("big", &st), 0);
	ck_assert_uint_gt(st.size, 3000000);
	t_expect("before", 100000, 1);
	t_sync();
	t_drop_caches();
	t_expect("before", 100000, 1);
	t_expect("big", st.size, 2); /* what was accepted is there */
	ck_assert_int_eq(t_create_error("more", 300000, 3), -ENOSPC);
	ck_assert_int_eq(t_unlink("big"), 0);
	ck_assert_int_eq(t_unlink("more"), 0);
	t_create("again", 3000000, 4);
	t_check();
	t_mount_ok(NULL);
	t_expect("again", 3000000, 4);
	t_expect("before", 100000, 1);
	t_check();
}
END_TEST

START_TEST(ordinary_users_leave_the_reserve_to_root)
{
	struct fs_statistics st;

	t_mkfs("-t ext4 -b 1024 -m 20", 16384);
	t_mount_ok(NULL);
	ck_assert_int_eq(t_mkdir("open"), 0);
	struct attr attr = {.valid = ATTR_MODE, .mode = S_IFDIR | 0777};
	ck_assert_int_eq(t_setattr("open", &attr), 0);
	host_set_user(1000, 1000);
	ck_assert_int_eq(t_create_error("open/user", 100u << 20, 1), -ENOSPC);
	host_set_cred(NULL);
	ck_assert_int_eq(t_statfs(&st), 0);
	ck_assert_uint_lt(st.available_blocks, 100);
	ck_assert_uint_gt(st.free_blocks, 2500);
	t_create("root", 1000000, 2);
	t_check();
}
END_TEST

START_TEST(random_writes_match_a_copy_in_memory)
{
	const size_t size = 600000;
	u8 *copy = calloc(1, size), *buf = malloc(size);
	u64 state = (u64)_i * 77 + 5;

	start(_i, 32768);
	struct file *file = t_open("f", O_RDWR | O_CREAT, 0644);
	ck_assert_int_eq(t_truncate("f", size), 0);
	for (int i = 0; i < 400; i++) {
		size_t at = t_random(&state) % size;
		size_t n = min(t_random(&state) % 20000 + 1, size - at);

		for (size_t k = 0; k < n; k++)
			copy[at + k] = (u8)t_random(&state);
		ck_assert_int_eq(t_pwrite(file, copy + at, n, at), (long)n);
		if (i % 37 == 0)
			ck_assert_int_eq(t_fsync(file), 0);
		if (i % 91 == 0)
			t_drop_caches();
	}
	ck_assert_int_eq(t_pread(file, buf, size, 0), (long)size);
	ck_assert(memcmp(buf, copy, size) == 0);
	t_close(file);
	t_umount();
	t_fsck();
	t_mount_ok(NULL);
	file = t_open("f", O_RDONLY, 0);
	ck_assert_int_eq(t_pread(file, buf, size, 0), (long)size);
	ck_assert(memcmp(buf, copy, size) == 0);
	t_close(file);
	t_check();
	free(copy);
	free(buf);
}
END_TEST

START_TEST(an_open_unlinked_file_lives_until_it_is_closed)
{
	struct fs_statistics before, after;

	start(_i, 32768);
	ck_assert_int_eq(t_statfs(&before), 0);
	t_create("f", 2000000, 1);
	struct file *file = t_open("f", O_RDWR, 0);
	ck_assert_int_eq(t_unlink("f"), 0);
	ck_assert(!t_exists("f"));
	t_sync();
	struct ext4_fs *fs = t_super()->private;
	ck_assert_uint_eq(fs->orphan_head, (u32)file->inode->number);
	u8 buf[100], want[100];
	ck_assert_int_eq(t_pread(file, buf, 100, 1500000), 100);
	t_pattern(want, 100, 1500000, 1);
	ck_assert(memcmp(buf, want, 100) == 0);
	ck_assert_int_eq(t_pwrite(file, want, 100, 3000000), 100);
	t_close(file);
	ck_assert_uint_eq(fs->orphan_head, 0);
	ck_assert_int_eq(t_statfs(&after), 0);
	ck_assert_uint_eq(after.free_blocks, before.free_blocks);
	ck_assert_uint_eq(after.free_files, before.free_files);
	t_check();
}
END_TEST

START_TEST(orphans_of_a_crash_are_deleted_at_the_next_mount)
{
	start(_i, 32768);
	t_create("keep", 5000, 1);
	struct file *files[5];
	for (int i = 0; i < 5; i++) {
		char name[16];
		snprintf(name, sizeof(name), "f%d", i);
		t_create(name, 300000, (u32)i);
		files[i] = t_open(name, O_RDWR, 0);
		ck_assert_int_eq(t_unlink(name), 0);
	}
	t_sync();
	t_run_ok("cp img crashed");
	for (int i = 0; i < 5; i++)
		t_close(files[i]);
	t_check();
	t_run_ok("cp crashed img");
	t_mount_ok(NULL);
	ck_assert(log_captured_has("5 orphan inodes deleted"));
	t_expect("keep", 5000, 1);
	t_umount();
	/* It was not unmounted cleanly before, so the state says so still; e2fsck finds nothing. */
	t_run_ok("e2fsck -fn img | grep -v '^Pass'");
}
END_TEST

START_TEST(a_large_file_takes_few_extents)
{
	t_mkfs("-t ext4 -b 4096", 131072);
	t_mount_ok(NULL);
	t_create("f", 64u << 20, 1);
	t_umount();
	t_fsck();
	t_run_ok(
	    "debugfs -R 'dump_extents -n f' img 2>/dev/null; debugfs -R 'ex f' img 2>/dev/null | "
	    "grep -c '[0-9] - '");
	t_run_ok("debugfs -R 'ex -l f' img 2>/dev/null | grep -c ' - '");
	ck_assert_int_le(atoi(t_output()), 12);
	t_mount_ok(NULL);
	t_expect("f", 64u << 20, 1);
	t_check();
}
END_TEST

START_TEST(sparse_files_reach_to_the_limits)
{
	start(_i, 32768);
	struct ext4_fs *fs = t_super()->private;
	struct file *file = t_open("f", O_RDWR | O_CREAT, 0644);
	u64 limit = (u64)t_super()->max_file_size;
	char c = 'z';

	ck_assert_int_eq(t_pwrite(file, &c, 1, limit - 1), 1);
	ck_assert_int_eq(t_fsync(file), 0);
	ck_assert_int_eq(t_pwrite(file, &c, 1, limit), -EFBIG);
	t_close(file);
	t_sync();
	t_drop_caches();
	file = t_open("f", O_RDONLY, 0);
	c = 0;
	ck_assert_int_eq(t_pread(file, &c, 1, limit - 1), 1);
	ck_assert_int_eq(c, 'z');
	t_close(file);
	ck_assert_int_eq(t_truncate("f", limit + 1), -EFBIG);
	ck_assert(fs->ro_compat & EXT4_RO_COMPAT_LARGE_FILE);
	t_check();
	t_mount_ok(NULL);
	ck_assert_int_eq(t_truncate("f", 0), 0);
	t_check();
}
END_TEST

static int fallocate(const char *name, int mode, u64 offset, u64 length)
{
	struct file *file = t_open(name, O_RDWR | O_CREAT, 0644);
	int err = vfs_fallocate(file, mode, (loff_t)offset, (loff_t)length);

	t_close(file);
	return err;
}

START_TEST(preallocated_blocks_read_as_zero_until_written)
{
	static const char *const options[] = {"-t ext4 -b 1024", "-t ext4 -b 4096"};
	struct vfs_stat st;

	t_mkfs(options[_i], 65536);
	t_mount_ok(NULL);
	ck_assert_int_eq(fallocate("f", 0, 1000, 5000000), 0);
	ck_assert_int_eq(t_stat("f", &st), 0);
	ck_assert_uint_eq(st.size, 5001000);
	ck_assert_uint_ge(st.blocks, 5000000 / 512);
	expect_zero("f", 0, 100000);
	write_at("f", 2000000, 100000, 6);
	write_at("f", 0, 10, 6);
	write_at("f", 4000000, 1, 6);
	t_sync();
	t_drop_caches();
	expect_at("f", 2000000, 100000, 6);
	expect_zero("f", 1900000, 100000);
	expect_zero("f", 2100000, 100000);
	expect_at("f", 0, 10, 6);
	t_umount();
	t_fsck();
	t_mount_ok(NULL);
	expect_at("f", 2000000, 100000, 6);
	expect_zero("f", 2100000, 1000000);
	/* beyond the size, with the size kept */
	ck_assert_int_eq(fallocate("g", FALLOC_FL_KEEP_SIZE, 0, 1000000), 0);
	ck_assert_int_eq(t_stat("g", &st), 0);
	ck_assert_uint_eq(st.size, 0);
	write_at("g", 0, 5000, 7);
	t_check();
	t_mount_ok(NULL);
	expect_at("g", 0, 5000, 7);
	ck_assert_int_eq(t_truncate("g", 2000), 0);
	t_check();
}
END_TEST

START_TEST(holes_are_punched_and_ranges_zeroed)
{
	static const char *const options[] = {"-t ext4 -b 1024", "-t ext4 -b 4096"};
	struct vfs_stat before, after;
	const int punch = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;

	t_mkfs(options[_i], 65536);
	t_mount_ok(NULL);
	t_create("f", 3000000, 4);
	t_sync();
	ck_assert_int_eq(t_stat("f", &before), 0);
	ck_assert_int_eq(fallocate("f", punch, 1000001, 500000), 0);
	expect_zero("f", 1000001, 500000);
	expect_at("f", 0, 1000001, 4);
	expect_at("f", 1500001, 1499999, 4);
	ck_assert_int_eq(fallocate("f", punch, 10, 20), 0);
	expect_zero("f", 10, 20);
	ck_assert_int_eq(fallocate("f", FALLOC_FL_ZERO_RANGE, 2000000, 300000), 0);
	expect_zero("f", 2000000, 300000);
	ck_assert_int_eq(fallocate("f", punch, 2990000, 50000), 0);
	ck_assert_int_eq(t_stat("f", &after), 0);
	ck_assert_uint_eq(after.size, 3000000);
	ck_assert_uint_lt(after.blocks, before.blocks - 900);
	t_sync();
	t_drop_caches();
	expect_zero("f", 1000001, 500000);
	expect_at("f", 1500001, 499999, 4);
	expect_zero("f", 2000000, 300000);
	expect_at("f", 2300000, 690000, 4);
	/* crumble it: every other block goes */
	for (u64 at = 0; at < 2990000; at += 8192)
		ck_assert_int_eq(fallocate("f", punch, at, 4096), 0);
	t_umount();
	t_fsck();
	t_mount_ok(NULL);
	expect_at("f", 4096 + 8192 * 300, 4096, 4);
	expect_zero("f", 8192 * 300, 4096);
	t_check();
}
END_TEST

START_TEST(preallocation_on_indirect_files_is_refused)
{
	t_mkfs("-t ext2 -b 1024", 16384);
	t_mount_ok(NULL);
	ck_assert_int_eq(fallocate("f", 0, 0, 10000), -EOPNOTSUPP);
	t_check();
}
END_TEST

START_TEST(times_owners_and_modes_come_back)
{
	static const char *const options[] = {"-t ext4 -b 4096", "-t ext2 -b 1024 -I 128"};
	struct vfs_stat st;

	t_mkfs(options[_i], 16384);
	t_mount_ok(NULL);
	t_create("f", 10, 1);
	struct attr attr = {.valid = ATTR_MODE | ATTR_UID | ATTR_GID | ATTR_ATIME | ATTR_MTIME,
			    .mode = S_IFREG | 04751,
			    .uid = 100000,
			    .gid = 70000,
			    .atime = {.sec = 1000000000, .nsec = 123456789},
			    .mtime = {.sec = _i ? 2000000000 : 5000000000ll, .nsec = 987654321}};
	ck_assert_int_eq(t_setattr("f", &attr), 0);
	t_umount();
	t_fsck();
	t_mount_ok(NULL);
	ck_assert_int_eq(t_stat("f", &st), 0);
	ck_assert_uint_eq(st.mode & 07777, 04751);
	ck_assert_uint_eq(st.uid, 100000);
	ck_assert_uint_eq(st.gid, 70000);
	ck_assert_int_eq(st.atime.sec, 1000000000);
	ck_assert_int_eq(st.mtime.sec, attr.mtime.sec);
	ck_assert_uint_eq(st.mtime.nsec, _i ? 0 : 987654321);
	ck_assert_int_eq(st.has_btime, !_i);
	t_check();
}
END_TEST

START_TEST(fsync_makes_a_file_survive_a_crash)
{
	start(_i, 32768);
	struct file *file = t_open("f", O_RDWR | O_CREAT, 0644);
	u8 *buf = malloc(200000);
	t_pattern(buf, 200000, 0, 3);
	ck_assert_int_eq(t_pwrite(file, buf, 200000, 0), 200000);
	ck_assert_int_eq(t_fsync(file), 0);
	t_run_ok("cp img crashed");
	t_close(file);
	t_check();
	t_run_ok("cp crashed img");
	t_fsck_repair();
	t_mount_ok(NULL);
	t_expect("f", 200000, 3);
	t_check();
	free(buf);
}
END_TEST

START_TEST(a_file_larger_than_we_make_them_is_read)
{
	u8 byte;

	/* holes take no blocks, which alone are counted in 32 bits without huge_file */
	t_mkfs("-t ext2 -b 4096 -O ^huge_file", 16384);
	t_run_ok("echo first >data");
	t_debugfs("write data f\nsif f size 4398050758656");
	t_mount_ok(NULL);
	struct file *file = t_open("f", O_RDWR | O_LARGEFILE, 0);
	ck_assert_int_eq(t_pread(file, &byte, 1, 0), 1);
	ck_assert_uint_eq(byte, 'f');
	ck_assert_int_eq(t_pread(file, &byte, 1, 4398050758655ull), 1);
	ck_assert_uint_eq(byte, 0);
	ck_assert_int_eq(t_pwrite(file, &byte, 1, 4398050758655ull), -EFBIG);
	t_close(file);
	ck_assert_int_eq(t_truncate("f", 1), 0);
	t_check();
}
END_TEST

START_TEST(two_gigabytes_are_written_sparsely_and_read)
{
	start(_i, 262144);
	for (u64 at = 0; at < 2200ull << 20; at += 100ull << 20)
		write_at("f", at, 300000, 12);
	t_sync();
	t_drop_caches();
	for (u64 at = 0; at < 2200ull << 20; at += 100ull << 20)
		expect_at("f", at, 300000, 12);
	t_umount();
	t_fsck();
	t_mount_ok(NULL);
	expect_at("f", 2100ull << 20, 300000, 12);
	ck_assert_int_eq(t_truncate("f", 1500ull << 20), 0);
	ck_assert_int_eq(t_unlink("f"), 0);
	t_check();
}
END_TEST

static void writer(void *arg)
{
	long id = (long)arg;
	char name[32];

	for (int i = 0; i < 30; i++) {
		struct vfs_open_how how = {.flags = O_WRONLY | O_CREAT, .mode = 0644};
		struct file *file;
		u8 *buf = malloc(60000);
		loff_t pos = 0;

		snprintf(name, sizeof(name), "/mnt/d%ld/f%d", id, i);
		t_pattern(buf, 60000, 0, (u32)(id * 100 + i));
		if (!vfs_open(AT_FDCWD, name, &how, &file)) {
			if (file_write_kernel(file, buf, 60000, &pos) == 60000 && i % 10 == 0)
				(void)!vfs_fsync(file, 0, S64_MAX, false);
			file_put(file);
		}
		free(buf);
		if (i % 3 == 2) {
			snprintf(name, sizeof(name), "/mnt/d%ld/f%d", id, i - 1);
			(void)!vfs_unlink(AT_FDCWD, name);
		}
	}
}

START_TEST(threads_work_in_parallel)
{
	struct thread *threads[4];
	char name[32];

	start(_i, 65536);
	for (int i = 0; i < 4; i++) {
		snprintf(name, sizeof(name), "d%d", i);
		ck_assert_int_eq(t_mkdir(name), 0);
	}
	host_disk_set_worker(t_disk(), true);
	for (long i = 0; i < 4; i++)
		threads[i] = host_thread_start(writer, (void *)i);
	for (int i = 0; i < 4; i++)
		host_thread_join(threads[i]);
	for (int i = 0; i < 4; i++) {
		for (int k = 0; k < 30; k++) {
			snprintf(name, sizeof(name), "d%d/f%d", i, k);
			if (k % 3 != 1)
				t_expect(name, 60000, (u32)(i * 100 + k));
		}
	}
	t_check();
}
END_TEST

Suite *suite_ext4_file(void)
{
	Suite *suite = suite_create("ext4_file");
	TCase *tcase = tcase_create("ext4_file");
	const int all = (int)ARRAY_SIZE(kinds);

	tcase_set_timeout(tcase, 240);
	tcase_add_loop_test(tcase, writes_at_every_boundary_are_kept, 0, all);
	tcase_add_loop_test(tcase, a_fragmented_file_has_a_deep_map_and_is_removed, 0, all);
	tcase_add_loop_test(tcase, truncation_to_every_kind_of_size_works, 0, all);
	tcase_add_loop_test(tcase, a_truncated_hole_stays_zero_after_extension, 0, all);
	tcase_add_loop_test(tcase, a_full_disk_says_so_and_loses_nothing, 0, all);
	tcase_add_test(tcase, ordinary_users_leave_the_reserve_to_root);
	tcase_add_loop_test(tcase, random_writes_match_a_copy_in_memory, 0, all);
	tcase_add_loop_test(tcase, an_open_unlinked_file_lives_until_it_is_closed, 0, all);
	tcase_add_loop_test(tcase, orphans_of_a_crash_are_deleted_at_the_next_mount, 0, all);
	tcase_add_test(tcase, a_large_file_takes_few_extents);
	tcase_add_test(tcase, a_file_larger_than_we_make_them_is_read);
	tcase_add_loop_test(tcase, sparse_files_reach_to_the_limits, 0, all);
	tcase_add_loop_test(tcase, preallocated_blocks_read_as_zero_until_written, 0, 2);
	tcase_add_loop_test(tcase, holes_are_punched_and_ranges_zeroed, 0, 2);
	tcase_add_test(tcase, preallocation_on_indirect_files_is_refused);
	tcase_add_loop_test(tcase, times_owners_and_modes_come_back, 0, 2);
	tcase_add_loop_test(tcase, fsync_makes_a_file_survive_a_crash, 0, all);
	tcase_add_loop_test(tcase, two_gigabytes_are_written_sparsely_and_read, 0, 2);
	tcase_add_loop_test(tcase, threads_work_in_parallel, 0, all);
	suite_add_tcase(suite, tcase);
	return suite;
}
