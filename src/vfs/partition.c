/*
 * Partition tables: GPT (UEFI 2.10 §5.3) and MBR with logical partitions in extended ones.
 *
 * Everything read is hostile: entries outside the disk or of size zero are named in the log and
 * skipped, a GPT whose checksums do not hold falls back to its copy at the end of the disk, and a
 * chain of extended partitions is followed for a bounded number of steps. Partition numbers are
 * those Linux gives: GPT entry index + 1; MBR 1 to 4, logical ones from 5.
 */
#include "lib/crc.h"
#include "lib/log.h"
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "vfs/block.h"

#define MBR_SIGNATURE_OFFSET 510
#define MBR_DISK_ID_OFFSET   440
#define MBR_TABLE_OFFSET     446
#define MBR_TYPE_EMPTY       0x00
#define MBR_TYPE_GPT         0xee
#define PARTITIONS_MAX       128
#define GPT_ENTRIES_BYTES    (128 * 1024)

struct mbr_entry {
	u8 status;
	u8 chs_first[3];
	u8 type;
	u8 chs_last[3];
	struct le32 first;
	struct le32 count;
} __packed;

struct gpt_header {
	u8 signature[8]; /* "EFI PART" */
	struct le32 revision, header_size, header_crc, reserved;
	struct le64 my_lba, alternate_lba, first_usable, last_usable;
	u8 disk_guid[16];
	struct le64 entries_lba;
	struct le32 entry_count, entry_size, entries_crc;
} __packed;

struct gpt_entry {
	u8 type_guid[16];
	u8 unique_guid[16];
	struct le64 first_lba, last_lba, attributes;
	struct le16 name[36];
} __packed;

static int read_block(struct block_device *disk, u64 lba, void *buf)
{
	u32 per_block = disk->logical_block >> SECTOR_SHIFT;
	return block_read(disk, lba * per_block, buf, per_block);
}

/* ---- MBR ---- */

static bool mbr_type_extended(u8 type)
{
	return type == 0x05 || type == 0x0f || type == 0x85;
}

/* The way Linux names MBR partitions in PARTUUID=: disk signature, dash, number; kept as 4 bytes +
 * number. */
static void mbr_uuid(u32 disk_id, u32 number, u8 uuid[16])
{
	memset(uuid, 0, 16);
	le32_store(uuid, disk_id);
	uuid[4] = (u8)number;
}

static void mbr_add(struct block_device *disk, u32 disk_id, u32 number, u64 first, u64 count)
{
	u32 per_block = disk->logical_block >> SECTOR_SHIFT;
	u8 uuid[16];
	mbr_uuid(disk_id, number, uuid);
	int err =
	    block_add_partition(disk, number, first * per_block, count * per_block, uuid, NULL);
	if (err)
		log_warn("%s: MBR partition %u (blocks %llu + %llu) ignored: error %d", disk->name,
			 number, first, count, -err);
}

/* Each logical partition's table holds its entry and a link to the next table, relative to the
 * extended one. */
static void mbr_scan_extended(struct block_device *disk, u32 disk_id, u8 *sector,
			      u64 extended_first)
{
	u64 table = extended_first;
	for (u32 number = 5; number < 5 + PARTITIONS_MAX; number++) {
		const struct mbr_entry *entry = (const void *)(sector + MBR_TABLE_OFFSET);
		if (read_block(disk, table, sector) ||
		    le16_load(sector + MBR_SIGNATURE_OFFSET) != 0xaa55) {
			log_warn("%s: bad logical partition table at block %llu", disk->name,
				 table);
			return;
		}
		if (entry[0].type != MBR_TYPE_EMPTY && le32_get(entry[0].count))
			mbr_add(disk, disk_id, number, table + le32_get(entry[0].first),
				le32_get(entry[0].count));
		if (!mbr_type_extended(entry[1].type) || !le32_get(entry[1].count))
			return;
		table = extended_first + le32_get(entry[1].first);
	}
	log_warn("%s: more than %u logical partitions, or a loop", disk->name, PARTITIONS_MAX);
}

static void mbr_scan(struct block_device *disk, u8 *sector)
{
	struct mbr_entry table[4];
	u32 disk_id = le32_load(sector + MBR_DISK_ID_OFFSET);
	memcpy(table, sector + MBR_TABLE_OFFSET, sizeof(table));
	for (u32 i = 0; i < 4; i++) {
		if (table[i].status & 0x7f)
			return; /* not a partition table: a boot sector of something else */
	}
	for (u32 i = 0; i < 4; i++) {
		u64 first = le32_get(table[i].first), count = le32_get(table[i].count);
		if (table[i].type == MBR_TYPE_EMPTY || !count)
			continue;
		if (mbr_type_extended(table[i].type))
			mbr_scan_extended(disk, disk_id, sector, first);
		else
			mbr_add(disk, disk_id, i + 1, first, count);
	}
}

