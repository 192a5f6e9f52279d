/*
 * Extended attributes on disk: in the inode, in blocks that inodes share, and in inodes of their
 * own; against e2fsck and debugfs, a model, damage, and failing memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "ext4_test.h"

#include "ext4/ext4_int.h"
#include "vfs/mount.h"

#include <linux/capability.h>
#include <linux/limits.h>
#include <linux/xattr.h>

static const char *const volumes[] = {
    "-t ext4 -b 1024",
    "-t ext4 -b 4096",
    "-t ext4 -b 4096 -I 512 -O ^metadata_csum",
    "-t ext2 -b 1024 -I 128",
    "-t ext4 -b 1024 -O ea_inode",
    "-t ext4 -b 4096 -O ea_inode,^metadata_csum",
};
enum { VOLUMES = ARRAY_SIZE(volumes), EA_INODE = 4 };

static char text[XATTR_SIZE_MAX + 1];

static void set(const char *name, const char *attr, const char *value)
{
	int err = t_setxattr(name, attr, value, strlen(value), 0);

	ck_assert_msg(!err, "%s of %s: %d: %s", attr, name, err, log_captured());
}

static void expect(const char *name, const char *attr, const char *value)
{
	long n = t_getxattr(name, attr, text, sizeof(text) - 1);

	ck_assert_msg(n >= 0, "%s of %s: %ld: %s", attr, name, n, log_captured());
	text[n] = '\0';
	ck_assert_str_eq(text, value);
	ck_assert_int_eq(t_getxattr(name, attr, NULL, 0), n);
}

/* n letters that depend on seed; static. */
static const char *letters(size_t n, u32 seed)
{
	static char buf[XATTR_SIZE_MAX + 1];

	for (size_t i = 0; i < n; i++)
		buf[i] = (char)('a' + (i * 7 + seed + i / 100) % 26);
	buf[n] = '\0';
	return buf;
}

static void remount(void)
{
	t_umount();
	t_fsck();
	t_mount_ok(NULL);
}

START_TEST(values_are_set_read_listed_and_removed)
{
	char list[100];

	t_mkfs(volumes[_i], 16384);
	t_mount_ok(NULL);
	t_create("f", 10, 1);
	ck_assert_int_eq(t_listxattr("f", list, sizeof(list)), 0);
	ck_assert_int_eq(t_getxattr("f", "user.a", text, 10), -ENODATA);
	ck_assert_int_eq(t_removexattr("f", "user.a"), -ENODATA);
	set("f", "user.a", "first");
	set("f", "trusted.b", "second");
	set("f", "security.c", "");
	expect("f", "user.a", "first");
	remount();
	expect("f", "user.a", "first");
	expect("f", "trusted.b", "second");
	expect("f", "security.c", "");
	ck_assert_int_eq(t_setxattr("f", "user.a", "x", 1, XATTR_CREATE), -EEXIST);
	ck_assert_int_eq(t_setxattr("f", "user.z", "x", 1, XATTR_REPLACE), -ENODATA);
	ck_assert_int_eq(t_setxattr("f", "user.a", "longer than it was", 18, XATTR_REPLACE), 0);
	expect("f", "user.a", "longer than it was");
	ck_assert_int_eq(t_getxattr("f", "user.a", text, 17), -ERANGE);
	ck_assert_int_eq(t_listxattr("f", NULL, 0), 7 + 10 + 11);
	ck_assert_int_eq(t_listxattr("f", list, 27), -ERANGE);
	ck_assert_int_eq(t_listxattr("f", list, sizeof(list)), 28);
	ck_assert_int_eq(t_removexattr("f", "trusted.b"), 0);
	ck_assert_int_eq(t_removexattr("f", "user.a"), 0);
	ck_assert_int_eq(t_removexattr("f", "security.c"), 0);
	ck_assert_int_eq(t_listxattr("f", list, sizeof(list)), 0);
	t_check();
}
END_TEST

