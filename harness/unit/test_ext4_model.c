/*
 * A random user and a model in memory: files with contents, directories, links, renames. What the
 * volume shows must be what the model says, at once, after caches were dropped, and after a new
 * mount; and e2fsck has nothing to say.
 */
#include <sys/stat.h>

#include "ext4_test.h"

#include "ext4/ext4_int.h"
#include "vfs/file.h"

#include <linux/falloc.h>
#include <linux/fcntl.h>

#define FILES          40
#define DIRS           6
#define SIZE_MAX_MODEL 200000u

struct model_file {
	bool exists;
	char name[80];
	u8 *data;
	u32 size;
};

static struct model_file files[FILES];
static u64 state;

static void random_name(char *name)
{
	u32 dir = t_random(&state) % DIRS, length = t_random(&state) % 40 + 1;
	int n = sprintf(name, "d%u/%u-", dir, t_random(&state) % 1000000);

	while (length--)
		name[n++] = (char)('a' + length % 26);
	name[n] = '\0';
}

static struct model_file *pick(bool exists)
{
	u32 from = t_random(&state) % FILES;

	for (u32 i = 0; i < FILES; i++)
		if (files[(from + i) % FILES].exists == exists)
			return &files[(from + i) % FILES];
	return NULL;
}

static void do_create(void)
{
	struct model_file *file = pick(false);

	if (!file)
		return;
	random_name(file->name);
	int err = t_open_error(file->name, O_WRONLY | O_CREAT | O_EXCL, 0644);
	ck_assert_msg(err == 0, "create %s: %d: %s", file->name, err, log_captured());
	file->exists = true;
	file->size = 0;
	memset(file->data, 0, SIZE_MAX_MODEL);
}

static void do_write(void)
{
	struct model_file *file = pick(true);

	if (!file)
		return;
	u32 at = t_random(&state) % SIZE_MAX_MODEL;
	u32 n =
	    min(t_random(&state) % (t_random(&state) % 4 ? 5000 : 60000) + 1, SIZE_MAX_MODEL - at);

	if (t_random(&state) % 2)
		at = min(file->size, SIZE_MAX_MODEL - n);
	t_pattern(file->data + at, n, at, t_random(&state));
	struct file *f = t_open(file->name, O_RDWR, 0);
	ck_assert_int_eq(t_pwrite(f, file->data + at, n, at), n);
	if (t_random(&state) % 20 == 0)
		ck_assert_int_eq(t_fsync(f), 0);
	t_close(f);
	file->size = max(file->size, at + n);
}

static void do_truncate(void)
{
	struct model_file *file = pick(true);

	if (!file)
		return;
	u32 size = t_random(&state) % SIZE_MAX_MODEL;

	ck_assert_int_eq(t_truncate(file->name, size), 0);
	if (size < file->size)
		memset(file->data + size, 0, file->size - size);
	file->size = size;
}

static void do_punch(bool extents)
{
	struct model_file *file = pick(true);

	if (!file || !file->size || !extents)
		return;
	u32 at = t_random(&state) % file->size, n = t_random(&state) % 30000 + 1;
	struct file *f = t_open(file->name, O_RDWR, 0);
	int mode = t_random(&state) % 3;

	if (mode == 0) { /* preallocation changes nothing to be seen */
		ck_assert_int_eq(vfs_fallocate(f, FALLOC_FL_KEEP_SIZE, at, n), 0);
	} else {
		ck_assert_int_eq(
		    vfs_fallocate(f,
				  (mode == 1 ? FALLOC_FL_PUNCH_HOLE : FALLOC_FL_ZERO_RANGE) |
				      FALLOC_FL_KEEP_SIZE,
				  at, n),
		    0);
		memset(file->data + at, 0, min(n, file->size - at));
	}
	t_close(f);
}

static void expect_file(const struct model_file *file)
{
	u8 *buf = malloc(SIZE_MAX_MODEL + 1);
	struct file *f = t_open(file->name, O_RDONLY, 0);
	u64 size = (u64)inode_size(f->inode);
	long n = t_pread(f, buf, SIZE_MAX_MODEL + 1, 0);

	t_close(f);
	ck_assert_uint_eq(size, file->size);
	ck_assert_int_eq(n, file->size);
	if (memcmp(buf, file->data, file->size)) {
		u32 i = 0;

		while (buf[i] == file->data[i])
			i++;
		ck_abort_msg("%s (%u bytes): byte %u is %#x, not %#x", file->name, file->size, i,
			     buf[i], file->data[i]);
	}
	free(buf);
}

