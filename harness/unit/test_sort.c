#include "unit.h"

#include "lib/hash.h"
#include "lib/ksyms.h"
#include "lib/sort.h"

static int compare_u32(const void *a, const void *b)
{
	u32 x = *(const u32 *)a, y = *(const u32 *)b;

	return x < y ? -1 : x > y;
}

START_TEST(any_number_of_elements_is_sorted)
{
	for (size_t n = 0; n < 200; n++) {
		u32 *ours = calloc(n, sizeof(u32)), *theirs = calloc(n, sizeof(u32));
		for (size_t i = 0; i < n; i++)
			ours[i] = theirs[i] = (u32)hash_u64(n * 1000 + i) % 64;
		sort(ours, n, sizeof(u32), compare_u32);
		qsort(theirs, n, sizeof(u32), compare_u32);
		if (n)
			ck_assert_mem_eq(ours, theirs, n * sizeof(u32));
		free(ours);
		free(theirs);
	}
}
END_TEST

START_TEST(sorted_and_reversed_input_is_no_special_case)
{
	u32 up[1000], down[1000];

	for (u32 i = 0; i < 1000; i++) {
		up[i] = i;
		down[i] = 999 - i;
	}
	sort(up, 1000, sizeof(u32), compare_u32);
	sort(down, 1000, sizeof(u32), compare_u32);
	for (u32 i = 0; i < 1000; i++) {
		ck_assert_uint_eq(up[i], i);
		ck_assert_uint_eq(down[i], i);
	}
}
END_TEST

struct odd {
	u32 key;
	char payload[9];
};

START_TEST(elements_of_odd_size_move_whole)
{
	struct odd items[50];

	for (u32 i = 0; i < 50; i++) {
		items[i].key = (u32)hash_u64(i) % 1000;
		snprintf(items[i].payload, sizeof(items[i].payload), "%u", items[i].key);
	}
	sort(items, 50, sizeof(items[0]), compare_u32);
	for (u32 i = 0; i < 50; i++) {
		char expected[16];
		snprintf(expected, sizeof(expected), "%u", items[i].key);
		ck_assert_str_eq(items[i].payload, expected);
		ck_assert(i == 0 || items[i - 1].key <= items[i].key);
	}
}
END_TEST

START_TEST(an_address_is_named_by_the_symbol_before_it)
{
	static const struct ksym table[] = {{0x10, 0}, {0x20, 6}, {0x100, 11}};
	static const char names[] = "start\0main\0stop";
	static const struct {
		u32 offset;
		const char *name;
		u32 into;
	} cases[] = {
	    {0x10, "start", 0},   {0x1f, "start", 15}, {0x20, "main", 0},
	    {0xff, "main", 0xdf}, {0x100, "stop", 0},  {0xffffffff, "stop", 0xfffffeff},
	};
	u32 into;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		ck_assert_str_eq(ksyms_find(table, 3, names, cases[i].offset, &into),
				 cases[i].name);
		ck_assert_uint_eq(into, cases[i].into);
	}
	ck_assert_ptr_null(ksyms_find(table, 3, names, 0x0f, &into));
	ck_assert_ptr_null(ksyms_find(table, 0, names, 0x50, &into));
}
END_TEST

Suite *suite_sort(void)
{
	return suite_of(
	    "sort", any_number_of_elements_is_sorted, sorted_and_reversed_input_is_no_special_case,
	    elements_of_odd_size_move_whole, an_address_is_named_by_the_symbol_before_it);
}
