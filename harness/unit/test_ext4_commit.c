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

struct lost_cache {
	const struct host_disk *disk;
	size_t durable; /* records before this one are */
};

static bool is_durable(void *ctx, size_t record, u32 sector)
{
	const struct lost_cache *lost = ctx;

	return record < lost->durable || record % 2 ||
	       (host_disk_log_get(lost->disk, record)->flags & BIO_FUA);
}

/* The power goes when the n-th record has ended, and with it half of what the disk had in its
 * cache.
 */
static void lose_cache_after(size_t n)
{
	struct lost_cache lost = {.disk = t_disk()};
	char name[96], when[64];

	for (size_t i = 0; i < n; i++) {
		const struct host_disk_record *r = host_disk_log_get(t_disk(), i);

		if (r->op == BIO_FLUSH)
			lost.durable = i + 1;
		else if (r->flags & BIO_PREFLUSH)
			lost.durable = i;
	}
	snprintf(when, sizeof(when), "without half of the cache after record %zu", n);
	snprintf(name, sizeof(name), "%s", t_image());
	strcpy(name + strlen(name) - 3, "crashed");
	struct host_disk *crashed = host_disk_replay(t_disk(), "crashed", 0, 0);

	host_disk_materialise(t_disk(), host_disk_data(crashed), n, is_durable, &lost);
	ck_assert_int_eq(host_disk_save(crashed, name), 0);
	host_disk_free(crashed);
	expect_whole(when);
}

/* The log fills up without anybody's sync; at times all of it must be put in place at once. */
START_TEST(the_logs_old_end_is_given_up_when_what_it_held_is_durable)
{
	char name[32];
	unsigned moved = 0;

	start(&volumes[_i * 2]);
	struct ext4_fs *fs = t_super()->private;
	u64 super_sector = fs->journal->log.super_buffer->block << (fs->block_bits - SECTOR_SHIFT);

	host_disk_log_start(t_disk());
	for (u32 i = 0; i < 1200; i++) {
		snprintf(name, sizeof(name), "d%u/x%u", i % 4, i);
		ck_assert_int_eq(t_mkdir(name), 0);
		if (i % 250 == 249)
			ck_assert_int_eq(ext4_journal_put_in_place(fs->journal), 0);
	}
	host_disk_log_stop(t_disk());
	for (size_t i = 0; i < host_disk_log_count(t_disk()); i++) {
		const struct host_disk_record *r = host_disk_log_get(t_disk(), i);

		if (r->op != BIO_WRITE || r->sector != super_sector)
			continue;
		lose_cache_after(i + 1);
		moved++;
	}
	ck_assert_uint_gt(moved, 2);
	t_check();
}
END_TEST

/* What Linux leaves after a crash, when it keeps orphans in a file. */
START_TEST(orphans_in_the_orphan_file_are_finished_at_mount)
{
	struct fs_statistics before, after;

	t_mkfs("-t ext4 -b 1024 -O orphan_file,^metadata_csum", 16384);
	t_mount_ok(NULL);
	ck_assert_int_eq(t_statfs(&before), 0);
	t_create("gone", 300000, 1);
	t_create("cut", 5000, 2);
	t_umount();
	t_run_ok(
	    "o=$(dumpe2fs -h img 2>/dev/null | sed -n 's/^Orphan file inode: *//p'); "
	    "b=$(debugfs -R \"blocks <$o>\" img 2>/dev/null | cut -d' ' -f1); "
	    "i=$(debugfs -R 'stat gone' img 2>/dev/null | sed -n 's/^Inode: "
	    "\\([0-9]*\\).*/\\1/p'); "
	    "printf \"$(printf '\\\\%%03o\\\\000\\\\000\\\\000' $i)\" | "
	    "dd of=img bs=1 seek=$((b * 1024 + 8)) conv=notrunc 2>/dev/null; "
	    "printf 'sif gone links_count 0\nunlink gone\nfeature orphan_present\n' >commands; "
	    "debugfs -w -f commands img");
	t_mount_ok(NULL);
	ck_assert(log_captured_has("1 orphans of the orphan file"));
	t_expect("cut", 5000, 2);
	ck_assert_int_eq(t_unlink("cut"), 0);
	ck_assert_int_eq(t_statfs(&after), 0);
	ck_assert_uint_eq(after.free_blocks, before.free_blocks);
	ck_assert_uint_eq(after.free_files, before.free_files);
	t_check();
	t_run_ok("! dumpe2fs -h img 2>/dev/null | grep -q orphan_present");
}
END_TEST

