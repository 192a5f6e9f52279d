/*
 * Quota: e2fsck counts usage by itself and compares it with what the quota files say, so that every
 * t_check() of a volume with quota proves that usage was kept.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ext4_test.h"

#include "ext4/ext4_int.h"
#include "host_clock.h"
#include "vfs/mount.h"

#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/quota.h>

static const char *const volumes[] = {
    "-t ext4 -O quota -E quotatype=usrquota:grpquota:prjquota",
    "-t ext4 -b 1024 -O quota,project,^has_journal",
    "-t ext4 -b 1024 -O quota,^extent,^64bit -I 128",
    "-t ext4 -b 2048 -O quota -E quotatype=usrquota",
    "-t ext4 -O quota,project,ea_inode,inline_data",
    "-t ext4 -O quota,project,bigalloc -C 16384",
};

static int chown_to(const char *name, u32 uid, u32 gid)
{
	struct attr attr = {.valid = ATTR_UID | ATTR_GID, .uid = uid, .gid = gid};

	return t_setattr(name, &attr);
}

START_TEST(usage_follows_all_that_changes_it)
{
	char value[3000];

	t_mkfs(volumes[_i], 32768);
	t_mount_ok(NULL);
	t_create("f", 300000, 1);
	ck_assert_int_eq(t_mkdir("d"), 0);
	t_create("d/g", 100, 1);
	ck_assert_int_eq(chown_to("d/g", 1000, 100), 0);
	ck_assert_int_eq(chown_to("f", 1001, 100), 0);
	t_sync();
	t_create("f", 900000, 2);
	ck_assert_int_eq(t_truncate("f", 5000), 0);
	ck_assert_int_eq(t_symlink("somewhere", "l"), 0);
	ck_assert_int_eq(t_mknod("p", S_IFIFO | 0600, 0, 0), 0);
	ck_assert_int_eq(chown_to("p", 70000, 70001), 0);
	ck_assert_int_eq(t_link("f", "d/f2"), 0);
	memset(value, 'v', sizeof(value));
	ck_assert_int_eq(t_setxattr("f", "user.big", value, 900, 0), 0);
	ck_assert_int_eq(t_setxattr("d/g", "user.big", value, 900, 0), 0);
	if (_i == 4) { /* values in inodes of their own, one shared with its block */
		static u8 large[9000];

		memset(large, 'l', sizeof(large));
		ck_assert_int_eq(t_setxattr("f", "user.large", large, sizeof(large), 0), 0);
		ck_assert_int_eq(t_setxattr("d/g", "user.large", large, sizeof(large), 0), 0);
		ck_assert_int_eq(t_setxattr("p", "trusted.large", large, 5000, 0), 0);
	}
	ck_assert_int_eq(chown_to("f", 1003, 103), 0);
	t_check();
	t_mount_ok(NULL);
	ck_assert_int_eq(t_unlink("f"), 0);
	ck_assert_int_eq(t_unlink("p"), 0);
	ck_assert_int_eq(chown_to("d/f2", 5, 5), 0);
	t_check();
	t_mount_ok(NULL);
	ck_assert_int_eq(t_unlink("d/f2"), 0);
	ck_assert_int_eq(t_unlink("d/g"), 0);
	ck_assert_int_eq(t_rmdir("d"), 0);
	t_check();
}
END_TEST

START_TEST(many_ids_make_a_tree)
{
	char name[50];
	u64 state = 5;

	t_mkfs(volumes[_i], 32768);
	t_mount_ok(NULL);
	for (u32 i = 0; i < 300; i++) {
		u32 id = _i == 0 ? i : i % 2 ? t_random(&state) : 0xfffffff0 - i * 77;

		snprintf(name, sizeof(name), "f%u", i);
		t_create(name, i % 3 * 1000, i);
		ck_assert_int_eq(chown_to(name, id, id / 2), 0);
	}
	t_check();
	t_mount_ok(NULL);
	for (u32 i = 0; i < 300; i += 2) {
		snprintf(name, sizeof(name), "f%u", i);
		ck_assert_int_eq(t_unlink(name), 0);
	}
	t_check();
}
END_TEST

