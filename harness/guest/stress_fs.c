/*
 * A tree of names, exercised at random: files with content, directories, symbolic and hard
 * links, fifos; created, written, renamed in every way, removed. The model is a table of nodes
 * (inodes) and a table of entries (names); for every operation it foretells the errno or the
 * change. Directory number 0 is the one that the exerciser works in.
 */
#include "stress.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { max_nodes = 96, max_entries = 160, max_depth = 8, names = 24, name_size = 64 };

enum kind { free_node, a_file, a_directory, a_symlink, a_fifo };

struct node {
	enum kind kind;
	unsigned links, mode, uid, gid;
	long mtime; /* -1: not known */
	unsigned char *data;
	size_t size;
	char target[200];
};

struct entry {
	bool used;
	int parent, node; /* indices of nodes */
	char name[name_size];
};

static struct node nodes[max_nodes];
static struct entry entries[max_entries];
static const char *root;
static size_t file_size;
static bool pretend;

static int entry_find(int parent, const char *name)
{
	for (int i = 0; i < max_entries; i++)
		if (entries[i].used && entries[i].parent == parent &&
		    strcmp(entries[i].name, name) == 0)
			return i;
	return -1;
}

static int entry_of_directory(int node)
{
	for (int i = 0; i < max_entries; i++)
		if (entries[i].used && entries[i].node == node)
			return i;
	return -1;
}

static bool directory_empty(int node)
{
	for (int i = 0; i < max_entries; i++)
		if (entries[i].used && entries[i].parent == node)
			return false;
	return true;
}

/* Whether directory `node` is `above` or lies below it. */
static bool directory_within(int node, int above)
{
	while (node != above && node != 0)
		node = entries[entry_of_directory(node)].parent;
	return node == above;
}

static int directory_depth(int node)
{
	int depth = 0;

	for (; node != 0; depth++)
		node = entries[entry_of_directory(node)].parent;
	return depth;
}

static int tree_height(int node)
{
	int height = 0;

	if (nodes[node].kind != a_directory)
		return 0;
	for (int i = 0; i < max_entries; i++)
		if (entries[i].used && entries[i].parent == node) {
			int below = tree_height(entries[i].node) + 1;

			if (below > height)
				height = below;
		}
	return height;
}

static void build_path(char *path, size_t size, int directory, const char *name)
{
	char above[4096];

	if (directory == 0) {
		snprintf(path, size, "%s/%s", root, name);
		return;
	}
	build_path(above, sizeof(above), entries[entry_of_directory(directory)].parent,
		   entries[entry_of_directory(directory)].name);
	if ((size_t)snprintf(path, size, "%s/%s", above, name) >= size)
		stress_fail("a path is too long");
}

static void node_drop(int node)
{
	struct node *n = &nodes[node];

	if (n->kind == a_directory || --n->links == 0) {
		free(n->data);
		memset(n, 0, sizeof(*n));
	}
}

static int node_new(enum kind kind, unsigned mode)
{
	for (int i = 1; i < max_nodes; i++)
		if (nodes[i].kind == free_node) {
			nodes[i] =
			    (struct node){.kind = kind, .links = 1, .mode = mode, .mtime = -1};
			return i;
		}
	return -1;
}

static int entry_new(int parent, const char *name, int node)
{
	for (int i = 0; i < max_entries; i++)
		if (!entries[i].used) {
			entries[i] = (struct entry){.used = true, .parent = parent, .node = node};
			snprintf(entries[i].name, name_size, "%s", name);
			return i;
		}
	return -1;
}

static bool room(void)
{
	int free_nodes = 0, free_entries = 0;

	for (int i = 1; i < max_nodes; i++)
		free_nodes += nodes[i].kind == free_node;
	for (int i = 0; i < max_entries; i++)
		free_entries += !entries[i].used;
	return free_nodes && free_entries;
}

static void touched(int directory)
{
	nodes[directory].mtime = -1;
}

/* A directory, a name in it that may or may not exist, its entry or -1, and its path. */
struct place {
	int directory, entry;
	char name[name_size], path[4096];
};

static void place_fill(struct place *place, int directory, const char *name)
{
	place->directory = directory;
	snprintf(place->name, name_size, "%s", name);
	place->entry = entry_find(directory, name);
	build_path(place->path, sizeof(place->path), directory, name);
}

