/*
 * ext2, ext3 and ext4 as they lie on the disk.
 *
 * All integers are little-endian. The sizes and offsets of these structures are proven against
 * libext2fs's header by harness/unit/test_ext4_ondisk.c.
 */
#ifndef EXT4_ONDISK_H
#define EXT4_ONDISK_H

#include "lib/endian.h"
#include "lib/types.h"

#define EXT4_MAGIC        0xef53
#define EXT4_SUPER_OFFSET 1024
#define EXT4_SUPER_SIZE   1024
#define EXT4_MIN_BLOCK    1024u
#define EXT4_MAX_BLOCK    4096u /* larger ones exist, but need pages of that size */

#define EXT4_INO_BAD       1u
#define EXT4_INO_ROOT      2u
#define EXT4_INO_RESIZE    7u
#define EXT4_INO_JOURNAL   8u
#define EXT4_INO_FIRST_OLD 11u

#define EXT4_NAME_MAX 255u
#define EXT4_LINK_MAX 65000u
#define EXT2_LINK_MAX 32000u

struct ext4_super_raw {
	struct le32 s_inodes_count;
	struct le32 s_blocks_count_lo;
	struct le32 s_r_blocks_count_lo;
	struct le32 s_free_blocks_count_lo;
	struct le32 s_free_inodes_count;
	struct le32 s_first_data_block;
	struct le32 s_log_block_size;
	struct le32 s_log_cluster_size;
	struct le32 s_blocks_per_group;
	struct le32 s_clusters_per_group;
	struct le32 s_inodes_per_group;
	struct le32 s_mtime;
	struct le32 s_wtime;
	struct le16 s_mnt_count;
	struct le16 s_max_mnt_count;
	struct le16 s_magic;
	struct le16 s_state;
	struct le16 s_errors;
	struct le16 s_minor_rev_level;
	struct le32 s_lastcheck;
	struct le32 s_checkinterval;
	struct le32 s_creator_os;
	struct le32 s_rev_level;
	struct le16 s_def_resuid;
	struct le16 s_def_resgid;
	struct le32 s_first_ino;
	struct le16 s_inode_size;
	struct le16 s_block_group_nr;
	struct le32 s_feature_compat;
	struct le32 s_feature_incompat;
	struct le32 s_feature_ro_compat;
	u8 s_uuid[16];
	u8 s_volume_name[16];
	u8 s_last_mounted[64];
	struct le32 s_algorithm_usage_bitmap;
	u8 s_prealloc_blocks;
	u8 s_prealloc_dir_blocks;
	struct le16 s_reserved_gdt_blocks;
	u8 s_journal_uuid[16];
	struct le32 s_journal_inum;
	struct le32 s_journal_dev;
	struct le32 s_last_orphan;
	struct le32 s_hash_seed[4];
	u8 s_def_hash_version;
	u8 s_jnl_backup_type;
	struct le16 s_desc_size;
	struct le32 s_default_mount_opts;
	struct le32 s_first_meta_bg;
	struct le32 s_mkfs_time;
	struct le32 s_jnl_blocks[17];
	struct le32 s_blocks_count_hi;
	struct le32 s_r_blocks_count_hi;
	struct le32 s_free_blocks_count_hi;
	struct le16 s_min_extra_isize;
	struct le16 s_want_extra_isize;
	struct le32 s_flags;
	struct le16 s_raid_stride;
	struct le16 s_mmp_interval;
	struct le64 s_mmp_block;
	struct le32 s_raid_stripe_width;
	u8 s_log_groups_per_flex;
	u8 s_checksum_type;
	u8 s_encryption_level;
	u8 s_reserved_pad;
	struct le64 s_kbytes_written;
	struct le32 s_snapshot_inum;
	struct le32 s_snapshot_id;
	struct le64 s_snapshot_r_blocks_count;
	struct le32 s_snapshot_list;
	struct le32 s_error_count;
	struct le32 s_first_error_time;
	struct le32 s_first_error_ino;
	struct le64 s_first_error_block;
	u8 s_first_error_func[32];
	struct le32 s_first_error_line;
	struct le32 s_last_error_time;
	struct le32 s_last_error_ino;
	struct le32 s_last_error_line;
	struct le64 s_last_error_block;
	u8 s_last_error_func[32];
	u8 s_mount_opts[64];
	struct le32 s_usr_quota_inum;
	struct le32 s_grp_quota_inum;
	struct le32 s_overhead_clusters;
	struct le32 s_backup_bgs[2];
	u8 s_encrypt_algos[4];
	u8 s_encrypt_pw_salt[16];
	struct le32 s_lpf_ino;
	struct le32 s_prj_quota_inum;
	struct le32 s_checksum_seed;
	u8 s_wtime_hi;
	u8 s_mtime_hi;
	u8 s_mkfs_time_hi;
	u8 s_lastcheck_hi;
	u8 s_first_error_time_hi;
	u8 s_last_error_time_hi;
	u8 s_first_error_errcode;
	u8 s_last_error_errcode;
	struct le16 s_encoding;
	struct le16 s_encoding_flags;
	struct le32 s_orphan_file_inum;
	struct le32 s_reserved[94];
	struct le32 s_checksum;
};
_Static_assert(sizeof(struct ext4_super_raw) == EXT4_SUPER_SIZE, "the superblock has 1024 bytes");

