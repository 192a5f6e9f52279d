/*
 * The test harness's own seams: a fault injector that injects nothing proves nothing.
 */
#include <stdlib.h>
#include <unistd.h>

#include "unit.h"

#include "host_clock.h"
#include "host_disk.h"
#include "host_memory.h"
#include "host_user.h"
#include "lib/log.h"
#include "lib/string.h"
#include "log_capture.h"
#include "mm/kmalloc.h"
#include "mm/page.h"
#include "mm/usercopy.h"

/* ---- memory ---- */

START_TEST(the_nth_allocation_fails_and_only_that)
{
	struct page *page;
	void *p[3];

	host_alloc_fail_nth(2);
	p[0] = kmalloc(10, MM_NORMAL);
	ck_assert_ptr_nonnull(p[0]);
	ck_assert(!host_alloc_failed());
	ck_assert_ptr_null(kmalloc(10, MM_NORMAL));
	ck_assert(host_alloc_failed());
	p[1] = kcalloc(3, 10, MM_NORMAL);
	ck_assert_ptr_nonnull(p[1]);
	host_alloc_fail_nth(1);
	page = page_alloc(0, MM_NORMAL);
	ck_assert_ptr_null(page);
	host_alloc_fail_from(2);
	p[2] = kstrdup("abc", MM_NORMAL);
	ck_assert_str_eq(p[2], "abc");
	ck_assert_ptr_null(kmalloc(1, MM_NORMAL));
	ck_assert_ptr_null(page_alloc(0, MM_NORMAL));
	host_alloc_fail_nth(0);
	ck_assert_uint_eq(host_objects_outstanding(), 3);
	for (int i = 0; i < 3; i++)
		kfree(p[i]);
	ck_assert_uint_eq(host_objects_outstanding(), 0);
}
END_TEST

START_TEST(memory_is_aligned_and_zeroed_as_promised)
{
	for (size_t size = 1; size <= 4096; size *= 2) {
		u8 *p = kmalloc(size, MM_ZERO);
		ck_assert_uint_eq((uintptr_t)p % size, 0);
		for (size_t i = 0; i < size; i++)
			ck_assert_uint_eq(p[i], 0);
		p = krealloc(p, size, size + 100, MM_NORMAL);
		ck_assert_uint_eq(p[size - 1], 0);
		ck_assert_uint_eq(p[size], 0xa5);
		kfree(p);
	}
	ck_assert_ptr_null(kcalloc(SIZE_MAX / 2, 3, MM_NORMAL));
}
END_TEST

START_TEST(pages_convert_to_addresses_and_back)
{
	struct page *page = page_alloc(2, MM_ZERO);
	u8 *data = page_address(page);

	ck_assert_uint_eq((uintptr_t)data % PAGE_SIZE, 0);
	ck_assert_ptr_eq(page_from_address(data + 3 * PAGE_SIZE + 17), page + 3);
	ck_assert_ptr_eq(page_from_phys(page_phys(page + 1)), page + 1);
	ck_assert_uint_eq(host_pages_outstanding(), 4);
	page_free(page, 2);
	page = page_alloc(0, MM_NORMAL);
	page_get(page);
	page_put(page);
	ck_assert_uint_eq(host_pages_outstanding(), 1);
	page_put(page);
	ck_assert_uint_eq(host_pages_outstanding(), 0);
}
END_TEST

START_TEST(a_reference_to_a_freed_page_panics)
{
	struct page *page = page_alloc(0, MM_NORMAL);

	page_put(page);
	page_put(page);
}
END_TEST

/* ---- user memory ---- */

