/*
 * Damaged volumes: mounted, walked, read, written, unmounted. Nothing of what the disk says may end
 * in a panic, a sanitizer's report, a hang or a leak.
 *
 * The input is a program. Its first byte chooses one of the volumes that seeds_ext4 makes, the next
 * the mount's options, the third how many of the following six-byte records are damage; the rest
 * are operations. Damage changes one field's worth of bytes in some line of 64 bytes that is not
 * empty and not file data (or, more often than chance, in the superblock), after which the
 * superblock's checksum is made right again: so that nearly every input gets past the front door.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "ext4/ext4.h"
#include "host_cred.h"
#include "host_disk.h"
#include "host_memory.h"
#include "lib/assert.h"
#include "lib/crc.h"
#include "lib/errno.h"
#include "log_capture.h"
#include "mm/kmalloc.h"
#include "vfs/buffer.h"
#include "vfs/mount.h"
#include "vfs/mount_int.h"
#include "vfs/vfs.h"

#include <linux/mount.h>

enum {
	BYTES = 1 << 20,
	LINE = 64,
	SEEDS = 16,
	NAMES = 96, /* that a walk remembers */
	DEPTH = 6,
	RECORD = 6,
	OPERATIONS = 64,
	AT = -100 /* AT_FDCWD */
};

static struct seed {
	char name[64];
	u8 *data;
	u32 *lines; /* offsets of those worth damaging */
	u32 count;
} seeds[SEEDS];
static unsigned seed_count;
static struct host_disk *disk;
static char names[NAMES][1024];
static unsigned name_count, visits;

/* ---- start ---- */

static bool worth_damaging(const u8 *line)
{
	size_t zeroes = 0, data = 0;

	for (size_t i = 0; i < LINE; i++) {
		zeroes += line[i] == 0;
		data += line[i] == 'Z';
	}
	return zeroes < LINE && data < LINE;
}

static void seed_load(const char *directory, const char *name)
{
	struct seed *seed = &seeds[seed_count++];
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	snprintf(seed->name, sizeof(seed->name), "%s", name);
	seed->data = malloc(BYTES);
	seed->lines = calloc(BYTES / LINE, sizeof(u32));
	FILE *f = fopen(path, "r");
	VERIFY(f != NULL && fread(seed->data, 1, BYTES, f) == BYTES);
	fclose(f);
	for (u32 at = 0; at < BYTES; at += LINE)
		if (worth_damaging(seed->data + at))
			seed->lines[seed->count++] = at;
}

static int compare_seeds(const void *a, const void *b)
{
	return strcmp(((const struct seed *)a)->name, ((const struct seed *)b)->name);
}

static void seeds_load(const char *program)
{
	char directory[4096];
	struct dirent *entry;

	snprintf(directory, sizeof(directory), "%s.seeds", program);
	DIR *dir = opendir(directory);
	if (!dir) {
		fprintf(stderr, "%s: no such directory: harness/fuzz/seeds_ext4 makes it\n",
			directory);
		exit(1);
	}
	while ((entry = readdir(dir)) && seed_count < SEEDS)
		if (entry->d_name[0] != '.')
			seed_load(directory, entry->d_name);
	closedir(dir);
	VERIFY(seed_count > 0);
	qsort(seeds, seed_count, sizeof(seeds[0]), compare_seeds);
}

int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct path root;

	seeds_load((*argv)[0]);
	buffer_cache_init();
	vfs_init(&root);
	struct fs_context *fs = fs_context_create(&root);
	VERIFY(fs != NULL);
	path_put(&root);
	host_set_fs(fs);
	ext4_init();
	disk = host_disk_ram("vda", BYTES);
	struct block_device *bdev = host_disk_bdev(disk);
	VERIFY_EQ(block_register(bdev), 0);
	VERIFY_EQ(vfs_mkdir(AT, "/mnt", 0755), 0);
	VERIFY_EQ(vfs_mknod(AT, "/vda", S_IFBLK | 0600, bdev->major, bdev->minor), 0);
	return 0;
}

/* ---- damage ---- */

static void put(u8 *to, u64 value, size_t n)
{
	memcpy(to, &value, n);
}

static u64 get(const u8 *from, size_t n)
{
	u64 value = 0;

	memcpy(&value, from, n);
	return value;
}

