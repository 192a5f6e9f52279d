/*
 * Block groups: descriptors are read and checked once, at the mount, and kept in memory; the copy
 * on disk is made from them when a transaction commits. Here is also the map of the zones that the
 * volume's own metadata occupies, which no file may claim.
 */
#include "ext4/ext4_int.h"
#include "lib/assert.h"
#include "lib/log.h"
#include "lib/sort.h"
#include "lib/string.h"

static bool is_power_of(u32 n, u32 base)
{
	while (n > base && n % base == 0)
		n /= base;
	return n == base;
}

bool ext4_group_has_super(const struct ext4_fs *fs, u32 group)
{
	if (group == 0)
		return true;
	if (fs->compat & EXT4_COMPAT_SPARSE_SUPER2)
		return group == le32_get(fs->raw->s_backup_bgs[0]) ||
		       group == le32_get(fs->raw->s_backup_bgs[1]);
	if (group == 1 || !(fs->ro_compat & EXT4_RO_COMPAT_SPARSE_SUPER))
		return true;
	return group % 2 &&
	       (is_power_of(group, 3) || is_power_of(group, 5) || is_power_of(group, 7));
}

u32 ext4_group_super_blocks(const struct ext4_fs *fs, u32 group)
{
	bool meta = fs->incompat & EXT4_INCOMPAT_META_BG;
	u32 first_meta = le32_get(fs->raw->s_first_meta_bg);
	u32 has_super = ext4_group_has_super(fs, group);

	if (meta && group / fs->desc_per_block >= first_meta) {
		u32 in_meta = group % fs->desc_per_block;

		return has_super +
		       (in_meta == 0 || in_meta == 1 || in_meta == fs->desc_per_block - 1);
	}
	if (!has_super)
		return 0;
	return 1 + (meta ? first_meta : fs->desc_blocks) + fs->reserved_gdt;
}

u64 ext4_group_desc_block(const struct ext4_fs *fs, u32 i)
{
	u32 super_block = EXT4_SUPER_OFFSET / fs->block_size;

	if (!(fs->incompat & EXT4_INCOMPAT_META_BG) || i < le32_get(fs->raw->s_first_meta_bg))
		return super_block + 1ull + i;
	u32 group = i * fs->desc_per_block;
	u64 block = ext4_group_first(fs, group) + ext4_group_has_super(fs, group);

	if (i == 0 && fs->block_size == 1024 && fs->first_data_block == 0)
		block++; /* block 0 is the boot block, and the superblock is not in it */
	return block;
}

struct buffer *ext4_group_desc_buffer(struct ext4_fs *fs, u32 group, struct ext4_desc_raw **raw)
{
	struct buffer *buffer = fs->descs[group / fs->desc_per_block];

	*raw = (void *)((u8 *)buffer->data + group % fs->desc_per_block * fs->desc_size);
	return buffer;
}

void ext4_group_fill_raw(struct ext4_fs *fs, struct ext4_group *group)
{
	bool wide = fs->desc_size >= EXT4_DESC_SIZE_64;
	struct ext4_desc_raw *raw;

	ext4_group_desc_buffer(fs, group->number, &raw);
	raw->bg_free_blocks_count_lo = le16_make((u16)group->free_clusters);
	raw->bg_free_inodes_count_lo = le16_make((u16)group->free_inodes);
	raw->bg_used_dirs_count_lo = le16_make((u16)group->used_dirs);
	raw->bg_flags = le16_make((u16)group->flags);
	if (fs->has_group_csum)
		raw->bg_itable_unused_lo = le16_make((u16)group->itable_unused);
	if (wide) {
		raw->bg_free_blocks_count_hi = le16_make((u16)(group->free_clusters >> 16));
		raw->bg_free_inodes_count_hi = le16_make((u16)(group->free_inodes >> 16));
		raw->bg_used_dirs_count_hi = le16_make((u16)(group->used_dirs >> 16));
		if (fs->has_group_csum)
			raw->bg_itable_unused_hi = le16_make((u16)(group->itable_unused >> 16));
	}
	ext4_group_fill_sums(fs, group);
}

