/*
 * The semantics of files and directories, on tmpfs: what every file system shares, and what tmpfs
 * itself does.
 */
#include "files.h"

#include "host_clock.h"
#include "host_cred.h"
#include "host_memory.h"
#include "lib/errno.h"
#include "vfs/mount.h"

#include <sys/resource.h>

/* ---- names ---- */

START_TEST(a_new_root_is_an_empty_directory)
{
	struct vfs_stat stat = must_stat("/");

	ck_assert(S_ISDIR(stat.mode));
	ck_assert_uint_eq(stat.nlink, 2);
	ck_assert_uint_eq(must_count("/"), 0);
}
END_TEST

START_TEST(names_appear_and_disappear)
{
	ok(file_make("/a"));
	ok(dir_make("/d"));
	fails(-EEXIST, file_make("/a"));
	fails(-EEXIST, dir_make("/d"));
	fails(-EEXIST, dir_make("/a"));
	ck_assert_uint_eq(must_stat("/").nlink, 3);
	fails(-EISDIR, file_remove("/d"));
	fails(-ENOTDIR, dir_remove("/a"));
	ok(file_remove("/a"));
	ok(dir_remove("/d"));
	fails(-ENOENT, file_remove("/a"));
	fails(-ENOENT, dir_remove("/d"));
	ck_assert_uint_eq(must_count("/"), 0);
	ck_assert_uint_eq(must_stat("/").nlink, 2);
}
END_TEST

START_TEST(a_directory_with_names_is_not_removed)
{
	ok(dir_make("/d"));
	ok(file_make("/d/f"));
	fails(-ENOTEMPTY, dir_remove("/d"));
	ok(file_remove("/d/f"));
	ok(dir_remove("/d"));
}
END_TEST

START_TEST(a_removed_directory_takes_no_new_names)
{
	struct file *file;

	ok(dir_make("/d"));
	file = must_open("/d", O_RDONLY | O_DIRECTORY);
	path_get(&file->path);
	fs_context_set_cwd(current_fs(), &file->path);
	ok(dir_remove("/d"));
	fails(-ENOENT, file_make("f"));
	fails(-ENOENT, dir_make("g"));
	file_put(file);
}
END_TEST

START_TEST(links_share_an_inode)
{
	must_write_text("/a", "one");
	ok(file_link("/a", "/b"));
	ck_assert_uint_eq(must_stat("/a").ino, must_stat("/b").ino);
	ck_assert_uint_eq(must_stat("/a").nlink, 2);
	ok(file_remove("/a"));
	must_have_text("/b", "one");
	ck_assert_uint_eq(must_stat("/b").nlink, 1);
	ok(dir_make("/d"));
	fails(-EPERM, file_link("/d", "/e"));
	fails(-EEXIST, file_link("/b", "/d"));
}
END_TEST

START_TEST(an_unlinked_file_lives_until_its_last_close)
{
	size_t pages = host_pages_outstanding();
	struct file *file;
	char text[4] = "";
	loff_t pos = 0;

	must_write_text("/a", "abc");
	file = must_open("/a", O_RDWR);
	ok(file_remove("/a"));
	ck_assert(!file_exists("/a"));
	ck_assert_int_eq(file_read_kernel(file, text, 3, &pos), 3);
	ck_assert_str_eq(text, "abc");
	ck_assert_int_eq(file_write_kernel(file, "def", 3, &pos), 3);
	file_put(file);
	ck_assert_uint_eq(host_pages_outstanding(), pages);
}
END_TEST

START_TEST(symbolic_links_are_followed_or_read)
{
	ok(dir_make("/d"));
	must_write_text("/d/f", "deep");
	ok(file_symlink("d/f", "/rel"));
	ok(file_symlink("/d", "/abs"));
	ok(file_symlink("nowhere", "/dangling"));
	must_have_text("/rel", "deep");
	must_have_text("/abs/f", "deep");
	must_have_text("/abs/../rel", "deep");
	ck_assert_str_eq(must_readlink("/rel"), "d/f");
	ck_assert_uint_eq(must_stat("/rel").size, 3);
	ck_assert(S_ISLNK(must_stat("/rel").mode));
	fails(-ENOENT, file_try_open("/dangling", O_RDONLY, 0, &(struct file *){NULL}));
	fails(-EEXIST, file_make("/dangling"));
	must_write_text("/dangling", "made through the link");
	must_have_text("/nowhere", "made through the link");
}
END_TEST