static int random_directory(void)
{
	int count = 0, chosen = 0;

	for (int i = 0; i < max_nodes; i++)
		if (nodes[i].kind == a_directory && stress_random((uint64_t)++count) == 0)
			chosen = i;
	return chosen;
}

static void place_random(struct place *place)
{
	uint64_t number = stress_random(names);
	char name[name_size];

	if (number % 6 == 5)
		snprintf(name, sizeof(name), "a-rather-longer-name-with-number-%llu",
			 (unsigned long long)number);
	else
		snprintf(name, sizeof(name), "n%llu", (unsigned long long)number);
	place_fill(place, random_directory(), name);
}

/* A place that exists, when there is any. */
static bool place_existing(struct place *place)
{
	int count = 0, chosen = -1;

	for (int i = 0; i < max_entries; i++)
		if (entries[i].used && stress_random((uint64_t)++count) == 0)
			chosen = i;
	if (chosen >= 0)
		place_fill(place, entries[chosen].parent, entries[chosen].name);
	return chosen >= 0;
}

static const char *relative(const struct place *place)
{
	return place->path + strlen(root) + 1;
}

/* Judges a call's result against the errno foretold (0: success). */
static void expect(long result, int error, const char *what)
{
	if (pretend)
		return;
	if (error == 0 && result == -1)
		stress_fail("%s should have succeeded", what);
	if (error != 0 && (result != -1 || errno != error))
		stress_fail("%s gave %ld, it should have failed with: %s", what, result,
			    strerror(error));
}

static void do_create(void)
{
	struct place at;
	long fd = 0;

	place_random(&at);
	if (at.entry < 0 && !room())
		return;
	stress_log("create %s", relative(&at));
	if (!pretend)
		fd = open(at.path, O_WRONLY | O_CREAT | O_EXCL, 0640);
	expect(fd, at.entry >= 0 ? EEXIST : 0, "create");
	if (fd > 0)
		close((int)fd);
	if (at.entry < 0) {
		entry_new(at.directory, at.name, node_new(a_file, 0640));
		touched(at.directory);
	}
}

static void do_make(void)
{
	uint64_t way = stress_random(4);
	struct place at;
	char target[200] = "";
	long result = 0;
	int node;

	place_random(&at);
	if (at.entry < 0 && (!room() || directory_depth(at.directory) >= max_depth))
		return;
	if (way < 2) {
		stress_log("mkdir %s", relative(&at));
		if (!pretend)
			result = mkdir(at.path, 0750);
	} else if (way == 2) {
		stress_log("mkfifo %s", relative(&at));
		if (!pretend)
			result = mkfifo(at.path, 0600);
	} else {
		size_t length = stress_random(10) ? stress_random(100) + 1 : 199;

		memset(target, 'a' + (int)(length % 26), length);
		target[length] = 0;
		stress_log("symlink of %zu at %s", length, relative(&at));
		if (!pretend)
			result = symlink(target, at.path);
	}
	expect(result, at.entry >= 0 ? EEXIST : 0, "making a directory, fifo or link");
	if (at.entry >= 0)
		return;
	node = node_new(way < 2    ? a_directory
			: way == 2 ? a_fifo
				   : a_symlink,
			way < 2    ? 0750
			: way == 2 ? 0600
				   : 0777);
	snprintf(nodes[node].target, sizeof(nodes[node].target), "%s", target);
	entry_new(at.directory, at.name, node);
	touched(at.directory);
}

static void do_write(void)
{
	struct place at;
	struct node *n;
	size_t from, length;
	uint64_t word = 0;
	unsigned char *grown;

	if (!place_existing(&at) || nodes[entries[at.entry].node].kind != a_file)
		return;
	n = &nodes[entries[at.entry].node];
	from = stress_random(stress_random(3) ? n->size + 1 : file_size);
	length = stress_random(stress_random(4) ? 3000 : file_size) + 1;
	if (length > file_size - from)
		length = file_size - from;
	stress_log("write %zu+%zu to %s", from, length, relative(&at));
	if (from + length > n->size) {
		grown = realloc(n->data, from + length);
		if (!grown && from + length)
			stress_fail("no memory");
		memset(grown + n->size, 0, from + length - n->size);
		n->data = grown;
		if (length)
			n->size = from + length;
	}
	for (size_t i = 0; i < length; i++) {
		if (i % 8 == 0)
			word = stress_random(0);
		n->data[from + i] = (unsigned char)(word >> (8 * (i % 8)));
	}
	if (!pretend) {
		int fd = open(at.path, O_WRONLY);

		expect(fd, 0, "open to write");
		if (pwrite(fd, n->data + from, length, (off_t)from) != (ssize_t)length)
			stress_fail("a short write");
		if (stress_random(10) == 0)
			expect(fsync(fd), 0, "fsync");
		close(fd);
	} else {
		stress_random(10);
	}
	if (length)
		n->mtime = -1;
}

