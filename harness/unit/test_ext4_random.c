/*
 * A seeded exerciser: random operations on a volume and on a model in memory. Every step's result
 * must be the model's; from time to time, and at the end, the volume is unmounted, checked by
 * e2fsck, read by libext2fs, mounted again, and must still be the model's.
 *
 * EXT4_RANDOM_STEPS and EXT4_RANDOM_SEED in the environment make longer and other runs,
 * EXT4_RANDOM_ONLY runs one row of the table.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "ext4_test.h"
#include "ext4_tree.h"

enum {
	OBJECTS = 80,    /* inodes alive at most */
	NAMES = 120,     /* names at most */
	OPEN = 4,        /* files held open */
	LARGEST = 400000 /* bytes in a file */
};

struct object {
	bool used;
	u32 mode; /* type and permissions */
	u32 links, opens;
	u32 size;
	u8 *data; /* LARGEST bytes; of a link: its target */
	u32 rdev_major, rdev_minor;
	u32 attribute, attribute_seed; /* size of its extended attribute plus 1; 0: none */
};

struct name {
	bool used;
	int object;
	int parent; /* index of the directory's name; -1: the root */
	char name[40];
};

static struct object objects[OBJECTS];
static struct name names[NAMES];
static struct {
	struct file *file;
	int object;
} held[OPEN];
static u64 state;
static u32 move_unit;  /* collapse and insert move multiples of this */
static bool has_punch; /* the engine punches holes on this volume */

static u32 pick(u32 n)
{
	return t_random(&state) % n;
}

static const char *path_of(int n)
{
	static char ring[4][2200];
	static unsigned next;
	char *path = ring[next++ % 4], upper[2100] = "";

	for (int at = n; at >= 0; at = names[at].parent) {
		snprintf(path, sizeof(ring[0]), "%s%s%s", names[at].name, *upper ? "/" : "", upper);
		memcpy(upper, path, min(sizeof(upper), strlen(path) + 1));
	}
	strcpy(path, upper);
	return path;
}

static bool is_dir(int n)
{
	return n < 0 || S_ISDIR(objects[names[n].object].mode);
}

/* A random name that satisfies the predicate, or -2. */
static int pick_name(bool (*wanted)(int n))
{
	u32 start = pick(NAMES);

	for (u32 i = 0; i < NAMES; i++) {
		int n = (int)((start + i) % NAMES);
		if (names[n].used && (!wanted || wanted(n)))
			return n;
	}
	return -2;
}

static bool wants_dir(int n)
{
	return is_dir(n);
}

static bool wants_file(int n)
{
	return S_ISREG(objects[names[n].object].mode);
}

static bool wants_linkable(int n)
{
	return !is_dir(n);
}

static int pick_dir(void)
{
	int n = pick(3) ? pick_name(wants_dir) : -1;

	return n == -2 ? -1 : n;
}

static bool dir_empty(int dir)
{
	for (int n = 0; n < NAMES; n++)
		if (names[n].used && names[n].parent == dir)
			return false;
	return true;
}

static int find_name(int parent, const char *text)
{
	for (int n = 0; n < NAMES; n++)
		if (names[n].used && names[n].parent == parent && !strcmp(names[n].name, text))
			return n;
	return -2;
}

static int depth_of(int n)
{
	int depth = 0;

	for (; n >= 0; n = names[n].parent)
		depth++;
	return depth;
}

static bool is_inside(int n, int dir)
{
	for (; n >= 0; n = names[n].parent)
		if (n == dir)
			return true;
	return dir < 0;
}

static int free_object(void)
{
	for (int i = 0; i < OBJECTS; i++)
		if (!objects[i].used)
			return i;
	return -1;
}

static int free_name(void)
{
	for (int n = 0; n < NAMES; n++)
		if (!names[n].used)
			return n;
	return -1;
}

static void object_drop(int i)
{
	struct object *o = &objects[i];

	if (o->links || o->opens)
		return;
	free(o->data);
	*o = (struct object){0};
}

static int object_new(u32 mode)
{
	int i = free_object();

	ck_assert_int_ge(i, 0);
	objects[i] = (struct object){.used = true, .mode = mode, .data = calloc(1, LARGEST)};
	return i;
}

static void make_text(char *text)
{
	u32 number = pick(40), length = pick(20);

	memset(text, 'x', length);
	snprintf(text + length, 12, "%u", number);
}

static void name_set(int n, int parent, const char *text, int object)
{
	names[n] = (struct name){.used = true, .object = object, .parent = parent};
	strcpy(names[n].name, text);
	objects[object].links++;
}