START_TEST(damaged_quota_files_make_a_volume_read_only)
{
	static const struct {
		const char *commands, *what;
	} damages[] = {
	    {"set_super_value usr_quota_inum 5", "the number of the user quota file is invalid"},
	    {"set_inode_field <4> mode 040600", "the group quota file is no file"},
	    {"set_inode_field <3> links_count 0", "the number of the user quota file is invalid"},
	};

	t_mkfs("-t ext4 -O quota", 16384);
	t_debugfs(damages[_i].commands);
	ck_assert_int_eq(t_mount(NULL), -EUCLEAN);
	ck_assert_msg(log_captured_has(damages[_i].what), "%s", log_captured());
	ck_assert(log_captured_has("usage of quota can't be kept: writing refused"));
	ck_assert_int_eq(t_mount_type("ext4", MS_RDONLY, NULL), 0);
	ck_assert_int_eq(t_remount(0, NULL), -EUCLEAN);
	t_umount();
}
END_TEST

/* Changes a word of the user quota file, which mke2fs makes of six blocks. */
static void poke(u32 block, u32 offset, u32 value)
{
	char command[100];

	snprintf(command, sizeof(command), "bmap <3> %u", block / 4);
	u64 at = strtoull(t_debugfs_read(command), NULL, 10) * 4096 + block % 4 * 1024 + offset;
	u8 raw[4];
	int fd = open(t_image(), O_RDWR);

	ck_assert_int_ge(fd, 0);
	le32_store(raw, value);
	ck_assert_int_eq(pwrite(fd, raw, 4, (off_t)at), 4);
	close(fd);
}

START_TEST(each_structure_of_a_quota_file_is_verified)
{
	static const struct {
		u32 block, offset, value;
		const char *what;
	} damages[] = {
	    {0, 0, 1, "the magic number is wrong"},
	    {0, 4, 7, "the version is unknown"},
	    {0, 20, 100000, "the number of blocks is wrong"},
	    {0, 20, 1, "the number of blocks is wrong"},
	    {0, 24, 3, "the list of free blocks is damaged"},
	    {0, 24, 900, "the list of free blocks is damaged"},
	    {0, 28, 2, "the list of free entries is damaged"},
	    {1, 0, 77, "a reference is invalid"},
	    {1, 0, 1, "a reference is invalid"},
	    {1, 4, 2, "is used twice"},
	    {2, 0, 2, "is used twice"},
	    {4, 0, 3, "is used twice"},
	    {4, 4, 5, "an entry is missing"},
	    {5, 8, 3, "the number of entries is wrong"},
	    {5, 0, 5, "the list of free entries is damaged"},
	};

	t_mkfs("-t ext4 -b 4096 -O quota", 16384);
	poke(damages[_i].block, damages[_i].offset, damages[_i].value);
	ck_assert_int_eq(t_mount(NULL), -EUCLEAN);
	ck_assert_msg(log_captured_has(damages[_i].what), "%s", log_captured());
	ck_assert_int_eq(t_mount_type("ext4", MS_RDONLY, NULL), 0);
	t_umount();
}
END_TEST

START_TEST(a_remount_counts_what_was_in_use_before)
{
	t_mkfs("-t ext4 -O quota,project", 16384);
	t_mount_ok(NULL);
	t_create("f", 50000, 1);
	ck_assert_int_eq(chown_to("f", 7, 8), 0);
	t_umount();
	ck_assert_int_eq(t_mount_type("ext4", MS_RDONLY, NULL), 0);
	struct file *file = t_open("f", O_RDONLY, 0);

	ck_assert_int_eq(t_remount(0, NULL), 0);
	ck_assert_int_eq(t_truncate("f", 100), 0);
	t_close(file);
	ck_assert_int_eq(t_remount(MS_RDONLY, NULL), 0);
	ck_assert_int_eq(t_remount(0, NULL), 0);
	t_create("f", 100000, 1);
	t_check();
}
END_TEST

