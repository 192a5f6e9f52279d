/*
 * The tree of mounts, with tmpfs volumes.
 */
#include "files.h"

#include "host_cred.h"
#include "host_memory.h"
#include "lib/errno.h"
#include "vfs/cred.h"
#include "vfs/mount.h"

#include <linux/mount.h>

#define AT FILES_AT_FDCWD

static struct path at(const char *name)
{
	struct path path;

	ck_assert_int_eq(path_lookup(AT, name, LOOKUP_FOLLOW, &path), 0);
	return path;
}

static int mount_at(const char *name, unsigned long flags)
{
	struct path path = at(name);
	int error = mount_new("none", &path, "tmpfs", flags, NULL);

	path_put(&path);
	return error;
}

static int bind(const char *from, const char *to, bool recursive)
{
	struct path a = at(from), b = at(to);
	int error = mount_bind(&a, &b, recursive);

	path_put(&a);
	path_put(&b);
	return error;
}

static int move(const char *from, const char *to)
{
	struct path a = at(from), b = at(to);
	int error = mount_move(&a, &b);

	path_put(&a);
	path_put(&b);
	return error;
}

static int unmount(const char *name, int flags)
{
	struct path path = at(name);
	int error = mount_umount(&path, flags);

	path_put(&path);
	return error;
}

static int remount(const char *name, unsigned long flags, bool bind_only)
{
	struct path path = at(name);
	int error = mount_remount(&path, flags, NULL, bind_only);

	path_put(&path);
	return error;
}

START_TEST(a_mount_covers_what_was_there)
{
	ok(dir_make("/m"));
	ok(file_make("/m/under"));
	ok(mount_at("/m", 0));
	ck_assert(!file_exists("/m/under"));
	ok(file_make("/m/over"));
	ck_assert_uint_ne(must_stat("/m").dev_minor, must_stat("/").dev_minor);
	ok(unmount("/m", 0));
	ck_assert(file_exists("/m/under"));
	ck_assert(!file_exists("/m/over"));
}
END_TEST

START_TEST(dot_dot_leaves_a_mount_at_its_root)
{
	struct path path;

	ok(dir_make("/m"));
	ok(file_make("/here"));
	ok(mount_at("/m", 0));
	ok(dir_make("/m/d"));
	ck_assert(file_exists("/m/d/../../here"));
	ck_assert(file_exists("/m/../here"));
	ok(path_lookup(AT, "/m/d", 0, &path));
	fails(-EXDEV, path_lookup_from(&path, "../../here", LOOKUP_NO_XDEV, &path));
	path_put(&path);
	ok(unmount("/m", 0));
}
END_TEST

START_TEST(mounts_stack_on_one_directory)
{
	ok(dir_make("/m"));
	ok(mount_at("/m", 0));
	ok(file_make("/m/first"));
	ok(mount_at("/m", 0));
	ck_assert(!file_exists("/m/first"));
	ok(unmount("/m", 0));
	ck_assert(file_exists("/m/first"));
	ok(unmount("/m", 0));
	fails(-EINVAL, unmount("/m", 0));
}
END_TEST

START_TEST(a_busy_mount_stays)
{
	struct file *file;
	struct path path;

	ok(dir_make("/m"));
	ok(mount_at("/m", 0));
	ok(file_make("/m/f"));
	file = must_open("/m/f", O_RDONLY);
	fails(-EBUSY, unmount("/m", 0));
	file_put(file);
	ok(dir_make("/m/inner"));
	ok(mount_at("/m/inner", 0));
	fails(-EBUSY, unmount("/m", 0));
	ok(unmount("/m/inner", 0));
	path = at("/m");
	fs_context_set_cwd(current_fs(), &path);
	fails(-EBUSY, unmount("/m", 0));
	path = at("/");
	fs_context_set_cwd(current_fs(), &path);
	ok(unmount("/m", 0));
}
END_TEST

