/* Inodes as they lie in the inode table: from there to memory and back. */
#include "ext4/ext4_int.h"
#include "lib/log.h"
#include "lib/string.h"

void ext4_inode_locate(struct ext4_fs *fs, u32 ino, u64 *block, u32 *offset)
{
	struct ext4_group *group = ext4_group(fs, (ino - 1) / fs->inodes_per_group);
	u32 index = (ino - 1) % fs->inodes_per_group;

	*block = group->inode_table + index / fs->inodes_per_block;
	*offset = index % fs->inodes_per_block * fs->inode_size;
}

int ext4_inode_table_read(struct ext4_fs *fs, u32 ino, struct buffer **out)
{
	struct ext4_group *group = ext4_group(fs, (ino - 1) / fs->inodes_per_group);
	u64 block;
	u32 offset;
	const u32 window = max(fs->options.inode_readahead, 1); /* often wanted next */

	ext4_inode_locate(fs, ino, &block, &offset);
	*out = buffer_lookup(fs->bdev, block);
	if (*out && buffer_flag_test(*out, BUFFER_VALID))
		return 0;
	buffer_put(*out);
	u64 first = group->inode_table + round_down(block - group->inode_table, window);
	u64 end = min(first + window, group->inode_table + fs->itable_blocks);

	if (fs->has_group_csum) {
		u32 used = fs->inodes_per_group - group->itable_unused;
		end = min(end, group->inode_table + DIV_ROUND_UP(used, fs->inodes_per_block));
	}
	if (end > first + 1)
		buffer_readahead(fs->bdev, first, (unsigned int)(end - first));
	int err = buffer_read(fs->bdev, block, out);
	return err ? ext4_io_error(fs, ino, block, err) : 0;
}

/* ---- reading ---- */

static bool has_field(const struct ext4_inode *inode, size_t end)
{
	return EXT4_INODE_SIZE_OLD + inode->extra_isize >= end;
}
#define HAS(inode, field)                                                                          \
	has_field(inode, offsetof(struct ext4_inode_raw, field) +                                  \
			     sizeof_field(struct ext4_inode_raw, field))

bool ext4_has_project(const struct ext4_inode *inode)
{
	const struct ext4_fs *fs = ext4_inode_fs(inode);

	return (fs->ro_compat & EXT4_RO_COMPAT_PROJECT) &&
	       fs->inode_size > EXT4_INODE_SIZE_OLD && HAS(inode, i_projid);
}

/* Two more bits of seconds and the nanoseconds lie in the extra word. */
static struct timespec64 time_get(struct le32 seconds, const struct le32 *extra, bool has_extra)
{
	struct timespec64 time = {.sec = (s32)le32_get(seconds)};

	if (has_extra) {
		u32 bits = le32_get(*extra);

		time.sec += (s64)(bits & 3) << 32;
		time.nsec = min(bits >> 2, 999999999u);
	}
	return time;
}

static u32 time_extra(struct timespec64 time)
{
	u64 epoch = ((u64)time.sec - (u64)(s64)(s32)time.sec) >> 32;

	return (u32)(epoch & 3) | time.nsec << 2;
}

static void get_times(struct ext4_inode *inode, const struct ext4_inode_raw *raw)
{
	struct inode *vfs = &inode->vfs;

	vfs->atime = time_get(raw->i_atime, &raw->i_atime_extra, HAS(inode, i_atime_extra));
	vfs->mtime = time_get(raw->i_mtime, &raw->i_mtime_extra, HAS(inode, i_mtime_extra));
	vfs->ctime = time_get(raw->i_ctime, &raw->i_ctime_extra, HAS(inode, i_ctime_extra));
	if (HAS(inode, i_crtime))
		vfs->btime =
		    time_get(raw->i_crtime, &raw->i_crtime_extra, HAS(inode, i_crtime_extra));
}

static u64 get_blocks(const struct ext4_fs *fs, const struct ext4_inode *inode,
		      const struct ext4_inode_raw *raw)
{
	u64 n = le32_get(raw->i_blocks_lo);

	if (!(fs->ro_compat & EXT4_RO_COMPAT_HUGE_FILE))
		return n;
	n |= (u64)le16_get(raw->i_blocks_hi) << 32;
	if (inode->flags & EXT4_HUGE_FILE_FL)
		n <<= fs->block_bits - SECTOR_SHIFT;
	return n;
}

