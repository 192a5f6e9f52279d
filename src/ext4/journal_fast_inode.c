/* Fast commits: the inodes that their records are about. journal_fast.h tells the theory. */
#include "ext4/journal_fast_int.h"
#include "lib/string.h"

/* ---- the orphan list, as the volume has it ---- */

static const char mark; /* what its numbers lead to */

int ext4_fast_read_chain(struct ext4_fast *fast)
{
	struct ext4_fs *fs = fast->fs;
	u32 ino = fs->orphan_head;
	int err = 0;

	while (ino && !err) {
		struct buffer *table;
		u64 block;
		u32 offset;

		if (ino < fs->first_ino || ino > fs->inodes_count)
			return ext4_fast_damaged(fast, "an orphan's number", ino);
		err = radix_insert(&fast->chain, ino, (void *)&mark, MM_NORMAL);
		if (err == -EEXIST)
			return ext4_fast_damaged(fast, "a loop in the list of orphans, at", ino);
		if (!err)
			err = ext4_inode_table_read(fs, ino, &table);
		if (err)
			return err;
		ext4_inode_locate(fs, ino, &block, &offset);
		const struct ext4_inode_raw *raw = (const void *)((u8 *)table->data + offset);
		ino = le32_get(raw->i_dtime);
		buffer_put(table);
	}
	return err;
}

void ext4_fast_forget_chain(struct ext4_fast *fast)
{
	u64 index = 0;

	while (radix_find(&fast->chain, &index, U64_MAX))
		radix_delete(&fast->chain, index);
}

/* ---- in memory ---- */

static int hold(struct ext4_fast *fast, u32 ino, bool unlinked, struct ext4_inode **out)
{
	struct inode *inode = radix_lookup(&fast->held, ino);
	bool is_new, used;
	int err;

	if (inode) {
		*out = ext4_inode(inode);
		return 0;
	}
	err = ext4_inode_is_used(fast->fs, ino, &used);
	if (!err && !used)
		err = -ESTALE;
	if (err)
		return err;
	err = inode_get(fast->fs->super, ino, &inode, &is_new);
	if (err)
		return err;
	if (is_new) {
		ext4_inode(inode)->orphan = true; /* no links are no damage here */
		err = ext4_inode_load(ext4_inode(inode));
		if (!err && !inode->nlink && !unlinked)
			err = -ESTALE;
		if (err) {
			inode_fail_new(inode);
			return err;
		}
		ext4_inode(inode)->loaded = true;
		inode_unlock_new(inode);
	}
	err = radix_insert(&fast->held, ino, inode, MM_NORMAL);
	if (err) {
		ext4_inode(inode)->loaded = false; /* no reason to delete it */
		inode_put(inode);
		return err;
	}
	*out = ext4_inode(inode);
	return 0;
}

int ext4_fast_hold(struct ext4_fast *fast, u32 ino, struct ext4_inode **out)
{
	return hold(fast, ino, false, out);
}

/* What memory has goes to the inode's place in the table. */
static int flush(struct ext4_fast *fast, struct ext4_inode *inode)
{
	struct ext4_handle handle;
	int err = ext4_txn_begin(fast->fs, 1, &handle);

	if (!err)
		err = ext4_txn_dirty_inode(&handle, inode);
	if (!err)
		ext4_txn_flush_inode(&handle, inode);
	ext4_txn_end(&handle);
	return err;
}

/* The last reference: what has no links is deleted, now or by the orphan list's users. */
static int let_go(struct ext4_fast *fast, struct ext4_inode *inode)
{
	u32 ino = ext4_ino(inode);
	bool unlinked = !inode->vfs.nlink;
	int err = 0;

	if (unlinked && radix_lookup(&fast->chain, ino)) {
		err = flush(fast, inode);
		inode->loaded = false;
	}
	unlinked = unlinked && inode->loaded;
	radix_delete(&fast->held, ino);
	inode_put(&inode->vfs);
	bool used = false;
	if (!err && unlinked)
		err = ext4_inode_is_used(fast->fs, ino, &used);
	return err ? err : used ? -EBUSY : 0; /* -EBUSY: the log has no room for it */
}