static void name_drop(int n)
{
	int i = names[n].object;

	names[n].used = false;
	objects[i].links--;
	object_drop(i);
}

static void expect(int got, int want, const char *what, const char *path)
{
	ck_assert_msg(got == want, "%s %s: %d, not %d: %s", what, path, got, want, log_captured());
}

/* ---- the operations ---- */

static void do_create(void)
{
	int dir = pick_dir(), n = free_name();
	char text[40], path[2300];
	u32 kind = pick(12);

	make_text(text);
	if (n < 0 || free_object() < 0 || depth_of(dir) > 6)
		return;
	snprintf(path, sizeof(path), "%s%s%s", path_of(dir), dir >= 0 ? "/" : "", text);
	int want = find_name(dir, text) == -2 ? 0 : -EEXIST;
	struct object made = {0};
	char target[1200];

	if (kind == 0) {
		made.mode = S_IFIFO | 0640;
		expect(t_mknod(path, made.mode, 0, 0), want, "mknod", path);
	} else if (kind == 1) {
		made.mode = S_IFCHR | 0600;
		made.rdev_major = pick(2) ? pick(200) : 300 + pick(3000);
		made.rdev_minor = pick(2) ? pick(200) : pick(1 << 20);
		expect(t_mknod(path, made.mode, made.rdev_major, made.rdev_minor), want, "mknod",
		       path);
	} else if (kind < 4) {
		made.size = 1 + pick(pick(2) ? 80 : 1000);
		memset(target, 'a' + (int)pick(26), made.size);
		target[made.size] = '\0';
		made.mode = S_IFLNK | 0777;
		expect(t_symlink(target, path), want, "symlink", path);
	} else if (kind < 7) {
		made.mode = S_IFDIR | 0755;
		expect(t_mkdir(path), want, "mkdir", path);
	} else {
		made.mode = S_IFREG | 0644;
		expect(t_open_error(path, O_CREAT | O_EXCL | O_WRONLY, 0644), want, "create", path);
	}
	if (want)
		return;
	int i = object_new(made.mode);
	made.data = objects[i].data;
	made.used = true;
	if (S_ISLNK(made.mode))
		memcpy(made.data, target, made.size);
	objects[i] = made;
	name_set(n, dir, text, i);
}

static void do_write(void)
{
	static u8 buf[LARGEST];
	int n = pick_name(wants_file);

	if (n < 0)
		return;
	struct object *o = &objects[names[n].object];
	u32 at = pick(3) ? pick(o->size + 1) : pick(LARGEST - 1);
	u32 length = 1 + pick(pick(4) ? 9000 : 100000);
	length = min(length, LARGEST - at);
	t_pattern(buf, length, at, pick(1000));
	struct file *file = t_open(path_of(n), O_WRONLY, 0);
	long done = t_pwrite(file, buf, length, at);
	ck_assert_msg(done == (long)length, "write %u at %u of %s: %ld: %s", length, at, path_of(n),
		      done, log_captured());
	t_close(file);
	memcpy(o->data + at, buf, length);
	o->size = max(o->size, at + length);
}

static void do_truncate(void)
{
	int n = pick_name(wants_file);

	if (n < 0)
		return;
	struct object *o = &objects[names[n].object];
	u32 size = pick(3) ? pick(o->size + 1) : pick(LARGEST);
	expect(t_truncate(path_of(n), size), 0, "truncate", path_of(n));
	if (size < o->size)
		memset(o->data + size, 0, o->size - size);
	o->size = size;
}

static void do_fallocate(void)
{
	int n = pick_name(wants_file);

	if (n < 0)
		return;
	struct object *o = &objects[names[n].object];
	u32 at = pick(LARGEST - 1), length = 1 + pick(min(60000u, LARGEST - at));
	static const int modes[] = {0,
				    FALLOC_FL_KEEP_SIZE,
				    FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				    FALLOC_FL_ZERO_RANGE,
				    FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE,
				    FALLOC_FL_COLLAPSE_RANGE,
				    FALLOC_FL_INSERT_RANGE};
	int mode = modes[pick(ARRAY_SIZE(modes))];
	bool moves = mode & (FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_INSERT_RANGE);
	if (moves) {
		at = round_down(at, move_unit);
		length = round_up(length, move_unit);
		u32 needs = mode == FALLOC_FL_COLLAPSE_RANGE ? at + length : at;
		if (needs >= o->size ||
		    (mode == FALLOC_FL_INSERT_RANGE && o->size + length > LARGEST))
			return;
	}
	struct file *file = t_open(path_of(n), O_RDWR, 0);
	int error = vfs_fallocate(file, mode, at, length);
	t_close(file);
	if (error == -EOPNOTSUPP)
		return;
	expect(error, 0, "fallocate", path_of(n));
	if (mode == FALLOC_FL_COLLAPSE_RANGE) {
		o->size -= length;
		memmove(o->data + at, o->data + at + length, o->size - at);
		memset(o->data + o->size, 0, length);
	} else if (mode == FALLOC_FL_INSERT_RANGE) {
		memmove(o->data + at + length, o->data + at, o->size - at);
		memset(o->data + at, 0, length);
		o->size += length;
	}
	if (moves)
		return;
	if (mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE))
		if (at < o->size)
			memset(o->data + at, 0, min(length, o->size - at));
	if (!(mode & FALLOC_FL_KEEP_SIZE))
		o->size = max(o->size, at + length);
	has_punch = true;
}

