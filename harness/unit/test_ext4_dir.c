/* Directories: linear and indexed, large ones, renames, links, removal. */
#include <sys/stat.h>

#include "ext4_test.h"

#include "ext4/ext4_int.h"

#include <linux/fcntl.h>
#include <linux/fs.h>

static const char *const kinds[] = {
    "-t ext4 -b 1024",
    "-t ext4 -b 4096",
    "-t ext2 -b 1024",
    "-t ext4 -O ^dir_index -b 1024",
    "-t ext4 -O ^metadata_csum -b 2048",
    "-t ext4 -O large_dir -b 1024",
    "-t ext4 -O ^filetype -b 1024",
};

static void start(int kind, unsigned kib)
{
	char options[128];

	snprintf(options, sizeof(options), "%s -N %u", kinds[kind], kib / 4);
	t_mkfs(options, kib);
	t_mount_ok(NULL);
}

static void touch(const char *name)
{
	struct file *file = t_open(name, O_WRONLY | O_CREAT | O_EXCL, 0644);

	t_close(file);
}

static void name_of(char *buf, const char *dir, int i)
{
	sprintf(buf, "%s/%s-%d", dir,
		i % 5 ? "entry" : "an-entry-with-a-rather-long-name-that-takes-more-room", i);
}

START_TEST(a_growing_directory_splits_and_finds_everything)
{
	const int n = 2500;
	char name[128];
	char **names;

	start(_i, 65536);
	ck_assert_int_eq(t_mkdir("d"), 0);
	for (int i = 0; i < n; i++) {
		name_of(name, "d", i);
		touch(name);
	}
	for (int i = 0; i < n; i++) {
		name_of(name, "d", i);
		ck_assert_msg(t_exists(name), "%s", name);
	}
	ck_assert_int_eq(t_list("d", &names), n);
	for (int i = 1; i < n; i++)
		ck_assert_int_lt(strcmp(names[i - 1], names[i]), 0);
	t_list_free(names, n);
	t_umount();
	t_fsck();
	t_mount_ok(NULL);
	t_drop_caches();
	for (int i = n - 1; i >= 0; i -= 3) {
		name_of(name, "d", i);
		ck_assert_msg(t_exists(name), "%s", name);
		ck_assert_int_eq(t_unlink(name), 0);
		ck_assert(!t_exists(name));
	}
	t_sync();
	for (int i = n - 1; i >= 0; i -= 3) {
		name_of(name, "d", i);
		touch(name);
	}
	ck_assert_int_eq(t_list("d", NULL), n);
	t_umount();
	t_fsck();
	t_mount_ok(NULL);
	for (int i = 0; i < n; i++) {
		name_of(name, "d", i);
		ck_assert_int_eq(t_unlink(name), 0);
	}
	ck_assert_int_eq(t_list("d", NULL), 0);
	ck_assert_int_eq(t_rmdir("d"), 0);
	t_check();
}
END_TEST

START_TEST(fifty_thousand_entries_fit)
{
	static const char *const options[] = {"-t ext4 -b 4096 -N 60000",
					      "-t ext4 -b 1024 -N 60000"};
	const int n = 50000;
	char name[64];

	t_mkfs(options[_i], 131072);
	t_mount_ok(NULL);
	ck_assert_int_eq(t_mkdir("d"), 0);
	touch("d/f");
	struct file *file = t_open("d/f", O_RDONLY, 0);
	for (int i = 0; i < n; i++) {
		sprintf(name, "d/file%06d", i);
		if (i % 60 == 0)
			touch(name);
		else
			ck_assert_int_eq(t_mknod(name, S_IFREG | 0644, 0, 0), 0);
	}
	t_close(file);
	ck_assert_int_eq(t_list("d", NULL), n + 1);
	t_umount();
	t_fsck();
	t_mount_ok(NULL);
	for (int i = 0; i < n; i += 97) {
		sprintf(name, "d/file%06d", i);
		ck_assert(t_exists(name));
	}
	sprintf(name, "d/file%06d", n);
	ck_assert(!t_exists(name));
	for (int i = 0; i < n; i += 2) {
		sprintf(name, "d/file%06d", i);
		ck_assert_int_eq(t_unlink(name), 0);
	}
	ck_assert_int_eq(t_list("d", NULL), n / 2 + 1);
	t_check();
}
END_TEST

