/*
 * Features that change how a volume may be used: multiple mount protection, sparse_super2, verity,
 * encryption, casefolding.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ext4_test.h"

#include "ext4/ext4_int.h"
#include "vfs/mount.h"

#include <linux/mount.h>

/* ---- mmp ---- */

/* A number of the protection's block, changed as another machine would. */
static void other_machine(u64 block, u32 block_size, u32 seq)
{
	char name[300];
	u8 raw[1024];

	snprintf(name, sizeof(name), "%s", t_image());
	int fd = open(name, O_RDWR);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(pread(fd, raw, sizeof(raw), (off_t)(block * block_size)), sizeof(raw));
	le32_store(raw + 4, seq);
	ck_assert_int_eq(pwrite(fd, raw, sizeof(raw), (off_t)(block * block_size)), sizeof(raw));
	close(fd);
}

static u32 sequence(u64 block, u32 block_size)
{
	u8 raw[8];
	int fd = open(t_image(), O_RDONLY);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(pread(fd, raw, sizeof(raw), (off_t)(block * block_size)), sizeof(raw));
	close(fd);
	return le32_load(raw + 4);
}

static u64 mmp_block(void)
{
	t_run_ok("dumpe2fs -h img 2>/dev/null | sed -n 's/^MMP block number: *//p'");
	return strtoull(t_output(), NULL, 10);
}

static const char *const mmp_volumes[] = {"-t ext4 -b 4096 -O mmp",
					  "-t ext4 -b 1024 -O mmp,^metadata_csum"};

START_TEST(a_protected_volume_is_marked_while_it_is_mounted)
{
	u32 size = _i ? 1024 : 4096;

	t_mkfs(mmp_volumes[_i], 65536);
	u64 block = mmp_block();
	u64 before = clock_monotonic_ns();
	t_mount_ok(NULL);
	ck_assert_uint_ge(clock_monotonic_ns() - before, 11 * NSEC_PER_SEC);
	u32 seq = sequence(block, size);
	ck_assert_uint_lt(seq, EXT4_MMP_SEQ_MAX + 1);
	t_create("f", 10000, 1);
	ext4_mmp_beat(ext4_fs(t_super()));
	ck_assert_uint_ne(sequence(block, size), seq);
	ck_assert_int_eq(t_remount(MS_RDONLY, NULL), 0);
	ck_assert_uint_eq(sequence(block, size), EXT4_MMP_SEQ_CLEAN);
	ck_assert_int_eq(t_remount(0, NULL), 0);
	ck_assert_uint_ne(sequence(block, size), EXT4_MMP_SEQ_CLEAN);
	t_umount();
	ck_assert_uint_eq(sequence(block, size), EXT4_MMP_SEQ_CLEAN);
	t_fsck();
	ck_assert_int_eq(t_mount_type("ext4", MS_RDONLY, NULL), 0);
	ck_assert_uint_eq(sequence(block, size), EXT4_MMP_SEQ_CLEAN);
	t_check();
}
END_TEST

START_TEST(a_volume_that_another_machine_checks_is_refused)
{
	t_mkfs(mmp_volumes[1], 65536);
	other_machine(mmp_block(), 1024, EXT4_MMP_SEQ_FSCK);
	ck_assert_int_eq(t_mount(NULL), -EBUSY);
	ck_assert(log_captured_has("e2fsck"));
	other_machine(mmp_block(), 1024, EXT4_MMP_SEQ_CLEAN);
	t_mount_ok(NULL);
	t_check();
}
END_TEST

START_TEST(a_number_that_stands_still_is_a_machine_that_died)
{
	t_mkfs(mmp_volumes[1], 65536);
	other_machine(mmp_block(), 1024, 12345);
	u64 before = clock_monotonic_ns();
	t_mount_ok(NULL);
	ck_assert_uint_ge(clock_monotonic_ns() - before, 22 * NSEC_PER_SEC);
	t_check();
}
END_TEST