void ext4_group_fill_sums(struct ext4_fs *fs, struct ext4_group *group)
{
	struct ext4_desc_raw *raw;

	ext4_group_desc_buffer(fs, group->number, &raw);
	if (fs->metadata_csum) {
		raw->bg_block_bitmap_csum_lo = le16_make((u16)group->block_csum);
		raw->bg_inode_bitmap_csum_lo = le16_make((u16)group->inode_csum);
	}
	if (fs->metadata_csum && fs->desc_size >= EXT4_DESC_SIZE_64) {
		raw->bg_block_bitmap_csum_hi = le16_make((u16)(group->block_csum >> 16));
		raw->bg_inode_bitmap_csum_hi = le16_make((u16)(group->inode_csum >> 16));
	}
	if (fs->has_group_csum)
		raw->bg_checksum = le16_make(ext4_csum_desc(fs, group->number, raw));
}

static void fill_from_raw(struct ext4_fs *fs, struct ext4_group *group,
			  const struct ext4_desc_raw *raw)
{
	group->block_bitmap = le32_get(raw->bg_block_bitmap_lo);
	group->inode_bitmap = le32_get(raw->bg_inode_bitmap_lo);
	group->inode_table = le32_get(raw->bg_inode_table_lo);
	group->free_clusters = le16_get(raw->bg_free_blocks_count_lo);
	group->free_inodes = le16_get(raw->bg_free_inodes_count_lo);
	group->used_dirs = le16_get(raw->bg_used_dirs_count_lo);
	group->itable_unused = le16_get(raw->bg_itable_unused_lo);
	group->block_csum = le16_get(raw->bg_block_bitmap_csum_lo);
	group->inode_csum = le16_get(raw->bg_inode_bitmap_csum_lo);
	group->flags = le16_get(raw->bg_flags);
	if (fs->desc_size >= EXT4_DESC_SIZE_64) {
		group->block_bitmap |= (u64)le32_get(raw->bg_block_bitmap_hi) << 32;
		group->inode_bitmap |= (u64)le32_get(raw->bg_inode_bitmap_hi) << 32;
		group->inode_table |= (u64)le32_get(raw->bg_inode_table_hi) << 32;
		group->free_clusters |= (u32)le16_get(raw->bg_free_blocks_count_hi) << 16;
		group->free_inodes |= (u32)le16_get(raw->bg_free_inodes_count_hi) << 16;
		group->used_dirs |= (u32)le16_get(raw->bg_used_dirs_count_hi) << 16;
		group->itable_unused |= (u32)le16_get(raw->bg_itable_unused_hi) << 16;
		group->block_csum |= (u32)le16_get(raw->bg_block_bitmap_csum_hi) << 16;
		group->inode_csum |= (u32)le16_get(raw->bg_inode_bitmap_csum_hi) << 16;
	}
	if (!fs->has_group_csum) {
		group->flags = 0;
		group->itable_unused = 0;
	}
	group->largest = U32_MAX;
}

static bool range_in(u64 block, u64 count, u64 first, u64 last)
{
	return block >= first && block <= last && count - 1 <= last - block;
}

