/* Directory indexes: listings that stay right while names come and go, collisions, full trees. */
#include "ext4_test.h"

#include <stdlib.h>

#include "ext4/ext4_int.h"
#include "vfs/file.h"
#include "vfs/vfs.h"

#include <linux/fcntl.h>
#include <linux/fs.h>

/* ---- a listing that takes a few names at a time ---- */

struct portion {
	struct dir_context ctx;
	int room;
	int count;
	char names[64][EXT4_NAME_MAX + 1];
};

static bool take_name(struct dir_context *ctx, const char *name, u32 length, loff_t offset, u64 ino,
		      unsigned int type)
{
	struct portion *portion = container_of(ctx, struct portion, ctx);

	ck_assert_uint_ne(ino, 0);
	if (portion->count == portion->room)
		return false;
	memcpy(portion->names[portion->count], name, length);
	portion->names[portion->count++][length] = '\0';
	return true;
}

/* Up to room names from where the file is; 0: the end. */
static int list_some(struct file *file, int room, struct portion *portion)
{
	portion->ctx = (struct dir_context){.emit = take_name};
	portion->room = room;
	portion->count = 0;
	ck_assert_int_eq(vfs_readdir(file, &portion->ctx), 0);
	return portion->count;
}

static void touch(const char *name)
{
	ck_assert_int_eq(t_create_error(name, 0, 0), 0);
}

static const char *const hashes[] = {"legacy", "half_md4", "tea"};

static void start(int kind, const char *options)
{
	t_mkfs(options, 65536);
	t_run_ok("tune2fs -E hash_alg=%s img", hashes[kind % 3]);
	if (kind >= 3)
		t_debugfs("ssv flags 2");
	t_mount_ok(NULL);
	ck_assert_int_eq(t_mkdir("d"), 0);
}

/* Names that stay are listed once, whatever is made and removed between two portions. */
START_TEST(a_listing_shows_what_stays_once_while_the_directory_changes)
{
	enum { STAY = 400 };
	struct portion *portion = malloc(sizeof(*portion));
	int seen[STAY] = {0}, dots = 0, n, extra = 0;
	char name[64];

	start(_i, "-t ext4 -b 1024 -N 8192");
	for (int i = 0; i < 20; i++) { /* it begins with one block and gets its index meanwhile */
		sprintf(name, "d/stay%d", i);
		touch(name);
	}
	struct file *file = t_open("d", O_RDONLY | O_DIRECTORY, 0);
	ck_assert_int_eq(list_some(file, 5, portion), 5);
	for (int i = 20; i < STAY; i++) {
		sprintf(name, "d/stay%d", i);
		touch(name);
	}
	ck_assert_int_eq(file_seek(file, 0, SEEK_SET), 0);
	while ((n = list_some(file, 7, portion)) > 0) {
		for (int k = 0; k < n; k++) {
			int i;

			if (sscanf(portion->names[k], "stay%d", &i) == 1)
				seen[i]++;
			else if (portion->names[k][0] == '.')
				dots++;
		}
		for (int k = 0; k < 20; k++) {
			sprintf(name, "d/extra-%d", extra++);
			touch(name);
		}
		for (int k = 0; k < 10; k++) {
			sprintf(name, "d/extra-%d", extra - 15 - k);
			if (t_exists(name))
				ck_assert_int_eq(t_unlink(name), 0);
		}
	}
	ck_assert_int_eq(dots, 2);
	for (int i = 0; i < STAY; i++)
		ck_assert_msg(seen[i] == 1, "stay%d was listed %d times", i, seen[i]);
	t_close(file);
	free(portion);
	t_check();
}
END_TEST

/* telldir and seekdir: a position leads to the same name after splits. */
START_TEST(a_position_keeps_its_meaning)
{
	struct portion *portion = malloc(sizeof(*portion));
	loff_t where[50];
	char next[50][64], name[64];

	start(_i, "-t ext4 -b 1024 -N 8192");
	for (int i = 0; i < 60; i++) {
		sprintf(name, "d/n%d", i);
		touch(name);
	}
	struct file *file = t_open("d", O_RDONLY | O_DIRECTORY, 0);
	for (int i = 0; i < 50; i++) {
		where[i] = file_seek(file, 0, SEEK_CUR);
		ck_assert_int_eq(list_some(file, 1, portion), 1);
		strcpy(next[i], portion->names[0]);
		ck_assert(!i || where[i] > where[i - 1]);
	}
	for (int i = 0; i < 300; i++) {
		sprintf(name, "d/many%d", i);
		touch(name);
	}
	for (int i = 0; i < 50; i += 7) {
		ck_assert_int_eq(file_seek(file, where[i], SEEK_SET), where[i]);
		bool found = false;

		/* new names may lie before it, but it comes */
		while (!found && list_some(file, 1, portion))
			found = strcmp(portion->names[0], next[i]) == 0;
		ck_assert_msg(found, "%s", next[i]);
	}
	ck_assert_int_eq(file_seek(file, 0, SEEK_END), S64_MAX);
	ck_assert_int_eq(list_some(file, 1, portion), 0);
	ck_assert_int_eq(file_seek(file, -1, SEEK_SET), -EINVAL);
	ck_assert_int_eq(file_seek(file, 1, SEEK_END), -EINVAL);
	t_close(file);
	free(portion);
	t_check();
}
END_TEST