int ext4_fast_let_go_all(struct ext4_fast *fast)
{
	struct inode *inode;
	u64 index = 0;
	int err = 0;

	while ((inode = radix_find(&fast->held, &index, U64_MAX))) {
		int put_err = let_go(fast, ext4_inode(inode));

		err = err ? err : put_err;
	}
	return err;
}

/* ---- what a record says ---- */

static bool has_extents(const struct ext4_inode_raw *raw)
{
	return le32_get(raw->i_flags) & EXT4_EXTENTS_FL;
}

static bool is_dir(const struct ext4_inode_raw *raw)
{
	return S_ISDIR(le16_get(raw->i_mode));
}

static void init_extents(struct ext4_inode_raw *raw)
{
	struct ext4_extent_header *header = (void *)raw->i_block;

	memset(raw->i_block, 0, sizeof(raw->i_block));
	*header = (struct ext4_extent_header){.eh_magic = le16_make(EXT4_EXTENT_MAGIC),
					      .eh_max = le16_make((u16)ext4_extent_root_max())};
}

/* The map, and what depends on it, stays as it was. */
static void keep_map(struct ext4_inode_raw *raw, const struct ext4_inode_raw *old)
{
	const u32 flags = EXT4_EXTENTS_FL | EXT4_INDEX_FL | EXT4_INLINE_DATA_FL;

	raw->i_flags =
	    le32_make((le32_get(raw->i_flags) & ~flags) | (le32_get(old->i_flags) & flags));
	memcpy(raw->i_block, old->i_block, sizeof(raw->i_block));
	if (!is_dir(raw))
		return;
	raw->i_size_lo = old->i_size_lo;
	raw->i_size_hi = old->i_size_hi;
	raw->i_links_count = old->i_links_count;
}

/* A new map: its extents come with other records; a directory's first block does with CREAT. */
static void start_map(struct ext4_inode_raw *raw, u32 block_size)
{
	if (!has_extents(raw))
		return; /* it is what the record says */
	init_extents(raw);
	if (!is_dir(raw))
		return;
	raw->i_flags = le32_make(le32_get(raw->i_flags) & ~EXT4_INDEX_FL);
	raw->i_size_lo = le32_make(block_size);
	raw->i_size_hi = le32_make(0);
	raw->i_links_count = le16_make(2);
}

/* Attributes and the count of blocks are not the record's to change: changes of attributes are
 * full commits, and blocks are counted as they are mapped. */
static void merge(struct ext4_inode_raw *raw, const struct ext4_inode_raw *record, u32 length,
		  u32 block_size, bool fresh, bool chained)
{
	struct ext4_inode_raw old = {.i_mode = le16_make(0)};
	u32 known = min(length, (u32)sizeof(old));

	memcpy(&old, raw, known);
	memcpy(raw, record, length);
	raw->i_blocks_lo = old.i_blocks_lo;
	raw->i_blocks_hi = old.i_blocks_hi;
	raw->i_file_acl_lo = old.i_file_acl_lo;
	raw->i_file_acl_hi = old.i_file_acl_hi;
	raw->i_flags = le32_make((le32_get(raw->i_flags) & ~EXT4_HUGE_FILE_FL) |
				 (le32_get(old.i_flags) & EXT4_HUGE_FILE_FL));
	if (chained)
		raw->i_dtime = old.i_dtime;
	if (!fresh && (is_dir(raw) || has_extents(&old)))
		keep_map(raw, &old);
	else
		start_map(raw, block_size);
}

static void sum(const struct ext4_fs *fs, u32 ino, struct ext4_inode_raw *raw)
{
	if (!fs->metadata_csum)
		return;
	u32 seed = ext4_csum_inode_seed(fs, ino, le32_get(raw->i_generation));
	u32 value = ext4_csum_inode(fs, seed, raw);

	raw->i_checksum_lo = le16_make((u16)value);
	if (fs->inode_size > EXT4_INODE_SIZE_OLD && le16_get(raw->i_extra_isize) >= 4)
		raw->i_checksum_hi = le16_make((u16)(value >> 16));
}