START_TEST(a_lazily_unmounted_tree_lives_for_those_who_are_in_it)
{
	struct file *file;
	size_t before = host_objects_outstanding();

	ok(dir_make("/m"));
	ok(mount_at("/m", 0));
	ok(dir_make("/m/inner"));
	ok(mount_at("/m/inner", 0));
	must_write_text("/m/f", "still here");
	file = must_open("/m/f", O_RDONLY);
	ok(unmount("/m", UMOUNT_DETACH));
	ck_assert_uint_eq(must_count("/m"), 0);
	char text[16];
	loff_t pos = 0;
	ck_assert_int_eq(file_read_kernel(file, text, sizeof(text), &pos), 10);
	file_put(file);
	ok(dir_remove("/m"));
	host_shrink_all(1000, 0);
	host_shrink_all(1000, 0);
	ck_assert_uint_le(host_objects_outstanding(), before + 1);
}
END_TEST

START_TEST(mount_points_are_not_removed_or_renamed)
{
	ok(dir_make("/m"));
	ok(dir_make("/x"));
	ok(mount_at("/m", 0));
	fails(-EBUSY, dir_remove("/m"));
	fails(-EBUSY, file_rename("/m", "/y", 0));
	fails(-EBUSY, file_rename("/x", "/m", 0));
	ok(unmount("/m", 0));
	ok(file_rename("/m", "/y", 0));
	ok(dir_remove("/y"));
}
END_TEST

START_TEST(names_do_not_cross_mounts)
{
	ok(dir_make("/m"));
	ok(file_make("/f"));
	ok(mount_at("/m", 0));
	fails(-EXDEV, file_rename("/f", "/m/f", 0));
	fails(-EXDEV, file_link("/f", "/m/f"));
	ok(unmount("/m", 0));
}
END_TEST

START_TEST(a_bind_mount_shows_the_same_files)
{
	ok(dir_make("/a"));
	ok(dir_make("/a/sub"));
	ok(dir_make("/b"));
	ok(bind("/a", "/b", false));
	ok(file_make("/b/f"));
	ck_assert_uint_eq(must_stat("/a/f").ino, must_stat("/b/f").ino);
	fails(-EXDEV, file_link("/a/f", "/b/g")); /* one volume, two mounts */
	ok(mount_at("/a/sub", 0));
	ok(file_make("/a/sub/x"));
	ck_assert(!file_exists("/b/sub/x")); /* what is mounted there is not bound */
	ok(unmount("/a/sub", 0));
	ok(unmount("/b", 0));
	ck_assert(file_exists("/a/f"));
}
END_TEST

START_TEST(a_file_can_be_bound_over_a_file)
{
	must_write_text("/a", "a");
	must_write_text("/b", "b");
	ok(dir_make("/d"));
	ok(bind("/a", "/b", false));
	must_have_text("/b", "a");
	fails(-ENOTDIR, bind("/a", "/d", false));
	fails(-ENOTDIR, bind("/d", "/a", false));
	fails(-EBUSY, file_remove("/b"));
	ok(unmount("/b", 0));
	must_have_text("/b", "b");
}
END_TEST

START_TEST(a_recursive_bind_takes_the_mounts_below_along)
{
	ok(dir_make("/a"));
	ok(dir_make("/b"));
	ok(mount_at("/a", 0));
	ok(dir_make("/a/m"));
	ok(mount_at("/a/m", 0));
	ok(dir_make("/a/m/n"));
	ok(mount_at("/a/m/n", 0));
	ok(file_make("/a/m/n/f"));
	ok(bind("/a", "/b", true));
	ck_assert(file_exists("/b/m/n/f"));
	fails(-EBUSY, unmount("/b", 0));
	ok(unmount("/b", UMOUNT_DETACH));
	ck_assert(file_exists("/a/m/n/f"));
	ok(unmount("/a", UMOUNT_DETACH));
}
END_TEST

START_TEST(a_recursive_bind_of_the_root_into_itself_ends)
{
	ok(dir_make("/b"));
	ok(dir_make("/m"));
	ok(mount_at("/m", 0));
	ok(file_make("/m/f"));
	ok(bind("/", "/b", true));
	ck_assert(file_exists("/b/m/f"));
	ck_assert_uint_eq(must_count("/b/b"), 0);
	ok(unmount("/b", UMOUNT_DETACH));
	ok(unmount("/m", 0));
}
END_TEST

