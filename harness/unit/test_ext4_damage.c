/*
 * Damaged volumes: structures are edited one field at a time, the volume is mounted, walked and
 * written to. Whatever happens is an error number and a line in the log, never a crash; and a
 * volume whose damage is known is not written to under errors=remount-ro.
 */
#include <sys/stat.h>

#include "ext4_test.h"

#include "ext4/ext4_int.h"
#include "vfs/mount.h"

#include <linux/fcntl.h>
#include <linux/mount.h>

/* ---- a volume with everything in it ---- */

enum volume { EXT4_1K, EXT4_4K, EXT2_1K, EXT4_1K_SUMS, VOLUMES };

static const char *const volume_options[VOLUMES] = {
    [EXT4_1K] = "-t ext4 -b 1024 -O ^metadata_csum,^has_journal",
    [EXT4_4K] = "-t ext4 -b 4096 -O ^has_journal",
    [EXT2_1K] = "-t ext2 -b 1024",
    [EXT4_1K_SUMS] = "-t ext4 -b 1024 -g 2048 -O ^has_journal",
};

/* Once for the suite. */
static void make_volumes(void)
{
	t_run_ok("mkdir -p tree/dir/sub tree/big; cd tree; "
		 "for i in $(seq 400); do echo $i >big/a-name-of-some-length-$i; done; "
		 "head -c 300000 /dev/zero | tr '\\0' x >file; ln -s target fast; "
		 "ln -s $(printf %%0200d 1) slow; echo hi >dir/small; ln dir/small dir/hard; "
		 "mknod null c 1 3; mkfifo fifo; "
		 "for i in $(seq 0 40 1200); do echo x | dd of=../holes bs=1024 seek=$i count=1 "
		 "conv=notrunc 2>/dev/null; done");
	for (int i = 0; i < VOLUMES; i++)
		t_run_ok("mke2fs -q -F %s -N 2000 -d tree good%d 8192k; "
			 "echo 'write holes holes' >commands; debugfs -w -f commands good%d; "
			 "e2fsck -fyD good%d >/dev/null; test $? -le 1",
			 volume_options[i], i, i, i);
}

static void use_good(enum volume volume)
{
	t_run_ok("cp --sparse=always good%d img", volume);
}

/* Goes everywhere, reads everything, and tries every change. */
static void use_volume(void)
{
	static const char *const names[] = {"", "dir", "dir/sub", "big", "lost+found"};
	char buf[70000];
	struct vfs_stat st;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		(void)!t_list(names[i], NULL);
	static const char *const files[] = {"file",
					    "dir/small",
					    "holes",
					    "big/a-name-of-some-length-7",
					    "big/a-name-of-some-length-399",
					    "nothing"};
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		struct vfs_open_how how = {.flags = O_RDONLY};
		struct file *file;

		(void)!t_stat(files[i], &st);
		snprintf(buf, sizeof(buf), "/mnt/%s", files[i]);
		if (vfs_open(AT_FDCWD, buf, &how, &file))
			continue;
		for (u64 at = 0; at < 1300000; at += sizeof(buf))
			(void)!t_pread(file, buf, sizeof(buf), at);
		file_put(file);
	}
	(void)!t_readlink("fast", buf, sizeof(buf));
	(void)!t_readlink("slow", buf, sizeof(buf));
	(void)!t_stat("null", &st);
	(void)!t_stat("fifo", &st);
	(void)!t_create_error("new", 100000, 1);
	(void)!t_create_error("dir/new", 10, 1);
	(void)!t_create_error("file", 400000, 2);
	for (int i = 0; i < 60; i++) {
		snprintf(buf, sizeof(buf), "big/another-name-that-is-long-enough-%d", i);
		(void)!t_create_error(buf, 5, 1);
	}
	(void)!t_mkdir("newdir");
	(void)!t_symlink("somewhere", "newlink");
	(void)!t_rename("dir/small", "big/moved", 0);
	(void)!t_rename("dir/sub", "newdir/sub", 0);
	(void)!t_link("file", "dir/link");
	(void)!t_truncate("file", 5000);
	(void)!t_truncate("holes", 600000);
	(void)!t_unlink("dir/hard");
	(void)!t_unlink("holes");
	(void)!t_unlink("slow");
	for (int i = 1; i < 400; i += 9) {
		snprintf(buf, sizeof(buf), "big/a-name-of-some-length-%d", i);
		(void)!t_unlink(buf);
	}
	(void)!t_rmdir("dir/sub");
	(void)!super_sync_all(true);
	t_drop_caches();
	(void)!t_list("big", NULL);
}

