/*
 * The buffer cache over a hosted disk.
 */
#include "unit.h"

#include "host_clock.h"
#include "host_disk.h"
#include "host_memory.h"
#include "host_thread.h"
#include "vfs/buffer.h"

static struct host_disk *disk;
static struct block_device *bdev;

static void setup(void)
{
	buffer_cache_init();
	disk = host_disk_ram("vda", 1 << 20);
	bdev = host_disk_bdev(disk);
	ck_assert_int_eq(block_register(bdev), 0);
	ck_assert_int_eq(buffer_set_block_size(bdev, 1024), 0);
}

static struct buffer *read_ok(u64 block)
{
	struct buffer *buffer;

	ck_assert_int_eq(buffer_read(bdev, block, &buffer), 0);
	return buffer;
}

static void dirty_with(u64 block, u8 byte)
{
	struct buffer *buffer = read_ok(block);

	buffer_lock(buffer);
	memset(buffer->data, byte, buffer->size);
	buffer_mark_dirty(buffer);
	buffer_unlock(buffer);
	buffer_put(buffer);
}

START_TEST(a_block_is_read_once_and_found_again)
{
	memset(host_disk_data(disk) + 5 * 1024, 0x55, 1024);
	u64 before = host_disk_requests(disk, HOST_DISK_READS);
	struct buffer *a = read_ok(5), *b = read_ok(5);

	ck_assert_ptr_eq(a, b);
	ck_assert_uint_eq(((u8 *)a->data)[1023], 0x55);
	ck_assert_uint_eq(host_disk_requests(disk, HOST_DISK_READS), before + 1);
	ck_assert_ptr_null(buffer_lookup(bdev, 6));
	buffer_put(a);
	buffer_put(b);
	struct buffer *c = buffer_lookup(bdev, 5);
	ck_assert_ptr_eq(c, a);
	buffer_put(c);
}
END_TEST

START_TEST(blocks_of_one_page_share_its_frame)
{
	size_t before = host_pages_outstanding();
	struct buffer *b[4];

	for (u64 i = 0; i < 4; i++)
		b[i] = read_ok(8 + i);
	ck_assert_uint_eq(host_pages_outstanding(), before + 1);
	for (u64 i = 0; i < 4; i++) {
		ck_assert_ptr_eq(b[i]->data, (u8 *)page_address(b[0]->page) + i * 1024);
		buffer_put(b[i]);
	}
	buffer_invalidate(bdev);
	ck_assert_uint_eq(host_pages_outstanding(), before);
}
END_TEST

START_TEST(a_dirty_block_reaches_the_disk_when_synced)
{
	dirty_with(7, 0x77);
	dirty_with(9, 0x99);
	ck_assert_uint_eq(host_disk_data(disk)[7 * 1024], 0);
	ck_assert_int_eq(buffer_sync(bdev), 0);
	ck_assert_uint_eq(host_disk_data(disk)[7 * 1024], 0x77);
	ck_assert_uint_eq(host_disk_data(disk)[8 * 1024], 0);
	ck_assert_uint_eq(host_disk_data(disk)[9 * 1024 + 1023], 0x99);
	u64 writes = host_disk_requests(disk, HOST_DISK_WRITES);
	ck_assert_int_eq(buffer_sync(bdev), 0);
	ck_assert_uint_eq(host_disk_requests(disk, HOST_DISK_WRITES), writes);
}
END_TEST

START_TEST(a_private_block_waits_for_its_owner)
{
	dirty_with(7, 0x77);
	struct buffer *buffer = read_ok(7);
	buffer_flag_set(buffer, BUFFER_PRIVATE_DIRTY);
	ck_assert_int_eq(buffer_sync(bdev), 0);
	ck_assert_uint_eq(host_disk_data(disk)[7 * 1024], 0);
	buffer_flag_clear(buffer, BUFFER_PRIVATE_DIRTY);
	ck_assert_int_eq(buffer_write(buffer, BIO_FUA), 0);
	ck_assert_uint_eq(host_disk_data(disk)[7 * 1024], 0x77);
	buffer_put(buffer);
}
END_TEST

