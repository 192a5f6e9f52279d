/*
 * info: what the superblock says, without mounting: so that it answers for volumes that can't be
 * mounted, too.
 */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "command.h"
#include "common.h"
#include "ext4/ext4.h"
#include "ext4/ondisk.h"
#include "lib/uuid.h"

static void show_features(const char *title, enum ext4_feature_set set, u32 bits)
{
	if (!bits)
		return;
	printf("%-16s", title);
	for (u32 bit = 1; bit; bit <<= 1) {
		const char *name = ext4_feature_name(set, bit);

		if (bits & bit && name)
			printf(" %s", name);
		else if (bits & bit)
			printf(" %#x", bit);
	}
	putchar('\n');
}

static const char *type_of(const struct ext4_super_raw *raw)
{
	const u32 newer_incompat = EXT4_INCOMPAT_EXTENTS | EXT4_INCOMPAT_64BIT |
				   EXT4_INCOMPAT_FLEX_BG | EXT4_INCOMPAT_MMP |
				   EXT4_INCOMPAT_INLINE_DATA | EXT4_INCOMPAT_EA_INODE;
	const u32 newer_ro = EXT4_RO_COMPAT_HUGE_FILE | EXT4_RO_COMPAT_GDT_CSUM |
			     EXT4_RO_COMPAT_DIR_NLINK | EXT4_RO_COMPAT_EXTRA_ISIZE |
			     EXT4_RO_COMPAT_METADATA_CSUM | EXT4_RO_COMPAT_BIGALLOC;

	if (le32_get(raw->s_feature_incompat) & newer_incompat ||
	    le32_get(raw->s_feature_ro_compat) & newer_ro)
		return "ext4";
	return le32_get(raw->s_feature_compat) & EXT4_COMPAT_HAS_JOURNAL ? "ext3" : "ext2";
}

static void show_time(const char *title, u32 low, u8 high)
{
	time_t seconds = (time_t)((u64)high << 32 | low);
	char text[64];
	struct tm tm;

	if (!seconds)
		return;
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S %z", localtime_r(&seconds, &tm));
	printf("%-16s %s\n", title, text);
}

/* A field of text that may fill its array. */
static void show_text(const char *title, const u8 *text, size_t size)
{
	char copy[65] = {0};

	memcpy(copy, text, size);
	if (*copy)
		printf("%-16s %s\n", title, printable(copy));
}

static void show_state(const struct ext4_super_raw *raw)
{
	u32 state = le16_get(raw->s_state);

	printf("%-16s %s%s%s\n", "state", state & EXT4_STATE_VALID ? "clean" : "not clean",
	       state & EXT4_STATE_ERROR ? ", with errors" : "",
	       le32_get(raw->s_feature_incompat) & EXT4_INCOMPAT_RECOVER
		   ? ", the journal must be replayed"
		   : "");
	if (le32_get(raw->s_error_count))
		printf("%-16s %u\n", "errors met", le32_get(raw->s_error_count));
}

static void show(const struct ext4_super_raw *raw)
{
	bool wide = le32_get(raw->s_feature_incompat) & EXT4_INCOMPAT_64BIT;
	u64 high = wide ? 1ull << 32 : 0;
	u32 block_size = 1024u << min(le32_get(raw->s_log_block_size), 16u);
	u64 blocks = le32_get(raw->s_blocks_count_lo) + high * le32_get(raw->s_blocks_count_hi);
	u64 free =
	    le32_get(raw->s_free_blocks_count_lo) + high * le32_get(raw->s_free_blocks_count_hi);
	u64 reserved =
	    le32_get(raw->s_r_blocks_count_lo) + high * le32_get(raw->s_r_blocks_count_hi);
	struct uuid uuid;
	char uuid_text[UUID_TEXT];

	printf("%-16s %s\n", "type", type_of(raw));
	show_text("label", raw->s_volume_name, sizeof(raw->s_volume_name));
	memcpy(uuid.b, raw->s_uuid, sizeof(uuid.b));
	uuid_format(&uuid, uuid_text);
	printf("%-16s %s\n", "UUID", uuid_text);
	show_text("last mounted on", raw->s_last_mounted, sizeof(raw->s_last_mounted));
	printf("%-16s %s in %llu blocks of %u bytes\n", "size", human_size(blocks * block_size),
	       blocks, block_size);
	printf("%-16s %s in %llu blocks (%llu reserved)\n", "free", human_size(free * block_size),
	       free, reserved);
	printf("%-16s %u of %u bytes, %u free\n", "inodes", le32_get(raw->s_inodes_count),
	       le32_get(raw->s_rev_level) ? le16_get(raw->s_inode_size) : 128u,
	       le32_get(raw->s_free_inodes_count));
	show_state(raw);
	show_features("features", EXT4_FEATURES_COMPAT, le32_get(raw->s_feature_compat));
	show_features("  incompat", EXT4_FEATURES_INCOMPAT, le32_get(raw->s_feature_incompat));
	show_features("  ro_compat", EXT4_FEATURES_RO_COMPAT, le32_get(raw->s_feature_ro_compat));
	show_time("made", le32_get(raw->s_mkfs_time), 0);
	show_time("last mount", le32_get(raw->s_mtime), raw->s_mtime_hi);
	show_time("last write", le32_get(raw->s_wtime), raw->s_wtime_hi);
}

struct partitions {
	const struct block_device *disk;
	u32 count;
};

static int show_partition(struct block_device *bdev, void *arg)
{
	struct partitions *partitions = arg;

	if (bdev->disk == partitions->disk && bdev->partition) {
		if (!partitions->count++)
			printf("partition          start         size  label\n");
		printf("%9u %14llu %12s  %s\n", bdev->partition, bdev->start * SECTOR_SIZE,
		       human_size(bdev->sectors * SECTOR_SIZE), printable(bdev->partition_label));
	}
	return 0;
}

int run_info(int argc, char **argv)
{
	const struct volume_options options = {.mode = IMAGE_READ};
	struct ext4_super_raw raw;
	struct volume volume;
	int status, err;

	if (getopt(argc, argv, "+") != -1 || argc - optind != 1)
		return usage_error();
	status = volume_open_disk(argv[optind], &options, &volume);
	if (status)
		return status;
	struct partitions partitions = {.disk = volume.bdev};
	err = image_disk_read(volume.disk, volume.bdev->start * SECTOR_SIZE + 1024, &raw,
			      sizeof(raw));
	if (err)
		report_error(err, "%s", volume.spec);
	else if (le16_get(raw.s_magic) == EXT4_MAGIC)
		show(&raw);
	else if (!volume.partition)
		block_for_each(show_partition, &partitions);
	if (!err && le16_get(raw.s_magic) != EXT4_MAGIC && !partitions.count) {
		report("%s: no ext2, ext3 or ext4", volume.spec);
		return volume_close(&volume, STATUS_IMAGE);
	}
	return volume_close(&volume, STATUS_OK);
}
