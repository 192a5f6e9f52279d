/*
 * Unpacking of an initramfs: cpio archives in the "newc" format (magic 070701, or 070702 with
 * checksums), one after the other, padded with zeroes. cpio(5).
 *
 * The archive comes from whoever starts the machine and may be damaged: every length is checked
 * against what is left, names are walked by vfs like any other, and a bad entry ends the unpacking
 * with -EINVAL and a line in the log that says where. What was unpacked until then stays.
 */
#include "lib/list.h"
#include "lib/log.h"
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "vfs/vfs.h"

#include <linux/fcntl.h>
#include <linux/stat.h>

#define HEADER_BYTES 110
#define FIELD_COUNT  13

enum field {
	F_INO,
	F_MODE,
	F_UID,
	F_GID,
	F_NLINK,
	F_MTIME,
	F_SIZE,
	F_DEV_MAJOR,
	F_DEV_MINOR,
	F_RDEV_MAJOR,
	F_RDEV_MINOR,
	F_NAME_SIZE,
	F_CHECK,
};

struct entry {
	u32 field[FIELD_COUNT];
	bool checksummed;
	const char *name; /* NUL-terminated, in the archive */
	const u8 *data;
};

/* A file with several names whose first has been made. */
struct hard_link {
	struct list_head node;
	u32 ino, major, minor;
	const char *name;
};

struct unpacker {
	const u8 *at, *end, *start;
	struct list_head links;
	unsigned int count;
};

static int parse_hex8(const u8 *text, u32 *out)
{
	u32 value = 0;
	for (unsigned int i = 0; i < 8; i++) {
		int digit = char_hex_value((char)text[i]);
		if (digit < 0)
			return -EINVAL;
		value = value << 4 | (u32)digit;
	}
	*out = value;
	return 0;
}

static size_t padded(const struct unpacker *unpacker, const u8 *p)
{
	return round_up((size_t)(p - unpacker->start), (size_t)4);
}

/* Reads one header with its name and data. -EINVAL. */
static int read_entry(struct unpacker *unpacker, struct entry *entry)
{
	size_t left = (size_t)(unpacker->end - unpacker->at),
	       total = (size_t)(unpacker->end - unpacker->start);
	const u8 *header = unpacker->at;
	if (left < HEADER_BYTES || memcmp(header, "07070", 5) ||
	    (header[5] != '1' && header[5] != '2'))
		return -EINVAL;
	entry->checksummed = header[5] == '2';
	for (unsigned int i = 0; i < FIELD_COUNT; i++) {
		int err = parse_hex8(header + 6 + i * 8, &entry->field[i]);
		if (err)
			return err;
	}
	size_t name_size = entry->field[F_NAME_SIZE], size = entry->field[F_SIZE];
	if (!name_size || name_size > PATH_MAX_SIZE || name_size > left - HEADER_BYTES)
		return -EINVAL;
	entry->name = (const char *)header + HEADER_BYTES;
	if (entry->name[name_size - 1] || strlen(entry->name) != name_size - 1)
		return -EINVAL;
	size_t data_at = padded(unpacker, header + HEADER_BYTES + name_size);
	if (data_at > total || size > total - data_at)
		return -EINVAL;
	entry->data = unpacker->start + data_at;
	size_t next = padded(unpacker, entry->data + size);
	unpacker->at = unpacker->start + min(next, total);
	return 0;
}

/* ---- making things ---- */

static struct hard_link *find_link(struct unpacker *unpacker, const struct entry *entry)
{
	struct hard_link *link;
	list_for_each_entry(link, &unpacker->links, node) {
		if (link->ino == entry->field[F_INO] && link->major == entry->field[F_DEV_MAJOR] &&
		    link->minor == entry->field[F_DEV_MINOR])
			return link;
	}
	return NULL;
}

static int remember_link(struct unpacker *unpacker, const struct entry *entry)
{
	struct hard_link *link = kmalloc(sizeof(*link), MM_NORMAL);
	if (!link)
		return -ENOMEM;
	link->ino = entry->field[F_INO];
	link->major = entry->field[F_DEV_MAJOR];
	link->minor = entry->field[F_DEV_MINOR];
	link->name = entry->name;
	list_add(&link->node, &unpacker->links);
	return 0;
}

static int write_data(const struct entry *entry)
{
	struct vfs_open_how how = {.flags = O_WRONLY | O_CREAT | O_NOFOLLOW, .mode = 0600};
	struct file *file;
	loff_t pos = 0;
	int err = vfs_open(AT_FDCWD, entry->name, &how, &file);
	if (err)
		return err;
	while (!err && (u64)pos < entry->field[F_SIZE]) {
		ssize_t n = file_write_kernel(file, entry->data + pos,
					      entry->field[F_SIZE] - (size_t)pos, &pos);
		if (n <= 0)
			err = n ? (int)n : -EIO;
	}
	file_put(file);
	return err;
}

/* Of the names of a file, the last one in the archive carries the data: it is written through that
 * name. */
