/* Growing a mounted volume, discarding its free blocks, its label, and flags of files. */
#include "ext4_test.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "ext4/ext4_int.h"
#include "vfs/file.h"
#include "vfs/vfs.h"

#include <linux/fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>

#define RESIZE _IOW('f', 16, u64)

static const char *const kinds[] = {
    "-t ext4 -b 1024",
    "-t ext4 -b 4096 -g 1024 -N 512",
    "-t ext4 -b 1024 -g 1024 -O meta_bg,^resize_inode -N 512",
    "-t ext4 -b 1024 -g 1024 -O ^64bit,^metadata_csum,uninit_bg -N 512",
    "-t ext3 -b 1024 -g 1024 -N 512",
    "-t ext4 -b 2048 -g 2048 -O ^flex_bg,^metadata_csum,^uninit_bg -N 512",
    "-t ext2 -b 1024 -g 512 -N 512 -E resize=60000",
};

static long root_ioctl(unsigned int cmd, void *arg)
{
	struct file *file = t_open("", O_RDONLY | O_DIRECTORY, 0);
	long result = file->ops->ioctl(file, cmd, (unsigned long)arg);

	t_close(file);
	return result;
}

static long resize(u64 blocks)
{
	return root_ioctl(RESIZE, &blocks);
}

START_TEST(a_mounted_volume_grows_in_steps)
{
	struct fs_statistics before, after;
	char name[32];

	t_mkfs(kinds[_i], 6000);
	t_run_ok("truncate -s 60M img");
	t_mount_ok(NULL);
	t_create("kept", 1000000, 1);
	ck_assert_int_eq(t_statfs(&before), 0);
	u32 bs = t_super()->block_size;
	u64 full = (60ull << 20) / bs;
	static const u32 kib[] = {6100, 7900, 17001, 30000, 61440};
	for (size_t i = 0; i < ARRAY_SIZE(kib); i++) {
		u64 blocks = (u64)kib[i] * 1024 / bs;

		ck_assert_msg(resize(blocks) == 0, "to %u KiB: %s", kib[i], log_captured());
		sprintf(name, "f%zu", i);
		t_create(name, 700000, (u32)i);
		if (i % 2) {
			t_umount();
			t_fsck();
			t_mount_ok(NULL);
		}
	}
	ck_assert_int_eq(t_statfs(&after), 0);
	ck_assert_uint_gt(after.blocks, before.blocks * 8);
	ck_assert_int_eq(resize(full), 0);
	ck_assert_int_eq(resize(full + 1), -EINVAL);
	ck_assert_int_eq(resize(100), -EINVAL);
	/* the new space is good for data, and the new tables for inodes */
	t_create("large", (after.free_blocks - 500) * bs, 9);
	for (int i = 0; i < 60; i++) {
		sprintf(name, "dir%d", i);
		ck_assert_int_eq(t_mkdir(name), 0);
	}
	t_sync();
	t_drop_caches();
	t_expect("large", (after.free_blocks - 500) * bs, 9);
	t_expect("kept", 1000000, 1);
	t_umount();
	t_fsck();
	/* the copies are good for a repair */
	t_run_ok("b=$(dumpe2fs img 2>/dev/null | grep -m1 'Backup superblock' | "
		 "sed 's/[^0-9]*\\([0-9]*\\).*/\\1/') && cp img copy && "
		 "{ e2fsck -fy -b $(dumpe2fs img 2>/dev/null | "
		 "grep -m1 'Backup superblock at' | sed 's/.*at \\([0-9]*\\),.*/\\1/') "
		 "-B %u copy >/dev/null; test $? -le 1; }",
		 bs);
	/* and what was left in reserve is still one */
	t_run_ok("truncate -s 90M img && resize2fs -f img 2>&1");
	t_fsck();
}
END_TEST

START_TEST(what_can_not_grow_is_left_alone)
{
	t_mkfs("-t ext4 -b 1024 -g 256 -O ^resize_inode,^meta_bg,^64bit -N 512", 6000);
	t_run_ok("truncate -s 60M img");
	t_mount_ok(NULL);
	ck_assert_int_eq(resize(60000), -EPERM); /* more blocks of descriptors than there are */
	ck_assert_int_eq(resize(7000), 0);       /* as many */
	host_set_user(1000, 1000);
	ck_assert_int_eq(resize(7500), -EPERM);
	host_set_cred(NULL);
	t_check();
	t_mkfs("-t ext4 -b 1024 -O sparse_super2", 6000);
	t_run_ok("truncate -s 20M img");
	t_mount_ok(NULL);
	ck_assert_int_eq(resize(10000), -EOPNOTSUPP);
	t_check();
}
END_TEST

