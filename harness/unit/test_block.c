/*
 * The block layer between its users and a hosted disk: ranges, partitions, plugs, claims.
 */
#include "unit.h"

#include "host_disk.h"
#include "host_memory.h"

static struct host_disk *disk;
static struct block_device *bdev;
static struct page *page;

static void setup(void)
{
	disk = host_disk_ram("vda", 1 << 20);
	bdev = host_disk_bdev(disk);
	page = page_alloc(0, MM_ZERO);
	ck_assert_int_eq(block_register(bdev), 0);
	ck_assert_int_eq(block_add_partition(bdev, 1, 100, 50, (const u8[16]){1}, "one"), 0);
	ck_assert_int_eq(block_add_partition(bdev, 2, 200, 50, (const u8[16]){2}, NULL), 0);
}

static int transfer(struct block_device *to, enum bio_op op, u64 sector, u32 sectors)
{
	struct bio *bio = bio_alloc(to, op, sector, 1, MM_NORMAL);

	if (op == BIO_READ || op == BIO_WRITE)
		ck_assert(bio_add_page(bio, page, 0, sectors * SECTOR_SIZE));
	else
		bio->sectors = sectors;
	int error = bio_submit_wait(bio);
	bio_free(bio);
	return error;
}

START_TEST(a_partition_begins_where_its_entry_says)
{
	memset(page_address(page), 0x77, 512);
	ck_assert_int_eq(transfer(block_find("vda1"), BIO_WRITE, 3, 1), 0);
	ck_assert_uint_eq(host_disk_data(disk)[103 * 512], 0x77);
	ck_assert_uint_eq(host_disk_data(disk)[102 * 512 + 511], 0);
}
END_TEST

START_TEST(requests_outside_their_device_never_reach_the_disk)
{
	static const struct {
		u64 sector;
		u32 sectors;
	} outside[] = {{50, 1}, {49, 2}, {48, 8}, {U64_MAX, 1}, {U64_MAX - 98, 1}, {1ull << 54, 8}};
	u64 before = host_disk_requests(disk, HOST_DISK_ALL);

	for (size_t i = 0; i < ARRAY_SIZE(outside); i++) {
		ck_assert_int_eq(
		    transfer(block_find("vda1"), BIO_WRITE, outside[i].sector, outside[i].sectors),
		    -EIO);
		ck_assert_int_eq(transfer(block_find("vda1"), BIO_DISCARD, outside[i].sector,
					  outside[i].sectors),
				 -EIO);
	}
	ck_assert_uint_eq(host_disk_requests(disk, HOST_DISK_ALL), before);
	ck_assert_int_eq(transfer(block_find("vda1"), BIO_WRITE, 49, 1), 0);
}
END_TEST

START_TEST(a_read_only_disk_refuses_writes)
{
	struct host_disk *other = host_disk_ram("vdb", 65536);

	host_disk_bdev(other)->read_only = true;
	ck_assert_int_eq(block_register(host_disk_bdev(other)), 0);
	ck_assert_int_eq(transfer(host_disk_bdev(other), BIO_WRITE, 0, 1), -EROFS);
	ck_assert_int_eq(transfer(host_disk_bdev(other), BIO_READ, 0, 1), 0);
}
END_TEST

START_TEST(a_disk_that_makes_no_sense_is_not_registered)
{
	struct host_disk *none = host_disk_ram("vdb", 65536);

	host_disk_bdev(none)->sectors = 0;
	ck_assert_int_eq(block_register(host_disk_bdev(none)), -EINVAL);
	host_disk_bdev(none)->sectors = 128;
	host_disk_bdev(none)->logical_block = 768;
	ck_assert_int_eq(block_register(host_disk_bdev(none)), -EINVAL);
	host_disk_bdev(none)->logical_block = 8192;
	ck_assert_int_eq(block_register(host_disk_bdev(none)), -EINVAL);
	ck_assert_ptr_null(block_find("vdb"));
	host_disk_free(none);
}
END_TEST

static unsigned ended;
static int statuses[8];

static void count_end(struct bio *bio)
{
	statuses[ended++] = bio->status;
}

