/* The structures on disk agree with libext2fs's; hashes agree with debugfs's. */
#include "ext4_test.h"

#include "ext4/ext4_int.h"
#include "ext4_theirs.h"

static const struct their_item *theirs(const char *name)
{
	for (const struct their_item *item = their_items; item->name; item++)
		if (strcmp(item->name, name) == 0)
			return item;
	ck_abort_msg("%s is not in the table", name);
}

static void expect_size(const char *name, size_t size)
{
	ck_assert_msg(theirs(name)->value == size, "%s: our size is %zu, not %lu", name, size,
		      theirs(name)->value);
}

static void expect_field(const char *name, size_t offset, size_t size)
{
	const struct their_item *item = theirs(name);

	ck_assert_msg(item->offset == offset && (!item->value || item->value == size),
		      "%s: ours is at %zu with %zu bytes, not at %lu with %lu", name, offset, size,
		      item->offset, item->value);
}

#define same_size(ours, theirs) expect_size(#theirs, sizeof(struct ours))
#define same_field(ours, our_field, theirs, their_field)                                           \
	expect_field(#theirs "." #their_field, offsetof(struct ours, our_field),                   \
		     sizeof(((struct ours *)0)->our_field))
#define same(ours, theirs, field) same_field(ours, field, theirs, field)
#define same_constant(ours, name) ck_assert_uint_eq(ours, theirs(#name)->value)

START_TEST(the_superblock_has_the_same_layout)
{
	same_size(ext4_super_raw, ext2_super_block);
#define S(f) same(ext4_super_raw, ext2_super_block, f)
	S(s_inodes_count), S(s_free_inodes_count), S(s_first_data_block), S(s_log_block_size);
	S(s_log_cluster_size), S(s_blocks_per_group), S(s_clusters_per_group);
	S(s_inodes_per_group), S(s_mtime), S(s_wtime), S(s_mnt_count), S(s_max_mnt_count);
	S(s_magic), S(s_state), S(s_errors), S(s_rev_level), S(s_def_resuid), S(s_def_resgid);
	S(s_first_ino), S(s_inode_size), S(s_block_group_nr), S(s_feature_compat);
	S(s_feature_incompat), S(s_feature_ro_compat), S(s_uuid), S(s_volume_name);
	S(s_last_mounted), S(s_reserved_gdt_blocks), S(s_journal_uuid), S(s_journal_inum);
	S(s_last_orphan), S(s_hash_seed), S(s_def_hash_version), S(s_desc_size);
	S(s_default_mount_opts), S(s_first_meta_bg), S(s_mkfs_time), S(s_jnl_blocks);
	S(s_blocks_count_hi), S(s_r_blocks_count_hi), S(s_min_extra_isize), S(s_want_extra_isize);
	S(s_flags), S(s_mmp_block), S(s_log_groups_per_flex), S(s_checksum_type);
	S(s_kbytes_written), S(s_error_count), S(s_first_error_time), S(s_first_error_ino);
	S(s_first_error_block), S(s_first_error_func), S(s_first_error_line);
	S(s_last_error_time), S(s_last_error_ino), S(s_last_error_line), S(s_last_error_block);
	S(s_last_error_func), S(s_mount_opts), S(s_overhead_clusters), S(s_backup_bgs);
	S(s_checksum_seed), S(s_wtime_hi), S(s_mtime_hi), S(s_first_error_errcode);
	S(s_last_error_errcode), S(s_orphan_file_inum), S(s_checksum);
	same_field(ext4_super_raw, s_blocks_count_lo, ext2_super_block, s_blocks_count);
	same_field(ext4_super_raw, s_free_blocks_count_hi, ext2_super_block, s_free_blocks_hi);
}
END_TEST

