/*
 * Transactions in the log: whatever of a volume's writes had reached the disk when the power went,
 * the log as e2fsck's own code replays it makes the volume whole, and what was synced is there.
 */
#include "ext4_test.h"

#include "ext4/ext4_int.h"
#include "ext4/journal_int.h"
#include "vfs/file.h"

#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/mount.h>

struct volume {
	const char *options;
	unsigned kib;
};
static const struct volume volumes[] = {
    {"-t ext4 -b 1024 -J size=1", 16384},
    {"-t ext4 -b 4096", 65536},
    {"-t ext3 -b 1024 -J size=1", 16384},
    {"-t ext4 -b 2048 -O ^metadata_csum,^64bit,uninit_bg -J size=4", 32768},
};

/* ---- a crashed disk before e2fsck ---- */

/* e2fsck replays the log and may finish orphans, and then finds nothing wrong. */
static void expect_whole(const char *when)
{
	int status = t_run(
	    "e2fsck -fy crashed >fsck.1 2>&1; s=$?; grep -v -e '^Pass [0-9]' "
	    "-e '^e2fsck' -e 'recovering journal' -e 'rphan' -e 'FILE SYSTEM WAS MODIFIED' -e '^$' "
	    "-e '^Truncating' -e 'crashed: [0-9/]* files' -e '^\\[' fsck.1; test $s -le 1");

	ck_assert_msg(status == 0 && !t_output()[0], "%s: e2fsck replays, and then:\n%s", when,
		      t_output());
	status = t_run("e2fsck -fn crashed");
	ck_assert_msg(status == 0, "%s: e2fsck finds after a replay:\n%s", when, t_output());
}

static void crash_at(size_t n, u64 subset)
{
	char name[96], when[64];
	struct host_disk *crashed = host_disk_replay(t_disk(), "crashed", n, subset);

	snprintf(when, sizeof(when), "after %zu requests, choice %llu", n,
		 (unsigned long long)subset);
	snprintf(name, sizeof(name), "%s", t_image());
	strcpy(name + strlen(name) - 3, "crashed");
	ck_assert_int_eq(host_disk_save(crashed, name), 0);
	host_disk_free(crashed);
	expect_whole(when);
}

/* ---- work ---- */

static void mix(u64 *state, int rounds)
{
	char name[32], other[32];

	for (int i = 0; i < rounds; i++) {
		u32 a = t_random(state) % 12, b = t_random(state) % 12;

		snprintf(name, sizeof(name), "d%u/f%u", a % 4, a);
		snprintf(other, sizeof(other), "d%u/f%u", b % 4, b);
		switch (t_random(state) % 10) {
		case 0:
		case 1:
			if (!t_exists(name))
				t_create(name, t_random(state) % 60000, a);
			break;
		case 2:
			(void)t_unlink(name);
			break;
		case 3:
			(void)t_rename(name, other, 0);
			break;
		case 4:
			(void)t_link(name, other);
			break;
		case 5:
			snprintf(other, sizeof(other), "d%u/dir%u", b % 4, b);
			if (t_mkdir(other))
				(void)t_rmdir(other);
			break;
		case 6:
			(void)t_truncate(name, t_random(state) % 70000);
			break;
		case 7:
			snprintf(other, sizeof(other), "d%u/s%u", b % 4, b);
			(void)t_unlink(other);
			(void)t_symlink(
			    "a target that is too long to lie in the inode itself, so that "
			    "it takes a block",
			    other);
			break;
		case 8:
			if (t_exists(name)) {
				struct file *file = t_open(name, O_RDWR, 0);

				if (file) {
					(void)t_pwrite(file, "appended", 8,
						       t_random(state) % 90000);
					ck_assert_int_eq(t_fsync(file), 0);
					t_close(file);
				}
			}
			break;
		default:
			if (t_random(state) % 4 == 0)
				t_sync();
			break;
		}
	}
}

static void start(const struct volume *volume)
{
	t_mkfs(volume->options, volume->kib);
	t_mount_ok(NULL);
	for (int i = 0; i < 4; i++) {
		char name[16];

		snprintf(name, sizeof(name), "d%d", i);
		ck_assert_int_eq(t_mkdir(name), 0);
	}
}

START_TEST(after_a_crash_at_any_point_the_log_makes_the_volume_whole)
{
	u64 state = 7 + (u64)_i;

	start(&volumes[_i]);
	host_disk_log_start(t_disk());
	mix(&state, 250);
	t_sync();
	size_t count = host_disk_log_count(t_disk());

	ck_assert_uint_gt(count, 20);
	for (size_t n = 0; n <= count; n += 1 + count / 25) {
		crash_at(n, 0);
		crash_at(n, n + 1);
	}
	crash_at(count, 0);
	ck_assert(!log_captured_has("had announced"));
	t_check();
}
END_TEST

START_TEST(the_log_goes_round_many_times)
{
	u64 state = 99;

	start(&volumes[_i]);
	struct ext4_fs *fs = t_super()->private;
	u32 first = fs->txn.tid, written = 0;

	for (int i = 0; i < 400; i++) {
		mix(&state, 10);
		t_sync();
		written = fs->txn.tid - first;
		if (i % 100 == 57) {
			t_run_ok("cp img crashed");
			expect_whole("in the middle");
		}
	}
	ck_assert_uint_gt(written, 200);
	t_run_ok("cp img crashed");
	expect_whole("at the end");
	ck_assert(!log_captured_has("had announced"));
	t_check();
}
END_TEST

Suite *suite_ext4_commit(void)
{
	Suite *s = suite_create("ext4_commit");

	suite_add_loop(s, NULL, after_a_crash_at_any_point_the_log_makes_the_volume_whole,
		       ARRAY_SIZE(volumes));
	suite_add_loop(s, NULL, the_log_goes_round_many_times, ARRAY_SIZE(volumes));
	return s;
}
