/*
 * The path walker and the dentry and inode caches, on tmpfs.
 */
#include "files.h"

#include "host_cred.h"
#include "host_memory.h"
#include "lib/errno.h"
#include "vfs/cred.h"
#include "vfs/mount.h"

#define AT FILES_AT_FDCWD

static int walk(const char *name, unsigned int flags)
{
	struct path path;
	int error = path_lookup(AT, name, flags, &path);

	if (!error)
		path_put(&path);
	return error;
}

/* The number of the inode that name leads to. */
static u64 leads_to(const char *name, unsigned int flags)
{
	struct path path;
	u64 number;

	ck_assert_int_eq(path_lookup(AT, name, flags, &path), 0);
	number = path.dentry->inode->number;
	path_put(&path);
	return number;
}

static void cd(const char *name)
{
	struct path path;

	ck_assert_int_eq(path_lookup(AT, name, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &path), 0);
	fs_context_set_cwd(current_fs(), &path);
}

static void make_tree(void)
{
	ok(dir_make("/a"));
	ok(dir_make("/a/b"));
	ok(dir_make("/a/b/c"));
	ok(file_make("/a/b/c/f"));
	ok(file_make("/a/g"));
}

START_TEST(a_lookup_does_what_the_table_says)
{
	static const struct {
		const char *name;
		unsigned int flags;
		int error;
	} cases[] = {
	    {"", 0, -ENOENT},
	    {"", LOOKUP_EMPTY, 0},
	    {"/", 0, 0},
	    {"////", 0, 0},
	    {".", 0, 0},
	    {"..", 0, 0},
	    {"/..", 0, 0},
	    {"/../../a", 0, 0},
	    {"/a", 0, 0},
	    {"/a/", 0, 0},
	    {"/a//b///c", 0, 0},
	    {"/a/./b/../b/c/f", 0, 0},
	    {"/a/b/c/f/", 0, -ENOTDIR},
	    {"/a/b/c/f/.", 0, -ENOTDIR},
	    {"/a/b/c/f/..", 0, -ENOTDIR},
	    {"/a/g/x", 0, -ENOTDIR},
	    {"/a/x", 0, -ENOENT},
	    {"/a/x/", 0, -ENOENT},
	    {"/a/x/y", 0, -ENOENT},
	    {"/a/g", LOOKUP_DIRECTORY, -ENOTDIR},
	    {"/a", LOOKUP_DIRECTORY, 0},
	    {"a/b", 0, 0},
	};

	make_tree();
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		ck_assert_msg(walk(cases[i].name, cases[i].flags) == cases[i].error, "%s: %d",
			      cases[i].name, walk(cases[i].name, cases[i].flags));
}
END_TEST

START_TEST(a_negative_entry_gives_way_to_a_new_file)
{
	for (int i = 0; i < 3; i++) {
		fails(-ENOENT, walk("/x", 0));
		fails(-ENOENT, walk("/x", 0));
		ok(file_make("/x"));
		ok(walk("/x", 0));
		ok(file_remove("/x"));
	}
	fails(-ENOENT, walk("/x", 0));
}
END_TEST

START_TEST(relative_names_start_at_the_working_directory)
{
	make_tree();
	cd("/a/b");
	ck_assert_uint_eq(leads_to("c/f", 0), leads_to("/a/b/c/f", 0));
	ck_assert_uint_eq(leads_to("../g", 0), leads_to("/a/g", 0));
	ck_assert_uint_eq(leads_to("../../../..", 0), leads_to("/", 0));
}
END_TEST

START_TEST(relative_names_start_at_a_descriptor)
{
	struct path path;
	int fd;

	make_tree();
	fd = fd_install(must_open("/a/b", O_RDONLY | O_DIRECTORY), 0, false);
	ck_assert_int_ge(fd, 0);
	ok(path_lookup(fd, "c/f", 0, &path));
	path_put(&path);
	ok(path_lookup(fd, "/a/g", 0, &path)); /* an absolute name does not look at it */
	path_put(&path);
	fails(-EBADF, path_lookup(fd + 1, "c/f", 0, &path));
	ok(path_lookup(fd + 1, "/a/g", 0, &path));
	path_put(&path);
	ok(fd_replace(fd, must_open("/a/g", O_RDONLY), false));
	fails(-ENOTDIR, path_lookup(fd, "c", 0, &path));
	ok(path_lookup(fd, "", LOOKUP_EMPTY, &path)); /* the file itself */
	path_put(&path);
	ok(fd_close(fd));
}
END_TEST