static void do_unlink(void)
{
	int n = pick_name(wants_linkable);

	if (n < 0)
		return;
	expect(t_unlink(path_of(n)), 0, "unlink", path_of(n));
	name_drop(n);
}

static void do_rmdir(void)
{
	int n = pick_name(wants_dir);

	if (n < 0)
		return;
	bool empty = dir_empty(n);
	expect(t_rmdir(path_of(n)), empty ? 0 : -ENOTEMPTY, "rmdir", path_of(n));
	if (empty)
		name_drop(n);
}

static void do_link(void)
{
	int from = pick_name(wants_linkable), dir = pick_dir(), n = free_name();
	char text[40], path[2300];

	make_text(text);
	if (from < 0 || n < 0 || depth_of(dir) > 6)
		return;
	snprintf(path, sizeof(path), "%s%s%s", path_of(dir), dir >= 0 ? "/" : "", text);
	int want = find_name(dir, text) == -2 ? 0 : -EEXIST;
	expect(t_link(path_of(from), path), want, "link", path);
	if (!want)
		name_set(n, dir, text, names[from].object);
}

/* What rename(2) says to this, by the model. */
static int rename_result(int from, int dir, int to, unsigned flags)
{
	if (to == -2)
		return flags & RENAME_EXCHANGE                ? -ENOENT
		       : is_dir(from) && is_inside(dir, from) ? -EINVAL
							      : 0;
	if (flags & RENAME_NOREPLACE)
		return -EEXIST;
	if (is_dir(from) && is_inside(dir, from))
		return -EINVAL;
	if (is_dir(to) && is_inside(names[from].parent, to))
		return flags & RENAME_EXCHANGE ? -EINVAL : -ENOTEMPTY;
	if ((flags & RENAME_EXCHANGE) || names[from].object == names[to].object)
		return 0;
	if (is_dir(from) && !is_dir(to))
		return -ENOTDIR;
	if (!is_dir(from) && is_dir(to))
		return -EISDIR;
	return is_dir(to) && !dir_empty(to) ? -ENOTEMPTY : 0;
}

static void do_rename(void)
{
	static const unsigned kinds[] = {0, 0, 0, RENAME_NOREPLACE, RENAME_EXCHANGE};
	int from = pick_name(NULL), dir = pick_dir();
	unsigned flags = kinds[pick(ARRAY_SIZE(kinds))];
	char text[40], path[2300];

	make_text(text);
	if (from < 0 || depth_of(dir) > 6)
		return;
	int to = find_name(dir, text);
	if (to == -2 && pick(2)) { /* aim at what is there */
		to = pick_name(NULL);
		dir = names[to].parent;
		strcpy(text, names[to].name);
	}
	if (depth_of(dir) > 6)
		return;
	snprintf(path, sizeof(path), "%s%s%s", path_of(dir), dir >= 0 ? "/" : "", text);
	int want = rename_result(from, dir, to, flags);
	expect(t_rename(path_of(from), path, flags), want, "rename to", path);
	if (want || from == to || (to >= 0 && names[from].object == names[to].object))
		return;
	if (flags & RENAME_EXCHANGE) {
		int object = names[from].object;
		/* What is in a directory goes with it. */
		for (int n = 0; n < NAMES; n++)
			if (names[n].used && (names[n].parent == from || names[n].parent == to))
				names[n].parent = names[n].parent == from ? to : from;
		names[from].object = names[to].object;
		names[to].object = object;
		return;
	}
	if (to >= 0)
		name_drop(to);
	names[from].parent = dir;
	strcpy(names[from].name, text);
}

