#include "unit.h"

#include "lib/bitmap.h"
#include "lib/hash.h"

#define BITS 203

/* A reference: one bool per bit, and a map of exactly as many bytes as it needs, on the heap. */
static bool bits[BITS];
static u8 *map;

static void setup(void)
{
	map = calloc(1, BITMAP_BYTES(BITS));
	memset(bits, 0, sizeof(bits));
}

static void teardown(void)
{
	free(map);
}

static void fill(u64 seed, unsigned of_eight)
{
	for (size_t i = 0; i < BITS; i++) {
		bits[i] = hash_u64(seed * 1000 + i) % 8 < of_eight;
		if (bits[i])
			bitmap_set(map, i);
		else
			bitmap_clear(map, i);
	}
}

static size_t reference_find(size_t size, size_t from, bool value)
{
	for (size_t i = from; i < size; i++)
		if (bits[i] == value)
			return i;
	return size;
}

static size_t reference_run(size_t size, size_t from, size_t count)
{
	for (size_t start = from; start + count <= size; start++) {
		size_t n = 0;
		while (n < count && !bits[start + n])
			n++;
		if (n == count)
			return start;
	}
	return size;
}

static void check_all(void)
{
	for (size_t i = 0; i < BITS; i++)
		ck_assert_int_eq(bitmap_test(map, i), bits[i]);
}

START_TEST(bit_order_is_that_of_the_disk)
{
	bitmap_set(map, 0);
	bitmap_set(map, 9);
	bitmap_set(map, 23);
	ck_assert_uint_eq(map[0], 0x01);
	ck_assert_uint_eq(map[1], 0x02);
	ck_assert_uint_eq(map[2], 0x80);
	bitmap_clear(map, 9);
	ck_assert_uint_eq(map[1], 0);
}
END_TEST

START_TEST(finding_agrees_with_a_plain_loop_for_every_start_and_size)
{
	for (unsigned density = 0; density <= 8; density += 2) {
		fill(density, density);
		for (size_t size = 0; size <= BITS; size += size < 70 ? 1 : 13)
			for (size_t from = 0; from <= size; from++) {
				ck_assert_uint_eq(bitmap_find_set(map, size, from),
						  reference_find(size, from, true));
				ck_assert_uint_eq(bitmap_find_zero(map, size, from),
						  reference_find(size, from, false));
			}
	}
}
END_TEST

START_TEST(the_last_set_bit_is_found)
{
	fill(3, 2);
	for (size_t size = 0; size <= BITS; size++) {
		size_t last = size;
		for (size_t i = 0; i < size; i++)
			if (bits[i])
				last = i;
		ck_assert_uint_eq(bitmap_find_last_set(map, size), last);
	}
}
END_TEST

START_TEST(runs_of_zeros_are_found_where_a_plain_loop_finds_them)
{
	for (unsigned density = 1; density < 6; density++) {
		fill(density, density);
		for (size_t count = 1; count < 12; count++)
			for (size_t from = 0; from <= BITS; from += 7)
				ck_assert_uint_eq(bitmap_find_zero_run(map, BITS, from, count),
						  reference_run(BITS, from, count));
	}
	memset(map, 0, BITMAP_BYTES(BITS));
	ck_assert_uint_eq(bitmap_find_zero_run(map, BITS, 0, BITS), 0);
	ck_assert_uint_eq(bitmap_find_zero_run(map, BITS, 1, BITS), BITS);
}
END_TEST

START_TEST(ranges_change_their_bits_and_no_others)
{
	for (size_t first = 0; first < BITS; first += 3) {
		for (size_t count = 0; first + count <= BITS; count += 5) {
			bool value = (first + count) % 2;
			fill(first, 4);
			for (size_t i = first; i < first + count; i++)
				bits[i] = value;
			if (value)
				bitmap_set_range(map, first, count);
			else
				bitmap_clear_range(map, first, count);
			check_all();
			ck_assert(value ? bitmap_all_set(map, first, count)
					: bitmap_all_zero(map, first, count));
		}
	}
}
END_TEST

START_TEST(the_weight_counts_any_range)
{
	fill(9, 3);
	for (size_t first = 0; first < BITS; first++) {
		size_t weight = 0;
		for (size_t end = first; end <= BITS; end++) {
			ck_assert_uint_eq(bitmap_weight(map, first, end - first), weight);
			weight += end < BITS && bits[end];
		}
	}
}
END_TEST

START_TEST(an_all_set_range_with_a_hole_is_not_all_set)
{
	bitmap_set_range(map, 0, BITS);
	ck_assert(bitmap_all_set(map, 0, BITS));
	bitmap_clear(map, 100);
	ck_assert(!bitmap_all_set(map, 0, BITS));
	ck_assert(bitmap_all_set(map, 101, BITS - 101));
	ck_assert(bitmap_all_zero(map, 100, 1));
	ck_assert(!bitmap_all_zero(map, 99, 2));
}
END_TEST

Suite *suite_bitmap(void)
{
	return suite_with("bitmap", setup, teardown, bit_order_is_that_of_the_disk,
			  finding_agrees_with_a_plain_loop_for_every_start_and_size,
			  the_last_set_bit_is_found,
			  runs_of_zeros_are_found_where_a_plain_loop_finds_them,
			  ranges_change_their_bits_and_no_others, the_weight_counts_any_range,
			  an_all_set_range_with_a_hole_is_not_all_set);
}
