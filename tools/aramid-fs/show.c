/* Commands that look: df, ls, stat, cat, tree. */
#include <dirent.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "command.h"
#include "common.h"
#include "copy.h"
#include "mm/kmalloc.h"
#include "vfs/mount.h"

static const struct volume_options reading = {.mode = IMAGE_READ};

/* ---- one file's line ---- */

static const char *mode_text(u32 mode)
{
	static char text[11];
	static const char types[] = "?pc?d?b?-?l?s???", rights[] = "rwxrwxrwx";

	text[0] = types[mode >> 12 & 15];
	for (int i = 0; i < 9; i++)
		text[1 + i] = mode >> (8 - i) & 1 ? rights[i] : '-';
	if (mode & S_ISUID)
		text[3] = mode & S_IXUSR ? 's' : 'S';
	if (mode & S_ISGID)
		text[6] = mode & S_IXGRP ? 's' : 'S';
	if (mode & S_ISVTX)
		text[9] = mode & S_IXOTH ? 't' : 'T';
	return text;
}

static const char *time_text(struct timespec64 time, bool with_ns)
{
	static char texts[2][64];
	static unsigned next;
	char *text = texts[next++ % 2];
	time_t seconds = time.sec;
	struct tm tm;

	localtime_r(&seconds, &tm);
	size_t n = strftime(text, sizeof(texts[0]), "%Y-%m-%d %H:%M:%S", &tm);
	if (with_ns)
		n += (size_t)snprintf(text + n, sizeof(texts[0]) - n, ".%09u", time.nsec);
	strftime(text + n, sizeof(texts[0]) - n, with_ns ? " %z" : "", &tm);
	return text;
}

/* ---- ls ---- */

struct ls {
	bool longer, inodes, all, recursive, directory, zero;
};

static void put_name(const struct ls *ls, const char *name)
{
	fputs(ls->zero ? name : printable(name), stdout);
}

static void ls_line(const struct ls *ls, int dir, const char *name, const char *shown)
{
	struct vfs_stat st;
	int err = 0;

	if (ls->longer || ls->inodes) {
		err = at_stat(dir, name, &st);
		if (err) {
			report_error(err, "%s", printable(shown));
			return;
		}
	}
	if (ls->inodes)
		printf("%8llu ", st.ino);
	if (ls->longer) {
		printf("%s %4u %5u %5u ", mode_text(st.mode), st.nlink, st.uid, st.gid);
		if (S_ISCHR(st.mode) || S_ISBLK(st.mode))
			printf("%5u, %4u ", st.rdev_major, st.rdev_minor);
		else
			printf("%11llu ", st.size);
		printf("%s ", time_text(st.mtime, false));
	}
	put_name(ls, shown);
	if (ls->longer && S_ISLNK(st.mode)) {
		char *target;

		err = at_readlink(dir, name, &target);
		if (!err) {
			fputs(" -> ", stdout);
			put_name(ls, target);
			kfree(target);
		}
	}
	putchar(ls->zero ? '\0' : '\n');
	if (err)
		report_error(err, "%s", printable(shown));
}

static void ls_directory(const struct ls *ls, int dir, const char *name, const char *shown,
			 bool title)
{
	struct entries entries = {0};
	int fd = at_open(dir, name, O_RDONLY | O_DIRECTORY, 0);
	int err = fd < 0 ? fd : fd_list(fd, &entries);

	if (err)
		report_error(err, "%s", printable(shown));
	if (title) {
		put_name(ls, shown);
		fputs(ls->zero ? ":" : ":\n", stdout);
		if (ls->zero)
			putchar('\0');
	}
	if (ls->all && fd >= 0) {
		ls_line(ls, fd, ".", ".");
		ls_line(ls, fd, "..", "..");
	}
	for (size_t i = 0; i < entries.count && !interrupted(); i++)
		ls_line(ls, fd, entries.list[i].name, entries.list[i].name);
	for (size_t i = 0; ls->recursive && i < entries.count && !interrupted(); i++) {
		struct vfs_stat st;
		char *below = join(shown, entries.list[i].name);

		if (!at_stat(fd, entries.list[i].name, &st) && S_ISDIR(st.mode)) {
			if (!ls->zero)
				putchar('\n');
			ls_directory(ls, fd, entries.list[i].name, below, true);
		}
		free(below);
	}
	entries_free(&entries);
	fd_drop(fd < 0 ? -1 : fd);
}

