/* The whole way through an ext4 volume: make, mount, write, read, unmount, e2fsck. */
#include "ext4_test.h"

#include <linux/fcntl.h>
#include <linux/mount.h>

START_TEST(an_empty_volume_mounts_and_unmounts)
{
	t_mkfs("-t ext4 -b 4096", 16384);
	t_mount_ok(NULL);
	ck_assert_int_eq(t_list("", NULL), 1);
	t_check();
}
END_TEST

START_TEST(a_file_is_written_and_read_back)
{
	t_mkfs("-t ext4 -b 4096", 16384);
	t_mount_ok(NULL);
	t_create("a", 100000, 1);
	t_expect("a", 100000, 1);
	t_check();
	t_mount_ok(NULL);
	t_expect("a", 100000, 1);
	t_check();
}
END_TEST

Suite *suite_ext4_basic(void)
{
	return suite_of("ext4_basic", an_empty_volume_mounts_and_unmounts,
			a_file_is_written_and_read_back);
}