static void do_hold(void)
{
	u32 slot = pick(OPEN);
	int n = pick_name(wants_file);

	if (held[slot].file) {
		struct object *o = &objects[held[slot].object];
		u8 c = 0;
		if (o->size) {
			u32 at = pick(o->size);
			ck_assert_int_eq(t_pread(held[slot].file, &c, 1, at), 1);
			ck_assert_uint_eq(c, o->data[at]);
		}
		t_close(held[slot].file);
		held[slot].file = NULL;
		o->opens--;
		object_drop(held[slot].object);
	} else if (n >= 0) {
		held[slot].file = t_open(path_of(n), O_RDWR, 0);
		held[slot].object = names[n].object;
		objects[names[n].object].opens++;
	}
}

static void do_chmod(void)
{
	int n = pick_name(wants_file);
	u32 mode = pick(07777 + 1), id = pick(3) ? pick(60000) : 70000 + pick(1000000);
	struct attr attr = {
	    .valid = ATTR_MODE | ATTR_UID | ATTR_GID, .mode = mode, .uid = id, .gid = id + 1};

	if (n < 0)
		return;
	expect(t_setattr(path_of(n), &attr), 0, "setattr", path_of(n));
	struct object *o = &objects[names[n].object];
	o->mode = S_IFREG | mode;
	/* chown may clear set-ID bits that chmod set at once: the kernel's own view decides */
	struct vfs_stat st;
	expect(t_stat(path_of(n), &st), 0, "stat", path_of(n));
	ck_assert_uint_eq(st.mode & 01777, mode & 01777);
	o->mode = st.mode;
}

static void do_attribute(void)
{
	static u8 value[4000];
	int n = pick_name(NULL);

	if (n < 0)
		return;
	struct object *o = &objects[names[n].object];
	u32 size = pick(3) ? pick(60) : pick(sizeof(value)), seed = pick(3);

	if (pick(3) == 0) {
		expect(t_removexattr(path_of(n), "trusted.x"), o->attribute ? 0 : -ENODATA,
		       "removexattr", path_of(n));
		o->attribute = 0;
		return;
	}
	t_pattern(value, size, 0, seed);
	int error = t_setxattr(path_of(n), "trusted.x", value, size, 0);

	if ((error == -ENOSPC && size > 50) || error == -EOPNOTSUPP) /* revision 0 has none */
		return;
	expect(error, 0, "setxattr", path_of(n));
	o->attribute = size + 1;
	o->attribute_seed = seed;
}

static void do_flush(void)
{
	u32 kind = pick(4);
	int n = pick_name(wants_file);

	if (kind == 0) {
		t_sync();
	} else if (kind == 1) {
		t_drop_caches();
	} else if (n >= 0) {
		struct file *file = t_open(path_of(n), O_RDONLY, 0);
		expect(t_fsync(file), 0, "fsync", path_of(n));
		t_close(file);
	}
}

/* ---- comparing ---- */

static void verify_file(int n)
{
	static u8 buf[LARGEST + 1];
	struct object *o = &objects[names[n].object];
	struct file *file = t_open(path_of(n), O_RDONLY | O_NOATIME, 0);
	long got = t_pread(file, buf, sizeof(buf), 0);

	ck_assert_msg(got == (long)o->size, "read %s: %ld, not %u: %s", path_of(n), got, o->size,
		      log_captured());
	for (u32 i = 0; memcmp(buf, o->data, o->size) && i < o->size; i++)
		ck_assert_msg(buf[i] == o->data[i], "%s: byte %u is %#x, not %#x", path_of(n), i,
			      buf[i], o->data[i]);
	t_close(file);
}

static void verify_attribute(int n)
{
	static u8 value[5000], wanted[5000];
	struct object *o = &objects[names[n].object];
	int got = (int)t_getxattr(path_of(n), "trusted.x", value, sizeof(value));

	expect(got, o->attribute ? (int)o->attribute - 1 : -ENODATA, "getxattr", path_of(n));
	if (got <= 0)
		return;
	t_pattern(wanted, (size_t)got, 0, o->attribute_seed);
	ck_assert_int_eq(memcmp(value, wanted, (size_t)got), 0);
}