START_TEST(an_index_made_by_e2fsck_is_used_and_kept_right)
{
	char name[64];

	/* a linear directory, indexed by e2fsck -D */
	t_run_ok("mkdir tree; cd tree; mkdir d; for i in $(seq 3000); do echo $i >d/name$i; done; "
		 "cd ..; "
		 "rm img; mke2fs -q -F -t ext4 -b 1024 -N 20000 -d tree img 65536k; e2fsck -fyD "
		 "img || test $? = 1");
	t_mount_ok(NULL);
	ck_assert_int_eq(t_list("d", NULL), 3000);
	for (int i = 1; i <= 3000; i++) {
		sprintf(name, "d/name%d", i);
		ck_assert(t_exists(name));
	}
	for (int i = 3001; i <= 5000; i++) {
		sprintf(name, "d/name%d", i);
		touch(name);
	}
	t_check();
	t_run_ok("debugfs -R 'htree d' img 2>/dev/null | head -3");
	ck_assert_ptr_nonnull(strstr(t_output(), "Root node"));
}
END_TEST

START_TEST(every_hash_version_of_an_index_works)
{
	static const char *const hashes[] = {"legacy", "half_md4", "tea"};
	char name[64];

	t_run_ok("rm -rf tree; mkdir tree; cd tree; mkdir d; for i in $(seq 1000); do : >d/name$i; "
		 "done");
	t_run_ok("rm -f img; mke2fs -q -F -t ext4 -b 1024 -N 20000 -d tree img 65536k; "
		 "tune2fs -E hash_alg=%s img; e2fsck -fyD img || test $? = 1",
		 hashes[_i]);
	t_mount_ok(NULL);
	for (int i = 1; i <= 1000; i++) {
		sprintf(name, "d/name%d", i);
		ck_assert(t_exists(name));
	}
	for (int i = 1001; i <= 2000; i++) {
		sprintf(name, "d/name%d", i);
		touch(name);
	}
	ck_assert_int_eq(t_mkdir("e"), 0);
	for (int i = 0; i < 1000; i++) {
		sprintf(name, "e/\xc3\xa4%d", i);
		touch(name);
	}
	ck_assert_int_eq(t_list("d", NULL), 2000);
	ck_assert_int_eq(t_list("e", NULL), 1000);
	t_check();
}
END_TEST

START_TEST(unsigned_hashes_are_honoured)
{
	char name[64];

	t_mkfs("-t ext4 -b 1024 -N 20000", 65536);
	t_debugfs("set_super_value flags 2");
	t_mount_ok(NULL);
	ck_assert_int_eq(t_mkdir("e"), 0);
	for (int i = 0; i < 1500; i++) {
		sprintf(name, "e/\xff\xc3\xa4%d", i);
		touch(name);
	}
	t_check();
	t_mount_ok(NULL);
	for (int i = 0; i < 1500; i++) {
		sprintf(name, "e/\xff\xc3\xa4%d", i);
		ck_assert(t_exists(name));
	}
	t_check();
}
END_TEST

START_TEST(names_of_every_length_work)
{
	char name[300];

	start(_i, 32768);
	for (int n = 1; n <= 255; n++) {
		memset(name, 'a' + n % 26, (size_t)n);
		name[n] = '\0';
		touch(name);
	}
	memset(name, 'x', 256);
	name[256] = '\0';
	ck_assert_int_eq(t_mkdir(name), -ENAMETOOLONG);
	ck_assert_int_eq(t_list("", NULL), 256);
	t_check();
}
END_TEST

