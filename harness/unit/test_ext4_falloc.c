/* fallocate in all its modes, SEEK_DATA and SEEK_HOLE, FIEMAP: one file against a model of it. */
#include "ext4_test.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "ext4/ext4_int.h"
#include "vfs/file.h"
#include "vfs/pagecache.h"
#include "vfs/vfs.h"

#include <linux/falloc.h>
#include <linux/fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>

#define CAPACITY (1u << 20)

static const char *const kinds[] = {
    "-t ext4 -b 4096",
    "-t ext4 -b 1024",
    "-t ext4 -b 2048 -O ^metadata_csum,^64bit",
};

static u8 model[CAPACITY + 65536], scratch[CAPACITY + 65536];
static u32 model_size;
static u64 state;
static struct file *file;

static u32 pick(u32 n)
{
	return t_random(&state) % n;
}

static void check_bytes(const char *after)
{
	ck_assert_uint_eq((u64)inode_size(file->inode), model_size);
	ck_assert_int_eq(t_pread(file, scratch, sizeof(scratch), 0), model_size);
	/* Check keeps a record of each assertion: so not one per byte. */
	for (u32 i = 0; memcmp(scratch, model, model_size) && i < model_size; i++)
		ck_assert_msg(scratch[i] == model[i], "after %s byte %u of %u is %#x, not %#x",
			      after, i, model_size, scratch[i], model[i]);
}

static void check_holes(void)
{
	for (loff_t at = 0; at < model_size;) {
		loff_t data = file_seek(file, at, SEEK_DATA);
		loff_t end = data < 0 ? (loff_t)model_size : data;

		ck_assert(data >= at || data == -ENXIO);
		for (loff_t i = at; i < end; i++)
			if (model[i])
				ck_abort_msg("byte %lld is in a hole", (long long)i);
		if (data < 0)
			break;
		at = file_seek(file, data, SEEK_HOLE);
		ck_assert(at > data && at <= model_size);
	}
}

static const char *do_fallocate(void)
{
	static const struct {
		int mode;
		const char *name;
	} modes[] = {
	    {0, "allocate"},
	    {FALLOC_FL_KEEP_SIZE, "allocate, keeping the size"},
	    {FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, "punch"},
	    {FALLOC_FL_ZERO_RANGE, "zero"},
	    {FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, "zero, keeping the size"},
	    {FALLOC_FL_COLLAPSE_RANGE, "collapse"},
	    {FALLOC_FL_INSERT_RANGE, "insert"},
	};
	u32 which = pick(ARRAY_SIZE(modes)), bs = file->inode->super->block_size;
	int mode = modes[which].mode;
	u32 at = pick(CAPACITY), n = pick(pick(4) ? 20000 : 200000) + 1;
	bool moves = which >= 5, insert = which == 6;

	if (pick(2))
		at = round_down(at, bs);
	if (moves && model_size) {
		at = round_down(pick(model_size), bs);
		n = round_up(min(n, 50000u), bs);
	}
	n = min(n, CAPACITY - at);
	int want = 0;
	if (moves &&
	    (!n || n % bs || at % bs || (insert ? at >= model_size : at + n >= model_size)))
		want = -EINVAL;
	if (!n || (insert && !want && model_size + n > CAPACITY))
		return "nothing";
	int err = vfs_fallocate(file, mode, at, n);
	ck_assert_msg(err == want, "%s %u+%u of %u: %d", modes[which].name, at, n, model_size, err);
	if (err)
		return "a refused move";
	if (insert) {
		memmove(model + at + n, model + at, model_size - at);
		memset(model + at, 0, n);
		model_size += n;
	} else if (moves) {
		model_size -= n;
		memmove(model + at, model + at + n, model_size - at);
		memset(model + model_size, 0, n);
	} else {
		if ((mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE)) && at < model_size)
			memset(model + at, 0, min(n, model_size - at));
		if (!(mode & FALLOC_FL_KEEP_SIZE))
			model_size = max(model_size, at + n);
	}
	return modes[which].name;
}

static const char *do_write(void)
{
	u32 at = pick(CAPACITY), n = min(pick(pick(4) ? 5000 : 100000) + 1, CAPACITY - at);

	t_pattern(model + at, n, at, pick(1000));
	ck_assert_int_eq(t_pwrite(file, model + at, n, at), n);
	model_size = max(model_size, at + n);
	return "write";
}

static const char *do_truncate(void)
{
	u32 size = pick(CAPACITY);

	ck_assert_int_eq(t_truncate("f", size), 0);
	if (size < model_size)
		memset(model + size, 0, model_size - size);
	model_size = size;
	return "truncate";
}