START_TEST(descriptors_have_the_same_layout)
{
	same_size(ext4_desc_raw, ext4_group_desc);
#define D(f, g) same_field(ext4_desc_raw, f, ext4_group_desc, g)
	D(bg_block_bitmap_lo, bg_block_bitmap), D(bg_inode_bitmap_lo, bg_inode_bitmap);
	D(bg_inode_table_lo, bg_inode_table), D(bg_free_blocks_count_lo, bg_free_blocks_count);
	D(bg_free_inodes_count_lo, bg_free_inodes_count);
	D(bg_used_dirs_count_lo, bg_used_dirs_count), D(bg_flags, bg_flags);
	D(bg_block_bitmap_csum_lo, bg_block_bitmap_csum_lo);
	D(bg_inode_bitmap_csum_lo, bg_inode_bitmap_csum_lo);
	D(bg_itable_unused_lo, bg_itable_unused), D(bg_checksum, bg_checksum);
	D(bg_block_bitmap_hi, bg_block_bitmap_hi), D(bg_inode_table_hi, bg_inode_table_hi);
	D(bg_free_blocks_count_hi, bg_free_blocks_count_hi);
	D(bg_itable_unused_hi, bg_itable_unused_hi);
	D(bg_block_bitmap_csum_hi, bg_block_bitmap_csum_hi);
	D(bg_inode_bitmap_csum_hi, bg_inode_bitmap_csum_hi);
	same_constant(EXT4_BG_INODE_UNINIT, EXT2_BG_INODE_UNINIT);
	same_constant(EXT4_BG_BLOCK_UNINIT, EXT2_BG_BLOCK_UNINIT);
	same_constant(EXT4_BG_INODE_ZEROED, EXT2_BG_INODE_ZEROED);
}
END_TEST

START_TEST(inodes_have_the_same_layout)
{
	same_size(ext4_inode_raw, ext2_inode_large);
#define I(f, g) same_field(ext4_inode_raw, f, ext2_inode_large, g)
	I(i_mode, i_mode), I(i_uid_lo, i_uid), I(i_size_lo, i_size), I(i_atime, i_atime);
	I(i_ctime, i_ctime), I(i_mtime, i_mtime), I(i_dtime, i_dtime), I(i_gid_lo, i_gid);
	I(i_links_count, i_links_count), I(i_blocks_lo, i_blocks), I(i_flags, i_flags);
	I(i_block, i_block), I(i_generation, i_generation), I(i_file_acl_lo, i_file_acl);
	I(i_size_hi, i_size_high), I(i_blocks_hi, osd2.linux2.l_i_blocks_hi);
	I(i_file_acl_hi, osd2.linux2.l_i_file_acl_high), I(i_uid_hi, osd2.linux2.l_i_uid_high);
	I(i_gid_hi, osd2.linux2.l_i_gid_high), I(i_checksum_lo, osd2.linux2.l_i_checksum_lo);
	I(i_extra_isize, i_extra_isize), I(i_checksum_hi, i_checksum_hi);
	I(i_ctime_extra, i_ctime_extra), I(i_mtime_extra, i_mtime_extra);
	I(i_atime_extra, i_atime_extra), I(i_crtime, i_crtime), I(i_crtime_extra, i_crtime_extra);
	I(i_version_hi, i_version_hi), I(i_projid, i_projid);
	same_constant(EXT4_EXTENTS_FL, EXT4_EXTENTS_FL);
	same_constant(EXT4_HUGE_FILE_FL, EXT4_HUGE_FILE_FL);
	same_constant(EXT4_VERITY_FL, EXT4_VERITY_FL);
	same_constant(EXT4_EA_INODE_FL, EXT4_EA_INODE_FL);
	same_constant(EXT4_INLINE_DATA_FL, EXT4_INLINE_DATA_FL);
	same_constant(EXT4_CASEFOLD_FL, EXT4_CASEFOLD_FL);
	same_constant(EXT4_INDEX_FL, EXT2_INDEX_FL);
	same_constant(EXT4_IMMUTABLE_FL, EXT2_IMMUTABLE_FL);
	same_constant(EXT4_APPEND_FL, EXT2_APPEND_FL);
	same_constant(EXT4_NOATIME_FL, EXT2_NOATIME_FL);
}
END_TEST

START_TEST(extents_have_the_same_layout)
{
	same_size(ext4_extent, ext3_extent);
	same_size(ext4_extent_index, ext3_extent_idx);
	same_size(ext4_extent_header, ext3_extent_header);
	same(ext4_extent, ext3_extent, ee_block), same(ext4_extent, ext3_extent, ee_len);
	same_field(ext4_extent, ee_start_lo, ext3_extent, ee_start);
	same(ext4_extent, ext3_extent, ee_start_hi);
	same(ext4_extent_index, ext3_extent_idx, ei_block);
	same_field(ext4_extent_index, ei_leaf_lo, ext3_extent_idx, ei_leaf);
	same(ext4_extent_index, ext3_extent_idx, ei_leaf_hi);
	same(ext4_extent_header, ext3_extent_header, eh_magic);
	same(ext4_extent_header, ext3_extent_header, eh_entries);
	same(ext4_extent_header, ext3_extent_header, eh_max);
	same(ext4_extent_header, ext3_extent_header, eh_depth);
	same_constant(EXT4_EXTENT_MAGIC, EXT3_EXT_MAGIC);
	same_constant(EXT4_EXTENT_LEN_MAX, EXT_INIT_MAX_LEN);
	same_constant(EXT4_UNWRITTEN_LEN_MAX, EXT_UNINIT_MAX_LEN);
}
END_TEST

