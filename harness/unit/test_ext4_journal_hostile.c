/*
 * Journals that make no sense: refused with a message, before anything is written; and with
 * norecovery the volume can still be read.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ext4_test.h"
#include "journal_image.h"

#include "lib/crc.h"

#include <linux/mount.h>

#define V3 (JOURNAL_INCOMPAT_REVOKE | JOURNAL_INCOMPAT_CSUM_V3)

static u8 *map_image(size_t *bytes)
{
	struct stat st;
	int fd = open(t_image(), O_RDWR | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fstat(fd, &st), 0);
	u8 *data = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ck_assert_ptr_ne(data, MAP_FAILED);
	close(fd);
	*bytes = (size_t)st.st_size;
	return data;
}

static struct jimg image;

static void one_transaction(struct jimg *j, u64 block)
{
	static u8 data[1024];

	memset(data, 0x5a, sizeof(data));
	ck_assert(jimg_descriptor(j, &block, 1, data));
	jimg_commit(j);
}

/* ---- fields of the journal's superblock ---- */

static const struct field {
	const char *what;
	u32 offset, value;
	const char *message;
	int error;
} fields[] = {
    {"magic", 0, 0x12345678, "has no superblock", -EUCLEAN},
    {"block type", 4, JOURNAL_COMMIT, "has no superblock", -EUCLEAN},
    {"block size 0", 0xc, 0, "another block size", -EUCLEAN},
    {"block size 4096", 0xc, 4096, "another block size", -EUCLEAN},
    {"length 0", 0x10, 0, "first block is invalid", -EUCLEAN},
    {"length 2", 0x10, 2, "too short", -EUCLEAN},
    {"length beyond the file", 0x10, 1025, "more blocks than its file", -EUCLEAN},
    {"length of 4 billion", 0x10, 0xffffffff, "more blocks than its file", -EUCLEAN},
    {"first 0", 0x14, 0, "first block is invalid", -EUCLEAN},
    {"first at the end", 0x14, 1024, "first block is invalid", -EUCLEAN},
    {"first leaves no ring", 0x14, 1023, "too short", -EUCLEAN},
    {"start at the end", 0x1c, 1024, "starts out of range", -EUCLEAN},
    {"start of 4 billion", 0x1c, 0xffffffff, "starts out of range", -EUCLEAN},
    {"unknown incompat", 0x28, V3 | 0x100, "unknown incompat", -EINVAL},
    {"unknown ro_compat", 0x2c, 1, "unknown ro_compat", -EINVAL},
    {"both checksums", 0x28, V3 | JOURNAL_INCOMPAT_CSUM_V2, "two kinds of checksums", -EUCLEAN},
    {"old and new checksums", 0x24, JOURNAL_COMPAT_CHECKSUM, "two kinds of checksums", -EUCLEAN},
    {"checksum type", 0x50, 0x01000000, "unknown type of checksums", -EUCLEAN},
    {"checksum", 0xfc, 0xdeadbeef, "checksum of its superblock is wrong", -EUCLEAN},
};

/* ---- the log ---- */

static void tag_beyond_device(struct jimg *j)
{
	one_transaction(j, 1u << 30);
}
static void tag_in_journal(struct jimg *j)
{
	one_transaction(j, j->blocks[77]);
}
static void tag_on_journal_super(struct jimg *j)
{
	one_transaction(j, j->blocks[0]);
}
static void revoke_too_long(struct jimg *j)
{
	u8 *block = jimg_block(j, j->position);

	jimg_revoke(j, (u64[]){4000}, 1);
	be32_store(block + 12, 1024);
	jimg_sum_tail(j, block);
	jimg_commit(j);
}
static void revoke_of_4_billion_bytes(struct jimg *j)
{
	u8 *block = jimg_block(j, j->position);

	jimg_revoke(j, (u64[]){4000}, 1);
	be32_store(block + 12, 0xffffffff);
	jimg_sum_tail(j, block);
	jimg_commit(j);
}

static const struct {
	const char *what;
	void (*make)(struct jimg *j);
	const char *message;
} logs[] = {
    {"a tag beyond the device", tag_beyond_device, "beyond the device's end"},
    {"a tag in the journal", tag_in_journal, "a block of its own log"},
    {"a tag on the journal's superblock", tag_on_journal_super, "a block of its own log"},
    {"a revoke block that is too long", revoke_too_long, "claims too many bytes"},
    {"a revoke block without end", revoke_of_4_billion_bytes, "claims too many bytes"},
};