START_TEST(a_plug_sends_in_ascending_order_when_it_is_pulled)
{
	static const u64 sectors[] = {40, 8, 24, 16, 0};
	struct bio *bios[ARRAY_SIZE(sectors)];
	struct block_plug plug;

	host_disk_log_start(disk);
	u64 before = host_disk_requests(disk, HOST_DISK_WRITES);
	block_plug_start(&plug);
	for (size_t i = 0; i < ARRAY_SIZE(sectors); i++) {
		bios[i] = bio_alloc(bdev, BIO_WRITE, sectors[i], 1, MM_NORMAL);
		ck_assert(bio_add_page(bios[i], page, 0, 512));
		bios[i]->end_io = count_end;
		bio_submit(bios[i]);
	}
	ck_assert_uint_eq(host_disk_requests(disk, HOST_DISK_WRITES), before);
	block_plug_finish(&plug);
	ck_assert_uint_eq(ended, ARRAY_SIZE(sectors));
	for (size_t i = 0; i < host_disk_log_count(disk); i++)
		ck_assert_uint_eq(host_disk_log_get(disk, i)->sector, i == 4 ? 40 : i * 8);
	for (size_t i = 0; i < ARRAY_SIZE(sectors); i++)
		bio_free(bios[i]);
}
END_TEST

START_TEST(an_inner_plug_leaves_the_sending_to_the_outer_one)
{
	struct block_plug outer, inner;
	struct bio *bio = bio_alloc(bdev, BIO_WRITE, 0, 1, MM_NORMAL);

	ck_assert(bio_add_page(bio, page, 0, 512));
	bio->end_io = count_end;
	block_plug_start(&outer);
	block_plug_start(&inner);
	bio_submit(bio);
	block_plug_finish(&inner);
	ck_assert_uint_eq(ended, 0);
	block_plug_finish(&outer);
	ck_assert_uint_eq(ended, 1);
	bio_free(bio);
}
END_TEST

START_TEST(who_waits_under_a_plug_does_not_wait_for_ever)
{
	struct block_plug plug;

	block_plug_start(&plug);
	ck_assert_int_eq(transfer(bdev, BIO_WRITE, 0, 1), 0);
	block_plug_finish(&plug);
}
END_TEST

START_TEST(a_bio_takes_segments_up_to_its_room_and_joins_neighbours)
{
	struct bio *bio = bio_alloc(bdev, BIO_WRITE, 0, 4, MM_NORMAL);
	struct page *other = page_alloc(0, MM_NORMAL);

	ck_assert(bio_add_page(bio, page, 0, 512));
	ck_assert(bio_add_page(bio, page, 512, 1024));
	ck_assert_uint_eq(bio->segment_count, 1);
	ck_assert(bio_add_page(bio, page, 3072, 512));
	ck_assert(bio_add_page(bio, other, 0, 512));
	ck_assert(bio_add_page(bio, page, 0, 512));
	ck_assert(!bio_add_page(bio, other, 2048, 512));
	ck_assert_uint_eq(bio->segment_count, 4);
	ck_assert_uint_eq(bio->sectors, 6);
	bio_free(bio);
	page_put(other);
}
END_TEST

START_TEST(the_limits_of_the_device_bound_a_bio)
{
	struct bio *bio;

	bdev->max_sectors = 8;
	bio = bio_alloc(bdev, BIO_WRITE, 0, 8, MM_NORMAL);
	ck_assert(bio_add_page(bio, page, 0, 4096));
	ck_assert(!bio_add_page(bio, page, 0, 512));
	bio_free(bio);
	bdev->max_sectors = 0;
	bdev->max_segments = 1;
	bio = bio_alloc(bdev, BIO_WRITE, 0, 8, MM_NORMAL);
	ck_assert(bio_add_page(bio, page, 0, 512));
	ck_assert(!bio_add_page(bio, page, 2048, 512));
	bio_free(bio);
}
END_TEST

START_TEST(claims_exclude_the_same_sectors_only)
{
	int a, b;
	struct block_device *one = block_find("vda1"), *two = block_find("vda2");

	ck_assert_int_eq(block_claim(one, &a), 0);
	ck_assert_int_eq(block_claim(one, &b), -EBUSY);
	ck_assert_int_eq(block_claim(bdev, &b), -EBUSY);
	ck_assert_int_eq(block_claim(two, &b), 0);
	block_release(one, &a);
	ck_assert_int_eq(block_claim(bdev, &a), -EBUSY);
	block_release(two, &b);
	ck_assert_int_eq(block_claim(bdev, &a), 0);
	ck_assert_int_eq(block_claim(one, &b), -EBUSY);
}
END_TEST

