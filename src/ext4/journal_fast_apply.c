/* Fast commits: checking all records, and applying them in one transaction. journal_fast.h tells
 * the theory. */
#include "ext4/journal_fast_int.h"
#include "ext4/journal_int.h"
#include "lib/log.h"
#include "lib/string.h"

int ext4_fast_damaged(const struct ext4_fast *fast, const char *what, u64 value)
{
	log_err("%s: %s: the journal's fast commits make no sense: %s: %llu: run e2fsck",
		fast->fs->type_name, fast->fs->super->id, what, value);
	return -EUCLEAN;
}

/* ---- records ---- */

#define WORD(record, type, field) ext4_fast_word(record, offsetof(struct type, field))

static struct ext4_extent range_of(const struct ext4_fast_record *record)
{
	struct ext4_extent extent;

	memcpy(&extent, record->value + offsetof(struct journal_fc_add_range, fc_ex),
	       sizeof(extent));
	return extent;
}

static struct qstr name_of(const struct ext4_fast_record *record)
{
	const u32 at = offsetof(struct journal_fc_dentry, fc_dname);

	return (struct qstr){.name = (const char *)record->value + at,
			     .length = record->length - at};
}

/* ---- checking ---- */

/* Files that belong to the volume itself never appear. */
static bool is_system(const struct ext4_fs *fs, u32 ino)
{
	const struct ext4_super_raw *raw = fs->raw;

	return ino < fs->first_ino || ino == le32_get(raw->s_journal_inum) ||
	       ino == le32_get(raw->s_usr_quota_inum) || ino == le32_get(raw->s_grp_quota_inum) ||
	       ino == le32_get(raw->s_prj_quota_inum) || ino == le32_get(raw->s_orphan_file_inum);
}

static int check_number(const struct ext4_fast *fast, u32 ino, bool or_root)
{
	if (ino <= fast->fs->inodes_count &&
	    (!is_system(fast->fs, ino) || (or_root && ino == EXT4_INO_ROOT)))
		return 0;
	return ext4_fast_damaged(fast, "the number of an inode", ino);
}

static int check_blocks(const struct ext4_fast *fast, u32 logical, u32 length)
{
	if (length && (u64)logical + length <= fast->fs->max_extent_size >> fast->fs->block_bits)
		return 0;
	return ext4_fast_damaged(fast, "a range of a file's blocks", logical);
}

static int check_add(const struct ext4_fast *fast, const struct ext4_fast_record *record)
{
	struct ext4_extent extent = range_of(record);
	u32 length = ext4_extent_length(&extent);
	u64 start = ext4_extent_start(&extent);
	int err = check_number(fast, WORD(record, journal_fc_add_range, fc_ino), false);

	if (!err)
		err = check_blocks(fast, le32_get(extent.ee_block), length);
	if (!err && !ext4_blocks_valid(fast->fs, start, length))
		err = ext4_fast_damaged(fast, "the blocks of a file", start);
	return err;
}

static int check_name(const struct ext4_fast *fast, const struct ext4_fast_record *record)
{
	struct qstr name = name_of(record);
	u32 parent = WORD(record, journal_fc_dentry, fc_parent_ino);
	bool dots =
	    name.name[0] == '.' && (name.length == 1 || (name.length == 2 && name.name[1] == '.'));

	if (dots || memchr(name.name, '\0', name.length) || memchr(name.name, '/', name.length))
		return ext4_fast_damaged(fast, "a name in directory", parent);
	int err = check_number(fast, parent, true);
	return err ? err : check_number(fast, WORD(record, journal_fc_dentry, fc_ino), false);
}

static int check_inode(const struct ext4_fast *fast, const struct ext4_fast_record *record)
{
	const u8 *raw = record->value + offsetof(struct journal_fc_inode, fc_raw_inode);
	u32 ino = WORD(record, journal_fc_inode, fc_ino), mode = le16_load(raw);
	u32 flags = le32_load(raw + offsetof(struct ext4_inode_raw, i_flags));

	if (flags & EXT4_EA_INODE_FL)
		return ext4_fast_damaged(fast, "the value of an attribute, inode", ino);
	if (!S_ISREG(mode) && !S_ISDIR(mode) && !S_ISLNK(mode) && !S_ISCHR(mode) &&
	    !S_ISBLK(mode) && !S_ISFIFO(mode) && !S_ISSOCK(mode))
		return ext4_fast_damaged(fast, "the mode of inode", ino);
	return check_number(fast, ino, true);
}