/* record: 2 bytes which line, 1 byte where in it, 1 byte what, 2 bytes a value. */
static void damage(u8 *image, const struct seed *seed, const u8 *record)
{
	static const u32 interesting[] = {
	    0,      1,       2,      3,      11,         12,         0x7f,       0x80,
	    0xff,   0x100,   0x3ff,  0x400,  0x401,      0x7fff,     0x8000,     0x8001,
	    0xffff, 0x10000, 0xffff, 0xf30a, 0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff};
	u32 which = record[0] | (u32)record[1] << 8, value = record[4] | (u32)record[5] << 8;
	size_t sizes[] = {1, 2, 4, 4}, n = sizes[record[3] >> 6];
	u32 line = record[2] & 0x80 && record[2] & 0x40 ? 1024 + (which % 16) * LINE
							: seed->lines[which % seed->count];
	u8 *at = image + line + ((record[2] & 63) & ~(n - 1));

	switch (record[3] % 6) {
	case 0:
		put(at, value, n);
		break;
	case 1:
		put(at, interesting[value % ARRAY_SIZE(interesting)], n);
		break;
	case 2:
		put(at, get(at, n) + value, n);
		break;
	case 3:
		put(at, get(at, n) - value, n);
		break;
	case 4:
		put(at, get(at, n) ^ 1ull << value % (8 * n), n);
		break;
	default: /* another line's */
		memcpy(at, image + seed->lines[value % seed->count] + (at - image) % LINE, n);
		break;
	}
}

static void sum_superblock(u8 *image)
{
	put(image + 1024 + 1020, crc32c(~0u, image + 1024, 1020), 4);
}

/* ---- use ---- */

static void read_file(const char *name)
{
	static u8 buf[20000];
	static const loff_t offsets[] = {0,          15000, 300000, 70000ll * 1024, 0xffffffffll,
					 S64_MAX / 2};
	struct vfs_open_how how = {.flags = O_RDONLY | O_NONBLOCK};
	struct file *file;

	if (vfs_open(AT, name, &how, &file))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(offsets); i++) {
		loff_t pos = offsets[i];
		ssize_t n = file_read_kernel(file, buf, sizeof(buf), &pos);

		VERIFY_LE(n, (ssize_t)sizeof(buf));
	}
	file_put(file);
}

struct lister {
	struct dir_context ctx;
	char (*found)[256];
	unsigned count;
};

static bool take(struct dir_context *ctx, const char *name, u32 length, loff_t offset, u64 ino,
		 unsigned int type)
{
	struct lister *lister = container_of(ctx, struct lister, ctx);

	VERIFY_LE(length, 255);
	if (lister->count == NAMES)
		return false;
	if (memchr(name, '/', length) || memchr(name, 0, length))
		return true;
	snprintf(lister->found[lister->count++], 256, "%.*s", (int)length, name);
	return true;
}

static void walk(const char *name, unsigned depth)
{
	struct vfs_open_how how = {.flags = O_RDONLY | O_DIRECTORY};
	struct lister lister = {.ctx.emit = take};
	struct vfs_stat st;
	struct path path;
	struct file *file;
	char *target;

	if (++visits > 300 || path_lookup(AT, name, 0, &path))
		return;
	int err = vfs_stat_path(&path, &st);
	if (!err && S_ISLNK(st.mode) && !vfs_readlink(&path, &target))
		kfree(target);
	path_put(&path);
	if (name_count < NAMES)
		snprintf(names[name_count++], sizeof(names[0]), "%s", name);
	if (!err && S_ISREG(st.mode))
		read_file(name);
	if (err || !S_ISDIR(st.mode) || depth == DEPTH || vfs_open(AT, name, &how, &file))
		return;
	lister.found = malloc(NAMES * 256);
	for (int i = 0; i < 4 && !vfs_readdir(file, &lister.ctx); i++)
		;
	file_put(file);
	for (unsigned i = 0; i < lister.count; i++) {
		char below[1024];

		if (!strcmp(lister.found[i], ".") || !strcmp(lister.found[i], ".."))
			continue;
		if (snprintf(below, sizeof(below), "%s/%s", name, lister.found[i]) <
		    (int)sizeof(below))
			walk(below, depth + 1);
	}
	free(lister.found);
}

static void write_file(const char *name, u32 flags, u32 at, u32 length)
{
	static u8 buf[65536];
	struct vfs_open_how how = {.flags = O_RDWR | O_NONBLOCK | flags, .mode = 0644};
	loff_t pos = at;
	struct file *file;

	if (vfs_open(AT, name, &how, &file))
		return;
	memset(buf, 'W', sizeof(buf));
	ssize_t n = file_write_kernel(file, buf, length, &pos);
	VERIFY_LE(n, (ssize_t)length);
	if (at & 1 && vfs_fsync(file, 0, S64_MAX, false))
		log_captured_clear();
	file_put(file);
}

static void fallocate_file(const char *name, u32 kind, u32 at, u32 length)
{
	static const int modes[] = {0, FALLOC_FL_KEEP_SIZE,
				    FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				    FALLOC_FL_ZERO_RANGE};
	struct vfs_open_how how = {.flags = O_RDWR | O_NONBLOCK};
	struct file *file;

	if (vfs_open(AT, name, &how, &file))
		return;
	int err = vfs_fallocate(file, modes[kind % 4], at, length + 1);
	VERIFY_LE(err, 0);
	file_put(file);
}

