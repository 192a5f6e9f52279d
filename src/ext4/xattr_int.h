/*
 * Extended attributes on ext4.
 *
 * An inode's attributes lie in up to two areas of the same form: the body (what its slot of the
 * inode table has behind the fields) and a block, which inodes with the same attributes share. A
 * value too large for both lies in an inode of its own (ea_inode).
 *
 * A change never edits an area in place: it makes a new image of it, leaving the old one until all
 * that may fail is done. Images are small, at most a block, and so every area is packed and sorted.
 *
 * Blocks are shared by contents: fs->xattr_slots remembers a block for each hash of contents. A
 * block that others share is not changed; the inode gets another. Inodes of values count who
 * refers to them: each body and each block (not each sharer of a block) is one.
 *
 * Locking: inode->xattr_lock, inside a handle, guards an inode's attributes; fs->xattr_mutex,
 * inside of that, the reference counts of blocks and the slots.
 */
#ifndef EXT4_XATTR_INT_H
#define EXT4_XATTR_INT_H

#include "ext4/ext4_int.h"

/* ---- xattr_area.c ---- */

struct ext4_xattr_area {
	u8 *base;   /* where offsets of values count from; NULL: there is no such area */
	u32 first;  /* offset of the first entry */
	u32 size;   /* bytes from base to the end */
	bool empty; /* holds no entries (and maybe garbage) */
};

struct ext4_xattr_key {
	u8 index, length;
	const char *name;
};

/* Sets or (value NULL) removes one attribute. */
struct ext4_xattr_change {
	struct ext4_xattr_key key;
	const void *value;
	u32 size;
	u32 inum; /* of the inode that holds the value, or 0 */
	u32 inum_hash;
};

/* Whether all entries and values are inside and apart. */
bool ext4_xattr_area_valid(const struct ext4_fs *fs, const struct ext4_xattr_area *area);
/* NULL: none with this key. The area is valid. */
struct ext4_xattr_entry *ext4_xattr_find(const struct ext4_xattr_area *area,
					 const struct ext4_xattr_key *key);
/* Walks: NULL for the first; NULL at the end. */
struct ext4_xattr_entry *ext4_xattr_next(const struct ext4_xattr_area *area,
					 const struct ext4_xattr_entry *entry);
/* Puts the changed contents of `from` into `to`, which is zeroed and of the same shape. -ENOSPC */
int __must_check ext4_xattr_rebuild(const struct ext4_xattr_area *from, struct ext4_xattr_area *to,
				    const struct ext4_xattr_change *change);
u32 ext4_xattr_entry_hash(const char *name, u32 name_length, bool is_signed, const void *value,
			  u32 size);

/* ---- xattr_block.c ---- */

/* A verified block. */
int __must_check ext4_xattr_block_read(struct ext4_inode *inode, struct buffer **out);
struct ext4_xattr_area ext4_xattr_block_area(const struct ext4_fs *fs, void *data);
u32 ext4_xattr_block_refs(const struct buffer *buffer);
/* What became of the inode's old block. */
enum ext4_xattr_fate {
	EXT4_XATTR_EDITED,  /* it holds the image now; also if there was none and one was made */
	EXT4_XATTR_DROPPED, /* freed: this was its only inode */
	EXT4_XATTR_COPIED,  /* others keep it as it was; the image lies in a block of its own */
	EXT4_XATTR_LEFT, /* others keep it; the inode has no block, or shares one like the image */
};
/* The inode's block (old; NULL if it has none) gives way to an image, NULL for none. xattr_lock is
 * held for writing, and the inode is dirty in the handle. On error nothing has changed. */
int __must_check ext4_xattr_block_replace(struct ext4_handle *handle, struct ext4_inode *inode,
					  struct buffer *old, void *image,
					  enum ext4_xattr_fate *fate);

/* ---- xattr_inode.c ---- */

/*
 * Inodes to be put once the handle has ended, because that may begin another. Those that the handle
 * will look at are also taken before it begins (ext4_xattr_pin): finding an inode may wait for one
 * that is being evicted, which may wait for a commit, which waits for the handle.
 */
struct ext4_xattr_puts {
	struct list_head list;
};
void ext4_xattr_puts_init(struct ext4_xattr_puts *puts);
void ext4_xattr_puts_run(struct ext4_xattr_puts *puts);
int __must_check ext4_xattr_puts_take(struct ext4_xattr_puts *puts, struct ext4_inode *owner,
				      u32 inum);

/* Reads the value that an entry says is in another inode. */
int __must_check ext4_xattr_inode_read(struct ext4_inode *inode,
				       const struct ext4_xattr_entry *entry, void *value);
/* Makes an inode with the value and one reference. *hash: for the entry's own. */
int __must_check ext4_xattr_inode_create(struct ext4_handle *handle, struct ext4_inode *owner,
					 const void *value, u32 size, struct ext4_xattr_puts *puts,
					 u32 *inum, u32 *hash);
/* How many references an inode that holds a value says it has; false if it says none: in Lustre's
 * form there is a time instead. */
bool ext4_xattr_inode_refs(const struct ext4_inode *inode, u32 *refs);
/* References more (1) or less (-1). */
int __must_check ext4_xattr_inode_count(struct ext4_handle *handle, struct ext4_inode *owner,
					u32 inum, int by, struct ext4_xattr_puts *puts);
/* Blocks that a value in another inode counts for in its owner. */
static inline u32 ext4_xattr_inode_blocks(const struct ext4_fs *fs, u32 size)
{
	return round_up(DIV_ROUND_UP(size, fs->block_size), 1u << fs->cluster_bits);
}
u32 ext4_xattr_inode_credits(const struct ext4_fs *fs, u32 size);

/* ---- xattr.c ---- */

/* Calls found() for each attribute whose value is in another inode. Takes xattr_lock. */
int __must_check ext4_xattr_each_value(struct ext4_inode *inode,
				       void (*found)(void *arg, u32 inum, bool in_block),
				       void *arg);
/* How many attributes have their values in other inodes. Takes xattr_lock. */
u32 ext4_xattr_count_values(struct ext4_inode *inode);
/* Initialises puts, and takes all inodes that hold values of this one's attributes. */
int __must_check ext4_xattr_pin(struct ext4_inode *inode, struct ext4_xattr_puts *puts);

/* As inode_ops.xattr_get and xattr_set, by key. value NULL: removes. */
ssize_t __must_check ext4_xattr_get(struct ext4_inode *inode, const struct ext4_xattr_key *key,
				    void *value, size_t size);
int __must_check ext4_xattr_set(struct ext4_handle *handle, struct ext4_inode *inode,
				const struct ext4_xattr_key *key, const void *value, size_t size,
				int flags, struct ext4_xattr_puts *puts);
/* The same with xattr_lock held by the caller. */
ssize_t __must_check ext4_xattr_get_locked(struct ext4_inode *inode,
					   const struct ext4_xattr_key *key, void *value,
					   size_t size);
int __must_check ext4_xattr_set_locked(struct ext4_handle *handle, struct ext4_inode *inode,
				       const struct ext4_xattr_key *key, const void *value,
				       size_t size, int flags, struct ext4_xattr_puts *puts);
#endif
