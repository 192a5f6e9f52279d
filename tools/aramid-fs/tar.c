/*
 * tar in and out, with libarchive: pax archives with everything an inode can say.
 *
 * Names are bytes here and in the image, while libarchive thinks in character sets: the locale is
 * one in which UTF-8 passes as it is, and names that are none are marked as binary in the archive.
 */
#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "common.h"
#include "copy.h"
#include "mm/kmalloc.h"

#define BLOCK_BYTES ((size_t)64 << 10)

struct tar {
	const char *directory, *file; /* -C, -f */
	struct volume volume;
	struct archive *archive;
	struct links *links;
	int top; /* -C's descriptor */
};

static int parse(int argc, char **argv, struct tar *tar, struct volume_options *options)
{
	static const struct option longs[] = {
	    {"directory", required_argument, NULL, 'C'},
	    {"file", required_argument, NULL, 'f'},
	    WRITER_OPTIONS,
	    {0},
	};
	int c;

	*tar = (struct tar){.directory = "/", .top = -1};
	while ((c = next_option(argc, argv, "+C:f:", longs, options)) != -1)
		switch (c) {
		case 'C':
			tar->directory = optarg;
			break;
		case 'f':
			tar->file = strcmp(optarg, "-") ? optarg : NULL;
			break;
		default:
			return usage_error();
		}
	setlocale(LC_CTYPE, "C.UTF-8");
	return optind < argc ? STATUS_OK : usage_error();
}

static int begin(struct tar *tar, const char *spec, const struct volume_options *options)
{
	int status = volume_open(spec, options, &tar->volume);

	if (status)
		return status;
	tar->top = at_open(ROOT, tar->directory, O_RDONLY | O_DIRECTORY, 0);
	if (tar->top < 0) {
		report_error(tar->top, "%s", printable(tar->directory));
		return volume_close(&tar->volume, STATUS_FAILED);
	}
	tar->links = links_new();
	return STATUS_OK;
}

static int end(struct tar *tar)
{
	progress_end();
	links_free(tar->links);
	fd_drop(tar->top);
	return volume_close(&tar->volume, STATUS_OK);
}

/* ---- in ---- */

/* Times of directories, which are right only after everything in them was made. */
struct later {
	struct later *next;
	char *name;
	struct file_attr attr;
};

/* The name without what leads nowhere: "./a//b/" is "a/b"; "" is the top itself. NULL: with "..".
 */
static char *clean_name(const char *name)
{
	char *out = need_memory(strlen(name) + 1), *at = out;

	while (*name) {
		size_t n = strcspn(name, "/");

		if (n == 2 && name[0] == '.' && name[1] == '.') {
			free(out);
			return NULL;
		}
		if (n && !(n == 1 && name[0] == '.')) {
			if (at != out)
				*at++ = '/';
			memcpy(at, name, n);
			at += n;
		}
		name += n + (name[n] == '/');
	}
	*at = '\0';
	return out;
}

static struct file_attr attr_of_entry(struct archive_entry *entry)
{
	return (struct file_attr){
	    .mode = archive_entry_mode(entry),
	    .uid = (u32)archive_entry_uid(entry),
	    .gid = (u32)archive_entry_gid(entry),
	    .major = (u32)archive_entry_rdevmajor(entry),
	    .minor = (u32)archive_entry_rdevminor(entry),
	    .atime = {.sec = archive_entry_atime_is_set(entry) ? archive_entry_atime(entry)
							       : archive_entry_mtime(entry),
		      .nsec = (u32)(archive_entry_atime_is_set(entry)
					? archive_entry_atime_nsec(entry)
					: archive_entry_mtime_nsec(entry))},
	    .mtime = {.sec = archive_entry_mtime(entry),
		      .nsec = (u32)archive_entry_mtime_nsec(entry)},
	};
}

/* Directories that lead to the name, and are not there. */
static void make_parents(int top, const char *name)
{
	char *path = need_format("%s", name);

	for (char *at = strchr(path, '/'); at; at = strchr(at + 1, '/')) {
		*at = '\0';
		int err = image_mkdir(top, path); /* what is wrong shows with the file itself */
		*at = '/';
		if (err)
			break;
	}
	free(path);
}

static int unpack_data(struct tar *tar, int fd, s64 size)
{
	const void *data;
	size_t n;
	la_int64_t offset;
	int result;

	while ((result = archive_read_data_block(tar->archive, &data, &n, &offset)) == ARCHIVE_OK ||
	       result == ARCHIVE_WARN) {
		const u8 *at = data;

		while (n && !interrupted()) {
			ssize_t piece = fd_write(fd, at, n, (u64)offset);

			if (piece < 0)
				return (int)piece;
			at += piece;
			offset += piece;
			n -= (size_t)piece;
			progress_add((u64)piece);
		}
		if (interrupted())
			return -EINTR;
	}
	if (result != ARCHIVE_EOF) {
		report("archive: %s", archive_error_string(tar->archive));
		return 1;
	}
	return fd_truncate(fd, (u64)size);
}