/* ---- the journal's inode, by debugfs ---- */

static const struct {
	const char *what, *commands, *message;
} inodes[] = {
    {"no file", "sif <8> mode 040755", "its inode is no file"},
    {"no links", "sif <8> links_count 0", "its inode is no file"},
    {"too small", "sif <8> size 10240", "too short"},
    {"larger than its blocks", "sif <8> size 2097152", "shorter than its size"},
    {"larger than the volume", "sif <8> size 0x7fffffffff", "too large"},
    {"no inode", "ssv journal_inum 0", "there is no journal"},
    {"the root", "ssv journal_inum 2", "number is invalid"},
    {"beyond all inodes", "ssv journal_inum 100000", "number is invalid"},
    {"a free inode", "ssv journal_inum 14", "its inode is no file"},
    {"no extents", "sif <8> block[0] 0", "is none"},
    {"a bad depth", "sif <8> block[1] 0x00070004", "too deep"},
    {"a deeper tree", "sif <8> block[1] 0x00010004", ""},
    {"no entries", "sif <8> block[0] 0x0000f30a", "bad number of entries"},
    {"too many entries", "sif <8> block[0] 0x00fff30a", "bad number of entries"},
    {"a hole", "sif <8> block[3] 5", "hole or an overlap"},
    {"an empty extent", "sif <8> block[4] 0", "empty or unwritten"},
    {"an unwritten extent", "sif <8> block[4] 0x8400", "empty or unwritten"},
    {"out of the volume", "sif <8> block[5] 4095", "out of the volume"},
    {"far out of the volume", "sif <8> block[5] 0xfffffff0", "out of the volume"},
    {"on the superblock", "sif <8> block[5] 1", "out of the volume"},
};

static void make_log(void (*make)(struct jimg *j))
{
	size_t bytes;

	t_run_ok("cp pristine img");
	image.data = map_image(&bytes);
	jimg_open(&image, 0, V3, 5, 9);
	if (make)
		make(&image);
	else
		one_transaction(&image, 4000);
	jimg_close(&image);
	munmap(image.data, bytes);
}

static void make_pristine(const char *journal)
{
	int n;

	char options[100];

	snprintf(options, sizeof(options), "-t ext4 -b 1024 -N 64 -O ^metadata_csum %s", journal);
	t_mkfs(options, strstr(journal, "2") ? 8192 : 4096);
	t_run_ok("echo hello >file; debugfs -w -R 'write file file' img; cp img pristine");
	const char *at = t_debugfs_read("blocks <8>");
	for (unsigned block; sscanf(at, "%u%n", &block, &n) == 1; at += n)
		image.blocks[image.mapped++] = block;
}

static void expect_refused(const char *what, int error, const char *message)
{
	t_run_ok("cp img before");
	log_captured_clear();
	int err = t_mount(NULL);
	ck_assert_msg(err == error, "%s: mount: %d, not %d: %s", what, err, error, log_captured());
	ck_assert_msg(log_captured_has(message), "%s: not said: %s: %s", what, message,
		      log_captured());
	t_run_ok("cmp img before");
	err = t_mount_type(NULL, MS_RDONLY, "norecovery");
	ck_assert_msg(!err, "%s: norecovery: %d: %s", what, err, log_captured());
	ck_assert(t_exists("file"));
	t_umount();
	t_run_ok("cmp img before");
}

START_TEST(a_journal_with_a_bad_superblock_is_refused)
{
	make_pristine("-J size=1");
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		const struct field *field = &fields[i];
		size_t bytes;

		make_log(NULL);
		image.data = map_image(&bytes);
		be32_store((u8 *)jimg_block(&image, 0) + field->offset, field->value);
		if (field->offset != 0xfc)
			jimg_sum_super(&image);
		munmap(image.data, bytes);
		expect_refused(field->what, field->error, field->message);
	}
}
END_TEST

