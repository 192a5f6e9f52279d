/*
 * The checker (ext4/verify.h), in three passes.
 *
 * 1. Every inode that its bitmap shows as used: its fields, its map, its attributes. Each block of
 *    a map is claimed in one bitmap of the whole volume, so that nobody else can have it.
 * 2. Every directory: its entries, and whether the index finds them. Names are counted for each
 *    inode, and the parent of each directory is remembered.
 * 3. What was counted against what the volume says: links, parents, block bitmaps, free counts.
 */
#include "ext4/verify.h"
#include "ext4/extent_int.h"
#include "ext4/verify_refs.h"
#include "ext4/xattr_int.h"
#include "lib/bitmap.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/kmalloc.h"

#define ALL_LINKS      U32_MAX
#define DEPTH_MAX      100000u /* of directories */
#define DIR_LINKS_MANY 1u      /* dir_nlink: too many to count */

/* What pass 1 knows of an inode. */
struct seen {
	u8 type;  /* EXT4_FT_*; 0: not in use */
	bool own; /* the volume's: needs no name */
	bool broken;
	bool value; /* of an attribute */
	u16 links;
	u32 names;
	u32 parent; /* of a directory: whose entry leads to it */
	u32 up;     /* what its ".." says */
};

struct work {
	struct ext4_verify *verify;
	struct ext4_fs *fs;
	struct seen *seen; /* by inode number */
	u8 *claimed;       /* by cluster of the volume */
	u8 *xattrs;        /* of those, blocks of attributes, which files may share */
	u64 clusters;
	struct ext4_refs refs;
	/* of the inode at hand */
	u64 inode_blocks; /* in clusters' blocks */
	u64 last_cluster; /* that its data has; */
	u64 last_logical; /* and which of its own that is */
};

static void __printf(2, 3) damage(struct work *w, const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	kvsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	w->verify->problems++;
	w->verify->damage(w->verify, text);
}

/* An error that the file system has told of already. */
static void told(struct work *w, int err)
{
	if (err)
		w->verify->problems++;
}

/* ---- claiming blocks ---- */

static size_t cluster_of(const struct ext4_fs *fs, u64 block)
{
	return (size_t)((block - fs->first_data_block) >> fs->cluster_bits);
}

static void claim_own(struct work *w, u64 block, u64 count)
{
	for (u64 i = 0; i < count; i++)
		bitmap_set(w->claimed, cluster_of(w->fs, block + i));
}

/* The clusters of a run of blocks; those of one cluster of a file may be claimed one by one. */
static void claim(struct work *w, u32 ino, u64 block, u64 count, bool shared)
{
	u64 ratio = 1ull << w->fs->cluster_bits;

	if (!ext4_blocks_valid(w->fs, block, count)) {
		damage(w, "inode %u: blocks %llu to %llu are outside the volume or its own", ino,
		       block, block + count - 1);
		return;
	}
	for (u64 at = block; at < block + count; at = round_down(at, ratio) + ratio) {
		size_t c = cluster_of(w->fs, at);

		w->inode_blocks += ratio;
		if (bitmap_test(w->claimed, c) && !(shared && bitmap_test(w->xattrs, c)))
			damage(w, "inode %u: block %llu belongs to another inode, too", ino, at);
		bitmap_set(w->claimed, c);
		if (shared)
			bitmap_set(w->xattrs, c);
	}
}

/* A run of a file's map, whose first cluster may be that of the run before. */
static void claim_run(struct work *w, u32 ino, u32 logical, u64 block, u64 count)
{
	u64 ratio = 1ull << w->fs->cluster_bits, skip = 0;

	if (w->last_cluster == block / ratio && w->last_logical == logical / ratio)
		skip = min(count, ratio - block % ratio);
	else if (w->last_logical == logical / ratio)
		damage(w, "inode %u: block %u of the file lies apart from its cluster", ino,
		       logical);
	w->last_cluster = (block + count - 1) / ratio;
	w->last_logical = (logical + count - 1) / ratio;
	if (count > skip)
		claim(w, ino, block + skip, count - skip, false);
}

/* ---- maps ---- */

