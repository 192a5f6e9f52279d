/*
 * The initramfs: cpio archives, good ones and hostile ones.
 */
#include "files.h"

#include "cpio_image.h"
#include "host_memory.h"
#include "lib/errno.h"
#include "log_capture.h"

static struct cpio_image image;

/* In memory of just this size, so that the sanitizer sees every step too far. */
static int unpack(const void *bytes, size_t size)
{
	void *copy = malloc(size ? size : 1);
	int err;

	memcpy(copy, bytes, size);
	err = initramfs_unpack(copy, size);
	free(copy);
	return err;
}

static int unpack_image(void)
{
	return unpack(image.bytes, image.size);
}

static void check_owner(const char *name, u32 mode, u32 uid, u32 gid)
{
	struct vfs_stat stat = must_stat(name);

	ck_assert_msg(stat.mode == mode && stat.uid == uid && stat.gid == gid,
		      "%s: mode %o, owner %u:%u", name, stat.mode, stat.uid, stat.gid);
}

START_TEST(everything_is_unpacked_with_its_owner_mode_and_time)
{
	struct vfs_stat stat;

	cpio_sample(&image);
	ok(unpack_image());
	check_owner("/dir", 041771, 5, 6);
	check_owner("/dir/file", 0104755, 1000, 100);
	must_have_text("/dir/file", "contents");
	ck_assert_int_eq(must_stat("/dir/file").mtime.sec, 1234567890);
	check_owner("/link", 0120777, 7, 0);
	ck_assert_str_eq(must_readlink("/link"), "dir/file");
	stat = must_stat("/null");
	ck_assert(S_ISCHR(stat.mode) && stat.rdev_major == 1 && stat.rdev_minor == 3);
	stat = must_stat("/disk");
	ck_assert(S_ISBLK(stat.mode) && stat.rdev_major == 254 && stat.rdev_minor == 1);
	check_owner("/fifo", 010600, 0, 0);
	check_owner("/socket", 0140777, 0, 0);
	must_have_text("/one", "both names");
	ck_assert_int_eq(must_stat("/one").ino, must_stat("/dir/two").ino);
	ck_assert_int_eq(must_stat("/one").nlink, 2);
	must_have_text("/summed", "abc");
	ck_assert(log_captured_has("11 entries unpacked"));
}
END_TEST

START_TEST(archives_follow_each_other_and_later_ones_replace_files)
{
	image.size = 0;
	cpio_add(&image, (struct cpio_entry){.name = "a", .mode = 0100644, .data = "first"});
	cpio_add(&image, (struct cpio_entry){
			     .name = "x", .mode = 0100644, .nlink = 2, .ino = 9, .data = "x"});
	cpio_end(&image);
	for (int i = 0; i < 700; i++) /* padding up to a block */
		image.bytes[image.size++] = 0;
	cpio_add(&image, (struct cpio_entry){.name = "a", .mode = 0120777, .data = "b"});
	cpio_add(&image, (struct cpio_entry){.name = "b", .mode = 0100644, .data = "second"});
	/* The same inode number is another file in another archive. */
	cpio_add(&image, (struct cpio_entry){
			     .name = "y", .mode = 0100644, .nlink = 2, .ino = 9, .data = "y"});
	cpio_end(&image);
	ok(unpack_image());
	ck_assert_str_eq(must_readlink("/a"), "b");
	must_have_text("/b", "second");
	must_have_text("/x", "x");
	must_have_text("/y", "y");
}
END_TEST

START_TEST(an_empty_archive_and_padding_alone_are_fine)
{
	static const unsigned char zeroes[512];

	ok(unpack(zeroes, 0));
	ok(unpack(zeroes, sizeof(zeroes)));
	image.size = 0;
	cpio_end(&image);
	ok(unpack_image());
	ck_assert_uint_eq(must_count("/"), 0);
}
END_TEST

START_TEST(an_archive_cut_short_anywhere_is_damaged)
{
	size_t trailer;

	cpio_sample(&image);
	trailer = image.size - 124; /* its header and name */
	for (size_t size = 1; size < image.size; size++) {
		int err = unpack(image.bytes, size);

		/* Without its trailer an archive is incomplete; zeroes at its end are padding. */
		if (err != -EINVAL)
			ck_assert_msg(!err && size >= trailer + 121, "%zu of %zu: %d", size,
				      image.size, err);
	}
}
END_TEST

