/*
 * What is going on when the power fails. Writes begin and end, and files are cut, at multiples of 8
 * bytes, so that every word of a file has one writer.
 */
#include <errno.h>
#include <sys/stat.h>

#include "crash.h"
#include "crash_layout.h"
#include "ext4_test.h"

#include "ext4/ext4_int.h"
#include "vfs/mount.h"
#include "vfs/pagecache.h"

#include <linux/falloc.h>
#include <linux/fcntl.h>
#include <linux/fs.h>

#define EXT4   "-t ext4 -b 1024 -N 512 -J size=1 -I 256"
#define BIG    EXT4 " -O bigalloc -C 16384"
#define QUOTA  " -O quota,project"
#define EXT3   "-t ext3 -b 1024 -N 512 -J size=1"
#define KIB    4096
#define INLINE EXT4 " -O inline_data"

static void ok(int err, const char *what)
{
	ck_assert_msg(err >= 0, "%s: error %d: %s", what, err, log_captured());
}

/* ---- single operations, and pairs of them ---- */

static bool is(const char *path, u32 type)
{
	struct vfs_stat st;

	return t_stat(path, &st) == 0 && (st.mode & S_IFMT) == type;
}

/* Files that are on the disk before anything happens. */
static void prepare_tree(void)
{
	ok(t_mkdir("d"), "mkdir");
	ok(t_mkdir("d/sub"), "mkdir");
	ok(t_mkdir("empty"), "mkdir");
	crash_keep("old", 20000, crash_write("old", 20000));
	crash_keep("d/in", 3000, crash_write("d/in", 3000));
	crash_write("a", 9000);
	crash_write("b", 5000);
	crash_write("big", 300000);
	ok(t_symlink("target", "s"), "symlink");
}

static void do_create(void)
{
	crash_write("new", 0);
}
static void do_write(void)
{
	crash_write("new2", 7000);
}
static void do_append(void)
{
	crash_write_at("a", 9000, 6000);
}
static void do_overwrite(void)
{
	if (!is("b", S_IFDIR))
		crash_write_at("b", 1000, 3000);
}
static void do_shrink(void)
{
	if (t_exists("big"))
		ok(t_truncate("big", 5000), "truncate");
}
static void do_empty(void)
{
	if (t_exists("a"))
		ok(t_truncate("a", 0), "truncate");
}
static void do_extend(void)
{
	if (is("b", S_IFREG))
		ok(t_truncate("b", 50000), "truncate");
}
static void do_mkdir(void)
{
	if (!t_exists("d/fresh"))
		ok(t_mkdir("d/fresh"), "mkdir");
}
static void do_rmdir(void)
{
	if (is("empty", S_IFDIR) && !t_exists("empty/sub"))
		ok(t_rmdir("empty"), "rmdir");
}
static void do_unlink(void)
{
	if (t_exists("a"))
		ok(t_unlink("a"), "unlink");
}
static void do_unlink_big(void)
{
	if (t_exists("big"))
		ok(t_unlink("big"), "unlink");
}
static void do_link(void)
{
	if (is("b", S_IFREG) && !t_exists("d/b2")) {
		crash_linked("d/b2", "b");
		ok(t_link("b", "d/b2"), "link");
	}
}
static void do_symlink(void)
{
	char target[200];

	memset(target, 'x', sizeof(target));
	target[199] = '\0';
	if (!t_exists("long"))
		ok(t_symlink(target, "long"), "symlink");
}
static void do_rename(void)
{
	if (is("b", S_IFREG)) {
		crash_alias("d/moved", "b");
		ok(t_rename("b", "d/moved", 0), "rename");
	}
}
static void do_rename_over(void)
{
	if (t_exists("a") && is("b", S_IFREG)) {
		crash_alias("b", "a");
		ok(t_rename("a", "b", 0), "rename");
	}
}
static void do_rename_dir(void)
{
	if (t_exists("d/sub") && is("empty", S_IFDIR))
		ok(t_rename("d/sub", "empty/sub", 0), "rename");
}
static void do_exchange(void)
{
	if (!t_exists("b") || !t_exists("empty"))
		return;
	crash_alias("empty", "b");
	crash_alias("b", "empty");
	ok(t_rename("b", "empty", RENAME_EXCHANGE), "exchange");
}
static void do_mknod(void)
{
	if (!t_exists("dev"))
		ok(t_mknod("dev", S_IFCHR | 0600, 4, 64), "mknod");
}
static void do_sync(void)
{
	t_sync();
}