START_TEST(free_blocks_are_discarded_and_no_others)
{
	struct fstrim_range range = {.len = ~0ull};
	struct fs_statistics st;

	t_mkfs("-t ext4 -b 1024 -g 1024", 8192);
	t_mount_ok(NULL);
	t_create("kept", 1000000, 1);
	t_create("gone", 2000000, 2);
	t_sync();
	ck_assert_int_eq(t_unlink("gone"), 0);
	ck_assert_int_eq(root_ioctl(FITRIM, &range), 0);
	ck_assert_int_eq(t_statfs(&st), 0);
	ck_assert_uint_eq(range.len, st.free_blocks * 1024);
	t_drop_caches();
	t_expect("kept", 1000000, 1);
	range = (struct fstrim_range){.start = 1 << 20, .len = 100 << 10, .minlen = 2048};
	ck_assert_int_eq(root_ioctl(FITRIM, &range), 0);
	ck_assert_uint_le(range.len, 100 << 10);
	range = (struct fstrim_range){.start = 1 << 30, .len = 100 << 10};
	ck_assert_int_eq(root_ioctl(FITRIM, &range), -EINVAL);
	range = (struct fstrim_range){.len = 10};
	ck_assert_int_eq(root_ioctl(FITRIM, &range), -EINVAL);
	host_set_user(1000, 1000);
	ck_assert_int_eq(root_ioctl(FITRIM, &range), -EPERM);
	host_set_cred(NULL);
	t_check();
}
END_TEST

static u64 first_block(const char *name)
{
	struct {
		struct fiemap head;
		struct fiemap_extent extent;
	} map = {.head = {.fm_length = 4096, .fm_flags = FIEMAP_FLAG_SYNC, .fm_extent_count = 1}};
	struct file *file = t_open(name, O_RDONLY, 0);

	ck_assert_int_eq(file->ops->ioctl(file, FS_IOC_FIEMAP, (unsigned long)&map), 0);
	t_close(file);
	return map.extent.fe_physical / 4096;
}

/* What was freed is discarded once that is committed, and not before. */
START_TEST(the_mount_option_discards_what_is_free_for_certain)
{
	t_mkfs("-t ext4 -b 4096", 16384);
	t_mount_ok("discard");
	t_create("f", 200000, 1);
	t_sync();
	u64 block = first_block("f");
	ck_assert_uint_ne(block, 0);
	ck_assert_int_eq(t_unlink("f"), 0);
	t_run_ok("dd if=img bs=4096 skip=%llu count=48 status=none | tr -d '\\0' | wc -c",
		 (unsigned long long)block);
	ck_assert_int_gt(atoi(t_output()), 100000);
	t_sync();
	t_run_ok("dd if=img bs=4096 skip=%llu count=48 status=none | tr -d '\\0' | wc -c",
		 (unsigned long long)block);
	ck_assert_int_eq(atoi(t_output()), 0);
	t_check();
	t_mkfs("-t ext4 -b 4096 -O ^has_journal", 16384);
	ck_assert_int_eq(t_mount("discard"), -EINVAL);
	ck_assert_int_eq(t_mount("stripe=16"), -EINVAL);
	ck_assert_int_eq(t_mount("nodelalloc"), -EINVAL);
	ck_assert_int_eq(t_mount("data_err=abort"), -EINVAL);
	t_mount_ok("max_dir_size_kb=8,inode_readahead_blks=16,nodiscard");
	char options[200];
	t_super()->ops->show_options(t_super(), options, sizeof(options));
	ck_assert_str_eq(options, ",inode_readahead_blks=16,max_dir_size_kb=8");
	int err = 0;
	for (int i = 0; i < 1000 && !err; i++) {
		char name[64];

		sprintf(name, "a-name-that-takes-some-room-%d", i);
		err = t_create_error(name, 0, 0);
	}
	ck_assert_int_eq(err, -ENOSPC);
	t_check();
}
END_TEST

/* ---- labels and flags ---- */