static const struct rename_case {
	const char *from, *to;
	unsigned flags;
	int error;
} rename_cases[] = {
    {"/f", "/new", 0, 0},
    {"/f", "/f", 0, 0},
    {"/f", "/g", 0, 0},
    {"/f", "/d/f", 0, 0},
    {"/d", "/new", 0, 0},
    {"/d", "/e", 0, 0},
    {"/d", "/full", 0, -ENOTEMPTY},
    {"/f", "/d", 0, -EISDIR},
    {"/d", "/f", 0, -ENOTDIR},
    {"/d", "/d/in", 0, -EINVAL},
    {"/full", "/full/sub/in", 0, -EINVAL},
    {"/full/sub", "/full", 0, -ENOTEMPTY},
    {"/none", "/new", 0, -ENOENT},
    {"/f", "/none/x", 0, -ENOENT},
    {"/f", "/g/x", 0, -ENOTDIR},
    {"/f", "/new/", 0, -ENOTDIR},
    {"/d", "/new/", 0, 0},
    {"/d/.", "/new", 0, -EBUSY},
    {"/d/..", "/new", 0, -EBUSY},
    {"/f", "/g", RENAME_NOREPLACE, -EEXIST},
    {"/f", "/new", RENAME_NOREPLACE, 0},
    {"/f", "/d", RENAME_EXCHANGE, 0},
    {"/f", "/none", RENAME_EXCHANGE, -ENOENT},
    {"/full/sub", "/full", RENAME_EXCHANGE, -EINVAL},
    {"/f", "/g", RENAME_EXCHANGE | RENAME_NOREPLACE, -EINVAL},
    {"/f", "/g", 1u << 20, -EINVAL},
};

START_TEST(rename_does_what_the_table_says)
{
	const struct rename_case *c = &rename_cases[_i];
	struct vfs_stat from = {0}, to = {0};

	ok(file_make("/f"));
	ok(file_make("/g"));
	ok(dir_make("/d"));
	ok(dir_make("/e"));
	ok(dir_make("/full"));
	ok(dir_make("/full/sub"));
	bool had_from = file_stat(c->from, &from) == 0, had_to = file_stat(c->to, &to) == 0;

	fails(c->error, file_rename(c->from, c->to, c->flags));
	if (!c->error) {
		ck_assert_uint_eq(must_stat(c->to).ino, from.ino);
		if (c->flags & RENAME_EXCHANGE)
			ck_assert_uint_eq(must_stat(c->from).ino, to.ino);
		else if (strcmp(c->from, c->to) != 0)
			ck_assert(!file_exists(c->from));
	} else {
		if (had_from)
			ck_assert_uint_eq(must_stat(c->from).ino, from.ino);
		if (had_to)
			ck_assert_uint_eq(must_stat(c->to).ino, to.ino);
	}
	/* Links of directories count their subdirectories. */
	struct dir_names names;
	unsigned dirs = 0;
	ok(dir_list("/", &names));
	for (size_t i = 0; i < names.count; i++)
		dirs += S_ISDIR(must_stat(name_of("/%s", names.names[i])).mode);
	dir_names_free(&names);
	ck_assert_uint_eq(must_stat("/").nlink, 2 + dirs);
}
END_TEST

START_TEST(exchanging_a_file_and_a_directory_keeps_link_counts)
{
	ok(dir_make("/a"));
	ok(dir_make("/b"));
	ok(dir_make("/a/d"));
	must_write_text("/b/f", "file");
	ok(file_rename("/a/d", "/b/f", RENAME_EXCHANGE));
	ck_assert_uint_eq(must_stat("/a").nlink, 2);
	ck_assert_uint_eq(must_stat("/b").nlink, 3);
	must_have_text("/a/d", "file");
	ck_assert(S_ISDIR(must_stat("/b/f").mode));
}
END_TEST

START_TEST(a_directory_moves_with_what_is_in_it)
{
	ok(dir_make("/a"));
	ok(dir_make("/b"));
	ok(dir_make("/a/d"));
	must_write_text("/a/d/f", "here");
	ok(file_rename("/a/d", "/b/d", 0));
	must_have_text("/b/d/f", "here");
	must_have_text("/b/d/../d/f", "here");
	ck_assert_uint_eq(must_stat("/b/d/..").ino, must_stat("/b").ino);
	ck_assert_uint_eq(must_stat("/a").nlink, 2);
	ck_assert_uint_eq(must_stat("/b").nlink, 3);
}
END_TEST