/* What is in the table may only become something of the same kind. */
static int check_change(const struct ext4_fast *fast, u32 ino, const struct ext4_inode_raw *old,
			const struct ext4_inode_raw *record)
{
	const u32 format = S_IFMT;
	u32 old_flags = le32_get(old->i_flags), flags = le32_get(record->i_flags);

	if ((le16_get(old->i_mode) & format) != (le16_get(record->i_mode) & format))
		return ext4_fast_damaged(fast, "another type for inode", ino);
	if (old_flags & EXT4_EA_INODE_FL)
		return ext4_fast_damaged(fast, "the value of an attribute, inode", ino);
	if (S_ISREG(le16_get(record->i_mode)) && !((old_flags | flags) & EXT4_EXTENTS_FL) &&
	    !(old_flags & flags & EXT4_INLINE_DATA_FL))
		return ext4_fast_damaged(fast, "a file without extents, inode", ino);
	return 0;
}

static int check_new(const struct ext4_fast *fast, u32 ino, const struct ext4_inode_raw *record)
{
	u32 mode = le16_get(record->i_mode), flags = le32_get(record->i_flags);

	if ((S_ISREG(mode) || S_ISDIR(mode)) && !(flags & (EXT4_EXTENTS_FL | EXT4_INLINE_DATA_FL)))
		return ext4_fast_damaged(fast, "a file without extents, inode", ino);
	return 0;
}

/* Writes the record into the table. *skip: an inode without links, that was none before. */
static int write_raw(struct ext4_fast *fast, struct ext4_handle *handle, u32 ino, u32 length,
		     bool held, bool *skip)
{
	struct ext4_fs *fs = fast->fs;
	const struct ext4_inode_raw *record = (const void *)fast->raw;
	struct buffer *table;
	bool fresh;
	u64 block;
	u32 offset;
	int err = ext4_inode_is_used(fs, ino, &fresh);

	if (err)
		return err;
	fresh = !fresh;
	*skip = fresh && !le16_get(record->i_links_count);
	if (*skip)
		return 0;
	if (fresh) {
		err = check_new(fast, ino, record);
		if (!err)
			err = ext4_inode_claim(handle, ino, is_dir(record));
	}
	if (!err)
		err = ext4_inode_table_read(fs, ino, &table);
	if (err)
		return err;
	ext4_inode_locate(fs, ino, &block, &offset);
	struct ext4_inode_raw *raw = (void *)((u8 *)table->data + offset);

	if (!fresh && !held)
		*skip = !le16_get(raw->i_links_count) && !le16_get(record->i_links_count);
	if (!fresh && !*skip)
		err = check_change(fast, ino, raw, record);
	if (!err && !*skip)
		err = ext4_txn_access(handle, table);
	if (!err && !*skip) {
		merge(raw, record, length, fs->block_size, fresh, radix_lookup(&fast->chain, ino));
		sum(fs, ino, raw);
		ext4_txn_dirty(handle, table, EXT4_CSUM_NONE, NULL);
	}
	buffer_put(table);
	return err;
}

/* The number was given to another: what it was before is deleted. */
static bool is_another(const struct ext4_inode *inode, const struct ext4_inode_raw *record)
{
	return !inode->vfs.nlink && (inode->vfs.generation != le32_get(record->i_generation) ||
				     ((inode->vfs.mode ^ le16_get(record->i_mode)) & S_IFMT));
}

int ext4_fast_put_inode(struct ext4_fast *fast, u32 ino, const u8 *bytes, u32 length)
{
	struct ext4_fs *fs = fast->fs;
	const struct ext4_inode_raw *record = (const void *)fast->raw;
	struct inode *vfs = radix_lookup(&fast->held, ino);
	struct ext4_inode *inode = vfs ? ext4_inode(vfs) : NULL;
	struct ext4_handle handle;
	bool skip = false;
	int err = 0;

	memset(fast->raw, 0, fs->inode_size);
	memcpy(fast->raw, bytes, length);
	if (inode && is_another(inode, record)) {
		err = let_go(fast, inode);
		inode = NULL;
	} else if (inode) {
		err = flush(fast, inode);
	}
	if (!err)
		err = ext4_txn_begin(fs, EXT4_CREDITS_INODE, &handle);
	if (err)
		return err;
	err = write_raw(fast, &handle, ino, length, inode, &skip);
	ext4_txn_end(&handle);
	if (err || skip)
		return err;
	fast->inodes++;
	if (!inode)
		return hold(fast, ino, true, &inode);
	ext4_map_cache_clear(inode);
	return ext4_inode_load(inode);
}