START_TEST(a_mount_moves_but_not_into_itself)
{
	ok(dir_make("/a"));
	ok(dir_make("/b"));
	ok(mount_at("/a", 0));
	ok(dir_make("/a/d"));
	ok(file_make("/a/f"));
	fails(-ELOOP, move("/a", "/a/d"));
	fails(-EINVAL, move("/a/d", "/b")); /* not a mount */
	ok(move("/a", "/b"));
	ck_assert(file_exists("/b/f") && !file_exists("/a/f"));
	ok(unmount("/b", 0));
}
END_TEST

START_TEST(a_read_only_mount_takes_no_changes)
{
	struct attr mode = {.valid = ATTR_MODE, .mode = 0600};
	struct file *file;

	ok(dir_make("/m"));
	ok(mount_at("/m", 0));
	must_write_text("/m/f", "x");
	ok(remount("/m", MS_RDONLY, false));
	fails(-EROFS, file_make("/m/g"));
	fails(-EEXIST, dir_make("/m/f"));
	fails(-EROFS, file_remove("/m/f"));
	fails(-EROFS, file_rename("/m/f", "/m/g", 0));
	fails(-EROFS, file_setattr("/m/f", &mode));
	fails(-EROFS, file_truncate("/m/f", 0));
	fails(-EROFS, file_try_open("/m/f", O_WRONLY, 0, &file));
	must_have_text("/m/f", "x");
	ok(remount("/m", 0, false));
	ok(file_remove("/m/f"));
	ok(unmount("/m", 0));
}
END_TEST

START_TEST(a_file_open_for_writing_keeps_its_mount_writable)
{
	struct file *file;

	ok(dir_make("/m"));
	ok(mount_at("/m", 0));
	file = must_open("/m/f", O_CREAT | O_WRONLY);
	fails(-EBUSY, remount("/m", MS_RDONLY, false));
	fails(-EBUSY, remount("/m", MS_RDONLY, true));
	ok(file_make("/m/g"));
	file_put(file);
	ok(remount("/m", MS_RDONLY, false));
	fails(-EROFS, file_make("/m/h"));
	ok(unmount("/m", 0));
}
END_TEST

START_TEST(a_read_only_bind_leaves_the_volume_writable)
{
	ok(dir_make("/a"));
	ok(dir_make("/b"));
	ok(mount_at("/a", 0));
	ok(bind("/a", "/b", false));
	ok(remount("/b", MS_RDONLY, true));
	ok(file_make("/a/f"));
	fails(-EROFS, file_make("/b/g"));
	ok(unmount("/b", 0));
	ok(unmount("/a", 0));
}
END_TEST

START_TEST(devices_need_a_mount_that_allows_them)
{
	struct file *file;

	ok(dir_make("/m"));
	ok(mount_at("/m", MS_NODEV));
	ok(file_mknod("/m/null", S_IFCHR | 0666, 1, 3));
	fails(-EACCES, file_try_open("/m/null", O_RDONLY, 0, &file));
	ok(remount("/m", 0, true));
	file = must_open("/m/null", O_RDONLY);
	file_put(file);
	ok(unmount("/m", 0));
}
END_TEST

static char described[4096];

static int describe(struct mount *mount, void *arg)
{
	char line[512];
	ssize_t n = mount_describe(mount, &current_fs()->root, line, sizeof(line));

	if (n > 0)
		strcat(described, line);
	return 0;
}

START_TEST(the_list_of_mounts_is_as_fstab_has_it)
{
	struct path path;

	ok(dir_make("/with space"));
	path = at("/with space");
	ok(mount_new("some source", &path, "tmpfs", MS_NOSUID | MS_NODEV | MS_RDONLY | MS_NOATIME,
		     NULL));
	path_put(&path);
	mount_for_each(describe, NULL);
	ck_assert_ptr_nonnull(
	    strstr(described, "some\\040source /with\\040space tmpfs ro,nosuid,nodev,noatime"));
	ck_assert_ptr_nonnull(strstr(described, "rootfs / tmpfs rw,relatime"));
	ok(unmount("/with space", 0));
}
END_TEST

