/*
 * Journals on devices of their own: found by name, number or UUID; used; recovered by us and by
 * e2fsck after crashes of both disks; and refused when they are another's, or missing.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ext4_test.h"

#include "ext4/journal_disk.h"
#include "ext4/ondisk.h"
#include "vfs/block.h"

#include <linux/mount.h>

#define KIB         8192u
#define JOURNAL_KIB 5120u

static struct host_disk *journal, *volume;

static u32 super_block(void)
{
	const struct ext4_super_raw *raw = (void *)(host_disk_data(journal) + EXT4_SUPER_OFFSET);
	u32 size = 1024u << le32_get(raw->s_log_block_size);

	return (EXT4_SUPER_OFFSET / size + 1) * size;
}

static struct journal_super *journal_super(void)
{
	return (void *)(host_disk_data(journal) + super_block());
}

/* What mke2fs -J device= does, which wants a device. */
static void make_pair(u32 block_size)
{
	char path[200];

	char options[128];

	snprintf(options, sizeof(options),
		 "-t ext4 -O ^has_journal -N 256 -b %u -U 11111111-2222-3333-4444-555555555555",
		 block_size);
	t_mkfs(options, KIB);
	t_run_ok("mke2fs -F -q -O journal_dev -b %u -U 99999999-8888-7777-6666-555555555555 "
		 "journal %uk",
		 block_size, JOURNAL_KIB);
	t_debugfs("feature has_journal\nssv journal_inum 0\nssv journal_dev 0x4321\n"
		  "ssv journal_uuid 99999999-8888-7777-6666-555555555555\n");
	snprintf(path, sizeof(path), "%.*sjournal", (int)(strlen(t_image()) - 3), t_image());
	journal = host_disk_map("jd", path);
	volume = host_disk_map("fs", t_image());
	ck_assert(journal && volume);
	struct journal_super *raw = journal_super();
	ck_assert_uint_eq(be32_get(raw->s_header.h_magic), JOURNAL_MAGIC);
	raw->s_nr_users = be32_make(1);
	memset(raw->s_users, 0x11, 4);
	memset(raw->s_users + 4, 0x22, 2);
	memset(raw->s_users + 6, 0x33, 2);
	memset(raw->s_users + 8, 0x44, 2);
	memset(raw->s_users + 10, 0x55, 6);
	t_add_disk(journal);
}

/* e2fsck -fn, which wants the journal too. */
static void check_pair(void)
{
	ck_assert_msg(t_run("e2fsck -fn -j journal img") == 0, "%s\n%s", t_output(),
		      log_captured());
}

static bool needs_recovery(const struct host_disk *disk)
{
	const struct ext4_super_raw *raw =
	    (const void *)(host_disk_data((struct host_disk *)disk) + EXT4_SUPER_OFFSET);

	return le32_get(raw->s_feature_incompat) & EXT4_INCOMPAT_RECOVER;
}

START_TEST(a_volume_is_used_with_its_journal_on_a_device)
{
	char number[64];
	const char *const options[] = {NULL, "journal_path=/dev_jd", number,
				       "journal_path=/dev/jd"};

	make_pair(_i ? 4096 : 1024);
	struct block_device *bdev = host_disk_bdev(journal);
	snprintf(number, sizeof(number), "journal_dev=%u", bdev->major << 8 | bdev->minor);
	for (unsigned i = 0; i < ARRAY_SIZE(options); i++) {
		char name[16];

		log_captured_clear();
		int err = t_mount_disk(volume, 0, options[i]);
		ck_assert_msg(!err, "%s: %d: %s", options[i], err, log_captured());
		ck_assert(log_captured_has("the journal is on jd"));
		ck_assert(needs_recovery(volume));
		ck_assert_uint_ne(be32_get(journal_super()->s_start), 0);
		for (unsigned n = 0; n < 200; n++) {
			snprintf(name, sizeof(name), "%u-%u", i, n);
			t_create(name, n * 10, n);
			if (n % 20 == 0)
				t_sync();
			if (n % 3 == 0)
				ck_assert_int_eq(t_unlink(name), 0);
		}
		snprintf(name, sizeof(name), "%u-100", i);
		t_expect(name, 1000, 100);
		t_umount();
		ck_assert(!needs_recovery(volume));
		ck_assert_uint_eq(be32_get(journal_super()->s_start), 0);
		check_pair();
		ck_assert_int_eq(t_mount_disk(volume, 0, NULL), 0);
		for (unsigned n = 0; n < 200; n++) {
			snprintf(name, sizeof(name), "%u-%u", i, n);
			if (n % 3)
				ck_assert_int_eq(t_unlink(name), 0);
		}
		t_umount();
	}
	const struct ext4_super_raw *raw = (void *)(host_disk_data(volume) + EXT4_SUPER_OFFSET);
	ck_assert_uint_eq(le32_get(raw->s_journal_dev), bdev->major << 8 | bdev->minor);
}
END_TEST

