/*
 * Whole trees of files, as data: one taken through vfs, the other by libext2fs from the image. A
 * test that wrote ends with t_check_tree(), which unmounts, lets e2fsck judge, and demands that
 * both agree on every name, type, owner, time, size and byte.
 */
#ifndef UNIT_EXT4_TREE_H
#define UNIT_EXT4_TREE_H

#include <stddef.h>
#include <stdint.h>

struct tree_node {
	char *path; /* below the root, without a leading slash; "" is the root */
	uint32_t mode, uid, gid, nlink, rdev_major, rdev_minor;
	uint64_t ino, size, blocks; /* blocks: of 512 bytes */
	uint64_t hash;              /* of contents: see tree_hash; of a link's target */
	int64_t mtime, ctime, atime, btime;
	uint32_t mtime_ns, ctime_ns, atime_ns, btime_ns;
};

struct tree {
	struct tree_node *nodes; /* sorted by path */
	size_t count;
};

struct tree_node *tree_add(struct tree *tree);
void tree_sort(struct tree *tree);
void tree_free(struct tree *tree);

/*
 * Contents are hashed in pieces of TREE_PIECE; pieces of zeroes count as nothing, and of a file
 * that is larger than TREE_WHOLE only every TREE_STEP-th piece and the last are looked at.
 */
#define TREE_PIECE 4096u
#define TREE_WHOLE (64u << 20)
#define TREE_STEP  4096u
uint64_t tree_hash(uint64_t hash, uint64_t offset, const uint8_t *data, size_t n);
uint64_t tree_next_piece(uint64_t offset, uint64_t size);

/* Unless NULL: tree_of_mount() shows it each piece of each file that it reads. */
extern void (*tree_piece_hook)(const char *path, uint64_t offset, const uint8_t *data, size_t n);

/* What /mnt shows. */
void tree_of_mount(struct tree *out);
/* What libext2fs says of an image file; NULL, or why it could not be read. */
const char *tree_of_image(struct tree *out, const char *image);

/* Fails the test unless they agree. */
void tree_expect_same(const struct tree *vfs, const struct tree *disk);

/* Takes the tree, unmounts, fscks, and compares with the image. */
void t_check_tree(void);

#endif