static int check_record(void *context, const struct ext4_fast_record *record)
{
	const struct ext4_fast *fast = context;

	switch (record->tag) {
	case JOURNAL_FC_ADD_RANGE:
		return check_add(fast, record);
	case JOURNAL_FC_DEL_RANGE:
		return check_number(fast, WORD(record, journal_fc_del_range, fc_ino), false);
	case JOURNAL_FC_CREAT:
	case JOURNAL_FC_LINK:
	case JOURNAL_FC_UNLINK:
		return check_name(fast, record);
	case JOURNAL_FC_INODE:
		return check_inode(fast, record);
	default:
		return 0;
	}
}

/* What records name as a file's blocks is not to be taken for anything else on the way. */
static int exclude_blocks(void *context, const struct ext4_fast_record *record)
{
	const struct ext4_fast *fast = context;
	struct ext4_handle handle;

	if (record->tag != JOURNAL_FC_ADD_RANGE)
		return 0;
	struct ext4_extent extent = range_of(record);
	int err = ext4_txn_begin(fast->fs, 0, &handle);

	if (!err)
		err = ext4_blocks_exclude(&handle, ext4_extent_start(&extent),
					  ext4_extent_length(&extent));
	ext4_txn_end(&handle);
	return err;
}

/* ---- ranges ---- */

/* One run of the file's blocks, that is as it shall not be, becomes an extent. */
static int put_run(struct ext4_handle *handle, struct ext4_inode *inode, const struct ext4_map *map,
		   u64 physical, bool unwritten)
{
	int err = ext4_txn_dirty_inode(handle, inode);

	if (!err && map->physical && map->physical != physical) {
		err =
		    ext4_map_remove(handle, inode, map->logical, map->logical + (map->length - 1));
		if (!err)
			err = ext4_txn_dirty_inode(handle, inode);
	}
	if (!err)
		err = ext4_blocks_claim(handle, physical, map->length);
	if (err)
		return err;
	rwsem_write_lock(&inode->map_lock);
	if (map->physical == physical) {
		err = ext4_extent_convert(handle, inode, map->logical, map->length, unwritten);
	} else {
		err = ext4_extent_insert(handle, inode, map->logical, map->length, physical,
					 unwritten, true);
		if (!err)
			ext4_inode_add_blocks(inode, map->length);
	}
	ext4_map_cache_clear(inode);
	rwsem_write_unlock(&inode->map_lock);
	return err;
}

static int add_range(struct ext4_fast *fast, const struct ext4_fast_record *record)
{
	struct ext4_extent extent = range_of(record);
	u32 logical = le32_get(extent.ee_block), left = ext4_extent_length(&extent);
	u64 physical = ext4_extent_start(&extent);
	bool unwritten = ext4_extent_unwritten(&extent);
	struct ext4_inode *inode;
	int err = ext4_fast_hold(fast, WORD(record, journal_fc_add_range, fc_ino), &inode);

	if (err)
		return err == -ESTALE ? 0 : err;
	if (!ext4_uses_extents(inode) || (!S_ISREG(inode->vfs.mode) && !S_ISLNK(inode->vfs.mode)))
		return ext4_fast_damaged(fast, "blocks for what has no extents, inode",
					 ext4_ino(inode));
	while (left && !err) {
		struct ext4_handle handle;
		struct ext4_map map;

		err = ext4_map_find(inode, logical, left, &map);
		if (err)
			return err;
		u32 n = map.length;
		if (map.physical != physical || map.unwritten != unwritten) {
			err = ext4_txn_begin(fast->fs, ext4_map_credits(inode) + 8, &handle);
			if (!err)
				err = put_run(&handle, inode, &map, physical, unwritten);
			ext4_txn_end(&handle);
		}
		logical += n;
		physical += n;
		left -= n;
	}
	fast->ranges++;
	return err;
}

static int delete_range(struct ext4_fast *fast, const struct ext4_fast_record *record)
{
	u32 first = WORD(record, journal_fc_del_range, fc_lblk);
	u32 n = WORD(record, journal_fc_del_range, fc_len);
	u32 last = n > U32_MAX - 1 - first ? U32_MAX - 1 : first + (n - 1);
	struct ext4_inode *inode;
	struct ext4_handle handle;

	if (!n || first >= U32_MAX - 1)
		return 0;
	int err = ext4_fast_hold(fast, WORD(record, journal_fc_del_range, fc_ino), &inode);

	if (err)
		return err == -ESTALE ? 0 : err;
	if (!ext4_uses_extents(inode) || !S_ISREG(inode->vfs.mode))
		return ext4_fast_damaged(fast, "a hole in what has no extents, inode",
					 ext4_ino(inode));
	err = ext4_txn_begin(fast->fs, ext4_map_credits(inode) + 4, &handle);
	if (!err)
		err = ext4_txn_dirty_inode(&handle, inode);
	if (!err)
		err = ext4_map_remove(&handle, inode, first, last);
	ext4_txn_end(&handle);
	fast->ranges++;
	return err;
}

