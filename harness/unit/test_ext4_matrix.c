/*
 * The same work on volumes of every kind that mke2fs makes: a tree with all types of files,
 * changed, read back from the disk, and checked by e2fsck.
 */
#include <sys/stat.h>

#include "ext4_test.h"

#include <linux/fcntl.h>

static const struct {
	const char *options;
	unsigned kib;
} volumes[] = {
    {"-t ext2 -b 1024", 32768},
    {"-t ext2 -b 2048", 32768},
    {"-t ext2 -b 4096", 32768},
    {"-t ext2 -r 0 -b 1024", 32768},
    {"-t ext2 -O ^filetype -b 1024", 32768},
    {"-t ext2 -O ^dir_index -b 1024", 32768},
    {"-t ext2 -O ^sparse_super,^resize_inode -b 1024", 65536},
    {"-t ext2 -O ^large_file -b 4096", 32768},
    {"-t ext2 -g 1024 -b 1024", 32768},
    {"-t ext3 -b 1024", 32768},
    {"-t ext3 -b 2048", 32768},
    {"-t ext3 -b 4096", 32768},
    {"-t ext3 -I 128 -b 4096", 32768},
    {"-t ext4 -b 1024", 65536},
    {"-t ext4 -b 2048", 65536},
    {"-t ext4 -b 4096", 65536},
    {"-t ext4 -O ^metadata_csum -b 4096", 65536},
    {"-t ext4 -O ^metadata_csum,uninit_bg -b 4096", 65536},
    {"-t ext4 -O ^metadata_csum,uninit_bg -b 1024", 65536},
    {"-t ext4 -O ^metadata_csum,uninit_bg,^64bit -b 1024", 65536},
    {"-t ext4 -O meta_bg,^resize_inode -b 1024", 131072},
    {"-t ext4 -O meta_bg,^resize_inode -b 4096", 65536},
    {"-t ext4 -O ^flex_bg -b 1024", 65536},
    {"-t ext4 -O ^64bit -b 4096", 65536},
    {"-t ext4 -O ^64bit,^flex_bg -b 1024", 65536},
    {"-t ext4 -O ^extent,^64bit -b 4096", 65536},
    {"-t ext4 -O ^extent,^64bit -b 1024", 65536},
    {"-t ext4 -O ^dir_index -b 4096", 65536},
    {"-t ext4 -O ^dir_index -b 1024", 65536},
    {"-t ext4 -O sparse_super2 -b 1024", 131072},
    {"-t ext4 -O sparse_super2,^resize_inode -E num_backup_sb=1 -b 1024", 65536},
    {"-t ext4 -O ^huge_file -b 4096", 65536},
    {"-t ext4 -O ^extra_isize -b 4096", 65536},
    {"-t ext4 -O ^dir_nlink -b 4096", 65536},
    {"-t ext4 -O ^has_journal -b 4096", 65536},
    {"-t ext4 -O ^has_journal,^metadata_csum,^flex_bg -b 1024", 65536},
    {"-t ext4 -O metadata_csum_seed -b 4096", 65536},
    {"-t ext4 -O metadata_csum_seed,orphan_file -b 4096", 65536},
    {"-t ext4 -O large_dir -b 1024", 65536},
    {"-t ext4 -O fast_commit -b 4096", 65536},
    {"-t ext4 -O ^filetype -b 4096", 65536},
    {"-t ext4 -O ^resize_inode -b 4096", 65536},
    {"-t ext4 -I 128 -b 4096", 65536},
    {"-t ext4 -I 512 -b 2048", 65536},
    {"-t ext4 -I 1024 -b 4096", 65536},
    {"-t ext4 -I 1024 -b 1024", 65536},
    {"-t ext4 -G 4 -b 1024", 65536},
    {"-t ext4 -g 8192 -G 2 -b 2048", 65536},
    {"-t ext4 -g 2048 -b 1024", 65536},
    {"-t ext4 -N 3000 -b 4096", 65536},
    {"-t ext4 -i 1024 -b 1024", 32768},
    {"-t ext4 -m 0 -b 4096", 65536},
    {"-t ext4 -E lazy_itable_init=1 -b 4096", 65536},
    {"-t ext4 -E lazy_itable_init=0 -b 4096", 65536},
    {"-t ext4 -E packed_meta_blocks=1 -b 1024", 65536},
    {"-t ext4 -E stride=4,stripe_width=16 -b 4096", 65536},
    {"-t ext4 -E hash_seed=12345678-1234-1234-1234-123456789abc -b 1024", 65536},
    {"-t ext4 -J size=4 -b 4096", 65536},
    {"-t ext4 -O bigalloc -C 16384 -b 4096", 65536},
    {"-t ext4 -O bigalloc -C 16384 -b 1024", 65536},
    {"-t ext4 -O bigalloc -C 2048 -b 1024", 65536},
    {"-t ext4 -O bigalloc -C 65536 -b 1024 -g 1024", 131072},
    {"-t ext4 -O bigalloc -C 65536 -b 4096", 65536},
    {"-t ext4 -O bigalloc -C 65536 -b 2048 -I 128", 65536},
    {"-t ext4 -O bigalloc,^has_journal -C 65536 -b 4096", 65536},
    {"-t ext4 -O bigalloc,^metadata_csum,uninit_bg -C 32768 -b 4096", 65536},
    {"-t ext4 -O bigalloc,^flex_bg,^64bit -C 16384 -b 1024", 131072},
    {"-t ext4 -O bigalloc,meta_bg,^resize_inode -C 16384 -b 1024", 131072},
    {"-t ext4 -O bigalloc -C 1048576 -b 4096", 524288},
    {"-t ext4 -O bigalloc -C 1048576 -b 1024", 524288},
    {"-t ext4 -O quota,project -b 4096", 65536},
};