static void do_read(void)
{
	struct model_file *file = pick(true);

	if (file)
		expect_file(file);
}

static void do_rename(void)
{
	struct model_file *file = pick(true), *over = pick(true);
	char name[80];

	if (!file)
		return;
	if (t_random(&state) % 3 == 0 && over != file) {
		ck_assert_int_eq(t_rename(file->name, over->name, 0), 0);
		strcpy(file->name, over->name);
		over->exists = false;
		return;
	}
	random_name(name);
	ck_assert_int_eq(t_rename(file->name, name, 0), 0);
	strcpy(file->name, name);
}

static void do_unlink(void)
{
	struct model_file *file = pick(true);

	if (!file || t_random(&state) % 2)
		return;
	ck_assert_int_eq(t_unlink(file->name), 0);
	file->exists = false;
}

static void do_mkdir(void)
{
	char name[80];

	random_name(name);
	if (t_random(&state) % 2)
		strcat(name, "-dir");
	ck_assert_int_eq(t_mkdir(name), 0);
	ck_assert_int_eq(t_symlink(name, "link"), 0);
	ck_assert_int_eq(t_unlink("link"), 0);
	ck_assert_int_eq(t_rmdir(name), 0);
}

static void expect_all(void)
{
	int count = 0, found = 0;

	for (int i = 0; i < FILES; i++) {
		if (files[i].exists) {
			expect_file(&files[i]);
			count++;
		}
	}
	for (int i = 0; i < DIRS; i++) {
		char name[16];

		sprintf(name, "d%d", i);
		found += t_list(name, NULL);
	}
	ck_assert_int_eq(found, count);
}

static const char *const kinds[] = {
    "-t ext4 -b 1024",
    "-t ext4 -b 4096",
    "-t ext2 -b 1024",
    "-t ext4 -b 2048 -O ^64bit",
    "-t ext4 -b 1024 -O ^has_journal,^flex_bg",
    "-t ext3 -b 4096",
};

START_TEST(a_random_user_sees_what_the_model_says)
{
	bool extents = strstr(kinds[_i % 6], "ext4") != NULL;

	state = 4242 + (u64)_i * 1000003;
	t_mkfs(kinds[_i % 6], 32768);
	t_mount_ok(NULL);
	for (int i = 0; i < DIRS; i++) {
		char name[16];

		sprintf(name, "d%d", i);
		ck_assert_int_eq(t_mkdir(name), 0);
	}
	for (int i = 0; i < FILES; i++)
		files[i].data = malloc(SIZE_MAX_MODEL);
	for (int round = 0; round < 480; round++) {
		switch (t_random(&state) % 16) {
		case 0:
		case 1:
		case 2:
			do_create();
			break;
		case 3:
		case 4:
		case 5:
		case 6:
		case 7:
			do_write();
			break;
		case 8:
			do_truncate();
			break;
		case 9:
			do_punch(extents);
			break;
		case 10:
		case 11:
			do_read();
			break;
		case 12:
			do_rename();
			break;
		case 13:
			do_unlink();
			break;
		case 14:
			do_mkdir();
			break;
		case 15:
			if (t_random(&state) % 4 == 0)
				t_sync();
			if (t_random(&state) % 4 == 0)
				t_drop_caches();
			break;
		}
		if (round % 160 == 159) {
			expect_all();
			t_umount();
			t_fsck();
			t_mount_ok(NULL);
			expect_all();
		}
	}
	expect_all();
	t_check();
	for (int i = 0; i < FILES; i++)
		free(files[i].data);
}
END_TEST

Suite *suite_ext4_model(void)
{
	Suite *suite = suite_create("ext4_model");
	TCase *tcase = tcase_create("ext4_model");

	tcase_set_timeout(tcase, 240);
	tcase_add_loop_test(tcase, a_random_user_sees_what_the_model_says, 0, 12);
	suite_add_tcase(suite, tcase);
	return suite;
}
