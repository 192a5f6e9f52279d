/* Commands that change names: mkdir, rm, mv, ln. */
#include <dirent.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "command.h"
#include "common.h"
#include "copy.h"
#include "mm/kmalloc.h"

enum { OPTION_OWNER = OPTION_OWN };

/* ---- mkdir ---- */

struct mkdir_options {
	bool parents;
	u32 mode, uid, gid;
};

static int make_one(const char *name, const struct mkdir_options *options, u32 mode)
{
	int err = vfs_mkdir(ROOT, name, mode);
	struct attr attr = {.valid = ATTR_UID | ATTR_GID | ATTR_MODE,
			    .uid = options->uid,
			    .gid = options->gid,
			    .mode = mode};

	return err ? err : at_setattr(ROOT, name, &attr);
}

/* All that lead to it, too. */
static int make_path(const char *name, const struct mkdir_options *options)
{
	char *path = need_format("%s", name);
	struct vfs_stat st;
	int err = 0;

	for (char *at = path + strspn(path, "/"); *at && !err;) {
		char *end = at + strcspn(at, "/"), *next = end + strspn(end, "/");
		char kept = *end;

		*end = '\0';
		err = make_one(path, options, *next ? 0755 : options->mode);
		if (err == -EEXIST) {
			err = at_stat_follow(ROOT, path, &st);
			if (!err && !S_ISDIR(st.mode))
				err = -ENOTDIR;
		}
		*end = kept;
		at = next;
	}
	free(path);
	return err;
}

int run_mkdir(int argc, char **argv)
{
	static const struct option longs[] = {
	    {"parents", no_argument, NULL, 'p'},
	    {"mode", required_argument, NULL, 'm'},
	    {"owner", required_argument, NULL, OPTION_OWNER},
	    WRITER_OPTIONS,
	    {0},
	};
	struct volume_options volume_options = {.mode = IMAGE_WRITE};
	struct mkdir_options options = {.mode = 0755};
	struct volume volume;
	int c, status;

	while ((c = next_option(argc, argv, "+pm:", longs, &volume_options)) != -1)
		switch (c) {
		case 'p':
			options.parents = true;
			break;
		case 'm':
			if (!parse_mode(optarg, &options.mode))
				return usage_report("%s is no octal mode", optarg);
			break;
		case OPTION_OWNER:
			if (!parse_owner(optarg, &options.uid, &options.gid))
				return usage_report("%s is no UID:GID", optarg);
			break;
		default:
			return usage_error();
		}
	status = open_operands(argc, argv, 1, INT_MAX, &volume_options, &volume);
	if (status)
		return status;
	for (int i = optind + 1; i < argc && !interrupted(); i++) {
		int err = options.parents ? make_path(argv[i], &options)
					  : make_one(argv[i], &options, options.mode);

		if (err)
			report_error(err, "%s", printable(argv[i]));
	}
	return volume_close(&volume, STATUS_OK);
}

/* ---- rm ---- */

static void remove_tree(int dir, const char *name, const char *shown)
{
	struct entries entries = {0};
	int fd = at_open(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0), err;

	err = fd < 0 ? fd : fd_list(fd, &entries);
	if (err)
		report_error(err, "%s", printable(shown));
	for (size_t i = 0; i < entries.count && !interrupted(); i++) {
		char *below = join(shown, entries.list[i].name);

		if (entries.list[i].type == DT_DIR) {
			remove_tree(fd, entries.list[i].name, below);
		} else {
			err = vfs_unlink(fd, entries.list[i].name);
			if (err == -EISDIR) /* ext2 without file types */
				remove_tree(fd, entries.list[i].name, below);
			else if (err)
				report_error(err, "%s", printable(below));
		}
		free(below);
	}
	entries_free(&entries);
	fd_drop(fd);
	err = interrupted() ? 0 : vfs_rmdir(dir, name);
	if (err && !(err == -ENOTEMPTY && anything_failed()))
		report_error(err, "%s", printable(shown));
}

/* The root's contents, as "rm -r /" would have it, are not what anyone means. */
static bool is_root(const char *name)
{
	struct vfs_stat st, root;

	return !at_stat_follow(ROOT, "/", &root) && !at_stat(ROOT, name, &st) && st.ino == root.ino;
}