static const struct {
	const char *name;
	void (*run)(void);
} operations[] = {
    {"create", do_create},
    {"write", do_write},
    {"append", do_append},
    {"overwrite", do_overwrite},
    {"shrink", do_shrink},
    {"empty", do_empty},
    {"extend", do_extend},
    {"mkdir", do_mkdir},
    {"rmdir", do_rmdir},
    {"unlink", do_unlink},
    {"unlink big", do_unlink_big},
    {"link", do_link},
    {"symlink", do_symlink},
    {"rename", do_rename},
    {"rename over", do_rename_over},
    {"rename dir", do_rename_dir},
    {"exchange", do_exchange},
    {"mknod", do_mknod},
    {"sync", do_sync},
};
#define OPERATIONS 19u
_Static_assert(ARRAY_SIZE(operations) == OPERATIONS, "the number of variants");

static void run_single(unsigned variant)
{
	operations[variant].run();
	t_sync();
}

static void run_pair(unsigned variant)
{
	operations[variant / OPERATIONS].run();
	operations[variant % OPERATIONS].run();
	t_sync();
}

/* ---- mixes ---- */

static void run_mix(unsigned variant)
{
	u64 state = variant * 1000 + 17;

	for (int i = 0; i < 60; i++) {
		char path[32], other[32];
		u32 which = t_random(&state) % 100;

		snprintf(path, sizeof(path), "%sm%u", t_random(&state) % 2 ? "d/" : "",
			 t_random(&state) % 8);
		snprintf(other, sizeof(other), "%sm%u", t_random(&state) % 2 ? "d/" : "",
			 t_random(&state) % 8);
		bool there = t_exists(path), same = strcmp(path, other) == 0;
		u32 size = t_random(&state) % 20000 & ~7u;

		if (which < 30) {
			crash_write_at(path, t_random(&state) % 30000 & ~7u, size);
		} else if (which < 40 && there) {
			ok(t_truncate(path, size), "truncate");
		} else if (which < 55 && there) {
			ok(t_unlink(path), "unlink");
		} else if (which < 70 && there && !same) {
			crash_alias(other, path);
			ok(t_rename(path, other, 0), "rename");
		} else if (which < 78 && there && !t_exists(other)) {
			crash_linked(other, path);
			ok(t_link(path, other), "link");
		} else if (which < 84) {
			snprintf(path, sizeof(path), "d/dir%u", t_random(&state) % 3);
			ok(t_exists(path) ? t_rmdir(path) : t_mkdir(path), "mkdir");
		} else if (which < 94 && there) {
			crash_fsync(path);
		} else if (which >= 97) {
			t_sync();
		}
	}
}

/* ---- what programs do ---- */

static void run_untar(unsigned variant)
{
	char path[64];

	for (unsigned d = 0; d < 6; d++) {
		snprintf(path, sizeof(path), "src%u", d);
		ok(t_mkdir(path), "mkdir");
		for (unsigned f = 0; f < 14; f++) {
			snprintf(path, sizeof(path), "src%u/file-with-a-name-%u.c", d, f);
			crash_write(path, (f * 976 + d * 3000 + variant * 8) % 12000);
		}
		snprintf(path, sizeof(path), "src%u/link", d);
		ok(t_symlink("file-with-a-name-1.c", path), "symlink");
		if (d == 3)
			t_sync();
	}
	t_sync();
	for (unsigned f = 0; f < 14; f++) {
		snprintf(path, sizeof(path), "src2/file-with-a-name-%u.c", f);
		ok(t_unlink(path), "unlink");
	}
}

/* One directory grows until it has an index, and its blocks split. */
static void run_split(unsigned variant)
{
	char path[128];

	for (unsigned i = 0; i < 130; i++) {
		snprintf(path, sizeof(path), "d/an-entry-of-a-directory-that-grows-and-grows-%u-%u",
			 variant, i);
		crash_write(path, i % 10 == 0 ? 100 : 0);
		if (i % 40 == 39)
			crash_fsync(path);
	}
	t_sync();
	for (unsigned i = 0; i < 130; i += 2) {
		snprintf(path, sizeof(path), "d/an-entry-of-a-directory-that-grows-and-grows-%u-%u",
			 variant, i);
		ok(t_unlink(path), "unlink");
	}
}