START_TEST(links_lead_on_from_where_they_are)
{
	make_tree();
	ok(file_symlink("c", "/a/b/here"));
	ok(file_symlink("../g", "/a/b/up"));
	ok(file_symlink("/a/b/c/f", "/a/absolute"));
	ok(file_symlink("b/here/", "/a/twice"));
	ok(file_symlink("nothing", "/a/dangling"));
	ck_assert_uint_eq(leads_to("/a/b/here/f", 0), leads_to("/a/b/c/f", 0));
	ck_assert_uint_eq(leads_to("/a/b/up", LOOKUP_FOLLOW), leads_to("/a/g", 0));
	ck_assert_uint_eq(leads_to("/a/absolute", LOOKUP_FOLLOW), leads_to("/a/b/c/f", 0));
	ck_assert_uint_eq(leads_to("/a/twice/../here/f", 0), leads_to("/a/b/c/f", 0));
	ck_assert_uint_eq(leads_to("/a/twice", LOOKUP_FOLLOW), leads_to("/a/b/c", 0));
	ck_assert_uint_ne(leads_to("/a/twice", 0), leads_to("/a/b/c", 0));
	ck_assert_uint_eq(leads_to("/a/twice/", 0), leads_to("/a/b/c", 0)); /* a slash follows */
	fails(-ENOENT, walk("/a/dangling", LOOKUP_FOLLOW));
	ok(walk("/a/dangling", 0));
	fails(-ENOTDIR, walk("/a/absolute/", LOOKUP_FOLLOW));
}
END_TEST

START_TEST(forty_links_are_followed_and_no_more)
{
	ok(file_make("/l0"));
	for (int i = 1; i <= 41; i++)
		ok(file_symlink(name_of("l%d", i - 1), name_of("/l%d", i)));
	ok(walk("/l40", LOOKUP_FOLLOW));
	fails(-ELOOP, walk("/l41", LOOKUP_FOLLOW));
	ok(walk("/l41", 0));
	ok(file_symlink("self", "/self"));
	fails(-ELOOP, walk("/self", LOOKUP_FOLLOW));
	fails(-ELOOP, walk("/self/x", 0));
}
END_TEST

START_TEST(nested_links_come_back_to_the_rest_of_each_name)
{
	make_tree();
	/* Each link's text has something behind another link. */
	ok(file_symlink("/a", "/n0"));
	ok(file_symlink("/n0/b", "/n1"));
	ok(file_symlink("/n1/../b/c", "/n2"));
	ok(file_symlink("/n2/../../b/c/", "/n3"));
	ck_assert_uint_eq(leads_to("/n3/f", 0), leads_to("/a/b/c/f", 0));
	ck_assert_uint_eq(leads_to("/n3/../c/../../g", 0), leads_to("/a/g", 0));
}
END_TEST

START_TEST(resolution_can_be_restricted)
{
	struct path path, base;

	make_tree();
	ok(file_symlink("/a/g", "/a/b/absolute"));
	ok(file_symlink("../g", "/a/b/out"));
	ok(file_symlink("c", "/a/b/in"));
	ok(path_lookup(AT, "/a/b", 0, &base));
	fails(-EXDEV, path_lookup_from(&base, "..", LOOKUP_BENEATH, &path));
	fails(-EXDEV, path_lookup_from(&base, "c/../..", LOOKUP_BENEATH, &path));
	fails(-EXDEV, path_lookup_from(&base, "/a", LOOKUP_BENEATH, &path));
	fails(-EXDEV, path_lookup_from(&base, "out", LOOKUP_BENEATH | LOOKUP_FOLLOW, &path));
	fails(-EXDEV, path_lookup_from(&base, "absolute", LOOKUP_BENEATH | LOOKUP_FOLLOW, &path));
	ok(path_lookup_from(&base, "in/f", LOOKUP_BENEATH, &path));
	path_put(&path);
	/* In a root of its own, ".." stays and "/" is the base. */
	ok(path_lookup_from(&base, "../../c/f", LOOKUP_IN_ROOT, &path));
	path_put(&path);
	ok(path_lookup_from(&base, "/c", LOOKUP_IN_ROOT, &path));
	path_put(&path);
	fails(-ENOENT, path_lookup_from(&base, "absolute", LOOKUP_IN_ROOT | LOOKUP_FOLLOW, &path));
	fails(-ELOOP, path_lookup_from(&base, "in/f", LOOKUP_NO_SYMLINKS, &path));
	ok(path_lookup_from(&base, "in", LOOKUP_NO_SYMLINKS, &path));
	path_put(&path);
	path_put(&base);
}
END_TEST

