/*
 * bigalloc: what is allocated, promised, counted and freed where a cluster is more than a block.
 * The matrix of volumes, the exerciser and the crash workloads run on such volumes, too.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "ext4_test.h"

#include "ext4/ext4_int.h"
#include "vfs/file.h"

#include <linux/falloc.h>
#include <linux/fcntl.h>
#include <linux/fs.h>

static const struct {
	u32 block, cluster, kib;
	const char *more;
} volumes[] = {
    {1024, 16384, 32768, ""},    {1024, 65536, 65536, ""},
    {1024, 1 << 20, 262144, ""}, {4096, 16384, 65536, ",^has_journal"},
    {4096, 65536, 65536, ""},    {4096, 1 << 20, 262144, ""},
};
enum { VOLUMES = ARRAY_SIZE(volumes) };

static u32 block, cluster;

static void make(int i)
{
	char options[200];

	block = volumes[i].block;
	cluster = volumes[i].cluster;
	snprintf(options, sizeof(options), "-t ext4 -b %u -C %u -N 512 -O bigalloc%s", block,
		 cluster, volumes[i].more);
	t_mkfs(options, volumes[i].kib);
	t_mount_ok(NULL);
}

/* Clusters that are neither used nor promised. */
static long room(void)
{
	struct fs_statistics st;

	ck_assert_int_eq(t_statfs(&st), 0);
	ck_assert_uint_eq(st.free_blocks % (cluster / block), 0);
	return (long)(st.free_blocks / (cluster / block));
}

static u64 sectors(const char *name)
{
	struct vfs_stat st;

	ck_assert_int_eq(t_stat(name, &st), 0);
	return st.blocks;
}

static void write_block(const char *name, u32 at)
{
	struct file *file = t_open(name, O_RDWR | O_CREAT, 0644);
	u8 data[4096];

	t_pattern(data, block, (u64)at * block, 1);
	ck_assert_int_eq(t_pwrite(file, data, block, (u64)at * block), block);
	t_close(file);
}

static int change(const char *name, int mode, u64 offset, u64 length)
{
	struct file *file = t_open(name, O_RDWR, 0);
	int err = vfs_fallocate(file, mode, (loff_t)offset, (loff_t)length);

	t_close(file);
	return err;
}

static int punch(const char *name, u32 at, u32 count)
{
	return change(name, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (u64)at * block,
		      (u64)count * block);
}

START_TEST(a_cluster_is_paid_for_once)
{
	u32 ratio, spent = 0;

	make(_i);
	ratio = cluster / block;
	write_block("f", 3);
	t_sync();
	long before = room();

	/* in a cluster that is there: nothing; in a new one: once, promised or allocated */
	for (u32 i = 0; i < 12; i++) {
		u32 at = i % ratio + i / 6 * ratio;

		write_block("f", at);
		spent = 1 + i / 6;
		if (i % 3 == 2) /* few enough that no metadata is promised */
			t_sync();
		ck_assert_int_eq(room(), before + 1 - (long)spent);
		ck_assert_uint_eq(sectors("f"), spent * (u64)cluster / 512);
	}
	t_sync();
	ck_assert_int_eq(room(), before + 1 - (long)spent);
	ck_assert_int_eq(t_unlink("f"), 0);
	t_sync();
	ck_assert_int_eq(room(), before + 1);
	t_check();
}
END_TEST

START_TEST(a_cluster_is_freed_with_its_last_block)
{
	u32 ratio, n;

	make(_i);
	ratio = cluster / block;
	n = min(ratio, 8u);
	t_create("f", 3ull * cluster, 2);
	t_sync();
	long full = room();

	ck_assert_int_eq(t_truncate("f", 2ull * cluster + 1), 0);
	ck_assert_int_eq(room(), full);
	ck_assert_int_eq(t_truncate("f", 2ull * cluster), 0);
	ck_assert_int_eq(room(), full + 1);
	ck_assert_int_eq(punch("f", 1, ratio), 0); /* the end of one and the start of the next */
	ck_assert_int_eq(room(), full + 1);
	for (u32 i = 1; i < ratio; i += max(ratio / n, 1u)) {
		ck_assert_int_eq(room(), full + 1);
		ck_assert_int_eq(punch("f", ratio + i, ratio / n), 0);
	}
	ck_assert_int_eq(punch("f", ratio, ratio), 0);
	ck_assert_int_eq(room(), full + 2);
	ck_assert_uint_eq(sectors("f"), cluster / 512);
	ck_assert_int_eq(punch("f", 0, 1), 0);
	ck_assert_int_eq(room(), full + 3);
	t_check();
}
END_TEST