/* A log file or a database: every record must be there once fsync has returned. */
static void run_appends(unsigned variant)
{
	struct file *file = t_open("log", O_RDWR | O_CREAT | (variant & 1 ? O_DSYNC : 0), 0644);
	u32 seed = crash_seed("log"), step = 304 + variant * 528;
	u8 data[4096];

	for (unsigned i = 0; i < 40; i++) {
		t_pattern(data, step, (u64)i * step, seed);
		ck_assert_int_eq(t_pwrite(file, data, step, (u64)i * step), step);
		if (!(variant & 1))
			ck_assert_int_eq(vfs_fsync(file, 0, S64_MAX, variant & 2), 0);
		crash_keep_start("log", (u64)(i + 1) * step, seed);
	}
	t_close(file);
}

/* A database: blocks are overwritten in place, and fdatasync has nothing to commit. */
static void run_overwrites(unsigned variant)
{
	u64 size = 3000 + variant * 4000;

	crash_write("table", size);
	crash_fsync("table");
	for (unsigned i = 0; i < 12; i++) {
		u32 seed = crash_write("table", size);
		struct file *file = t_open("table", O_RDWR, 0);

		ok(vfs_fsync(file, 0, S64_MAX, true), "fdatasync");
		t_close(file);
		crash_keep("table", size, seed);
	}
}

/* An editor: the new version is written beside the old one and renamed over it. */
static void run_replace(unsigned variant)
{
	u64 size = 4000;
	u32 seed = crash_write("config", size);

	crash_fsync("config");
	crash_keep("config", size, seed);
	for (unsigned i = 0; i < 8; i++) {
		u64 next = 1000 + (i * 3776 + variant * 504) % 15000;
		u32 fresh = crash_write("config.new", next);

		crash_fsync("config.new");
		crash_alias("config", "config.new");
		crash_either("config", size, seed, next, fresh);
		ok(t_rename("config.new", "config", 0), "rename");
		if (i % 3 == 2) {
			t_sync();
			crash_keep("config", next, fresh);
		}
		size = next;
		seed = fresh;
	}
}

/* Files that come and go, whose blocks are then other files': no block shows up in the wrong one.
 */
static void run_reuse(unsigned variant)
{
	char path[32];

	for (unsigned i = 0; i < 24; i++) {
		snprintf(path, sizeof(path), "t%u", i % 4);
		crash_change(path);
		if (i >= 4) {
			if ((i + variant) % 3 == 0)
				ok(t_truncate(path, 1500), "truncate");
			else
				ok(t_unlink(path), "unlink");
		}
		if (i % 5 == 4) /* directories are metadata: their blocks must be revoked */
			ok(t_mkdir(i % 2 ? "rd" : "re"), "mkdir");
		if (i % 5 == 3 && i > 5)
			(void)t_rmdir(i % 2 ? "re" : "rd");
		u32 seed = crash_write(path, 30000 + i * 1000);
		if (i % 2) {
			crash_fsync(path);
			crash_keep(path, 30000 + i * 1000, seed);
		}
	}
	t_sync();
}

static void run_truncates(unsigned variant)
{
	u64 size = 400000;

	crash_write("t", size);
	t_sync();
	for (unsigned i = 0; i < 10; i++) {
		size = (size * 3 / 5 + variant * 88) & ~7ull;
		ok(t_truncate("t", size), "truncate");
		if (i % 2)
			crash_fsync("t");
		crash_write_at("t", size, 3000);
		size += 3000;
	}
	ok(t_truncate("t", 0), "truncate");
	t_sync();
}

/* An open file loses its last name, and is used until it is closed. */
static void run_orphans(unsigned variant)
{
	struct file *files[6];
	char path[32];

	for (unsigned i = 0; i < 6; i++) {
		snprintf(path, sizeof(path), "orphan%u", i);
		crash_write(path, 9000 + i * 5000);
		files[i] = t_open(path, O_RDWR, 0);
	}
	t_sync();
	for (unsigned i = 0; i < 6; i++) {
		snprintf(path, sizeof(path), "orphan%u", i);
		ok(t_unlink(path), "unlink");
		if (i == variant % 6)
			t_sync();
	}
	ck_assert_int_eq(t_fsync(files[0]), 0);
	for (unsigned i = 0; i < 6; i++)
		t_close(files[(i * 5 + variant) % 6]);
	t_sync();
}

