#include <fcntl.h>
#include <sys/stat.h>

#include "ext4_test.h"
#include "ext4_tree.h"
#include "lib/hash.h"

void (*tree_piece_hook)(const char *path, uint64_t offset, const uint8_t *data, size_t n);

struct tree_node *tree_add(struct tree *tree)
{
	if (!(tree->count & (tree->count - 1))) /* full whenever it is a power of two */
		tree->nodes = realloc(tree->nodes,
				      (tree->count ? 2 * tree->count : 1) * sizeof(*tree->nodes));
	struct tree_node *node = &tree->nodes[tree->count++];
	memset(node, 0, sizeof(*node));
	return node;
}

static int compare_paths(const void *a, const void *b)
{
	return strcmp(((const struct tree_node *)a)->path, ((const struct tree_node *)b)->path);
}

void tree_sort(struct tree *tree)
{
	if (tree->count)
		qsort(tree->nodes, tree->count, sizeof(*tree->nodes), compare_paths);
}

void tree_free(struct tree *tree)
{
	for (size_t i = 0; i < tree->count; i++)
		free(tree->nodes[i].path);
	free(tree->nodes);
	*tree = (struct tree){0};
}

uint64_t tree_hash(uint64_t hash, uint64_t offset, const uint8_t *data, size_t n)
{
	size_t zeroes = 0;

	while (zeroes < n && !data[zeroes])
		zeroes++;
	return zeroes == n ? hash : hash_bytes(hash_u64(hash + offset), data, n);
}

uint64_t tree_next_piece(uint64_t offset, uint64_t size)
{
	uint64_t next = offset + TREE_PIECE, last = (size - 1) / TREE_PIECE * TREE_PIECE;

	if (size <= TREE_WHOLE || next > last)
		return next;
	next = offset + (uint64_t)TREE_PIECE * TREE_STEP;
	return next < last ? next : last;
}

static uint64_t hash_file(const char *name, uint64_t size)
{
	struct file *file = t_open(name, O_RDONLY | O_NOATIME, 0);
	uint8_t piece[TREE_PIECE];
	uint64_t hash = 1;

	for (uint64_t at = 0; at < size; at = tree_next_piece(at, size)) {
		long n = t_pread(file, piece, sizeof(piece), at);

		ck_assert_msg(n == (long)min(size - at, (uint64_t)TREE_PIECE),
			      "read %s at %llu of %llu: %ld: %s", name, (unsigned long long)at,
			      (unsigned long long)size, n, log_captured());
		hash = tree_hash(hash, at, piece, (size_t)n);
		if (tree_piece_hook)
			tree_piece_hook(name, at, piece, (size_t)n);
	}
	t_close(file);
	return hash;
}

static void fill(struct tree_node *node, const char *name, const struct vfs_stat *st)
{
	char target[4097];

	node->path = strdup(name);
	node->mode = st->mode;
	node->uid = st->uid;
	node->gid = st->gid;
	node->nlink = st->nlink;
	node->rdev_major = st->rdev_major;
	node->rdev_minor = st->rdev_minor;
	node->ino = st->ino;
	node->size = st->size;
	node->blocks = st->blocks;
	node->mtime = st->mtime.sec;
	node->mtime_ns = (uint32_t)st->mtime.nsec;
	node->ctime = st->ctime.sec;
	node->ctime_ns = (uint32_t)st->ctime.nsec;
	node->atime = st->atime.sec;
	node->atime_ns = (uint32_t)st->atime.nsec;
	if (S_ISREG(st->mode)) {
		node->hash = hash_file(name, st->size);
	} else if (S_ISLNK(st->mode)) {
		ck_assert_int_eq(t_readlink(name, target, sizeof(target)), 0);
		ck_assert_uint_eq(strlen(target), st->size);
		node->hash = tree_hash(1, 0, (uint8_t *)target, strlen(target));
	}
}

static void walk(struct tree *tree, const char *name)
{
	struct vfs_stat st;
	char **names;

	int error = t_stat(name, &st);
	ck_assert_msg(!error, "stat %s: %d: %s", name, error, log_captured());
	fill(tree_add(tree), name, &st);
	if (!S_ISDIR(st.mode))
		return;
	int count = t_list(name, &names);
	ck_assert_msg(count >= 0, "list %s: %d: %s", name, count, log_captured());
	for (int i = 0; i < count; i++) {
		char path[4200];

		snprintf(path, sizeof(path), "%s%s%s", name, *name ? "/" : "", names[i]);
		walk(tree, path);
		free(names[i]);
	}
	free(names);
}

void tree_of_mount(struct tree *out)
{
	*out = (struct tree){0};
	walk(out, "");
	tree_sort(out);
}

static void expect_same_node(const struct tree_node *a, const struct tree_node *b)
{
#define SAME(field)                                                                                \
	ck_assert_msg(a->field == b->field, "%s: " #field " is %lld here, %lld on disk", a->path,  \
		      (long long)a->field, (long long)b->field)
	ck_assert_str_eq(a->path, b->path);
	SAME(mode);
	SAME(uid);
	SAME(gid);
	SAME(nlink);
	SAME(rdev_major);
	SAME(rdev_minor);
	SAME(ino);
	SAME(size);
	SAME(blocks);
	SAME(hash);
	SAME(mtime);
	SAME(mtime_ns);
	SAME(ctime);
	SAME(ctime_ns);
#undef SAME
}

void tree_expect_same(const struct tree *vfs, const struct tree *disk)
{
	for (size_t i = 0; i < vfs->count && i < disk->count; i++)
		expect_same_node(&vfs->nodes[i], &disk->nodes[i]);
	ck_assert_uint_eq(vfs->count, disk->count);
}

void t_check_tree(void)
{
	struct tree vfs, disk;

	t_sync(); /* delayed allocation: only now are the blocks there to be counted */
	tree_of_mount(&vfs);
	t_check();
	const char *error = tree_of_image(&disk, t_image());
	ck_assert_msg(!error, "libext2fs: %s", error);
	tree_expect_same(&vfs, &disk);
	tree_free(&vfs);
	tree_free(&disk);
}