/* A block that waits for write-back in a cluster that is freed: it gets a promise of its own. */
START_TEST(a_promise_is_renewed_when_its_cluster_goes)
{
	u32 last;
	u8 data[4096], wanted[4096];

	make(_i);
	last = cluster / block - 1;
	long before = room();

	write_block("f", 0);
	t_sync();
	write_block("f", last);
	ck_assert_int_eq(room(), before - 1);
	ck_assert_int_eq(punch("f", 0, 1), 0);
	ck_assert_int_eq(room(), before - 1);
	ck_assert_uint_eq(sectors("f"), cluster / 512);
	t_sync();
	ck_assert_int_eq(room(), before - 1);
	t_drop_caches();
	struct file *file = t_open("f", O_RDONLY, 0);

	t_pattern(wanted, block, (u64)last * block, 1);
	ck_assert_int_eq(t_pread(file, data, block, (u64)last * block), block);
	ck_assert_int_eq(memcmp(data, wanted, block), 0);
	t_close(file);
	/* the other way round: what waited is dropped before it was written */
	write_block("f", 2 * (last + 1));
	ck_assert_int_eq(room(), before - 2);
	ck_assert_int_eq(t_truncate("f", cluster), 0);
	ck_assert_int_eq(room(), before - 1);
	t_check();
}
END_TEST

START_TEST(ranges_move_by_whole_clusters)
{
	make(_i);
	t_create("f", 3ull * cluster + 100, 5);
	ck_assert_int_eq(change("f", FALLOC_FL_COLLAPSE_RANGE, block, cluster), -EINVAL);
	ck_assert_int_eq(change("f", FALLOC_FL_COLLAPSE_RANGE, cluster, block), -EINVAL);
	ck_assert_int_eq(change("f", FALLOC_FL_INSERT_RANGE, cluster, cluster - block), -EINVAL);
	ck_assert_int_eq(change("f", FALLOC_FL_INSERT_RANGE, cluster, 2 * cluster), 0);
	ck_assert_int_eq(change("f", FALLOC_FL_COLLAPSE_RANGE, cluster, 2 * cluster), 0);
	t_sync();
	t_drop_caches();
	t_expect("f", 3ull * cluster + 100, 5);
	t_check();
}
END_TEST

static u64 said(const char *line)
{
	t_run_ok("dumpe2fs -h img 2>/dev/null | sed -n 's/^%s: *//p'", line);
	return strtoull(t_output(), NULL, 10);
}

START_TEST(statfs_counts_like_e2fsprogs)
{
	struct fs_statistics st;

	make(_i);
	t_create("f", 5ull * cluster + 1, 5);
	t_sync();
	ck_assert_int_eq(t_statfs(&st), 0);
	t_check();
	ck_assert_uint_eq(st.free_blocks, said("Free blocks"));
	ck_assert_uint_eq(st.blocks,
			  said("Block count") - said("Overhead clusters") * (cluster / block));
}
END_TEST

/* Everything that write() took is on the disk in the end, however full it is. */
START_TEST(a_full_volume_keeps_what_was_written)
{
	static u8 data[300000];
	u32 sizes[400], n = 0;
	char name[20];

	make(_i);
	for (u32 fails = 0; n < ARRAY_SIZE(sizes) && fails < 4; n++) {
		u32 size = n % 5 ? 1 + n * 977 % 9000 : 300000;

		snprintf(name, sizeof(name), "f%u", n);
		struct vfs_open_how how = {.flags = O_RDWR | O_CREAT, .mode = 0644};
		struct file *file;
		char full[40];

		snprintf(full, sizeof(full), "/mnt/%s", name);
		int err = vfs_open(AT_FDCWD, full, &how, &file);
		ck_assert_msg(!err || err == -ENOSPC, "%d", err);
		sizes[n] = 0;
		fails += err != 0;
		if (err)
			continue;
		t_pattern(data, size, 0, n);
		long done = t_pwrite(file, data, size, 0);
		ck_assert_msg(done > 0 || done == -ENOSPC, "%ld", done);
		sizes[n] = done > 0 ? (u32)done : 0;
		fails += done != (long)size;
		if (n % 7 == 0)
			t_sync();
		t_close(file);
	}
	t_sync();
	t_umount();
	t_fsck();
	t_mount_ok(NULL);
	for (u32 i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "f%u", i);
		if (t_exists(name))
			t_expect(name, sizes[i], i);
	}
	for (u32 i = 0; i < n; i += 2) {
		snprintf(name, sizeof(name), "f%u", i);
		if (t_exists(name))
			ck_assert_int_eq(t_unlink(name), 0);
	}
	t_check();
}
END_TEST