/* Holes, cuts and writes that begin and end anywhere in clusters, which come and go with them. */
static void run_clusters(unsigned variant)
{
	static const int modes[] = {FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				    FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE,
				    FALLOC_FL_KEEP_SIZE};
	u64 state = variant * 333 + 7;
	char path[32];

	for (unsigned i = 0; i < 70; i++) {
		u32 which = t_random(&state) % 10;
		u64 at = t_random(&state) % 90000 & ~7u, n = t_random(&state) % 30000 & ~7u;

		snprintf(path, sizeof(path), "c%u", t_random(&state) % 3);
		if (which < 4 || !t_exists(path)) {
			crash_write_at(path, at, n + 8);
		} else if (which < 7) {
			struct file *file = t_open(path, O_RDWR, 0);

			if (variant % 2) /* whole blocks */
				at &= ~1023ull;
			ok(vfs_fallocate(file, modes[which - 4], (loff_t)at, (loff_t)n + 1024),
			   "fallocate");
			t_close(file);
		} else if (which < 8) {
			ok(t_truncate(path, at), "truncate");
		} else {
			crash_fsync(path);
		}
	}
	t_sync();
}

/* Files as small as an inode's room, and larger, and small again. */
static void run_small(unsigned variant)
{
	u64 state = variant * 55 + 3;
	char path[32];

	for (unsigned i = 0; i < 60; i++) {
		u32 which = t_random(&state) % 12, size = 8 + (t_random(&state) % 200 & ~7u);

		snprintf(path, sizeof(path), "i%u", t_random(&state) % 5);
		bool there = t_exists(path);

		if (which < 5 || !there) {
			u32 seed = crash_write(path, size);

			if (which % 2) {
				crash_fsync(path);
				crash_keep(path, size, seed);
				crash_change(path);
			}
		} else if (which < 7) {
			crash_write_at(path, size * 2, size * (i % 8));
		} else if (which < 8) {
			ok(t_truncate(path, size / 2 & ~7u), "truncate");
		} else if (which < 9) {
			int err = t_setxattr(path, "user.a", path, t_random(&state) % 30, 0);

			ok(err == -ENOSPC ? 0 : err, "setxattr");
		} else if (which < 10) {
			ok(t_unlink(path), "unlink");
		} else {
			crash_fsync(path);
		}
	}
	t_sync();
}

/* The disk fills up, is emptied, fills up again. */
static void run_full(unsigned variant)
{
	char path[32];

	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < 12; i++) {
			snprintf(path, sizeof(path), "full%u", i);
			crash_write(path, 300000 + variant * 1000);
		}
		(void)super_sync_all(true); /* not all of it found room */
		for (unsigned i = 0; i < 12; i += 2) {
			snprintf(path, sizeof(path), "full%u", i);
			ok(t_unlink(path), "unlink");
		}
		t_sync();
	}
}

/* Write-back of some files is under way while fsync of another commits their new blocks too. */
static void run_overlap(unsigned variant)
{
	char path[32];

	for (unsigned i = 0; i < 30; i++) {
		snprintf(path, sizeof(path), "o%u", i % 6);
		if (i >= 6)
			ok(t_unlink(path), "unlink");
		crash_write(path, 20000 + i * 1000 + variant * 800);
		struct file *file = t_open(path, O_RDWR, 0);
		ok(pagecache_write_start(&file->inode->mapping, 0, S64_MAX, false), "write-back");
		t_close(file);
		u32 seed = crash_write("small", 100 * 8);
		crash_fsync("small");
		crash_keep("small", 100 * 8, seed);
	}
}

/* Enough metadata that a log of 1 MiB goes round several times. */
static void run_wrap(unsigned variant)
{
	char path[32];

	for (unsigned i = 0; i < 240; i++) {
		snprintf(path, sizeof(path), "w%u", i % 20);
		u32 seed = crash_write(path, 2000 + i * 24);
		if (variant < 2) {
			crash_fsync(path);
			crash_keep(path, 2000 + i * 24, seed);
		} else if (i % 50 == 49) { /* few and large transactions */
			t_sync();
		}
		snprintf(path, sizeof(path), "wd%u-%u", variant, i);
		ok(t_mkdir(path), "mkdir");
		if (i > 10) {
			snprintf(path, sizeof(path), "wd%u-%u", variant, i - 10);
			ok(t_rmdir(path), "rmdir");
		}
	}
}