START_TEST(every_kind_of_inode_has_attributes)
{
	static const char *const names[] = {"dir", "link", "long", "node", "fifo"};

	t_mkfs(volumes[_i], 16384);
	t_mount_ok(NULL);
	ck_assert_int_eq(t_mkdir("dir"), 0);
	ck_assert_int_eq(t_symlink("short", "link"), 0);
	ck_assert_int_eq(t_symlink(letters(200, 1), "long"), 0);
	ck_assert_int_eq(t_mknod("node", S_IFCHR | 0600, 1, 3), 0);
	ck_assert_int_eq(t_mknod("fifo", S_IFIFO | 0600, 0, 0), 0);
	for (int round = 0; round < 2; round++) {
		size_t n = round ? 300 : 10;

		for (size_t i = 0; i < ARRAY_SIZE(names); i++)
			set(names[i], "trusted.t", letters(n, (u32)i));
		remount();
		for (size_t i = 0; i < ARRAY_SIZE(names); i++)
			expect(names[i], "trusted.t", letters(n, (u32)i));
		ck_assert_int_eq(t_readlink("link", text, sizeof(text)), 0);
		ck_assert_str_eq(text, "short");
		ck_assert_int_eq(t_readlink("long", text, sizeof(text)), 0);
		ck_assert_str_eq(text, letters(200, 1));
		ck_assert_int_eq(t_setxattr("link", "user.x", "x", 1, 0), -EPERM);
		ck_assert_int_eq(t_setxattr("node", "user.x", "x", 1, 0), -EPERM);
		ck_assert_int_eq(t_getxattr("fifo", "user.x", text, 1), -ENODATA);
	}
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		ck_assert_int_eq(i ? t_unlink(names[i]) : t_rmdir(names[i]), 0);
	t_check();
}
END_TEST

START_TEST(what_is_too_large_is_refused_and_changes_nothing)
{
	bool large = _i >= EA_INODE;

	t_mkfs(volumes[_i], 16384);
	t_mount_ok(NULL);
	t_create("f", 10, 1);
	set("f", "user.keep", "kept");
	set("f", "user.big", letters(400, 1));
	ck_assert_int_eq(t_setxattr("f", "user.big", letters(20000, 2), 20000, 0),
			 large ? 0 : -ENOSPC);
	expect("f", "user.big", large ? letters(20000, 2) : letters(400, 1));
	expect("f", "user.keep", "kept");
	ck_assert_int_eq(t_setxattr("f", "user.big", text, XATTR_SIZE_MAX + 1, 0), -E2BIG);
	ck_assert_int_eq(t_setxattr("f", "user.", "x", 1, 0), -EINVAL);
	ck_assert_int_eq(t_setxattr("f", "system.x", "x", 1, 0), -EOPNOTSUPP);
	ck_assert_int_eq(t_setxattr("f", "nowhere", "x", 1, 0), -EOPNOTSUPP);
	ck_assert_int_eq(t_setxattr("f", "user.x", "x", 1, 4), -EINVAL);
	t_check();
}
END_TEST

START_TEST(debugfs_and_we_read_each_other)
{
	t_mkfs(volumes[_i], 16384);
	t_debugfs("write /etc/hostname theirs\n"
		  "ea_set theirs user.small value\n"
		  "ea_set theirs trusted.other thing\n"
		  "ea_set theirs user.large "
		  "0123456789012345678901234567890123456789012345678901234567890123456789"
		  "0123456789012345678901234567890123456789012345678901234567890123456789");
	t_mount_ok(NULL);
	expect("theirs", "user.small", "value");
	expect("theirs", "trusted.other", "thing");
	ck_assert_int_eq(t_getxattr("theirs", "user.large", text, sizeof(text)), 140);
	t_create("ours", 10, 1);
	set("ours", "user.small", "hello");
	set("ours", "user.large", letters(500, 3));
	ck_assert_int_eq(t_removexattr("theirs", "trusted.other"), 0);
	t_check();
	ck_assert(strstr(t_debugfs_read("ea_get -V ours user.small"), "hello"));
	ck_assert(strstr(t_debugfs_read("ea_get -V ours user.large"), letters(500, 3)));
	ck_assert(!strstr(t_debugfs_read("ea_list theirs"), "other"));
	ck_assert(strstr(t_debugfs_read("ea_list theirs"), "user.large"));
}
END_TEST

