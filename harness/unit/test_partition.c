/*
 * Partition tables, built here byte by byte.
 */
#include "unit.h"

#include "host_disk.h"
#include "lib/uuid.h"
#include "log_capture.h"

enum { BLOCKS = 8192 }; /* of 512 bytes */

static struct host_disk *disk;
static struct block_device *bdev;
static u8 *data;

static void setup(void)
{
	disk = host_disk_ram("vda", BLOCKS * 512);
	bdev = host_disk_bdev(disk);
	data = host_disk_data(disk);
}

/* The bitwise definition that UEFI refers to. */
static u32 crc32_ieee(const u8 *p, size_t n)
{
	u32 crc = ~0u;

	while (n--) {
		crc ^= *p++;
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0xedb88320 : crc >> 1;
	}
	return ~crc;
}

static void mbr_entry(u64 table, int i, u8 type, u32 first, u32 count)
{
	u8 *entry = data + table * 512 + 446 + i * 16;

	entry[4] = type;
	le32_store(entry + 8, first);
	le32_store(entry + 12, count);
	le16_store(data + table * 512 + 510, 0xaa55);
}

static void gpt_seal(u64 header, u64 entries)
{
	u8 *h = data + header * 512;

	le32_store(h + 88, crc32_ieee(data + entries * 512, 128 * 128));
	le32_store(h + 16, 0);
	le32_store(h + 16, crc32_ieee(h, 92));
}

static void gpt_header(u64 header, u64 entries)
{
	u8 *h = data + header * 512;

	memcpy(h, "EFI PART", 8);
	le32_store(h + 8, 0x10000);
	le32_store(h + 12, 92);
	le64_store(h + 24, header);
	le64_store(h + 32, header == 1 ? BLOCKS - 1 : 1);
	le64_store(h + 40, 34);
	le64_store(h + 48, BLOCKS - 34);
	le64_store(h + 72, entries);
	le32_store(h + 80, 128);
	le32_store(h + 84, 128);
}

static void gpt_entry(u64 entries, int i, u64 first, u64 last, const char *label)
{
	u8 *e = data + entries * 512 + i * 128;

	memset(e, 0x11, 16);
	memset(e + 16, 0x20 + i, 16);
	le64_store(e + 32, first);
	le64_store(e + 40, last);
	for (int c = 0; label[c]; c++)
		le16_store(e + 56 + 2 * c, (u16)label[c]);
}

/* Two sound copies with partitions 1 and 3. */
static void gpt_make(void)
{
	static const u64 headers[] = {1, BLOCKS - 1}, entries[] = {2, BLOCKS - 33};

	mbr_entry(0, 0, 0xee, 1, BLOCKS - 1);
	for (int i = 0; i < 2; i++) {
		gpt_header(headers[i], entries[i]);
		gpt_entry(entries[i], 0, 64, 127, "boot");
		gpt_entry(entries[i], 2, 128, 8000, "root");
		gpt_seal(headers[i], entries[i]);
	}
}

static void expect(const char *name, u64 start, u64 sectors)
{
	struct block_device *part = block_find(name);

	ck_assert_msg(part != NULL, "there is no %s", name);
	ck_assert_uint_eq(part->start, start);
	ck_assert_uint_eq(part->sectors, sectors);
	ck_assert_ptr_eq(part->disk, bdev);
}

static int count_device(struct block_device *device, void *arg)
{
	++*(int *)arg;
	return 0;
}

static int devices(void)
{
	int n = 0;

	ck_assert_int_eq(block_for_each(count_device, &n), 0);
	return n;
}

START_TEST(a_disk_without_a_table_has_no_partitions)
{
	ck_assert_int_eq(block_register(bdev), 0);
	ck_assert_int_eq(devices(), 1);
	ck_assert_int_eq(block_register(bdev), -EEXIST);
}
END_TEST

START_TEST(primary_partitions_are_found_with_their_numbers)
{
	le32_store(data + 440, 0x1234abcd);
	mbr_entry(0, 0, 0x83, 64, 100);
	mbr_entry(0, 2, 0x82, 200, 1000);
	ck_assert_int_eq(block_register(bdev), 0);
	expect("vda1", 64, 100);
	expect("vda3", 200, 1000);
	ck_assert_int_eq(devices(), 3);
	ck_assert_uint_eq(le32_load(block_find("vda3")->partition_uuid), 0x1234abcd);
	ck_assert_ptr_eq(block_find_number(bdev->major, bdev->minor + 3), block_find("vda3"));
}
END_TEST

START_TEST(logical_partitions_are_numbered_from_five)
{
	mbr_entry(0, 0, 0x83, 64, 100);
	mbr_entry(0, 1, 0x05, 1000, 5000);
	mbr_entry(1000, 0, 0x83, 10, 100);
	mbr_entry(1000, 1, 0x05, 500, 600);
	mbr_entry(1500, 0, 0x83, 20, 200);
	ck_assert_int_eq(block_register(bdev), 0);
	expect("vda5", 1010, 100);
	expect("vda6", 1520, 200);
	ck_assert_int_eq(devices(), 4);
}
END_TEST