static int check_desc(struct ext4_fs *fs, const struct ext4_group *group,
		      const struct ext4_desc_raw *raw)
{
	u64 first = ext4_group_first(fs, group->number);
	u64 last = first + ext4_group_blocks(fs, group->number) - 1;
	const char *what = NULL;

	bool sum_wrong = fs->has_group_csum &&
			 le16_get(raw->bg_checksum) != ext4_csum_desc(fs, group->number, raw);

	if (sum_wrong && !(fs->super->flags & SUPER_RDONLY))
		what = "checksum is wrong";
	if (fs->incompat & EXT4_INCOMPAT_FLEX_BG) {
		first = fs->first_data_block;
		last = fs->blocks_count - 1;
	}
	if (!range_in(group->block_bitmap, 1, first, last) || !group->block_bitmap)
		what = "block bitmap is out of range";
	if (!range_in(group->inode_bitmap, 1, first, last) || !group->inode_bitmap)
		what = "inode bitmap is out of range";
	if (!range_in(group->inode_table, fs->itable_blocks, first, last) || !group->inode_table)
		what = "inode table is out of range";
	if (group->free_clusters > fs->clusters_per_group ||
	    group->free_inodes > fs->inodes_per_group || group->used_dirs > fs->inodes_per_group ||
	    group->itable_unused > fs->inodes_per_group)
		what = "counts are out of range";
	if (!what && sum_wrong) { /* what it points at is plausible: something may be saved */
		log_warn("%s: %s: descriptor of group %u has a wrong checksum: only reading is "
			 "possible",
			 fs->type_name, fs->super->id, group->number);
		fs->only_read = true;
	}
	if (!what)
		return 0;
	log_err("%s: %s: mount refused: descriptor of group %u: %s", fs->type_name, fs->super->id,
		group->number, what);
	return -EUCLEAN;
}

static int load_one(struct ext4_fs *fs, u32 number)
{
	struct ext4_group *group = ext4_group(fs, number);
	struct ext4_desc_raw *raw;

	ext4_group_desc_buffer(fs, number, &raw);
	mutex_init(&group->lock, "ext4 group");
	list_init(&group->dirty_node);
	list_init(&group->windows);
	group->number = number;
	fill_from_raw(fs, group, raw);
	int err = check_desc(fs, group, raw);
	if (err)
		return err;
	fs->free_clusters += group->free_clusters;
	fs->free_inodes += group->free_inodes;
	fs->dirs += group->used_dirs;
	return 0;
}

/* ---- zones ---- */

static int range_compare(const void *a, const void *b)
{
	const struct ext4_range *x = a, *y = b;

	return x->first < y->first ? -1 : x->first > y->first;
}

static void zone_add(struct ext4_fs *fs, u64 block, u64 count)
{
	ASSERT(fs->zones);
	struct ext4_range *last = fs->zone_count ? &fs->zones[fs->zone_count - 1] : NULL;

	if (last && last->last + 1 == block)
		last->last += count;
	else if (count)
		fs->zones[fs->zone_count++] = (struct ext4_range){block, block + count - 1};
}

/* The journal's blocks, which are nobody's data either: its inode's size, as the superblock keeps
 * it. */
static u64 journal_blocks(const struct ext4_fs *fs)
{
	u64 size =
	    (u64)le32_get(fs->raw->s_jnl_blocks[15]) << 32 | le32_get(fs->raw->s_jnl_blocks[16]);

	if (!fs->has_journal || fs->raw->s_jnl_backup_type != 1 ||
	    size > fs->blocks_count << fs->block_bits)
		return 0;
	return size >> fs->block_bits;
}

/* Of the clusters that have a part in one; a cluster may have in several. */
static u64 zone_blocks(const struct ext4_fs *fs)
{
	u64 clusters = 0, next = 0;

	for (u32 i = 0; i < fs->zone_count; i++) {
		u64 first = fs->zones[i].first >> fs->cluster_bits;
		u64 last = fs->zones[i].last >> fs->cluster_bits;

		clusters += last + 1 - min(max(first, next), last + 1);
		next = last + 1;
	}
	return clusters << fs->cluster_bits;
}

