/* Checksums of metadata: crc32c with metadata_csum, crc16 of descriptors with gdt_csum alone. */
#include "ext4/ext4_int.h"
#include "lib/crc.h"

u32 ext4_csum_super(const struct ext4_super_raw *raw)
{
	return crc32c(~0u, raw, offsetof(struct ext4_super_raw, s_checksum));
}

u16 ext4_csum_desc(const struct ext4_fs *fs, u32 group, const struct ext4_desc_raw *raw)
{
	const u8 *bytes = (const u8 *)raw;
	const u32 at = offsetof(struct ext4_desc_raw, bg_checksum);
	struct le32 number = le32_make(group);

	if (fs->metadata_csum) {
		static const u8 zero[2];
		u32 crc = crc32c(fs->csum_seed, &number, sizeof(number));

		crc = crc32c(crc, bytes, at);
		crc = crc32c(crc, zero, sizeof(zero));
		if (fs->desc_size > at + 2)
			crc = crc32c(crc, bytes + at + 2, fs->desc_size - at - 2);
		return (u16)crc;
	}
	u16 crc = crc16(0xffff, fs->raw->s_uuid, sizeof(fs->raw->s_uuid));

	crc = crc16(crc, &number, sizeof(number));
	crc = crc16(crc, bytes, at);
	if ((fs->incompat & EXT4_INCOMPAT_64BIT) && fs->desc_size > at + 2)
		crc = crc16(crc, bytes + at + 2, fs->desc_size - at - 2);
	return crc;
}

u32 ext4_csum_inode_seed(const struct ext4_fs *fs, u32 ino, u32 generation)
{
	struct le32 number = le32_make(ino), gen = le32_make(generation);

	return crc32c(crc32c(fs->csum_seed, &number, sizeof(number)), &gen, sizeof(gen));
}

u32 ext4_csum_inode(const struct ext4_fs *fs, u32 seed, const struct ext4_inode_raw *raw)
{
	static const u8 zero[2];
	const u8 *bytes = (const u8 *)raw;
	const u32 lo = offsetof(struct ext4_inode_raw, i_checksum_lo);
	const u32 hi = offsetof(struct ext4_inode_raw, i_checksum_hi);
	u32 crc = crc32c(seed, bytes, lo);

	crc = crc32c(crc, zero, sizeof(zero));
	crc = crc32c(crc, bytes + lo + 2, EXT4_INODE_SIZE_OLD - lo - 2);
	if (fs->inode_size <= EXT4_INODE_SIZE_OLD)
		return crc;
	crc = crc32c(crc, bytes + EXT4_INODE_SIZE_OLD, hi - EXT4_INODE_SIZE_OLD);
	u32 from = hi;
	if (le16_get(raw->i_extra_isize) >= 4) { /* the high half exists */
		crc = crc32c(crc, zero, sizeof(zero));
		from += 2;
	}
	return crc32c(crc, bytes + from, fs->inode_size - from);
}

u32 ext4_csum_bitmap(const struct ext4_fs *fs, const void *bitmap, u32 bits)
{
	return crc32c(fs->csum_seed, bitmap, bits / 8);
}

/* The tail lies behind the room for eh_max entries; the caller has checked that it fits. */
u32 ext4_csum_extent_block(const struct ext4_fs *fs, u32 seed, const void *block)
{
	const struct ext4_extent_header *header = block;

	return crc32c(seed, block,
		      sizeof(*header) + le16_get(header->eh_max) * sizeof(struct ext4_extent));
}

u32 ext4_csum_dir_block(const struct ext4_fs *fs, u32 seed, const void *block)
{
	return crc32c(seed, block, fs->block_size - sizeof(struct ext4_dirent_tail));
}

u32 ext4_csum_xattr_block(const struct ext4_fs *fs, u64 number, const void *block)
{
	static const u8 zero[4];
	const u8 *bytes = block;
	const u32 at = offsetof(struct ext4_xattr_header, h_checksum);
	struct le64 where = le64_make(number);
	u32 crc = crc32c(fs->csum_seed, &where, sizeof(where));

	crc = crc32c(crc, bytes, at);
	crc = crc32c(crc, zero, sizeof(zero));
	return crc32c(crc, bytes + at + 4, fs->block_size - at - 4);
}

u32 ext4_csum_orphan_block(const struct ext4_fs *fs, u32 seed, u64 number, const void *block)
{
	struct le64 where = le64_make(number);

	return crc32c(crc32c(seed, &where, sizeof(where)), block,
		      fs->block_size - sizeof(struct ext4_orphan_tail));
}