static void do_truncate(void)
{
	struct place at;
	struct node *n;
	size_t size;
	int error;

	if (!place_existing(&at))
		return;
	n = &nodes[entries[at.entry].node];
	if (n->kind == a_symlink)
		return;
	size = stress_random(stress_random(4) ? file_size : 1);
	stress_log("truncate %s to %zu", relative(&at), size);
	error = n->kind == a_directory ? EISDIR : n->kind == a_fifo ? EINVAL : 0;
	expect(pretend ? 0 : truncate(at.path, (off_t)size), error, "truncate");
	if (error)
		return;
	if (size > n->size) {
		n->data = realloc(n->data, size);
		if (!n->data)
			stress_fail("no memory");
		memset(n->data + n->size, 0, size - n->size);
	}
	n->size = size;
	n->mtime = -1;
}

static void do_unlink(void)
{
	struct place at;
	int error = 0;

	if (stress_random(8) == 0)
		place_random(&at);
	else if (!place_existing(&at))
		return;
	stress_log("unlink %s", relative(&at));
	if (at.entry < 0)
		error = ENOENT;
	else if (nodes[entries[at.entry].node].kind == a_directory)
		error = EISDIR;
	expect(pretend ? 0 : unlink(at.path), error, "unlink");
	if (error)
		return;
	entries[at.entry].used = false;
	node_drop(entries[at.entry].node);
	touched(at.directory);
}

static void do_rmdir(void)
{
	struct place at;
	int error = 0, node;

	if (!place_existing(&at))
		return;
	node = entries[at.entry].node;
	stress_log("rmdir %s", relative(&at));
	if (nodes[node].kind != a_directory)
		error = ENOTDIR;
	else if (!directory_empty(node))
		error = ENOTEMPTY;
	expect(pretend ? 0 : rmdir(at.path), error, "rmdir");
	if (error)
		return;
	entries[at.entry].used = false;
	node_drop(node);
	touched(at.directory);
}

static void do_link(void)
{
	struct place from, to;
	int error = 0, node;

	if (!place_existing(&from) || !room())
		return;
	place_random(&to);
	node = entries[from.entry].node;
	stress_log("link %s to %s", relative(&from), relative(&to));
	if (to.entry >= 0)
		error = EEXIST;
	else if (nodes[node].kind == a_directory)
		error = EPERM;
	expect(pretend ? 0 : link(from.path, to.path), error, "link");
	if (error)
		return;
	entry_new(to.directory, to.name, node);
	nodes[node].links++;
	touched(to.directory);
}

/* What rename gives for existing `from`; -1 when different kernels may differ. */
static int rename_error(const struct place *from, const struct place *to, unsigned flags)
{
	int source = entries[from->entry].node;
	int target = to->entry >= 0 ? entries[to->entry].node : -1;
	bool source_directory = nodes[source].kind == a_directory;
	bool into_itself = source_directory && directory_within(to->directory, source);
	bool over_parent = target >= 0 && nodes[target].kind == a_directory &&
			   directory_within(from->directory, target);
	bool both =
	    (flags & RENAME_NOREPLACE && target >= 0) || (flags & RENAME_EXCHANGE && target < 0);

	if ((into_itself || over_parent) && both)
		return -1;
	if (flags & RENAME_NOREPLACE && target >= 0)
		return EEXIST;
	if (flags & RENAME_EXCHANGE && target < 0)
		return ENOENT;
	if (into_itself)
		return EINVAL;
	if (over_parent)
		return flags & RENAME_EXCHANGE ? EINVAL : ENOTEMPTY;
	if (target < 0 || target == source || flags & RENAME_EXCHANGE)
		return 0;
	if (source_directory && nodes[target].kind != a_directory)
		return ENOTDIR;
	if (!source_directory && nodes[target].kind == a_directory)
		return EISDIR;
	if (source_directory && !directory_empty(target))
		return ENOTEMPTY;
	return 0;
}