START_TEST(synchronous_reads_cross_pages_and_report_errors)
{
	u8 *buf = malloc(20 * 512);

	for (size_t i = 0; i < 20 * 512; i++)
		host_disk_data(disk)[7 * 512 + i] = (u8)(i / 100);
	ck_assert_int_eq(block_read(bdev, 7, buf, 20), 0);
	ck_assert_mem_eq(buf, host_disk_data(disk) + 7 * 512, 20 * 512);
	host_disk_fail_range(disk, HOST_DISK_READS, 20, 1, -EIO);
	ck_assert_int_eq(block_read(bdev, 7, buf, 20), -EIO);
	host_alloc_fail_nth(1);
	ck_assert_int_eq(block_read(bdev, 0, buf, 1), -ENOMEM);
	host_alloc_fail_nth(2);
	ck_assert_int_eq(block_read(bdev, 0, buf, 1), -ENOMEM);
	host_alloc_fail_nth(0);
	free(buf);
}
END_TEST

START_TEST(a_discard_of_any_size_is_split_and_zeroes)
{
	memset(host_disk_data(disk), 0xff, 1 << 20);
	ck_assert_int_eq(block_discard(block_find("vda2"), 10, 20), 0);
	ck_assert_uint_eq(host_disk_data(disk)[210 * 512 - 1], 0xff);
	ck_assert_uint_eq(host_disk_data(disk)[210 * 512], 0);
	ck_assert_uint_eq(host_disk_data(disk)[230 * 512 - 1], 0);
	ck_assert_uint_eq(host_disk_data(disk)[230 * 512], 0xff);
	ck_assert_int_eq(block_discard(block_find("vda2"), 40, 20), -EIO);
	bdev->discard = false;
	ck_assert_int_eq(block_discard(bdev, 0, 8), -EOPNOTSUPP);
}
END_TEST

START_TEST(a_flush_is_sent_where_there_is_a_cache)
{
	ck_assert_int_eq(block_flush(block_find("vda1")), 0);
	ck_assert_uint_eq(host_disk_requests(disk, HOST_DISK_FLUSHES), 1);
	host_disk_fail_nth(disk, HOST_DISK_FLUSHES, 1, -EIO);
	ck_assert_int_eq(block_flush(bdev), -EIO);
	bdev->flush = false;
	ck_assert_int_eq(block_flush(bdev), 0);
	ck_assert_uint_eq(host_disk_requests(disk, HOST_DISK_FLUSHES), 2);
}
END_TEST

START_TEST(requests_are_counted_for_the_device_they_named)
{
	struct block_device *one = block_find("vda1");
	u64 disk_before = bdev->stat_ios[BIO_WRITE];

	ck_assert_int_eq(transfer(one, BIO_WRITE, 0, 8), 0);
	ck_assert_uint_eq(one->stat_ios[BIO_WRITE], 1);
	ck_assert_uint_eq(one->stat_sectors[BIO_WRITE], 8);
	ck_assert_uint_eq(bdev->stat_ios[BIO_WRITE], disk_before);
	ck_assert_uint_eq(one->stat_in_flight, 0);
}
END_TEST

Suite *suite_block(void)
{
	return suite_with(
	    "block", setup, NULL, a_partition_begins_where_its_entry_says,
	    requests_outside_their_device_never_reach_the_disk, a_read_only_disk_refuses_writes,
	    a_disk_that_makes_no_sense_is_not_registered,
	    a_plug_sends_in_ascending_order_when_it_is_pulled,
	    an_inner_plug_leaves_the_sending_to_the_outer_one,
	    who_waits_under_a_plug_does_not_wait_for_ever,
	    a_bio_takes_segments_up_to_its_room_and_joins_neighbours,
	    the_limits_of_the_device_bound_a_bio, claims_exclude_the_same_sectors_only,
	    synchronous_reads_cross_pages_and_report_errors,
	    a_discard_of_any_size_is_split_and_zeroes, a_flush_is_sent_where_there_is_a_cache,
	    requests_are_counted_for_the_device_they_named);
}
