#include "unit.h"

#include "host_memory.h"
#include "lib/hash.h"
#include "lib/radix.h"
#include "mm/kmalloc.h"

static struct radix tree;

/* An item that says its index. */
static void *item(u64 index)
{
	return (void *)(uintptr_t)(index ^ 0xdeadbeefcafe0000);
}

static void insert(u64 index)
{
	ck_assert_int_eq(radix_insert(&tree, index, item(index), MM_NORMAL), 0);
}

START_TEST(items_are_found_at_any_index_and_nowhere_else)
{
	static const u64 indices[] = {0,          1,          63,          64,
				      4095,       4096,       1ull << 32,  (1ull << 62) - 1,
				      1ull << 62, 1ull << 63, U64_MAX - 1, U64_MAX};

	for (size_t i = 0; i < ARRAY_SIZE(indices); i++) {
		ck_assert_ptr_null(radix_lookup(&tree, indices[i]));
		insert(indices[i]);
		for (size_t j = 0; j < ARRAY_SIZE(indices); j++)
			ck_assert_ptr_eq(radix_lookup(&tree, indices[j]),
					 j <= i ? item(indices[j]) : NULL);
	}
	ck_assert_ptr_null(radix_lookup(&tree, 2));
	ck_assert_ptr_null(radix_lookup(&tree, 1ull << 61));
	ck_assert_int_eq(radix_insert(&tree, 64, item(1), MM_NORMAL), -EEXIST);
	for (size_t i = 0; i < ARRAY_SIZE(indices); i++) {
		ck_assert_ptr_eq(radix_delete(&tree, indices[i]), item(indices[i]));
		ck_assert_ptr_null(radix_delete(&tree, indices[i]));
	}
	ck_assert(radix_empty(&tree));
	ck_assert_uint_eq(host_objects_outstanding(), 0);
}
END_TEST

START_TEST(a_tree_shrinks_when_its_far_items_go)
{
	insert(5);
	size_t small = host_objects_outstanding();
	insert(1ull << 40);
	ck_assert_uint_gt(host_objects_outstanding(), small);
	radix_delete(&tree, 1ull << 40);
	ck_assert_uint_eq(host_objects_outstanding(), small);
	ck_assert_ptr_eq(radix_lookup(&tree, 5), item(5));
	radix_delete(&tree, 5);
	ck_assert_uint_eq(host_objects_outstanding(), 0);
}
END_TEST

START_TEST(a_failed_insertion_leaves_the_tree_as_it_was)
{
	insert(3);
	size_t before = host_objects_outstanding();
	for (u64 n = 1;; n++) {
		host_alloc_fail_nth(n);
		int error = radix_insert(&tree, 1ull << 50, item(9), MM_NORMAL);
		bool failed = host_alloc_failed();
		host_alloc_fail_nth(0);
		if (!failed) {
			ck_assert_int_eq(error, 0);
			ck_assert_uint_gt(n, 5);
			break;
		}
		ck_assert_int_eq(error, -ENOMEM);
		ck_assert_uint_eq(host_objects_outstanding(), before);
		ck_assert_ptr_eq(radix_lookup(&tree, 3), item(3));
		ck_assert_ptr_null(radix_lookup(&tree, 1ull << 50));
	}
	radix_delete(&tree, 3);
	radix_delete(&tree, 1ull << 50);
	ck_assert_uint_eq(host_objects_outstanding(), 0);
}
END_TEST

START_TEST(walking_meets_every_item_in_order)
{
	static const u64 indices[] = {0, 5, 63, 64, 127, 4096, 262143, 262144, 1ull << 40, U64_MAX};
	u64 index = 0;
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(indices); i++)
		insert(indices[ARRAY_SIZE(indices) - 1 - i]);
	while (radix_find(&tree, &index, U64_MAX)) {
		ck_assert_uint_eq(index, indices[n++]);
		if (index++ == U64_MAX)
			break;
	}
	ck_assert_uint_eq(n, ARRAY_SIZE(indices));
	index = 6;
	ck_assert_ptr_null(radix_find(&tree, &index, 62));
	ck_assert_uint_eq(index, 6);
	ck_assert_ptr_eq(radix_find(&tree, &index, 63), item(63));
}
END_TEST

START_TEST(gang_lookup_stops_at_its_limit_and_at_the_last_index)
{
	void *found[10];
	u64 at[10];

	for (u64 i = 0; i < 100; i++)
		insert(i * 3);
	ck_assert_uint_eq(radix_gang_lookup(&tree, 4, U64_MAX, found, at, 10), 10);
	for (u64 i = 0; i < 10; i++) {
		ck_assert_uint_eq(at[i], 6 + i * 3);
		ck_assert_ptr_eq(found[i], item(6 + i * 3));
	}
	ck_assert_uint_eq(radix_gang_lookup(&tree, 4, 12, found, NULL, 10), 3);
	ck_assert_uint_eq(radix_gang_lookup(&tree, 298, U64_MAX, found, at, 10), 0);
	ck_assert_uint_eq(radix_gang_lookup(&tree, 297, 297, found, at, 10), 1);
}
END_TEST