START_TEST(armed_faults_stop_copies_where_they_begin)
{
	char user[16] = "0123456789abcde", buf[16];

	memset(buf, 'z', sizeof(buf));
	host_user_fault_arm(user + 10, 2);
	ck_assert_uint_eq(copy_from_user_partial(buf, user, 16), 6);
	ck_assert_int_eq(copy_from_user(buf, user, 16), -EFAULT);
	ck_assert_mem_eq(buf, "0123456789\0\0\0\0\0\0", 16);
	ck_assert_int_eq(copy_from_user(buf, user, 10), 0);
	ck_assert_int_eq(copy_from_user(buf, user + 12, 4), 0);
	ck_assert_int_eq(copy_to_user(user + 8, "xyz", 3), -EFAULT);
	ck_assert_int_eq(strncpy_from_user(buf, user, 16), -EFAULT);
	host_user_fault_arm(NULL, 0);
	ck_assert_int_eq(strncpy_from_user(buf, user, 16), 15);
	ck_assert_int_eq(strncpy_from_user(buf, user, 15), -ENAMETOOLONG);
	ck_assert_int_eq(copy_from_user(buf, NULL, 1), -EFAULT);
}
END_TEST

START_TEST(absent_memory_appears_when_it_is_faulted_in)
{
	char user[16] = "0123456789abcde", buf[16];

	host_user_absent_arm(user + 4, 4);
	ck_assert_uint_eq(copy_from_user_nofault(buf, user, 16), 12);
	ck_assert_int_eq(user_fault_in_readable(user, 16), 0);
	ck_assert_uint_eq(copy_from_user_nofault(buf, user, 16), 0);
}
END_TEST

/* ---- clock, entropy, log ---- */

START_TEST(the_clock_goes_where_it_is_put)
{
	host_clock_set_monotonic(5 * NSEC_PER_SEC);
	host_clock_set_realtime(-2, 500);
	ck_assert_int_eq(clock_realtime().sec, -2);
	ck_assert_uint_eq(clock_realtime().nsec, 500);
	host_clock_advance(NSEC_PER_SEC * 3 / 2);
	ck_assert_uint_eq(clock_monotonic_ns(), 6500000000);
	ck_assert_int_eq(clock_realtime().sec, -1);
	ck_assert_uint_eq(clock_realtime().nsec, 500000500);
}
END_TEST

START_TEST(random_bytes_repeat_with_their_seed)
{
	u8 a[16], b[16];

	host_random_seed(7);
	random_bytes(a, sizeof(a));
	random_bytes(b, sizeof(b));
	ck_assert_mem_ne(a, b, sizeof(a));
	host_random_seed(7);
	random_bytes(b, sizeof(b));
	ck_assert_mem_eq(a, b, sizeof(a));
}
END_TEST

START_TEST(messages_are_captured)
{
	log_warn("disk %s: %d errors", "vda", 3);
	log_err("second");
	ck_assert(log_captured_has("disk vda: 3 errors\nsecond\n"));
	log_captured_clear();
	ck_assert(!log_captured_has("vda"));
	for (int i = 0; i < 20000; i++)
		log_info("message number %d, of which there are far too many", i);
	ck_assert(log_captured_has("number 19999"));
	ck_assert(!log_captured_has("number 1,"));
}
END_TEST

/* ---- disks ---- */

static struct page *page;

static int transfer(struct block_device *bdev, enum bio_op op, u64 sector, u32 sectors)
{
	struct bio *bio = bio_alloc(bdev, op, sector, 1, MM_NORMAL);

	if (op == BIO_READ || op == BIO_WRITE)
		ck_assert(bio_add_page(bio, page, 0, sectors * SECTOR_SIZE));
	else
		bio->sectors = sectors;
	int error = bio_submit_wait(bio);
	bio_free(bio);
	return error;
}

static int write_byte(struct block_device *bdev, u8 byte, u64 sector, u32 sectors)
{
	memset(page_address(page), byte, PAGE_SIZE);
	return transfer(bdev, BIO_WRITE, sector, sectors);
}

static struct host_disk *disk;
static struct block_device *bdev;

static void disk_setup(void)
{
	page = page_alloc(0, MM_NORMAL);
	disk = host_disk_ram("vda", 1 << 20);
	bdev = host_disk_bdev(disk);
}

static void disk_teardown(void)
{
	page_put(page);
	host_disk_free(disk);
}

static void check_bytes(struct host_disk *d, u64 sector, u64 count, u8 byte)
{
	const u8 *data = host_disk_data(d) + sector * SECTOR_SIZE;

	ck_assert_ptr_null(memchr_inv(data, byte, count * SECTOR_SIZE));
}