static bool mbr_is_protective(const u8 *sector)
{
	const struct mbr_entry *entry = (const void *)(sector + MBR_TABLE_OFFSET);
	for (u32 i = 0; i < 4; i++) {
		if (entry[i].type == MBR_TYPE_GPT)
			return true;
	}
	return false;
}

/* ---- GPT ---- */

static u32 gpt_crc(const void *p, size_t n)
{
	return ~crc32(~0u, p, n);
}

/* 0 if the header at lba is sound; block holds it afterwards. */
static int gpt_read_header(struct block_device *disk, u64 lba, u8 *block)
{
	struct gpt_header *header = (void *)block;
	int err = read_block(disk, lba, block);
	if (err)
		return err;
	u32 size = le32_get(header->header_size);
	if (memcmp(header->signature, "EFI PART", 8) || size < sizeof(*header) ||
	    size > disk->logical_block)
		return -EINVAL;
	u32 crc = le32_get(header->header_crc);
	header->header_crc = le32_make(0);
	if (gpt_crc(block, size) != crc || le64_get(header->my_lba) != lba)
		return -EINVAL;
	u32 entry_size = le32_get(header->entry_size), count = le32_get(header->entry_count);
	if (entry_size < sizeof(struct gpt_entry) || entry_size > 4096 || !is_pow2(entry_size) ||
	    !count || count > GPT_ENTRIES_BYTES / entry_size)
		return -EINVAL;
	return 0;
}

static void gpt_add(struct block_device *disk, const struct gpt_entry *entry, u32 number)
{
	u32 per_block = disk->logical_block >> SECTOR_SHIFT;
	u64 first = le64_get(entry->first_lba), last = le64_get(entry->last_lba);
	char label[ARRAY_SIZE(entry->name) + 1];
	if (first > last || last >= disk->sectors / per_block) {
		log_warn("%s: GPT partition %u (blocks %llu to %llu) ignored: outside the disk",
			 disk->name, number, first, last);
		return;
	}
	for (u32 i = 0; i < ARRAY_SIZE(entry->name); i++) {
		u16 c = le16_get(entry->name[i]);
		label[i] = (char)(c < 0x80 ? c : '?');
	}
	label[ARRAY_SIZE(entry->name)] = '\0';
	int err = block_add_partition(disk, number, first * per_block,
				      (last - first + 1) * per_block, entry->unique_guid, label);
	if (err)
		log_warn("%s: GPT partition %u ignored: error %d", disk->name, number, -err);
}

static int gpt_read_entries(struct block_device *disk, const struct gpt_header *header)
{
	static const u8 unused[16];
	u32 entry_size = le32_get(header->entry_size), count = le32_get(header->entry_count);
	u32 bytes = entry_size * count;
	u32 sectors = round_up(bytes, disk->logical_block) >> SECTOR_SHIFT;
	u64 lba = le64_get(header->entries_lba);
	u64 blocks = disk->sectors / (disk->logical_block >> SECTOR_SHIFT);
	if (lba >= blocks)
		return -EINVAL;
	u8 *table = kmalloc((size_t)sectors << SECTOR_SHIFT, MM_NORMAL);
	if (!table)
		return -ENOMEM;
	int err = block_read(disk, lba * (disk->logical_block >> SECTOR_SHIFT), table, sectors);
	if (!err && gpt_crc(table, bytes) != le32_get(header->entries_crc))
		err = -EINVAL;
	for (u32 i = 0; !err && i < count && i < PARTITIONS_MAX; i++) {
		const struct gpt_entry *entry = (const void *)(table + (size_t)i * entry_size);
		if (memcmp(entry->type_guid, unused, 16))
			gpt_add(disk, entry, i + 1);
	}
	kfree(table);
	return err;
}

static void gpt_scan(struct block_device *disk, u8 *block)
{
	u64 blocks = disk->sectors / (disk->logical_block >> SECTOR_SHIFT);
	const u64 places[] = {1, blocks - 1};
	for (u32 i = 0; i < ARRAY_SIZE(places); i++) {
		if (!gpt_read_header(disk, places[i], block) &&
		    !gpt_read_entries(disk, (void *)block)) {
			if (i)
				log_warn("%s: the GPT is damaged; used its copy at the end",
					 disk->name);
			return;
		}
	}
	log_warn("%s: both copies of the GPT are damaged: no partitions", disk->name);
}

void partition_scan(struct block_device *disk)
{
	u8 *block = kmalloc(disk->logical_block, MM_NORMAL);
	int err = block ? read_block(disk, 0, block) : -ENOMEM;
	if (err)
		log_warn("%s: partition table can't be read: error %d", disk->name, -err);
	else if (le16_load(block + MBR_SIGNATURE_OFFSET) == 0xaa55) {
		if (mbr_is_protective(block))
			gpt_scan(disk, block);
		else
			mbr_scan(disk, block);
	}
	kfree(block);
}