static int check_checksum(struct ext4_fs *fs, struct ext4_inode *inode,
			  const struct ext4_inode_raw *raw)
{
	if (!fs->metadata_csum)
		return 0;
	u32 found = le16_get(raw->i_checksum_lo);
	u32 right = ext4_csum_inode(fs, inode->csum_seed, raw);

	if (fs->inode_size > EXT4_INODE_SIZE_OLD && le16_get(raw->i_extra_isize) >= 4)
		found |= (u32)le16_get(raw->i_checksum_hi) << 16;
	else
		right &= 0xffff;
	if (found == right)
		return 0;
	return ext4_error(fs, ext4_ino(inode), 0, "checksum of the inode is wrong");
}

static int check_map(struct ext4_fs *fs, struct ext4_inode *inode)
{
	u32 mode = inode->vfs.mode;
	/* What holes make larger than i_blocks could count is no damage. */
	u64 limit = ext4_uses_extents(inode) ? (u64)U32_MAX << fs->block_bits : fs->indirect_reach;

	if (ext4_is_inline(inode)) {
		/* A file may end in a hole: mke2fs leaves one inline whose data never came. */
		if (!(fs->incompat & EXT4_INCOMPAT_INLINE_DATA) ||
		    (!S_ISREG(mode) && !S_ISDIR(mode) && !S_ISLNK(mode)) ||
		    (u64)inode->vfs.size > (S_ISREG(mode) ? limit : fs->inode_size))
			return ext4_error(
			    fs, ext4_ino(inode), 0,
			    "contents in the inode without the feature, or too large");
		return S_ISLNK(mode) && !inode->vfs.size
			   ? ext4_error(fs, ext4_ino(inode), 0, "a symbolic link is empty")
			   : 0;
	}
	if (((inode->flags & EXT4_ENCRYPT_FL) && !(fs->incompat & EXT4_INCOMPAT_ENCRYPT)) ||
	    ((inode->flags & EXT4_CASEFOLD_FL) && !(fs->incompat & EXT4_INCOMPAT_CASEFOLD)))
		return ext4_error(fs, ext4_ino(inode), 0,
				  "encryption or casefolding without the feature");
	if ((u64)inode->vfs.size > limit)
		return ext4_error(fs, ext4_ino(inode), 0, "size %lld is out of range",
				  (s64)inode->vfs.size);
	if (S_ISDIR(mode) &&
	    (!inode->vfs.size || !is_aligned((u64)inode->vfs.size, fs->block_size)))
		return ext4_error(fs, ext4_ino(inode), 0, "directory's size %lld is invalid",
				  (s64)inode->vfs.size);
	if (S_ISLNK(mode) && (!inode->vfs.size || inode->vfs.size >= fs->block_size))
		return ext4_error(fs, ext4_ino(inode), 0, "symbolic link's size %lld is invalid",
				  (s64)inode->vfs.size);
	if (ext4_uses_extents(inode) && (S_ISREG(mode) || S_ISDIR(mode) || S_ISLNK(mode)))
		return ext4_extent_check_root(inode);
	return 0;
}

static void get_device(const struct ext4_inode *inode, u32 *major, u32 *minor)
{
	u32 old = le32_get(inode->block[0]), wide = le32_get(inode->block[1]);

	if (old) {
		*major = (old >> 8) & 0xff;
		*minor = old & 0xff;
	} else {
		*major = (wide >> 8) & 0xfff;
		*minor = (wide & 0xff) | ((wide >> 12) & 0xfff00);
	}
}

static void get_fields(struct ext4_fs *fs, struct ext4_inode *inode,
		       const struct ext4_inode_raw *raw)
{
	struct inode *vfs = &inode->vfs;

	vfs->mode = le16_get(raw->i_mode);
	vfs->uid = le16_get(raw->i_uid_lo) | (u32)le16_get(raw->i_uid_hi) << 16;
	vfs->gid = le16_get(raw->i_gid_lo) | (u32)le16_get(raw->i_gid_hi) << 16;
	vfs->nlink = le16_get(raw->i_links_count);
	vfs->size = le32_get(raw->i_size_lo);
	if (S_ISREG(vfs->mode) || (S_ISDIR(vfs->mode) && (fs->incompat & EXT4_INCOMPAT_LARGEDIR)))
		vfs->size |= (loff_t)((u64)le32_get(raw->i_size_hi) << 32);
	inode->disk_size = (u64)vfs->size;
	inode->flags = le32_get(raw->i_flags);
	inode->dtime_or_next = le32_get(raw->i_dtime);
	inode->file_acl = le32_get(raw->i_file_acl_lo);
	if (fs->incompat & EXT4_INCOMPAT_64BIT)
		inode->file_acl |= (u64)le16_get(raw->i_file_acl_hi) << 32;
	vfs->blocks = get_blocks(fs, inode, raw);
	get_times(inode, raw);
	if (inode->flags & EXT4_EA_INODE_FL)
		vfs->change_version = le32_get(raw->i_version_lo);
	if (ext4_has_project(inode))
		inode->project = le32_get(raw->i_projid);
	memcpy(inode->block, raw->i_block, sizeof(inode->block));
}