static void write_and_read_back(void)
{
	ck_assert_int_eq(write_byte(bdev, 0x11, 8, 8), 0);
	ck_assert_int_eq(write_byte(bdev, 0x22, 10, 2), 0);
	memset(page_address(page), 0, PAGE_SIZE);
	ck_assert_int_eq(transfer(bdev, BIO_READ, 8, 8), 0);
	u8 *data = page_address(page);
	ck_assert_uint_eq(data[1023], 0x11);
	ck_assert_uint_eq(data[1024], 0x22);
	ck_assert_uint_eq(data[2048], 0x11);
	ck_assert_int_eq(transfer(bdev, BIO_DISCARD, 8, 4), 0);
	check_bytes(disk, 8, 4, 0);
	ck_assert_int_eq(block_flush(bdev), 0);
	ck_assert_uint_eq(host_disk_requests(disk, HOST_DISK_ALL), 5);
	ck_assert_uint_eq(host_disk_requests(disk, HOST_DISK_WRITES), 2);
	ck_assert_int_eq(transfer(bdev, BIO_READ, bdev->sectors - 1, 2), -EIO);
}

START_TEST(a_disk_holds_what_was_written)
{
	write_and_read_back();
}
END_TEST

START_TEST(a_disk_with_a_worker_thread_does_the_same)
{
	host_disk_set_worker(disk, true);
	write_and_read_back();
}
END_TEST

START_TEST(the_nth_request_of_a_kind_fails)
{
	host_disk_fail_nth(disk, HOST_DISK_WRITES, 2, -ENOSPC);
	ck_assert_int_eq(write_byte(bdev, 1, 0, 8), 0);
	ck_assert_int_eq(transfer(bdev, BIO_READ, 0, 8), 0);
	ck_assert(!host_disk_failed(disk));
	ck_assert_int_eq(write_byte(bdev, 2, 0, 8), -ENOSPC);
	ck_assert(host_disk_failed(disk));
	check_bytes(disk, 0, 8, 1);
	ck_assert_int_eq(write_byte(bdev, 3, 0, 8), 0);
}
END_TEST

START_TEST(a_bad_range_fails_every_time)
{
	host_disk_fail_range(disk, HOST_DISK_READS, 100, 2, -EIO);
	ck_assert_int_eq(transfer(bdev, BIO_READ, 96, 8), -EIO);
	ck_assert_int_eq(transfer(bdev, BIO_READ, 101, 1), -EIO);
	ck_assert_int_eq(transfer(bdev, BIO_READ, 96, 4), 0);
	ck_assert_int_eq(transfer(bdev, BIO_READ, 102, 4), 0);
	ck_assert_int_eq(write_byte(bdev, 1, 96, 8), 0);
	host_disk_fail_range(disk, HOST_DISK_READS, 0, 0, 0);
	ck_assert_int_eq(transfer(bdev, BIO_READ, 96, 8), 0);
}
END_TEST

START_TEST(a_torn_write_leaves_its_beginning)
{
	host_disk_tear_nth(disk, 1, 3);
	ck_assert_int_eq(write_byte(bdev, 9, 16, 8), -EIO);
	check_bytes(disk, 16, 3, 9);
	check_bytes(disk, 19, 5, 0);
}
END_TEST

START_TEST(nothing_reaches_the_disk_without_power)
{
	host_disk_cut_power(disk, 1);
	ck_assert_int_eq(write_byte(bdev, 1, 0, 8), 0);
	ck_assert_int_eq(write_byte(bdev, 2, 8, 8), -EIO);
	ck_assert_int_eq(block_flush(bdev), -EIO);
	ck_assert_int_eq(transfer(bdev, BIO_DISCARD, 0, 8), -EIO);
	check_bytes(disk, 0, 8, 1);
	check_bytes(disk, 8, 8, 0);
	host_disk_cut_power(disk, -1);
	ck_assert_int_eq(write_byte(bdev, 2, 8, 8), 0);
}
END_TEST