/* s_state */
#define EXT4_STATE_VALID 0x0001u
#define EXT4_STATE_ERROR 0x0002u
/* The last bytes of a block of the orphan file, which else holds numbers of inodes or 0. */
struct ext4_orphan_tail {
	struct le32 ob_magic;
	struct le32 ob_checksum; /* of the block's number and the numbers in it */
};
#define EXT4_ORPHAN_MAGIC 0x0b10ca04u

#define EXT4_STATE_ORPHAN 0x0004u
/* s_errors */
#define EXT4_ERRORS_CONTINUE 1u
#define EXT4_ERRORS_RO       2u
#define EXT4_ERRORS_PANIC    3u
/* s_flags */
#define EXT4_FLAGS_SIGNED_HASH   0x0001u
#define EXT4_FLAGS_UNSIGNED_HASH 0x0002u
#define EXT4_FLAGS_TEST          0x0004u
/* s_default_mount_opts */
#define EXT4_DEFM_ACL        0x0008u
#define EXT4_DEFM_BSDGROUPS  0x0002u
#define EXT4_DEFM_DEBUG      0x0001u
#define EXT4_DEFM_JMODE      0x0060u /* a field: how data is written */
#define EXT4_DEFM_JOURNAL    0x0020u
#define EXT4_DEFM_WRITEBACK  0x0060u
#define EXT4_DEFM_NOBARRIER  0x0100u
#define EXT4_DEFM_DISCARD    0x0400u
#define EXT4_CHECKSUM_CRC32C 1u

#define EXT4_COMPAT_DIR_PREALLOC  0x0001u
#define EXT4_COMPAT_HAS_JOURNAL   0x0004u
#define EXT4_COMPAT_EXT_ATTR      0x0008u
#define EXT4_COMPAT_RESIZE_INODE  0x0010u
#define EXT4_COMPAT_DIR_INDEX     0x0020u
#define EXT4_COMPAT_SPARSE_SUPER2 0x0200u
#define EXT4_COMPAT_FAST_COMMIT   0x0400u
#define EXT4_COMPAT_ORPHAN_FILE   0x1000u

#define EXT4_INCOMPAT_COMPRESSION 0x00001u
#define EXT4_INCOMPAT_FILETYPE    0x00002u
#define EXT4_INCOMPAT_RECOVER     0x00004u
#define EXT4_INCOMPAT_JOURNAL_DEV 0x00008u
#define EXT4_INCOMPAT_META_BG     0x00010u
#define EXT4_INCOMPAT_EXTENTS     0x00040u
#define EXT4_INCOMPAT_64BIT       0x00080u
#define EXT4_INCOMPAT_MMP         0x00100u
#define EXT4_INCOMPAT_FLEX_BG     0x00200u
#define EXT4_INCOMPAT_EA_INODE    0x00400u
#define EXT4_INCOMPAT_DIRDATA     0x01000u
#define EXT4_INCOMPAT_CSUM_SEED   0x02000u
#define EXT4_INCOMPAT_LARGEDIR    0x04000u
#define EXT4_INCOMPAT_INLINE_DATA 0x08000u
#define EXT4_INCOMPAT_ENCRYPT     0x10000u
#define EXT4_INCOMPAT_CASEFOLD    0x20000u

