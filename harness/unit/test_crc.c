#include "unit.h"

#include "lib/crc.h"
#include "lib/hash.h"

/* The definition: bit by bit, reflected. */
static u32 by_definition(u32 poly, u32 crc, const u8 *p, size_t n)
{
	while (n--) {
		crc ^= *p++;
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ poly : crc >> 1;
	}
	return crc;
}

static u8 data[300];

static void fill(void)
{
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (u8)hash_u64(i);
}

START_TEST(the_check_values_of_the_catalogue_come_out)
{
	const char *check = "123456789";

	ck_assert_uint_eq(~crc32c(~0u, check, 9), 0xe3069283);
	ck_assert_uint_eq(~crc32(~0u, check, 9), 0xcbf43926);
	ck_assert_uint_eq(crc32_be(~0u, check, 9), 0x0376e6e7);
	ck_assert_uint_eq(crc16(0, check, 9), 0xbb3d);
	ck_assert_uint_eq(crc16(0xffff, check, 9), 0x4b37);
}
END_TEST

START_TEST(every_length_and_alignment_agrees_with_the_definition)
{
	fill();
	for (size_t start = 0; start < 9; start++) {
		for (size_t n = 0; n < 80; n++) {
			const u8 *p = data + start;
			ck_assert_uint_eq(crc32c_table(7, p, n),
					  by_definition(0x82f63b78, 7, p, n));
			ck_assert_uint_eq(crc32(7, p, n), by_definition(0xedb88320, 7, p, n));
			ck_assert_uint_eq(crc16(7, p, n), by_definition(0xa001, 7, p, n));
		}
	}
}
END_TEST

START_TEST(a_check_in_pieces_equals_the_whole)
{
	fill();
	u32 c = crc32c(~0u, data, sizeof(data)), d = crc32(~0u, data, sizeof(data));
	u16 e = crc16(0xffff, data, sizeof(data));

	for (size_t cut = 0; cut <= sizeof(data); cut++) {
		const u8 *rest = data + cut;
		size_t n = sizeof(data) - cut;
		ck_assert_uint_eq(crc32c(crc32c(~0u, data, cut), rest, n), c);
		ck_assert_uint_eq(crc32(crc32(~0u, data, cut), rest, n), d);
		ck_assert_uint_eq(crc16(crc16(0xffff, data, cut), rest, n), e);
	}
}
END_TEST

START_TEST(no_data_changes_nothing)
{
	ck_assert_uint_eq(crc32c(0x12345678, NULL, 0), 0x12345678);
	ck_assert_uint_eq(crc32(0x12345678, NULL, 0), 0x12345678);
	ck_assert_uint_eq(crc16(0x1234, NULL, 0), 0x1234);
}
END_TEST

#ifdef __x86_64__
#include "hw/x86_64/crc32c.h"

START_TEST(the_processors_instruction_agrees_with_the_table)
{
	if (!__builtin_cpu_supports("sse4.2"))
		return;
	fill();
	for (size_t start = 0; start < 9; start++)
		for (size_t n = 0; n < 80; n++)
			ck_assert_uint_eq(crc32c_instruction(7, data + start, n),
					  crc32c_table(7, data + start, n));
}
END_TEST
#else
START_TEST(the_processors_instruction_agrees_with_the_table)
{
}
END_TEST
#endif

Suite *suite_crc(void)
{
	return suite_of("crc", the_check_values_of_the_catalogue_come_out,
			every_length_and_alignment_agrees_with_the_definition,
			a_check_in_pieces_equals_the_whole, no_data_changes_nothing,
			the_processors_instruction_agrees_with_the_table);
}