/* Extended attributes in inodes, shared blocks and inodes of their own, and inherited lists. */
static void set_attribute(const char *path, u64 *state)
{
	static const u32 sizes[] = {10, 60, 300, 300, 500, 3000, 9000};
	static const char *const names[] = {"user.a", "user.b", "trusted.c"};
	static u8 value[9000];
	u32 size = sizes[t_random(state) % ARRAY_SIZE(sizes)];
	const char *name = names[t_random(state) % ARRAY_SIZE(names)];

	if (t_random(state) % 4 == 0) {
		int err = t_removexattr(path, name);

		ok(err == -ENODATA ? 0 : err, "removexattr");
		return;
	}
	memset(value, 'a' + (int)(t_random(state) % 2), size); /* so that some have the same */
	int err = t_setxattr(path, name, value, size, 0);

	ok(err == -ENOSPC ? 0 : err, "setxattr");
}

static void run_attributes(unsigned variant)
{
	static const u8 list[] = {2,   0,   0,   0,    1,   0,   7,    0,   255, 255, 255,
				  255, 2,   0,   6,    0,   232, 3,    0,   0,   4,   0,
				  5,   0,   255, 255,  255, 255, 0x10, 0,   7,   0,   255,
				  255, 255, 255, 0x20, 0,   5,   0,    255, 255, 255, 255};
	u64 state = variant * 77 + 5;
	char path[32];

	ok(t_setxattr("d", "system.posix_acl_default", list, sizeof(list), 0), "setxattr");
	for (unsigned i = 0; i < 60; i++) {
		snprintf(path, sizeof(path), "d/x%u", t_random(&state) % 6);
		bool there = t_exists(path);

		if (!there && t_random(&state) % 4 == 0)
			ok(t_mkdir(path), "mkdir");
		else if (!there)
			crash_write(path, t_random(&state) % 3000 & ~7u);
		else if (t_random(&state) % 8 == 0)
			ok(is(path, S_IFDIR) ? t_rmdir(path) : t_unlink(path), "unlink");
		else
			set_attribute(path, &state);
		if (t_random(&state) % 12 == 0)
			t_sync();
	}
	t_sync();
}

/* Blocks go to and fro between files whose data is journalled and others: what the log holds of
 * them must not be replayed over what was written in place. */
static void set_attribute_j(const char *path, bool on)
{
	struct file *file = t_open(path, O_RDWR, 0);
	u32 flags =
	    (ext4_inode(file->inode)->flags & EXT4_EXTENTS_FL) | (on ? EXT4_JOURNAL_DATA_FL : 0);

	ok((int)ext4_ioctl(file, FS_IOC_SETFLAGS, (unsigned long)&flags), "FS_IOC_SETFLAGS");
	t_close(file);
}

static void keep_synced(const char *path, u64 n)
{
	u32 seed = crash_write(path, n);

	crash_fsync(path);
	crash_keep(path, n, seed);
}

static void run_reuse_attribute(unsigned variant)
{
	struct fs_statistics space;

	for (unsigned i = 0; i < 10; i++) {
		crash_write("j", 0);
		set_attribute_j("j", true);
		keep_synced("j", 60000 + i * 8);
		keep_synced("j", 60000 + i * 8);
		if ((i + variant) % 3 == 0) { /* now it is written in place */
			set_attribute_j("j", false);
			keep_synced("j", 60000 + i * 8);
			crash_write("other", 3000); /* something to replay */
			crash_fsync("other");
		}
		crash_change("j");
		ok(t_unlink("j"), "unlink");
		t_sync();
		ok(t_statfs(&space), "statfs");
		keep_synced("big", (space.free_blocks - 40) * 1024); /* what "j" had among it */
		crash_write("other", 5000);
		crash_fsync("other");
		crash_change("big");
		ok(t_unlink("big"), "unlink");
		t_sync();
	}
}

/* data=journal: the last write to one file comes before the next to the other, and each is whole.
 */
#define ORDER_BYTES 3000
static void prepare_order(void)
{
	crash_write("first", ORDER_BYTES);
	crash_write("second", ORDER_BYTES);
}

static void run_order(unsigned variant)
{
	char path[32];

	for (unsigned i = 0; i < 40; i++) {
		crash_write_at("first", 0, ORDER_BYTES);
		if (variant & 1) {
			snprintf(path, sizeof(path), "between%u", i);
			ok(t_mkdir(path), "mkdir");
		}
		crash_write_at("second", 0, ORDER_BYTES);
		if (i % (5 + variant) == 4)
			ok(super_sync_all(false), "start of a sync");
		if (i % 20 == 19)
			t_sync();
		if (i % 16 == 11)
			t_drop_caches();
	}
}