START_TEST(a_second_writer_stops_the_first)
{
	t_mkfs(mmp_volumes[1], 65536);
	u64 block = mmp_block();

	t_mount_ok("errors=continue");
	t_create("f", 10, 1);
	t_sync();
	le32_store(host_disk_data(t_disk()) + block * 1024 + 4, 777);
	ext4_mmp_beat(ext4_fs(t_super()));
	ck_assert_int_eq(t_open_error("g", O_CREAT | O_WRONLY, 0644), -EROFS);
	t_umount();
	ck_assert(log_captured_has("another machine writes"));
}
END_TEST

START_TEST(a_damaged_protection_is_refused)
{
	t_mkfs(mmp_volumes[0], 65536);
	other_machine(mmp_block(), 4096, 1); /* the checksum is wrong now */
	ck_assert_int_eq(t_mount(NULL), -EUCLEAN);
}
END_TEST

/* ---- sparse_super2 ---- */

START_TEST(volumes_with_few_backups_are_used)
{
	static const char *const options[] = {"-E num_backup_sb=0", "-E num_backup_sb=1",
					      "-E num_backup_sb=2"};
	char all[200];

	snprintf(all, sizeof(all), "-t ext4 -b 1024 -g 1024 -O sparse_super2,^resize_inode %s",
		 options[_i]);
	t_mkfs(all, 20480);
	t_mount_ok(NULL);
	t_create("f", 15000000, 1);
	ck_assert_int_eq(t_unlink("f"), 0);
	t_create("g", 9000000, 2);
	t_check();
}
END_TEST

/* ---- verity, encrypt, casefold ---- */

static void set_flags(const char *name, u32 add)
{
	char command[200];
	unsigned flags = 0;

	snprintf(command, sizeof(command), "stat %s", name);
	const char *at = strstr(t_debugfs_read(command), "Flags: ");

	ck_assert_ptr_nonnull(at);
	ck_assert_int_eq(sscanf(at, "Flags: %x", &flags), 1);
	snprintf(command, sizeof(command), "set_inode_field %s flags %u", name, flags | add);
	t_debugfs(command);
}

START_TEST(verity_files_are_read_and_never_written)
{
	struct attr mode = {.valid = ATTR_MODE, .mode = 0600};

	t_mkfs("-t ext4 -O verity", 16384);
	t_mount_ok(NULL);
	t_create("f", 9000, 1);
	t_check();
	set_flags("f", EXT4_VERITY_FL);
	t_mount_ok(NULL);
	t_expect("f", 9000, 1);
	ck_assert_int_eq(t_open_error("f", O_RDWR, 0), -EPERM);
	ck_assert_int_eq(t_open_error("f", O_WRONLY | O_TRUNC, 0), -EPERM);
	ck_assert_int_eq(t_truncate("f", 10), -EPERM);
	ck_assert_int_eq(t_setattr("f", &mode), 0);
	ck_assert_int_eq(t_rename("f", "g", 0), 0);
	t_expect("g", 9000, 1);
	t_create("other", 9000, 2);
	t_umount();
	t_mount_ok(NULL);
	ck_assert_int_eq(t_unlink("g"), 0);
	t_check();
}
END_TEST

