/*
 * The journal's structures have the layout of the format. No installed header describes it, so the
 * offsets are numbers here; that they are right is proven by a journal that mke2fs made.
 */
#include "ext4_test.h"

#include "ext4/journal_disk.h"

#define at(s, field, offset, size)                                                                 \
	{                                                                                          \
#s "." #field, offsetof(struct s, field), sizeof(((struct s *)0)->field), offset,  \
		    size                                                                           \
	}

static const struct {
	const char *name;
	size_t our_offset, our_size, offset, size;
} fields[] = {
    at(journal_header, h_magic, 0, 4),
    at(journal_header, h_blocktype, 4, 4),
    at(journal_header, h_sequence, 8, 4),
    at(journal_super, s_header, 0, 12),
    at(journal_super, s_blocksize, 0xc, 4),
    at(journal_super, s_maxlen, 0x10, 4),
    at(journal_super, s_first, 0x14, 4),
    at(journal_super, s_sequence, 0x18, 4),
    at(journal_super, s_start, 0x1c, 4),
    at(journal_super, s_errno, 0x20, 4),
    at(journal_super, s_feature_compat, 0x24, 4),
    at(journal_super, s_feature_incompat, 0x28, 4),
    at(journal_super, s_feature_ro_compat, 0x2c, 4),
    at(journal_super, s_uuid, 0x30, 16),
    at(journal_super, s_nr_users, 0x40, 4),
    at(journal_super, s_dynsuper, 0x44, 4),
    at(journal_super, s_max_transaction, 0x48, 4),
    at(journal_super, s_max_trans_data, 0x4c, 4),
    at(journal_super, s_checksum_type, 0x50, 1),
    at(journal_super, s_num_fc_blks, 0x54, 4),
    at(journal_super, s_head, 0x58, 4),
    at(journal_super, s_checksum, 0xfc, 4),
    at(journal_super, s_users, 0x100, 768),
    at(journal_tag, t_blocknr, 0, 4),
    at(journal_tag, t_checksum, 4, 2),
    at(journal_tag, t_flags, 6, 2),
    at(journal_tag, t_blocknr_high, 8, 4),
    at(journal_tag3, t_blocknr, 0, 4),
    at(journal_tag3, t_flags, 4, 4),
    at(journal_tag3, t_blocknr_high, 8, 4),
    at(journal_tag3, t_checksum, 12, 4),
    at(journal_tail, t_checksum, 0, 4),
    at(journal_revoke_header, r_count, 12, 4),
    at(journal_commit, h_chksum_type, 0xc, 1),
    at(journal_commit, h_chksum_size, 0xd, 1),
    at(journal_commit, h_chksum, 0x10, 32),
    at(journal_commit, h_commit_sec, 0x30, 8),
    at(journal_commit, h_commit_nsec, 0x38, 4),
    at(journal_fc_tl, fc_tag, 0, 2),
    at(journal_fc_tl, fc_len, 2, 2),
    at(journal_fc_head, fc_features, 0, 4),
    at(journal_fc_head, fc_tid, 4, 4),
    at(journal_fc_add_range, fc_ex, 4, 12),
    at(journal_fc_del_range, fc_lblk, 4, 4),
    at(journal_fc_del_range, fc_len, 8, 4),
    at(journal_fc_dentry, fc_ino, 4, 4),
    at(journal_fc_tail, fc_tid, 0, 4),
    at(journal_fc_tail, fc_crc, 4, 4),
};

START_TEST(fields_are_where_the_format_has_them)
{
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		ck_assert_msg(fields[i].our_offset == fields[i].offset &&
				  fields[i].our_size == fields[i].size,
			      "%s: at %zu with %zu bytes, not at %zu with %zu", fields[i].name,
			      fields[i].our_offset, fields[i].our_size, fields[i].offset,
			      fields[i].size);
	ck_assert_uint_eq(offsetof(struct journal_fc_dentry, fc_dname), 8);
	ck_assert_uint_eq(offsetof(struct journal_fc_inode, fc_raw_inode), 4);
}
END_TEST

START_TEST(tags_are_as_long_as_the_features_make_them)
{
	const u32 wide = JOURNAL_INCOMPAT_64BIT, v2 = JOURNAL_INCOMPAT_CSUM_V2,
		  v3 = JOURNAL_INCOMPAT_CSUM_V3;

	ck_assert_uint_eq(journal_tag_size(0), 8);
	ck_assert_uint_eq(journal_tag_size(wide), 12);
	ck_assert_uint_eq(journal_tag_size(v2), 10);
	ck_assert_uint_eq(journal_tag_size(v2 | wide), 14);
	ck_assert_uint_eq(journal_tag_size(v3), 16);
	ck_assert_uint_eq(journal_tag_size(v3 | wide), 16);
	ck_assert_uint_eq(journal_tail_size(wide), 0);
	ck_assert_uint_eq(journal_tail_size(v2), 4);
	ck_assert_uint_eq(journal_tail_size(v3 | wide), 4);
	ck_assert_uint_eq(journal_revoke_size(v3), 4);
	ck_assert_uint_eq(journal_revoke_size(wide), 8);
}
END_TEST

START_TEST(a_journal_of_mke2fs_reads_as_it_should)
{
	struct journal_super super;

	t_mkfs("-t ext4 -b 1024 -J size=4 -U 01234567-89ab-cdef-0123-456789abcdef", 16384);
	t_run_ok("debugfs -R 'dump <8> journal' img 2>/dev/null");
	t_run_ok("head -c 1024 journal | od -An -v -tx1 | tr -d ' \\n'");
	for (size_t i = 0; i < sizeof(super); i++) {
		unsigned byte;

		ck_assert_int_eq(sscanf(t_output() + 2 * i, "%2x", &byte), 1);
		((u8 *)&super)[i] = (u8)byte;
	}
	ck_assert_uint_eq(be32_get(super.s_header.h_magic), JOURNAL_MAGIC);
	ck_assert_uint_eq(be32_get(super.s_header.h_blocktype), JOURNAL_SUPER_V2);
	ck_assert_uint_eq(be32_get(super.s_blocksize), 1024);
	ck_assert_uint_eq(be32_get(super.s_maxlen), 4096);
	ck_assert_uint_eq(be32_get(super.s_first), 1);
	ck_assert_uint_eq(be32_get(super.s_sequence), 1);
	ck_assert_uint_eq(be32_get(super.s_start), 0);
	ck_assert_uint_eq(be32_get(super.s_nr_users), 1);
}
END_TEST

Suite *suite_ext4_journal_disk(void)
{
	return suite_of("ext4_journal_disk", fields_are_where_the_format_has_them,
			tags_are_as_long_as_the_features_make_them,
			a_journal_of_mke2fs_reads_as_it_should);
}