static int make_regular(struct unpacker *unpacker, const struct entry *entry)
{
	int err = 0;
	if (entry->field[F_NLINK] > 1) {
		struct hard_link *link = find_link(unpacker, entry);
		if (link)
			err = vfs_link(AT_FDCWD, link->name, AT_FDCWD, entry->name, 0);
		else
			err = remember_link(unpacker, entry);
	}
	return err ? err : write_data(entry);
}

static int make_symlink(const struct entry *entry)
{
	size_t n = entry->field[F_SIZE];
	if (!n || n >= PATH_MAX_SIZE)
		return -EINVAL;
	char *target = kmalloc(n + 1, MM_NORMAL);
	if (!target)
		return -ENOMEM;
	memcpy(target, entry->data, n);
	target[n] = '\0';
	int err = vfs_symlink(target, AT_FDCWD, entry->name);
	kfree(target);
	return err;
}

/* Owner, mode and time; the mode last, as changing the owner clears the setuid bit. */
static int set_attributes(const struct entry *entry)
{
	struct attr attr = {
	    .valid = ATTR_UID | ATTR_GID, .uid = entry->field[F_UID], .gid = entry->field[F_GID]};
	struct path path;
	int err = path_lookup(AT_FDCWD, entry->name, 0, &path);
	if (err)
		return err;
	err = vfs_setattr(&path, &attr, false);
	if (!err && !S_ISLNK(entry->field[F_MODE])) {
		attr = (struct attr){.valid = ATTR_MODE | ATTR_MTIME | ATTR_ATIME,
				     .mode = entry->field[F_MODE] & 07777};
		attr.mtime.sec = attr.atime.sec = entry->field[F_MTIME];
		err = vfs_setattr(&path, &attr, false);
	}
	path_put(&path);
	return err;
}

static int make_entry(struct unpacker *unpacker, const struct entry *entry)
{
	u32 mode = entry->field[F_MODE];
	int err;
	switch (mode & S_IFMT) {
	case S_IFREG:
		err = make_regular(unpacker, entry);
		break;
	case S_IFDIR:
		err = vfs_mkdir(AT_FDCWD, entry->name, 0700);
		if (err == -EEXIST) /* "." and directories of an earlier archive */
			err = 0;
		break;
	case S_IFLNK:
		err = make_symlink(entry);
		break;
	case S_IFCHR:
	case S_IFBLK:
	case S_IFIFO:
	case S_IFSOCK:
		err = vfs_mknod(AT_FDCWD, entry->name, mode, entry->field[F_RDEV_MAJOR],
				entry->field[F_RDEV_MINOR]);
		break;
	default:
		err = -EINVAL;
	}
	return err ? err : set_attributes(entry);
}

/* An archive brings a file that an earlier one had: it replaces it. */
static void remove_old(const struct entry *entry)
{
	if (!S_ISDIR(entry->field[F_MODE])) {
		int err = vfs_unlink(AT_FDCWD, entry->name);
		if (err && err != -ENOENT && err != -ENOTDIR)
			log_warn("initramfs: %s: can't be replaced: error %d", entry->name, -err);
	}
}

static void forget_links(struct unpacker *unpacker)
{
	while (!list_empty(&unpacker->links)) {
		struct hard_link *link = list_first_entry(&unpacker->links, struct hard_link, node);
		list_del(&link->node);
		kfree(link);
	}
}

static bool checksum_holds(const struct entry *entry)
{
	u32 sum = 0;
	for (u32 i = 0; i < entry->field[F_SIZE]; i++)
		sum += entry->data[i];
	return sum == entry->field[F_CHECK];
}

/* One archive up to its trailer. */
static int unpack_archive(struct unpacker *unpacker)
{
	for (;;) {
		struct entry entry;
		size_t offset = (size_t)(unpacker->at - unpacker->start);
		int err = read_entry(unpacker, &entry);
		if (!err && !strcmp(entry.name, "TRAILER!!!"))
			return 0;
		if (!err && entry.checksummed && S_ISREG(entry.field[F_MODE]) &&
		    !checksum_holds(&entry))
			err = -EINVAL;
		if (err) {
			log_err("initramfs: damaged at byte %zu of %zu", offset,
				(size_t)(unpacker->end - unpacker->start));
			return err;
		}
		remove_old(&entry);
		err = make_entry(unpacker, &entry);
		if (err) {
			log_err("initramfs: %s: error %d", entry.name, -err);
			return err;
		}
		unpacker->count++;
		thread_yield_point();
	}
}

int initramfs_unpack(const void *data, size_t size)
{
	struct unpacker unpacker = {.at = data, .start = data, .end = (const u8 *)data + size};
	int err = 0;
	list_init(&unpacker.links);
	if (size > 2 && !memcmp(data, "\x1f\x8b", 2)) {
		log_err("initramfs: it is compressed with gzip: give the plain cpio archive");
		return -EINVAL;
	}
	while (!err && unpacker.at < unpacker.end) {
		if (!*unpacker.at) { /* padding between archives and at the end */
			unpacker.at++;
			continue;
		}
		err = unpack_archive(&unpacker);
		forget_links(&unpacker);
	}
	log_info("initramfs: %u entries unpacked", unpacker.count);
	return err;
}
