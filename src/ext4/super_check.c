/*
 * What the superblock says of the volume: its features, sizes and numbers are checked against each
 * other, completely, before anything else relies on them; then they become struct ext4_fs.
 */
#include "ext4/ext4_int.h"
#include "lib/crc.h"
#include "lib/log.h"
#include "lib/string.h"

void ext4_refuse_at(const struct ext4_fs *fs, const char *why, u64 value)
{
	log_err("%s: %s: mount refused: %s: %llu", fs->type_name, fs->super->id, why, value);
}

static u64 join(struct le32 lo, struct le32 hi, bool wide)
{
	return le32_get(lo) | (wide ? (u64)le32_get(hi) << 32 : 0);
}

static int check_sizes(struct ext4_fs *fs, const struct ext4_super_raw *raw)
{
	bool wide = fs->incompat & EXT4_INCOMPAT_64BIT;
	u32 log_size = le32_get(raw->s_log_block_size);

	if (le32_get(raw->s_rev_level) > 1)
		return ext4_refuse(fs, "unknown revision", le32_get(raw->s_rev_level));
	if (log_size > 2)
		return ext4_refuse(fs, "block size is not supported, log2 of it over 1024",
				   log_size);
	fs->block_bits = 10 + log_size;
	fs->block_size = 1u << fs->block_bits;
	fs->bigalloc = fs->ro_compat & EXT4_RO_COMPAT_BIGALLOC;
	fs->cluster_bits = 0;
	if (fs->bigalloc) {
		u32 log_cluster = le32_get(raw->s_log_cluster_size);

		if (log_cluster < log_size || log_cluster > 20)
			return ext4_refuse(fs, "cluster size is out of range, log2", log_cluster);
		fs->cluster_bits = log_cluster - log_size;
	}
	fs->inode_size = EXT4_INODE_SIZE_OLD;
	fs->first_ino = EXT4_INO_FIRST_OLD;
	if (le32_get(raw->s_rev_level) == 1) {
		fs->inode_size = le16_get(raw->s_inode_size);
		fs->first_ino = le32_get(raw->s_first_ino);
	}
	if (!is_pow2(fs->inode_size) || fs->inode_size < EXT4_INODE_SIZE_OLD ||
	    fs->inode_size > fs->block_size)
		return ext4_refuse(fs, "inode size is invalid", fs->inode_size);
	if (fs->first_ino < EXT4_INO_FIRST_OLD)
		return ext4_refuse(fs, "first inode is invalid", fs->first_ino);
	fs->desc_size = EXT4_DESC_SIZE_MIN;
	if (wide) {
		fs->desc_size = le16_get(raw->s_desc_size);
		if (!is_pow2(fs->desc_size) || fs->desc_size < EXT4_DESC_SIZE_64 ||
		    fs->desc_size > fs->block_size)
			return ext4_refuse(fs, "descriptor size is invalid", fs->desc_size);
	}
	fs->inodes_per_block = fs->block_size / fs->inode_size;
	fs->desc_per_block = fs->block_size / fs->desc_size;
	fs->addr_per_block = fs->block_size / 4;
	fs->addr_bits = fs->block_bits - 2;
	fs->flex_bits = raw->s_log_groups_per_flex;
	if (fs->flex_bits > 31 || !(fs->incompat & EXT4_INCOMPAT_FLEX_BG))
		fs->flex_bits = 0;
	return 0;
}