START_TEST(renaming_over_an_open_file_leaves_it_readable)
{
	char text[4] = "";
	loff_t pos = 0;

	must_write_text("/old", "old");
	must_write_text("/new", "new");
	struct file *file = must_open("/old", O_RDONLY);
	ok(file_rename("/new", "/old", 0));
	ck_assert_int_eq(file_read_kernel(file, text, 3, &pos), 3);
	ck_assert_str_eq(text, "old");
	must_have_text("/old", "new");
	file_put(file);
}
END_TEST

START_TEST(listing_goes_on_while_names_come_and_go)
{
	struct dir_names names;

	for (int i = 0; i < 300; i++)
		ok(file_make(name_of("/f%03d", i)));
	ok(dir_list("/", &names));
	ck_assert_uint_eq(names.count, 300);
	for (size_t i = 0; i < 300; i++)
		ck_assert_str_eq(names.names[i], name_of("f%03zu", i));
	dir_names_free(&names);
	for (int i = 0; i < 300; i += 2)
		ok(file_remove(name_of("/f%03d", i)));
	ck_assert_uint_eq(must_count("/"), 150);
}
END_TEST

START_TEST(names_have_255_bytes_and_no_more)
{
	char name[300];

	memset(name, 'n', sizeof(name));
	name[0] = '/';
	name[256] = '\0';
	ok(file_make(name));
	ok(file_remove(name));
	name[256] = 'n';
	name[257] = '\0';
	fails(-ENAMETOOLONG, file_make(name));
	fails(-ENAMETOOLONG, dir_make(name));
	fails(-ENAMETOOLONG, file_remove(name));
}
END_TEST

START_TEST(special_files_keep_their_numbers)
{
	ok(file_mknod("/c", S_IFCHR | 0600, 1, 3));
	ok(file_mknod("/b", S_IFBLK | 0640, 259, 1048575));
	ok(file_mknod("/p", S_IFIFO | 0644, 0, 0));
	ok(file_mknod("/s", S_IFSOCK | 0755, 0, 0));
	fails(-EEXIST, file_mknod("/s", S_IFSOCK | 0755, 0, 0));
	struct vfs_stat stat = must_stat("/b");
	ck_assert(S_ISBLK(stat.mode));
	ck_assert_uint_eq(stat.rdev_major, 259);
	ck_assert_uint_eq(stat.rdev_minor, 1048575);
	ck_assert_uint_eq(must_stat("/p").mode, S_IFIFO | 0644);
	fails(-ENXIO, file_try_open("/s", O_RDONLY, 0, &(struct file *){NULL}));
}
END_TEST

/* ---- contents ---- */

START_TEST(what_was_written_anywhere_is_read_back)
{
	static const u64 offsets[] = {0, 1, 4095, 4096, 5000, 123456, 1 << 20};

	for (size_t i = 0; i < ARRAY_SIZE(offsets); i++) {
		const char *name = name_of("/f%zu", i);
		must_write_pattern(name, i, offsets[i], 70001);
		ck_assert_uint_eq(must_stat(name).size, offsets[i] + 70001);
		must_have_zeroes(name, 0, offsets[i]);
		must_have_pattern(name, i, offsets[i], 70001);
	}
}
END_TEST

START_TEST(truncation_cuts_and_extends_with_zeroes)
{
	must_write_pattern("/f", 1, 0, 10000);
	ok(file_truncate("/f", 5001));
	ck_assert_uint_eq(must_stat("/f").size, 5001);
	ok(file_truncate("/f", 20000));
	must_have_pattern("/f", 1, 0, 5001);
	must_have_zeroes("/f", 5001, 14999);
	ok(file_truncate("/f", 0));
	ck_assert_uint_eq(must_stat("/f").blocks, 0);
	ok(dir_make("/d"));
	fails(-EISDIR, file_truncate("/d", 0));
	fails(-EINVAL, file_truncate("/f", (u64)-1));
}
END_TEST

START_TEST(holes_take_no_memory)
{
	size_t pages = host_pages_outstanding();

	must_write_pattern("/f", 1, 1ull << 40, 100);
	ck_assert_uint_eq(must_stat("/f").size, (1ull << 40) + 100);
	must_have_zeroes("/f", 12345, 200000);
	ck_assert_uint_le(host_pages_outstanding(), pages + 2);
	ck_assert_uint_eq(must_stat("/f").blocks, 8);
}
END_TEST