START_TEST(a_failed_read_says_so_and_can_be_tried_again)
{
	struct buffer *buffer;

	host_disk_fail_nth(disk, HOST_DISK_READS, 1, -EIO);
	ck_assert_int_eq(buffer_read(bdev, 3, &buffer), -EIO);
	ck_assert_ptr_null(buffer);
	buffer = read_ok(3);
	ck_assert(buffer_flag_test(buffer, BUFFER_VALID));
	buffer_put(buffer);
}
END_TEST

START_TEST(a_failed_write_is_reported_once_by_the_next_sync)
{
	dirty_with(3, 1);
	host_disk_fail_nth(disk, HOST_DISK_WRITES, 1, -EIO);
	ck_assert_int_eq(buffer_sync(bdev), -EIO);
	ck_assert_int_eq(buffer_sync(bdev), 0);
	dirty_with(3, 2);
	ck_assert_int_eq(buffer_sync(bdev), 0);
	ck_assert_uint_eq(host_disk_data(disk)[3 * 1024], 2);
}
END_TEST

START_TEST(blocks_beyond_the_device_do_not_exist)
{
	struct buffer *buffer;

	ck_assert_int_eq(buffer_read(bdev, 1024, &buffer), -EIO);
	ck_assert_int_eq(buffer_get(bdev, U64_MAX, &buffer), -EIO);
	buffer = read_ok(1023);
	buffer_put(buffer);
}
END_TEST

START_TEST(a_forgotten_block_is_not_written)
{
	dirty_with(7, 0x77);
	dirty_with(8, 0x88);
	buffer_forget(bdev, 7, 1);
	ck_assert_int_eq(buffer_sync(bdev), 0);
	ck_assert_uint_eq(host_disk_data(disk)[7 * 1024], 0);
	ck_assert_uint_eq(host_disk_data(disk)[8 * 1024], 0x88);
}
END_TEST

START_TEST(memory_running_out_leaves_the_cache_usable)
{
	struct buffer *buffer;

	for (u64 n = 1;; n++) {
		host_alloc_fail_nth(n);
		int error = buffer_read(bdev, 40 + n, &buffer);
		bool failed = host_alloc_failed();
		host_alloc_fail_nth(0);
		if (!failed) {
			ck_assert_int_eq(error, 0);
			buffer_put(buffer);
			break;
		}
		ck_assert_int_eq(error, -ENOMEM);
		buffer = read_ok(40 + n);
		buffer_put(buffer);
	}
	dirty_with(7, 0x77);
	for (u64 n = 1;; n++) {
		host_alloc_fail_nth(n);
		int error = buffer_sync(bdev);
		bool failed = host_alloc_failed();
		host_alloc_fail_nth(0);
		ck_assert_int_eq(error, failed ? -ENOMEM : 0);
		if (!failed)
			break;
	}
	ck_assert_uint_eq(host_disk_data(disk)[7 * 1024], 0x77);
}
END_TEST

START_TEST(reclaim_takes_what_is_clean_and_unused)
{
	struct buffer *held = read_ok(100);
	size_t bytes, dirty;

	for (u64 i = 0; i < 50; i++)
		buffer_put(read_ok(i));
	dirty_with(200, 9);
	for (int i = 0; i < 4; i++)
		host_shrink_all(1000, MM_NORMAL);
	buffer_usage_get(&bytes, &dirty);
	ck_assert_uint_eq(bytes, 2 * 1024);
	ck_assert_uint_eq(dirty, 1024);
	struct buffer *again = buffer_lookup(bdev, 100);
	ck_assert_ptr_eq(again, held);
	buffer_put(again);
	buffer_put(held);
	ck_assert_int_eq(buffer_sync(bdev), 0);
	ck_assert_uint_eq(host_disk_data(disk)[200 * 1024], 9);
}
END_TEST