#define EXT4_RO_COMPAT_SPARSE_SUPER   0x00001u
#define EXT4_RO_COMPAT_LARGE_FILE     0x00002u
#define EXT4_RO_COMPAT_BTREE_DIR      0x00004u
#define EXT4_RO_COMPAT_HUGE_FILE      0x00008u
#define EXT4_RO_COMPAT_GDT_CSUM       0x00010u
#define EXT4_RO_COMPAT_DIR_NLINK      0x00020u
#define EXT4_RO_COMPAT_EXTRA_ISIZE    0x00040u
#define EXT4_RO_COMPAT_QUOTA          0x00100u
#define EXT4_RO_COMPAT_BIGALLOC       0x00200u
#define EXT4_RO_COMPAT_METADATA_CSUM  0x00400u
#define EXT4_RO_COMPAT_REPLICA        0x00800u
#define EXT4_RO_COMPAT_READONLY       0x01000u
#define EXT4_RO_COMPAT_PROJECT        0x02000u
#define EXT4_RO_COMPAT_SHARED_BLOCKS  0x04000u
#define EXT4_RO_COMPAT_VERITY         0x08000u
#define EXT4_RO_COMPAT_ORPHAN_PRESENT 0x10000u

/* A group descriptor; volumes without 64bit have only the first 32 bytes. */
struct ext4_desc_raw {
	struct le32 bg_block_bitmap_lo;
	struct le32 bg_inode_bitmap_lo;
	struct le32 bg_inode_table_lo;
	struct le16 bg_free_blocks_count_lo;
	struct le16 bg_free_inodes_count_lo;
	struct le16 bg_used_dirs_count_lo;
	struct le16 bg_flags;
	struct le32 bg_exclude_bitmap_lo;
	struct le16 bg_block_bitmap_csum_lo;
	struct le16 bg_inode_bitmap_csum_lo;
	struct le16 bg_itable_unused_lo;
	struct le16 bg_checksum;
	struct le32 bg_block_bitmap_hi;
	struct le32 bg_inode_bitmap_hi;
	struct le32 bg_inode_table_hi;
	struct le16 bg_free_blocks_count_hi;
	struct le16 bg_free_inodes_count_hi;
	struct le16 bg_used_dirs_count_hi;
	struct le16 bg_itable_unused_hi;
	struct le32 bg_exclude_bitmap_hi;
	struct le16 bg_block_bitmap_csum_hi;
	struct le16 bg_inode_bitmap_csum_hi;
	struct le32 bg_reserved;
};
_Static_assert(sizeof(struct ext4_desc_raw) == 64, "a 64bit descriptor has 64 bytes");
#define EXT4_DESC_SIZE_MIN 32u
#define EXT4_DESC_SIZE_64  64u

#define EXT4_BG_INODE_UNINIT 0x0001u
#define EXT4_BG_BLOCK_UNINIT 0x0002u
#define EXT4_BG_INODE_ZEROED 0x0004u

#define EXT4_INODE_BLOCKS   15
#define EXT4_DIRECT_BLOCKS  12
#define EXT4_IND            12
#define EXT4_DIND           13
#define EXT4_TIND           14
#define EXT4_INODE_SIZE_OLD 128u

struct ext4_inode_raw {
	struct le16 i_mode;
	struct le16 i_uid_lo;
	struct le32 i_size_lo;
	struct le32 i_atime;
	struct le32 i_ctime;
	struct le32 i_mtime;
	struct le32 i_dtime;
	struct le16 i_gid_lo;
	struct le16 i_links_count;
	struct le32 i_blocks_lo;
	struct le32 i_flags;
	struct le32 i_version_lo;
	struct le32 i_block[EXT4_INODE_BLOCKS];
	struct le32 i_generation;
	struct le32 i_file_acl_lo;
	struct le32 i_size_hi;
	struct le32 i_faddr;
	struct le16 i_blocks_hi;
	struct le16 i_file_acl_hi;
	struct le16 i_uid_hi;
	struct le16 i_gid_hi;
	struct le16 i_checksum_lo;
	struct le16 i_reserved;
	/* With inodes of more than 128 bytes, the first i_extra_isize bytes of what follows. */
	struct le16 i_extra_isize;
	struct le16 i_checksum_hi;
	struct le32 i_ctime_extra;
	struct le32 i_mtime_extra;
	struct le32 i_atime_extra;
	struct le32 i_crtime;
	struct le32 i_crtime_extra;
	struct le32 i_version_hi;
	struct le32 i_projid;
};
_Static_assert(sizeof(struct ext4_inode_raw) == 160, "the inode with all extra fields");