/* Each header field of each entry in turn takes values that it should not have. */
START_TEST(no_value_of_any_field_leads_astray)
{
	static const unsigned values[] = {
	    0,    1,          3,          4,          109,        110,        4095,      4096,
	    4097, 0x7ffffffe, 0x7fffffff, 0x80000000, 0xfffffffc, 0xfffffffe, 0xffffffff};
	struct cpio_image damaged;
	size_t at = 0;

	cpio_sample(&image);
	while (at < image.size) {
		unsigned size, name_size;
		char field[9] = "";

		for (int f = 0; f < 13; f++) {
			for (size_t v = 0; v < ARRAY_SIZE(values); v++) {
				char text[9];

				damaged = image;
				snprintf(text, sizeof(text), "%08x", values[v]);
				memcpy(damaged.bytes + at + 6 + f * 8, text, 8);
				(void)unpack(damaged.bytes, damaged.size);
			}
		}
		memcpy(field, image.bytes + at + 6 + 6 * 8, 8);
		size = (unsigned)strtoul(field, NULL, 16);
		memcpy(field, image.bytes + at + 6 + 11 * 8, 8);
		name_size = (unsigned)strtoul(field, NULL, 16);
		at = round_up(round_up(at + CPIO_HEADER + name_size, (size_t)4) + size, (size_t)4);
	}
	ok(unpack_image()); /* it is as good as before */
}
END_TEST

START_TEST(headers_that_are_none_are_refused)
{
	static const struct {
		size_t at;
		char byte;
	} cases[] = {{0, '1'}, {4, '6'},  {5, '0'},   {5, '3'},
		     {6, ' '}, {13, 'g'}, {109, '-'}, {109, 0}};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cpio_sample(&image);
		image.bytes[cases[i].at] = (unsigned char)cases[i].byte;
		fails(-EINVAL, unpack_image());
	}
	fails(-EINVAL, unpack("\x1f\x8b\x08\x00", 4));
	ck_assert(log_captured_has("compressed"));
	image.size = 0;
	cpio_add(&image, (struct cpio_entry){.name = "no type", .mode = 0644});
	fails(-EINVAL, unpack_image());
}
END_TEST

START_TEST(a_wrong_checksum_is_noticed)
{
	cpio_sample(&image);
	*(char *)memmem(image.bytes, image.size, "abc", 3) = 'b';
	fails(-EINVAL, unpack_image());
	ck_assert(!file_exists("/summed"));
}
END_TEST

START_TEST(names_end_where_they_say)
{
	cpio_sample(&image);
	char *name = memmem(image.bytes, image.size, "dir/file", 8);

	name[3] = 0; /* a NUL inside */
	fails(-EINVAL, unpack_image());
	name[3] = '/';
	name[8] = 'x'; /* none at the end */
	fails(-EINVAL, unpack_image());
	name[8] = 0;
	ok(unpack_image());
	image.size = 0;
	cpio_add(&image, (struct cpio_entry){.name = "", .mode = 0100644});
	ck_assert_int_lt(unpack_image(), 0);
}
END_TEST

START_TEST(dots_lead_nowhere_above_the_root)
{
	image.size = 0;
	cpio_add(&image, (struct cpio_entry){
			     .name = "../../../up", .mode = 0100644, .data = "still inside"});
	cpio_add(&image, (struct cpio_entry){.name = "/abs", .mode = 0100644, .data = "here"});
	cpio_end(&image);
	ok(unpack_image());
	must_have_text("/up", "still inside");
	must_have_text("/abs", "here");
}
END_TEST

/* A link that an entry brings is not followed by the next entry of that name. */
START_TEST(a_file_replaces_a_link_and_not_what_it_leads_to)
{
	must_write_text("/victim", "safe");
	image.size = 0;
	cpio_add(&image, (struct cpio_entry){.name = "l", .mode = 0120777, .data = "/victim"});
	cpio_add(&image, (struct cpio_entry){.name = "l", .mode = 0100666, .data = "bad"});
	cpio_end(&image);
	ok(unpack_image());
	must_have_text("/victim", "safe");
	ck_assert_uint_eq(must_stat("/victim").mode & 0777, 0644);
	must_have_text("/l", "bad");
}
END_TEST

START_TEST(without_memory_it_fails_and_leaks_nothing)
{
	cpio_sample(&image);
	for (u64 n = 1;; n++) {
		int err;

		host_alloc_fail_nth(n);
		err = unpack_image();
		bool failed = host_alloc_failed();

		host_alloc_fail_nth(0);
		if (!failed)
			break;
		ck_assert_msg(!err || err == -ENOMEM || err == -ENFILE, "allocation %llu: %d",
			      (unsigned long long)n, err);
	}
	ok(unpack_image());
}
END_TEST

Suite *suite_initramfs(void)
{
	return suite_with(
	    "initramfs", files_start, NULL, everything_is_unpacked_with_its_owner_mode_and_time,
	    archives_follow_each_other_and_later_ones_replace_files,
	    an_empty_archive_and_padding_alone_are_fine, an_archive_cut_short_anywhere_is_damaged,
	    no_value_of_any_field_leads_astray, headers_that_are_none_are_refused,
	    a_wrong_checksum_is_noticed, names_end_where_they_say, dots_lead_nowhere_above_the_root,
	    a_file_replaces_a_link_and_not_what_it_leads_to,
	    without_memory_it_fails_and_leaks_nothing);
}
