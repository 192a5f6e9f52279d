/*
 * Extent trees, inside: the path from the root in the inode to a leaf, and what walks and changes
 * it. The inode's map_lock is held throughout (for writing by whoever changes).
 *
 * Every block of the tree is checked completely when it is first read: magic, depth, counts, order,
 * ranges, checksum. Counts are checked again on every visit.
 */
#ifndef EXT4_EXTENT_INT_H
#define EXT4_EXTENT_INT_H

#include "ext4/ext4_int.h"

struct ext4_path_level {
	struct buffer *buffer; /* NULL for the root in the inode */
	struct ext4_extent_header *header;
	u32 entries; /* header's, checked */
	s32 at;      /* the entry that covers or precedes the block; -1: all are behind it */
};

struct ext4_path {
	u32 depth; /* level[depth] is the leaf */
	struct ext4_path_level level[EXT4_EXTENT_DEPTH_MAX + 1];
};

static inline struct ext4_path_level *ext4_path_leaf(struct ext4_path *path)
{
	return &path->level[path->depth];
}
static inline struct ext4_extent *ext4_extents(const struct ext4_path_level *level)
{
	return (struct ext4_extent *)(level->header + 1);
}
static inline struct ext4_extent_index *ext4_indexes(const struct ext4_path_level *level)
{
	return (struct ext4_extent_index *)(level->header + 1);
}
static inline u64 ext4_index_block(const struct ext4_extent_index *index)
{
	return le32_get(index->ei_leaf_lo) | (u64)le16_get(index->ei_leaf_hi) << 32;
}
static inline u64 ext4_extent_start(const struct ext4_extent *extent)
{
	return le32_get(extent->ee_start_lo) | (u64)le16_get(extent->ee_start_hi) << 32;
}
static inline bool ext4_extent_unwritten(const struct ext4_extent *extent)
{
	return le16_get(extent->ee_len) > EXT4_EXTENT_LEN_MAX;
}
static inline u32 ext4_extent_length(const struct ext4_extent *extent)
{
	u32 n = le16_get(extent->ee_len);

	return n > EXT4_EXTENT_LEN_MAX ? n - EXT4_EXTENT_LEN_MAX : n;
}
static inline void ext4_extent_set(struct ext4_extent *extent, u32 logical, u32 length, u64 start,
				   bool unwritten)
{
	extent->ee_block = le32_make(logical);
	extent->ee_len = le16_make((u16)(unwritten ? length + EXT4_EXTENT_LEN_MAX : length));
	extent->ee_start_lo = le32_make((u32)start);
	extent->ee_start_hi = le16_make((u16)(start >> 32));
}
static inline void ext4_index_set(struct ext4_extent_index *index, u32 logical, u64 block)
{
	*index = (struct ext4_extent_index){.ei_block = le32_make(logical),
					    .ei_leaf_lo = le32_make((u32)block),
					    .ei_leaf_hi = le16_make((u16)(block >> 32))};
}

/* Entries that fit in the root and in a block. */
u32 ext4_extent_root_max(void);
u32 ext4_extent_block_max(const struct ext4_fs *fs);

/* The path to the leaf where logical is or would be. Holds references until put. */
int __must_check ext4_path_find(struct ext4_inode *inode, u32 logical, struct ext4_path *path);
void ext4_path_put(struct ext4_path *path);
/* The first block of the next extent to the right of the path's position, or U32_MAX. */
u32 ext4_path_next(const struct ext4_path *path);
/* The last block before the leaf of this path, or false if there is none. */
bool ext4_path_before(const struct ext4_path *path, u32 *last);

/* Write access to one level (a buffer or the inode), and "it was changed". */
int __must_check ext4_path_access(struct ext4_handle *handle, struct ext4_inode *inode,
				  struct ext4_path_level *level);
void ext4_path_dirty(struct ext4_handle *handle, struct ext4_inode *inode,
		     struct ext4_path_level *level);
/* The first key of a level changed: corrects the indexes above. */
int __must_check ext4_path_fix_keys(struct ext4_handle *handle, struct ext4_inode *inode,
				    struct ext4_path *path, u32 level);

/* Adds an extent in a gap of the map. merge: joins it with neighbours where they touch. */
int __must_check ext4_extent_insert(struct ext4_handle *handle, struct ext4_inode *inode,
				    u32 logical, u32 length, u64 start, bool unwritten, bool merge);
/* Makes logical the first block of an extent, if it is inside one. */
int __must_check ext4_extent_split_at(struct ext4_handle *handle, struct ext4_inode *inode,
				      u32 logical);
/* Joins the extent at the path's position with its neighbours in the leaf; access was taken. */
void ext4_extent_merge(struct ext4_handle *handle, struct ext4_inode *inode,
		       struct ext4_path *path);
/* If the root has one child, whose entries fit into it, takes these and frees the child; access to
 * the inode was taken. The path can only be put, then. */
void ext4_extent_shorten(struct ext4_handle *handle, struct ext4_inode *inode,
			 struct ext4_path *path);
/* Marks [logical, logical + length), inside one extent of the other kind, as written or unwritten
 * (then of EXT4_UNWRITTEN_LEN_MAX blocks at most). */
int __must_check ext4_extent_convert(struct ext4_handle *handle, struct ext4_inode *inode,
				     u32 logical, u32 length, bool unwritten);

#endif