/* The block of multiple mount protection. */
struct ext4_mmp_raw {
	struct le32 mmp_magic;
	struct le32 mmp_seq;
	struct le64 mmp_time;
	char mmp_nodename[64];
	char mmp_bdevname[32];
	struct le16 mmp_check_interval; /* seconds */
	struct le16 mmp_pad1;
	struct le32 mmp_pad2[226];
	struct le32 mmp_checksum;
};
_Static_assert(sizeof(struct ext4_mmp_raw) == 1024, "the mmp block");
#define EXT4_MMP_MAGIC        0x004d4d50u
#define EXT4_MMP_SEQ_CLEAN    0xff4d4d50u
#define EXT4_MMP_SEQ_FSCK     0xe24d4d50u
#define EXT4_MMP_SEQ_MAX      0xe24d4d4fu
#define EXT4_MMP_INTERVAL_MIN 5u
#define EXT4_MMP_INTERVAL_MAX 300u

/* i_flags */
#define EXT4_SECRM_FL        0x00000001u
#define EXT4_UNRM_FL         0x00000002u
#define EXT4_COMPR_FL        0x00000004u
#define EXT4_SYNC_FL         0x00000008u
#define EXT4_IMMUTABLE_FL    0x00000010u
#define EXT4_APPEND_FL       0x00000020u
#define EXT4_NODUMP_FL       0x00000040u
#define EXT4_NOATIME_FL      0x00000080u
#define EXT4_ENCRYPT_FL      0x00000800u
#define EXT4_INDEX_FL        0x00001000u
#define EXT4_IMAGIC_FL       0x00002000u
#define EXT4_JOURNAL_DATA_FL 0x00004000u
#define EXT4_NOTAIL_FL       0x00008000u
#define EXT4_DIRSYNC_FL      0x00010000u
#define EXT4_TOPDIR_FL       0x00020000u
#define EXT4_HUGE_FILE_FL    0x00040000u
#define EXT4_EXTENTS_FL      0x00080000u
#define EXT4_VERITY_FL       0x00100000u
#define EXT4_EA_INODE_FL     0x00200000u
#define EXT4_DAX_FL          0x02000000u
#define EXT4_INLINE_DATA_FL  0x10000000u
#define EXT4_PROJINHERIT_FL  0x20000000u
#define EXT4_CASEFOLD_FL     0x40000000u

/* Extent trees: a header, then entries; indexes above, extents in the leaves. */
#define EXT4_EXTENT_MAGIC      0xf30au
#define EXT4_EXTENT_DEPTH_MAX  5
#define EXT4_EXTENT_LEN_MAX    32768u /* ee_len above it: unwritten, with this subtracted */
#define EXT4_UNWRITTEN_LEN_MAX 32767u

struct ext4_extent_header {
	struct le16 eh_magic;
	struct le16 eh_entries;
	struct le16 eh_max;
	struct le16 eh_depth;
	struct le32 eh_generation;
};
struct ext4_extent_index {
	struct le32 ei_block;
	struct le32 ei_leaf_lo;
	struct le16 ei_leaf_hi;
	struct le16 ei_unused;
};
struct ext4_extent {
	struct le32 ee_block;
	struct le16 ee_len;
	struct le16 ee_start_hi;
	struct le32 ee_start_lo;
};
struct ext4_extent_tail {
	struct le32 et_checksum;
};
_Static_assert(sizeof(struct ext4_extent_header) == 12 && sizeof(struct ext4_extent_index) == 12 &&
		   sizeof(struct ext4_extent) == 12,
	       "header and entries have the same size");