START_TEST(punching_a_hole_frees_whole_pages)
{
	must_write_pattern("/f", 1, 0, 40960);
	ok(file_fallocate("/f", FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 5000, 20000));
	must_have_pattern("/f", 1, 0, 5000);
	must_have_zeroes("/f", 5000, 20000);
	must_have_pattern("/f", 1, 25000, 40960 - 25000);
	ck_assert_uint_eq(must_stat("/f").size, 40960);
	ck_assert_uint_lt(must_stat("/f").blocks, 80);
}
END_TEST

START_TEST(fallocate_extends_unless_told_to_keep_the_size)
{
	ok(file_make("/f"));
	ok(file_fallocate("/f", 0, 0, 10000));
	ck_assert_uint_eq(must_stat("/f").size, 10000);
	must_have_zeroes("/f", 0, 10000);
	ok(file_fallocate("/f", FALLOC_FL_KEEP_SIZE, 10000, 10000));
	ck_assert_uint_eq(must_stat("/f").size, 10000);
	fails(-EINVAL, file_fallocate("/f", 0, 0, 0));
	fails(-EOPNOTSUPP, file_fallocate("/f", FALLOC_FL_PUNCH_HOLE, 0, 4096));
}
END_TEST

START_TEST(append_writes_at_the_end_whatever_the_position)
{
	must_write_text("/f", "one");
	struct file *file = must_open("/f", O_WRONLY | O_APPEND);
	loff_t pos = 0;

	ck_assert_int_eq(file_write_kernel(file, "two", 3, &pos), 3);
	ck_assert_int_eq(pos, 6);
	file_put(file);
	must_have_text("/f", "onetwo");
}
END_TEST

START_TEST(a_volume_with_a_limit_fills_up_and_empties)
{
	struct path at;

	ok(dir_make("/m"));
	ok(path_lookup(FILES_AT_FDCWD, "/m", 0, &at));
	ok(mount_new("tmpfs", &at, "tmpfs", 0, "size=64k,nr_inodes=10"));
	path_put(&at);
	ck_assert_int_eq(file_write_pattern("/m/f", 1, 0, 100000), 65536);
	fails(-ENOSPC, file_write_pattern("/m/g", 1, 0, 1));
	must_have_pattern("/m/f", 1, 0, 65536);
	ok(file_truncate("/m/f", 4096));
	must_write_pattern("/m/g", 2, 0, 61440);
	int error = 0, made = 0;
	for (; made < 20 && !error; made++)
		error = file_make(name_of("/m/n%d", made));
	ck_assert_int_eq(error, -ENOSPC);
	struct fs_statistics statistics;
	ok(files_statfs("/m", &statistics));
	ck_assert_uint_eq(statistics.free_blocks, 0);
	ck_assert_uint_eq(statistics.free_files, 0);
}
END_TEST

/* ---- attributes ---- */

START_TEST(times_move_as_posix_says)
{
	ok(dir_make("/d"));
	ok(file_make("/d/f"));
	struct vfs_stat dir = must_stat("/d"), file = must_stat("/d/f");

	host_clock_advance(NSEC_PER_SEC);
	must_write_text("/d/f", "x");
	struct vfs_stat now = must_stat("/d/f");
	ck_assert_int_gt(now.mtime.sec, file.mtime.sec);
	ck_assert_int_gt(now.ctime.sec, file.ctime.sec);
	ck_assert_int_eq(must_stat("/d").mtime.sec, dir.mtime.sec);

	host_clock_advance(NSEC_PER_SEC);
	ok(file_chmod("/d/f", 0600));
	ck_assert_int_eq(must_stat("/d/f").mtime.sec, now.mtime.sec);
	ck_assert_int_gt(must_stat("/d/f").ctime.sec, now.ctime.sec);

	host_clock_advance(NSEC_PER_SEC);
	ok(file_remove("/d/f"));
	ck_assert_int_gt(must_stat("/d").mtime.sec, dir.mtime.sec);

	ok(file_make("/d/g"));
	ok(file_set_times("/d/g", -5, 999999999));
	now = must_stat("/d/g");
	ck_assert_int_eq(now.mtime.sec, -5);
	ck_assert_uint_eq(now.mtime.nsec, 999999999);
	ck_assert_int_eq(now.atime.sec, -5);
}
END_TEST