START_TEST(a_log_that_would_write_where_it_must_not_is_refused)
{
	make_pristine("-J size=1");
	for (size_t i = 0; i < ARRAY_SIZE(logs); i++) {
		make_log(logs[i].make);
		expect_refused(logs[i].what, -EUCLEAN, logs[i].message);
	}
}
END_TEST

START_TEST(a_journal_whose_inode_is_damaged_is_refused)
{
	make_pristine("-J size=1");
	for (size_t i = 0; i < ARRAY_SIZE(inodes); i++) {
		make_log(NULL);
		t_debugfs(inodes[i].commands);
		expect_refused(inodes[i].what, -EUCLEAN, inodes[i].message);
	}
}
END_TEST

static void endless_descriptors(struct jimg *j)
{
	u64 blocks[50];
	static u8 data[50 * 1024];

	for (u32 i = 0; i < 50; i++)
		blocks[i] = 4000;
	for (u32 used = 0; used < 1023; used += 51)
		ck_assert(jimg_descriptor(j, blocks, 50, data));
}

/* Every block of the ring belongs to the first transaction, which has no end. */
static void full_of_revokes(struct jimg *j)
{
	for (u32 i = 0; i < 1023; i++)
		jimg_revoke(j, (u64[]){4000 + i % 50}, 1);
}

START_TEST(a_log_without_an_end_is_an_empty_one)
{
	void (*const endless[])(struct jimg * j) = {endless_descriptors, full_of_revokes};

	make_pristine("-J size=1");
	for (size_t i = 0; i < ARRAY_SIZE(endless); i++) {
		make_log(endless[i]);
		t_mount_ok(NULL);
		ck_assert(log_captured_has("recovered: 0 transactions"));
		t_check();
	}
}
END_TEST

START_TEST(a_read_only_device_is_not_recovered)
{
	make_pristine("-J size=1");
	make_log(NULL);
	struct host_disk *disk = host_disk_file("vdro", t_image(), false);

	host_disk_bdev(disk)->read_only = true;
	log_captured_clear();
	ck_assert_int_eq(t_mount_disk(disk, MS_RDONLY, NULL), -EROFS);
	ck_assert(log_captured_has("the device is read-only"));
	ck_assert_int_eq(t_mount_disk(disk, MS_RDONLY, "norecovery"), 0);
	ck_assert(t_exists("file"));
	ck_assert_int_eq(t_remount(0, NULL), -EACCES);
	t_umount();
}
END_TEST

START_TEST(norecovery_is_for_reading_only)
{
	make_pristine("-J size=1");
	make_log(NULL);
	ck_assert_int_eq(t_mount("norecovery"), -EROFS);
	ck_assert_int_eq(t_mount_type(NULL, MS_RDONLY, "noload"), 0);
	log_captured_clear();
	ck_assert_int_eq(t_remount(0, NULL), -EROFS);
	ck_assert(log_captured_has("norecovery"));
	t_umount();
	t_mount_ok(NULL);
	t_check();
}
END_TEST

/* Every allocation and every request fails in turn: the mount fails, and the next one recovers. */
START_TEST(recovery_that_fails_half_way_can_be_repeated)
{
	make_pristine("-J size=1");
	for (u64 n = 1;; n++) {
		make_log(NULL);
		t_mount_fail_alloc = n;
		int err = t_mount(NULL);
		bool failed = host_alloc_failed();

		host_alloc_fail_nth(0);
		t_mount_fail_alloc = 0;
		ck_assert_msg(!err || err == -ENOMEM, "allocation %llu: %d", n, err);
		if (!err)
			t_umount();
		else
			t_mount_ok(NULL), t_umount();
		t_run_ok("dd if=img bs=1024 skip=4000 count=1 status=none | tr -d Z | wc -c");
		ck_assert_int_eq(atoi(t_output()), 0);
		if (!failed)
			break;
	}
	t_fsck();
}
END_TEST

Suite *suite_ext4_journal_hostile(void)
{
	return suite_of("ext4_journal_hostile", a_journal_with_a_bad_superblock_is_refused,
			a_log_that_would_write_where_it_must_not_is_refused,
			a_journal_whose_inode_is_damaged_is_refused,
			a_log_without_an_end_is_an_empty_one, a_read_only_device_is_not_recovered,
			norecovery_is_for_reading_only,
			recovery_that_fails_half_way_can_be_repeated);
}