static const char *check_order(void)
{
	u32 first = crash_seed_of("first", ORDER_BYTES),
	    second = crash_seed_of("second", ORDER_BYTES);

	if (!first || !second)
		return "a write is there in part";
	return first == second + 1 || second == first + 1 ? NULL
							  : "a write came before an older one";
}

/* The volume is frozen and thawed: what was there before is durable. */
static void run_freeze(unsigned variant)
{
	char path[32];

	for (unsigned i = 0; i < 12; i++) {
		snprintf(path, sizeof(path), "z%u", i % 5);
		if (i >= 5)
			crash_change(path);
		u64 n = (6000 + i * 1000 + variant * 800) & ~7u;
		u32 seed = crash_write(path, n);

		if (i % 3 == variant % 3)
			ok(t_exists("zd") ? t_rmdir("zd") : t_mkdir("zd"), "directory");
		if (i % 3 == 2) {
			ok(vfs_freeze(t_super()), "freeze");
			crash_keep(path, n, seed);
			ok(vfs_thaw(t_super()), "thaw");
		}
	}
	t_sync();
}

/* Files change owners, most of whom nobody has heard of before: e2fsck counts what each has. */
static void run_owners(unsigned variant)
{
	u64 state = variant * 31 + 3;
	char path[32];

	for (unsigned i = 0; i < 80; i++) {
		u32 id = t_random(&state) % 30 * 0x01010101u;
		struct attr owner = {.valid = ATTR_UID | ATTR_GID, .uid = id, .gid = id / 3};

		snprintf(path, sizeof(path), "q%u", t_random(&state) % 8);
		if (!t_exists(path))
			crash_write(path, t_random(&state) % 20000 & ~7u);
		else if (t_random(&state) % 6 == 0)
			ok(t_unlink(path), "unlink");
		else if (t_random(&state) % 6 == 0)
			ok(t_truncate(path, 800), "truncate");
		else
			ok(t_setattr(path, &owner), "chown");
		if (t_random(&state) % 10 == 0)
			t_sync();
	}
	t_sync();
}

/* Without a journal: what was there before, and what was fsynced, survives e2fsck. */
static void run_no_journal(unsigned variant)
{
	u32 seed = crash_write("synced", 15000);

	crash_fsync("synced");
	crash_keep("synced", 15000, seed);
	operations[variant].run();
	t_sync();
}

/* The blocks of files that were synced, and are deleted or cut, hold what they held as long as the
 * disk may show the files. */
static void run_no_journal_reuse(unsigned variant)
{
	char path[32];

	u32 seeds[6];

	for (unsigned i = 0; i < 6; i++) {
		snprintf(path, sizeof(path), "n%u", i);
		seeds[i] = crash_write(path, 350000);
	}
	for (unsigned i = 0; i < 10; i++) { /* here, as numbers of inodes may come again at once */
		snprintf(path, sizeof(path), "fresh%u", i);
		crash_write(path, 0);
	}
	t_sync();
	for (unsigned i = 0; i < 6; i++) {
		snprintf(path, sizeof(path), "n%u", i);
		crash_keep_if_there(path, 350000, seeds[i]);
	}
	for (unsigned i = 0; i < 10; i++) {
		snprintf(path, sizeof(path), "n%u", (i + variant) % 6);
		if (i % 3 == 2)
			ok(t_truncate(path, 3000), "truncate");
		else if (t_exists(path))
			ok(t_unlink(path), "unlink");
		if (i % 4 == 3)
			ok(super_sync_all(false), "start of a sync");
		snprintf(path, sizeof(path), "fresh%u", i);
		crash_write(path, 330000);
		struct file *file = t_open(path, O_RDWR, 0);
		ok(pagecache_write_and_wait(&file->inode->mapping, 0, S64_MAX), "write-back");
		t_close(file);
	}
	t_sync();
}