START_TEST(random_changes_agree_with_a_model)
{
	t_mkfs(kinds[_i % 3], 16384);
	t_mount_ok(NULL);
	state = (u64)_i + 1;
	model_size = 0;
	memset(model, 0, sizeof(model));
	file = t_open("f", O_RDWR | O_CREAT, 0644);
	for (int round = 0; round < 500; round++) {
		u32 kind = pick(20);
		const char *what = "nothing";

		if (kind < 9)
			what = do_fallocate();
		else if (kind < 16)
			what = do_write();
		else if (kind < 17)
			what = do_truncate();
		else if (kind < 18)
			ck_assert_int_eq(t_fsync(file), 0);
		else if (kind < 19)
			check_holes();
		else {
			t_sync();
			t_drop_caches();
		}
		if (round % 4 == 0)
			check_bytes(what);
	}
	t_sync();
	t_drop_caches();
	check_bytes("all");
	check_holes();
	t_close(file);
	t_check();
}
END_TEST

/* ---- seeking ---- */

START_TEST(written_blocks_of_a_preallocated_file_are_data)
{
	t_mkfs(kinds[_i], 16384);
	t_mount_ok(NULL);
	file = t_open("f", O_RDWR | O_CREAT, 0644);
	ck_assert_int_eq(vfs_fallocate(file, 0, 0, 100 * 4096), 0);
	ck_assert_int_eq(file_seek(file, 0, SEEK_DATA), -ENXIO);
	ck_assert_int_eq(file_seek(file, 5, SEEK_HOLE), 5);
	ck_assert_int_eq(t_pwrite(file, "x", 1, 50 * 4096), 1);
	for (int pass = 0; pass < 2; pass++) {
		loff_t end;

		ck_assert_int_eq(file_seek(file, 0, SEEK_DATA), 50 * 4096);
		end = file_seek(file, 50 * 4096, SEEK_HOLE);
		ck_assert(end > 50 * 4096 && end <= 51 * 4096);
		ck_assert_int_eq(file_seek(file, end, SEEK_DATA), -ENXIO);
		ck_assert_int_eq(t_fsync(file), 0);
	}
	ck_assert_int_eq(t_pwrite(file, "y", 1, 200 * 4096), 1); /* promised */
	ck_assert_int_eq(file_seek(file, 60 * 4096, SEEK_DATA), 200 * 4096);
	ck_assert_int_eq(file_seek(file, 200 * 4096, SEEK_HOLE), 200 * 4096 + 1);
	t_close(file);
	t_check();
}
END_TEST

/* ---- FIEMAP ---- */

struct map {
	struct fiemap head;
	struct fiemap_extent extents[32];
};

static int fiemap(struct file *f, u64 start, u64 length, u32 flags, u32 room, struct map *map)
{
	memset(map, 0, sizeof(*map));
	map->head = (struct fiemap){
	    .fm_start = start, .fm_length = length, .fm_flags = flags, .fm_extent_count = room};
	return (int)f->ops->ioctl(f, FS_IOC_FIEMAP, (unsigned long)map);
}

START_TEST(fiemap_shows_what_is_there_and_what_is_promised)
{
	struct map map;

	t_mkfs("-t ext4 -b 4096", 16384);
	t_mount_ok(NULL);
	file = t_open("f", O_RDWR | O_CREAT, 0644);
	ck_assert_int_eq(fiemap(file, 0, ~0ull, 0, 32, &map), 0);
	ck_assert_uint_eq(map.head.fm_mapped_extents, 0);
	ck_assert_int_eq(t_pwrite(file, model, 8192, 0), 8192);
	ck_assert_int_eq(fiemap(file, 0, ~0ull, 0, 32, &map), 0);
	ck_assert_uint_eq(map.head.fm_mapped_extents, 1);
	ck_assert_uint_eq(map.extents[0].fe_flags,
			  FIEMAP_EXTENT_DELALLOC | FIEMAP_EXTENT_UNKNOWN | FIEMAP_EXTENT_LAST);
	ck_assert_uint_eq(map.extents[0].fe_length, 8192);
	ck_assert_int_eq(vfs_fallocate(file, FALLOC_FL_KEEP_SIZE, 16384, 16384), 0);
	ck_assert_int_eq(fiemap(file, 0, ~0ull, FIEMAP_FLAG_SYNC, 32, &map), 0);
	ck_assert_uint_eq(map.head.fm_mapped_extents, 2);
	ck_assert_uint_eq(map.extents[0].fe_flags, 0);
	ck_assert_uint_ne(map.extents[0].fe_physical, 0);
	ck_assert_uint_eq(map.extents[1].fe_logical, 16384);
	ck_assert_uint_eq(map.extents[1].fe_length, 16384);
	ck_assert_uint_eq(map.extents[1].fe_flags, FIEMAP_EXTENT_UNWRITTEN | FIEMAP_EXTENT_LAST);
	/* a part, a count, too little room, what is not known */
	ck_assert_int_eq(fiemap(file, 5000, 100, 0, 32, &map), 0);
	ck_assert_uint_eq(map.head.fm_mapped_extents, 1);
	ck_assert_uint_eq(map.extents[0].fe_logical, 4096);
	ck_assert_uint_eq(map.extents[0].fe_length, 4096);
	ck_assert_int_eq(fiemap(file, 0, ~0ull, 0, 0, &map), 0);
	ck_assert_uint_eq(map.head.fm_mapped_extents, 2);
	ck_assert_int_eq(fiemap(file, 0, ~0ull, 0, 1, &map), 0);
	ck_assert_uint_eq(map.head.fm_mapped_extents, 1);
	ck_assert_uint_eq(map.extents[0].fe_flags, 0);
	ck_assert_int_eq(fiemap(file, 0, 0, 0, 1, &map), -EINVAL);
	ck_assert_int_eq(fiemap(file, 0, 1, 0x80, 1, &map), -EBADR);
	ck_assert_uint_eq(map.head.fm_flags, 0x80);
	ck_assert_int_eq(fiemap(file, 0, ~0ull, FIEMAP_FLAG_XATTR, 1, &map), 0);
	ck_assert_uint_eq(map.head.fm_mapped_extents, 0);
	t_close(file);
	t_check();
}
END_TEST