#define ORPHANS 700 /* more than the file has room for */

/* Ours go to the file, and what does not fit to the list; e2fsck and the next mount finish both. */
START_TEST(our_own_orphans_are_in_the_orphan_file)
{
	static struct file *files[ORPHANS];
	struct fs_statistics before, after;
	char name[16];

	t_mkfs("-t ext4 -b 1024 -N 1024 -O orphan_file -E orphan_file_size=2", 16384);
	t_run_ok("! dumpe2fs -h img 2>/dev/null | grep -q orphan_present");
	t_mount_ok(NULL);
	ck_assert_int_eq(t_statfs(&before), 0);
	for (unsigned i = 0; i < ORPHANS; i++) {
		snprintf(name, sizeof(name), "f%u", i);
		t_create(name, i, i);
		files[i] = t_open(name, O_RDWR, 0);
		ck_assert_int_eq(t_unlink(name), 0);
		if (i == 100) {
			t_sync();
			const struct ext4_super_raw *raw =
			    (void *)(host_disk_data(t_disk()) + EXT4_SUPER_OFFSET);
			ck_assert_uint_eq(((struct ext4_fs *)t_super()->private)->orphan_head, 0);
			ck_assert_uint_eq(le32_get(raw->s_last_orphan), 0);
		}
	}
	ck_assert_uint_ne(((struct ext4_fs *)t_super()->private)->orphan_head, 0);
	t_sync();
	t_run_ok("cp img crashed; cp img theirs; debugfs -w -R jr theirs; "
		 "dumpe2fs -h theirs 2>/dev/null | grep -q orphan_present");
	for (unsigned i = 0; i < ORPHANS; i++) {
		t_close(files[(i * 3) % ORPHANS]);
		if (i == ORPHANS / 2)
			t_run_ok("cp img half");
	}
	ck_assert_uint_eq(((struct ext4_fs *)t_super()->private)->orphan_head, 0);
	ck_assert_int_eq(t_statfs(&after), 0);
	ck_assert_uint_eq(after.free_blocks, before.free_blocks);
	ck_assert_uint_eq(after.free_files, before.free_files);
	t_check();
	t_run_ok("! dumpe2fs -h img 2>/dev/null | grep -q orphan_present");
	ck_assert_int_le(t_run("e2fsck -fy crashed"), 1);
	t_run_ok("e2fsck -fn crashed");
	t_run_ok("mv theirs img");
	t_mount_ok(NULL);
	ck_assert_int_eq(t_statfs(&after), 0);
	ck_assert_uint_eq(after.free_blocks, before.free_blocks);
	ck_assert_uint_eq(after.free_files, before.free_files);
	t_check();
	t_run_ok("mv half img");
	t_mount_ok(NULL);
	t_check();
}
END_TEST

/* A file that is open without a name survives remounts for reading and back. */
START_TEST(orphans_survive_a_remount)
{
	t_mkfs(_i ? "-t ext4 -O orphan_file" : "-t ext4", 16384);
	t_mount_ok(NULL);
	t_create("f", 300000, 1);
	struct file *file = t_open("f", O_RDONLY, 0);
	ck_assert_int_eq(t_unlink("f"), 0);
	log_captured_clear();
	int err = t_remount(MS_RDONLY, NULL);
	if (!err)
		ck_assert_int_eq(t_remount(0, NULL), 0);
	t_create("g", 30000, 1);
	t_close(file);
	ck_assert_msg(!log_captured_has("orphan"), "%s", log_captured());
	t_check();
}
END_TEST

