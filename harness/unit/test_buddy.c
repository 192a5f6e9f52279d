/*
 * The buddy algorithm over an array of pages of our own.
 */
#include "unit.h"

#include "lib/hash.h"
#include "mm/buddy.h"

enum { CHUNKS = 4, PAGES = CHUNKS << 10 };

static struct buddy buddy;
static struct page pages[PAGES];
static u8 owner[PAGES]; /* 0: free */

static void setup(void)
{
	buddy_init(&buddy);
	for (size_t i = 0; i < PAGES; i++)
		list_init(&pages[i].lru);
	buddy_free_range(&buddy, pages, 0, PAGES);
}

static size_t index_of(const struct page *page)
{
	return (size_t)(page - pages);
}

/* Every free block is aligned, inside, disjoint from the others and from what is in use. */
static void check(void)
{
	static bool seen[PAGES];
	struct page *page;
	size_t n = 0;

	memset(seen, 0, sizeof(seen));
	for (unsigned order = 0; order <= PAGE_MAX_ORDER; order++) {
		list_for_each_entry(page, &buddy.free[order], lru) {
			size_t at = index_of(page);
			ck_assert_uint_eq(at % BIT(order), 0);
			ck_assert_uint_le(at + BIT(order), PAGES);
			for (size_t i = at; i < at + BIT(order); i++) {
				ck_assert(!seen[i] && !owner[i]);
				seen[i] = true;
			}
			n += BIT(order);
		}
	}
	ck_assert_uint_eq(n, buddy.free_pages);
}

START_TEST(all_memory_starts_as_largest_blocks)
{
	check();
	ck_assert_uint_eq(buddy.free_pages, PAGES);
	ck_assert_uint_eq(list_length(&buddy.free[PAGE_MAX_ORDER]), CHUNKS);
	for (int i = 0; i < CHUNKS; i++)
		ck_assert_ptr_nonnull(buddy_alloc(&buddy, PAGE_MAX_ORDER));
	ck_assert_ptr_null(buddy_alloc(&buddy, 0));
	ck_assert(!buddy_has(&buddy, 0));
}
END_TEST

START_TEST(a_block_is_split_and_merges_again)
{
	struct page *page = buddy_alloc(&buddy, 3);

	ck_assert_uint_eq(index_of(page) % 8, 0);
	ck_assert_uint_eq(buddy.free_pages, PAGES - 8);
	for (unsigned order = 3; order < PAGE_MAX_ORDER; order++)
		ck_assert_uint_eq(list_length(&buddy.free[order]), 1);
	buddy_free(&buddy, page, index_of(page), 3);
	ck_assert_uint_eq(list_length(&buddy.free[PAGE_MAX_ORDER]), CHUNKS);
	check();
}
END_TEST

START_TEST(blocks_never_merge_across_a_chunk)
{
	struct page *all[PAGES];

	ck_assert_uint_eq(buddy_alloc_pages(&buddy, all, PAGES), PAGES);
	ck_assert_uint_eq(buddy_alloc_pages(&buddy, all, 1), 0);
	for (size_t i = 0; i < PAGES; i++)
		buddy_free(&buddy, &pages[i], i, 0);
	ck_assert_uint_eq(list_length(&buddy.free[PAGE_MAX_ORDER]), CHUNKS);
	check();
}
END_TEST

START_TEST(single_pages_come_in_any_number_and_each_once)
{
	struct page *got[700];

	ck_assert_uint_eq(buddy_alloc_pages(&buddy, got, 700), 700);
	for (size_t i = 0; i < 700; i++) {
		ck_assert(!owner[index_of(got[i])]);
		owner[index_of(got[i])] = 1;
	}
	check();
	ck_assert_uint_eq(buddy.free_pages, PAGES - 700);
}
END_TEST

START_TEST(ranges_of_any_place_and_length_can_be_given_back)
{
	struct page *got[PAGES];

	ck_assert_uint_eq(buddy_alloc_pages(&buddy, got, PAGES), PAGES);
	memset(owner, 1, sizeof(owner));
	for (size_t at = 0; at < PAGES;) {
		size_t n = min(hash_u64(at) % 97 + 1, PAGES - at);
		buddy_free_range(&buddy, &pages[at], at, n);
		memset(owner + at, 0, n);
		at += n;
		check();
	}
	ck_assert_uint_eq(list_length(&buddy.free[PAGE_MAX_ORDER]), CHUNKS);
}
END_TEST

START_TEST(random_use_keeps_every_block_whole)
{
	static struct {
		struct page *page;
		unsigned order;
	} held[200];

	for (u64 round = 0; round < 20000; round++) {
		u64 r = hash_u64(round);
		size_t slot = r % ARRAY_SIZE(held);
		if (held[slot].page) {
			size_t at = index_of(held[slot].page);
			memset(owner + at, 0, BIT(held[slot].order));
			buddy_free(&buddy, held[slot].page, at, held[slot].order);
			held[slot].page = NULL;
		} else {
			held[slot].order = (unsigned)(r >> 32) % 7;
			held[slot].page = buddy_alloc(&buddy, held[slot].order);
			if (held[slot].page)
				memset(owner + index_of(held[slot].page), 1, BIT(held[slot].order));
		}
		if (round % 1000 == 0)
			check();
	}
	check();
}
END_TEST

Suite *suite_buddy(void)
{
	return suite_with("buddy", setup, NULL, all_memory_starts_as_largest_blocks,
			  a_block_is_split_and_merges_again, blocks_never_merge_across_a_chunk,
			  single_pages_come_in_any_number_and_each_once,
			  ranges_of_any_place_and_length_can_be_given_back,
			  random_use_keeps_every_block_whole);
}