START_TEST(renames_of_every_kind_leave_a_clean_volume)
{
	struct vfs_stat st;

	start(_i, 32768);
	ck_assert_int_eq(t_mkdir("a"), 0);
	ck_assert_int_eq(t_mkdir("b"), 0);
	t_create("a/f", 1000, 1);
	t_create("b/g", 2000, 2);
	ck_assert_int_eq(t_rename("a/f", "a/f2", 0), 0);
	ck_assert_int_eq(t_rename("a/f2", "b/f3", 0), 0);
	ck_assert_int_eq(t_rename("b/f3", "b/g", 0), 0); /* over a file */
	t_expect("b/g", 1000, 1);
	ck_assert(!t_exists("b/f3"));
	ck_assert_int_eq(t_mkdir("a/sub"), 0);
	ck_assert_int_eq(t_mkdir("a/sub/deep"), 0);
	ck_assert_int_eq(t_rename("a/sub", "b/sub", 0), 0); /* a directory moves */
	ck_assert_int_eq(t_stat("a", &st), 0);
	ck_assert_uint_eq(st.nlink, 2);
	ck_assert_int_eq(t_stat("b", &st), 0);
	ck_assert_uint_eq(st.nlink, 3);
	ck_assert_int_eq(t_mkdir("a/empty"), 0);
	ck_assert_int_eq(t_rename("b/sub", "a/empty", 0), 0); /* over an empty directory */
	ck_assert(t_exists("a/empty/deep"));
	ck_assert_int_eq(t_rename("b", "a/empty/deep", 0), 0);
	ck_assert(t_exists("a/empty/deep/g"));
	ck_assert_int_eq(t_mkdir("full"), 0);
	touch("full/x");
	ck_assert_int_eq(t_mkdir("other"), 0);
	ck_assert_int_eq(t_rename("other", "full", 0), -ENOTEMPTY);
	ck_assert_int_eq(t_rename("a", "a/empty/below", 0), -EINVAL);
	ck_assert_int_eq(t_rename("other", "full", RENAME_NOREPLACE), -EEXIST);
	ck_assert_int_eq(t_rename("full", "other", RENAME_EXCHANGE), 0);
	ck_assert(t_exists("other/x"));
	ck_assert_int_eq(t_rename("other/x", "full", RENAME_EXCHANGE), 0);
	ck_assert_int_eq(t_stat("full", &st), 0);
	ck_assert(S_ISREG(st.mode));
	ck_assert_int_eq(t_stat("other/x", &st), 0);
	ck_assert(S_ISDIR(st.mode));
	ck_assert_int_eq(t_rename("full", "other/y", RENAME_WHITEOUT), 0);
	ck_assert_int_eq(t_stat("full", &st), 0);
	ck_assert(S_ISCHR(st.mode) && st.rdev_major == 0 && st.rdev_minor == 0);
	t_link("other/y", "other/z");
	ck_assert_int_eq(t_rename("other/y", "other/z", 0), 0); /* the same file: nothing happens */
	ck_assert(t_exists("other/y") && t_exists("other/z"));
	t_check();
	t_mount_ok(NULL);
	t_expect("a/empty/deep/g", 1000, 1);
	t_check();
}
END_TEST

START_TEST(renaming_in_a_splitting_directory_keeps_all_names)
{
	char name[128], to[128];

	start(_i, 65536);
	ck_assert_int_eq(t_mkdir("d"), 0);
	for (int i = 0; i < 800; i++) {
		name_of(name, "d", i);
		touch(name);
	}
	for (int i = 0; i < 800; i++) {
		name_of(name, "d", i);
		sprintf(to, "d/a-much-longer-new-name-for-the-same-entry-%d", i);
		ck_assert_int_eq(t_rename(name, to, 0), 0);
	}
	ck_assert_int_eq(t_list("d", NULL), 800);
	t_check();
}
END_TEST

START_TEST(links_are_counted)
{
	struct vfs_stat st;
	char name[64];

	start(_i, 32768);
	t_create("f", 5000, 1);
	for (int i = 0; i < 300; i++) {
		sprintf(name, "l%d", i);
		ck_assert_int_eq(t_link("f", name), 0);
	}
	ck_assert_int_eq(t_stat("f", &st), 0);
	ck_assert_uint_eq(st.nlink, 301);
	ck_assert_int_eq(t_unlink("f"), 0);
	for (int i = 0; i < 299; i++) {
		sprintf(name, "l%d", i);
		ck_assert_int_eq(t_unlink(name), 0);
	}
	t_expect("l299", 5000, 1);
	ck_assert_int_eq(t_mkdir("d"), 0);
	ck_assert_int_eq(t_link("d", "e"), -EPERM);
	t_check();
}
END_TEST

START_TEST(a_directory_takes_thousands_of_subdirectories)
{
	char name[64];
	struct vfs_stat st;

	start(_i, 65536);
	for (int i = 0; i < 2500; i++) {
		sprintf(name, "sub%d", i);
		ck_assert_int_eq(t_mkdir(name), 0);
	}
	ck_assert_int_eq(t_stat("", &st), 0);
	ck_assert_uint_eq(st.nlink, 2503);
	t_umount();
	t_fsck();
	t_mount_ok(NULL);
	for (int i = 0; i < 2500; i++) {
		sprintf(name, "sub%d", i);
		ck_assert_int_eq(t_rmdir(name), 0);
	}
	ck_assert_int_eq(t_stat("", &st), 0);
	ck_assert_uint_eq(st.nlink, 3);
	t_check();
}
END_TEST