int ext4_super_check_groups(struct ext4_fs *fs)
{
	const struct ext4_super_raw *raw = fs->raw;
	bool wide = fs->incompat & EXT4_INCOMPAT_64BIT;
	u64 device_blocks = fs->bdev->sectors >> (fs->block_bits - SECTOR_SHIFT);

	fs->blocks_count = join(raw->s_blocks_count_lo, raw->s_blocks_count_hi, wide);
	fs->first_data_block = le32_get(raw->s_first_data_block);
	fs->blocks_per_group = le32_get(raw->s_blocks_per_group);
	fs->clusters_per_group = le32_get(raw->s_clusters_per_group);
	fs->inodes_per_group = le32_get(raw->s_inodes_per_group);
	fs->inodes_count = le32_get(raw->s_inodes_count);

	if (fs->blocks_count > device_blocks)
		return ext4_refuse(fs, "the volume is larger than its device, blocks",
				   fs->blocks_count);
	u32 data_block_max = fs->block_size == 1024;
	if (fs->first_data_block != (fs->cluster_bits ? 0 : data_block_max))
		return ext4_refuse(fs, "first data block is invalid", fs->first_data_block);
	if (fs->blocks_count <= fs->first_data_block + 4ull)
		return ext4_refuse(fs, "too few blocks", fs->blocks_count);
	if (!fs->clusters_per_group || fs->clusters_per_group > fs->block_size * 8 ||
	    fs->clusters_per_group % 8)
		return ext4_refuse(fs, "clusters per group are invalid", fs->clusters_per_group);
	if (fs->blocks_per_group != (u64)fs->clusters_per_group << fs->cluster_bits)
		return ext4_refuse(fs, "blocks per group are invalid", fs->blocks_per_group);
	if (!fs->inodes_per_group || fs->inodes_per_group > fs->block_size * 8 ||
	    fs->inodes_per_group % 8)
		return ext4_refuse(fs, "inodes per group are invalid", fs->inodes_per_group);
	fs->itable_blocks = DIV_ROUND_UP(fs->inodes_per_group, fs->inodes_per_block);
	if (fs->itable_blocks + 3ull > fs->blocks_per_group)
		return ext4_refuse(fs, "inode tables don't fit in groups, blocks",
				   fs->itable_blocks);

	u64 groups =
	    DIV_ROUND_UP(fs->blocks_count - fs->first_data_block, (u64)fs->blocks_per_group);
	if (groups * fs->inodes_per_group != fs->inodes_count)
		return ext4_refuse(fs, "inode count does not fit the groups", fs->inodes_count);
	if (fs->first_ino > fs->inodes_count)
		return ext4_refuse(fs, "first inode is invalid", fs->first_ino);
	fs->group_count = (u32)groups;
	fs->desc_blocks = DIV_ROUND_UP(fs->group_count, fs->desc_per_block);
	if ((fs->incompat & EXT4_INCOMPAT_META_BG) &&
	    le32_get(raw->s_first_meta_bg) > fs->desc_blocks)
		return ext4_refuse(fs, "first meta block group is invalid",
				   le32_get(raw->s_first_meta_bg));
	fs->reserved_gdt = le16_get(raw->s_reserved_gdt_blocks);
	if (fs->reserved_gdt > fs->block_size / 4)
		return ext4_refuse(fs, "reserved descriptor blocks are invalid", fs->reserved_gdt);
	for (u32 i = 0; i < fs->group_count; i++)
		if (ext4_group_super_blocks(fs, i) > ext4_group_blocks(fs, i))
			return ext4_refuse(fs, "descriptors don't fit in group", i);
	return 0;
}

static int check_checksum(struct ext4_fs *fs, const struct ext4_super_raw *raw)
{
	fs->metadata_csum = fs->ro_compat & EXT4_RO_COMPAT_METADATA_CSUM;
	fs->gdt_csum = fs->ro_compat & EXT4_RO_COMPAT_GDT_CSUM;
	fs->has_group_csum = fs->metadata_csum || fs->gdt_csum;
	/* Also without metadata_csum: values of attributes in inodes (ea_inode) are summed. */
	fs->csum_seed = (fs->incompat & EXT4_INCOMPAT_CSUM_SEED)
			    ? le32_get(raw->s_checksum_seed)
			    : crc32c(~0u, raw->s_uuid, sizeof(raw->s_uuid));
	if (!fs->metadata_csum)
		return 0;
	if (raw->s_checksum_type != EXT4_CHECKSUM_CRC32C)
		return ext4_refuse(fs, "unknown checksum type", raw->s_checksum_type);
	if (le32_get(raw->s_checksum) != ext4_csum_super(raw)) {
		log_err("%s: %s: mount refused: checksum of the superblock is wrong", fs->type_name,
			fs->super->id);
		return -EUCLEAN;
	}
	return 0;
}

/* ext2 and ext3 are names for volumes that those drivers could have mounted. */
static int check_type(const struct ext4_fs *fs)
{
	bool read_only = fs->super->flags & SUPER_RDONLY;
	u32 incompat = EXT4_INCOMPAT_FILETYPE | EXT4_INCOMPAT_META_BG;
	u32 ro_compat =
	    EXT4_RO_COMPAT_SPARSE_SUPER | EXT4_RO_COMPAT_LARGE_FILE | EXT4_RO_COMPAT_BTREE_DIR;
	bool ext3 = strcmp(fs->type_name, "ext3") == 0;

	if (strcmp(fs->type_name, "ext4") == 0)
		return 0;
	if (ext3)
		incompat |= EXT4_INCOMPAT_RECOVER;
	if ((fs->incompat & ~incompat) || (!read_only && (fs->ro_compat & ~ro_compat)) ||
	    (ext3 && !(fs->compat & EXT4_COMPAT_HAS_JOURNAL))) {
		log_info("%s: %s: the volume's features make it no %s", fs->type_name,
			 fs->super->id, fs->type_name);
		return -EINVAL;
	}
	return 0;
}

static u64 indirect_reach(const struct ext4_fs *fs)
{
	u64 n = fs->addr_per_block;
	u64 blocks = EXT4_DIRECT_BLOCKS + n + n * n + n * n * n;

	return min(blocks, (u64)U32_MAX) << fs->block_bits;
}

static u64 indirect_limit(const struct ext4_fs *fs)
{
	u64 bytes = fs->indirect_reach;

	/* i_blocks counts 512 bytes in 32 bits, the map's own blocks included */
	if (!(fs->ro_compat & EXT4_RO_COMPAT_HUGE_FILE))
		bytes = min(bytes, ((1ull << 41) - (1ull << 41) / fs->addr_per_block * 2));
	return bytes;
}