int ext4_inode_load(struct ext4_inode *inode)
{
	struct ext4_fs *fs = ext4_inode_fs(inode);
	u32 ino = ext4_ino(inode), offset;
	struct buffer *table;
	u64 block;
	int err = ext4_inode_table_read(fs, ino, &table);

	if (err)
		return err;
	ext4_inode_locate(fs, ino, &block, &offset);
	const struct ext4_inode_raw *raw = (const void *)((u8 *)table->data + offset);

	inode->group = (ino - 1) / fs->inodes_per_group;
	inode->vfs.generation = le32_get(raw->i_generation);
	inode->csum_seed = ext4_csum_inode_seed(fs, ino, inode->vfs.generation);
	if (fs->inode_size > EXT4_INODE_SIZE_OLD) {
		inode->extra_isize = le16_get(raw->i_extra_isize);
		if (inode->extra_isize % 4 ||
		    inode->extra_isize > fs->inode_size - EXT4_INODE_SIZE_OLD) {
			err = ext4_error(fs, ino, block, "extra size %u is invalid",
					 inode->extra_isize);
			goto out;
		}
	}
	err = check_checksum(fs, inode, raw);
	if (err)
		goto out;
	get_fields(fs, inode, raw);
	if (!inode->vfs.nlink && (!inode->vfs.mode || !inode->orphan)) {
		err = -ESTALE; /* deleted: the caller knows whether that is damage */
		goto out;
	}
	err = check_map(fs, inode);
	inode->may_inline = ext4_is_inline(inode) && S_ISREG(inode->vfs.mode);
	if (!err && inode->file_acl && !ext4_blocks_valid(fs, inode->file_acl, 1))
		err = ext4_error(fs, ino, inode->file_acl,
				 "block of extended attributes is out of range");
	if (!err)
		err = ext4_inode_set_ops(inode);
	ext4_inode_set_vfs_flags(inode);
	if (!err && ext4_xattr_exist(inode, table))
		inode->vfs.acl[ACL_LIST_ACCESS] = inode->vfs.acl[ACL_LIST_DEFAULT] = ACL_UNKNOWN;
	else
		inode->vfs.flags |= INODE_NO_CAPABILITY;
	if (!err)
		err = ext4_quota_attach(inode);
out:
	buffer_put(table);
	return err;
}

int ext4_inode_set_ops(struct ext4_inode *inode)
{
	struct inode *vfs = &inode->vfs;
	u32 major, minor;

	switch (vfs->mode & S_IFMT) {
	case S_IFREG:
		vfs->ops = &ext4_file_inode_ops;
		vfs->file_ops = &ext4_file_ops;
		vfs->mapping.ops = &ext4_mapping_ops;
		return 0;
	case S_IFDIR:
		vfs->ops = &ext4_dir_inode_ops;
		vfs->file_ops = &ext4_dir_file_ops;
		return 0;
	case S_IFLNK:
		vfs->ops = &ext4_symlink_inode_ops;
		return 0;
	case S_IFCHR:
	case S_IFBLK:
	case S_IFIFO:
	case S_IFSOCK:
		vfs->ops = &ext4_special_inode_ops;
		get_device(inode, &major, &minor);
		inode_init_special(vfs, vfs->mode, major, minor);
		return 0;
	default:
		return ext4_error(ext4_inode_fs(inode), ext4_ino(inode), 0, "mode %#o is invalid",
				  vfs->mode);
	}
}

void ext4_inode_set_vfs_flags(struct ext4_inode *inode)
{
	static const struct {
		u32 disk, vfs;
	} pairs[] = {
	    {EXT4_IMMUTABLE_FL, INODE_IMMUTABLE},
	    {EXT4_APPEND_FL, INODE_APPEND},
	    {EXT4_NOATIME_FL, INODE_NOATIME},
	    {EXT4_SYNC_FL, INODE_SYNC},
	};

	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		if (inode->flags & pairs[i].disk)
			inode->vfs.flags |= pairs[i].vfs;
		else
			inode->vfs.flags &= ~pairs[i].vfs;
	}
}

/* ---- writing ---- */