static struct ext4_inode *inode_of(const char *name)
{
	static char path_name[300];
	struct path path;
	struct ext4_inode *inode;

	snprintf(path_name, sizeof(path_name), "/mnt/%s", name);
	ck_assert_int_eq(path_lookup(AT_FDCWD, path_name, 0, &path), 0);
	inode = ext4_inode(path.dentry->inode);
	path_put(&path);
	return inode;
}

START_TEST(inodes_with_the_same_attributes_share_a_block)
{
	struct fs_statistics before, after;

	t_mkfs("-t ext4 -b 1024", 16384);
	t_mount_ok(NULL);
	for (int i = 0; i < 20; i++) {
		char name[20];

		snprintf(name, sizeof(name), "f%d", i);
		t_create(name, 0, 1);
		if (i == 1)
			ck_assert_int_eq(t_statfs(&before), 0);
		set(name, "user.large", letters(300, 1));
	}
	ck_assert_int_eq(t_statfs(&after), 0);
	ck_assert_uint_eq(before.free_blocks, after.free_blocks);
	u64 block = inode_of("f0")->file_acl;
	ck_assert_uint_ne(block, 0);
	ck_assert_uint_eq(inode_of("f19")->file_acl, block);
	remount();
	/* One that changes leaves the others alone, and comes back. */
	set("f3", "user.large", letters(300, 2));
	ck_assert_uint_ne(inode_of("f3")->file_acl, block);
	expect("f4", "user.large", letters(300, 1));
	expect("f3", "user.large", letters(300, 2));
	remount();
	expect("f4", "user.large", letters(300, 1));
	set("f5", "user.large", letters(300, 2)); /* unknown after the mount: a block of its own */
	set("f6", "user.large", letters(300, 2));
	ck_assert_uint_eq(inode_of("f5")->file_acl, inode_of("f6")->file_acl);
	ck_assert_int_eq(t_removexattr("f6", "user.large"), 0);
	ck_assert_uint_eq(inode_of("f6")->file_acl, 0);
	for (int i = 0; i < 20; i++) {
		char name[20];

		snprintf(name, sizeof(name), "f%d", i);
		ck_assert_int_eq(t_unlink(name), 0);
	}
	t_check();
}
END_TEST

START_TEST(large_values_have_inodes_that_go_with_them)
{
	struct fs_statistics before, after;

	t_mkfs(volumes[EA_INODE + _i], 16384);
	t_mount_ok(NULL);
	t_create("f", 0, 1);
	ck_assert_int_eq(t_statfs(&before), 0);
	set("f", "user.a", letters(9000, 1));
	set("f", "user.b", letters(65536, 2));
	set("f", "user.c", letters(5000, 3));
	remount();
	expect("f", "user.b", letters(65536, 2));
	expect("f", "user.a", letters(9000, 1));
	set("f", "user.a", letters(7000, 4));
	ck_assert_int_eq(t_removexattr("f", "user.b"), 0);
	remount();
	expect("f", "user.a", letters(7000, 4));
	expect("f", "user.c", letters(5000, 3));
	set("f", "user.c", "small again");
	ck_assert_int_eq(t_removexattr("f", "user.a"), 0);
	ck_assert_int_eq(t_removexattr("f", "user.c"), 0);
	ck_assert_int_eq(t_statfs(&after), 0);
	ck_assert_uint_eq(before.free_files, after.free_files);
	ck_assert_uint_eq(before.free_blocks, after.free_blocks);
	set("f", "user.a", letters(9000, 1));
	set("f", "user.b", letters(8000, 2));
	remount();
	ck_assert_int_eq(t_unlink("f"), 0);
	ck_assert_int_eq(t_statfs(&after), 0);
	ck_assert_uint_eq(before.free_files + 1, after.free_files);
	t_check();
}
END_TEST