/* What comes back does not matter: only that it comes back. */
static void ignore(int err)
{
	VERIFY_LE(err, 0);
}

static void truncate_file(const char *name, u64 size)
{
	struct path path;

	if (path_lookup(AT, name, LOOKUP_FOLLOW, &path))
		return;
	ignore(vfs_truncate(&path, (loff_t)size));
	path_put(&path);
}

static void setattr_file(const char *name, u32 value)
{
	struct attr attr = {.valid = ATTR_MODE | ATTR_UID | ATTR_MTIME,
			    .mode = value & 07777,
			    .uid = value * 1000,
			    .mtime = {.sec = (s64)value << 16, .nsec = value}};
	struct path path;

	if (path_lookup(AT, name, 0, &path))
		return;
	ignore(vfs_setattr(&path, &attr, false));
	path_put(&path);
}

static void operate(const u8 *record)
{
	const char *name = names[record[1] % name_count], *dir = names[record[2] % name_count];
	u32 value = record[3] | (u32)record[4] << 8;
	char fresh[1200];

	snprintf(fresh, sizeof(fresh), "%s/new-%u%s", dir, record[5] % 32,
		 record[5] & 0x80 ? "-with-a-long-name-so-that-directories-have-to-grow" : "");
	switch (record[0] % 15) {
	case 0:
		write_file(fresh, O_CREAT, value, 1000);
		break;
	case 1:
		write_file(name, 0, value, (u32)record[5] << 8);
		break;
	case 2:
		write_file(name, 0, value << (record[5] & 15), 2000);
		break;
	case 3:
		ignore(vfs_mkdir(AT, fresh, 0755));
		break;
	case 4:
		ignore(vfs_unlink(AT, name));
		break;
	case 5:
		ignore(vfs_rmdir(AT, name));
		break;
	case 6:
		ignore(vfs_rename(AT, name, AT, fresh, 0));
		break;
	case 7:
		ignore(vfs_rename(AT, name, AT, dir, record[5] & 1 ? 2 : 0)); /* EXCHANGE */
		break;
	case 8:
		ignore(vfs_link(AT, name, AT, fresh, 0));
		break;
	case 9:
		ignore(vfs_symlink(record[5] & 64 ? "short" : name, AT, fresh));
		break;
	case 10:
		truncate_file(name, (u64)value << (record[5] & 31));
		break;
	case 11:
		fallocate_file(name, record[5], value << (record[5] >> 4), value);
		break;
	case 12:
		setattr_file(name, value);
		break;
	case 13:
		ignore(super_sync_all(true));
		break;
	default:
		host_shrink_all(128, 0);
		break;
	}
}

static int mount_it(u8 options)
{
	static const char *const texts[] = {"errors=continue", "errors=remount-ro",
					    "errors=continue,norecovery",
					    "errors=remount-ro,minixdf,grpid"};
	static const char *const types[] = {"ext4", "ext2", "ext3", "ext4"};
	struct path at;

	VERIFY_EQ(path_lookup(AT, "/mnt", 0, &at), 0);
	int err = mount_new("/vda", &at, types[options >> 2 & 3], options & 0x80 ? MS_RDONLY : 0,
			    texts[options & 3]);
	path_put(&at);
	return err;
}

static void umount_it(void)
{
	struct path at;

	VERIFY_EQ(path_lookup(AT, "/mnt", 0, &at), 0);
	int err = mount_umount(&at, 0);
	VERIFY_EQ(err, 0);
	path_put(&at);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	size_t bytes, dirty;

	if (size < 3)
		return 0;
	const struct seed *seed = &seeds[data[0] % seed_count];
	const u8 options = data[1];
	size_t damages = data[2] % 16, operations = 0;
	u8 *image = host_disk_data(disk);

	memcpy(image, seed->data, BYTES);
	data += 3;
	size -= 3;
	for (; damages && size >= RECORD; damages--, data += RECORD, size -= RECORD)
		damage(image, seed, data);
	sum_superblock(image);
	log_captured_clear();
	if (mount_it(options) == 0) {
		name_count = visits = 0;
		walk("/mnt", 0);
		for (; size >= RECORD && operations < OPERATIONS && name_count;
		     operations++, data += RECORD, size -= RECORD)
			operate(data);
		visits = 0;
		walk("/mnt", 0);
		umount_it();
	}
	host_shrink_all(256, 0);
	buffer_usage_get(&bytes, &dirty);
	VERIFY_EQ(dirty, 0);
	VERIFY(!log_captured_has("in use at unmount"));
	VERIFY(!log_captured_has("in use after a failed mount"));
	VERIFY(!log_captured_has("stay in use"));
	return 0;
}