static int walk_extents(struct work *w, struct ext4_inode *inode)
{
	u64 nodes[EXT4_EXTENT_DEPTH_MAX + 1] = {0};
	u32 logical = 0, next = 0;

	do {
		struct ext4_path path;
		int err = ext4_path_find(inode, logical, &path);

		if (err)
			return err;
		for (u32 i = 0; i <= path.depth; i++) {
			const struct buffer *buffer = path.level[i].buffer;

			if (!buffer || buffer->block == nodes[i])
				continue;
			nodes[i] = buffer->block;
			claim(w, ext4_ino(inode), buffer->block, 1, false);
		}
		struct ext4_path_level *leaf = ext4_path_leaf(&path);
		const struct ext4_extent *extent = ext4_extents(leaf) + max(leaf->at, 0);

		if (leaf->at >= 0 && le32_get(extent->ee_block) >= next)
			claim_run(w, ext4_ino(inode), le32_get(extent->ee_block),
				  ext4_extent_start(extent), ext4_extent_length(extent));
		next = logical = ext4_path_next(&path);
		ext4_path_put(&path);
	} while (logical != U32_MAX);
	return 0;
}

static int walk_indirect(struct work *w, u32 ino, u32 block, u32 level)
{
	struct buffer *buffer;
	int err = 0;

	if (!block)
		return 0;
	claim(w, ino, block, 1, false);
	if (!level || !ext4_blocks_valid(w->fs, block, 1))
		return 0;
	err = buffer_read(w->fs->bdev, block, &buffer);
	if (err) {
		damage(w, "inode %u: indirect block %u can't be read", ino, block);
		return 0;
	}
	for (u32 i = 0; i < w->fs->addr_per_block; i++)
		err = walk_indirect(w, ino, le32_get(((struct le32 *)buffer->data)[i]), level - 1);
	buffer_put(buffer);
	return err;
}

static int walk_map(struct work *w, struct ext4_inode *inode)
{
	int err = 0;

	if (inode->flags & EXT4_INLINE_DATA_FL)
		return 0;
	if (S_ISLNK(inode->vfs.mode) && ext4_symlink_is_fast(inode))
		return 0;
	if (!S_ISREG(inode->vfs.mode) && !S_ISDIR(inode->vfs.mode) && !S_ISLNK(inode->vfs.mode))
		return 0;
	if (ext4_uses_extents(inode)) {
		rwsem_read_lock(&inode->map_lock);
		err = walk_extents(w, inode);
		rwsem_read_unlock(&inode->map_lock);
		return err;
	}
	for (u32 i = 0; i < EXT4_INODE_BLOCKS && !err; i++)
		err = walk_indirect(w, ext4_ino(inode), le32_get(inode->block[i]),
				    i < EXT4_DIRECT_BLOCKS ? 0 : i - EXT4_DIRECT_BLOCKS + 1);
	return err;
}

/* ---- pass 1: inodes ---- */

static int check_xattrs(struct work *w, struct ext4_inode *inode)
{
	ssize_t n = ext4_xattr_list(&inode->vfs, NULL, 0);

	if (inode->file_acl)
		claim(w, ext4_ino(inode), inode->file_acl, 1, true);
	return n < 0 && n != -EOPNOTSUPP ? (int)n : 0;
}

static void check_block_count(struct work *w, const struct ext4_inode *inode)
{
	u64 counted = w->inode_blocks * (w->fs->block_size >> SECTOR_SHIFT);

	/* Values of attributes in other inodes count differently. */
	if (w->fs->incompat & EXT4_INCOMPAT_EA_INODE)
		return;
	if (inode->vfs.blocks != counted)
		damage(w, "inode %u: has %llu sectors, and says %llu", ext4_ino(inode), counted,
		       inode->vfs.blocks);
}

static u8 type_of(u32 mode)
{
	static const u8 types[16] = {
	    [S_IFREG >> 12] = EXT4_FT_REG_FILE, [S_IFDIR >> 12] = EXT4_FT_DIR,
	    [S_IFLNK >> 12] = EXT4_FT_SYMLINK,  [S_IFCHR >> 12] = EXT4_FT_CHRDEV,
	    [S_IFBLK >> 12] = EXT4_FT_BLKDEV,   [S_IFIFO >> 12] = EXT4_FT_FIFO,
	    [S_IFSOCK >> 12] = EXT4_FT_SOCK,
	};

	return types[mode >> 12 & 15];
}