static void verify(void)
{
	char target[4100];

	for (int n = -1; n < NAMES; n++) {
		struct vfs_stat st;

		if (n >= 0 && !names[n].used)
			continue;
		expect(t_stat(path_of(n), &st), 0, "stat", path_of(n));
		if (n >= 0)
			verify_attribute(n);
		if (is_dir(n)) {
			int in_it = n < 0 ? 1 : 0; /* lost+found */
			u32 dirs = n < 0 ? 3 : 2;
			for (int i = 0; i < NAMES; i++)
				if (names[i].used && names[i].parent == n) {
					in_it++;
					dirs += is_dir(i);
				}
			expect(t_list(path_of(n), NULL), in_it, "list", path_of(n));
			ck_assert_uint_eq(st.nlink, dirs);
			continue;
		}
		struct object *o = &objects[names[n].object];
		ck_assert_uint_eq(st.mode, o->mode);
		ck_assert_uint_eq(st.nlink, o->links);
		ck_assert_uint_eq(st.size, o->size);
		if (S_ISREG(o->mode)) {
			verify_file(n);
		} else if (S_ISLNK(o->mode)) {
			expect(t_readlink(path_of(n), target, sizeof(target)), 0, "readlink",
			       path_of(n));
			ck_assert_int_eq(memcmp(target, o->data, o->size), 0);
		} else if (S_ISCHR(o->mode)) {
			ck_assert_uint_eq(st.rdev_major, o->rdev_major);
			ck_assert_uint_eq(st.rdev_minor, o->rdev_minor);
		}
	}
}

static void let_go(void)
{
	for (int i = 0; i < OPEN; i++)
		if (held[i].file) {
			t_close(held[i].file);
			held[i].file = NULL;
			objects[held[i].object].opens--;
			object_drop(held[i].object);
		}
}

static void step(void)
{
	static void (*const operations[])(void) = {
	    do_create,    do_create,   do_create, do_create, do_write,     do_write,     do_write,
	    do_write,     do_truncate, do_unlink, do_rmdir,  do_link,      do_rename,    do_rename,
	    do_fallocate, do_hold,     do_chmod,  do_flush,  do_attribute, do_attribute,
	};

	operations[pick(ARRAY_SIZE(operations))]();
}

static const char *const volumes[] = {
    "-t ext4 -b 1024",
    "-t ext4 -b 4096",
    "-t ext2 -b 1024",
    "-t ext2 -b 4096",
    "-t ext3 -b 2048",
    "-t ext4 -b 1024 -O ^extent,^64bit -I 128",
    "-t ext4 -b 2048 -O ^metadata_csum,uninit_bg,^flex_bg -I 1024",
    "-t ext4 -b 1024 -O meta_bg,^resize_inode,^dir_index,^has_journal -g 1024",
    "-t ext2 -b 1024 -r 0",
    "-t ext4 -b 4096 -O ^huge_file,^dir_nlink,^extra_isize,metadata_csum_seed,large_dir",
    "-t ext4 -b 2048 -O ^64bit",
    "-t ext4 -b 1024 -O ^has_journal,^flex_bg,quota",
    "-t ext3 -b 4096",
    "-t ext4 -b 1024 -O inline_data,ea_inode",
    "-t ext4 -b 1024 -O bigalloc -C 16384",
    "-t ext4 -b 4096 -O bigalloc -C 65536",
    "-t ext4 -b 2048 -O bigalloc,inline_data,ea_inode,^has_journal -C 8192",
    "-t ext4 -b 4096 -O bigalloc -C 1048576",
};

static void exercise(const char *mkfs, u64 seed)
{
	const char *steps = getenv("EXT4_RANDOM_STEPS"), *other = getenv("EXT4_RANDOM_SEED");
	u32 n = steps ? (u32)atoi(steps) : 300;

	state = seed * 7919 + (other ? (u64)atoi(other) : 1);
	const char *cluster = strstr(mkfs, "-C ");
	u32 size = cluster ? (u32)atoi(cluster + 3) : 0;
	move_unit = max(size, 4096u);
	t_mkfs(mkfs, size >= 1048576 ? 524288 : size >= 65536 ? 163840 : 40960);
	t_mount_ok(NULL);
	for (u32 i = 1; i <= n; i++) {
		step();
		if (pick(100) == 0)
			verify();
		if (pick(300) == 0 || i == n) {
			let_go();
			verify();
			t_check_tree();
			t_mount_ok(NULL);
			verify();
		}
	}
	t_check();
	for (int i = 0; i < NAMES; i++)
		if (names[i].used)
			name_drop(i);
}

START_TEST(the_volume_is_what_the_model_says)
{
	const char *only = getenv("EXT4_RANDOM_ONLY");

	if (!only || atoi(only) == _i)
		exercise(volumes[_i % ARRAY_SIZE(volumes)], (u64)_i);
}
END_TEST

Suite *suite_ext4_random(void)
{
	Suite *s = suite_create("ext4_random");

	suite_add_loop(s, NULL, the_volume_is_what_the_model_says, 2 * ARRAY_SIZE(volumes));
	return s;
}