static void set_limits(struct ext4_fs *fs)
{
	struct super_block *super = fs->super;

	memcpy(fs->label, fs->raw->s_volume_name, sizeof(fs->label));
	fs->indirect_reach = indirect_reach(fs);
	fs->max_indirect_size = indirect_limit(fs);
	fs->max_extent_size = (u64)(U32_MAX - 1) << fs->block_bits;
	if (!(fs->ro_compat & EXT4_RO_COMPAT_HUGE_FILE))
		fs->max_extent_size = min(fs->max_extent_size, (1ull << 41) - (1ull << 30));
	if (le32_get(fs->raw->s_rev_level) == 0) /* i_size_hi has no meaning */
		fs->max_extent_size = fs->max_indirect_size = 0x7fffffff;
	super->max_file_size =
	    (loff_t)((fs->incompat & EXT4_INCOMPAT_EXTENTS) ? fs->max_extent_size
							    : fs->max_indirect_size);
	super->block_size = fs->block_size;
	super->magic = EXT4_MAGIC;
	super->max_links = (fs->incompat & EXT4_INCOMPAT_EXTENTS) ? EXT4_LINK_MAX : EXT2_LINK_MAX;
	super->time_min = -(1ll << 31);
	if (fs->inode_size > EXT4_INODE_SIZE_OLD) {
		super->time_granularity_ns = 1;
		super->time_max = (1ll << 34) - (1ll << 31) - 1;
	} else {
		super->time_granularity_ns = NSEC_PER_SEC;
		super->time_max = (1ll << 31) - 1;
	}
}

/* What tune2fs -o writes, as far as it exists here. */
static void set_default_options(struct ext4_fs *fs, u32 wanted)
{
	if (wanted & EXT4_DEFM_BSDGROUPS)
		fs->options.flags |= EXT4_OPT_GRPID;
	if (wanted & EXT4_DEFM_DEBUG)
		fs->options.flags |= EXT4_OPT_DEBUG;
	if (wanted & EXT4_DEFM_NOBARRIER)
		fs->options.flags |= EXT4_OPT_NOBARRIER;
	if (!fs->has_journal)
		return;
	if (wanted & EXT4_DEFM_DISCARD)
		fs->options.flags |= EXT4_OPT_DISCARD;
	if ((wanted & EXT4_DEFM_JMODE) == EXT4_DEFM_JOURNAL)
		fs->options.flags |= EXT4_OPT_DATA_JOURNAL;
	else if ((wanted & EXT4_DEFM_JMODE) == EXT4_DEFM_WRITEBACK)
		fs->options.flags |= EXT4_OPT_WRITEBACK;
}

static void set_defaults(struct ext4_fs *fs)
{
	const struct ext4_super_raw *raw = fs->raw;

	fs->options.errors = le16_get(raw->s_errors);
	if (fs->options.errors < EXT4_ERRORS_CONTINUE || fs->options.errors > EXT4_ERRORS_PANIC)
		fs->options.errors = EXT4_ERRORS_CONTINUE;
	fs->options.resuid = le16_get(raw->s_def_resuid);
	fs->options.resgid = le16_get(raw->s_def_resgid);
	set_default_options(fs, le32_get(raw->s_default_mount_opts));
	fs->reserved_blocks = join(raw->s_r_blocks_count_lo, raw->s_r_blocks_count_hi,
				   fs->incompat & EXT4_INCOMPAT_64BIT);
	for (int i = 0; i < 4; i++)
		fs->hash_seed[i] = le32_get(raw->s_hash_seed[i]);
	fs->default_hash = raw->s_def_hash_version;
	if (le32_get(raw->s_flags) & EXT4_FLAGS_UNSIGNED_HASH)
		fs->hash_unsigned = 3;
	fs->want_extra_isize = 0;
	if (fs->inode_size > EXT4_INODE_SIZE_OLD) {
		u32 want = max(le16_get(raw->s_want_extra_isize), le16_get(raw->s_min_extra_isize));

		if (!(fs->ro_compat & EXT4_RO_COMPAT_EXTRA_ISIZE) || want < 28 || want % 4 ||
		    want > fs->inode_size - EXT4_INODE_SIZE_OLD)
			want = sizeof(struct ext4_inode_raw) - EXT4_INODE_SIZE_OLD;
		fs->want_extra_isize = (u16)want;
	}
}

int ext4_super_check(struct ext4_fs *fs, const struct ext4_super_raw *raw)
{
	if (le32_get(raw->s_rev_level) > 0) {
		fs->compat = le32_get(raw->s_feature_compat);
		fs->incompat = le32_get(raw->s_feature_incompat);
		fs->ro_compat = le32_get(raw->s_feature_ro_compat);
	}
	fs->has_journal = fs->compat & EXT4_COMPAT_HAS_JOURNAL;
	int err = check_type(fs);

	if (!err)
		err = check_checksum(fs, raw);
	if (!err)
		err = ext4_features_check(fs, fs->super->flags & SUPER_RDONLY);
	return err ? err : check_sizes(fs, raw);
}

void ext4_super_adopt(struct ext4_fs *fs)
{
	set_defaults(fs);
	set_limits(fs);
}