/* Directories. */
struct ext4_dirent {
	struct le32 inode;
	struct le16 rec_len;
	u8 name_len;
	u8 file_type;
	char name[];
};
#define EXT4_DIRENT_HEADER 8u
/* The room an entry with a name of n bytes needs. */
#define EXT4_DIRENT_SIZE(n) (((n) + EXT4_DIRENT_HEADER + 3u) & ~3u)

struct ext4_dirent_tail {
	struct le32 det_reserved_zero1;
	struct le16 det_rec_len; /* 12 */
	u8 det_reserved_zero2;
	u8 det_reserved_ft; /* 0xde */
	struct le32 det_checksum;
};
_Static_assert(sizeof(struct ext4_dirent_tail) == 12, "the tail of a directory block");
#define EXT4_FT_TAIL 0xdeu

#define EXT4_FT_UNKNOWN  0u
#define EXT4_FT_REG_FILE 1u
#define EXT4_FT_DIR      2u
#define EXT4_FT_CHRDEV   3u
#define EXT4_FT_BLKDEV   4u
#define EXT4_FT_FIFO     5u
#define EXT4_FT_SOCK     6u
#define EXT4_FT_SYMLINK  7u

/* Hash trees. The root lies in block 0 behind "." and "..", a node in a block that an empty
 * directory entry covers. The first entry of each array holds count and limit in the hash's place.
 */
struct ext4_dx_entry {
	struct le32 hash;
	struct le32 block;
};
struct ext4_dx_countlimit {
	struct le16 limit;
	struct le16 count;
};
struct ext4_dx_root_info {
	struct le32 reserved_zero;
	u8 hash_version;
	u8 info_length; /* 8 */
	u8 indirect_levels;
	u8 unused_flags;
};
struct ext4_dx_tail {
	struct le32 dt_reserved;
	struct le32 dt_checksum;
};
#define EXT4_DX_ROOT_INFO_OFFSET 24u /* behind two directory entries of 12 bytes */
#define EXT4_DX_NODE_OFFSET      8u

#define EXT4_HASH_LEGACY            0u
#define EXT4_HASH_HALF_MD4          1u
#define EXT4_HASH_TEA               2u
#define EXT4_HASH_LEGACY_UNSIGNED   3u
#define EXT4_HASH_HALF_MD4_UNSIGNED 4u
#define EXT4_HASH_TEA_UNSIGNED      5u

/* Extended attributes: entries growing from the front, values from the end, four zero bytes in
 * between at least. Behind the fields of an inode they begin with the magic word alone, and values
 * are found from the first entry; in a block with this header, and from the block's start. */
#define EXT4_XATTR_MAGIC    0xea020000u
#define EXT4_XATTR_REFS_MAX 1024u /* inodes that share a block */
struct ext4_xattr_header {
	struct le32 h_magic;
	struct le32 h_refcount;
	struct le32 h_blocks;
	struct le32 h_hash;
	struct le32 h_checksum;
	struct le32 h_reserved[3];
};
_Static_assert(sizeof(struct ext4_xattr_header) == 32, "the header of an attribute block");

struct ext4_xattr_entry {
	u8 e_name_len;
	u8 e_name_index; /* EXT4_XATTR_INDEX_* */
	struct le16 e_value_offs;
	struct le32 e_value_inum; /* ea_inode: the value is this inode's contents */
	struct le32 e_value_size;
	struct le32 e_hash;
	char e_name[];
};
_Static_assert(sizeof(struct ext4_xattr_entry) == 16, "an attribute's entry without its name");

#define EXT4_XATTR_INDEX_USER        1u
#define EXT4_XATTR_INDEX_ACL_ACCESS  2u
#define EXT4_XATTR_INDEX_ACL_DEFAULT 3u
#define EXT4_XATTR_INDEX_TRUSTED     4u
#define EXT4_XATTR_INDEX_SECURITY    6u
#define EXT4_XATTR_INDEX_SYSTEM      7u
#define EXT4_XATTR_INDEX_ENCRYPTION  9u

/* Access control lists: a version, then entries; those without an id lack its word. */
#define EXT4_ACL_VERSION 1u
struct ext4_acl_entry {
	struct le16 e_tag;
	struct le16 e_perm;
	struct le32 e_id;
};
#define EXT4_ACL_SHORT 4u

#endif