static long root_ioctl(unsigned int cmd, void *arg)
{
	struct file *file = t_open("", O_RDONLY | O_DIRECTORY, 0);
	long result = file->ops->ioctl(file, cmd, (unsigned long)arg);

	t_close(file);
	return result;
}

START_TEST(free_clusters_are_discarded_and_no_others)
{
	struct fstrim_range range = {.len = ~0ull};

	make(_i);
	t_create("kept", 3ull * cluster + 5, 1);
	t_create("gone", 3ull * cluster + 5, 2);
	t_sync();
	ck_assert_int_eq(t_unlink("gone"), 0);
	ck_assert_int_eq(root_ioctl(FITRIM, &range), 0);
	ck_assert_uint_eq(range.len, (u64)room() * cluster);
	t_drop_caches();
	t_expect("kept", 3ull * cluster + 5, 1);
	t_check();
}
END_TEST

START_TEST(a_mounted_volume_grows)
{
	static const char *const kinds[] = {
	    "-t ext4 -b 1024 -C 16384 -O bigalloc -g 1024 -N 512",
	    "-t ext4 -b 1024 -C 4096 -O bigalloc,meta_bg,^resize_inode -g 1024 -N 512",
	    "-t ext4 -b 4096 -C 65536 -O bigalloc -N 512",
	    "-t ext4 -b 1024 -C 16384 -O bigalloc,^metadata_csum,uninit_bg -g 512 -N 512",
	};
	static const u32 kib[] = {20001, 30000, 50000, 120000};
	struct fs_statistics before, after;
	char name[20];

	t_mkfs(kinds[_i], 16384);
	t_run_ok("truncate -s 120000K img");
	t_mount_ok(NULL);
	t_create("kept", 1000000, 1);
	ck_assert_int_eq(t_statfs(&before), 0);
	for (u32 i = 0; i < ARRAY_SIZE(kib); i++) {
		u64 blocks = (u64)kib[i] * 1024 / t_super()->block_size;

		ck_assert_msg(root_ioctl(_IOW('f', 16, u64), &blocks) == 0, "to %u KiB: %s", kib[i],
			      log_captured());
		snprintf(name, sizeof(name), "f%u", i);
		t_create(name, 1700000, i);
		t_umount();
		t_fsck();
		t_mount_ok(NULL);
	}
	ck_assert_int_eq(t_statfs(&after), 0);
	ck_assert_uint_gt(after.blocks, before.blocks * 4);
	t_create("large", (after.free_blocks * 3 / 4) * t_super()->block_size, 9);
	t_sync();
	t_drop_caches();
	t_expect("kept", 1000000, 1);
	t_check();
}
END_TEST

/* ---- the checker ---- */

START_TEST(the_checker_knows_clusters)
{
	make(_i);
	ck_assert_int_eq(t_mkdir("d"), 0);
	t_create("d/f", 2ull * cluster + 5, 1);
	write_block("sparse", 1);
	write_block("sparse", cluster / block + 3);
	t_create("g", 100, 1);
	t_sync();
	ck_assert_int_eq(punch("d/f", 1, 2), 0);
	t_check();
	ck_assert_msg(t_verify_problems() == 0, "%s", t_verify_said());
	t_debugfs("set_inode_field g blocks 8888\n");
	ck_assert_msg(t_verify_problems() == 1, "%s", t_verify_said());
	ck_assert_msg(strstr(t_verify_said(), "sectors"), "%s", t_verify_said());
}
END_TEST

Suite *suite_ext4_bigalloc(void)
{
	const struct {
		const TTest *test;
		int times;
	} tests[] = {
	    {a_cluster_is_paid_for_once, VOLUMES},
	    {a_cluster_is_freed_with_its_last_block, VOLUMES},
	    {a_promise_is_renewed_when_its_cluster_goes, VOLUMES},
	    {ranges_move_by_whole_clusters, VOLUMES},
	    {statfs_counts_like_e2fsprogs, VOLUMES},
	    {a_full_volume_keeps_what_was_written, VOLUMES},
	    {free_clusters_are_discarded_and_no_others, VOLUMES},
	    {a_mounted_volume_grows, 4},
	    {the_checker_knows_clusters, VOLUMES},
	};
	Suite *suite = suite_create("ext4_bigalloc");
	TCase *tcase = tcase_create("ext4_bigalloc");

	tcase_set_timeout(tcase, 120);
	for (size_t i = 0; i < ARRAY_SIZE(tests); i++)
		tcase_add_loop_test(tcase, tests[i].test, 0, tests[i].times);
	suite_add_tcase(suite, tcase);
	return suite;
}
