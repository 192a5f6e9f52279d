/*
 * Directory indexes, inside: the path from the root to a leaf. htree.c tells the theory. The
 * directory's rwsem is held throughout.
 */
#ifndef EXT4_HTREE_INT_H
#define EXT4_HTREE_INT_H

#include "ext4/ext4_int.h"

#define EXT4_DX_LEVELS_MAX 3 /* with large_dir; else 2 */

struct ext4_dx_frame {
	struct buffer *buffer; /* referenced */
	struct ext4_dx_entry *entries;
	u32 count, limit, at;
};

struct ext4_dx_path {
	u32 levels;
	struct ext4_dx_frame frame[EXT4_DX_LEVELS_MAX];
	u32 hash, leaf; /* leaf: the logical block */
	u8 version;     /* EXT4_HASH_*, signedness resolved */
};

/* The path to the first leaf where the name may be (name NULL: names with the hash); put when done.
 * -ENOTDIR: the index is of a kind that is not known. */
int __must_check ext4_dx_probe(struct ext4_inode *dir, const struct qstr *name, u32 hash,
			       struct ext4_dx_path *path);
void ext4_dx_path_put(struct ext4_dx_path *path);
/* The key of the leaf behind the path's, with the continuation bit; false: there is none. */
bool ext4_dx_next_key(const struct ext4_dx_path *path, u32 *key);
/* Moves on to that leaf, which exists. */
int __must_check ext4_dx_next(struct ext4_inode *dir, struct ext4_dx_path *path);
int __must_check ext4_dx_leaf_read(struct ext4_inode *dir, u32 logical, struct buffer **out);

/* htree_list.c: lists in the order of hashes; -ENOTDIR: not this directory, list it by blocks. */
int __must_check ext4_htree_readdir(struct file *file, struct dir_context *ctx);
loff_t ext4_dir_seek(struct file *file, loff_t offset, int whence);
void ext4_dir_release(struct file *file);

#endif