/* ---- refused ---- */

static void no_such_device(void)
{
	memset(((struct ext4_super_raw *)(host_disk_data(journal) + EXT4_SUPER_OFFSET))->s_uuid, 7,
	       16);
}
static void no_journal(void)
{
	memset(host_disk_data(journal) + EXT4_SUPER_OFFSET, 0, 1024);
}
static void another_user(void)
{
	memset(journal_super()->s_users, 7, 16);
}
static void two_users(void)
{
	journal_super()->s_nr_users = be32_make(2);
}
static void another_block_size(void)
{
	((struct ext4_super_raw *)(host_disk_data(journal) + EXT4_SUPER_OFFSET))->s_log_block_size =
	    le32_make(2);
}
static void larger_than_it_is(void)
{
	((struct ext4_super_raw *)(host_disk_data(journal) + EXT4_SUPER_OFFSET))
	    ->s_blocks_count_lo = le32_make(6000);
}
static void log_over_its_superblock(void)
{
	journal_super()->s_first = be32_make(2);
}
static void read_only_device(void)
{
	host_disk_bdev(journal)->read_only = true;
}
static void device_in_use(void)
{
	ck_assert_int_eq(block_claim(host_disk_bdev(journal), journal), 0);
}
static void nothing(void)
{
}

static const struct {
	void (*damage)(void);
	const char *options, *message;
	int error;
} refused[] = {
    {no_such_device, NULL, "was not found", -ENXIO},
    {no_such_device, "journal_path=/dev_jd", "the journal of another volume", -EINVAL},
    {no_journal, NULL, "was not found", -ENXIO},
    {no_journal, "journal_path=/dev_jd", "holds no journal", -EINVAL},
    {another_user, NULL, "another volume uses it", -EINVAL},
    {two_users, NULL, "more than one volume", -EINVAL},
    {another_block_size, NULL, "another block size", -EUCLEAN},
    {larger_than_it_is, NULL, "smaller than its superblock", -EUCLEAN},
    {log_over_its_superblock, NULL, "first block is invalid", -EUCLEAN},
    {read_only_device, NULL, "is read-only", -EROFS},
    {device_in_use, NULL, "is in use", -EBUSY},
    {nothing, "journal_dev=0x4321", "does not exist", -ENXIO},
    {nothing, "journal_path=/dev_nothing", "not supported", -EINVAL},
    {nothing, "journal_path=/", "not supported", -EINVAL},
    {nothing, "journal_dev=what", "not supported", -EINVAL},
};

START_TEST(a_volume_without_its_journal_is_refused)
{
	make_pair(1024);
	ck_assert_int_eq(t_mount_disk(volume, 0, NULL), 0);
	t_create("file", 5000, 1);
	t_umount();
	journal_super()->s_feature_incompat = be32_make(0); /* no checksum is wrong */
	refused[_i].damage();
	t_run_ok("cp img before");
	log_captured_clear();
	int err = t_mount_disk(volume, 0, refused[_i].options);
	ck_assert_msg(err == refused[_i].error, "%d, not %d: %s", err, refused[_i].error,
		      log_captured());
	ck_assert_msg(log_captured_has(refused[_i].message), "not said: %s: %s",
		      refused[_i].message, log_captured());
	t_run_ok("cmp img before");
	ck_assert_int_eq(t_mount_disk(volume, MS_RDONLY, "norecovery"), 0);
	t_expect("file", 5000, 1);
	t_umount();
	t_run_ok("cmp img before");
}
END_TEST

/* ---- crashes ---- */

#define FILES  12u
#define STATES 80u /* points of time, each with several choices of what the caches lost */

static u64 saved[FILES]; /* from when on the file must be there */

/* The order of the next record of any disk. */
static u64 now(void)
{
	u64 order = 0;
	struct host_disk *disks[] = {journal, volume};

	for (unsigned i = 0; i < 2; i++) {
		size_t n = host_disk_log_count(disks[i]);

		if (n && host_disk_log_get(disks[i], n - 1)->order >= order)
			order = host_disk_log_get(disks[i], n - 1)->order + 1;
	}
	return order;
}