static void limit(u32 type, u32 id, u64 hard_kib, u64 soft_kib, u64 hard_inodes)
{
	struct if_dqblk blk = {.dqb_bhardlimit = hard_kib,
			       .dqb_bsoftlimit = soft_kib,
			       .dqb_ihardlimit = hard_inodes,
			       .dqb_valid = QIF_LIMITS};

	ck_assert_int_eq(ext4_quotactl(t_super(), Q_SETQUOTA, type, id, &blk), 0);
}

static struct if_dqblk usage(u32 type, u32 id)
{
	struct if_dqblk blk;

	ck_assert_int_eq(ext4_quotactl(t_super(), Q_GETQUOTA, type, id, &blk), 0);
	return blk;
}

START_TEST(limits_are_enforced_where_options_say_so)
{
	struct attr mode = {.valid = ATTR_MODE, .mode = 0777};

	t_mkfs("-t ext4 -b 1024 -O quota,project", 16384);
	t_mount_ok(_i ? "usrquota,grpquota" : NULL);
	ck_assert_int_eq(t_setattr(".", &mode), 0);
	limit(USRQUOTA, 1000, 100, 0, 3);
	host_set_user(1000, 100);
	int err = t_create_error("big", 200 * 1024, 1);

	ck_assert_int_eq(err, _i ? -EDQUOT : 0);
	t_sync();
	if (_i)
		ck_assert_uint_le(usage(USRQUOTA, 1000).dqb_curspace, 101 * 1024);
	t_create("two", 0, 1);
	t_create("three", 0, 1);
	ck_assert_int_eq(t_create_error("four", 0, 1), _i ? -EDQUOT : 0);
	ck_assert_int_eq(t_mkdir("dir"), _i ? -EDQUOT : 0);
	host_set_cred(NULL);
	t_create("root", 300 * 1024, 1);
	ck_assert_int_eq(usage(USRQUOTA, 1000).dqb_curinodes, _i ? 3 : 5);
	t_check();
}
END_TEST

START_TEST(a_soft_limit_holds_once_its_grace_is_over)
{
	struct if_dqinfo info = {.dqi_bgrace = 60, .dqi_igrace = 70, .dqi_valid = IIF_ALL};
	struct attr mode = {.valid = ATTR_MODE, .mode = 0777};

	t_mkfs("-t ext4 -b 1024 -O quota", 16384);
	t_mount_ok("usrquota");
	ck_assert_int_eq(t_setattr(".", &mode), 0);
	limit(USRQUOTA, 1000, 0, 50, 0);
	ck_assert_int_eq(ext4_quotactl(t_super(), Q_SETINFO, USRQUOTA, 0, &info), 0);
	host_set_user(1000, 100);
	t_create("f", 60 * 1024, 1);
	t_sync();
	ck_assert_uint_ne(usage(USRQUOTA, 1000).dqb_btime, 0);
	t_create("g", 1024, 1);
	host_clock_advance(61 * NSEC_PER_SEC);
	ck_assert_int_eq(t_create_error("h", 1024, 1), -EDQUOT);
	ck_assert_int_eq(t_unlink("f"), 0);
	ck_assert_uint_eq(usage(USRQUOTA, 1000).dqb_btime, 0);
	t_create("h", 1024, 1);
	host_set_cred(NULL);
	t_umount();
	t_mount_ok(NULL);
	ck_assert_int_eq(ext4_quotactl(t_super(), Q_GETINFO, USRQUOTA, 0, &info), 0);
	ck_assert_uint_eq(info.dqi_bgrace, 60);
	ck_assert_uint_eq(info.dqi_igrace, 70);
	t_check();
}
END_TEST

static int set_project(const char *name, u32 project, bool inherit)
{
	struct fsxattr fsx;
	struct file *file = t_open(name, O_RDONLY, 0);
	long err = ext4_ioctl(file, FS_IOC_FSGETXATTR, (unsigned long)&fsx);

	ck_assert_int_eq(err, 0);
	fsx.fsx_projid = project;
	if (inherit)
		fsx.fsx_xflags |= FS_XFLAG_PROJINHERIT;
	err = ext4_ioctl(file, FS_IOC_FSSETXATTR, (unsigned long)&fsx);
	t_close(file);
	return (int)err;
}