START_TEST(values_in_the_older_form_are_read_and_go_with_their_owner)
{
	struct vfs_stat st;
	struct fs_statistics after;

	t_mkfs(volumes[EA_INODE + _i], 16384);
	t_mount_ok(NULL);
	t_create("f", 0, 1);
	set("f", "user.a", letters(9000, 1));
	ck_assert_int_eq(t_stat("f", &st), 0);
	t_umount();
	unsigned value = (unsigned)st.ino + 1; /* made next to it */
	t_run_ok(
	    "debugfs -R 'stat f' img 2>/dev/null | sed -n 's/.*Generation: \\([0-9]*\\).*/\\1/p'");
	unsigned generation = (unsigned)strtoul(t_output(), NULL, 10);
	char commands[300];
	snprintf(commands, sizeof(commands),
		 "sif <%u> generation %u\nsif <%u> mtime @%u\nsif <%u> atime @0x594f621c\n"
		 "sif <%u> ctime @0x594f621c",
		 value, generation, value, (unsigned)st.ino, value, value);
	t_debugfs(commands);
	t_mount_ok(NULL);
	expect("f", "user.a", letters(9000, 1));
	ck_assert_int_eq(t_unlink("f"), 0);
	ck_assert_int_eq(t_statfs(&after), 0);
	ck_assert_uint_eq(after.free_files, after.files - 11);
	t_check();
}
END_TEST

/* ---- against a model ---- */

enum { FILES = 6, ATTRS = 5, STEPS = 700 };

static size_t random_size(u64 *state, bool large)
{
	switch (t_random(state) % 5) {
	case 0:
		return t_random(state) % 8;
	case 1:
	case 2:
		return t_random(state) % 60;
	case 3:
		return t_random(state) % 700;
	default:
		return t_random(state) % (large ? 12000 : 4000);
	}
}

static void expect_model(size_t sizes[FILES][ATTRS], u32 seeds[FILES][ATTRS])
{
	for (int f = 0; f < FILES; f++) {
		for (int a = 0; a < ATTRS; a++) {
			char file[20], attr[60];

			snprintf(file, sizeof(file), "f%d", f);
			snprintf(attr, sizeof(attr), "user.%.*s%d", a * 5,
				 "an-attribute's-name-and-more", a);
			if (sizes[f][a])
				expect(file, attr, letters(sizes[f][a] - 1, seeds[f][a]));
			else
				ck_assert_int_eq(t_getxattr(file, attr, NULL, 0), -ENODATA);
		}
	}
}

START_TEST(a_random_user_and_a_model_agree)
{
	static size_t sizes[FILES][ATTRS]; /* plus one; 0: none */
	static u32 seeds[FILES][ATTRS];
	u64 state = 99 + (u64)_i;

	t_mkfs(volumes[_i], 16384);
	t_mount_ok(NULL);
	for (int f = 0; f < FILES; f++) {
		char file[20];

		snprintf(file, sizeof(file), "f%d", f);
		t_create(file, 100, 1);
	}
	for (int step = 0; step < STEPS; step++) {
		u32 f = t_random(&state) % FILES, a = t_random(&state) % ATTRS;
		u32 seed = t_random(&state) % 3; /* few, so that contents meet */
		char file[20], attr[60];
		int err;

		snprintf(file, sizeof(file), "f%u", f);
		snprintf(attr, sizeof(attr), "user.%.*s%u", (int)a * 5,
			 "an-attribute's-name-and-more", a);
		if (t_random(&state) % 4 == 0) {
			err = t_removexattr(file, attr);
			ck_assert_int_eq(err, sizes[f][a] ? 0 : -ENODATA);
			sizes[f][a] = 0;
		} else {
			size_t n = random_size(&state, _i >= EA_INODE);

			err = t_setxattr(file, attr, letters(n, seed), n, 0);
			ck_assert_msg(!err || err == -ENOSPC, "%d: %s", err, log_captured());
			if (!err) {
				sizes[f][a] = n + 1;
				seeds[f][a] = seed;
			}
		}
		if (step % 150 == 149) {
			expect_model(sizes, seeds);
			remount();
			expect_model(sizes, seeds);
		}
	}
	for (int f = 0; f < FILES; f += 2) {
		char file[20];

		snprintf(file, sizeof(file), "f%d", f);
		ck_assert_int_eq(t_unlink(file), 0);
	}
	t_check();
}
END_TEST