START_TEST(others_may_what_the_mode_says)
{
	must_write_text("/f", "x");
	ok(file_chown("/f", 1000, 100));
	ok(file_chmod("/f", 0640));
	struct file *file;

	host_set_user(1000, 1);
	ok(file_try_open("/f", O_RDWR, 0, &file));
	file_put(file);
	host_set_user(1001, 100);
	ok(file_try_open("/f", O_RDONLY, 0, &file));
	file_put(file);
	fails(-EACCES, file_try_open("/f", O_WRONLY, 0, &file));
	fails(-EPERM, file_chmod("/f", 0666));
	fails(-EPERM, file_chown("/f", 1001, 100));
	host_set_user(1001, 1);
	fails(-EACCES, file_try_open("/f", O_RDONLY, 0, &file));
	host_set_cred(NULL);
	ok(dir_make("/d"));
	ok(dir_make("/t"));
	ok(file_chmod("/t", 01777));
	host_set_user(1001, 1);
	fails(-EACCES, file_make("/d/f"));
	ok(file_make("/t/f"));
	host_set_user(1002, 1);
	fails(-EPERM, file_remove("/t/f"));
	fails(-EPERM, file_rename("/t/f", "/t/g", 0));
	ok(file_make("/t/mine"));
	fails(-EPERM, file_rename("/t/mine", "/t/f", 0));
	host_set_cred(NULL);
	ok(file_remove("/t/f"));
}
END_TEST

START_TEST(a_setgid_directory_gives_its_group)
{
	ok(dir_make("/d"));
	ok(file_chown("/d", 0, 77));
	ok(file_chmod("/d", 02777));
	host_set_user(1000, 1000);
	ok(file_make("/d/f"));
	ok(dir_make("/d/sub"));
	ck_assert_uint_eq(must_stat("/d/f").gid, 77);
	ck_assert_uint_eq(must_stat("/d/sub").gid, 77);
	ck_assert_uint_eq(must_stat("/d/sub").mode & 02000, 02000);
	ck_assert_uint_eq(must_stat("/d/f").uid, 1000);
}
END_TEST

START_TEST(writing_by_others_clears_setid_bits)
{
	ok(file_make("/f"));
	ok(file_chmod("/f", 06777));
	must_write_pattern("/f", 1, 0, 10);
	ck_assert_uint_eq(must_stat("/f").mode & 07777, 06777);
	host_set_user(1000, 1000);
	must_write_pattern("/f", 1, 0, 10);
	ck_assert_uint_eq(must_stat("/f").mode & 07777, 0777);
	host_set_cred(NULL);
	ok(file_chmod("/f", 06777));
	ok(file_chown("/f", 5, 5));
	ck_assert_uint_eq(must_stat("/f").mode & 07777, 0777);
}
END_TEST

START_TEST(the_umask_takes_bits_away)
{
	current_fs()->umask = 027;
	struct file *file;
	ok(file_try_open("/f", O_CREAT | O_WRONLY, 0666, &file));
	file_put(file);
	ok(vfs_mkdir(FILES_AT_FDCWD, "/d", 0777));
	ok(file_mknod("/p", S_IFIFO | 0666, 0, 0));
	ck_assert_uint_eq(must_stat("/f").mode, S_IFREG | 0640);
	ck_assert_uint_eq(must_stat("/d").mode, S_IFDIR | 0750);
	ck_assert_uint_eq(must_stat("/p").mode, S_IFIFO | 0640);
}
END_TEST

START_TEST(the_limit_of_file_sizes_holds)
{
	host_set_rlimit(RLIMIT_FSIZE, 5000);
	ck_assert_int_eq(file_write_pattern("/f", 1, 0, 10000), 5000);
	ck_assert_int_eq(host_take_signal(), SIGXFSZ);
	fails(-EFBIG, file_write_pattern("/f", 1, 5000, 1));
	ck_assert_int_eq(host_take_signal(), SIGXFSZ);
	fails(-EFBIG, file_truncate("/f", 5001));
	ok(file_truncate("/f", 100));
}
END_TEST

/* ---- opening ---- */