START_TEST(directories_have_the_same_layout)
{
	same_size(ext4_dirent_tail, ext2_dir_entry_tail);
	ck_assert_uint_eq(offsetof(struct ext4_dirent, name),
			  theirs("ext2_dir_entry_2.name")->offset);
	same(ext4_dirent, ext2_dir_entry_2, file_type);
	same(ext4_dirent_tail, ext2_dir_entry_tail, det_checksum);
	same_size(ext4_dx_entry, ext2_dx_entry);
	same_size(ext4_dx_root_info, ext2_dx_root_info);
	same_size(ext4_dx_countlimit, ext2_dx_countlimit);
	same_size(ext4_dx_tail, ext2_dx_tail);
	same(ext4_dx_root_info, ext2_dx_root_info, hash_version);
	same(ext4_dx_root_info, ext2_dx_root_info, indirect_levels);
	same(ext4_dx_countlimit, ext2_dx_countlimit, count);
	same_constant(EXT4_HASH_LEGACY, EXT2_HASH_LEGACY);
	same_constant(EXT4_HASH_HALF_MD4, EXT2_HASH_HALF_MD4);
	same_constant(EXT4_HASH_TEA, EXT2_HASH_TEA);
	same_constant(EXT4_HASH_TEA_UNSIGNED, EXT2_HASH_TEA_UNSIGNED);
	same_constant(EXT4_FT_SYMLINK, EXT2_FT_SYMLINK);
}
END_TEST

START_TEST(features_have_the_same_bits)
{
	same_constant(EXT4_INCOMPAT_EXTENTS, EXT3_FEATURE_INCOMPAT_EXTENTS);
	same_constant(EXT4_INCOMPAT_64BIT, EXT4_FEATURE_INCOMPAT_64BIT);
	same_constant(EXT4_INCOMPAT_FLEX_BG, EXT4_FEATURE_INCOMPAT_FLEX_BG);
	same_constant(EXT4_INCOMPAT_META_BG, EXT2_FEATURE_INCOMPAT_META_BG);
	same_constant(EXT4_INCOMPAT_RECOVER, EXT3_FEATURE_INCOMPAT_RECOVER);
	same_constant(EXT4_INCOMPAT_CSUM_SEED, EXT4_FEATURE_INCOMPAT_CSUM_SEED);
	same_constant(EXT4_INCOMPAT_LARGEDIR, EXT4_FEATURE_INCOMPAT_LARGEDIR);
	same_constant(EXT4_INCOMPAT_INLINE_DATA, EXT4_FEATURE_INCOMPAT_INLINE_DATA);
	same_constant(EXT4_INCOMPAT_ENCRYPT, EXT4_FEATURE_INCOMPAT_ENCRYPT);
	same_constant(EXT4_INCOMPAT_CASEFOLD, EXT4_FEATURE_INCOMPAT_CASEFOLD);
	same_constant(EXT4_RO_COMPAT_GDT_CSUM, EXT4_FEATURE_RO_COMPAT_GDT_CSUM);
	same_constant(EXT4_RO_COMPAT_METADATA_CSUM, EXT4_FEATURE_RO_COMPAT_METADATA_CSUM);
	same_constant(EXT4_RO_COMPAT_BIGALLOC, EXT4_FEATURE_RO_COMPAT_BIGALLOC);
	same_constant(EXT4_RO_COMPAT_HUGE_FILE, EXT4_FEATURE_RO_COMPAT_HUGE_FILE);
	same_constant(EXT4_RO_COMPAT_DIR_NLINK, EXT4_FEATURE_RO_COMPAT_DIR_NLINK);
	same_constant(EXT4_RO_COMPAT_EXTRA_ISIZE, EXT4_FEATURE_RO_COMPAT_EXTRA_ISIZE);
	same_constant(EXT4_RO_COMPAT_QUOTA, EXT4_FEATURE_RO_COMPAT_QUOTA);
	same_constant(EXT4_RO_COMPAT_PROJECT, EXT4_FEATURE_RO_COMPAT_PROJECT);
	same_constant(EXT4_RO_COMPAT_VERITY, EXT4_FEATURE_RO_COMPAT_VERITY);
	same_constant(EXT4_RO_COMPAT_ORPHAN_PRESENT, EXT4_FEATURE_RO_COMPAT_ORPHAN_PRESENT);
	same_constant(EXT4_COMPAT_DIR_INDEX, EXT2_FEATURE_COMPAT_DIR_INDEX);
	same_constant(EXT4_COMPAT_SPARSE_SUPER2, EXT4_FEATURE_COMPAT_SPARSE_SUPER2);
	same_constant(EXT4_COMPAT_HAS_JOURNAL, EXT3_FEATURE_COMPAT_HAS_JOURNAL);
	same_constant(EXT4_COMPAT_ORPHAN_FILE, EXT4_FEATURE_COMPAT_ORPHAN_FILE);
}
END_TEST