/* ---- collisions ---- */

struct hashed {
	u32 hash, number;
};

static int hashed_compare(const void *a, const void *b)
{
	const struct hashed *x = a, *y = b;

	return x->hash < y->hash ? -1 : x->hash > y->hash;
}

/* Pairs of names that the legacy hash can't tell apart: leaves are cut between them, and a reader
 * may stop there. */
START_TEST(names_with_one_hash_are_found_and_listed_across_leaves)
{
	enum { TRIED = 1000000 };
	struct hashed *all = malloc(TRIED * sizeof(*all));
	struct portion *portion = malloc(sizeof(*portion));
	static const u32 seed[4];
	u32 *numbers = malloc(4000 * sizeof(*numbers)), pairs = 0;
	u8 *seen = calloc(1, TRIED);
	u64 state = 1;
	char name[300];

	for (u32 i = 0; i < TRIED; i++) {
		int length = sprintf(name, "%06x%0100d", i, 0);

		ck_assert_int_eq(
		    ext4_name_hash(EXT4_HASH_LEGACY, seed, name, (u32)length, &all[i].hash, NULL),
		    0);
		all[i].number = i;
	}
	qsort(all, TRIED, sizeof(*all), hashed_compare);
	for (u32 i = 1; i < TRIED && pairs < 400; i++) {
		if (all[i].hash != all[i - 1].hash)
			continue;
		numbers[2 * pairs] = all[i - 1].number;
		numbers[2 * pairs++ + 1] = all[i].number;
		i++;
	}
	ck_assert_uint_gt(pairs, 50);
	start(0, "-t ext4 -b 1024 -N 8192");
	for (u32 i = 2 * pairs; i > 1; i--) { /* in any order */
		u32 k = t_random(&state) % i, number = numbers[k];

		numbers[k] = numbers[i - 1];
		numbers[i - 1] = number;
	}
	for (u32 i = 0; i < 2 * pairs; i++) {
		sprintf(name, "d/%06x%0100d", numbers[i], 0);
		touch(name);
	}
	for (u32 i = 0; i < 2 * pairs; i++) {
		sprintf(name, "d/%06x%0100d", numbers[i], 0);
		ck_assert_msg(t_exists(name), "%s", name);
	}
	for (int room = 1; room < 4; room++) {
		struct file *file = t_open("d", O_RDONLY | O_DIRECTORY, 0);
		u32 total = 0;
		int n;

		memset(seen, 0, TRIED);
		while ((n = list_some(file, room, portion)) > 0) {
			for (int k = 0; k < n; k++) {
				if (portion->names[k][0] == '.')
					continue;
				portion->names[k][6] = '\0';
				u32 i = (u32)strtoul(portion->names[k], NULL, 16);

				ck_assert_uint_lt(i, TRIED);
				ck_assert_msg(!seen[i]++, "%06x comes twice", i);
				total++;
			}
		}
		ck_assert_uint_eq(total, 2 * pairs);
		t_close(file);
	}
	t_umount();
	t_fsck();
	/* An odd key is that of a leaf that continues the one before it. */
	ck_assert_int_eq(t_run("debugfs -R 'htree_dump d' img 2>/dev/null | "
			       "grep -q 'Hash 0x[0-9a-f]*[13579bdf],'"),
			 0);
	t_mount_ok(NULL);
	for (u32 i = 0; i < 2 * pairs; i++) {
		sprintf(name, "d/%06x%0100d", numbers[i], 0);
		ck_assert_int_eq(t_unlink(name), 0);
	}
	ck_assert_int_eq(t_rmdir("d"), 0);
	free(all);
	free(portion);
	free(numbers);
	free(seen);
	t_check();
}
END_TEST

/* ---- deep and full trees ---- */

static void long_name(char *buf, int i)
{
	sprintf(buf, "d/%0240d", i);
}

/* Links of one file, so that only the directory grows. Returns how many fit, and why no more. */
static int fill_with_links(int max, int *err)
{
	char name[300];
	int n;

	touch("f");
	*err = 0;
	for (n = 0; n < max && !*err; n++) {
		long_name(name, n);
		*err = t_link("f", name);
	}
	return *err ? n - 1 : n;
}

static int tree_depth(void)
{
	int depth = -1;

	t_run_ok("debugfs -R 'htree_dump d' img 2>/dev/null | head -20");
	const char *at = strstr(t_output(), "Indirect levels:");

	ck_assert(at != NULL);
	sscanf(at, "Indirect levels: %d", &depth);
	return depth;
}

