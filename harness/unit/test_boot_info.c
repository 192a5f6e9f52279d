#include "unit.h"

#include "hw/boot_int.h"

/* The map as text: one letter per page, of the first pages. */
static void expect(const struct boot_info *info, const char *pages)
{
	char got[65];
	u64 last = 0;

	memset(got, '.', sizeof(got));
	got[strlen(pages)] = '\0';
	for (unsigned int i = 0; i < info->range_count; i++) {
		const struct memory_range *range = &info->ranges[i];

		ck_assert_uint_ge(range->base, last);
		ck_assert_uint_gt(range->size, 0);
		last = range->base + range->size;
		for (u64 page = range->base >> 12; page < last >> 12 && page < strlen(pages);
		     page++)
			got[page] = "RxA"[range->kind];
	}
	ck_assert_str_eq(got, pages);
}

static void add(struct boot_info *info, u64 page, u64 pages, enum memory_kind kind)
{
	boot_range_add(info, page << 12, pages << 12, kind);
}

START_TEST(later_ranges_replace_what_they_overlap)
{
	struct boot_info info = {0};

	add(&info, 2, 8, MEMORY_RAM);
	expect(&info, "..RRRRRRRR..");
	add(&info, 0, 1, MEMORY_RAM);
	expect(&info, "R.RRRRRRRR..");
	add(&info, 4, 2, MEMORY_RESERVED);
	expect(&info, "R.RRxxRRRR..");
	add(&info, 9, 2, MEMORY_ACPI);
	expect(&info, "R.RRxxRRRAA.");
	add(&info, 1, 1, MEMORY_RESERVED);
	expect(&info, "RxRRxxRRRAA.");
	add(&info, 0, 12, MEMORY_RESERVED);
	expect(&info, "xxxxxxxxxxxx");
	ck_assert_uint_eq(info.range_count, 1);
}
END_TEST

START_TEST(only_whole_pages_are_ram)
{
	struct boot_info info = {0};

	boot_range_add(&info, 0x800, 0x3000, MEMORY_RAM);
	expect(&info, ".RR.");
	boot_range_add(&info, 0x2800, 0x10, MEMORY_RESERVED);
	expect(&info, ".Rx.");
	boot_range_add(&info, 0x3010, 0x20, MEMORY_RAM);
	expect(&info, ".Rx.");
}
END_TEST

START_TEST(impossible_ranges_are_cut_or_ignored)
{
	struct boot_info info = {0};

	boot_range_add(&info, 0x1000, ~0ull, MEMORY_RAM);
	ck_assert_uint_eq(info.range_count, 1);
	ck_assert_uint_eq(info.ranges[0].base + info.ranges[0].size, BOOT_PHYS_MAX);
	boot_range_add(&info, ~0ull - 5, 0x1000, MEMORY_RESERVED);
	boot_range_add(&info, BOOT_PHYS_MAX, 0x1000, MEMORY_RAM);
	boot_range_add(&info, 0x5000, 0, MEMORY_RESERVED);
	ck_assert_uint_eq(info.range_count, 1);
}
END_TEST

START_TEST(too_many_ranges_never_make_reserved_memory_ram)
{
	struct boot_info info = {0};

	add(&info, 0, 4096, MEMORY_RAM);
	for (u64 i = 0; i < 1000; i++)
		add(&info, 1 + 2 * i, 1, i % 3 ? MEMORY_RESERVED : MEMORY_ACPI);
	ck_assert_uint_le(info.range_count, BOOT_RANGES_MAX);
	for (unsigned int i = 0; i < info.range_count; i++)
		for (u64 page = info.ranges[i].base >> 12;
		     page < (info.ranges[i].base + info.ranges[i].size) >> 12; page++)
			if (page % 2 && page < 2000)
				ck_assert_int_ne(info.ranges[i].kind, MEMORY_RAM);
}
END_TEST

START_TEST(a_command_line_is_cut_to_size_and_ends)
{
	static struct boot_info info;
	char text[BOOT_CMDLINE_MAX + 100];

	memset(text, 'x', sizeof(text));
	boot_cmdline_set(&info, text, sizeof(text));
	ck_assert_uint_eq(strlen(info.cmdline), BOOT_CMDLINE_MAX - 1);
	boot_cmdline_set(&info, "root=/dev/vda", 4);
	ck_assert_str_eq(info.cmdline, "root");
}
END_TEST

Suite *suite_boot_info(void)
{
	return suite_of("boot_info", later_ranges_replace_what_they_overlap,
			only_whole_pages_are_ram, impossible_ranges_are_cut_or_ignored,
			too_many_ranges_never_make_reserved_memory_ram,
			a_command_line_is_cut_to_size_and_ends);
}
