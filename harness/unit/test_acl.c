/*
 * POSIX access control lists: their forms, what they allow, inheritance, and their agreement with
 * modes; on ext4, in memory and after a mount, and as debugfs and e2fsck see them.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "ext4_test.h"

#include "vfs/acl.h"

#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <linux/xattr.h>

#define ACCESS  "system.posix_acl_access"
#define DEFAULT "system.posix_acl_default"

/* "u::rw-,u:1000:r--,g::r--,m::rw-,o::---" as setxattr(2) takes it; static. */
static size_t encode(const char *list, u8 **out)
{
	static u8 buf[4096];
	static const struct {
		char letter;
		u16 plain, named;
	} tags[] = {{'u', ACL_USER_OBJ, ACL_USER},
		    {'g', ACL_GROUP_OBJ, ACL_GROUP},
		    {'m', ACL_MASK, ACL_MASK},
		    {'o', ACL_OTHER, ACL_OTHER}};
	struct posix_acl_xattr_entry *entry = (void *)(buf + 4);

	buf[0] = 2;
	for (const char *at = list; *at; entry++) {
		*entry = (struct posix_acl_xattr_entry){.e_id = (u32)ACL_UNDEFINED_ID};
		for (size_t i = 0; i < ARRAY_SIZE(tags); i++)
			if (tags[i].letter == at[0])
				entry->e_tag = at[2] == ':' ? tags[i].plain : tags[i].named;
		if (at[2] != ':')
			entry->e_id = (u32)atoi(at + 2);
		at = strchr(at + 2, ':') + 1;
		entry->e_perm = (u16)((at[0] == 'r') << 2 | (at[1] == 'w') << 1 | (at[2] == 'x'));
		at += at[3] == ',' ? 4 : 3;
	}
	*out = buf;
	return (size_t)((u8 *)entry - buf);
}

static int acl_of(const char *name, const char *attr, const char *list)
{
	u8 *value;
	size_t n = encode(list, &value);

	return t_setxattr(name, attr, value, n, 0);
}

static void set(const char *name, const char *attr, const char *list)
{
	int err = acl_of(name, attr, list);

	ck_assert_msg(!err, "%s: %d: %s", name, err, log_captured());
}

static void expect(const char *name, const char *attr, const char *list)
{
	u8 found[4096], *wanted;
	size_t n = encode(list, &wanted);

	ck_assert_int_eq(t_getxattr(name, attr, found, sizeof(found)), (long)n);
	ck_assert_int_eq(memcmp(found, wanted, n), 0);
	ck_assert_int_eq(t_getxattr(name, attr, NULL, 0), (long)n);
	ck_assert_int_eq(t_getxattr(name, attr, found, n - 1), -ERANGE);
}

static u32 mode_of(const char *name)
{
	struct vfs_stat st;

	ck_assert_int_eq(t_stat(name, &st), 0);
	return st.mode & 07777;
}

static int may(const char *name, unsigned int mask)
{
	char full[300];
	struct path path;

	snprintf(full, sizeof(full), "/mnt/%s", name);
	int err = path_lookup(AT_FDCWD, full, LOOKUP_FOLLOW, &path);

	if (err)
		return err;
	err = vfs_access(&path, mask);
	path_put(&path);
	return err;
}

static int change_mode(const char *name, u32 mode)
{
	struct attr attr = {.valid = ATTR_MODE, .mode = mode};

	return t_setattr(name, &attr);
}

static void start(void)
{
	t_mkfs("-t ext4", 16384);
	t_mount_ok(NULL);
}

static void remount(void)
{
	t_umount();
	t_fsck();
	t_mount_ok(NULL);
}