static void put_blocks(struct ext4_fs *fs, struct ext4_inode *inode, struct ext4_inode_raw *raw)
{
	u64 n = inode->vfs.blocks;

	inode->flags &= ~EXT4_HUGE_FILE_FL;
	if (n > U32_MAX && (fs->ro_compat & EXT4_RO_COMPAT_HUGE_FILE)) {
		if (n >= 1ull << 48) {
			inode->flags |= EXT4_HUGE_FILE_FL;
			n >>= fs->block_bits - SECTOR_SHIFT;
		}
		raw->i_blocks_hi = le16_make((u16)(n >> 32));
	} else if (fs->ro_compat & EXT4_RO_COMPAT_HUGE_FILE) {
		raw->i_blocks_hi = le16_make(0);
	}
	raw->i_blocks_lo = le32_make((u32)n);
}

static void put_times(struct ext4_inode *inode, struct ext4_inode_raw *raw)
{
	struct inode *vfs = &inode->vfs;

	raw->i_atime = le32_make((u32)vfs->atime.sec);
	raw->i_mtime = le32_make((u32)vfs->mtime.sec);
	raw->i_ctime = le32_make((u32)vfs->ctime.sec);
	if (HAS(inode, i_atime_extra))
		raw->i_atime_extra = le32_make(time_extra(vfs->atime));
	if (HAS(inode, i_mtime_extra))
		raw->i_mtime_extra = le32_make(time_extra(vfs->mtime));
	if (HAS(inode, i_ctime_extra))
		raw->i_ctime_extra = le32_make(time_extra(vfs->ctime));
	if (HAS(inode, i_crtime))
		raw->i_crtime = le32_make((u32)vfs->btime.sec);
	if (HAS(inode, i_crtime_extra))
		raw->i_crtime_extra = le32_make(time_extra(vfs->btime));
}

static void note_large_file(struct ext4_fs *fs)
{
	if ((fs->ro_compat & EXT4_RO_COMPAT_LARGE_FILE) || le32_get(fs->raw->s_rev_level) == 0)
		return;
	mutex_lock(&fs->super_lock);
	fs->ro_compat |= EXT4_RO_COMPAT_LARGE_FILE;
	mutex_unlock(&fs->super_lock);
	atomic_store(&fs->txn.super_changed, true);
}

void ext4_inode_fill_raw(struct ext4_inode *inode, struct buffer *table)
{
	struct ext4_fs *fs = ext4_inode_fs(inode);
	struct inode *vfs = &inode->vfs;
	u64 block;
	u32 offset;

	ext4_inode_locate(fs, ext4_ino(inode), &block, &offset);
	struct ext4_inode_raw *raw = (void *)((u8 *)table->data + offset);

	spin_lock(&vfs->lock);
	raw->i_mode = le16_make((u16)vfs->mode);
	raw->i_uid_lo = le16_make((u16)vfs->uid);
	raw->i_uid_hi = le16_make((u16)(vfs->uid >> 16));
	raw->i_gid_lo = le16_make((u16)vfs->gid);
	raw->i_gid_hi = le16_make((u16)(vfs->gid >> 16));
	raw->i_links_count = le16_make((u16)vfs->nlink);
	put_blocks(fs, inode, raw);
	put_times(inode, raw);
	spin_unlock(&vfs->lock);
	raw->i_size_lo = le32_make((u32)inode->disk_size);
	if (S_ISREG(vfs->mode) || (S_ISDIR(vfs->mode) && (fs->incompat & EXT4_INCOMPAT_LARGEDIR)))
		raw->i_size_hi = le32_make((u32)(inode->disk_size >> 32));
	if (S_ISREG(vfs->mode) && inode->disk_size > 0x7fffffff)
		note_large_file(fs);
	raw->i_dtime = le32_make(inode->dtime_or_next);
	raw->i_flags = le32_make(inode->flags);
	raw->i_generation = le32_make(vfs->generation);
	raw->i_file_acl_lo = le32_make((u32)inode->file_acl);
	if (fs->incompat & EXT4_INCOMPAT_64BIT)
		raw->i_file_acl_hi = le16_make((u16)(inode->file_acl >> 32));
	memcpy(raw->i_block, inode->block, sizeof(inode->block));
	if (inode->flags & EXT4_EA_INODE_FL)
		raw->i_version_lo = le32_make((u32)vfs->change_version);
	if (ext4_has_project(inode))
		raw->i_projid = le32_make(inode->project);
	if (fs->inode_size > EXT4_INODE_SIZE_OLD)
		raw->i_extra_isize = le16_make(inode->extra_isize);
	if (fs->metadata_csum) {
		u32 sum = ext4_csum_inode(fs, inode->csum_seed, raw);

		raw->i_checksum_lo = le16_make((u16)sum);
		if (fs->inode_size > EXT4_INODE_SIZE_OLD && inode->extra_isize >= 4)
			raw->i_checksum_hi = le16_make((u16)(sum >> 16));
	}
}
