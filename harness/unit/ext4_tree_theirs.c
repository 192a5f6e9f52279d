/* The tree of an image as libext2fs reads it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <ext2fs/ext2_fs.h>
#include <ext2fs/ext2fs.h>

#include "ext4_tree.h"

struct walker {
	ext2_filsys fs;
	struct tree *tree;
	const char *path; /* of the directory that is being listed */
	errcode_t error;
};

static errcode_t hash_file(ext2_filsys fs, ext2_ino_t ino, struct tree_node *node)
{
	uint8_t piece[TREE_PIECE];
	ext2_file_t file;
	errcode_t error = ext2fs_file_open(fs, ino, 0, &file);

	if (error)
		return error;
	node->hash = 1;
	for (uint64_t at = 0; at < node->size && !error; at = tree_next_piece(at, node->size)) {
		unsigned n = 0;

		error = ext2fs_file_llseek(file, at, EXT2_SEEK_SET, NULL);
		if (!error)
			error = ext2fs_file_read(file, piece, sizeof(piece), &n);
		if (n > node->size - at) /* of an inline file it reads whatever is in its place */
			n = (unsigned)(node->size - at);
		node->hash = tree_hash(node->hash, at, piece, n);
	}
	ext2fs_file_close(file);
	return error;
}

static errcode_t hash_link(ext2_filsys fs, ext2_ino_t ino, const struct ext2_inode *inode,
			   struct tree_node *node)
{
	if (!ext2fs_is_fast_symlink((struct ext2_inode *)inode))
		return hash_file(fs, ino, node);
	node->hash = tree_hash(1, 0, (const uint8_t *)inode->i_block, node->size);
	return 0;
}

/* The seconds' two more bits, and nanoseconds. */
static void fill_time(int64_t *sec, uint32_t *ns, uint32_t low, uint32_t extra)
{
	*sec = (int64_t)(int32_t)low + ((int64_t)(extra & 3) << 32);
	*ns = extra >> 2;
}

static void fill_times(struct tree_node *node, const struct ext2_inode_large *inode, int extra)
{
	int room = extra ? inode->i_extra_isize : 0;

	fill_time(&node->mtime, &node->mtime_ns, inode->i_mtime,
		  room >= 12 ? inode->i_mtime_extra : 0);
	fill_time(&node->ctime, &node->ctime_ns, inode->i_ctime,
		  room >= 8 ? inode->i_ctime_extra : 0);
	fill_time(&node->atime, &node->atime_ns, inode->i_atime,
		  room >= 16 ? inode->i_atime_extra : 0);
	if (room >= 24)
		fill_time(&node->btime, &node->btime_ns, inode->i_crtime, inode->i_crtime_extra);
}

static void fill_device(struct tree_node *node, const struct ext2_inode *inode)
{
	uint32_t number = inode->i_block[1];

	if (inode->i_block[0]) {
		node->rdev_major = inode->i_block[0] >> 8 & 0xff;
		node->rdev_minor = inode->i_block[0] & 0xff;
	} else {
		node->rdev_major = number >> 8 & 0xfff;
		node->rdev_minor = (number & 0xff) | (number >> 12 & 0xfff00);
	}
}

static errcode_t fill(ext2_filsys fs, struct tree_node *node, ext2_ino_t ino)
{
	struct ext2_inode_large large;
	struct ext2_inode *inode = (struct ext2_inode *)&large;
	errcode_t error;

	memset(&large, 0, sizeof(large));
	error = ext2fs_read_inode_full(fs, ino, inode, sizeof(large));
	if (error)
		return error;
	node->mode = inode->i_mode;
	node->uid = inode_uid(*inode);
	node->gid = inode_gid(*inode);
	node->nlink = inode->i_links_count;
	node->ino = ino;
	node->size = EXT2_I_SIZE(inode);
	node->blocks = ext2fs_inode_i_blocks(fs, inode);
	fill_times(node, &large, EXT2_INODE_SIZE(fs->super) > EXT2_GOOD_OLD_INODE_SIZE);
	if (S_ISREG(inode->i_mode))
		return hash_file(fs, ino, node);
	if (S_ISLNK(inode->i_mode))
		return hash_link(fs, ino, inode, node);
	if (S_ISCHR(inode->i_mode) || S_ISBLK(inode->i_mode))
		fill_device(node, inode);
	return 0;
}

static errcode_t list(ext2_filsys fs, struct tree *tree, const char *path, ext2_ino_t ino);

static int take(struct ext2_dir_entry *entry, int offset, int blocksize, char *buf, void *private)
{
	struct walker *walker = private;
	int length = ext2fs_dirent_name_len(entry);
	char path[4200];

	if (length <= 2 && memcmp(entry->name, "..", (size_t)length) == 0)
		return 0;
	snprintf(path, sizeof(path), "%s%s%.*s", walker->path, *walker->path ? "/" : "", length,
		 entry->name);
	walker->error = list(walker->fs, walker->tree, path, entry->inode);
	return walker->error ? DIRENT_ABORT : 0;
}

/* The file itself, and what is in it if it is a directory. */
static errcode_t list(ext2_filsys fs, struct tree *tree, const char *path, ext2_ino_t ino)
{
	struct walker walker = {.fs = fs, .tree = tree, .path = path};
	struct tree_node node = {.path = strdup(path)};
	errcode_t error = fill(fs, &node, ino);

	*tree_add(tree) = node;
	if (error || !S_ISDIR(node.mode))
		return error;
	error = ext2fs_dir_iterate(fs, ino, 0, NULL, take, &walker);
	return error ? error : walker.error;
}

const char *tree_of_image(struct tree *out, const char *image)
{
	static char reason[64];
	ext2_filsys fs;
	errcode_t error = ext2fs_open(image, EXT2_FLAG_64BITS | EXT2_FLAG_SOFTSUPP_FEATURES, 0, 0,
				      unix_io_manager, &fs);

	memset(out, 0, sizeof(*out));
	if (!error) {
		error = list(fs, out, "", EXT2_ROOT_INO);
		ext2fs_close_free(&fs);
	}
	tree_sort(out);
	snprintf(reason, sizeof(reason), "error %ld", (long)error);
	return error ? reason : NULL;
}