START_TEST(a_tree_grows_to_three_levels_with_large_dir)
{
	const char *entries = getenv("EXT4_TEST_ENTRIES");
	int want = entries ? atoi(entries) : 31000, err;
	char name[300];

	t_mkfs("-t ext4 -O large_dir,^has_journal -b 1024 -N 1024", (unsigned)want * 2);
	t_mount_ok(NULL);
	ck_assert_int_eq(t_mkdir("d"), 0);
	ck_assert_int_eq(fill_with_links(want, &err), want);
	t_umount();
	t_fsck();
	ck_assert_int_eq(tree_depth(), 2);
	t_mount_ok(NULL);
	for (int i = 0; i < want; i += 97) {
		long_name(name, i);
		ck_assert_msg(t_exists(name), "%s", name);
	}
	ck_assert_int_eq(t_list("d", NULL), want);
	for (int i = 0; i < want; i += 2) {
		long_name(name, i);
		ck_assert_int_eq(t_unlink(name), 0);
	}
	ck_assert_int_eq(t_list("d", NULL), want / 2);
	t_check();
}
END_TEST

START_TEST(a_full_tree_refuses_more_and_stays_whole)
{
	char name[300];
	int err;

	t_mkfs("-t ext4 -O ^large_dir,^has_journal -b 1024 -N 1024", 60000);
	t_mount_ok(NULL);
	ck_assert_int_eq(t_mkdir("d"), 0);
	int n = fill_with_links(60000, &err);

	ck_assert_int_eq(err, -ENOSPC);
	ck_assert_int_gt(n, 15000);

	long_name(name, n / 2);
	ck_assert_int_eq(t_unlink(name), 0);
	ck_assert_int_eq(t_link("f", name), 0);
	ck_assert_int_eq(t_list("d", NULL), n);
	t_umount();
	t_fsck();
	ck_assert_int_eq(tree_depth(), 1);
}
END_TEST

/* ---- other volumes ---- */

START_TEST(an_index_with_siphash_is_listed_and_never_changed)
{
	char name[64];

	start(1, "-t ext4 -O ^metadata_csum -b 1024 -N 8192");
	for (int i = 0; i < 300; i++) {
		sprintf(name, "d/f%d", i);
		touch(name);
	}
	t_umount();
	/* the hash version lies behind two entries and four bytes: 6 is siphash */
	t_run_ok("b=$(debugfs -R 'bmap d 0' img 2>/dev/null) && printf '\\006' | "
		 "dd of=img bs=1 seek=$((b * 1024 + 28)) conv=notrunc status=none");
	t_mount_ok(NULL);
	ck_assert_int_eq(t_list("d", NULL), 300);
	ck_assert(t_exists("d/f77"));
	ck_assert_int_eq(t_create_error("d/more", 0, 0), -EOPNOTSUPP);
	t_umount();
}
END_TEST

/* Beyond 65000 links a directory's count is 1, and stays it. */
START_TEST(a_directory_with_too_many_subdirectories_counts_one_link)
{
	struct vfs_stat st;
	char name[64];

	start(1, "-t ext4 -O dir_nlink -b 1024 -N 8192");
	for (int i = 0; i < 60; i++) { /* dir_nlink is for indexed directories */
		sprintf(name, "d/an-entry-with-a-name-of-some-length-%d", i);
		touch(name);
	}
	t_umount();
	t_debugfs("sif d links_count 64998");
	t_mount_ok(NULL);
	ck_assert_int_eq(t_mkdir("d/1"), 0);
	ck_assert_int_eq(t_stat("d", &st), 0);
	ck_assert_uint_eq(st.nlink, 64999);
	ck_assert_int_eq(t_mkdir("d/2"), 0);
	ck_assert_int_eq(t_mkdir("d/3"), 0);
	ck_assert_int_eq(t_stat("d", &st), 0);
	ck_assert_uint_eq(st.nlink, 1);
	ck_assert_int_eq(t_rmdir("d/2"), 0);
	ck_assert_int_eq(t_stat("d", &st), 0);
	ck_assert_uint_eq(st.nlink, 1);
	t_umount();
	t_fsck_repair();
}
END_TEST

Suite *suite_ext4_htree(void)
{
	Suite *suite = suite_create("ext4_htree");
	TCase *tcase = tcase_create("ext4_htree");

	tcase_set_timeout(tcase, 300);
	tcase_add_loop_test(tcase, a_listing_shows_what_stays_once_while_the_directory_changes, 0,
			    6);
	tcase_add_loop_test(tcase, a_position_keeps_its_meaning, 0, 3);
	tcase_add_test(tcase, names_with_one_hash_are_found_and_listed_across_leaves);
	tcase_add_test(tcase, a_tree_grows_to_three_levels_with_large_dir);
	tcase_add_test(tcase, a_full_tree_refuses_more_and_stays_whole);
	tcase_add_test(tcase, an_index_with_siphash_is_listed_and_never_changed);
	tcase_add_test(tcase, a_directory_with_too_many_subdirectories_counts_one_link);
	suite_add_tcase(suite, tcase);
	return suite;
}