/* A block of a directory that is freed, and then holds a file's data, is not replayed over it. */
START_TEST(revoked_blocks_are_not_replayed_over_data)
{
	struct file *file;

	t_mkfs("-t ext4 -b 1024 -J size=1 -N 64", 3072);
	t_mount_ok(NULL);
	for (int round = 0; round < 6; round++) {
		char name[64];

		ck_assert_int_eq(t_mkdir("d"), 0);
		for (int i = 0; i < 40; i++) {
			snprintf(name, sizeof(name), "d/a-name-that-fills-the-directory-%d", i);
			ck_assert_int_eq(i ? t_link("d/a-name-that-fills-the-directory-0", name)
					   : t_create_error(name, 0, 1),
					 0);
		}
		t_sync();
		for (int i = 0; i < 40; i++) {
			snprintf(name, sizeof(name), "d/a-name-that-fills-the-directory-%d", i);
			ck_assert_int_eq(t_unlink(name), 0);
		}
		ck_assert_int_eq(t_rmdir("d"), 0);
		t_sync();
		/* all that is free, the directory's blocks among it */
		(void)t_create_error("f", 4000000, (u32)round);
		file = t_open("f", O_RDWR, 0);
		ck_assert_int_eq(t_fsync(file), 0);
		u64 size = (u64)file->inode->size;

		t_close(file);
		t_run_ok("cp img crashed; e2fsck -fy -E journal_only crashed; test $? -le 1; "
			 "debugfs -R 'dump f f.out' crashed 2>/dev/null");
		u8 *want = malloc(size), *got = malloc(size);
		char path[96];

		snprintf(path, sizeof(path), "%s", t_image());
		strcpy(path + strlen(path) - 3, "f.out");
		FILE *out = fopen(path, "r");

		ck_assert_ptr_nonnull(out);
		ck_assert_uint_eq(fread(got, 1, size, out), size);
		fclose(out);
		t_pattern(want, size, 0, (u32)round);
		ck_assert(memcmp(got, want, size) == 0);
		free(want);
		free(got);
		ck_assert_int_eq(t_unlink("f"), 0);
	}
	t_check();
}
END_TEST

static u32 syncs_done; /* atomic */

static void sync_worker(void *arg)
{
	struct vfs_open_how how = {.flags = O_CREAT | O_RDWR, .mode = 0644};
	struct file *file;
	char name[16];

	snprintf(name, sizeof(name), "/mnt/w%lu", (unsigned long)(uintptr_t)arg);
	ck_assert_int_eq(vfs_open(AT_FDCWD, name, &how, &file), 0);

	for (u64 i = 0; i < 30; i++) {
		loff_t at = (loff_t)i * 14;

		ck_assert_int_eq(file_write_kernel(file, "line of a log\n", 14, &at), 14);
		ck_assert_int_eq(t_fsync(file), 0);
		__atomic_fetch_add(&syncs_done, 1, __ATOMIC_SEQ_CST);
	}
	t_close(file);
}

START_TEST(threads_that_fsync_share_commits_and_keep_their_data)
{
	static const struct volume unjournalled = {"-t ext2 -b 1024", 16384};
	struct thread *threads[6];

	start(_i ? &unjournalled : &volumes[0]);
	host_disk_set_worker(t_disk(), true);
	for (uintptr_t i = 0; i < 6; i++)
		threads[i] = host_thread_start(sync_worker, (void *)i);
	for (int i = 0; i < 6; i++)
		host_thread_join(threads[i]);
	ck_assert_uint_eq(syncs_done, 180);
	host_disk_set_worker(t_disk(), false);
	t_run_ok("cp img crashed");
	if (_i)
		t_run_ok("e2fsck -fy crashed; test $? -le 1");
	else
		expect_whole("after fsyncs");
	for (int i = 0; i < 6; i++)
		t_run_ok("test $(debugfs -R 'cat w%d' crashed 2>/dev/null | wc -l) = 30", i);
	t_check();
}
END_TEST

static void commit_once(void *arg)
{
	ck_assert_int_eq(ext4_txn_commit(t_super()->private), 0);
}

/* Every change touches what the transaction in the log holds: the directory's block, bitmaps, the
 * table of inodes. If one of them waited for the log, this would not end. */