static void mount_and_use(const char *options)
{
	int err = t_mount(options);

	if (err) {
		ck_assert_msg(err == -EINVAL || err == -EUCLEAN || err == -EIO || err == -EROFS,
			      "mount: %d", err);
		return;
	}
	use_volume();
	t_umount();
}

/* ---- the superblock ---- */

static const char *const super_edits[] = {
    "inodes_count 0",
    "inodes_count 4000000000",
    "blocks_count 0",
    "blocks_count 4000000000",
    "blocks_count 5",
    "log_block_size 3",
    "log_block_size 30",
    "log_block_size 4294967295",
    "log_cluster_size 9",
    "blocks_per_group 0",
    "blocks_per_group 7",
    "blocks_per_group 4294967295",
    "clusters_per_group 0",
    "inodes_per_group 0",
    "inodes_per_group 4294967295",
    "inodes_per_group 8",
    "inodes_per_group 100000",
    "first_data_block 0",
    "first_data_block 2",
    "first_data_block 4294967295",
    "rev_level 7",
    "first_ino 0",
    "first_ino 4294967295",
    "inode_size 0",
    "inode_size 127",
    "inode_size 96",
    "inode_size 65535",
    "inode_size 8192",
    "desc_size 0",
    "desc_size 7",
    "desc_size 65535",
    "desc_size 32",
    "reserved_gdt_blocks 65535",
    "free_blocks_count 4294967295",
    "free_inodes_count 4294967295",
    "r_blocks_count 4294967295",
    "hash_seed[0] 5",
    "def_hash_version 77",
    "log_groups_per_flex 255",
    "log_groups_per_flex 31",
    "first_meta_bg 4294967295",
    "want_extra_isize 65535",
    "min_extra_isize 1",
    "last_orphan 4294967295",
    "last_orphan 2",
    "last_orphan 12",
    "last_orphan 13",
    "checksum_type 9",
    "feature_incompat 4294967295",
    "feature_ro_compat 4294967295",
    "errors 99",
    "journal_inum 99999",
    "state 0",
    "magic 0",
};

START_TEST(a_damaged_superblock_is_refused_or_survived)
{
	char commands[200];

	use_good(EXT4_1K);
	snprintf(commands, sizeof(commands), "set_super_value %s", super_edits[_i]);
	/* debugfs may refuse to write back what it finds strange: then the byte is set below */
	t_run("cat >commands <<'END'\n%s\nEND\ndebugfs -w -f commands img; truncate -s 8M img",
	      commands);
	mount_and_use(NULL);
}
END_TEST

/* Every byte of the superblock in turn becomes 0xff (with the checksum put right). */
START_TEST(any_byte_of_the_superblock_may_be_wrong)
{
	for (int at = _i * 8; at < _i * 8 + 8; at++) {
		struct ext4_super_raw raw;
		char path[200];
		FILE *f;

		use_good(_i % 2 ? EXT4_4K : EXT2_1K);
		t_run_ok("pwd");
		snprintf(path, sizeof(path), "%.*s/img", (int)strcspn(t_output(), "\n"),
			 t_output());
		f = fopen(path, "r+");
		ck_assert_ptr_nonnull(f);
		fseek(f, 1024, SEEK_SET);
		ck_assert_uint_eq(fread(&raw, sizeof(raw), 1, f), 1);
		((u8 *)&raw)[at] ^= 0xff;
		raw.s_checksum = le32_make(ext4_csum_super(&raw));
		fseek(f, 1024, SEEK_SET);
		ck_assert_uint_eq(fwrite(&raw, sizeof(raw), 1, f), 1);
		fclose(f);
		mount_and_use(NULL);
	}
}
END_TEST

/* ---- everything else: with debugfs, whose changes keep checksums ---- */