START_TEST(lists_are_stored_and_agree_with_the_mode)
{
	start();
	t_create("f", 1, 1);
	ck_assert_int_eq(t_getxattr("f", ACCESS, NULL, 0), -ENODATA);
	set("f", ACCESS, "u::rw-,u:1000:rwx,g::r--,g:7:--x,m::r-x,o::---");
	ck_assert_uint_eq(mode_of("f"), 0650);
	remount();
	expect("f", ACCESS, "u::rw-,u:1000:rwx,g::r--,g:7:--x,m::r-x,o::---");
	ck_assert_uint_eq(mode_of("f"), 0650);
	ck_assert_int_eq(t_listxattr("f", NULL, 0), sizeof(ACCESS));
	/* chmod changes the owner's, the mask's and the others' entries */
	ck_assert_int_eq(change_mode("f", 0123), 0);
	expect("f", ACCESS, "u::--x,u:1000:rwx,g::r--,g:7:--x,m::-w-,o::-wx");
	/* what says no more than a mode is one */
	set("f", ACCESS, "u::rwx,g::r-x,o::r--");
	ck_assert_int_eq(t_getxattr("f", ACCESS, NULL, 0), -ENODATA);
	ck_assert_uint_eq(mode_of("f"), 0754);
	set("f", ACCESS, "u::rw-,g::r--,m::rw-,o::---");
	ck_assert_uint_eq(mode_of("f"), 0660);
	remount();
	expect("f", ACCESS, "u::rw-,g::r--,m::rw-,o::---");
	ck_assert_int_eq(t_removexattr("f", ACCESS), 0);
	ck_assert_int_eq(t_getxattr("f", ACCESS, NULL, 0), -ENODATA);
	ck_assert_uint_eq(mode_of("f"), 0660);
	t_check();
}
END_TEST

START_TEST(bad_lists_are_refused)
{
	static const char *const bad[] = {
	    "u::rw-,g::r--",                        /* others are missing */
	    "g::r--,u::rw-,o::---",                 /* order */
	    "u::rw-,u:5:r--,g::r--,o::---",         /* names without a mask */
	    "u::rw-,u::r--,g::r--,o::---",          /* two owners */
	    "u::rw-,g::r--,m::r--,m::r--,o::---",   /* two masks */
	    "u::rw-,u:-1:r--,g::r--,m::r--,o::---", /* no id */
	    "u::rw-,g::r--,o::---,o::---",
	};
	u8 *value;

	start();
	t_create("f", 1, 1);
	ck_assert_int_eq(t_symlink("f", "link"), 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		ck_assert_msg(acl_of("f", ACCESS, bad[i]) == -EINVAL, "%s", bad[i]);
	size_t n = encode("u::rw-,g::r--,o::---", &value);
	ck_assert_int_eq(t_setxattr("f", ACCESS, value, n - 1, 0), -EINVAL);
	ck_assert_int_eq(t_setxattr("f", ACCESS, value, 3, 0), -EINVAL);
	value[0] = 3;
	ck_assert_int_eq(t_setxattr("f", ACCESS, value, n, 0), -EOPNOTSUPP);
	value[0] = 2;
	value[6] = 8;
	ck_assert_int_eq(t_setxattr("f", ACCESS, value, n, 0), -EINVAL);
	ck_assert_int_eq(acl_of("f", DEFAULT, "u::rw-,g::r--,o::---"), -EACCES);
	ck_assert_int_eq(acl_of("link", ACCESS, "u::rw-,g::r--,o::---"), -EOPNOTSUPP);
	ck_assert_int_eq(t_getxattr("link", ACCESS, NULL, 0), -EOPNOTSUPP);
	host_set_user(1000, 1000);
	ck_assert_int_eq(acl_of("f", ACCESS, "u::rw-,g::r--,o::---"), -EPERM);
	ck_assert_int_eq(t_removexattr("f", ACCESS), -EPERM);
	host_set_cred(NULL);
	t_check();
}
END_TEST

START_TEST(entries_decide_who_may_what)
{
	struct attr owner = {.valid = ATTR_UID | ATTR_GID, .uid = 500, .gid = 600};
	static const struct {
		u32 uid, gid;
		unsigned int allowed;
	} cases[] = {
	    {500, 1, MAY_WRITE},              /* the owner's entry alone, not the mask */
	    {1000, 1, MAY_READ},              /* named, cut by the mask */
	    {1001, 600, 0},                   /* named comes before groups */
	    {1002, 600, MAY_READ},            /* the owning group */
	    {1003, 700, MAY_READ | MAY_EXEC}, /* a named group */
	    {1004, 800, 0},                   /* a named group that gets nothing */
	    {1005, 1, MAY_EXEC},              /* others */
	};

	start();
	t_create("f", 1, 1);
	ck_assert_int_eq(t_setattr("f", &owner), 0);
	set("f", ACCESS, "u::-w-,u:1000:rw-,u:1001:---,g::rw-,g:700:r-x,g:800:---,m::r-x,o::--x");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		host_set_user(cases[i].uid, cases[i].gid);
		for (unsigned int mask = 1; mask < 8; mask++)
			ck_assert_msg(may("f", mask) == (mask & ~cases[i].allowed ? -EACCES : 0),
				      "uid %u gid %u mask %u: %d", cases[i].uid, cases[i].gid, mask,
				      may("f", mask));
	}
	host_set_cred(NULL);
	ck_assert_int_eq(may("f", 7), 0); /* root, as somebody may execute it */
	t_check();
}
END_TEST