START_TEST(fiemap_shows_indirect_files)
{
	struct map map;
	u64 total = 0;

	t_mkfs("-t ext2 -b 1024", 16384);
	t_mount_ok(NULL);
	t_create("f", 600000, 1);
	file = t_open("f", O_RDONLY, 0);
	ck_assert_int_eq(fiemap(file, 0, ~0ull, FIEMAP_FLAG_SYNC, 32, &map), 0);
	for (u32 i = 0; i < map.head.fm_mapped_extents; i++) {
		ck_assert(map.extents[i].fe_flags & FIEMAP_EXTENT_MERGED);
		total += map.extents[i].fe_length;
	}
	ck_assert_uint_eq(total, round_up(600000u, 1024u));
	t_close(file);
	t_check();
}
END_TEST

/* ---- moving in deep trees ---- */

START_TEST(a_crumbled_file_is_collapsed_and_widened)
{
	enum { N = 900 };

	t_mkfs("-t ext4 -b 1024", 16384);
	t_mount_ok(NULL);
	file = t_open("f", O_RDWR | O_CREAT, 0644);
	for (u32 i = 0; i < N; i++) {
		u8 block[1024];

		t_pattern(block, sizeof(block), 0, i);
		ck_assert_int_eq(t_pwrite(file, block, sizeof(block), (u64)i * 2048), 1024);
	}
	ck_assert_int_eq(t_fsync(file), 0);
	ck_assert_int_eq(vfs_fallocate(file, FALLOC_FL_COLLAPSE_RANGE, 100 * 2048, 300 * 2048), 0);
	ck_assert_int_eq(vfs_fallocate(file, FALLOC_FL_INSERT_RANGE, 50 * 2048, 7 * 1024), 0);
	t_sync();
	t_drop_caches();
	for (u32 i = 0; i < N - 300; i++) {
		u64 at = (u64)i * 2048 + (i >= 50 ? 7 * 1024 : 0);
		u8 block[1024], back[1024];

		t_pattern(block, sizeof(block), 0, i < 100 ? i : i + 300);
		ck_assert_int_eq(t_pread(file, back, sizeof(back), at), 1024);
		ck_assert_msg(memcmp(block, back, sizeof(block)) == 0, "block %u", i);
	}
	t_close(file);
	t_check();
}
END_TEST

/* ---- write-back while blocks move ---- */

enum { BORDER = 100 * 1024 };

static int yields_left;

static void write_the_front_back(void)
{
	if (yields_left--)
		return;
	host_yield_hook = NULL;
	ck_assert_int_eq(pagecache_write_and_wait(&file->inode->mapping, 0, BORDER - 1), 0);
}

/* What is written back before the border between two steps of the move becomes one extent with
 * what is behind it. */