static size_t records_before(const struct host_disk *disk, u64 order)
{
	size_t n = 0;

	while (n < host_disk_log_count(disk) && host_disk_log_get(disk, n)->order < order)
		n++;
	return n;
}

static void work(void)
{
	char name[16];

	for (unsigned i = 0; i < FILES; i++) {
		snprintf(name, sizeof(name), "file-%u", i);
		t_create(name, 3000 + i * 5000, i);
		struct file *file = t_open(name, O_WRONLY, 0);
		ck_assert_int_eq(t_fsync(file), 0);
		t_close(file);
		saved[i] = now();
		t_create("other", 20000, 99);
		ck_assert_int_eq(t_mkdir("dir"), 0);
		ck_assert_int_eq(t_rmdir("dir"), 0);
		if (i % 4 == 3)
			t_sync();
	}
}

static void crash_at(u64 order, u64 subset, struct host_disk *to_journal,
		     struct host_disk *to_volume)
{
	struct host_disk *j =
	    host_disk_replay(journal, "j", records_before(journal, order), subset);
	struct host_disk *v =
	    host_disk_replay(volume, "v", records_before(volume, order), subset ? subset + 1 : 0);
	char name[16];

	memcpy(host_disk_data(to_journal), host_disk_data(j), JOURNAL_KIB << 10);
	memcpy(host_disk_data(to_volume), host_disk_data(v), KIB << 10);
	host_disk_free(j);
	host_disk_free(v);
	log_captured_clear();
	int err = t_mount_disk(to_volume, 0, "journal_path=/dev_jcrash");
	ck_assert_msg(!err, "at %llu, subset %llu: mount: %d: %s", order, subset, err,
		      log_captured());
	for (unsigned i = 0; i < FILES; i++) {
		snprintf(name, sizeof(name), "file-%u", i);
		if (order >= saved[i])
			t_expect(name, 3000 + i * 5000, i);
	}
	t_umount();
	if (order % 4 == 0) {
		memcpy(host_disk_data(journal), host_disk_data(to_journal), JOURNAL_KIB << 10);
		memcpy(host_disk_data(volume), host_disk_data(to_volume), KIB << 10);
		check_pair();
	}
}

START_TEST(a_crash_of_both_disks_loses_nothing_that_was_saved)
{
	make_pair(1024);
	host_disk_log_start(journal);
	host_disk_log_start(volume);
	u64 first = 0;
	ck_assert_int_eq(t_mount_disk(volume, 0, NULL), 0);
	work();
	t_umount();
	u64 last = now();
	host_disk_log_stop(journal);
	host_disk_log_stop(volume);
	first = host_disk_log_get(volume, 0)->order;
	struct host_disk *to_journal = host_disk_ram("jcrash", JOURNAL_KIB << 10);
	struct host_disk *to_volume = host_disk_ram("fscrash", KIB << 10);

	t_add_disk(to_journal);
	u64 step = (last - first) / STATES + 1;
	for (u64 order = first; order <= last; order += step)
		for (u64 subset = 0; subset < 3; subset++)
			crash_at(order, subset ? order * 8 + subset * 2 : 0, to_journal, to_volume);
}
END_TEST

/* e2fsck replays from the device what we left. */
START_TEST(e2fsck_recovers_what_we_left)
{
	make_pair(_i ? 4096 : 1024);
	ck_assert_int_eq(t_mount_disk(volume, 0, NULL), 0);
	t_create("file", 50000, 5);
	struct file *file = t_open("file", O_WRONLY, 0);
	ck_assert_int_eq(t_fsync(file), 0);
	t_close(file);
	t_run_ok("cp img crashed; cp journal crashed-journal");
	t_umount();
	ck_assert_msg(t_run("e2fsck -fy -j crashed-journal crashed") <= 1, "%s", t_output());
	ck_assert_ptr_nonnull(strstr(t_output(), "recovering journal"));
	t_run_ok("e2fsck -fn -j crashed-journal crashed");
	t_run_ok("mv crashed img");
	ck_assert_int_eq(atoi(strstr(t_debugfs_read("stat file"), "Size: ") + 6), 50000);
}
END_TEST

Suite *suite_ext4_journal_device(void)
{
	Suite *suite =
	    suite_of("ext4_journal_device", a_crash_of_both_disks_loses_nothing_that_was_saved);

	suite_add_loop(suite, NULL, a_volume_is_used_with_its_journal_on_a_device, 2);
	suite_add_loop(suite, NULL, a_volume_without_its_journal_is_refused, ARRAY_SIZE(refused));
	suite_add_loop(suite, NULL, e2fsck_recovers_what_we_left, 2);
	return suite;
}