START_TEST(a_directory_hands_its_default_list_down)
{
	const char *list = "u::rwx,u:1000:rwx,g::r-x,m::rwx,o::---";

	start();
	ck_assert_int_eq(t_mkdir("d"), 0);
	set("d", DEFAULT, list);
	expect("d", DEFAULT, list);
	ck_assert_int_eq(t_getxattr("d", ACCESS, NULL, 0), -ENODATA);
	for (int round = 0; round < 2; round++) {
		const char *const names[2][4] = {{"d/f", "d/d", "d/p", "d/l"},
						 {"d/d/f", "d/d/d", "d/d/p", "d/d/l"}};
		const char *const *n = names[round];

		current_fs()->umask = 077; /* which the list replaces */
		t_create(n[0], 1, 1);      /* 0644 */
		ck_assert_int_eq(t_mkdir(n[1]), 0);
		ck_assert_int_eq(t_mknod(n[2], S_IFIFO | 0620, 0, 0), 0);
		ck_assert_int_eq(t_symlink("x", n[3]), 0);
		current_fs()->umask = 022;
		remount();
		ck_assert_uint_eq(mode_of(n[0]), 0640);
		expect(n[0], ACCESS, "u::rw-,u:1000:rwx,g::r-x,m::r--,o::---");
		ck_assert_int_eq(t_getxattr(n[0], DEFAULT, NULL, 0), -ENODATA);
		expect(n[1], ACCESS, "u::rwx,u:1000:rwx,g::r-x,m::r-x,o::---");
		expect(n[1], DEFAULT, list);
		ck_assert_uint_eq(mode_of(n[1]), 0750);
		ck_assert_uint_eq(mode_of(n[2]), 0620);
		expect(n[2], ACCESS, "u::rw-,u:1000:rwx,g::r-x,m::-w-,o::---");
		ck_assert_int_eq(t_listxattr(n[3], NULL, 0), 0);
	}
	ck_assert_int_eq(t_removexattr("d", DEFAULT), 0);
	t_create("d/plain", 1, 1);
	ck_assert_uint_eq(mode_of("d/plain"), 0644);
	/* A default list that is only a mode: inherited as one. */
	set("d", DEFAULT, "u::rwx,g::rwx,o::rwx");
	current_fs()->umask = 077;
	t_create("d/open", 1, 1);
	current_fs()->umask = 022;
	ck_assert_uint_eq(mode_of("d/open"), 0644);
	ck_assert_int_eq(t_getxattr("d/open", ACCESS, NULL, 0), -ENODATA);
	t_check();
}
END_TEST