static const struct {
	const char *commands;
	const char *said; /* in the log */
} edits[] = {
    {"set_inode_field file block[0] 0", "extent"},          /* magic of the root */
    {"set_inode_field file block[0] 0x1f30a", NULL},        /* entries 1, magic right */
    {"set_inode_field file block[0] 0xfffff30a", "extent"}, /* entries 65535 */
    {"set_inode_field file block[1] 0x00050004", "extent"}, /* depth 5 */
    {"set_inode_field file block[1] 0x00070004", "extent"}, /* depth 7 */
    {"set_inode_field file block[1] 0x0000ffff", "extent"}, /* max 65535 */
    {"set_inode_field file block[3] 5", NULL},              /* first logical block 5 */
    {"set_inode_field file block[4] 0", "extent"},          /* length 0 */
    {"set_inode_field file block[4] 0xffff8001", "extent"}, /* start's high part */
    {"set_inode_field file block[5] 1", "extent"},          /* start: the superblock */
    {"set_inode_field file block[5] 0xffffffff", "extent"},
    {"set_inode_field file block[5] 2", "extent"},
    {"set_inode_field dir block[5] 2", "extent"},
    {"set_inode_field dir block[4] 0", "extent"},
    {"set_inode_field big block[0] 0", "extent"},
    {"set_inode_field file size 0xffffffffffffffff", "size"},
    {"set_inode_field file size 0x7fffffffffffffff", "size"},
    {"set_inode_field dir size 100", "size"},
    {"set_inode_field dir size 0", "size"},
    {"set_inode_field dir size 1048576", "hole"},
    {"set_inode_field big size 1048576", NULL},
    {"set_inode_field fast size 0", "symbolic link"},
    {"set_inode_field fast size 100000", "symbolic link"},
    {"set_inode_field slow size 59", NULL},
    {"set_inode_field slow block[5] 1", NULL},
    {"set_inode_field dir/small mode 0", "mode"},
    {"set_inode_field dir/small mode 0170000", "mode"},
    {"set_inode_field dir/small mode 040755", NULL},
    {"set_inode_field dir mode 0100644", NULL},
    {"set_inode_field file mode 0120777", "symbolic link"},
    {"set_inode_field file links_count 0", "deleted"},
    {"set_inode_field file links_count 65535", NULL},
    {"set_inode_field file flags 0", NULL}, /* extents taken as block numbers */
    {"set_inode_field file flags 0x10080000", "contents in the inode"},
    {"set_inode_field file flags 0x80800", NULL},
    {"set_inode_field file extra_isize 65535", "extra size"},
    {"set_inode_field file extra_isize 3", "extra size"},
    {"set_inode_field file file_acl 1", "attributes"},
    {"set_inode_field file file_acl 4294967295", "attributes"},
    {"set_inode_field dir/small file_acl 5000", NULL},
    {"set_inode_field file blocks 0", NULL},
    {"set_inode_field <2> mode 0100644", "root"},
    {"set_inode_field <2> links_count 0", NULL},
    {"set_inode_field <2> size 0", NULL},
    {"set_inode_field <2> block[5] 99999999", NULL},
    {"clri dir", NULL},
    {"clri <2>", NULL},
    {"link <2> dir/root", NULL},
    {"link <7> dir/resize", NULL},
    {"link <8> dir/journal", NULL},
    {"link big dir/twice", NULL},
    {"set_bg 0 block_bitmap 0", "bitmap"},
    {"set_bg 0 block_bitmap 4294967295", "bitmap"},
    {"set_bg 0 inode_bitmap 1", NULL},
    {"set_bg 0 inode_table 4294967295", "table"},
    {"set_bg 0 inode_table 1", NULL},
    {"set_bg 1 block_bitmap 3", NULL},
    {"set_bg 0 free_blocks_count 65535", NULL},
    {"set_bg 0 free_blocks_count 0", NULL},
    {"set_bg 0 free_inodes_count 65535", NULL},
    {"set_bg 0 free_inodes_count 1", NULL},
    {"set_bg 0 itable_unused 65535", NULL},
    {"set_bg 0 flags 7", NULL},
    {"set_bg 0 checksum 0", NULL},
    {"freeb 1 200", NULL}, /* the bitmaps show metadata as free */
    {"freei <2>\nfreei <13>\nfreei <14>\nfreei <15>\nfreei <16>", NULL},
    {"seti <100>\nseti <101>", NULL},
    {"zap_block -f dir 0", NULL},
    {"zap_block -f big 0", NULL},
    {"zap_block -f big 1", NULL},
    {"zap_block -f big 2", NULL},
    {"zap_block -f dir -p 255 0", NULL},
    {"zap_block -f big -p 255 0", NULL},
    {"zap_block -f big -p 255 3", NULL},
    {"zap_block -f <2> 0", NULL},
    {"zap_block -f big -o 4 -l 2 -p 255 2", NULL},
    {"zap_block -f big -o 4 -l 2 -p 0 2", NULL},
    {"zap_block -f big -o 24 -l 8 -p 255 0", NULL},
    {"zap_block -f big -o 32 -l 4 -p 255 0", NULL},
    {"zap_block -f big -o 36 -l 4 -p 255 0", NULL},
    {"zap_block -f big -o 40 -l 4 -p 0 0", NULL},
    {"zap_block -f big -o 30 -l 1 -p 9 0", NULL},
    {"zap_block -f dir -o 12 -l 12 -p 0 0", NULL},
    {"zap_block -f dir -o 16 -l 2 -p 1 0", NULL},
    {"zap_block -f dir -o 18 -l 1 -p 255 0", NULL},
    {"zap_block -f dir -o 24 -l 4 -p 255 0", NULL},
};