START_TEST(a_directory_must_be_searchable)
{
	make_tree();
	ok(file_chmod("/a/b", 0600));
	host_set_user(1000, 1000);
	fails(-EACCES, walk("/a/b/c", 0));
	fails(-EACCES, walk("/a/b/.", 0));
	fails(-EACCES, walk("/a/b/..", 0));
	ok(walk("/a/b", 0));
	ok(walk("/a/b/", 0));
	host_set_cred(NULL);
	ok(walk("/a/b/c", 0));
}
END_TEST

START_TEST(the_parent_is_found_and_the_last_name_told)
{
	static const struct {
		const char *name, *last;
		enum path_last kind;
		bool slash;
	} cases[] = {
	    {"/a/b/new", "new", PATH_LAST_NORMAL, false},
	    {"/a/b/c///", "c", PATH_LAST_NORMAL, true},
	    {"x", "x", PATH_LAST_NORMAL, false},
	    {"/a/.", ".", PATH_LAST_DOT, false},
	    {"/a/b/..", "..", PATH_LAST_DOTDOT, false},
	    {"/", "", PATH_LAST_ROOT, false},
	    {"/a/..x", "..x", PATH_LAST_NORMAL, false},
	    {"/a/...", "...", PATH_LAST_NORMAL, false},
	    {"/a/.x/", ".x", PATH_LAST_NORMAL, true},
	};

	make_tree();
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct path_parent at;

		ok(path_lookup_parent(AT, cases[i].name, 0, &at));
		ck_assert_int_eq(at.kind, cases[i].kind);
		ck_assert_int_eq(at.trailing_slash, cases[i].slash);
		if (at.kind == PATH_LAST_NORMAL) {
			ck_assert_uint_eq(at.last_length, strlen(cases[i].last));
			ck_assert_int_eq(memcmp(at.last, cases[i].last, at.last_length), 0);
			ck_assert_uint_eq(at.last_hash,
					  qstr_hash(at.parent.dentry, at.last, at.last_length));
		}
		path_put(&at.parent);
	}
}
END_TEST

static const char *string_of(const struct path *path)
{
	static char buf[PATH_MAX_SIZE];
	char *text = path_to_string(path, &current_fs()->root, buf, sizeof(buf));

	ck_assert(!IS_ERR(text));
	return text;
}

START_TEST(a_path_knows_its_name)
{
	struct path path;

	make_tree();
	ok(path_lookup(AT, "/a/./b//c/f", 0, &path));
	ck_assert_str_eq(string_of(&path), "/a/b/c/f");
	ok(file_rename("/a/b", "/moved", 0));
	ck_assert_str_eq(string_of(&path), "/moved/c/f");
	ok(file_remove("/moved/c/f"));
	ck_assert_str_eq(string_of(&path), "/moved/c/f (deleted)");
	path_put(&path);
	ok(path_lookup(AT, "/", 0, &path));
	ck_assert_str_eq(string_of(&path), "/");
	path_put(&path);
}
END_TEST

START_TEST(a_name_that_does_not_fit_is_an_error)
{
	struct path path;
	char buf[8];

	make_tree();
	ok(path_lookup(AT, "/a/b/c", 0, &path));
	ck_assert(!IS_ERR(path_to_string(&path, &current_fs()->root, buf, 7)));
	char *text = path_to_string(&path, &current_fs()->root, buf, 6);
	ck_assert(IS_ERR(text) && PTR_ERR(text) == -ENAMETOOLONG);
	path_put(&path);
}
END_TEST

START_TEST(a_replaced_file_keeps_its_name_for_those_who_have_it_open)
{
	struct path path;

	ok(file_make("/f"));
	ok(file_make("/f.new"));
	ok(path_lookup(AT, "/f", 0, &path));
	ok(file_rename("/f.new", "/f", 0));
	ck_assert_str_eq(string_of(&path), "/f (deleted)");
	path_put(&path);
}
END_TEST