/* ---- options ---- */

START_TEST(nouser_xattr_hides_the_namespace)
{
	t_mkfs("-t ext4", 16384);
	t_mount_ok(NULL);
	t_create("f", 1, 1);
	set("f", "user.a", "1");
	set("f", "trusted.a", "2");
	t_umount();
	t_mount_ok("nouser_xattr");
	ck_assert_int_eq(t_getxattr("f", "user.a", text, 10), -EOPNOTSUPP);
	ck_assert_int_eq(t_setxattr("f", "user.b", "1", 1, 0), -EOPNOTSUPP);
	ck_assert_int_eq(t_listxattr("f", text, 100), 10);
	expect("f", "trusted.a", "2");
	ck_assert_int_eq(t_remount(0, "user_xattr"), 0);
	expect("f", "user.a", "1");
	t_check();
}
END_TEST

START_TEST(namespaces_have_their_rules)
{
	t_mkfs("-t ext4", 16384);
	t_mount_ok(NULL);
	struct attr theirs = {.valid = ATTR_UID | ATTR_MODE, .uid = 1000, .mode = S_IFREG | 0644};
	struct attr sticky = {.valid = ATTR_MODE, .mode = S_IFDIR | 01777};

	t_create("mine", 1, 1);
	t_create("other", 1, 1);
	ck_assert_int_eq(t_mkdir("tmp"), 0);
	ck_assert_int_eq(t_setattr("mine", &theirs), 0);
	ck_assert_int_eq(t_setattr("tmp", &sticky), 0);
	set("mine", "trusted.t", "secret");
	set("mine", "security.s", "seen");
	host_set_user(1000, 1000);
	ck_assert_int_eq(t_setxattr("mine", "user.u", "1", 1, 0), 0);
	ck_assert_int_eq(t_setxattr("other", "user.u", "1", 1, 0), -EACCES);
	ck_assert_int_eq(t_getxattr("other", "user.u", text, 1), -ENODATA);
	ck_assert_int_eq(t_setxattr("tmp", "user.u", "1", 1, 0), -EPERM);
	ck_assert_int_eq(t_setxattr("mine", "trusted.u", "1", 1, 0), -EPERM);
	ck_assert_int_eq(t_getxattr("mine", "trusted.t", text, 10), -ENODATA);
	ck_assert_int_eq(t_setxattr("mine", "security.u", "1", 1, 0), -EPERM);
	expect("mine", "security.s", "seen");
	ck_assert_int_eq(t_listxattr("mine", NULL, 0), 11 + 7);
	ck_assert_int_eq(t_removexattr("mine", "user.u"), 0);
	host_set_cred(NULL);
	t_check();
}
END_TEST