static void do_work(void)
{
	char name[64], target[400];

	for (int i = 0; i < 120; i++) {
		snprintf(name, sizeof(name), "file-%03d", i);
		t_create(name, (u64)i * 97, (u32)i);
	}
	ck_assert_int_eq(t_mkdir("dir"), 0);
	ck_assert_int_eq(t_mkdir("dir/sub"), 0);
	t_create("dir/sub/large", 3000000, 7);
	t_create("dir/gone", 50000, 8);
	memset(target, 't', sizeof(target));
	target[59] = '\0';
	ck_assert_int_eq(t_symlink(target, "fast"), 0);
	target[59] = 't';
	target[60] = '\0';
	ck_assert_int_eq(t_symlink(target, "sixty"), 0);
	target[60] = 't';
	target[399] = '\0';
	ck_assert_int_eq(t_symlink(target, "slow"), 0);
	ck_assert_int_eq(t_mknod("char", S_IFCHR | 0600, 5, 1), 0);
	ck_assert_int_eq(t_mknod("block", S_IFBLK | 0600, 259, 70000), 0);
	ck_assert_int_eq(t_mknod("fifo", S_IFIFO | 0644, 0, 0), 0);
	ck_assert_int_eq(t_mknod("sock", S_IFSOCK | 0644, 0, 0), 0);
	ck_assert_int_eq(t_link("file-010", "dir/hard"), 0);
	t_sync();
	for (int i = 0; i < 120; i += 3) {
		snprintf(name, sizeof(name), "file-%03d", i);
		ck_assert_int_eq(t_unlink(name), 0);
	}
	ck_assert_int_eq(t_rename("file-001", "dir/sub/moved", 0), 0);
	ck_assert_int_eq(t_rename("file-002", "file-004", 0), 0);
	ck_assert_int_eq(t_unlink("dir/gone"), 0);
	ck_assert_int_eq(t_truncate("dir/sub/large", 1234567), 0);
	ck_assert_int_eq(t_truncate("file-005", 200000), 0);
	struct file *file = t_open("sparse", O_RDWR | O_CREAT, 0644);
	ck_assert_int_eq(t_pwrite(file, "x", 1, 5000000), 1);
	ck_assert_int_eq(t_pwrite(file, "y", 1, 100), 1);
	t_close(file);
	ck_assert_int_eq(t_mkdir("empty"), 0);
	ck_assert_int_eq(t_rename("dir/sub", "empty/sub", 0), 0);
	ck_assert_int_eq(t_mkdir("rm"), 0);
	ck_assert_int_eq(t_rmdir("rm"), 0);
}