START_TEST(the_root_can_be_exchanged)
{
	struct path new_root, put_old, path;

	/* As an initramfs would: the root that is left must itself be mounted on something. */
	ok(dir_make("/real"));
	ok(mount_at("/real", 0));
	path = at("/real");
	path_get(&path);
	fs_context_set_root(current_fs(), &path);
	fs_context_set_cwd(current_fs(), &path);
	ok(dir_make("/new"));
	ok(file_make("/old-file"));
	ok(mount_at("/new", 0));
	ok(dir_make("/new/old"));
	new_root = at("/new");
	put_old = at("/new/old");
	ok(mount_pivot_root(&new_root, &put_old));
	path_put(&new_root);
	path_put(&put_old);
	ck_assert(file_exists("/old/old-file"));
	ck_assert(!file_exists("/old-file"));
	ok(unmount("/old", UMOUNT_DETACH));
}
END_TEST

START_TEST(a_mount_without_memory_leaves_nothing)
{
	ok(dir_make("/m"));
	for (u64 n = 1; n < 100; n++) {
		bool failed;
		int error;

		host_alloc_fail_nth(n);
		error = mount_at("/m", 0);
		failed = host_alloc_failed();
		host_alloc_fail_nth(0);
		if (!failed) {
			ck_assert_int_eq(error, 0);
			ok(unmount("/m", 0));
			return;
		}
		fails(-ENOMEM, error);
		fails(-EINVAL, unmount("/m", 0));
	}
	ck_abort_msg("it always fails");
}
END_TEST

static char options_seen[256];

static int note_option(void *arg, const char *name, const char *value)
{
	size_t used = strlen(options_seen);

	snprintf(options_seen + used, sizeof(options_seen) - used, "[%s|%s]", name, value);
	return !strcmp(name, "bad") ? -ERANGE : !strcmp(name, "oom") ? -ENOMEM : 0;
}

START_TEST(mount_options_are_names_with_or_without_values)
{
	static const struct {
		const char *text, *seen;
		int error;
	} cases[] = {
	    {NULL, "", 0},
	    {"", "", 0},
	    {"a", "[a|]", 0},
	    {"a,b=c,d=", "[a|][b|c][d|]", 0},
	    {",,a,", "[a|]", 0},
	    {"a=b=c", "[a|b=c]", 0},
	    {"a,bad,c", "[a|][bad|]", -EINVAL},
	    {"oom=1,c", "[oom|1]", -ENOMEM},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		options_seen[0] = '\0';
		ck_assert_int_eq(mount_options_for_each(cases[i].text, note_option, NULL),
				 cases[i].error);
		ck_assert_str_eq(options_seen, cases[i].seen);
	}
}
END_TEST

Suite *suite_mount(void)
{
	return suite_with(
	    "mount", files_start, NULL, a_mount_covers_what_was_there,
	    dot_dot_leaves_a_mount_at_its_root, mounts_stack_on_one_directory, a_busy_mount_stays,
	    a_lazily_unmounted_tree_lives_for_those_who_are_in_it,
	    mount_points_are_not_removed_or_renamed, names_do_not_cross_mounts,
	    a_bind_mount_shows_the_same_files, a_file_can_be_bound_over_a_file,
	    a_recursive_bind_takes_the_mounts_below_along,
	    a_recursive_bind_of_the_root_into_itself_ends, a_mount_moves_but_not_into_itself,
	    a_read_only_mount_takes_no_changes, a_file_open_for_writing_keeps_its_mount_writable,
	    a_read_only_bind_leaves_the_volume_writable, devices_need_a_mount_that_allows_them,
	    the_list_of_mounts_is_as_fstab_has_it, the_root_can_be_exchanged,
	    a_mount_without_memory_leaves_nothing, mount_options_are_names_with_or_without_values);
}