START_TEST(removing_what_is_not_empty_is_refused)
{
	start(_i, 32768);
	ck_assert_int_eq(t_mkdir("d"), 0);
	touch("d/f");
	ck_assert_int_eq(t_rmdir("d"), -ENOTEMPTY);
	ck_assert_int_eq(t_unlink("d"), -EISDIR);
	ck_assert_int_eq(t_rmdir("d/f"), -ENOTDIR);
	ck_assert_int_eq(t_unlink("d/nothing"), -ENOENT);
	ck_assert_int_eq(t_unlink("d/f"), 0);
	ck_assert_int_eq(t_rmdir("d"), 0);
	t_check();
}
END_TEST

START_TEST(a_directory_of_a_full_disk_refuses_entries_cleanly)
{
	char name[300];
	int err = 0, n;

	start(_i, 4096);
	for (n = 0; n < 30000 && !err; n++) {
		sprintf(name, "%0200d", n);
		err = t_mkdir(name);
	}
	ck_assert_int_eq(err, -ENOSPC);
	ck_assert_int_gt(n, 50);
	t_umount();
	t_fsck();
	t_mount_ok(NULL);
	ck_assert_int_eq(t_list("", NULL), n);
	t_check();
}
END_TEST

START_TEST(inodes_run_out_cleanly)
{
	char name[64];
	int n, err = 0;

	t_mkfs("-t ext4 -b 1024 -N 64", 8192);
	t_mount_ok(NULL);
	for (n = 0; n < 1000 && !err; n++) {
		sprintf(name, "f%d", n);
		err = t_create_error(name, 10, 1);
	}
	ck_assert_int_eq(err, -ENOSPC);
	struct fs_statistics st;
	ck_assert_int_eq(t_statfs(&st), 0);
	ck_assert_uint_eq(st.free_files, 0);
	ck_assert_int_eq(t_unlink("f3"), 0);
	t_create("again", 10, 2);
	t_check();
}
END_TEST

START_TEST(listing_in_small_pieces_gives_each_name_once)
{
	char name[128];
	int seen[1000] = {0};

	start(_i, 32768);
	ck_assert_int_eq(t_mkdir("d"), 0);
	for (int i = 0; i < 1000; i++) {
		sprintf(name, "d/%d", i);
		touch(name);
	}
	char **names;
	int n = t_list("d", &names);
	ck_assert_int_eq(n, 1000);
	for (int i = 0; i < n; i++)
		seen[atoi(names[i])]++;
	for (int i = 0; i < 1000; i++)
		ck_assert_int_eq(seen[i], 1);
	t_list_free(names, n);
	t_check();
}
END_TEST

START_TEST(a_temporary_file_has_no_name_until_it_is_linked)
{
	start(_i, 32768);
	struct file *file = t_open("", O_TMPFILE | O_RDWR, 0644);
	ck_assert_int_eq(t_pwrite(file, "hello", 5, 0), 5);
	t_close(file);
	ck_assert_int_eq(t_list("", NULL), 1);
	t_check();
}
END_TEST

Suite *suite_ext4_dir(void)
{
	Suite *suite = suite_create("ext4_dir");
	TCase *tcase = tcase_create("ext4_dir");
	const int all = (int)ARRAY_SIZE(kinds);

	tcase_set_timeout(tcase, 300);
	tcase_add_loop_test(tcase, a_growing_directory_splits_and_finds_everything, 0, all);
	tcase_add_loop_test(tcase, fifty_thousand_entries_fit, 0, 2);
	tcase_add_test(tcase, an_index_made_by_e2fsck_is_used_and_kept_right);
	tcase_add_loop_test(tcase, every_hash_version_of_an_index_works, 0, 3);
	tcase_add_test(tcase, unsigned_hashes_are_honoured);
	tcase_add_loop_test(tcase, names_of_every_length_work, 0, all);
	tcase_add_loop_test(tcase, renames_of_every_kind_leave_a_clean_volume, 0, all);
	tcase_add_loop_test(tcase, renaming_in_a_splitting_directory_keeps_all_names, 0, all);
	tcase_add_loop_test(tcase, links_are_counted, 0, 2);
	tcase_add_loop_test(tcase, a_directory_takes_thousands_of_subdirectories, 0, 2);
	tcase_add_loop_test(tcase, removing_what_is_not_empty_is_refused, 0, 2);
	tcase_add_loop_test(tcase, a_directory_of_a_full_disk_refuses_entries_cleanly, 0, all);
	tcase_add_test(tcase, inodes_run_out_cleanly);
	tcase_add_loop_test(tcase, listing_in_small_pieces_gives_each_name_once, 0, 3);
	tcase_add_loop_test(tcase, a_temporary_file_has_no_name_until_it_is_linked, 0, 2);
	suite_add_tcase(suite, tcase);
	return suite;
}