START_TEST(replay_stops_at_any_record)
{
	ck_assert_int_eq(write_byte(bdev, 1, 0, 8), 0);
	host_disk_log_start(disk);
	ck_assert_int_eq(write_byte(bdev, 2, 0, 8), 0);
	ck_assert_int_eq(block_flush(bdev), 0);
	ck_assert_int_eq(write_byte(bdev, 3, 0, 8), 0);
	ck_assert_uint_eq(host_disk_log_count(disk), 3);
	ck_assert_int_eq(host_disk_log_get(disk, 1)->op, BIO_FLUSH);
	for (size_t n = 0; n <= 3; n++) {
		struct host_disk *copy = host_disk_replay(disk, "crash", n, 0);
		check_bytes(copy, 0, 8, n == 0 ? 1 : n < 3 ? 2 : 3);
		host_disk_free(copy);
	}
}
END_TEST

START_TEST(a_crash_keeps_what_was_flushed_and_any_of_the_rest)
{
	bool kept = false, lost = false;

	host_disk_log_start(disk);
	ck_assert_int_eq(write_byte(bdev, 1, 0, 8), 0);
	ck_assert_int_eq(block_flush(bdev), 0);
	for (u64 i = 1; i < 8; i++)
		ck_assert_int_eq(write_byte(bdev, 2, i * 8, 8), 0);
	for (u64 seed = 1; seed < 20; seed++) {
		struct host_disk *copy =
		    host_disk_replay(disk, "crash", host_disk_log_count(disk), seed);
		check_bytes(copy, 0, 8, 1);
		for (u64 i = 1; i < 8; i++) {
			u8 first = host_disk_data(copy)[i * PAGE_SIZE];
			check_bytes(copy, i * 8, 8, first);
			kept |= first == 2;
			lost |= first == 0;
		}
		host_disk_free(copy);
	}
	ck_assert(kept && lost);
}
END_TEST

START_TEST(an_image_file_is_read_and_written_in_place)
{
	char path[] = "/tmp/aramid-unit-XXXXXX";
	int fd = mkstemp(path);
	u8 byte = 0;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write_byte(bdev, 7, 0, 8), 0);
	ck_assert_int_eq(host_disk_save(disk, path), 0);

	struct host_disk *file = host_disk_file("vdb", path, true);
	check_bytes(file, 0, 8, 7);
	ck_assert_int_eq(write_byte(host_disk_bdev(file), 8, 8, 8), 0);
	host_disk_free(file);
	ck_assert_int_eq(pread(fd, &byte, 1, 4096), 1);
	ck_assert_uint_eq(byte, 8);

	file = host_disk_file("vdb", path, false);
	ck_assert_int_eq(write_byte(host_disk_bdev(file), 9, 8, 8), 0);
	check_bytes(file, 8, 8, 9);
	host_disk_free(file);
	ck_assert_int_eq(pread(fd, &byte, 1, 4096), 1);
	ck_assert_uint_eq(byte, 8);
	close(fd);
	unlink(path);
	ck_assert_ptr_null(host_disk_file("vdb", path, false));
}
END_TEST

Suite *suite_host(void)
{
	Suite *s =
	    suite_of("host", the_nth_allocation_fails_and_only_that,
		     memory_is_aligned_and_zeroed_as_promised, pages_convert_to_addresses_and_back,
		     armed_faults_stop_copies_where_they_begin,
		     absent_memory_appears_when_it_is_faulted_in, the_clock_goes_where_it_is_put,
		     random_bytes_repeat_with_their_seed, messages_are_captured);

	suite_add_tests(s, disk_setup, disk_teardown, a_disk_holds_what_was_written,
			a_disk_with_a_worker_thread_does_the_same, the_nth_request_of_a_kind_fails,
			a_bad_range_fails_every_time, a_torn_write_leaves_its_beginning,
			nothing_reaches_the_disk_without_power, replay_stops_at_any_record,
			a_crash_keeps_what_was_flushed_and_any_of_the_rest,
			an_image_file_is_read_and_written_in_place);
	suite_add_panics(s, NULL, a_reference_to_a_freed_page_panics);
	return s;
}