int run_ls(int argc, char **argv)
{
	struct ls ls = {0};
	struct volume volume;
	int c, status;

	while ((c = getopt(argc, argv, "+liaRd0")) != -1)
		switch (c) {
		case 'l':
			ls.longer = true;
			break;
		case 'i':
			ls.inodes = true;
			break;
		case 'a':
			ls.all = true;
			break;
		case 'R':
			ls.recursive = true;
			break;
		case 'd':
			ls.directory = true;
			break;
		case '0':
			ls.zero = true;
			break;
		default:
			return usage_error();
		}
	status = open_operands(argc, argv, 0, INT_MAX, &reading, &volume);
	if (status)
		return status;
	optind++;
	if (optind == argc)
		argv[--optind] = "/";
	for (int i = optind; i < argc && !interrupted(); i++) {
		struct vfs_stat st;
		int err =
		    ls.directory ? at_stat(ROOT, argv[i], &st) : at_stat_follow(ROOT, argv[i], &st);

		if (err == -ENOENT) /* a link that leads nowhere is something to list */
			err = at_stat(ROOT, argv[i], &st);
		if (err)
			report_error(err, "%s", printable(argv[i]));
		else if (S_ISDIR(st.mode) && !ls.directory)
			ls_directory(&ls, ROOT, argv[i], argv[i],
				     argc - optind > 1 || ls.recursive);
		else
			ls_line(&ls, ROOT, argv[i], argv[i]);
	}
	return volume_close(&volume, STATUS_OK);
}

/* ---- stat ---- */

static void show_xattrs(const char *name)
{
	struct xattr_names names;
	int err = at_xattr_list(ROOT, name, &names);

	if (err) {
		report_error(err, "%s: extended attributes", printable(name));
		return;
	}
	for (const char *at = names.text; at < names.text + names.length; at += strlen(at) + 1) {
		void *value;
		ssize_t n = at_xattr_get(ROOT, name, at, &value);

		if (n < 0) {
			report_error((int)n, "%s: %s", printable(name), at);
			continue;
		}
		printf("  xattr: %s=", printable(at));
		for (ssize_t i = 0; i < n; i++) {
			unsigned char byte = ((unsigned char *)value)[i];

			printf(byte >= ' ' && byte <= '~' && byte != '\\' ? "%c" : "\\%03o", byte);
		}
		putchar('\n');
		free(value);
	}
	free(names.text);
}

static const char *type_text(u32 mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return "regular file";
	case S_IFDIR:
		return "directory";
	case S_IFLNK:
		return "symbolic link";
	case S_IFCHR:
		return "character device";
	case S_IFBLK:
		return "block device";
	case S_IFIFO:
		return "FIFO";
	case S_IFSOCK:
		return "socket";
	default:
		return "unknown";
	}
}

static void show_stat(const char *name, const struct vfs_stat *st)
{
	printf("  name: %s", printable(name));
	if (S_ISLNK(st->mode)) {
		char *target;

		if (at_readlink(ROOT, name, &target) == 0) {
			printf(" -> %s", printable(target));
			kfree(target);
		}
	}
	printf("\n  type: %s\n", type_text(st->mode));
	if (S_ISCHR(st->mode) || S_ISBLK(st->mode))
		printf("device: %u, %u\n", st->rdev_major, st->rdev_minor);
	printf("  size: %llu\nblocks: %llu of 512 bytes\n inode: %llu\n links: %u\n", st->size,
	       st->blocks, st->ino, st->nlink);
	printf("  mode: %04o %s\n owner: %u:%u\n", st->mode & 07777, mode_text(st->mode), st->uid,
	       st->gid);
	printf("access: %s\n", time_text(st->atime, true));
	printf("modify: %s\n", time_text(st->mtime, true));
	printf("change: %s\n", time_text(st->ctime, true));
	if (st->has_btime)
		printf(" birth: %s\n", time_text(st->btime, true));
}

int run_stat(int argc, char **argv)
{
	struct volume volume;
	bool follow = false;
	int c, status;

	while ((c = getopt(argc, argv, "+L")) != -1) {
		if (c == '?')
			return usage_error();
		follow = true;
	}
	status = open_operands(argc, argv, 1, INT_MAX, &reading, &volume);
	if (status)
		return status;
	for (int i = optind + 1; i < argc && !interrupted(); i++) {
		struct vfs_stat st;
		int err = follow ? at_stat_follow(ROOT, argv[i], &st) : at_stat(ROOT, argv[i], &st);

		if (err) {
			report_error(err, "%s", printable(argv[i]));
			continue;
		}
		if (i > optind + 1)
			putchar('\n');
		show_stat(argv[i], &st);
		show_xattrs(argv[i]);
	}
	return volume_close(&volume, STATUS_OK);
}

/* ---- cat ---- */

static int to_stdout(void *arg, const void *data, size_t n)
{
	return fwrite(data, 1, n, stdout) == n ? 0 : -EIO;
}