static void expect_work(void)
{
	char name[64], target[500];
	struct vfs_stat st;

	for (int i = 0; i < 120; i++) {
		snprintf(name, sizeof(name), "file-%03d", i);
		bool gone = i % 3 == 0 || i == 1 || i == 2;

		ck_assert_int_eq(t_exists(name), !gone);
		if (!gone && i != 4 && i != 5)
			t_expect(name, (u64)i * 97, (u32)i);
	}
	t_expect("file-004", 2 * 97, 2);
	t_expect("empty/sub/moved", 97, 1);
	t_expect("dir/hard", 970, 10);
	t_expect("empty/sub/large", 1234567, 7);
	ck_assert_int_eq(t_stat("file-010", &st), 0);
	ck_assert_uint_eq(st.nlink, 2);
	ck_assert_int_eq(t_stat("file-005", &st), 0);
	ck_assert_uint_eq(st.size, 200000);
	ck_assert_int_eq(t_readlink("fast", target, sizeof(target)), 0);
	ck_assert_uint_eq(strlen(target), 59);
	ck_assert_int_eq(t_readlink("sixty", target, sizeof(target)), 0);
	ck_assert_uint_eq(strlen(target), 60);
	ck_assert_int_eq(t_readlink("slow", target, sizeof(target)), 0);
	ck_assert_uint_eq(strlen(target), 399);
	ck_assert_int_eq(t_stat("char", &st), 0);
	ck_assert(S_ISCHR(st.mode) && st.rdev_major == 5 && st.rdev_minor == 1);
	ck_assert_int_eq(t_stat("block", &st), 0);
	ck_assert(S_ISBLK(st.mode) && st.rdev_major == 259 && st.rdev_minor == 70000);
	ck_assert_int_eq(t_stat("fifo", &st), 0);
	ck_assert(S_ISFIFO(st.mode));
	ck_assert_int_eq(t_stat("sock", &st), 0);
	ck_assert(S_ISSOCK(st.mode));
	ck_assert_int_eq(t_stat("empty", &st), 0);
	ck_assert_uint_eq(st.nlink, 3);
	ck_assert_int_eq(t_stat("dir", &st), 0);
	ck_assert_uint_eq(st.nlink, 2);
	struct file *file = t_open("sparse", O_RDONLY, 0);
	char c = 0, zero[64];
	ck_assert_int_eq(t_pread(file, &c, 1, 5000000), 1);
	ck_assert_int_eq(c, 'x');
	ck_assert_int_eq(t_pread(file, &c, 1, 100), 1);
	ck_assert_int_eq(c, 'y');
	ck_assert_int_eq(t_pread(file, zero, sizeof(zero), 2500000), sizeof(zero));
	for (size_t i = 0; i < sizeof(zero); i++)
		ck_assert_int_eq(zero[i], 0);
	t_close(file);
	ck_assert_int_eq(t_list("", NULL), 78 + 3 + 4 + 1 + 2 + 1);
}

START_TEST(a_tree_of_every_kind_survives)
{
	t_mkfs(volumes[_i].options, volumes[_i].kib);
	t_mount_ok(NULL);
	do_work();
	expect_work();
	t_drop_caches();
	expect_work();
	t_check();
	t_mount_ok(NULL);
	expect_work();
	t_check();
	/* and debugfs sees the same bytes */
	t_run_ok("debugfs -R 'dump empty/sub/large large' img 2>/dev/null; stat -c %%s large");
	ck_assert_int_eq(atoi(t_output()), 1234567);
}
END_TEST

START_TEST(a_volume_is_filled_with_files_and_emptied)
{
	char name[64];
	int n;

	t_mkfs(volumes[_i].options, 8192);
	t_mount_ok(NULL);
	for (n = 0; n < 4000; n++) {
		snprintf(name, sizeof(name), "f%d", n);
		int err = t_create_error(name, 9000, (u32)n);

		if (err) {
			ck_assert_int_eq(err, -ENOSPC);
			break;
		}
	}
	ck_assert_int_gt(n, 50);
	ck_assert_int_lt(n, 4000);
	t_check();
	t_mount_ok(NULL);
	for (int i = 0; i < n; i += 7) {
		snprintf(name, sizeof(name), "f%d", i);
		t_expect(name, 9000, (u32)i);
	}
	for (int i = 0; i <= n; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		int err = t_unlink(name);
		ck_assert(!err || (i == n && err == -ENOENT));
	}
	t_check();
}
END_TEST

Suite *suite_ext4_matrix(void)
{
	Suite *suite = suite_create("ext4_matrix");
	TCase *tcase = tcase_create("ext4_matrix");

	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, a_tree_of_every_kind_survives, 0, ARRAY_SIZE(volumes));
	for (int i = 0; i < (int)ARRAY_SIZE(volumes); i += 5)
		tcase_add_loop_test(tcase, a_volume_is_filled_with_files_and_emptied, i, i + 1);
	suite_add_tcase(suite, tcase);
	return suite;
}