/* ---- names ---- */

static int hold_dir(struct ext4_fast *fast, const struct ext4_fast_record *record,
		    struct ext4_inode **out)
{
	int err = ext4_fast_hold(fast, WORD(record, journal_fc_dentry, fc_parent_ino), out);

	if (!err && !S_ISDIR((*out)->vfs.mode))
		err =
		    ext4_fast_damaged(fast, "names in what is no directory, inode", ext4_ino(*out));
	return err;
}

/* The name becomes the inode's, if it is nobody's yet. */
static int add_name(struct ext4_fast *fast, struct ext4_inode *dir, struct ext4_inode *inode,
		    const struct qstr *name)
{
	bool is_dir = S_ISDIR(inode->vfs.mode);
	struct ext4_handle handle;
	u32 ino;
	int err = ext4_dir_number(dir, name, &ino);

	if (err || ino)
		return err;
	err = ext4_inline_convert(dir, 0);
	if (!err)
		err = ext4_txn_begin(fast->fs, ext4_dir_insert_credits(dir) + 2, &handle);
	if (err)
		return err;
	err = ext4_txn_dirty_inode(&handle, dir);
	if (!err)
		err = ext4_txn_dirty_inode(&handle, inode);
	if (!err)
		err = ext4_dir_insert(&handle, dir, name, ext4_ino(inode),
				      ext4_file_type(fast->fs, inode->vfs.mode));
	if (!err)
		err = ext4_dir_changed(&handle, dir, is_dir ? 1 : 0);
	if (!err && !is_dir && inode->vfs.nlink < EXT4_LINK_MAX)
		inode->vfs.nlink++;
	ext4_txn_end(&handle);
	return err;
}

/* A new directory without a first block gets one. */
static int make_dir(struct ext4_fast *fast, struct ext4_inode *dir, struct ext4_inode *parent)
{
	struct ext4_handle handle;
	struct ext4_map map;

	if (ext4_is_inline(dir))
		return 0;
	int err = ext4_map_find(dir, 0, 1, &map);
	if (err || map.physical)
		return err;
	err = ext4_txn_begin(fast->fs, ext4_map_append_credits(dir, 1) + 4, &handle);
	if (err)
		return err;
	inode_size_set(&dir->vfs, 0);
	dir->disk_size = 0;
	dir->flags &= ~EXT4_INDEX_FL;
	err = ext4_dir_make_dots(&handle, dir, parent);
	ext4_txn_end(&handle);
	return err;
}

static int set_one_link(struct ext4_fast *fast, struct ext4_inode *inode)
{
	struct ext4_handle handle;
	int err = ext4_txn_begin(fast->fs, 1, &handle);

	if (!err)
		err = ext4_txn_dirty_inode(&handle, inode);
	if (!err)
		inode->vfs.nlink = 1;
	ext4_txn_end(&handle);
	return err;
}

static int link_name(struct ext4_fast *fast, const struct ext4_fast_record *record)
{
	struct qstr name = name_of(record);
	struct ext4_inode *inode, *dir;
	int err = ext4_fast_hold(fast, WORD(record, journal_fc_dentry, fc_ino), &inode);

	if (err)
		return err == -ESTALE && record->tag == JOURNAL_FC_LINK ? 0 : err;
	err = hold_dir(fast, record, &dir);
	if (err)
		return err;
	if (record->tag == JOURNAL_FC_CREAT && S_ISDIR(inode->vfs.mode))
		err = make_dir(fast, inode, dir);
	if (!err)
		err = add_name(fast, dir, inode, &name);
	if (!err && record->tag == JOURNAL_FC_CREAT && !S_ISDIR(inode->vfs.mode))
		err = set_one_link(fast, inode);
	fast->names++;
	return err;
}

