/* put and get: files and trees, from this machine into the image and back. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "command.h"
#include "common.h"
#include "copy.h"
#include "mm/kmalloc.h"

enum { OPTION_OWNER = OPTION_OWN };

/* ---- put ---- */

struct put {
	bool recursive, keep_owner, fixed_mode;
	u32 uid, gid, mode;
	struct links *links;
};

/* From the host's name below host_dir to the image's name below dir; `from` and `to` are the whole
 * names, for messages and links. */
static void put_one(const struct put *put, int host_dir, const char *host_name, const char *from,
		    int dir, const char *name, const char *to);

static void put_entries(const struct put *put, int host_fd, const char *from, int fd,
			const char *to)
{
	DIR *stream = fdopendir(dup(host_fd));
	struct dirent *entry;

	if (!stream) {
		report_error(-errno, "%s", printable(from));
		return;
	}
	while (!interrupted() && (errno = 0, entry = readdir(stream))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		char *from_below = join(from, entry->d_name), *to_below = join(to, entry->d_name);

		put_one(put, host_fd, entry->d_name, from_below, fd, entry->d_name, to_below);
		free(from_below);
		free(to_below);
	}
	if (errno)
		report_error(-errno, "%s", printable(from));
	closedir(stream);
}

static int put_directory(const struct put *put, int host_dir, const char *host_name,
			 const char *from, int dir, const char *name, const char *to)
{
	int host_fd, fd, err;

	if (!put->recursive) {
		report("%s: is a directory (and there was no -r)", printable(from));
		return 1;
	}
	host_fd = openat(host_dir, host_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (host_fd < 0) {
		report_error(-errno, "%s", printable(from));
		return 1;
	}
	err = image_mkdir(dir, name);
	fd = err ? err : at_open(dir, name, O_RDONLY | O_DIRECTORY, 0);
	if (fd >= 0) {
		put_entries(put, host_fd, from, fd, to);
		fd_drop(fd);
	}
	close(host_fd);
	return fd < 0 ? fd : 0;
}

static int put_file(int host_dir, const char *host_name, const char *from, int dir,
		    const char *name)
{
	bool is_stdin = strcmp(from, "-") == 0, host_failed = false;
	int host_fd = is_stdin ? STDIN_FILENO
			       : openat(host_dir, host_name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	int fd, err;

	if (host_fd < 0) {
		report_error(-errno, "%s", printable(from));
		return 1;
	}
	err = image_clear(dir, name);
	fd = err ? err : at_open(dir, name, O_WRONLY | O_CREAT | O_EXCL, 0600);
	err = fd < 0 ? fd : copy_in(host_fd, fd, &host_failed);
	if (err && host_failed) {
		report_error(err, "%s", printable(from));
		err = 1;
	}
	fd_drop(fd < 0 ? -1 : fd);
	if (!is_stdin)
		close(host_fd);
	return err;
}

static int put_symlink(int host_dir, const char *host_name, const char *from, int dir,
		       const char *name)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(host_dir, host_name, target, sizeof(target) - 1);
	int err;

	if (n < 0) {
		report_error(-errno, "%s", printable(from));
		return 1;
	}
	target[n] = '\0';
	err = image_clear(dir, name);
	return err ? err : vfs_symlink(target, dir, name);
}

static void put_one(const struct put *put, int host_dir, const char *host_name, const char *from,
		    int dir, const char *name, const char *to)
{
	struct file_attr attr;
	struct stat st;
	const char *first;
	int err;

	if (strcmp(from, "-") == 0)
		err = fstat(STDIN_FILENO, &st);
	else
		err = fstatat(host_dir, host_name, &st, AT_SYMLINK_NOFOLLOW);
	if (err) {
		report_error(-errno, "%s", printable(from));
		return;
	}
	if (strcmp(from, "-") == 0 && !S_ISREG(st.st_mode)) {
		st.st_mode = S_IFREG | 0644;
		clock_gettime(CLOCK_REALTIME, &st.st_mtim);
		st.st_atim = st.st_mtim;
		st.st_nlink = 1;
	}
	attr = file_attr_of(&st);
	if (!put->keep_owner) {
		attr.uid = put->uid;
		attr.gid = put->gid;
	}
	if (put->fixed_mode && S_ISREG(attr.mode))
		attr.mode = S_IFREG | put->mode;
	if (st.st_nlink > 1 && !S_ISDIR(st.st_mode) &&
	    (first = links_find(put->links, st.st_dev, st.st_ino, to))) {
		err = image_clear(dir, name);
		if (!err)
			err = vfs_link(ROOT, first, dir, name, 0);
		if (err != -EMLINK) {
			if (err)
				report_error(err, "%s", printable(to));
			return;
		}
	}
	switch (attr.mode & S_IFMT) {
	case S_IFDIR:
		err = put_directory(put, host_dir, host_name, from, dir, name, to);
		break;
	case S_IFREG:
		err = put_file(host_dir, host_name, from, dir, name);
		break;
	case S_IFLNK:
		err = put_symlink(host_dir, host_name, from, dir, name);
		break;
	default:
		err = image_mknod(dir, name, &attr);
	}
	if (!err)
		err = image_set_attr(dir, name, &attr);
	/* After the owner, whose change takes capabilities away. */
	if (!err && strcmp(from, "-"))
		xattrs_in(host_dir, host_name, dir, name, to);
	if (err < 0 && !interrupted())
		report_error(err, "%s", printable(to));
	progress_file();
}

static int parse_put(int argc, char **argv, struct put *put, struct volume_options *volume)
{
	static const struct option longs[] = {
	    {"recursive", no_argument, NULL, 'r'},
	    {"mode", required_argument, NULL, 'm'},
	    {"owner", required_argument, NULL, OPTION_OWNER},
	    WRITER_OPTIONS,
	    {0},
	};
	int c;

	while ((c = next_option(argc, argv, "+rRm:", longs, volume)) != -1)
		switch (c) {
		case 'r':
		case 'R':
			put->recursive = true;
			break;
		case 'm':
			put->fixed_mode = true;
			if (!parse_mode(optarg, &put->mode))
				return usage_report("%s is no octal mode", optarg);
			break;
		case OPTION_OWNER:
			put->keep_owner = strcmp(optarg, "keep") == 0;
			if (!put->keep_owner && !parse_owner(optarg, &put->uid, &put->gid))
				return usage_report("%s is no UID:GID", optarg);
			break;
		default:
			return usage_error();
		}
	return STATUS_OK;
}

/* Where `from` goes, when all goes to `to`, or into it; to be freed. */
static char *name_there(const char *to, bool into, const char *from)
{
	const char *base = base_name(from);
	/* "put -r DIR/. /": what is in it goes right there */
	bool contents =
	    strcmp(base, ".") == 0 || strcmp(base, "..") == 0 || strcmp(base, "/") == 0 || !*base;

	return into && !contents ? join(to, base) : need_format("%s", to);
}

int run_put(int argc, char **argv)
{
	struct volume_options volume_options = {.mode = IMAGE_WRITE};
	struct put put = {0};
	struct volume volume;
	struct vfs_stat st;
	int status = parse_put(argc, argv, &put, &volume_options);

	if (!status)
		status = open_operands(argc, argv, 2, INT_MAX, &volume_options, &volume);
	if (status)
		return status;
	const char *to = argv[argc - 1];
	bool into = !at_stat_follow(ROOT, to, &st) && S_ISDIR(st.mode);
	if (!into && (argc - optind > 3 || to[strlen(to) - 1] == '/'))
		report("%s: is no directory in the image", printable(to));
	put.links = links_new();
	progress_start("put", 0);
	for (int i = optind + 1; i < argc - 1 && !interrupted() && (into || !anything_failed());
	     i++) {
		const char *from = argv[i];
		char *name = name_there(to, into, from);

		put_one(&put, AT_FDCWD, from, from, ROOT, name, name);
		free(name);
	}
	progress_end();
	links_free(put.links);
	return volume_close(&volume, STATUS_OK);
}

/* ---- get ---- */

struct get {
	bool recursive;
	struct links *links;
	int top; /* the host's working directory, where `to` starts */
};

static void get_one(const struct get *get, int dir, const char *name, const char *from,
		    int host_dir, const char *host_name, const char *to);

static void get_entries(const struct get *get, int fd, const char *from, int host_fd,
			const char *to)
{
	struct entries entries;
	int err = fd_list(fd, &entries);

	if (err)
		report_error(err, "%s", printable(from));
	for (size_t i = 0; i < entries.count && !interrupted(); i++) {
		const char *entry = entries.list[i].name;
		char *from_below = join(from, entry), *to_below = join(to, entry);

		get_one(get, fd, entry, from_below, host_fd, entry, to_below);
		free(from_below);
		free(to_below);
	}
	entries_free(&entries);
}

static int get_directory(const struct get *get, int dir, const char *name, const char *from,
			 int host_dir, const char *host_name, const char *to)
{
	int fd, host_fd;

	if (!get->recursive) {
		report("%s: is a directory (and there was no -r)", printable(from));
		return 1;
	}
	if (mkdirat(host_dir, host_name, 0700) && errno != EEXIST)
		return -errno;
	/* A link of this machine's in our way, such as the image may have made, is not followed. */
	host_fd =
	    openat(host_dir, host_name,
		   O_RDONLY | O_DIRECTORY | O_CLOEXEC | (host_dir == get->top ? 0 : O_NOFOLLOW));
	if (host_fd < 0)
		return -errno;
	fd = at_open(dir, name, O_RDONLY | O_DIRECTORY, 0);
	if (fd < 0) {
		report_error(fd, "%s", printable(from));
	} else {
		get_entries(get, fd, from, host_fd, to);
		fd_drop(fd);
	}
	close(host_fd);
	return 0;
}

/* Whatever but a directory has the name makes room. */
static int host_clear(int host_dir, const char *host_name)
{
	return unlinkat(host_dir, host_name, 0) && errno != ENOENT ? -errno : 0;
}

static int get_file(int dir, const char *name, const char *from, u64 size, int host_dir,
		    const char *host_name)
{
	int fd = at_open(dir, name, O_RDONLY, 0), host_fd, err;
	bool host_failed;

	if (fd < 0) {
		report_error(fd, "%s", printable(from));
		return 1;
	}
	err = host_clear(host_dir, host_name);
	host_fd = openat(host_dir, host_name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (!err && host_fd < 0)
		err = -errno;
	if (!err) {
		err = copy_out(fd, size, host_fd, &host_failed);
		if (err && !host_failed && !interrupted()) {
			report_error(err, "%s", printable(from));
			err = 1;
		}
	}
	if (host_fd >= 0 && close(host_fd) && !err)
		err = -errno;
	fd_drop(fd);
	return err;
}

static int get_symlink(int dir, const char *name, const char *from, int host_dir,
		       const char *host_name)
{
	char *target;
	int err = at_readlink(dir, name, &target);

	if (err) {
		report_error(err, "%s", printable(from));
		return 1;
	}
	err = host_clear(host_dir, host_name);
	if (!err && symlinkat(target, host_dir, host_name))
		err = -errno;
	kfree(target);
	return err;
}

static int host_set_attr(int host_dir, const char *host_name, const struct vfs_stat *st)
{
	struct timespec times[2] = {
	    {.tv_sec = st->atime.sec, .tv_nsec = st->atime.nsec},
	    {.tv_sec = st->mtime.sec, .tv_nsec = st->mtime.nsec},
	};
	bool root = geteuid() == 0;

	if (root && fchownat(host_dir, host_name, st->uid, st->gid, AT_SYMLINK_NOFOLLOW))
		return -errno;
	/* Who does not own it as in the image gives nobody its rights. */
	if (!S_ISLNK(st->mode) &&
	    fchmodat(host_dir, host_name, st->mode & (root ? 07777 : 01777), 0))
		return -errno;
	return utimensat(host_dir, host_name, times, AT_SYMLINK_NOFOLLOW) ? -errno : 0;
}

static void get_one(const struct get *get, int dir, const char *name, const char *from,
		    int host_dir, const char *host_name, const char *to)
{
	struct vfs_stat st;
	const char *first;
	int err = at_stat(dir, name, &st);

	if (err) {
		report_error(err, "%s", printable(from));
		return;
	}
	if (st.nlink > 1 && !S_ISDIR(st.mode) && (first = links_find(get->links, 0, st.ino, to))) {
		err = host_clear(host_dir, host_name);
		if (!err && linkat(get->top, first, host_dir, host_name, 0))
			err = -errno;
		if (err)
			report_error(err, "%s", printable(to));
		return;
	}
	switch (st.mode & S_IFMT) {
	case S_IFDIR:
		err = get_directory(get, dir, name, from, host_dir, host_name, to);
		break;
	case S_IFREG:
		err = get_file(dir, name, from, st.size, host_dir, host_name);
		break;
	case S_IFLNK:
		err = get_symlink(dir, name, from, host_dir, host_name);
		break;
	default:
		err = host_clear(host_dir, host_name);
		if (!err && mknodat(host_dir, host_name, (st.mode & S_IFMT) | 0600,
				    makedev(st.rdev_major, st.rdev_minor)))
			err = -errno;
	}
	/* Root sets attributes after the owner, whose change takes capabilities away; others while
	 * they still may write. */
	if (!err && geteuid())
		xattrs_out(dir, name, host_dir, host_name, to);
	if (!err)
		err = host_set_attr(host_dir, host_name, &st);
	if (!err && !geteuid())
		xattrs_out(dir, name, host_dir, host_name, to);
	if (err < 0 && !interrupted())
		report_error(err, "%s", printable(to));
	progress_file();
}

int run_get(int argc, char **argv)
{
	static const struct option longs[] = {{"recursive", no_argument, NULL, 'r'}, {0}};
	struct volume_options volume_options = {.mode = IMAGE_READ};
	struct get get = {.top = AT_FDCWD};
	struct volume volume;
	struct stat st;
	int c, status;

	while ((c = getopt_long(argc, argv, "+rR", longs, NULL)) != -1) {
		if (c == '?')
			return usage_error();
		get.recursive = true;
	}
	status = open_operands(argc, argv, 2, INT_MAX, &volume_options, &volume);
	if (status)
		return status;
	const char *to = argv[argc - 1];
	bool into = stat(to, &st) == 0 && S_ISDIR(st.st_mode);
	if (!into && (argc - optind > 3 || to[strlen(to) - 1] == '/'))
		report("%s: is no directory", printable(to));
	get.links = links_new();
	progress_start("get", 0);
	for (int i = optind + 1; i < argc - 1 && !interrupted() && (into || !anything_failed());
	     i++) {
		const char *from = argv[i];
		char *name = name_there(to, into, from);

		get_one(&get, ROOT, from, from, AT_FDCWD, name, name);
		free(name);
	}
	progress_end();
	links_free(get.links);
	return volume_close(&volume, STATUS_OK);
}