static void check_inode(struct work *w, u32 ino)
{
	struct seen *seen = &w->seen[ino];
	struct inode *vfs;
	int err = ext4_inode_read(w->fs, ino, &vfs);

	if (err) {
		if (err == -ESTALE)
			damage(w, "inode %u: is marked used, and is free", ino);
		else
			told(w, err);
		seen->broken = true;
		seen->type = EXT4_FT_REG_FILE;
		return;
	}
	struct ext4_inode *inode = ext4_inode(vfs);

	w->inode_blocks = 0;
	w->last_cluster = w->last_logical = U64_MAX;
	seen->type = type_of(vfs->mode);
	seen->links = (u16)min(vfs->nlink, 0xffffu);
	if (inode->flags & EXT4_EA_INODE_FL)
		seen->own = seen->value = true;
	err = walk_map(w, inode);
	if (!err)
		err = check_xattrs(w, inode);
	if (!err && !seen->value)
		err = ext4_refs_count(&w->refs, inode);
	told(w, err);
	seen->broken = err != 0;
	if (!err)
		check_block_count(w, inode);
	if (S_ISDIR(vfs->mode))
		w->verify->directories++;
	else if (!seen->own)
		w->verify->files++;
	inode_put(vfs);
}

/* A bitmap that was found damaged is looked at all the same. */
static int read_bitmap(struct work *w, struct ext4_group *group, bool blocks, struct buffer **out)
{
	int err;

	mutex_lock(&group->lock);
	err = blocks ? ext4_block_bitmap_read(w->fs, group, out)
		     : ext4_inode_bitmap_read(w->fs, group, out);
	mutex_unlock(&group->lock);
	told(w, err);
	if (err == -EUCLEAN)
		err = buffer_read(w->fs->bdev, blocks ? group->block_bitmap : group->inode_bitmap,
				  out);
	return err;
}

/* The inode of the descriptors kept for growth: its map leads to the volume's own metadata. */
static void check_resize_inode(struct work *w)
{
	struct buffer *table;
	u32 offset, dind;
	u64 block;
	int err = ext4_inode_table_read(w->fs, EXT4_INO_RESIZE, &table);

	if (err) {
		told(w, err);
		return;
	}
	ext4_inode_locate(w->fs, EXT4_INO_RESIZE, &block, &offset);
	dind = le32_get(((struct ext4_inode_raw *)((u8 *)table->data + offset))
			    ->i_block[EXT4_DIRECT_BLOCKS + 1]);
	if (dind)
		claim(w, EXT4_INO_RESIZE, dind, 1, false);
	buffer_put(table);
}

/* An inode whose bit is clear must look free. */
static int check_free_inode(struct work *w, u32 ino)
{
	const struct ext4_inode_raw *raw;
	struct buffer *table;
	u32 offset;
	u64 block;
	int err = ext4_inode_table_read(w->fs, ino, &table);

	if (err)
		return err;
	ext4_inode_locate(w->fs, ino, &block, &offset);
	raw = (const void *)((const u8 *)table->data + offset);
	if (le16_get(raw->i_mode) && le16_get(raw->i_links_count))
		damage(w, "inode %u: is in use, and marked free", ino);
	buffer_put(table);
	return 0;
}

static void check_group_inodes(struct work *w, struct ext4_group *group)
{
	u32 first = group->number * w->fs->inodes_per_group + 1;
	u32 touched = w->fs->inodes_per_group;
	struct buffer *bitmap;
	int err = read_bitmap(w, group, false, &bitmap);

	if (err)
		return;
	if (w->fs->has_group_csum)
		touched = group->flags & EXT4_BG_INODE_UNINIT ? 0 : touched - group->itable_unused;
	for (u32 i = 0; i < w->fs->inodes_per_group; i++) {
		u32 ino = first + i;
		bool used = bitmap_test(bitmap->data, i);

		if (ino == EXT4_INO_RESIZE) {
			check_resize_inode(w);
			continue;
		}
		/* Of the reserved ones, those that have a use are known by it. */
		if (ino < w->fs->first_ino && ino != EXT4_INO_ROOT && !w->seen[ino].own)
			continue;
		if (used && i >= touched && w->fs->has_group_csum)
			damage(w, "inode %u: lies in the unused part of its table", ino);
		else if (used)
			check_inode(w, ino);
		else if (i < touched)
			err = check_free_inode(w, ino);
		if (err)
			break;
	}
	told(w, err);
	buffer_put(bitmap);
}

/* ---- pass 2: directories ---- */

