/* Workloads that rearrange: ranges of a file, contents between inode and blocks, the levels of a
 * directory's index, the volume itself. */
#include "crash_layout.h"
#include "crash.h"
#include "ext4_test.h"

#include "vfs/file.h"

#include <linux/falloc.h>
#include <linux/fcntl.h>
#include <linux/fs.h>

static void ok(long err, const char *what)
{
	ck_assert_msg(err >= 0, "%s: error %ld: %s", what, err, log_captured());
}

/* Ranges are zeroed, punched, allocated, taken out and put in. */
enum { RANGES_BLOCK = 1024, RANGES_SIZE = 40 * RANGES_BLOCK, RANGES_SHIFT = 24 };
static u32 ranges_seed;

/* A word that moves by so many looks as if written with another seed: those must be the file's too.
 */
void prepare_ranges(void)
{
	u32 span = RANGES_SHIFT * RANGES_BLOCK / 8;
	u8 *data = malloc(RANGES_SIZE);

	for (u32 i = 0; i < 2 * span; i++)
		ranges_seed = crash_seed("r");
	ranges_seed -= span;
	t_pattern(data, RANGES_SIZE, 0, ranges_seed);
	struct file *file = t_open("r", O_WRONLY | O_CREAT, 0644);
	ck_assert_int_eq(t_pwrite(file, data, RANGES_SIZE, 0), RANGES_SIZE);
	t_close(file);
	free(data);
}

void run_ranges(unsigned variant)
{
	static const int modes[] = {0,
				    FALLOC_FL_KEEP_SIZE,
				    FALLOC_FL_ZERO_RANGE,
				    FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE,
				    FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				    FALLOC_FL_COLLAPSE_RANGE,
				    FALLOC_FL_INSERT_RANGE,
				    FALLOC_FL_COLLAPSE_RANGE,
				    FALLOC_FL_INSERT_RANGE};
	u64 state = variant + 3;
	int shift = 0;

	crash_keep("r", RANGES_SIZE, ranges_seed);
	struct file *file = t_open("r", O_RDWR, 0);
	crash_change("r");
	for (int i = 0; i < 30; i++) {
		int mode = modes[t_random(&state) % ARRAY_SIZE(modes)];
		bool moves = mode & (FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_INSERT_RANGE);
		int blocks = (int)(1 + t_random(&state) % 4);
		u64 at = (u64)(t_random(&state) % 24) * RANGES_BLOCK;
		u64 n = (u64)blocks * RANGES_BLOCK;

		if (!moves) {
			at += t_random(&state) % 128 * 8;
			n += t_random(&state) % 128 * 8;
		} else {
			shift += blocks;
			if (shift >= RANGES_SHIFT || at + n >= (u64)file->inode->size)
				continue;
		}
		ok(vfs_fallocate(file, mode, (loff_t)at, (loff_t)n), "fallocate");
		if (t_random(&state) % 3 == 0)
			ck_assert_int_eq(t_fsync(file), 0);
	}
	t_close(file);
	t_sync();
}

/* Contents and entries that lie in the inode until they no longer fit. */
void run_inline(unsigned variant)
{
	static const u32 sizes[] = {0, 8, 40, 56, 64, 104, 136, 160, 600, 3000};
	u64 state = variant * 31 + 2;
	char path[48], attr[100];

	memset(attr, 'v', sizeof(attr));
	ok(t_mkdir("d"), "mkdir");
	for (unsigned i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "d/i%u", i);
		ok(t_mkdir(path), "mkdir");
	}
	for (unsigned i = 0; i < 70; i++) {
		u32 which = t_random(&state) % 12, size = sizes[t_random(&state) % 10];

		snprintf(path, sizeof(path), "d/i%u/file-%u", t_random(&state) % 3,
			 t_random(&state) % 7);
		if (which < 4) {
			u32 seed = crash_write(path, size);

			if (which == 0) {
				ok(t_truncate(path, size), "truncate");
				crash_fsync(path);
				crash_keep(path, size, seed);
			}
		} else if (!t_exists(path)) {
			crash_write(path, size % 64);
		} else if (which < 7) {
			crash_change(path);
			ok(t_truncate(path, size), "truncate");
		} else if (which < 9) {
			crash_change(path);
			ok(t_unlink(path), "unlink");
		} else if (which < 11) {
			ok(t_setxattr(path, "user.v", attr, t_random(&state) % 100, 0), "setxattr");
		} else {
			t_sync();
		}
	}
	t_sync();
}

/* A directory whose index has one full node gets a second level, whose nodes split in turn. Names
 * are so long that a leaf has room for three. */
static void add_names(unsigned from, unsigned to)
{
	char path[256];

	for (unsigned i = from; i < to; i++) {
		snprintf(path, sizeof(path), "d/%0240u", i);
		ok(t_link("nothing", path), "link");
	}
}

void prepare_levels(void)
{
	ok(t_mkdir("d"), "mkdir");
	crash_write("nothing", 0);
	add_names(0, 240);
}

void run_levels(unsigned variant)
{
	char path[256];
	unsigned from = 240 + variant * 75;

	add_names(240, from);
	t_sync();
	for (unsigned i = 0; i < 60; i += 10) {
		add_names(from + i, from + i + 10);
		crash_fsync("nothing");
	}
	t_sync();
	for (unsigned i = variant; i < from + 60; i += 5) {
		snprintf(path, sizeof(path), "d/%0240u", i);
		ok(t_unlink(path), "unlink");
	}
	t_sync();
}

/* The volume grows while it is written to. */
void run_grow(unsigned variant)
{
	char path[32];

	for (unsigned i = 0; i < 4; i++) {
		struct file *root = t_open("", O_RDONLY | O_DIRECTORY, 0);
		u64 blocks = LAYOUT_KIB + (i + 1) * 2700 + variant * 211;
		long err = root->ops->ioctl(root, _IOW('f', 16, u64), (unsigned long)&blocks);

		ck_assert_msg(!err, "growing to %llu blocks: %ld: %s", blocks, err, log_captured());
		t_close(root);
		snprintf(path, sizeof(path), "g%u", i);
		u32 seed = crash_write(path, 900000);
		if ((i + variant) % 2) {
			crash_fsync(path);
			crash_keep(path, 900000, seed);
		}
	}
	t_sync();
}