static int unpack_file(struct tar *tar, const char *name, s64 size)
{
	int err = image_clear(tar->top, name), fd;

	if (err)
		return err;
	fd = at_open(tar->top, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
	if (fd < 0)
		return fd;
	err = unpack_data(tar, fd, size);
	fd_drop(fd);
	return err;
}

static int unpack_link(struct tar *tar, const char *name, const char *target)
{
	char *clean = clean_name(target);
	int err = clean ? image_clear(tar->top, name) : -EINVAL;

	if (!err)
		err = vfs_link(tar->top, clean, tar->top, name, 0);
	free(clean);
	return err;
}

static int unpack_special(struct tar *tar, const char *name, struct archive_entry *entry,
			  const struct file_attr *attr)
{
	int err;

	switch (attr->mode & S_IFMT) {
	case S_IFDIR:
		return image_mkdir(tar->top, name);
	case S_IFLNK:
		err = image_clear(tar->top, name);
		return err ? err : vfs_symlink(archive_entry_symlink(entry), tar->top, name);
	case S_IFCHR:
	case S_IFBLK:
	case S_IFIFO:
	case S_IFSOCK:
		return image_mknod(tar->top, name, attr);
	default:
		return -EOPNOTSUPP;
	}
}

static void unpack_xattrs(struct tar *tar, const char *name, struct archive_entry *entry)
{
	const char *xattr;
	const void *value;
	size_t n;

	archive_entry_xattr_reset(entry);
	while (archive_entry_xattr_next(entry, &xattr, &value, &n) == ARCHIVE_OK) {
		int err = at_xattr_set(tar->top, name, xattr, value, n);

		if (err)
			report_error(err, "%s: attribute %s", printable(name), printable(xattr));
	}
}

static void unpack(struct tar *tar, struct archive_entry *entry, struct later **later)
{
	const char *raw = archive_entry_pathname(entry);
	const char *hardlink = archive_entry_hardlink(entry);
	struct file_attr attr = attr_of_entry(entry);
	char *name = raw ? clean_name(raw) : NULL;
	int err;

	if (!name) {
		report("%s: a name with .. or none at all is not unpacked",
		       raw ? printable(raw) : "archive");
		return;
	}
	if (!*name) {
		free(name);
		name = need_format(".");
	}
	make_parents(tar->top, name);
	if (hardlink && !(S_ISREG(attr.mode) && archive_entry_size(entry) > 0))
		err = unpack_link(tar, name, hardlink);
	else if (S_ISREG(attr.mode))
		err = unpack_file(tar, name, archive_entry_size(entry));
	else
		err = unpack_special(tar, name, entry, &attr);
	if (!err && !hardlink)
		err = image_set_attr(tar->top, name, &attr);
	if (!err && !hardlink)
		unpack_xattrs(tar, name, entry);
	if (err < 0 && !interrupted())
		report_error(err, "%s", printable(name));
	progress_file();
	if (!err && S_ISDIR(attr.mode)) {
		struct later *l = need_memory(sizeof(*l));

		*l = (struct later){.next = *later, .name = name, .attr = attr};
		*later = l;
	} else {
		free(name);
	}
}

static void finish_directories(struct tar *tar, struct later *later)
{
	while (later) {
		struct later *next = later->next;
		int err = image_set_attr(tar->top, later->name, &later->attr);

		if (err)
			report_error(err, "%s", printable(later->name));
		free(later->name);
		free(later);
		later = next;
	}
}

/* What the fault is of the archive, or of reading it: nothing behind it can be trusted. */
static bool next_entry(struct tar *tar, struct archive_entry **entry)
{
	int result = archive_read_next_header(tar->archive, entry);

	if (result == ARCHIVE_EOF)
		return false;
	if (result == ARCHIVE_OK)
		return true;
	if (result == ARCHIVE_WARN) {
		/* Of a name that is no UTF-8, the bytes come, and are what we want. */
		if (!strstr(archive_error_string(tar->archive), "can't be converted"))
			warn("archive: %s", archive_error_string(tar->archive));
		return true;
	}
	report("archive: %s", archive_error_string(tar->archive));
	return false;
}

/* libarchive says what failed; why, is an error number, unless that is one of its own. */
static void say_open(const struct tar *tar)
{
	int error = archive_errno(tar->archive);
	bool tells = error > 0 && error != EILSEQ; /* that is its "unknown format" */

	report("archive: %s%s%s", archive_error_string(tar->archive), tells ? ": " : "",
	       tells ? strerror(error) : "");
}

int run_tar_in(int argc, char **argv)
{
	struct volume_options options = {.mode = IMAGE_WRITE};
	struct archive_entry *entry;
	struct later *later = NULL;
	struct tar tar;
	int status = parse(argc, argv, &tar, &options);

	if (!status && argc - optind != 1)
		status = usage_error();
	if (status)
		return status;
	tar.archive = archive_read_new();
	archive_read_support_filter_all(tar.archive);
	archive_read_support_format_tar(tar.archive);
	archive_read_support_format_cpio(tar.archive);
	archive_read_support_format_empty(tar.archive);
	archive_read_set_options(tar.archive, "hdrcharset=BINARY");
	if (archive_read_open_filename(tar.archive, tar.file, BLOCK_BYTES) != ARCHIVE_OK) {
		say_open(&tar);
		archive_read_free(tar.archive);
		return STATUS_FAILED;
	}
	status = begin(&tar, argv[optind], &options);
	if (!status) {
		progress_start("tar in", 0);
		while (!interrupted() && next_entry(&tar, &entry))
			unpack(&tar, entry, &later);
		finish_directories(&tar, later);
		status = end(&tar);
	}
	archive_read_free(tar.archive);
	return status;
}

/* ---- out ---- */

static void pack_xattrs(int dir, const char *name, const char *shown, struct archive_entry *entry)
{
	struct xattr_names names;
	int err = at_xattr_list(dir, name, &names);

	if (err) {
		report_error(err, "%s: extended attributes", printable(shown));
		return;
	}
	for (const char *at = names.text; at < names.text + names.length; at += strlen(at) + 1) {
		void *value;
		ssize_t n = at_xattr_get(dir, name, at, &value);

		if (n < 0) {
			report_error((int)n, "%s: attribute %s", printable(shown), printable(at));
			continue;
		}
		archive_entry_xattr_add_entry(entry, at, value, (size_t)n);
		free(value);
	}
	free(names.text);
}

static void set_entry(struct archive_entry *entry, const char *shown, const struct vfs_stat *st)
{
	archive_entry_clear(entry);
	archive_entry_copy_pathname(entry, shown);
	archive_entry_set_mode(entry, st->mode);
	archive_entry_set_uid(entry, st->uid);
	archive_entry_set_gid(entry, st->gid);
	archive_entry_set_nlink(entry, st->nlink);
	archive_entry_set_atime(entry, st->atime.sec, st->atime.nsec);
	archive_entry_set_mtime(entry, st->mtime.sec, st->mtime.nsec);
	archive_entry_set_size(entry, S_ISREG(st->mode) ? (s64)st->size : 0);
	if (S_ISCHR(st->mode) || S_ISBLK(st->mode)) {
		archive_entry_set_rdevmajor(entry, st->rdev_major);
		archive_entry_set_rdevminor(entry, st->rdev_minor);
	}
}

/* Says where the data is, if not everywhere. */
static void set_sparse(struct archive_entry *entry, int fd, u64 size)
{
	u64 at = 0;
	bool whole = fd_seek(fd, 0, SEEK_HOLE) >= (s64)size;

	while (!whole && at < size) {
		s64 data = fd_seek(fd, (s64)at, SEEK_DATA), hole;

		if (data < 0)
			break;
		hole = fd_seek(fd, data, SEEK_HOLE);
		if (hole < 0)
			hole = (s64)size;
		archive_entry_sparse_add_entry(entry, data, hole - data);
		at = (u64)hole;
	}
	if (!whole && archive_entry_sparse_count(entry) == 0) /* one hole */
		archive_entry_sparse_add_entry(entry, (s64)size, 0);
}

static int to_archive(void *arg, const void *data, size_t n)
{
	struct tar *tar = arg;

	while (n) {
		la_ssize_t written = archive_write_data(tar->archive, data, n);

		if (written <= 0)
			return -EIO;
		data = (const u8 *)data + written;
		n -= (size_t)written;
	}
	return 0;
}

static void pack(struct tar *tar, struct archive_entry *entry, int dir, const char *name,
		 const char *shown);

static void pack_entries(struct tar *tar, struct archive_entry *entry, int fd, const char *shown)
{
	struct entries entries;
	int err = fd_list(fd, &entries);

	if (err)
		report_error(err, "%s", printable(shown));
	for (size_t i = 0; i < entries.count && !interrupted() && tar->archive; i++) {
		char *below = join(shown, entries.list[i].name);

		pack(tar, entry, fd, entries.list[i].name, below);
		free(below);
	}
	entries_free(&entries);
}

/* The archive takes no more: what follows would be worthless. */
static void archive_failed(struct tar *tar)
{
	report("archive: %s", archive_error_string(tar->archive));
	archive_write_free(tar->archive);
	tar->archive = NULL;
}

static bool put_header(struct tar *tar, struct archive_entry *entry)
{
	int result = archive_write_header(tar->archive, entry);

	if (result == ARCHIVE_OK)
		return true;
	if (result == ARCHIVE_FATAL) {
		archive_failed(tar);
		return false;
	}
	/* A name that is no UTF-8 goes in as bytes, and says so. */
	if (result != ARCHIVE_WARN || !strstr(archive_error_string(tar->archive), "translate"))
		report("%s: %s", printable(archive_entry_pathname(entry)),
		       archive_error_string(tar->archive));
	return result == ARCHIVE_WARN;
}

static void pack_file(struct tar *tar, struct archive_entry *entry, int dir, const char *name,
		      const char *shown, u64 size)
{
	int fd = at_open(dir, name, O_RDONLY | O_NOFOLLOW, 0), err;
	bool host_failed;

	if (fd < 0) {
		report_error(fd, "%s", printable(shown));
		return;
	}
	set_sparse(entry, fd, size);
	if (put_header(tar, entry)) {
		err = copy_stream(fd, size, to_archive, tar, &host_failed);
		if (err && host_failed)
			archive_failed(tar);
		else if (err && !interrupted())
			report_error(err, "%s: ends early in the archive", printable(shown));
	}
	fd_drop(fd);
}

static void pack(struct tar *tar, struct archive_entry *entry, int dir, const char *name,
		 const char *shown)
{
	struct vfs_stat st;
	const char *first;
	char *target = NULL;
	int err = at_stat(dir, name, &st), fd;

	if (!err && S_ISLNK(st.mode))
		err = at_readlink(dir, name, &target);
	if (err) {
		report_error(err, "%s", printable(shown));
		return;
	}
	set_entry(entry, shown, &st);
	if (target)
		archive_entry_copy_symlink(entry, target);
	kfree(target);
	progress_file();
	if (S_ISSOCK(st.mode)) {
		warn("%s: tar has no sockets", printable(shown));
		return;
	}
	if (st.nlink > 1 && !S_ISDIR(st.mode) &&
	    (first = links_find(tar->links, 0, st.ino, shown))) {
		archive_entry_copy_hardlink(entry, first);
		archive_entry_unset_size(entry);
		put_header(tar, entry);
		return;
	}
	pack_xattrs(dir, name, shown, entry);
	if (S_ISREG(st.mode)) {
		pack_file(tar, entry, dir, name, shown, st.size);
		return;
	}
	if (!put_header(tar, entry) || !S_ISDIR(st.mode))
		return;
	fd = at_open(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	if (fd < 0) {
		report_error(fd, "%s", printable(shown));
		return;
	}
	pack_entries(tar, entry, fd, shown);
	fd_drop(fd);
}

int run_tar_out(int argc, char **argv)
{
	struct volume_options options = {.mode = IMAGE_READ};
	struct archive_entry *entry = archive_entry_new();
	struct tar tar;
	int status = parse(argc, argv, &tar, &options);

	if (!status && !tar.file && isatty(STDOUT_FILENO)) {
		report("an archive is nothing for a terminal: use -f FILE, or redirect the output");
		status = STATUS_USAGE;
	}
	if (!status)
		status = begin(&tar, argv[optind], &options);
	if (status) {
		archive_entry_free(entry);
		return status;
	}
	tar.archive = archive_write_new();
	archive_write_set_format_pax(tar.archive);
	archive_write_set_options(tar.archive, "xattrheader=SCHILY");
	archive_write_set_bytes_per_block(tar.archive, (int)BLOCK_BYTES);
	archive_write_set_bytes_in_last_block(tar.archive, 512);
	if (archive_write_open_filename(tar.archive, tar.file) != ARCHIVE_OK) {
		say_open(&tar);
	} else {
		progress_start("tar out", 0);
		if (optind + 1 == argc)
			pack(&tar, entry, tar.top, ".", ".");
		for (int i = optind + 1; i < argc && tar.archive && !interrupted(); i++) {
			const char *name = argv[i] + strspn(argv[i], "/");

			pack(&tar, entry, tar.top, *name ? name : ".", *name ? name : ".");
		}
	}
	if (tar.archive && archive_write_close(tar.archive) != ARCHIVE_OK)
		report("archive: %s", archive_error_string(tar.archive));
	archive_write_free(tar.archive);
	archive_entry_free(entry);
	return end(&tar);
}