START_TEST(capabilities_go_when_contents_or_owner_change)
{
	static const u32 value[5] = {VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE, 1};
	struct attr owner = {.valid = ATTR_UID, .uid = 7};
	struct file *file;

	t_mkfs("-t ext4", 16384);
	t_mount_ok(NULL);
	t_create("f", 5, 1);
	ck_assert_int_eq(t_setxattr("f", XATTR_NAME_CAPS, "x", 1, 0), -EINVAL);
	ck_assert_int_eq(t_setxattr("f", XATTR_NAME_CAPS, value, sizeof(value), 0), 0);
	ck_assert_int_eq(t_getxattr("f", XATTR_NAME_CAPS, text, 100), sizeof(value));
	file = t_open("f", O_RDWR, 0);
	ck_assert_int_eq(t_getxattr("f", XATTR_NAME_CAPS, text, 100), sizeof(value));
	ck_assert_int_eq(t_pwrite(file, "x", 1, 0), 1);
	ck_assert_int_eq(t_getxattr("f", XATTR_NAME_CAPS, text, 100), -ENODATA);
	ck_assert_int_eq(t_setxattr("f", XATTR_NAME_CAPS, value, sizeof(value), 0), 0);
	ck_assert_int_eq(t_pwrite(file, "x", 1, 0), 1);
	ck_assert_int_eq(t_getxattr("f", XATTR_NAME_CAPS, text, 100), -ENODATA);
	ck_assert_int_eq(t_setxattr("f", XATTR_NAME_CAPS, value, sizeof(value), 0), 0);
	t_close(file);
	ck_assert_int_eq(t_truncate("f", 2), 0);
	ck_assert_int_eq(t_getxattr("f", XATTR_NAME_CAPS, text, 100), -ENODATA);
	ck_assert_int_eq(t_setxattr("f", XATTR_NAME_CAPS, value, sizeof(value), 0), 0);
	ck_assert_int_eq(t_setattr("f", &owner), 0);
	ck_assert_int_eq(t_getxattr("f", XATTR_NAME_CAPS, text, 100), -ENODATA);
	t_check();
}
END_TEST

/* ---- damage ---- */

/* Two bytes of the block, or of the inode's body, that make it wrong. */
static const struct {
	bool block;
	u32 offset;
	u8 bytes[2];
} damages[] = {
    {true, 0, {1, 0}},      /* magic */
    {true, 4, {0, 0}},      /* reference count 0 */
    {true, 8, {2, 0}},      /* two blocks */
    {true, 32, {255, 1}},   /* name longer than the table */
    {true, 34, {36, 0}},    /* value over the entries */
    {true, 34, {255, 255}}, /* value behind the end */
    {true, 36, {9, 0}},     /* value in an inode, without the feature */
    {true, 40, {255, 255}}, /* size too large */
    {false, 4, {255, 1}},   /* the same in the inode */
    {false, 6, {4, 0}},     {false, 6, {255, 255}}, {false, 8, {9, 0}}, {false, 12, {255, 255}},
};

START_TEST(damaged_attributes_are_errors_and_no_more)
{
	char list[100];

	t_mkfs("-t ext4 -b 1024 -O ^metadata_csum -E lazy_itable_init=0", 16384);
	t_mount_ok(NULL);
	t_create("f", 10, 1);
	set("f", "user.small", "in the inode");
	set("f", "user.large", letters(300, 1));
	u64 at = inode_of("f")->file_acl * 1024;
	if (!damages[_i].block) {
		struct ext4_inode *inode = inode_of("f");
		u64 block;
		u32 offset;

		ext4_inode_locate(ext4_inode_fs(inode), ext4_ino(inode), &block, &offset);
		at = block * 1024 + offset + 128 + inode->extra_isize;
	}
	t_umount();
	t_run_ok("printf '\\%03o\\%03o' | dd of=img bs=1 seek=%llu conv=notrunc 2>/dev/null",
		 damages[_i].bytes[0], damages[_i].bytes[1],
		 (unsigned long long)(at + damages[_i].offset));
	t_mount_ok("errors=continue");
	(void)!t_listxattr("f", list, sizeof(list));
	long n = t_getxattr("f", "user.large", text, sizeof(text));
	ck_assert_msg(n == -EUCLEAN || n == 300 || n == -ENODATA, "%ld", n);
	n = t_getxattr("f", "user.small", text, sizeof(text));
	ck_assert_msg(n == -EUCLEAN || n == 12 || n == -ENODATA, "%ld", n);
	ck_assert(log_captured_has("extended attributes"));
	(void)!t_setxattr("f", "user.new", "x", 1, 0);
	(void)!t_setxattr("f", "user.large", letters(200, 1), 200, 0);
	(void)!t_removexattr("f", "user.small");
	(void)!t_unlink("f");
	t_umount();
	t_fsck_repair();
}
END_TEST