static void do_rename(void)
{
	static const unsigned kinds[] = {0, 0, 0, RENAME_NOREPLACE, RENAME_EXCHANGE};
	unsigned flags = kinds[stress_random(5)];
	struct place from, to;
	int error, source, target;

	if (!place_existing(&from))
		return;
	if (stress_random(2))
		place_random(&to);
	else if (!place_existing(&to))
		return;
	error = rename_error(&from, &to, flags);
	source = entries[from.entry].node;
	target = to.entry >= 0 ? entries[to.entry].node : -1;
	if (error < 0 || directory_depth(to.directory) + tree_height(source) >= max_depth)
		return;
	if (flags & RENAME_EXCHANGE && target >= 0 &&
	    directory_depth(from.directory) + tree_height(target) >= max_depth)
		return;
	stress_log("rename %s to %s, flags %u", relative(&from), relative(&to), flags);
	expect(pretend ? 0 : syscall(SYS_renameat2, AT_FDCWD, from.path, AT_FDCWD, to.path, flags),
	       error, "rename");
	if (error || source == target)
		return;
	touched(from.directory);
	touched(to.directory);
	if (nodes[source].kind == a_directory)
		touched(source);
	if (flags & RENAME_EXCHANGE) {
		if (nodes[target].kind == a_directory)
			touched(target);
		entries[from.entry].node = target;
		entries[to.entry].node = source;
		return;
	}
	if (to.entry >= 0) {
		entries[to.entry].used = false;
		node_drop(target);
	}
	entries[from.entry].parent = to.directory;
	snprintf(entries[from.entry].name, name_size, "%s", to.name);
}

static void do_attributes(void)
{
	uint64_t way = stress_random(3);
	struct place at;
	struct node *n;

	if (!place_existing(&at))
		return;
	n = &nodes[entries[at.entry].node];
	if (way == 0 && n->kind != a_symlink) {
		n->mode = n->kind == a_directory ? 0700 | (unsigned)stress_random(0100)
						 : (unsigned)stress_random(01000);
		stress_log("chmod %o %s", n->mode, relative(&at));
		expect(pretend ? 0 : chmod(at.path, n->mode), 0, "chmod");
	} else if (way == 1) {
		n->uid = (unsigned)stress_random(70000);
		n->gid = (unsigned)stress_random(70000);
		stress_log("chown %u:%u %s", n->uid, n->gid, relative(&at));
		expect(pretend ? 0 : lchown(at.path, n->uid, n->gid), 0, "chown");
	} else if (way == 2) {
		struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {0, 0}};

		n->mtime = (long)stress_random(2000000000);
		times[1].tv_sec = n->mtime;
		stress_log("utimes %ld %s", n->mtime, relative(&at));
		expect(pretend ? 0 : utimensat(AT_FDCWD, at.path, times, AT_SYMLINK_NOFOLLOW), 0,
		       "utimensat");
	}
}

static unsigned expected_links(int node)
{
	unsigned links = 2;

	if (nodes[node].kind != a_directory)
		return nodes[node].links;
	for (int i = 0; i < max_entries; i++)
		links += entries[i].used && entries[i].parent == node &&
			 nodes[entries[i].node].kind == a_directory;
	return links;
}

static void check_content(const char *path, const struct node *n)
{
	static unsigned char buffer[8192];
	int fd = open(path, O_RDONLY);
	size_t at = 0;
	ssize_t got;

	expect(fd, 0, "open to read");
	while ((got = read(fd, buffer, sizeof(buffer))) > 0) {
		if ((size_t)got > n->size - at || memcmp(buffer, n->data + at, (size_t)got) != 0)
			stress_fail("the content of %s differs at %zu or after", path, at);
		at += (size_t)got;
	}
	if (got < 0 || at != n->size)
		stress_fail("%s: read %zu bytes of %zu", path, at, n->size);
	close(fd);
}

