/* What the checker says of references that a volume counts. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "ext4_test.h"

#include "ext4/ext4_int.h"

#include <linux/mount.h>

static void make_volume(void)
{
	static char value[9000];
	char name[20];

	memset(value, 'v', sizeof(value));
	t_mkfs("-t ext4 -b 4096 -I 256 -O ea_inode,^metadata_csum", 16384);
	t_mount_ok(NULL);
	for (u32 i = 0; i < 4; i++) {
		snprintf(name, sizeof(name), "f%u", i);
		t_create(name, 10, i);
		ck_assert_int_eq(t_setxattr(name, "user.block", value, 2000, 0), 0);
	}
	ck_assert_int_eq(t_setxattr("f3", "user.large", value, sizeof(value), 0), 0);
	t_check();
}

static u64 number_of(const char *command, const char *before)
{
	const char *at = strstr(t_debugfs_read(command), before);

	ck_assert_ptr_nonnull(at);
	return strtoull(at + strlen(before), NULL, 10);
}

START_TEST(right_references_are_no_problem)
{
	make_volume();
	ck_assert_msg(t_verify_problems() == 0, "%s", t_verify_said());
}
END_TEST

START_TEST(a_block_of_attributes_that_counts_wrongly_is_told)
{
	u8 raw[4];

	make_volume();
	u64 block = number_of("stat f0", "File ACL: ");
	int fd = open(t_image(), O_RDWR);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(pread(fd, raw, 4, (off_t)(block * 4096 + 4)), 4);
	ck_assert_uint_ge(le32_load(raw), 3);
	le32_store(raw, le32_load(raw) + 1);
	ck_assert_int_eq(pwrite(fd, raw, 4, (off_t)(block * 4096 + 4)), 4);
	close(fd);
	ck_assert_uint_eq(t_verify_problems(), 1);
	ck_assert_msg(strstr(t_verify_said(), "of attributes:") != NULL, "%s", t_verify_said());
}
END_TEST

START_TEST(a_value_that_counts_wrongly_is_told)
{
	make_volume();
	t_run_ok("for i in $(seq 12 40); do debugfs -R \"stat <$i>\" img 2>/dev/null | "
		 "grep -q 'Flags: 0x2[0-9a-f]*' && echo $i; done | tail -1");
	u64 ino = strtoull(t_output(), NULL, 10);
	char command[100];

	snprintf(command, sizeof(command), "set_inode_field <%llu> version 7",
		 (unsigned long long)ino);
	ck_assert_uint_ne(ino, 0);
	t_debugfs(command);
	ck_assert_uint_eq(t_verify_problems(), 1);
	ck_assert_msg(strstr(t_verify_said(), "have it as value") != NULL, "%s", t_verify_said());
}
END_TEST

Suite *suite_ext4_verify(void)
{
	return suite_of("ext4_verify", right_references_are_no_problem,
			a_block_of_attributes_that_counts_wrongly_is_told,
			a_value_that_counts_wrongly_is_told);
}