bool ext4_dx_block_layout(const struct ext4_fs *fs, const void *block, u32 *count_offset)
{
	const struct ext4_dirent *first = block;
	const u8 *bytes = block;

	if (ext4_rec_len(first) == fs->block_size) {
		*count_offset = EXT4_DX_NODE_OFFSET;
		return true;
	}
	if (ext4_rec_len(first) == 12) {
		const struct ext4_dirent *second = (const void *)(bytes + 12);
		const struct ext4_dx_root_info *info =
		    (const void *)(bytes + EXT4_DX_ROOT_INFO_OFFSET);

		if (ext4_rec_len(second) != fs->block_size - 12 || le32_get(info->reserved_zero) ||
		    info->info_length != sizeof(*info))
			return false;
		*count_offset = EXT4_DX_ROOT_INFO_OFFSET + sizeof(*info);
		return true;
	}
	return false;
}

u32 ext4_csum_dx_block(const struct ext4_fs *fs, u32 seed, const void *block, u32 count_offset)
{
	static const u8 zero[4];
	const u8 *bytes = block;
	const struct ext4_dx_countlimit *cl = (const void *)(bytes + count_offset);
	u32 limit = le16_get(cl->limit), count = le16_get(cl->count);
	const struct ext4_dx_tail *tail =
	    (const void *)(bytes + count_offset + limit * sizeof(struct ext4_dx_entry));
	u32 crc = crc32c(seed, bytes, count_offset + count * sizeof(struct ext4_dx_entry));

	crc = crc32c(crc, &tail->dt_reserved, sizeof(tail->dt_reserved));
	return crc32c(crc, zero, sizeof(zero));
}

static void set_dx(const struct ext4_fs *fs, void *block, u32 seed)
{
	u32 offset;

	if (!ext4_dx_block_layout(fs, block, &offset))
		return;
	const struct ext4_dx_countlimit *cl = (const void *)((u8 *)block + offset);
	u32 end = offset + le16_get(cl->limit) * sizeof(struct ext4_dx_entry);

	if (end + sizeof(struct ext4_dx_tail) > fs->block_size ||
	    le16_get(cl->count) > le16_get(cl->limit))
		return;
	struct ext4_dx_tail *tail = (void *)((u8 *)block + end);
	tail->dt_checksum = le32_make(ext4_csum_dx_block(fs, seed, block, offset));
}

void ext4_csum_set(const struct ext4_fs *fs, void *data, u64 block, enum ext4_csum_kind kind,
		   u32 seed)
{
	u8 *bytes = data;

	if (!fs->metadata_csum)
		return;
	switch (kind) {
	case EXT4_CSUM_EXTENT: {
		const struct ext4_extent_header *header = data;
		u32 end = sizeof(*header) + le16_get(header->eh_max) * sizeof(struct ext4_extent);

		if (end + sizeof(struct ext4_extent_tail) <= fs->block_size)
			le32_store(bytes + end, ext4_csum_extent_block(fs, seed, bytes));
		break;
	}
	case EXT4_CSUM_DIR: {
		struct ext4_dirent_tail *tail =
		    (void *)(bytes + fs->block_size - sizeof(struct ext4_dirent_tail));

		tail->det_checksum = le32_make(ext4_csum_dir_block(fs, seed, bytes));
		break;
	}
	case EXT4_CSUM_DX:
		set_dx(fs, bytes, seed);
		break;
	case EXT4_CSUM_XATTR: {
		struct ext4_xattr_header *header = data;

		header->h_checksum = le32_make(ext4_csum_xattr_block(fs, block, bytes));
		break;
	}
	case EXT4_CSUM_ORPHAN: {
		struct ext4_orphan_tail *tail =
		    (void *)(bytes + fs->block_size - sizeof(struct ext4_orphan_tail));

		tail->ob_checksum = le32_make(ext4_csum_orphan_block(fs, seed, block, bytes));
		break;
	}
	case EXT4_CSUM_BLOCK_BITMAP: /* seed: the group's number; the descriptor keeps the sum */
		ext4_group((struct ext4_fs *)fs, seed)->block_csum =
		    ext4_csum_bitmap(fs, bytes, fs->clusters_per_group);
		break;
	case EXT4_CSUM_INODE_BITMAP:
		ext4_group((struct ext4_fs *)fs, seed)->inode_csum =
		    ext4_csum_bitmap(fs, bytes, fs->inodes_per_group);
		break;
	case EXT4_CSUM_NONE:
		break;
	}
}