int run_cat(int argc, char **argv)
{
	struct volume volume;
	int status;

	if (getopt(argc, argv, "+") != -1)
		return usage_error();
	status = open_operands(argc, argv, 1, INT_MAX, &reading, &volume);
	if (status)
		return status;
	for (int i = optind + 1; i < argc && !interrupted(); i++) {
		int fd = at_open(ROOT, argv[i], O_RDONLY | O_NONBLOCK, 0), err;
		bool host_failed = false;
		struct vfs_stat st;

		err = fd < 0 ? fd : fd_stat(fd, &st);
		if (!err && !S_ISREG(st.mode))
			err = S_ISDIR(st.mode) ? -EISDIR : -EINVAL;
		if (!err)
			err = copy_stream(fd, st.size, to_stdout, NULL, &host_failed);
		if (err && !interrupted())
			report_error(err, "%s",
				     host_failed ? "standard output" : printable(argv[i]));
		fd_drop(fd < 0 ? -1 : fd);
	}
	return volume_close(&volume, STATUS_OK);
}

/* ---- tree ---- */

struct tree {
	u64 directories, files;
};

static void tree_directory(struct tree *tree, int dir, const char *name, const char *indent)
{
	struct entries entries = {0};
	int fd = at_open(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	int err = fd < 0 ? fd : fd_list(fd, &entries);

	if (err)
		report_error(err, "%s", printable(name));
	for (size_t i = 0; i < entries.count && !interrupted(); i++) {
		const char *entry = entries.list[i].name;
		bool last = i + 1 == entries.count;
		struct vfs_stat st;
		char *target;

		printf("%s%s%s", indent, last ? "`-- " : "|-- ", printable(entry));
		err = at_stat(fd, entry, &st);
		if (!err && S_ISLNK(st.mode) && !at_readlink(fd, entry, &target)) {
			printf(" -> %s", printable(target));
			kfree(target);
		}
		putchar('\n');
		if (err) {
			report_error(err, "%s", printable(entry));
		} else if (S_ISDIR(st.mode)) {
			char *deeper = need_format("%s%s", indent, last ? "    " : "|   ");

			tree->directories++;
			tree_directory(tree, fd, entry, deeper);
			free(deeper);
		} else {
			tree->files++;
		}
	}
	entries_free(&entries);
	fd_drop(fd < 0 ? -1 : fd);
}

int run_tree(int argc, char **argv)
{
	struct tree tree = {0};
	struct volume volume;
	int status;

	if (getopt(argc, argv, "+") != -1)
		return usage_error();
	status = open_operands(argc, argv, 0, 1, &reading, &volume);
	if (status)
		return status;
	const char *top = argc - optind == 2 ? argv[optind + 1] : "/";
	puts(printable(top));
	tree_directory(&tree, ROOT, top, "");
	printf("\n%llu directories, %llu files\n", tree.directories, tree.files);
	return volume_close(&volume, STATUS_OK);
}

/* ---- df ---- */

static const char *amount(bool bytes, u64 n)
{
	static char texts[4][24];
	static unsigned next;
	char *text = texts[next++ % 4];

	if (!bytes)
		return human_size(n);
	snprintf(text, sizeof(texts[0]), "%llu", n);
	return text;
}

int run_df(int argc, char **argv)
{
	struct fs_statistics fs;
	struct volume volume;
	bool bytes = false;
	struct path root;
	int c, status, err;

	while ((c = getopt(argc, argv, "+b")) != -1) {
		if (c == '?')
			return usage_error();
		bytes = true;
	}
	status = open_operands(argc, argv, 0, 0, &reading, &volume);
	if (status)
		return status;
	err = path_lookup(ROOT, "/", LOOKUP_FOLLOW, &root);
	if (!err) {
		err = vfs_statfs(&root, &fs);
		path_put(&root);
	}
	if (err) {
		report_error(err, "%s", volume.spec);
	} else {
		u64 used = fs.blocks - fs.free_blocks;

		printf("%-6s %12s %12s %12s %5s\n", "", "size", "used", "available", "use");
		printf("%-6s %12s %12s %12s %4llu%%\n", "space",
		       amount(bytes, fs.blocks * fs.block_size),
		       amount(bytes, used * fs.block_size),
		       amount(bytes, fs.available_blocks * fs.block_size),
		       used + fs.available_blocks ? (used * 100 + used + fs.available_blocks - 1) /
							(used + fs.available_blocks)
						  : 0);
		printf("%-6s %12llu %12llu %12llu %4llu%%\n", "inodes", fs.files,
		       fs.files - fs.free_files, fs.free_files,
		       fs.files ? ((fs.files - fs.free_files) * 100 + fs.files - 1) / fs.files : 0);
	}
	return volume_close(&volume, STATUS_OK);
}