int run_rm(int argc, char **argv)
{
	static const struct option longs[] = {{"recursive", no_argument, NULL, 'r'},
					      {"force", no_argument, NULL, 'f'},
					      WRITER_OPTIONS,
					      {0}};
	struct volume_options volume_options = {.mode = IMAGE_WRITE};
	bool recursive = false, force = false;
	struct volume volume;
	int c, status;

	while ((c = next_option(argc, argv, "+rRf", longs, &volume_options)) != -1)
		switch (c) {
		case 'r':
		case 'R':
			recursive = true;
			break;
		case 'f':
			force = true;
			break;
		default:
			return usage_error();
		}
	status = open_operands(argc, argv, 1, INT_MAX, &volume_options, &volume);
	if (status)
		return status;
	for (int i = optind + 1; i < argc && !interrupted(); i++) {
		struct vfs_stat st;
		int err = at_stat(ROOT, argv[i], &st);

		if (!err && is_root(argv[i]))
			report("%s: the root directory stays", printable(argv[i]));
		else if (!err && recursive && S_ISDIR(st.mode))
			remove_tree(ROOT, argv[i], argv[i]);
		else if (!err)
			err = vfs_unlink(ROOT, argv[i]);
		if (err && !(force && err == -ENOENT))
			report_error(err, "%s", printable(argv[i]));
	}
	return volume_close(&volume, STATUS_OK);
}

/* ---- mv and ln ---- */

/* Whether the name is a directory, or a link to one. */
static bool leads_to_directory(const char *name)
{
	struct vfs_stat st;

	return !at_stat_follow(ROOT, name, &st) && S_ISDIR(st.mode);
}

int run_mv(int argc, char **argv)
{
	static const struct option longs[] = {
	    {"no-clobber", no_argument, NULL, 'n'}, WRITER_OPTIONS, {0}};
	struct volume_options volume_options = {.mode = IMAGE_WRITE};
	unsigned flags = 0;
	struct volume volume;
	int c, status;

	while ((c = next_option(argc, argv, "+n", longs, &volume_options)) != -1)
		switch (c) {
		case 'n':
			flags = RENAME_NOREPLACE;
			break;
		default:
			return usage_error();
		}
	status = open_operands(argc, argv, 2, INT_MAX, &volume_options, &volume);
	if (status)
		return status;
	const char *to = argv[argc - 1];
	bool into = leads_to_directory(to);
	if (!into && argc - optind > 3)
		report("%s: is no directory", printable(to));
	for (int i = optind + 1; i < argc - 1 && !anything_failed() && !interrupted(); i++) {
		char *name = into ? join(to, base_name(argv[i])) : need_format("%s", to);
		int err = vfs_rename(ROOT, argv[i], ROOT, name, flags);

		if (err)
			report_error(err, "%s to %s", printable(argv[i]), printable(name));
		free(name);
	}
	return volume_close(&volume, STATUS_OK);
}

int run_ln(int argc, char **argv)
{
	static const struct option longs[] = {{"symbolic", no_argument, NULL, 's'},
					      {"force", no_argument, NULL, 'f'},
					      WRITER_OPTIONS,
					      {0}};
	struct volume_options volume_options = {.mode = IMAGE_WRITE};
	bool symbolic = false, force = false;
	struct volume volume;
	int c, status, err;

	while ((c = next_option(argc, argv, "+sf", longs, &volume_options)) != -1)
		switch (c) {
		case 's':
			symbolic = true;
			break;
		case 'f':
			force = true;
			break;
		default:
			return usage_error();
		}
	status = open_operands(argc, argv, 2, 2, &volume_options, &volume);
	if (status)
		return status;
	const char *target = argv[optind + 1];
	char *name = leads_to_directory(argv[optind + 2])
			 ? join(argv[optind + 2], base_name(target))
			 : need_format("%s", argv[optind + 2]);
	err = force ? vfs_unlink(ROOT, name) : 0;
	if (err == -ENOENT)
		err = 0;
	if (!err)
		err = symbolic ? vfs_symlink(target, ROOT, name)
			       : vfs_link(ROOT, target, ROOT, name, 0);
	if (err)
		report_error(err, "%s", printable(name));
	free(name);
	return volume_close(&volume, STATUS_OK);
}