START_TEST(debugfs_reads_our_lists)
{
	start();
	t_create("f", 1, 1);
	set("f", ACCESS, "u::rw-,u:1000:rwx,g::r--,m::rwx,o::---");
	t_check();
	/* libext2fs converts the form on disk into that of the system calls */
	const char *answer = t_debugfs_read("ea_get -x f system.posix_acl_access");
	ck_assert_msg(strstr(answer, "02000000") || strstr(answer, "02 00 00 00"), "%s", answer);
	ck_assert_msg(strstr(answer, "e803") || strstr(answer, "e8 03"), "%s", answer);
}
END_TEST

START_TEST(noacl_neither_honours_nor_shows_lists)
{
	start();
	t_create("f", 1, 1);
	set("f", ACCESS, "u::rw-,u:1000:rwx,g::r--,m::rwx,o::---");
	t_umount();
	t_mount_ok("noacl");
	ck_assert_int_eq(t_getxattr("f", ACCESS, NULL, 0), -EOPNOTSUPP);
	ck_assert_int_eq(acl_of("f", ACCESS, "u::rw-,g::r--,o::---"), -EOPNOTSUPP);
	ck_assert_int_eq(t_listxattr("f", NULL, 0), 0);
	host_set_user(1000, 1000);
	ck_assert_int_eq(may("f", MAY_WRITE), -EACCES);
	host_set_cred(NULL);
	ck_assert_int_eq(t_remount(0, "acl"), 0);
	host_set_user(1000, 1000);
	ck_assert_int_eq(may("f", MAY_WRITE), 0);
	host_set_cred(NULL);
	t_check();
}
END_TEST

START_TEST(large_lists_lie_in_a_block)
{
	static char list[4000];
	size_t n = (size_t)snprintf(list, sizeof(list), "u::rw-,");

	for (int i = 0; i < 60; i++)
		n += (size_t)snprintf(list + n, sizeof(list) - n, "u:%d:r--,", 1000 + i);
	snprintf(list + n, sizeof(list) - n, "g::r--,m::rw-,o::---");
	start();
	ck_assert_int_eq(t_mkdir("d"), 0);
	set("d", DEFAULT, list);
	for (int i = 0; i < 30; i++) {
		char name[20];

		snprintf(name, sizeof(name), "d/f%d", i);
		t_create(name, 1, 1);
	}
	remount();
	host_set_user(1059, 1);
	ck_assert_int_eq(may("d/f29", MAY_READ), 0);
	host_set_user(1060, 1);
	ck_assert_int_eq(may("d/f29", MAY_READ), -EACCES);
	host_set_cred(NULL);
	t_check();
}
END_TEST

START_TEST(creating_under_a_default_list_survives_failing_allocations)
{
	start();
	ck_assert_int_eq(t_mkdir("d"), 0);
	set("d", DEFAULT, "u::rwx,u:1000:rwx,u:1001:rwx,u:1002:rwx,g::r-x,m::rwx,o::---");
	for (u64 n = 1;; n++) {
		char name[20];

		snprintf(name, sizeof(name), "d/%s%llu", n % 2 ? "f" : "d", (unsigned long long)n);
		if (n % 3 == 0) {
			t_sync();
			t_drop_caches();
		}
		host_alloc_fail_nth((n + 1) / 2);
		int err = n % 2 ? t_open_error(name, O_CREAT | O_WRONLY, 0664) : t_mkdir(name);
		bool failed = host_alloc_failed();
		host_alloc_fail_nth(0);
		ck_assert_msg(!err || (failed && err == -ENOMEM), "%d: %s", err, log_captured());
		ck_assert(t_exists(name) || err);
		if (!failed && !(n % 2))
			break;
		ck_assert_uint_lt(n, 300);
	}
	t_check();
}
END_TEST

Suite *suite_acl(void)
{
	return suite_of("acl", lists_are_stored_and_agree_with_the_mode, bad_lists_are_refused,
			entries_decide_who_may_what, a_directory_hands_its_default_list_down,
			debugfs_reads_our_lists, noacl_neither_honours_nor_shows_lists,
			large_lists_lie_in_a_block,
			creating_under_a_default_list_survives_failing_allocations);
}