START_TEST(the_label_is_read_and_changed)
{
	char label[256] = "";

	t_mkfs("-t ext4 -b 1024 -L before", 20480);
	t_mount_ok("nojournal_checksum,nocheck,check=none,data_err=ignore");
	ck_assert_int_eq(root_ioctl(FS_IOC_GETFSLABEL, label), 0);
	ck_assert_str_eq(label, "before");
	strcpy(label, "sixteen letters!");
	ck_assert_int_eq(root_ioctl(FS_IOC_SETFSLABEL, label), 0);
	strcpy(label, "seventeen letters");
	ck_assert_int_eq(root_ioctl(FS_IOC_SETFSLABEL, label), -EINVAL);
	ck_assert_int_eq(root_ioctl(FS_IOC_GETFSLABEL, label), 0);
	ck_assert_str_eq(label, "sixteen letters!");
	t_umount();
	t_run_ok("test \"$(e2label img)\" = 'sixteen letters!'");
	t_run_ok("dumpe2fs -h -o superblock=8193 -o blocksize=1024 img 2>/dev/null | "
		 "grep -q 'name: *sixteen letters!'");
	t_fsck();
}
END_TEST

START_TEST(immutable_files_refuse_every_change)
{
	struct attr attr = {.valid = ATTR_MODE, .mode = S_IFREG | 0600};
	struct file *file;
	u32 flags;

	t_mkfs("-t ext4 -b 4096", 8192);
	t_mount_ok(NULL);
	t_create("f", 100, 1);
	file = t_open("f", O_RDWR, 0);
	ck_assert_int_eq(file->ops->ioctl(file, FS_IOC_GETFLAGS, (unsigned long)&flags), 0);
	flags |= FS_IMMUTABLE_FL;
	ck_assert_int_eq(file->ops->ioctl(file, FS_IOC_SETFLAGS, (unsigned long)&flags), 0);
	struct fsxattr fsx;
	ck_assert_int_eq(file->ops->ioctl(file, FS_IOC_FSGETXATTR, (unsigned long)&fsx), 0);
	ck_assert_uint_eq(fsx.fsx_xflags, FS_XFLAG_IMMUTABLE);
	ck_assert_int_eq(t_pwrite(file, "x", 1, 0), -EPERM);
	ck_assert_int_eq(vfs_ftruncate(file, 5), -EPERM);
	ck_assert_int_eq(t_open_error("f", O_WRONLY, 0), -EPERM);
	ck_assert_int_eq(t_truncate("f", 5), -EPERM);
	ck_assert_int_eq(t_unlink("f"), -EPERM);
	ck_assert_int_eq(t_rename("f", "g", 0), -EPERM);
	ck_assert_int_eq(t_link("f", "g"), -EPERM);
	ck_assert_int_lt(t_setattr("f", &attr), 0);
	fsx.fsx_xflags = FS_XFLAG_APPEND;
	ck_assert_int_eq(file->ops->ioctl(file, FS_IOC_FSSETXATTR, (unsigned long)&fsx), 0);
	ck_assert_int_eq(t_open_error("f", O_WRONLY, 0), -EPERM);
	ck_assert_int_eq(t_open_error("f", O_WRONLY | O_APPEND, 0), 0);
	ck_assert_int_eq(t_unlink("f"), -EPERM);
	flags = FS_EXTENT_FL;
	ck_assert_int_eq(file->ops->ioctl(file, FS_IOC_SETFLAGS, (unsigned long)&flags), 0);
	flags = FS_EXTENT_FL | FS_DIRSYNC_FL;
	ck_assert_int_eq(file->ops->ioctl(file, FS_IOC_SETFLAGS, (unsigned long)&flags),
			 -EOPNOTSUPP);
	flags = 0;
	ck_assert_int_eq(file->ops->ioctl(file, FS_IOC_SETFLAGS, (unsigned long)&flags),
			 -EOPNOTSUPP);
	t_close(file);
	ck_assert_int_eq(t_unlink("f"), 0);
	t_check();
}
END_TEST

Suite *suite_ext4_resize(void)
{
	Suite *suite = suite_create("ext4_resize");
	TCase *tcase = tcase_create("ext4_resize");

	tcase_set_timeout(tcase, 300);
	tcase_add_loop_test(tcase, a_mounted_volume_grows_in_steps, 0, (int)ARRAY_SIZE(kinds));
	tcase_add_test(tcase, what_can_not_grow_is_left_alone);
	tcase_add_test(tcase, free_blocks_are_discarded_and_no_others);
	tcase_add_test(tcase, the_mount_option_discards_what_is_free_for_certain);
	tcase_add_test(tcase, the_label_is_read_and_changed);
	tcase_add_test(tcase, immutable_files_refuse_every_change);
	suite_add_tcase(suite, tcase);
	return suite;
}