static const struct open_case {
	const char *name;
	u32 flags;
	int error;
} open_cases[] = {
    {"/f", O_RDONLY, 0},
    {"/f", O_RDWR | O_CREAT, 0},
    {"/f", O_RDWR | O_CREAT | O_EXCL, -EEXIST},
    {"/f", O_RDONLY | O_DIRECTORY, -ENOTDIR},
    {"/f/", O_RDONLY, -ENOTDIR},
    {"/d", O_RDONLY, 0},
    {"/d", O_RDONLY | O_DIRECTORY, 0},
    {"/d", O_WRONLY, -EISDIR},
    {"/d", O_RDONLY | O_CREAT, -EISDIR},
    {"/d/", O_RDONLY, 0},
    {"/new/", O_RDWR | O_CREAT, -EISDIR},
    {"/new", O_RDWR, -ENOENT},
    {"/none/new", O_RDWR | O_CREAT, -ENOENT},
    {"/f/new", O_RDWR | O_CREAT, -ENOTDIR},
    {"/link", O_RDONLY, 0},
    {"/link", O_RDONLY | O_NOFOLLOW, -ELOOP},
    {"/link", O_RDWR | O_CREAT | O_EXCL, -EEXIST},
    {"/loop", O_RDONLY, -ELOOP},
    {"", O_RDONLY, -ENOENT},
    {"/d/.", O_RDONLY, 0},
    {"/d/..", O_RDONLY | O_DIRECTORY, 0},
    {"/../../d", O_RDONLY, 0},
    {"//d///", O_RDONLY, 0},
};

START_TEST(open_does_what_the_table_says)
{
	const struct open_case *c = &open_cases[_i];
	struct file *file = NULL;

	ok(file_make("/f"));
	ok(dir_make("/d"));
	ok(file_symlink("f", "/link"));
	ok(file_symlink("loop", "/loop"));
	fails(c->error, file_try_open(c->name, c->flags, 0644, &file));
	if (!c->error)
		file_put(file);
}
END_TEST

START_TEST(a_temporary_file_has_no_name_until_it_is_linked)
{
	struct file *file;

	ok(dir_make("/d"));
	ok(file_try_open("/d", O_TMPFILE | O_RDWR, 0600, &file));
	ck_assert_uint_eq(must_count("/d"), 0);
	struct vfs_stat stat;
	ok(vfs_stat_file(file, &stat));
	ck_assert_uint_eq(stat.nlink, 0);
	file_put(file);
}
END_TEST

START_TEST(memory_running_out_makes_no_half_made_names)
{
	size_t files = 0;

	ok(dir_make("/d"));
	for (u64 n = 1; n < 100; n++) {
		const char *name = name_of("/d/f%llu", (unsigned long long)n);
		host_alloc_fail_nth(n);
		int error = file_make(name);
		bool failed = host_alloc_failed();
		host_alloc_fail_nth(0);
		if (!failed) {
			ok(error);
			return;
		}
		/* A cache that could not grow is no error; and what is made may not get opened. */
		ck_assert(error == -ENOMEM || error == 0);
		ck_assert(error || file_exists(name));
		ck_assert_uint_eq(must_count("/d"), files += file_exists(name));
	}
	ck_abort_msg("it always fails");
}
END_TEST

Suite *suite_tmpfs(void)
{
	Suite *s = suite_with(
	    "tmpfs", files_start, NULL, a_new_root_is_an_empty_directory,
	    names_appear_and_disappear, a_directory_with_names_is_not_removed,
	    a_removed_directory_takes_no_new_names, links_share_an_inode,
	    an_unlinked_file_lives_until_its_last_close, symbolic_links_are_followed_or_read,
	    exchanging_a_file_and_a_directory_keeps_link_counts,
	    a_directory_moves_with_what_is_in_it, renaming_over_an_open_file_leaves_it_readable,
	    listing_goes_on_while_names_come_and_go, names_have_255_bytes_and_no_more,
	    special_files_keep_their_numbers, what_was_written_anywhere_is_read_back,
	    truncation_cuts_and_extends_with_zeroes, holes_take_no_memory,
	    punching_a_hole_frees_whole_pages, fallocate_extends_unless_told_to_keep_the_size,
	    append_writes_at_the_end_whatever_the_position,
	    a_volume_with_a_limit_fills_up_and_empties, times_move_as_posix_says,
	    others_may_what_the_mode_says, a_setgid_directory_gives_its_group,
	    writing_by_others_clears_setid_bits, the_umask_takes_bits_away,
	    the_limit_of_file_sizes_holds, a_temporary_file_has_no_name_until_it_is_linked,
	    memory_running_out_makes_no_half_made_names);

	suite_add_loop(s, files_start, rename_does_what_the_table_says, ARRAY_SIZE(rename_cases));
	suite_add_loop(s, files_start, open_does_what_the_table_says, ARRAY_SIZE(open_cases));
	return s;
}