START_TEST(a_chain_of_logical_partitions_that_loops_ends)
{
	mbr_entry(0, 1, 0x0f, 1000, 5000);
	mbr_entry(1000, 1, 0x05, 500, 600);
	mbr_entry(1500, 1, 0x05, 500, 600);
	ck_assert_int_eq(block_register(bdev), 0);
	ck_assert_int_eq(devices(), 1);
	ck_assert(log_captured_has("loop"));
}
END_TEST

START_TEST(partitions_outside_the_disk_are_named_and_skipped)
{
	mbr_entry(0, 0, 0x83, BLOCKS - 10, 11);
	mbr_entry(0, 1, 0x83, BLOCKS + 10, 1);
	mbr_entry(0, 2, 0x83, 0xffffffff, 0xffffffff);
	mbr_entry(0, 3, 0x83, BLOCKS - 10, 10);
	ck_assert_int_eq(block_register(bdev), 0);
	ck_assert_int_eq(devices(), 2);
	expect("vda4", BLOCKS - 10, 10);
	ck_assert(log_captured_has("partition 1"));
}
END_TEST

START_TEST(a_gpt_is_read_with_labels_and_uuids)
{
	gpt_make();
	ck_assert_int_eq(block_register(bdev), 0);
	expect("vda1", 64, 64);
	expect("vda3", 128, 8000 - 128 + 1);
	ck_assert_int_eq(devices(), 3);
	ck_assert_str_eq(block_find("vda3")->partition_label, "root");
	ck_assert_uint_eq(block_find("vda3")->partition_uuid[0], 0x22);
	ck_assert(!log_captured_has("damaged"));
}
END_TEST

START_TEST(a_damaged_gpt_is_replaced_by_its_copy)
{
	static const u64 damage[] = {512 + 60, 512 + 80, 1024 + 5, 512};

	gpt_make();
	data[damage[_i]] ^= 1;
	ck_assert_int_eq(block_register(bdev), 0);
	expect("vda1", 64, 64);
	expect("vda3", 128, 8000 - 128 + 1);
	ck_assert(log_captured_has("copy at the end"));
}
END_TEST

START_TEST(without_a_sound_gpt_there_are_no_partitions)
{
	gpt_make();
	data[512 + 16] ^= 1;
	data[(BLOCKS - 1) * 512 + 16] ^= 1;
	ck_assert_int_eq(block_register(bdev), 0);
	ck_assert_int_eq(devices(), 1);
}
END_TEST

START_TEST(a_gpt_with_absurd_numbers_is_refused)
{
	static const struct {
		u32 offset, value;
	} absurd[] = {
	    {80, 0},          {80, 0xffffffff}, {84, 0},          {84, 8},
	    {84, 0xffffffff}, {84, 100},        {72, 0xffffff00}, {12, 0xffffffff},
	};

	gpt_make();
	le32_store(data + 512 + absurd[_i].offset, absurd[_i].value);
	le32_store(data + 512 + 16, 0);
	le32_store(data + 512 + 16, crc32_ieee(data + 512, 92));
	ck_assert_int_eq(block_register(bdev), 0);
	expect("vda1", 64, 64); /* from the copy */
}
END_TEST

START_TEST(a_table_that_cannot_be_read_is_no_table)
{
	mbr_entry(0, 0, 0x83, 64, 100);
	host_disk_fail_range(disk, HOST_DISK_READS, 0, 1, -EIO);
	ck_assert_int_eq(block_register(bdev), 0);
	ck_assert_int_eq(devices(), 1);
	ck_assert(log_captured_has("can't be read"));
}
END_TEST

Suite *suite_partition(void)
{
	Suite *s = suite_with(
	    "partition", setup, NULL, a_disk_without_a_table_has_no_partitions,
	    primary_partitions_are_found_with_their_numbers,
	    logical_partitions_are_numbered_from_five,
	    a_chain_of_logical_partitions_that_loops_ends,
	    partitions_outside_the_disk_are_named_and_skipped, a_gpt_is_read_with_labels_and_uuids,
	    without_a_sound_gpt_there_are_no_partitions, a_table_that_cannot_be_read_is_no_table);
	TCase *loops = tcase_create("loops");

	tcase_add_checked_fixture(loops, setup, NULL);
	tcase_add_loop_test(loops, a_damaged_gpt_is_replaced_by_its_copy, 0, 4);
	tcase_add_loop_test(loops, a_gpt_with_absurd_numbers_is_refused, 0, 8);
	suite_add_tcase(s, loops);
	return s;
}