START_TEST(tags_are_found_and_forgotten_with_their_items)
{
	u64 index = 0;

	for (u64 i = 0; i < 1000; i++)
		insert(i * 7);
	ck_assert(!radix_tagged(&tree, RADIX_DIRTY));
	radix_tag_set(&tree, 3, RADIX_DIRTY); /* nothing there */
	ck_assert(!radix_tagged(&tree, RADIX_DIRTY));
	radix_tag_set(&tree, 700, RADIX_DIRTY);
	radix_tag_set(&tree, 6300, RADIX_DIRTY);
	radix_tag_set(&tree, 700, RADIX_WRITEBACK);
	ck_assert(radix_tag_test(&tree, 700, RADIX_DIRTY));
	ck_assert(!radix_tag_test(&tree, 707, RADIX_DIRTY));
	ck_assert_ptr_eq(radix_find_tagged(&tree, &index, U64_MAX, RADIX_DIRTY), item(700));
	index++;
	ck_assert_ptr_eq(radix_find_tagged(&tree, &index, U64_MAX, RADIX_DIRTY), item(6300));
	radix_tag_clear(&tree, 700, RADIX_DIRTY);
	radix_tag_clear(&tree, 700, RADIX_DIRTY);
	ck_assert(radix_tag_test(&tree, 700, RADIX_WRITEBACK));
	ck_assert(radix_tagged(&tree, RADIX_DIRTY));
	radix_delete(&tree, 6300);
	ck_assert(!radix_tagged(&tree, RADIX_DIRTY));
	radix_delete(&tree, 700);
	ck_assert(!radix_tagged(&tree, RADIX_WRITEBACK));
}
END_TEST

START_TEST(a_growing_tree_keeps_its_tags)
{
	u64 index = 0;

	insert(1);
	radix_tag_set(&tree, 1, RADIX_DIRTY);
	insert(1ull << 30);
	insert(U64_MAX);
	ck_assert(radix_tagged(&tree, RADIX_DIRTY));
	ck_assert_ptr_eq(radix_find_tagged(&tree, &index, U64_MAX, RADIX_DIRTY), item(1));
	radix_delete(&tree, U64_MAX);
	radix_delete(&tree, 1ull << 30);
	ck_assert(radix_tag_test(&tree, 1, RADIX_DIRTY));
}
END_TEST

START_TEST(copying_tags_is_bounded_by_the_range)
{
	void *found[200];

	for (u64 i = 0; i < 200; i++) {
		insert(i);
		if (i % 2)
			radix_tag_set(&tree, i, RADIX_DIRTY);
	}
	ck_assert_uint_eq(radix_tag_copy(&tree, 50, 149, RADIX_DIRTY, RADIX_TOWRITE), 50);
	ck_assert_uint_eq(
	    radix_gang_lookup_tagged(&tree, 0, U64_MAX, RADIX_TOWRITE, found, NULL, 200), 50);
	ck_assert_ptr_eq(found[0], item(51));
	ck_assert_ptr_eq(found[49], item(149));
	ck_assert_uint_eq(radix_tag_copy(&tree, 300, U64_MAX, RADIX_DIRTY, RADIX_TOWRITE), 0);
}
END_TEST

START_TEST(replacing_keeps_the_tags)
{
	insert(9);
	radix_tag_set(&tree, 9, RADIX_DIRTY);
	ck_assert_ptr_eq(radix_replace(&tree, 9, item(1)), item(9));
	ck_assert_ptr_eq(radix_lookup(&tree, 9), item(1));
	ck_assert(radix_tag_test(&tree, 9, RADIX_DIRTY));
}
END_TEST

START_TEST(random_use_agrees_with_a_plain_array)
{
	enum { SPACE = 3000 };
	static bool present[SPACE], dirty[SPACE];

	for (u64 round = 0; round < 30000; round++) {
		u64 r = hash_u64(round), i = r % SPACE, index = i * 97;
		switch (r >> 32 & 3) {
		case 0:
			ck_assert_int_eq(radix_insert(&tree, index, item(index), MM_NORMAL),
					 present[i] ? -EEXIST : 0);
			present[i] = true;
			break;
		case 1:
			ck_assert_ptr_eq(radix_delete(&tree, index),
					 present[i] ? item(index) : NULL);
			present[i] = dirty[i] = false;
			break;
		case 2:
			radix_tag_set(&tree, index, RADIX_DIRTY);
			dirty[i] = present[i];
			break;
		default:
			radix_tag_clear(&tree, index, RADIX_DIRTY);
			dirty[i] = false;
			break;
		}
		u64 from = hash_u64(round + 1) % SPACE, next = from;
		while (next < SPACE && !dirty[next])
			next++;
		u64 at = from * 97;
		void *found = radix_find_tagged(&tree, &at, U64_MAX, RADIX_DIRTY);
		ck_assert_ptr_eq(found, next < SPACE ? item(next * 97) : NULL);
	}
	for (u64 i = 0; i < SPACE; i++)
		radix_delete(&tree, i * 97);
	ck_assert(radix_empty(&tree));
	ck_assert_uint_eq(host_objects_outstanding(), 0);
}
END_TEST

Suite *suite_radix(void)
{
	return suite_of(
	    "radix", items_are_found_at_any_index_and_nowhere_else,
	    a_tree_shrinks_when_its_far_items_go, a_failed_insertion_leaves_the_tree_as_it_was,
	    walking_meets_every_item_in_order, gang_lookup_stops_at_its_limit_and_at_the_last_index,
	    tags_are_found_and_forgotten_with_their_items, a_growing_tree_keeps_its_tags,
	    copying_tags_is_bounded_by_the_range, replacing_keeps_the_tags,
	    random_use_agrees_with_a_plain_array);
}