/* ---- failing memory and disks ---- */

static const struct {
	const char *name;
	size_t before, after; /* sizes of user.x: 0 removes */
} changes[] = {
    {"a small value", 0, 20},
    {"a value in a block", 0, 300},
    {"from the inode to a block", 20, 300},
    {"from a block to the inode", 300, 20},
    {"removal from a block", 300, 0},
    {"a value in an inode", 0, 9000},
    {"another value in an inode", 9000, 8000},
    {"removal of a value in an inode", 9000, 0},
};
enum { CHANGES = ARRAY_SIZE(changes) };

START_TEST(the_nth_failing_allocation_leaves_old_or_new)
{
	size_t before = changes[_i].before, after = changes[_i].after;

	t_mkfs("-t ext4 -b 1024 -O ea_inode", 16384);
	t_mount_ok("errors=continue");
	for (u64 n = 1;; n++) {
		char name[20];

		snprintf(name, sizeof(name), "f%llu", (unsigned long long)n);
		t_create(name, 0, 1);
		set(name, "user.y", letters(250, (u32)n));
		if (before)
			set(name, "user.x", letters(before, 1));
		t_sync();
		if (n & 1)
			t_drop_caches();
		host_alloc_fail_nth((n + 1) / 2);
		int err = after ? t_setxattr(name, "user.x", letters(after, 2), after, 0)
				: t_removexattr(name, "user.x");
		bool failed = host_alloc_failed();
		host_alloc_fail_nth(0);
		ck_assert_msg(!err || (failed && err == -ENOMEM), "%s, %llu: %d: %s",
			      changes[_i].name, (unsigned long long)n, err, log_captured());
		size_t now = err ? before : after;
		if (now)
			expect(name, "user.x", letters(now, err ? 1 : 2));
		else
			ck_assert_int_eq(t_getxattr(name, "user.x", NULL, 0), -ENODATA);
		expect(name, "user.y", letters(250, (u32)n));
		if (n % 3 == 0)
			ck_assert_int_eq(t_unlink(name), 0);
		if (!failed)
			break;
		ck_assert_uint_lt(n, 300);
	}
	t_check();
}
END_TEST

START_TEST(the_nth_failing_request_is_reported_and_repairable)
{
	size_t before = changes[_i / 2].before, after = changes[_i / 2].after;
	unsigned kinds = _i % 2 ? HOST_DISK_WRITES : HOST_DISK_READS;

	t_mkfs("-t ext4 -b 1024 -O ea_inode", 16384);
	t_mount_ok("errors=continue");
	t_create("kept", 3000, 5);
	set("kept", "user.x", letters(300, 7));
	for (u64 n = 1;; n++) {
		char name[20];

		snprintf(name, sizeof(name), "f%llu", (unsigned long long)n);
		t_create(name, 0, 1);
		if (before)
			set(name, "user.x", letters(before, 1));
		int err = super_sync_all(true);
		t_drop_caches();
		host_disk_fail_nth(t_disk(), kinds, n, -EIO);
		err = after ? t_setxattr(name, "user.x", letters(after, 2), after, 0)
			    : t_removexattr(name, "user.x");
		int sync_err = super_sync_all(true);
		bool failed = host_disk_failed(t_disk());
		host_disk_fail_nth(t_disk(), 0, 0, 0);
		ck_assert_msg(!err || (failed && (err == -EIO || err == -EUCLEAN)), "%d: %s", err,
			      log_captured());
		if (failed && kinds == HOST_DISK_WRITES)
			ck_assert(err || sync_err);
		if (!failed)
			break;
		t_mount_again_if_aborted();
		ck_assert_uint_lt(n, 200);
	}
	t_sync();
	t_umount();
	t_fsck_repair();
	t_mount_ok(NULL);
	t_expect("kept", 3000, 5);
	expect("kept", "user.x", letters(300, 7));
	t_check();
}
END_TEST