static void check_entry(int index)
{
	static const unsigned kinds[] = {0, S_IFREG, S_IFDIR, S_IFLNK, S_IFIFO};
	int node = entries[index].node;
	struct node *n = &nodes[node];
	char path[4096], target[256];
	struct stat st;

	build_path(path, sizeof(path), entries[index].parent, entries[index].name);
	expect(lstat(path, &st), 0, path);
	if (st.st_mode != (kinds[n->kind] | n->mode))
		stress_fail("%s: mode %o, not %o", path, st.st_mode, kinds[n->kind] | n->mode);
	/* Some file systems give every directory one link. */
	if (st.st_nlink != expected_links(node) && !(n->kind == a_directory && st.st_nlink == 1))
		stress_fail("%s: %lu links, not %u", path, (unsigned long)st.st_nlink,
			    expected_links(node));
	if (st.st_uid != n->uid || st.st_gid != n->gid)
		stress_fail("%s: owner %u:%u, not %u:%u", path, st.st_uid, st.st_gid, n->uid,
			    n->gid);
	if (n->mtime >= 0 && st.st_mtime != n->mtime)
		stress_fail("%s: mtime %ld, not %ld", path, (long)st.st_mtime, n->mtime);
	if (n->kind == a_file && (size_t)st.st_size != n->size)
		stress_fail("%s: size %lld, not %zu", path, (long long)st.st_size, n->size);
	if (n->kind == a_file)
		check_content(path, n);
	if (n->kind == a_symlink) {
		ssize_t length = readlink(path, target, sizeof(target) - 1);

		expect(length, 0, "readlink");
		target[length] = 0;
		if (strcmp(target, n->target) != 0)
			stress_fail("%s: points elsewhere", path);
	}
}

static void check_directory(int node)
{
	int expected = 0, found = 0;
	struct dirent *entry;
	char path[4096];
	DIR *dir;

	build_path(path, sizeof(path), node, ".");
	for (int i = 0; i < max_entries; i++)
		expected += entries[i].used && entries[i].parent == node;
	dir = opendir(path);
	if (!dir)
		stress_fail("opendir %s", path);
	while ((entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (entry_find(node, entry->d_name) < 0)
			stress_fail("%s lists %s, which should not be there", path, entry->d_name);
		found++;
	}
	closedir(dir);
	if (found != expected)
		stress_fail("%s lists %d names, not %d", path, found, expected);
}

static void check_all(void)
{
	for (int i = 0; i < max_entries; i++)
		if (entries[i].used)
			check_entry(i);
	for (int i = 0; i < max_nodes; i++)
		if (nodes[i].kind == a_directory)
			check_directory(i);
}

/* Removes everything, children first. */
static void remove_all(int directory)
{
	for (int i = 0; i < max_entries; i++) {
		struct place at;

		if (!entries[i].used || entries[i].parent != directory)
			continue;
		place_fill(&at, directory, entries[i].name);
		if (nodes[entries[i].node].kind == a_directory) {
			remove_all(entries[i].node);
			expect(rmdir(at.path), 0, "rmdir at the end");
		} else {
			expect(unlink(at.path), 0, "unlink at the end");
		}
		entries[i].used = false;
	}
}

static void step(void)
{
	static void (*const kinds[])(void) = {
	    do_create, do_create, do_create,   do_make,   do_make,       do_write,
	    do_write,  do_write,  do_truncate, do_unlink, do_unlink,     do_rmdir,
	    do_link,   do_rename, do_rename,   do_rename, do_attributes,
	};

	kinds[stress_random(sizeof(kinds) / sizeof(kinds[0]))]();
}

int stress_fs(const struct stress_options *options)
{
	int used = 0;

	root = options->where;
	file_size = options->size;
	pretend = options->check_only;
	stress_seed(options->seed);
	umask(0);
	nodes[0] = (struct node){.kind = a_directory, .mtime = -1};
	if (!pretend)
		expect(mkdir(root, 0755), 0, "mkdir of the working directory");
	for (uint64_t i = 0; i < options->operations; i++) {
		step();
		if (!pretend && i % 200 == 199)
			check_all();
	}
	pretend = false;
	check_all();
	for (int i = 0; i < max_entries; i++)
		used += entries[i].used;
	if (!options->keep) {
		remove_all(0);
		expect(rmdir(root), 0, "rmdir of the working directory");
	}
	printf("stress fs: seed %llu, %llu operations, %d names: as expected\n",
	       (unsigned long long)options->seed, (unsigned long long)options->operations, used);
	return 0;
}