START_TEST(a_damaged_structure_is_reported_and_survived)
{
	int kind = _i / (int)ARRAY_SIZE(edits), edit = _i % (int)ARRAY_SIZE(edits);

	use_good((enum volume)kind);
	log_captured_clear();
	t_run("cat >commands <<'END'\n%s\nEND\ndebugfs -w -f commands img; truncate -s 8M img",
	      edits[edit].commands);
	mount_and_use(edit % 2 ? "errors=continue" : "errors=remount-ro");
	if (kind == EXT4_1K && edits[edit].said)
		ck_assert_msg(log_captured_has(edits[edit].said), "\"%s\" was not said: %s",
			      edits[edit].said, log_captured());
}
END_TEST

/* Random bytes at random places of the metadata, many times. */
START_TEST(noise_anywhere_is_survived)
{
	u64 state = 1000 + (u64)_i;

	for (int round = 0; round < 12; round++) {
		char path[200];
		FILE *f;

		use_good((enum volume)(_i % VOLUMES));
		t_run_ok("pwd");
		snprintf(path, sizeof(path), "%.*s/img", (int)strcspn(t_output(), "\n"),
			 t_output());
		f = fopen(path, "r+");
		ck_assert_ptr_nonnull(f);
		for (int i = 0; i < 60; i++) {
			fseek(f, 2048 + (long)(t_random(&state) % (i % 2 ? 900000 : 3000000)),
			      SEEK_SET);
			fputc((int)t_random(&state), f);
		}
		fclose(f);
		mount_and_use(round % 2 ? "errors=continue" : NULL);
	}
}
END_TEST

/* ---- the policy ---- */

static void damage_for_policy(const char *options)
{
	use_good(EXT4_1K);
	t_debugfs("set_inode_field file block[5] 1");
	t_mount_ok(options);
	log_captured_clear();
	struct vfs_stat st;
	ck_assert_int_eq(t_stat("file", &st), -EUCLEAN);
	ck_assert(log_captured_has("inode"));
	ck_assert(log_captured_has("check_root"));
	ck_assert(log_captured_has(t_super()->id));
}

START_TEST(errors_continue_goes_on_writing)
{
	damage_for_policy("errors=continue");
	t_create("new", 1000, 1);
	t_umount();
	t_run_ok("dumpe2fs -h img 2>/dev/null");
	ck_assert_ptr_nonnull(strstr(t_output(), "with errors"));
	ck_assert_ptr_nonnull(strstr(t_output(), "First error function:"));
	t_fsck_repair();
}
END_TEST

START_TEST(errors_remount_ro_stops_writing)
{
	damage_for_policy("errors=remount-ro");
	ck_assert_int_eq(t_create_error("new", 1000, 1), -EROFS);
	ck_assert_int_eq(t_mkdir("d"), -EROFS);
	ck_assert_int_eq(t_unlink("dir/small"), -EROFS);
	char text[8] = "";
	struct file *file = t_open("dir/small", O_RDONLY, 0);
	ck_assert_int_eq(t_pread(file, text, sizeof(text), 0), 3);
	ck_assert_str_eq(text, "hi\n");
	t_close(file);
	t_umount();
	t_fsck_repair();
}
END_TEST

START_TEST(errors_remount_ro_is_the_volumes_own_choice)
{
	use_good(EXT4_1K);
	t_run_ok("tune2fs -e remount-ro img");
	t_debugfs("set_inode_field file block[5] 1");
	t_mount_ok(NULL);
	struct vfs_stat st;
	ck_assert_int_eq(t_stat("file", &st), -EUCLEAN);
	ck_assert_int_eq(t_mkdir("d"), -EROFS);
	ck_assert_int_eq(t_remount(0, NULL), -EROFS);
	t_umount();
	t_fsck_repair();
}
END_TEST

START_TEST(errors_panic_panics)
{
	damage_for_policy("errors=panic");
}
END_TEST

START_TEST(a_wrong_checksum_of_an_inode_is_found)
{
	use_good(EXT4_1K_SUMS);
	t_run_ok("debugfs -R 'imap file' img 2>/dev/null");
	unsigned block, offset;
	ck_assert_int_eq(sscanf(strstr(t_output(), "located at block"),
				"located at block %u, offset %x", &block, &offset),
			 2);
	t_run_ok("printf '\\377' | dd of=img bs=1 seek=%u conv=notrunc 2>/dev/null",
		 block * 1024 + offset + 16);
	t_mount_ok(NULL);
	struct vfs_stat st;
	ck_assert_int_eq(t_stat("file", &st), -EUCLEAN);
	ck_assert(log_captured_has("checksum of the inode is wrong"));
	t_umount();
}
END_TEST