START_TEST(long_names_move_as_short_ones_do)
{
	static const char a[] = "/a-name-that-does-not-fit-into-the-dentry-itself-0123456789";
	static const char b[] = "/another-name-that-does-not-fit-into-the-dentry-itself-0123";
	const char *const names[] = {a, b, "/short", "/s2"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		for (size_t j = 0; j < ARRAY_SIZE(names); j++) {
			struct path path;

			if (i == j)
				continue;
			ok(file_make(names[i]));
			ok(file_make(names[j]));
			ok(path_lookup(AT, names[j], 0, &path));
			ok(file_rename(names[i], names[j], RENAME_EXCHANGE));
			ck_assert_str_eq(string_of(&path), names[i]);
			ok(file_rename(names[i], names[j], 0));
			ck_assert_str_eq(string_of(&path), names[j]);
			fails(-ENOENT, walk(names[i], 0));
			path_put(&path);
			ok(file_remove(names[j]));
		}
}
END_TEST

START_TEST(a_root_of_its_own_is_not_left)
{
	struct path path;

	make_tree();
	ok(path_lookup(AT, "/a/b", 0, &path));
	path_get(&path);
	fs_context_set_root(current_fs(), &path);
	cd("/");
	ck_assert_uint_eq(leads_to("..", 0), path.dentry->inode->number);
	ck_assert_uint_eq(leads_to("/../../c/..", 0), path.dentry->inode->number);
	fails(-ENOENT, walk("/a", 0));
	ok(walk("/c/f", 0));
	path_put(&path);
}
END_TEST

START_TEST(what_lies_outside_the_root_is_unreachable)
{
	struct path outside, path;

	make_tree();
	ok(path_lookup(AT, "/a/g", 0, &outside));
	ok(path_lookup(AT, "/a/b", 0, &path));
	fs_context_set_root(current_fs(), &path);
	ck_assert_str_eq(string_of(&outside), "(unreachable)/a/g");
	path_put(&outside);
}
END_TEST

START_TEST(caches_give_back_what_is_not_used)
{
	size_t before;

	make_tree();
	ok(walk("/a/b/c/f", 0));
	host_shrink_all(1000, 0);
	host_shrink_all(1000, 0);
	before = host_objects_outstanding();
	for (int i = 0; i < 100; i++)
		fails(-ENOENT, walk(name_of("/a/b/none%d", i), 0));
	ok(walk("/a/b/c/f", 0));
	ck_assert_uint_gt(host_objects_outstanding(), before + 100);
	host_shrink_all(1000, 0);
	host_shrink_all(1000, 0);
	ck_assert_uint_eq(host_objects_outstanding(), before);
	ok(walk("/a/b/c/f", 0));
}
END_TEST

START_TEST(what_is_in_use_survives_the_shrinkers)
{
	struct path path;

	make_tree();
	ok(path_lookup(AT, "/a/b/c/f", 0, &path));
	host_shrink_all(1000, 0);
	host_shrink_all(1000, 0);
	ck_assert_str_eq(string_of(&path), "/a/b/c/f");
	ck_assert_uint_eq(leads_to("/a/b/c/f", 0), path.dentry->inode->number);
	path_put(&path);
}
END_TEST

START_TEST(a_removed_directory_lets_its_negative_entries_go)
{
	size_t before;

	host_shrink_all(1000, 0);
	host_shrink_all(1000, 0);
	before = host_objects_outstanding();
	ok(dir_make("/d"));
	for (int i = 0; i < 50; i++)
		fails(-ENOENT, walk(name_of("/d/x%d", i), 0));
	ok(dir_remove("/d"));
	/* At most the name's own negative entry is left. */
	ck_assert_uint_le(host_objects_outstanding(), before + 1);
}
END_TEST

START_TEST(a_lookup_without_memory_fails_and_leaves_nothing)
{
	make_tree();
	ok(file_symlink("b/../b/c", "/a/l"));
	host_shrink_all(1000, 0);
	host_shrink_all(1000, 0);
	for (u64 n = 1; n < 100; n++) {
		bool failed;
		int error;

		host_alloc_fail_nth(n);
		error = walk("/a/l/f", 0);
		failed = host_alloc_failed();
		host_alloc_fail_nth(0);
		if (!failed) {
			ck_assert_int_eq(error, 0);
			return;
		}
		fails(-ENOMEM, error);
		ok(walk("/a/l/f", 0));
		host_shrink_all(1000, 0);
		host_shrink_all(1000, 0);
	}
	ck_abort_msg("it always fails");
}
END_TEST

Suite *suite_path(void)
{
	return suite_with(
	    "path", files_start, NULL, a_lookup_does_what_the_table_says,
	    a_negative_entry_gives_way_to_a_new_file, relative_names_start_at_the_working_directory,
	    relative_names_start_at_a_descriptor, links_lead_on_from_where_they_are,
	    forty_links_are_followed_and_no_more, nested_links_come_back_to_the_rest_of_each_name,
	    resolution_can_be_restricted, a_directory_must_be_searchable,
	    the_parent_is_found_and_the_last_name_told, a_path_knows_its_name,
	    a_name_that_does_not_fit_is_an_error,
	    a_replaced_file_keeps_its_name_for_those_who_have_it_open,
	    long_names_move_as_short_ones_do, a_root_of_its_own_is_not_left,
	    what_lies_outside_the_root_is_unreachable, caches_give_back_what_is_not_used,
	    what_is_in_use_survives_the_shrinkers, a_removed_directory_lets_its_negative_entries_go,
	    a_lookup_without_memory_fails_and_leaves_nothing);
}