static u32 project_of(const char *name)
{
	struct fsxattr fsx;
	struct file *file = t_open(name, O_RDONLY, 0);

	ck_assert_int_eq(ext4_ioctl(file, FS_IOC_FSGETXATTR, (unsigned long)&fsx), 0);
	t_close(file);
	return fsx.fsx_projid;
}

START_TEST(projects_are_inherited_and_counted)
{
	t_mkfs("-t ext4 -O quota,project", 16384);
	t_mount_ok("prjquota");
	ck_assert_int_eq(t_mkdir("p"), 0);
	ck_assert_int_eq(set_project("p", 42, true), 0);
	t_create("p/f", 100000, 1);
	ck_assert_int_eq(t_mkdir("p/d"), 0);
	t_create("p/d/g", 10, 1);
	t_create("other", 10, 1);
	ck_assert_uint_eq(project_of("p/d/g"), 42);
	ck_assert_uint_eq(project_of("other"), 0);
	ck_assert_int_eq(t_link("other", "p/other"), -EXDEV);
	ck_assert_int_eq(t_rename("other", "p/other", 0), -EXDEV);
	ck_assert_int_eq(t_rename("p/f", "f", 0), 0);
	ck_assert_int_eq(t_rename("other", "p/d", RENAME_EXCHANGE), -EXDEV);
	t_sync();
	struct if_dqblk blk = usage(PRJQUOTA, 42);

	ck_assert_uint_eq(blk.dqb_curinodes, 4);
	ck_assert_uint_ge(blk.dqb_curspace, 100000);
	ck_assert_int_eq(set_project("f", 43, false), 0);
	ck_assert_uint_eq(usage(PRJQUOTA, 42).dqb_curinodes, 3);
	t_umount();
	t_mount_ok(NULL);
	ck_assert_uint_eq(project_of("f"), 43);
	t_check();
}
END_TEST

START_TEST(quotas_are_listed)
{
	u32 expected[] = {0, 7, 70000, 0x80000000};
	struct if_nextdqblk next;
	u32 id = 0, format;

	t_mkfs("-t ext4 -O quota", 16384);
	t_mount_ok(NULL);
	t_create("f", 10, 1);
	for (size_t i = 0; i < 4; i++)
		ck_assert_int_eq(chown_to("f", expected[i], 0), 0);
	for (size_t i = 0; i < 4; i++) {
		ck_assert_int_eq(ext4_quotactl(t_super(), Q_GETNEXTQUOTA, USRQUOTA, id, &next), 0);
		ck_assert_uint_eq(next.dqb_id, expected[i]);
		id = next.dqb_id + 1;
	}
	ck_assert_int_eq(ext4_quotactl(t_super(), Q_GETNEXTQUOTA, USRQUOTA, id, &next), -ENOENT);
	ck_assert_int_eq(ext4_quotactl(t_super(), Q_GETFMT, GRPQUOTA, 0, &format), 0);
	ck_assert_uint_eq(format, QFMT_VFS_V1);
	ck_assert_int_eq(ext4_quotactl(t_super(), Q_GETFMT, PRJQUOTA, 0, &format), -ESRCH);
	t_check();
}
END_TEST

Suite *suite_ext4_quota(void)
{
	Suite *s = suite_of("ext4_quota", a_remount_counts_what_was_in_use_before,
			    a_soft_limit_holds_once_its_grace_is_over,
			    projects_are_inherited_and_counted, quotas_are_listed);

	suite_add_loop(s, NULL, damaged_quota_files_make_a_volume_read_only, 3);
	suite_add_loop(s, NULL, each_structure_of_a_quota_file_is_verified, 15);
	suite_add_loop(s, NULL, limits_are_enforced_where_options_say_so, 2);

	suite_add_loop(s, NULL, usage_follows_all_that_changes_it, ARRAY_SIZE(volumes));
	suite_add_loop(s, NULL, many_ids_make_a_tree, 3);
	return s;
}