static void check_name(struct work *w, struct ext4_inode *dir, const struct ext4_dirent *entry)
{
	struct qstr name = {.name = entry->name, .length = entry->name_len};
	u32 ino = le32_get(entry->inode), here = ext4_ino(dir);
	struct seen *seen = &w->seen[ino];

	if (!seen->type || (ino < w->fs->first_ino && ino != EXT4_INO_ROOT)) {
		damage(w, "directory %u: entry \"%.*s\" leads to inode %u, which is not in use",
		       here, (int)name.length, name.name, ino);
		return;
	}
	if (seen->names != ALL_LINKS)
		seen->names++;
	if (w->fs->incompat & EXT4_INCOMPAT_FILETYPE && !seen->broken &&
	    (entry->file_type & 0xf) != seen->type)
		damage(w, "directory %u: entry \"%.*s\" has the wrong type", here, (int)name.length,
		       name.name);
	if (name.length == 1 && name.name[0] == '.') {
		if (ino != here)
			damage(w, "directory %u: . is inode %u", here, ino);
		return;
	}
	if (name.length == 2 && name.name[0] == '.' && name.name[1] == '.') {
		w->seen[here].up = ino;
		return;
	}
	for (u32 i = 0; i < name.length; i++)
		if (!ext4_is_encrypted(dir) && (name.name[i] == '/' || !name.name[i])) {
			damage(w, "directory %u: a name has a slash or a zero byte in it", here);
			return;
		}
	if (seen->type == EXT4_FT_DIR) {
		if (seen->parent)
			damage(w, "directory %u: has a second name, \"%.*s\", in %u", ino,
			       (int)name.length, name.name, here);
		seen->parent = here;
	}
	if (dir->flags & EXT4_INDEX_FL && !(dir->flags & EXT4_CASEFOLD_FL) &&
	    !w->seen[here].broken) {
		struct ext4_dir_slot slot;
		int err = ext4_dir_find(dir, &name, &slot);

		if (!err && !slot.buffer)
			damage(w, "directory %u: the index does not find \"%.*s\"", here,
			       (int)name.length, name.name);
		told(w, err);
		w->seen[here].broken = err != 0; /* once is enough */
		ext4_dir_slot_put(&slot);
	}
}

static int check_entries(struct work *w, struct ext4_inode *dir, const struct buffer *buffer,
			 u32 end, u32 *dots)
{
	for (u32 at = 0; at < end;) {
		const struct ext4_dirent *entry = (const void *)((const u8 *)buffer->data + at);

		if (!ext4_dirent_valid(w->fs, buffer->data, at, end))
			return ext4_dirent_damaged(dir, buffer->block, at);
		if (le32_get(entry->inode) && entry->name_len) {
			if (entry->name[0] == '.' &&
			    (entry->name_len == 1 ||
			     (entry->name_len == 2 && entry->name[1] == '.')))
				(*dots)++;
			check_name(w, dir, entry);
		}
		at += ext4_rec_len(entry);
	}
	return 0;
}

static int check_dir_block(struct work *w, struct ext4_inode *dir, u32 logical, u32 *dots)
{
	struct buffer *buffer;
	int err = ext4_dir_block_read(dir, logical, &buffer);

	if (err)
		return err;
	err = check_entries(w, dir, buffer, ext4_dir_block_end(dir, logical, buffer->data), dots);
	buffer_put(buffer);
	return err;
}

static int check_inline_dir(struct work *w, struct ext4_inode *dir, u32 *dots)
{
	struct buffer block;
	int err = ext4_inline_dir_block(dir, &block);

	if (err)
		return err;
	err = check_entries(w, dir, &block, ext4_dir_space(w->fs), dots);
	kfree(block.data);
	return err;
}

static void check_directory(struct work *w, u32 ino)
{
	struct inode *vfs;
	u32 dots = 0;
	int err = ext4_inode_read(w->fs, ino, &vfs);

	if (err) {
		told(w, err);
		return;
	}
	struct ext4_inode *dir = ext4_inode(vfs);

	u32 n = ext4_is_inline(dir) ? 1 : ext4_dir_blocks(dir);

	for (u32 i = 0; i < n; i++) {
		err = ext4_is_inline(dir) ? check_inline_dir(w, dir, &dots)
					  : check_dir_block(w, dir, i, &dots);
		told(w, err);
		if (err)
			w->seen[ino].broken = true;
	}
	if (!w->seen[ino].broken && dots != 2)
		damage(w, "directory %u: has not both . and ..", ino);
	inode_put(vfs);
}