/* ---- many at once ---- */

enum { THREADS = 4, TURNS = 150 };

struct worker {
	u64 state;
	struct thread *thread;
};

static void work(void *arg)
{
	struct worker *worker = arg;
	static const size_t sizes[] = {10, 250, 250, 400, 5000, 9000};

	for (int i = 0; i < TURNS; i++) {
		char name[20], value[9000];
		u32 what = t_random(&worker->state) % 10;
		size_t n = sizes[t_random(&worker->state) % ARRAY_SIZE(sizes)];
		const char *attr = t_random(&worker->state) % 2 ? "user.a" : "user.b";
		int err = 0;

		snprintf(name, sizeof(name), "f%u", t_random(&worker->state) % 5);
		memset(value, 'a' + (int)(t_random(&worker->state) % 2), n);
		if (what < 5)
			err = t_setxattr(name, attr, value, n, 0);
		else if (what < 6)
			err = t_removexattr(name, attr);
		else if (what < 8)
			err = (int)t_getxattr(name, attr, value, sizeof(value));
		else if (what < 9)
			err = t_unlink(name);
		else
			err = t_open_error(name, O_CREAT | O_WRONLY, 0644);
		ck_assert_msg(err >= 0 || err == -ENOENT || err == -ENODATA || err == -ENOSPC,
			      "%d: %s", err, log_captured());
		if (t_random(&worker->state) % 30 == 0)
			t_sync();
		if (t_random(&worker->state) % 30 == 0)
			host_shrink_all(50, 0);
	}
}

START_TEST(many_threads_change_the_same_attributes)
{
	struct worker workers[THREADS];

	t_mkfs("-t ext4 -b 1024 -O ea_inode", 32768);
	t_mount_ok(NULL);
	for (int i = 0; i < THREADS; i++) {
		workers[i].state = (u64)i * 31 + (u64)_i * 1000 + 1;
		workers[i].thread = host_thread_start(work, &workers[i]);
	}
	for (int i = 0; i < THREADS; i++)
		host_thread_join(workers[i].thread);
	t_check();
}
END_TEST

Suite *suite_ext4_xattr(void)
{
	Suite *s = suite_of("ext4_xattr", inodes_with_the_same_attributes_share_a_block,
			    nouser_xattr_hides_the_namespace, namespaces_have_their_rules,
			    capabilities_go_when_contents_or_owner_change);

	suite_add_loop(s, NULL, values_are_set_read_listed_and_removed, VOLUMES);
	suite_add_loop(s, NULL, every_kind_of_inode_has_attributes, VOLUMES);
	suite_add_loop(s, NULL, what_is_too_large_is_refused_and_changes_nothing, VOLUMES);
	suite_add_loop(s, NULL, debugfs_and_we_read_each_other, VOLUMES);
	suite_add_loop(s, NULL, large_values_have_inodes_that_go_with_them, VOLUMES - EA_INODE);
	suite_add_loop(s, NULL, values_in_the_older_form_are_read_and_go_with_their_owner,
		       VOLUMES - EA_INODE);
	suite_add_loop(s, NULL, a_random_user_and_a_model_agree, VOLUMES);
	suite_add_loop(s, NULL, many_threads_change_the_same_attributes, 4);
	suite_add_loop(s, NULL, damaged_attributes_are_errors_and_no_more, ARRAY_SIZE(damages));
	suite_add_loop(s, NULL, the_nth_failing_allocation_leaves_old_or_new, CHANGES);
	suite_add_loop(s, NULL, the_nth_failing_request_is_reported_and_repairable, CHANGES * 2);
	return s;
}