/* Takes the entry out, if it is there and this inode's; *found: there is one of this name. */
static int remove_name(struct ext4_fast *fast, struct ext4_inode *dir, struct ext4_inode *inode,
		       const struct qstr *name, bool *found)
{
	struct ext4_dir_slot slot = {NULL};
	struct ext4_handle handle;
	int err = ext4_inline_convert(dir, 0);

	if (!err)
		err = ext4_txn_begin(fast->fs, EXT4_CREDITS_DELETE, &handle);
	if (err)
		return err;
	err = ext4_dir_find(dir, name, &slot);
	*found = slot.buffer;
	if (!err && slot.buffer && le32_get(slot.entry->inode) == ext4_ino(inode)) {
		err = ext4_txn_dirty_inode(&handle, dir);
		if (!err)
			err = ext4_block_delete(&handle, dir, slot.buffer, slot.entry);
		if (!err) {
			dir->insert_hint = min(dir->insert_hint, slot.logical);
			err = ext4_dir_changed(&handle, dir, S_ISDIR(inode->vfs.mode) ? -1 : 0);
		}
	}
	ext4_dir_slot_put(&slot);
	if (!err && *found)
		err = ext4_txn_dirty_inode(&handle, inode);
	ext4_txn_end(&handle);
	return err;
}

static int unlink_name(struct ext4_fast *fast, const struct ext4_fast_record *record)
{
	struct qstr name = name_of(record);
	struct ext4_inode *inode, *dir;
	bool found;
	int err = ext4_fast_hold(fast, WORD(record, journal_fc_dentry, fc_ino), &inode);

	if (!err)
		err = hold_dir(fast, record, &dir);
	if (err)
		return err == -ESTALE ? 0 : err;
	err = remove_name(fast, dir, inode, &name, &found);
	if (err)
		return err;
	fast->names++;
	if (!found)
		return 0;
	if (S_ISDIR(inode->vfs.mode))
		inode->vfs.nlink = 0;
	else if (inode->vfs.nlink)
		inode->vfs.nlink--;
	return 0;
}

/* ---- all ---- */

static int apply_record(void *context, const struct ext4_fast_record *record)
{
	struct ext4_fast *fast = context;

	switch (record->tag) {
	case JOURNAL_FC_ADD_RANGE:
		return add_range(fast, record);
	case JOURNAL_FC_DEL_RANGE:
		return delete_range(fast, record);
	case JOURNAL_FC_CREAT:
	case JOURNAL_FC_LINK:
		return link_name(fast, record);
	case JOURNAL_FC_UNLINK:
		return unlink_name(fast, record);
	case JOURNAL_FC_INODE:
		return ext4_fast_put_inode(
		    fast, WORD(record, journal_fc_inode, fc_ino),
		    record->value + offsetof(struct journal_fc_inode, fc_raw_inode),
		    record->length - (u32)offsetof(struct journal_fc_inode, fc_raw_inode));
	default:
		return 0;
	}
}

static int apply_all(struct ext4_fast *fast)
{
	const struct ext4_log *log = &fast->fs->journal->log;
	u32 count = fast->fs->fast.records;
	int err = ext4_fast_walk(log, count, check_record, fast);

	if (!err)
		err = ext4_fast_read_chain(fast);
	if (!err)
		err = ext4_fast_walk(log, count, exclude_blocks, fast);
	if (!err)
		err = ext4_fast_walk(log, count, apply_record, fast);
	return err;
}

int ext4_fast_apply(struct ext4_fs *fs)
{
	struct ext4_fast *fast = kcalloc(1, sizeof(*fast), MM_NORMAL);
	int err;

	if (!fast)
		return -ENOMEM;
	fast->fs = fs;
	radix_init(&fast->held);
	radix_init(&fast->chain);
	fs->txn.held = true;
	fast->raw = kmalloc(fs->inode_size, MM_NORMAL);
	err = fast->raw ? apply_all(fast) : -ENOMEM;
	if (err) /* nothing of it may reach the disk, not even on the way out */
		ext4_journal_abort(fs, -ESHUTDOWN);
	int end_err = ext4_fast_let_go_all(fast);

	fs->txn.held = false;
	if (!err && end_err) {
		err = end_err;
		ext4_journal_abort(fs, -ESHUTDOWN);
	}
	if (!err)
		err = ext4_txn_commit(fs);
	if (err == -EBUSY)
		log_err("%s: %s: the journal's fast commits are too much for its log: run e2fsck",
			fs->type_name, fs->super->id);
	if (!err)
		log_info("%s: %s: fast commits replayed: %u inodes, %u ranges, %u names",
			 fs->type_name, fs->super->id, fast->inodes, fast->ranges, fast->names);
	ext4_fast_forget_chain(fast);
	kfree(fast->raw);
	kfree(fast);
	return err;
}
