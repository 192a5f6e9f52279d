/*
 * Preallocation: files that grow side by side stay in few pieces, and nobody else pays for it.
 */
#include "ext4_test.h"

#include "ext4/ext4_int.h"
#include "vfs/file.h"

#include <linux/fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>

enum { FILES = 4, STEP = 16384, STEPS = 24 };

static const char *const kinds[] = {
    "-t ext4 -b 4096",
    "-t ext4 -b 1024",
    "-t ext4 -b 4096 -O ^has_journal",
};

static struct file *files[FILES];
static u8 block[STEP];

static void start(int kind)
{
	t_mkfs(kinds[kind], 65536);
	t_mount_ok(NULL);
	for (int i = 0; i < FILES; i++)
		files[i] = t_open((const char[]){'f', (char)('0' + i), 0}, O_CREAT | O_RDWR, 0644);
}

static void grow(int from, int steps)
{
	for (int step = from; step < from + steps; step++)
		for (int i = 0; i < FILES; i++) {
			t_pattern(block, STEP, (u64)step * STEP, (u32)i);
			ck_assert_int_eq(t_pwrite(files[i], block, STEP, (u64)step * STEP), STEP);
			ck_assert_int_eq(t_fsync(files[i]), 0);
		}
}

static void close_all(void)
{
	for (int i = 0; i < FILES; i++)
		t_close(files[i]);
}

static u32 pieces(struct file *file)
{
	struct fiemap head = {.fm_length = ~0ull};

	ck_assert_int_eq(file->ops->ioctl(file, FS_IOC_FIEMAP, (unsigned long)&head), 0);
	return head.fm_mapped_extents;
}

static s64 kept(void)
{
	return ext4_fs(t_super())->window_clusters;
}

START_TEST(files_that_grow_side_by_side_stay_in_few_pieces)
{
	start(_i);
	grow(0, STEPS);
	ck_assert_int_gt(kept(), 0);
	for (int i = 0; i < FILES; i++)
		ck_assert_uint_le(pieces(files[i]), 8);
	close_all();
	ck_assert_int_eq(kept(), 0);
	for (int i = 0; i < FILES; i++)
		t_expect((const char[]){'f', (char)('0' + i), 0}, (u64)STEP * STEPS, (u32)i);
	t_check();
}
END_TEST

START_TEST(what_is_kept_for_files_is_given_away_before_the_disk_is_full)
{
	struct fs_statistics st;

	start(_i);
	t_create("old", 8 << 20, 7);
	t_sync();
	grow(0, 4);
	ck_assert_int_gt(kept(), 0);
	ck_assert_int_eq(t_unlink("old"), 0); /* freed in groups with windows */
	ck_assert_int_eq(t_create_error("big", 100u << 20, 9), -ENOSPC);
	t_sync();
	ck_assert_int_eq(t_statfs(&st), 0);
	ck_assert_int_eq(kept(), 0);
	ck_assert_uint_le(st.free_blocks, 64); /* metadata that was promised and not needed */
	close_all();
	for (int i = 0; i < FILES; i++)
		t_expect((const char[]){'f', (char)('0' + i), 0}, (u64)STEP * 4, (u32)i);
	t_check();
}
END_TEST

START_TEST(a_file_that_was_written_without_a_pause_keeps_nothing)
{
	start(_i);
	close_all();
	t_create("whole", 12 << 20, 3);
	t_sync();
	ck_assert_int_eq(kept(), 0);
	struct file *file = t_open("whole", O_RDONLY, 0);

	ck_assert_uint_le(pieces(file), 4);
	t_close(file);
	t_expect("whole", 12 << 20, 3);
	t_check();
}
END_TEST

START_TEST(a_window_goes_with_its_file)
{
	start(_i);
	grow(0, 2);
	for (int i = 0; i < FILES; i++)
		ck_assert_int_eq(t_unlink((const char[]){'f', (char)('0' + i), 0}), 0);
	ck_assert_int_gt(kept(), 0);
	close_all();
	ck_assert_int_eq(kept(), 0);
	t_check();
}
END_TEST

START_TEST(a_file_cut_and_written_again_is_whole)
{
	start(_i);
	grow(0, 3);
	for (int i = 0; i < FILES; i++)
		ck_assert_int_eq(t_truncate((const char[]){'f', (char)('0' + i), 0}, STEP), 0);
	grow(1, 6);
	grow(9, 2); /* leaves a hole */
	grow(7, 2);
	close_all();
	for (int i = 0; i < FILES; i++)
		t_expect((const char[]){'f', (char)('0' + i), 0}, (u64)STEP * 11, (u32)i);
	t_check();
}
END_TEST

Suite *suite_ext4_prealloc(void)
{
	Suite *s = suite_create("ext4_prealloc");
	TCase *tc = tcase_create("kinds");
	int n = ARRAY_SIZE(kinds);

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, files_that_grow_side_by_side_stay_in_few_pieces, 0, n);
	tcase_add_loop_test(tc, what_is_kept_for_files_is_given_away_before_the_disk_is_full, 0, n);
	tcase_add_loop_test(tc, a_file_that_was_written_without_a_pause_keeps_nothing, 0, n);
	tcase_add_loop_test(tc, a_window_goes_with_its_file, 0, n);
	tcase_add_loop_test(tc, a_file_cut_and_written_again_is_whole, 0, n);
	suite_add_tcase(s, tc);
	return s;
}