START_TEST(a_wrong_checksum_of_a_descriptor_still_lets_files_be_read)
{
	use_good(EXT4_1K_SUMS);
	/* the checksum itself, of the first descriptor */
	t_run_ok("printf '\\377' | dd of=img bs=1 seek=%u conv=notrunc 2>/dev/null",
		 2 * 1024 + 0x1e);
	ck_assert_int_eq(t_mount(NULL), -EUCLEAN);
	ck_assert(log_captured_has("checksum is wrong"));
	ck_assert_int_eq(t_mount_type("ext4", MS_RDONLY, NULL), 0);
	struct vfs_stat st;
	ck_assert_int_eq(t_stat("file", &st), 0);
	ck_assert_int_eq(t_remount(0, NULL), -EUCLEAN);
	t_umount();
}
END_TEST

START_TEST(a_bad_bitmap_is_not_allocated_from)
{
	use_good(EXT4_1K_SUMS);
	t_run_ok("dumpe2fs img 2>/dev/null | sed -n 's/.*Block bitmap at \\([0-9]*\\).*/\\1/p' | "
		 "head -1");
	unsigned block = (unsigned)atoi(t_output());
	ck_assert_uint_gt(block, 0);
	t_run_ok("printf '\\252' | dd of=img bs=1 seek=%u conv=notrunc 2>/dev/null",
		 block * 1024 + 200);
	t_mount_ok("errors=continue");
	t_create("new", 200000, 1); /* another group has room */
	t_sync();
	ck_assert(log_captured_has("block bitmap"));
	t_expect("new", 200000, 1);
	t_umount();
	t_fsck_repair();
}
END_TEST

/* debugfs links what the kernel never would. No directory is locked twice, in itself or by two
 * names. */
START_TEST(a_directory_with_two_names_is_no_deadlock)
{
	t_mkfs("-t ext4 -b 1024", 8192);
	t_run_ok("printf 'mkdir a\\nmkdir a/b\\nmkdir a/d\\nmkdir other\\nlink a other/alias\\n"
		 "link a a/self\\nwrite /dev/null a/f\\n' >commands; debugfs -w -f commands img");
	t_mount_ok(NULL);
	ck_assert_int_eq(t_rename("a/f", "other/alias/g", 0), -EUCLEAN);
	ck_assert_int_eq(t_rename("a/d", "other/alias", 0), -EUCLEAN);
	ck_assert_int_lt(t_rename("a/d", "a/self", 0), 0);
	ck_assert_int_lt(t_rmdir("a/self"), 0);
	ck_assert_int_lt(t_rmdir("a/self/self"), 0);
	ck_assert_int_eq(t_rename("a/f", "other/g", 0), 0);
	t_umount();
}
END_TEST

Suite *suite_ext4_damage(void)
{
	Suite *suite = suite_create("ext4_damage");
	TCase *tcase = tcase_create("ext4_damage");

	tcase_set_timeout(tcase, 240);
	tcase_add_test(tcase, a_directory_with_two_names_is_no_deadlock);
	tcase_add_unchecked_fixture(tcase, make_volumes, NULL);
	tcase_add_loop_test(tcase, a_damaged_superblock_is_refused_or_survived, 0,
			    ARRAY_SIZE(super_edits));
	tcase_add_loop_test(tcase, any_byte_of_the_superblock_may_be_wrong, 0, 52);
	tcase_add_loop_test(tcase, a_damaged_structure_is_reported_and_survived, 0,
			    (int)ARRAY_SIZE(edits) * 3);
	tcase_add_loop_test(tcase, noise_anywhere_is_survived, 0, 12);
	tcase_add_test(tcase, errors_continue_goes_on_writing);
	tcase_add_test(tcase, errors_remount_ro_stops_writing);
	tcase_add_test(tcase, errors_remount_ro_is_the_volumes_own_choice);
	tcase_add_test_raise_signal(tcase, errors_panic_panics, SIGABRT);
	tcase_add_test(tcase, a_wrong_checksum_of_an_inode_is_found);
	tcase_add_test(tcase, a_wrong_checksum_of_a_descriptor_still_lets_files_be_read);
	tcase_add_test(tcase, a_bad_bitmap_is_not_allocated_from);
	suite_add_tcase(suite, tcase);
	return suite;
}