static int zones_build(struct ext4_fs *fs)
{
	u32 merged = 0;

	fs->zone_room = fs->group_count * 4 + 1;
	fs->zones = kcalloc(fs->zone_room, sizeof(*fs->zones), MM_NORMAL);
	if (!fs->zones)
		return -ENOMEM;
	for (u32 i = 0; i < fs->group_count; i++) {
		struct ext4_group *group = ext4_group(fs, i);

		zone_add(fs, ext4_group_first(fs, i), ext4_group_super_blocks(fs, i));
		zone_add(fs, group->block_bitmap, 1);
		zone_add(fs, group->inode_bitmap, 1);
		zone_add(fs, group->inode_table, fs->itable_blocks);
	}
	sort(fs->zones, fs->zone_count, sizeof(*fs->zones), range_compare);
	for (u32 i = 1; i < fs->zone_count; i++) {
		struct ext4_range *last = &fs->zones[merged], *next = &fs->zones[i];

		if (next->first <= last->last) {
			log_err("%s: %s: mount refused: metadata of groups overlap at block %llu",
				fs->type_name, fs->super->id, next->first);
			return -EUCLEAN;
		}
		if (next->first == last->last + 1)
			last->last = next->last;
		else
			fs->zones[++merged] = *next;
	}
	fs->zone_count = merged + 1;
	fs->overhead = fs->first_data_block +
		       round_up(journal_blocks(fs), 1ull << fs->cluster_bits) + zone_blocks(fs);
	return 0;
}

static bool overlaps(const struct ext4_range *ranges, u32 n, u64 block, u64 count)
{
	u32 low = 0, high = n;

	while (low < high) { /* the first that ends at or behind block */
		u32 middle = low + (high - low) / 2;

		if (ranges[middle].last < block)
			low = middle + 1;
		else
			high = middle;
	}
	return low < n && ranges[low].first < block + count;
}

bool ext4_blocks_valid(const struct ext4_fs *fs, u64 block, u64 count)
{
	/* The count first: the array is never shorter than a count that was seen. */
	u32 count_of_zones = atomic_load(&fs->zone_count);
	const struct ext4_range *zones = atomic_load(&fs->zones);

	if (block <= fs->first_data_block || block >= fs->blocks_count ||
	    count > fs->blocks_count - block)
		return false;
	if (fs->journal_range_count &&
	    overlaps(fs->journal_ranges, fs->journal_range_count, block, count))
		return false;
	return !overlaps(zones, count_of_zones, block, count);
}

/* ---- all of them ---- */

int ext4_groups_load(struct ext4_fs *fs)
{
	u32 chunks = DIV_ROUND_UP(fs->group_count, EXT4_GROUP_CHUNK);
	int err = 0;

	fs->descs = kcalloc(fs->desc_blocks, sizeof(*fs->descs), MM_NORMAL);
	fs->group_chunks = kcalloc(chunks, sizeof(*fs->group_chunks), MM_NORMAL);
	if (!fs->descs || !fs->group_chunks)
		return -ENOMEM;
	for (u32 i = 0; i < chunks; i++) {
		fs->group_chunks[i] =
		    kcalloc(EXT4_GROUP_CHUNK, sizeof(**fs->group_chunks), MM_NORMAL);
		if (!fs->group_chunks[i])
			return -ENOMEM;
	}
	for (u32 i = 0; i < fs->desc_blocks && !err; i++) {
		u64 block = ext4_group_desc_block(fs, i);

		err = block < fs->blocks_count ? buffer_read(fs->bdev, block, &fs->descs[i])
					       : -EUCLEAN;
		if (err)
			log_err("%s: %s: mount refused: block %llu with group descriptors can't be "
				"read: error %d",
				fs->type_name, fs->super->id, block, -err);
	}
	for (u32 i = 0; i < fs->group_count && !err; i++)
		err = load_one(fs, i);
	return err ? err : zones_build(fs);
}

void ext4_groups_free(struct ext4_fs *fs)
{
	for (u32 i = 0; fs->descs && i < fs->desc_blocks; i++)
		buffer_put(fs->descs[i]);
	for (u32 i = 0; fs->group_chunks && i < DIV_ROUND_UP(fs->group_count, EXT4_GROUP_CHUNK);
	     i++)
		kfree(fs->group_chunks[i]);
	kfree(fs->descs);
	kfree(fs->group_chunks);
	kfree(fs->zones);
	ext4_resize_free(fs);
}