START_TEST(encrypted_files_and_names_need_a_key)
{
	struct vfs_stat st;
	char text[100];

	t_mkfs("-t ext4 -O encrypt", 16384);
	t_mount_ok(NULL);
	t_create("f", 9000, 1);
	ck_assert_int_eq(t_mkdir("d"), 0);
	t_create("d/g", 10, 1);
	ck_assert_int_eq(t_mkdir("empty"), 0);
	ck_assert_int_eq(t_symlink("target", "l"), 0);
	t_create("plain", 100, 1);
	t_check();
	set_flags("f", EXT4_ENCRYPT_FL);
	set_flags("d", EXT4_ENCRYPT_FL);
	set_flags("empty", EXT4_ENCRYPT_FL);
	set_flags("l", EXT4_ENCRYPT_FL);
	t_mount_ok(NULL);
	ck_assert_int_eq(t_stat("f", &st), 0);
	ck_assert_int_eq(t_open_error("f", O_RDONLY, 0), -ENOKEY);
	ck_assert_int_eq(t_truncate("f", 10), -ENOKEY);
	ck_assert_int_eq(t_list("d", NULL), -ENOKEY);
	ck_assert_int_eq(t_stat("d/g", &st), -ENOKEY);
	ck_assert_int_eq(t_open_error("d/new", O_CREAT | O_WRONLY, 0644), -ENOKEY);
	ck_assert_int_eq(t_mkdir("d/new"), -ENOKEY);
	ck_assert_int_eq(t_link("plain", "d/new"), -ENOKEY);
	ck_assert_int_eq(t_rename("plain", "d/new", 0), -ENOKEY);
	ck_assert_int_eq(t_readlink("l", text, sizeof(text)), -ENOKEY);
	ck_assert_int_eq(t_rmdir("d"), -ENOTEMPTY);
	ck_assert_int_eq(t_rmdir("empty"), 0);
	t_create("more", 100, 1);
	t_expect("plain", 100, 1);
	ck_assert_int_eq(t_rename("f", "h", 0), 0);
	ck_assert_int_eq(t_unlink("h"), 0);
	t_umount();
}
END_TEST

START_TEST(casefolded_directories_are_read_exactly_and_get_no_names)
{
	char name[100];

	t_mkfs("-t ext4 -b 1024 -O casefold -E encoding=utf8", 16384);
	t_mount_ok(NULL);
	ck_assert_int_eq(t_mkdir("d"), 0);
	for (int i = 0; i < 100; i++) { /* enough for an index, whose hashes are not the folded */
		snprintf(name, sizeof(name), "d/Some-Name-%d", i);
		t_create(name, 1, 1);
	}
	ck_assert_int_eq(t_mkdir("small"), 0);
	t_create("small/File", 1, 1);
	t_check();
	set_flags("d", EXT4_CASEFOLD_FL);
	set_flags("small", EXT4_CASEFOLD_FL);
	t_mount_ok(NULL);
	ck_assert_int_eq(t_list("d", NULL), 100);
	t_expect("d/Some-Name-77", 1, 1);
	ck_assert(!t_exists("d/some-name-77"));
	ck_assert_int_eq(t_open_error("d/new", O_CREAT | O_WRONLY, 0644), -EOPNOTSUPP);
	ck_assert_int_eq(t_mkdir("small/new"), -EOPNOTSUPP);
	ck_assert_int_eq(t_rename("small/File", "small/other", 0), -EOPNOTSUPP);
	ck_assert(log_captured_has("casefold"));
	ck_assert_int_eq(t_unlink("d/Some-Name-3"), 0);
	ck_assert_int_eq(t_rename("small/File", "File", 0), 0);
	ck_assert_int_eq(t_rmdir("small"), 0);
	ck_assert_int_eq(t_list("d", NULL), 99);
	t_umount();
}
END_TEST

Suite *suite_ext4_features(void)
{
	Suite *s =
	    suite_of("ext4_features", a_volume_that_another_machine_checks_is_refused,
		     a_number_that_stands_still_is_a_machine_that_died,
		     a_second_writer_stops_the_first, a_damaged_protection_is_refused,
		     verity_files_are_read_and_never_written, encrypted_files_and_names_need_a_key,
		     casefolded_directories_are_read_exactly_and_get_no_names);

	suite_add_loop(s, NULL, a_protected_volume_is_marked_while_it_is_mounted,
		       ARRAY_SIZE(mmp_volumes));
	suite_add_loop(s, NULL, volumes_with_few_backups_are_used, 3);
	return s;
}