START_TEST(the_block_size_changes_only_without_users)
{
	struct buffer *held = read_ok(1);

	ck_assert_int_eq(buffer_set_block_size(bdev, 4096), -EBUSY);
	buffer_put(held);
	dirty_with(4, 0x44);
	ck_assert_int_eq(buffer_set_block_size(bdev, 4096), 0);
	held = read_ok(1);
	ck_assert_uint_eq(held->size, 4096);
	ck_assert_uint_eq(((u8 *)held->data)[0], 0x44);
	buffer_put(held);
	ck_assert_int_eq(buffer_set_block_size(bdev, 256), -EINVAL);
	ck_assert_int_eq(buffer_set_block_size(bdev, 8192), -EINVAL);
	ck_assert_int_eq(buffer_set_block_size(bdev, 3000), -EINVAL);
}
END_TEST

START_TEST(read_ahead_fetches_blocks_before_they_are_wanted)
{
	u64 before = host_disk_requests(disk, HOST_DISK_READS);

	host_disk_set_worker(disk, true);
	buffer_readahead(bdev, 10, 6);
	for (u64 i = 10; i < 16; i++)
		buffer_put(read_ok(i));
	ck_assert_uint_eq(host_disk_requests(disk, HOST_DISK_READS), before + 6);
	buffer_readahead(bdev, 1020, 50); /* beyond the end: what there is */
	buffer_put(read_ok(1023));
	host_disk_set_worker(disk, false);
}
END_TEST

START_TEST(old_dirt_is_written_and_young_dirt_stays)
{
	dirty_with(1, 1);
	u64 between = clock_monotonic_ns();
	host_clock_advance(NSEC_PER_SEC);
	dirty_with(2, 2);
	buffer_writeback_old(between);
	ck_assert_uint_eq(host_disk_data(disk)[1024], 1);
	ck_assert_uint_eq(host_disk_data(disk)[2048], 0);
}
END_TEST

enum { THREADS = 4, ROUNDS = 300, HOT = 40 };

/* Each thread adds one to counters in blocks; what is synced in between must not lose any. */
static void add_to_counters(void *arg)
{
	for (u64 i = 0; i < ROUNDS; i++) {
		struct buffer *buffer;
		ck_assert_int_eq(buffer_read(bdev, (i * 7) % HOT, &buffer), 0);
		buffer_lock(buffer);
		++*(u32 *)buffer->data;
		buffer_mark_dirty(buffer);
		buffer_unlock(buffer);
		buffer_put(buffer);
		if (i % 50 == 0)
			ck_assert_int_eq(buffer_sync(bdev), 0);
		if (i % 60 == 0)
			host_shrink_all(20, MM_NORMAL);
	}
}

START_TEST(threads_lose_no_update_while_others_sync_and_reclaim)
{
	struct thread *threads[THREADS];
	u64 sum = 0;

	host_disk_set_worker(disk, true);
	for (int i = 0; i < THREADS; i++)
		threads[i] = host_thread_start(add_to_counters, NULL);
	for (int i = 0; i < THREADS; i++)
		host_thread_join(threads[i]);
	ck_assert_int_eq(buffer_sync(bdev), 0);
	host_disk_set_worker(disk, false);
	for (u64 i = 0; i < HOT; i++)
		sum += *(u32 *)(host_disk_data(disk) + i * 1024);
	ck_assert_uint_eq(sum, THREADS * ROUNDS);
}
END_TEST

Suite *suite_buffer(void)
{
	return suite_with(
	    "buffer", setup, NULL, a_block_is_read_once_and_found_again,
	    blocks_of_one_page_share_its_frame, a_dirty_block_reaches_the_disk_when_synced,
	    a_private_block_waits_for_its_owner, a_failed_read_says_so_and_can_be_tried_again,
	    a_failed_write_is_reported_once_by_the_next_sync, blocks_beyond_the_device_do_not_exist,
	    a_forgotten_block_is_not_written, memory_running_out_leaves_the_cache_usable,
	    reclaim_takes_what_is_clean_and_unused, the_block_size_changes_only_without_users,
	    read_ahead_fetches_blocks_before_they_are_wanted,
	    old_dirt_is_written_and_young_dirt_stays,
	    threads_lose_no_update_while_others_sync_and_reclaim);
}