/* ---- pass 3: the whole ---- */

/* A directory that never leads up to the root is a loop, or nobody's. */
static bool reaches_root(const struct work *w, u32 ino)
{
	for (u32 depth = 0; depth < DEPTH_MAX; depth++) {
		if (ino == EXT4_INO_ROOT)
			return true;
		if (!ino)
			return true; /* said of the one that has no name */
		ino = w->seen[ino].parent;
	}
	return false;
}

static void check_links(struct work *w, u32 ino)
{
	const struct seen *seen = &w->seen[ino];
	bool dir = seen->type == EXT4_FT_DIR;

	if (!seen->type || seen->own || seen->broken)
		return;
	if (dir && ino != EXT4_INO_ROOT && !seen->parent)
		damage(w, "directory %u: has no name", ino);
	else if (dir && !reaches_root(w, ino))
		damage(w, "directory %u: is inside itself", ino);
	else if (!dir && !seen->names && seen->links)
		damage(w, "inode %u: has no name", ino);
	if (dir && seen->up && seen->up != (ino == EXT4_INO_ROOT ? ino : seen->parent) &&
	    seen->parent)
		damage(w, "directory %u: .. is %u instead of %u", ino, seen->up, seen->parent);
	if (dir && seen->links == DIR_LINKS_MANY && w->fs->ro_compat & EXT4_RO_COMPAT_DIR_NLINK)
		return;
	if (seen->links != seen->names && seen->links)
		damage(w, "inode %u: has %u links, and says %u", ino, seen->names, seen->links);
}

/* One run of blocks on which bitmap and claims disagree. */
static void tell_run(struct work *w, u32 group, u64 first, u64 last, bool used)
{
	damage(w,
	       used ? "group %u: blocks %llu to %llu are in use, and marked free"
		    : "group %u: blocks %llu to %llu are marked used, and nobody has them",
	       group, first, last);
}

static void check_group_blocks(struct work *w, struct ext4_group *group)
{
	struct ext4_fs *fs = w->fs;
	u64 start = ext4_group_first(fs, group->number), run = 0;
	u32 bits = ext4_group_clusters(fs, group->number);
	int state = 0; /* 1: a run of those marked free, 2: of those marked used */
	struct buffer *bitmap;

	if (read_bitmap(w, group, true, &bitmap))
		return;
	for (u32 i = 0; i <= bits; i++) {
		bool marked = i < bits && bitmap_test(bitmap->data, i);
		bool used = i < bits && bitmap_test(w->claimed, cluster_of(fs, start) + i);
		int now = i == bits || marked == used ? 0 : used ? 1 : 2;
		u64 block = start + ((u64)i << fs->cluster_bits);

		if (now == state)
			continue;
		if (state)
			tell_run(w, group->number, run, block - 1, state == 1);
		run = block;
		state = now;
	}
	buffer_put(bitmap);
}

static void check_counts(struct work *w)
{
	const struct ext4_super_raw *raw = w->fs->raw;
	u64 blocks = 0, inodes = 0;

	for (u32 i = 0; i < w->fs->group_count; i++) {
		blocks += ext4_group(w->fs, i)->free_clusters;
		inodes += ext4_group(w->fs, i)->free_inodes;
	}
	w->verify->blocks = bitmap_weight(w->claimed, 0, (size_t)w->clusters)
			    << w->fs->cluster_bits;
	/* Only a volume that was unmounted has these right. */
	if (!(le16_get(raw->s_state) & EXT4_STATE_VALID) ||
	    le32_get(raw->s_feature_incompat) & EXT4_INCOMPAT_RECOVER)
		return;
	blocks <<= w->fs->cluster_bits;
	u64 said = le32_get(raw->s_free_blocks_count_lo);
	if (w->fs->incompat & EXT4_INCOMPAT_64BIT)
		said |= (u64)le32_get(raw->s_free_blocks_count_hi) << 32;
	if (said != blocks)
		damage(w, "the superblock says %llu free blocks, the groups %llu", said, blocks);
	if (le32_get(raw->s_free_inodes_count) != inodes)
		damage(w, "the superblock says %u free inodes, the groups %llu",
		       le32_get(raw->s_free_inodes_count), inodes);
}

/* ---- pass 4: references that are counted ---- */