const struct crash_workload crash_workloads[] = {
    {"single", EXT4, KIB, NULL, OPERATIONS, prepare_tree, run_single, 0, false, false},
    {"pair", EXT4, KIB, NULL, OPERATIONS *OPERATIONS, prepare_tree, run_pair, 0, false, false},
    {"mix", EXT4, KIB, NULL, 24, prepare_tree, run_mix, 8, false, false},
    {"mix-ext3", EXT3, KIB, NULL, 8, prepare_tree, run_mix, 8, false, false},
    {"mix-4k", "-t ext4 -b 4096 -N 256 -J size=4", 12288, NULL, 4, prepare_tree, run_mix, 8, false,
     false},
    {"untar", EXT4, KIB, NULL, 3, prepare_tree, run_untar, 16, false, false},
    {"split", EXT4, KIB, NULL, 3, prepare_tree, run_split, 16, false, false},
    {"appends", EXT4, KIB, NULL, 6, NULL, run_appends, 12, false, false},
    {"overwrites", EXT4, KIB, NULL, 2, NULL, run_overwrites, 4, false, false},
    {"replace", EXT4, KIB, NULL, 4, prepare_tree, run_replace, 12, false, false},
    {"replace-ext3", EXT3, KIB, NULL, 2, prepare_tree, run_replace, 12, false, false},
    {"reuse", EXT4, KIB, NULL, 6, NULL, run_reuse, 12, false, false},
    {"truncates", EXT4, KIB, NULL, 4, NULL, run_truncates, 8, false, false},
    {"truncates-ext3", EXT3, KIB, NULL, 2, NULL, run_truncates, 8, false, false},
    {"orphans", EXT4, KIB, NULL, 6, NULL, run_orphans, 8, false, false},
    {"orphans-file", EXT4 " -O orphan_file", KIB, NULL, 6, NULL, run_orphans, 8, false, false},
    {"truncates-file", EXT4 " -O orphan_file", KIB, NULL, 4, NULL, run_truncates, 8, false, false},
    {"full", EXT4, KIB, NULL, 2, NULL, run_full, 12, false, false},
    {"wrap", EXT4, KIB, NULL, 4, prepare_tree, run_wrap, 16, false, false},
    {"attributes", EXT4 " -O ea_inode", KIB, NULL, 8, prepare_tree, run_attributes, 8, false,
     false},
    {"attributes-ext3", EXT3 " -I 128", KIB, NULL, 4, prepare_tree, run_attributes, 8, false,
     false},
    {"ranges", EXT4, KIB, NULL, 6, prepare_ranges, run_ranges, 12, false, false},
    {"inline", EXT4 " -O inline_data", KIB, NULL, 6, NULL, run_inline, 12, false, false},
    {"levels", EXT4, KIB, NULL, 4, prepare_levels, run_levels, 12, false, false},
    {"grow", EXT4 " -g 1024", LAYOUT_KIB, NULL, 3, NULL, run_grow, 12, .grows = true},
    {"grow-meta", EXT4 " -g 1024 -O meta_bg,^resize_inode", LAYOUT_KIB, NULL, 2, NULL, run_grow, 8,
     .grows = true},
    {"single-bigalloc", BIG, 2 * KIB, NULL, OPERATIONS, prepare_tree, run_single, 0, false, false},
    {"mix-bigalloc", BIG, 2 * KIB, NULL, 8, prepare_tree, run_mix, 8, false, false},
    {"mix-bigalloc-4k", "-t ext4 -b 4096 -N 256 -J size=4 -O bigalloc -C 65536", 16384, NULL, 4,
     prepare_tree, run_mix, 8, false, false},
    {"clusters", BIG, 2 * KIB, NULL, 8, NULL, run_clusters, 8, false, false},
    {"blocks", EXT4, KIB, NULL, 4, NULL, run_clusters, 4, false, false},
    {"split-bigalloc", BIG, 2 * KIB, NULL, 3, prepare_tree, run_split, 4, false, false},
    {"replace-bigalloc", BIG, 2 * KIB, NULL, 2, prepare_tree, run_replace, 8, false, false},
    {"reuse-bigalloc", BIG, 2 * KIB, NULL, 4, NULL, run_reuse, 8, false, false},
    {"truncates-bigalloc", BIG, 2 * KIB, NULL, 4, NULL, run_truncates, 8, false, false},
    {"orphans-bigalloc", BIG, 2 * KIB, NULL, 4, NULL, run_orphans, 4, false, false},
    {"full-bigalloc", BIG, KIB, NULL, 2, NULL, run_full, 8, false, false},
    {"attributes-bigalloc", EXT4 " -O bigalloc,ea_inode -C 16384", 2 * KIB, NULL, 4, prepare_tree,
     run_attributes, 4, false, false},
    {"mix-data", EXT4, KIB, "data=journal", 8, prepare_tree, run_mix, 8, false, false},
    {"mix-data-ext3", EXT3, KIB, "data=journal", 4, prepare_tree, run_mix, 8, false, false},
    {"reuse-data", EXT4, KIB, "data=journal", 4, NULL, run_reuse, 12, false, false},
    {"truncates-data", EXT4, KIB, "data=journal", 4, NULL, run_truncates, 8, false, false},
    {"appends-data", EXT4, KIB, "data=journal", 4, NULL, run_appends, 8, false, false},
    {"replace-data", EXT4, KIB, "data=journal", 4, prepare_tree, run_replace, 8, false, false},
    {"mix-data-bigalloc", EXT4 " -O bigalloc -C 4096", KIB, "data=journal", 4, prepare_tree,
     run_mix, 8, false, false},
    {"order-data", EXT4, KIB, "data=journal", 4, prepare_order, run_order, 12,
     .check = check_order},
    {"order-data-4k", "-t ext4 -b 4096 -N 256 -J size=4", 12288, "data=journal", 4, prepare_order,
     run_order, 8, .check = check_order},
    {"reuse-attribute", "-t ext4 -b 1024 -N 128 -J size=1", 3072, NULL, 2, NULL,
     run_reuse_attribute, 8, false, false},
    {"full-data", EXT4, KIB, "data=journal", 2, NULL, run_full, 8, false, false},
    {"mix-writeback", EXT4, KIB, "data=writeback", 8, prepare_tree, run_mix, 8, .stale = true},
    {"replace-writeback", EXT4, KIB, "data=writeback", 4, prepare_tree, run_replace, 8,
     .stale = true},
    {"freeze", EXT4, KIB, NULL, 3, prepare_tree, run_freeze, 4, false, false},
    {"owners", EXT4 QUOTA, KIB, NULL, 8, prepare_tree, run_owners, 8, false, false},
    {"orphans-quota", EXT4 QUOTA, KIB, NULL, 3, NULL, run_orphans, 4, false, false},
    {"attributes-quota", EXT4 QUOTA ",ea_inode", KIB, NULL, 4, prepare_tree, run_attributes, 4,
     false, false},
    {"small-inline", INLINE, KIB, NULL, 8, prepare_tree, run_small, 8, false, false},
    {"single-inline", INLINE, KIB, NULL, OPERATIONS, prepare_tree, run_single, 0, false, false},
    {"mix-inline", INLINE, KIB, NULL, 8, prepare_tree, run_mix, 8, false, false},
    {"replace-inline", INLINE, KIB, NULL, 2, prepare_tree, run_replace, 4, false, false},
    {"appends-inline", INLINE, KIB, NULL, 4, NULL, run_appends, 4, false, false},
    {"untar-inline", INLINE, KIB, NULL, 3, prepare_tree, run_untar, 4, false, false},
    {"no-journal", "-t ext2 -b 1024 -N 512", KIB, NULL, OPERATIONS, prepare_tree, run_no_journal, 0,
     true, false},
    {"no-journal-reuse", "-t ext2 -b 1024 -N 128", 3072, NULL, 6, NULL, run_no_journal_reuse, 8,
     .no_journal = true},
    {"no-journal-extents", "-t ext4 -O ^has_journal,^metadata_csum,^uninit_bg -b 1024 -N 128", 3072,
     NULL, 6, NULL, run_no_journal_reuse, 8, .no_journal = true},
    {"mix-queue", EXT4, KIB, NULL, 8, prepare_tree, run_mix, 8, false, true},
    {"replace-queue", EXT4, KIB, NULL, 4, prepare_tree, run_replace, 8, false, true},
    {"reuse-queue", EXT4, KIB, NULL, 4, NULL, run_reuse, 8, false, true},
    {"overlap-queue", EXT4, KIB, NULL, 4, NULL, run_overlap, 8, false, true},
    {"mix-data-queue", EXT4, KIB, "data=journal", 8, prepare_tree, run_mix, 8, .shuffled = true},
    {"reuse-data-queue", EXT4, KIB, "data=journal", 4, NULL, run_reuse, 8, .shuffled = true},
    {"mix-writeback-queue", EXT4, KIB, "data=writeback", 4, prepare_tree, run_mix, 8,
     .shuffled = true, .stale = true},
    {"untar-queue", EXT4, KIB, NULL, 3, prepare_tree, run_untar, 8, false, true},
    {"wrap-queue", EXT4, KIB, NULL, 4, prepare_tree, run_wrap, 8, false, true},
    {NULL, NULL, 0, NULL, 0, NULL, NULL, 0, false, false},
};