START_TEST(write_back_before_an_insertion_keeps_what_is_behind)
{
	t_mkfs("-t ext4 -b 1024", 16384);
	t_mount_ok(NULL);
	file = t_open("f", O_RDWR | O_CREAT, 0644);
	ck_assert_int_eq(vfs_fallocate(file, 0, 0, 2l * BORDER), 0);
	t_pattern(model, 2 * BORDER, 0, 1);
	ck_assert_int_eq(t_pwrite(file, model + BORDER, BORDER, BORDER), BORDER);
	ck_assert_int_eq(t_fsync(file), 0);
	ck_assert_int_eq(t_pwrite(file, model, BORDER, 0), BORDER);
	yields_left = _i;
	host_yield_hook = write_the_front_back;
	ck_assert_int_eq(vfs_fallocate(file, FALLOC_FL_INSERT_RANGE, BORDER, 4096), 0);
	host_yield_hook = NULL; /* there may be fewer */
	t_sync();
	t_drop_caches();
	ck_assert_int_eq(t_pread(file, scratch, BORDER, 0), BORDER);
	ck_assert(!memcmp(scratch, model, BORDER));
	ck_assert_int_eq(t_pread(file, scratch, BORDER, BORDER + 4096), BORDER);
	ck_assert(!memcmp(scratch, model + BORDER, BORDER));
	t_close(file);
	t_check();
}
END_TEST

START_TEST(truncating_to_the_same_size_frees_what_lies_behind)
{
	struct vfs_stat st;

	t_mkfs("-t ext4 -b 4096", 16384);
	t_mount_ok(NULL);
	t_create("f", 10000, 1);
	t_sync();
	file = t_open("f", O_RDWR, 0);
	ck_assert_int_eq(vfs_fallocate(file, FALLOC_FL_KEEP_SIZE, 0, 1000000), 0);
	t_close(file);
	ck_assert_int_eq(t_stat("f", &st), 0);
	ck_assert_uint_gt(st.blocks, 1900);
	ck_assert_int_eq(t_truncate("f", 10000), 0);
	ck_assert_int_eq(t_stat("f", &st), 0);
	ck_assert_uint_eq(st.blocks, 24);
	t_expect("f", 10000, 1);
	t_check();
}
END_TEST

START_TEST(wrong_arguments_are_refused)
{
	t_mkfs("-t ext4 -b 4096", 16384);
	t_mount_ok(NULL);
	t_create("f", 100000, 1);
	file = t_open("f", O_RDWR, 0);
	static const struct {
		int mode;
		loff_t at, n;
		int err;
	} cases[] = {
	    {FALLOC_FL_COLLAPSE_RANGE, 0, 100, -EINVAL},
	    {FALLOC_FL_COLLAPSE_RANGE, 100, 4096, -EINVAL},
	    {FALLOC_FL_COLLAPSE_RANGE, 0, 200 * 4096, -EINVAL},
	    {FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_KEEP_SIZE, 0, 4096, -EINVAL},
	    {FALLOC_FL_INSERT_RANGE, 1, 4096, -EINVAL},
	    {FALLOC_FL_INSERT_RANGE, 200 * 4096, 4096, -EINVAL},
	    {FALLOC_FL_INSERT_RANGE | FALLOC_FL_ZERO_RANGE, 0, 4096, -EINVAL},
	    {FALLOC_FL_INSERT_RANGE, 0, 1ll << 44, -EFBIG},
	    {FALLOC_FL_PUNCH_HOLE, 0, 4096, -EOPNOTSUPP},
	    {FALLOC_FL_UNSHARE_RANGE, 0, 4096, -EOPNOTSUPP},
	    {0, 1ll << 44, 1, -EFBIG},
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		ck_assert_msg(vfs_fallocate(file, cases[i].mode, cases[i].at, cases[i].n) ==
				  cases[i].err,
			      "case %zu", i);
	t_close(file);
	t_expect("f", 100000, 1);
	t_check();
}
END_TEST

Suite *suite_ext4_falloc(void)
{
	Suite *suite = suite_create("ext4_falloc");
	TCase *tcase = tcase_create("ext4_falloc");

	tcase_set_timeout(tcase, 300);
	tcase_add_loop_test(tcase, random_changes_agree_with_a_model, 0, 12);
	tcase_add_loop_test(tcase, written_blocks_of_a_preallocated_file_are_data, 0, 3);
	tcase_add_test(tcase, fiemap_shows_what_is_there_and_what_is_promised);
	tcase_add_test(tcase, fiemap_shows_indirect_files);
	tcase_add_test(tcase, a_crumbled_file_is_collapsed_and_widened);
	tcase_add_loop_test(tcase, write_back_before_an_insertion_keeps_what_is_behind, 0, 4);
	tcase_add_test(tcase, truncating_to_the_same_size_frees_what_lies_behind);
	tcase_add_test(tcase, wrong_arguments_are_refused);
	suite_add_tcase(suite, tcase);
	return suite;
}