static const char *const names[] = {
    "a",
    "ab",
    "abc",
    "abcd",
    "a-longer-name.txt",
    "exactly-sixteen!",
    "exactly-seventeen",
    "a name of more than thirty-two characters, which takes two rounds of half MD4",
    "\xc3\xa4\xc3\xb6\xc3\xbc\xff\x80",
    "0123456789012345678901234567890",
    "01234567890123456789012345678901",
    "012345678901234567890123456789012",
};

static void expect_hash(u8 version, const char *tool_name, bool seeded)
{
	static const u32 no_seed[4];
	const u32 seed[4] = {0x12345678, 0x9abcdef0, 0x0fedcba9, 0x87654321};

	/* debugfs parses a UUID, whose bytes it takes as four words of the machine */
	const char *option = seeded ? "-s 78563412-f0de-bc9a-a9cb-ed0f21436587" : "";

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		u32 hash, minor, want_hash, want_minor = 0;

		ck_assert_int_eq(ext4_name_hash(version, seeded ? seed : no_seed, names[i],
						(u32)strlen(names[i]), &hash, &minor),
				 0);
		const char *text = NULL;
		t_run_ok("debugfs -R 'dx_hash -h %s %s \"%s\"' 2>/dev/null", tool_name, option,
			 names[i]);
		text = strstr(t_output(), "is 0x");
		ck_assert_msg(
		    text && sscanf(text, "is 0x%x (minor 0x%x)", &want_hash, &want_minor) >= 1,
		    "%s", t_output());
		ck_assert_msg(hash == want_hash && minor == want_minor,
			      "%s of %s: %#x %#x, debugfs says %#x %#x", tool_name, names[i], hash,
			      minor, want_hash, want_minor);
	}
}

START_TEST(legacy_hashes_are_those_of_debugfs)
{
	expect_hash(EXT4_HASH_LEGACY, "legacy", false);
}
END_TEST

START_TEST(half_md4_hashes_are_those_of_debugfs)
{
	expect_hash(EXT4_HASH_HALF_MD4, "half_md4", false);
	expect_hash(EXT4_HASH_HALF_MD4, "half_md4", true);
}
END_TEST

START_TEST(tea_hashes_are_those_of_debugfs)
{
	expect_hash(EXT4_HASH_TEA, "tea", false);
	expect_hash(EXT4_HASH_TEA, "tea", true);
}
END_TEST

START_TEST(unsigned_hashes_differ_only_for_high_characters)
{
	static const u32 seed[4];

	for (u8 v = 0; v < 3; v++) {
		for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
			u32 a, b, n = (u32)strlen(names[i]);
			bool high = false;

			for (u32 k = 0; k < n; k++)
				high = high || (names[i][k] & 0x80);
			ck_assert_int_eq(ext4_name_hash(v, seed, names[i], n, &a, NULL), 0);
			ck_assert_int_eq(ext4_name_hash(v + 3, seed, names[i], n, &b, NULL), 0);
			ck_assert_int_eq(a == b, !high);
		}
	}
	u32 unused;
	ck_assert_int_eq(ext4_name_hash(6, seed, "a", 1, &unused, NULL), -EINVAL);
}
END_TEST

Suite *suite_ext4_ondisk(void)
{
	return suite_of("ext4_ondisk", the_superblock_has_the_same_layout,
			descriptors_have_the_same_layout, inodes_have_the_same_layout,
			extents_have_the_same_layout, directories_have_the_same_layout,
			features_have_the_same_bits, legacy_hashes_are_those_of_debugfs,
			half_md4_hashes_are_those_of_debugfs, tea_hashes_are_those_of_debugfs,
			unsigned_hashes_differ_only_for_high_characters);
}