static void wrong_block(void *arg, u64 block, u64 counted, u64 says)
{
	damage(arg, "block %llu of attributes: %llu inodes refer to it, and it says %llu", block,
	       counted, says);
}

static void check_value(struct work *w, u32 ino)
{
	u64 counted = ext4_refs_of(&w->refs, ino);
	struct inode *vfs;
	int err = ext4_inode_read(w->fs, ino, &vfs);

	if (err) {
		told(w, err);
		return;
	}
	u32 says;

	if (ext4_xattr_inode_refs(ext4_inode(vfs), &says) && counted != says)
		damage(w, "inode %u: %llu attributes have it as value, and it says %u", ino,
		       counted, says);
	inode_put(vfs);
}

static void check_references(struct work *w)
{
	told(w, ext4_refs_compare(&w->refs, w->fs, wrong_block, w));
	for (u32 ino = 1; ino <= w->fs->inodes_count; ino++)
		if (w->seen[ino].value && !w->seen[ino].broken)
			check_value(w, ino);
}

/* ---- all ---- */

static void own_inode(struct work *w, u32 ino)
{
	if (ino && ino <= w->fs->inodes_count)
		w->seen[ino].own = true;
}

static void mark_own(struct work *w)
{
	const struct ext4_super_raw *raw = w->fs->raw;

	for (u32 i = 0; i < w->fs->zone_count; i++)
		claim_own(w, w->fs->zones[i].first,
			  w->fs->zones[i].last - w->fs->zones[i].first + 1);
	if (w->fs->compat & EXT4_COMPAT_HAS_JOURNAL && !le32_get(raw->s_journal_dev))
		own_inode(w, le32_get(raw->s_journal_inum));
	if (w->fs->compat & EXT4_COMPAT_ORPHAN_FILE)
		own_inode(w, le32_get(raw->s_orphan_file_inum));
	if (w->fs->ro_compat & EXT4_RO_COMPAT_QUOTA) {
		own_inode(w, le32_get(raw->s_usr_quota_inum));
		own_inode(w, le32_get(raw->s_grp_quota_inum));
		own_inode(w, le32_get(raw->s_prj_quota_inum));
	}
	if (w->fs->incompat & EXT4_INCOMPAT_MMP && le64_get(raw->s_mmp_block))
		claim_own(w, le64_get(raw->s_mmp_block), 1);
}

static int passes(struct work *w)
{
	struct ext4_fs *fs = w->fs;
	struct ext4_verify *verify = w->verify;

	mark_own(w);
	for (u32 i = 0; i < fs->group_count; i++) {
		if (!verify->go_on(verify, i, fs->group_count))
			return -EINTR;
		check_group_inodes(w, ext4_group(fs, i));
	}
	for (u32 ino = 1; ino <= fs->inodes_count; ino++) {
		if (w->seen[ino].type == EXT4_FT_DIR && !w->seen[ino].broken)
			check_directory(w, ino);
		if (ino % 4096 == 0 && !verify->go_on(verify, fs->group_count, fs->group_count))
			return -EINTR;
	}
	for (u32 ino = 1; ino <= fs->inodes_count; ino++)
		check_links(w, ino);
	check_references(w);
	for (u32 i = 0; i < fs->group_count; i++)
		check_group_blocks(w, ext4_group(fs, i));
	check_counts(w);
	return 0;
}

int ext4_verify(struct super_block *super, struct ext4_verify *verify)
{
	struct ext4_fs *fs = ext4_fs(super);
	struct work *w = kcalloc(1, sizeof(*w), MM_NORMAL);
	int err = -ENOMEM;

	verify->problems = verify->files = verify->directories = verify->blocks = 0;
	if (!w)
		return -ENOMEM;
	w->verify = verify;
	w->fs = fs;
	w->clusters = cluster_of(fs, fs->blocks_count - 1) + 1;
	w->seen = kcalloc(fs->inodes_count + 1ul, sizeof(w->seen[0]), MM_NORMAL);
	w->claimed = kcalloc(BITMAP_BYTES((size_t)w->clusters), 1, MM_NORMAL);
	w->xattrs = kcalloc(BITMAP_BYTES((size_t)w->clusters), 1, MM_NORMAL);
	if (w->seen && w->claimed && w->xattrs)
		err = passes(w);
	ext4_refs_free(&w->refs);
	kfree(w->xattrs);
	kfree(w->claimed);
	kfree(w->seen);
	kfree(w);
	return err;
}