START_TEST(changes_go_on_while_the_log_is_being_written)
{
	char name[32];

	start(&volumes[_i]);
	t_create("d0/there", 3000, 1);
	t_create("d0/first", 3000, 2);
	t_sync();
	ck_assert_int_eq(t_unlink("d0/there"), 0);
	t_create("d0/there", 0, 2);
	ck_assert_int_eq(t_mkdir("d0/dir"), 0);
	host_disk_set_worker(t_disk(), true);
	host_disk_hold(t_disk(), HOST_DISK_WRITES);
	struct thread *committer = host_thread_start(commit_once, NULL);

	host_disk_wait_held(t_disk());
	for (u32 i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "d0/while%u", i);
		t_create(name, 0, i);
	}
	ck_assert_int_eq(t_rename("d0/while3", "d0/renamed", 0), 0);
	ck_assert_int_eq(t_unlink("d0/there"), 0);
	ck_assert_int_eq(t_unlink("d0/while4"), 0);
	ck_assert_int_eq(t_rmdir("d0/dir"), 0);
	ck_assert_int_eq(t_link("d0/first", "d1/again"), 0);
	host_disk_hold(t_disk(), 0);
	host_thread_join(committer);
	host_disk_set_worker(t_disk(), false);
	t_expect("d1/again", 3000, 2);
	t_run_ok("cp img crashed");
	expect_whole("after the commit");
	t_check();
}
END_TEST

START_TEST(buffers_of_a_large_log_are_put_in_place_before_they_fill_memory)
{
	char name[32];
	u32 held;

	t_mkfs("-t ext4 -b 1024 -J size=8", 32768);
	t_mount_ok(NULL);
	struct ext4_fs *fs = t_super()->private;
	struct ext4_transaction *transaction;

	fs->txn.buffer_limit = 64;
	for (u32 i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "d%u", i);
		ck_assert_int_eq(t_mkdir(name), 0);
		if (i % 10 != 9)
			continue;
		ck_assert_int_eq(ext4_txn_commit(fs), 0);
		held = 0;
		list_for_each_entry(transaction, &fs->journal->committed, node)
			held += transaction->checkpoint_count;
		ck_assert_uint_lt(held, 64 + 2 * 64);
	}
	ck_assert_uint_gt(atomic_load(&fs->journal->free), fs->journal->size / 2);
	t_run_ok("cp img crashed");
	expect_whole("at the end");
	t_check();
}
END_TEST

START_TEST(without_a_journal_large_transactions_are_closed_again_and_again)
{
	char name[32];

	t_mkfs("-t ext2 -b 1024", 16384);
	t_mount_ok(NULL);
	((struct ext4_fs *)t_super()->private)->txn.buffer_limit = 20;
	for (u32 i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "f%u", i);
		t_create(name, 3000, i);
		if (i >= 10) {
			snprintf(name, sizeof(name), "f%u", i - 10);
			ck_assert_int_eq(t_unlink(name), 0);
		}
	}
	t_check();
}
END_TEST

Suite *suite_ext4_commit(void)
{
	Suite *s = suite_create("ext4_commit");

	suite_add_loop(s, NULL, after_a_crash_at_any_point_the_log_makes_the_volume_whole,
		       ARRAY_SIZE(volumes));
	suite_add_loop(s, NULL, the_log_goes_round_many_times, ARRAY_SIZE(volumes));
	suite_add_loop(s, NULL, the_logs_old_end_is_given_up_when_what_it_held_is_durable, 2);
	suite_add_loop(s, NULL, changes_go_on_while_the_log_is_being_written, ARRAY_SIZE(volumes));
	suite_add_loop(s, NULL, orphans_survive_a_remount, 2);
	suite_add_loop(s, NULL, threads_that_fsync_share_commits_and_keep_their_data, 2);
	suite_add_tests(s, NULL, NULL, orphans_in_the_orphan_file_are_finished_at_mount,
			our_own_orphans_are_in_the_orphan_file,
			revoked_blocks_are_not_replayed_over_data,
			buffers_of_a_large_log_are_put_in_place_before_they_fill_memory,
			without_a_journal_large_transactions_are_closed_again_and_again);
	return s;
}
