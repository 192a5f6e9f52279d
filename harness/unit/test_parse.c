#include "unit.h"

#include "lib/parse.h"
#include "lib/uuid.h"

#define UNTOUCHED 12345

START_TEST(unsigned_numbers_parse_whole_or_not_at_all)
{
	static const struct {
		const char *text;
		unsigned base;
		int error;
		u64 value;
	} cases[] = {
	    {"0", 10, 0, 0},
	    {"42", 10, 0, 42},
	    {"007", 10, 0, 7},
	    {"18446744073709551615", 10, 0, U64_MAX},
	    {"18446744073709551616", 10, -ERANGE, 0},
	    {"99999999999999999999999", 10, -ERANGE, 0},
	    {"ffffffffffffffff", 16, 0, U64_MAX},
	    {"0xFF", 16, 0, 255},
	    {"0xff", 0, 0, 255},
	    {"0X1f", 0, 0, 31},
	    {"017", 0, 0, 15},
	    {"017", 8, 0, 15},
	    {"0", 0, 0, 0},
	    {"08", 0, -EINVAL, 0},
	    {"0x", 0, -EINVAL, 0},
	    {"0xg", 16, -EINVAL, 0},
	    {"", 10, -EINVAL, 0},
	    {" 1", 10, -EINVAL, 0},
	    {"1 ", 10, -EINVAL, 0},
	    {"-1", 10, -EINVAL, 0},
	    {"+1", 10, -EINVAL, 0},
	    {"12a", 10, -EINVAL, 0},
	    {"0x10", 10, -EINVAL, 0},
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		u64 value = UNTOUCHED;
		ck_assert_msg(parse_u64(cases[i].text, cases[i].base, &value) == cases[i].error,
			      "case %zu: \"%s\"", i, cases[i].text);
		ck_assert_uint_eq(value, cases[i].error ? UNTOUCHED : cases[i].value);
	}
}
END_TEST

START_TEST(signed_numbers_reach_both_ends)
{
	static const struct {
		const char *text;
		int error;
		s64 value;
	} cases[] = {
	    {"-1", 0, -1},
	    {"+7", 0, 7},
	    {"9223372036854775807", 0, S64_MAX},
	    {"9223372036854775808", -ERANGE, 0},
	    {"-9223372036854775808", 0, -S64_MAX - 1},
	    {"-9223372036854775809", -ERANGE, 0},
	    {"-", -EINVAL, 0},
	    {"--1", -EINVAL, 0},
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		s64 value = UNTOUCHED;
		ck_assert_int_eq(parse_s64(cases[i].text, 10, &value), cases[i].error);
		ck_assert_int_eq(value, cases[i].error ? UNTOUCHED : cases[i].value);
	}
}
END_TEST

START_TEST(a_32_bit_number_must_fit)
{
	u32 value = UNTOUCHED;

	ck_assert_int_eq(parse_u32("4294967296", 10, &value), -ERANGE);
	ck_assert_uint_eq(value, UNTOUCHED);
	ck_assert_int_eq(parse_u32("4294967295", 10, &value), 0);
	ck_assert_uint_eq(value, U32_MAX);
}
END_TEST

START_TEST(digits_are_taken_from_the_front)
{
	const char *s = "123,45";
	u64 value;

	ck_assert_int_eq(parse_digits(&s, 10, &value), 0);
	ck_assert_uint_eq(value, 123);
	ck_assert_str_eq(s, ",45");
	ck_assert_int_eq(parse_digits(&s, 10, &value), -EINVAL);
	ck_assert_str_eq(s, ",45");
}
END_TEST

START_TEST(sizes_have_units)
{
	static const struct {
		const char *text;
		int error;
		u64 value;
	} cases[] = {
	    {"32M", 0, 32 << 20},
	    {"4k", 0, 4096},
	    {"1G", 0, 1 << 30},
	    {"2t", 0, 2ull << 40},
	    {"17", 0, 17},
	    {"0x10K", 0, 16384},
	    {"", -EINVAL, 0},
	    {"M", -EINVAL, 0},
	    {"1X", -EINVAL, 0},
	    {"1MB", -EINVAL, 0},
	    {"16777216T", -ERANGE, 0},
	    {"16777215T", 0, 16777215ull << 40},
	    {"99999999999999999999", -ERANGE, 0},
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		u64 value = UNTOUCHED;
		ck_assert_msg(parse_size(cases[i].text, &value) == cases[i].error, "\"%s\"",
			      cases[i].text);
		ck_assert_uint_eq(value, cases[i].error ? UNTOUCHED : cases[i].value);
	}
}
END_TEST

START_TEST(a_uuid_survives_parsing_and_formatting)
{
	const char *text = "c12a7328-f81f-11d2-ba4b-00a0c93ec93b";
	struct uuid uuid;
	char back[UUID_TEXT];

	ck_assert_int_eq(uuid_parse(text, &uuid), 0);
	ck_assert_uint_eq(uuid.b[0], 0xc1);
	ck_assert_uint_eq(uuid.b[15], 0x3b);
	uuid_format(&uuid, back);
	ck_assert_str_eq(back, text);
	ck_assert_int_eq(uuid_parse("C12A7328-F81F-11D2-BA4B-00A0C93EC93B", &uuid), 0);
	uuid_format(&uuid, back);
	ck_assert_str_eq(back, text);
	ck_assert(!uuid_is_null(&uuid));
}
END_TEST

START_TEST(what_is_no_uuid_is_refused)
{
	static const char *const bad[] = {
	    "",
	    "c12a7328",
	    "c12a7328-f81f-11d2-ba4b-00a0c93ec93",
	    "c12a7328-f81f-11d2-ba4b-00a0c93ec93bb",
	    "c12a7328xf81f-11d2-ba4b-00a0c93ec93b",
	    "c12a732-8f81f-11d2-ba4b-00a0c93ec93b",
	    "g12a7328-f81f-11d2-ba4b-00a0c93ec93b",
	    "c12a7328f81f11d2ba4b00a0c93ec93b",
	};
	struct uuid uuid = {{1}};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		ck_assert_int_eq(uuid_parse(bad[i], &uuid), -EINVAL);
	ck_assert_uint_eq(uuid.b[0], 1);
}
END_TEST

START_TEST(a_guid_of_a_partition_table_is_put_in_order)
{
	/* The EFI system partition's type, as it lies on a disk. */
	static const u8 guid[16] = {0x28, 0x73, 0x2a, 0xc1, 0x1f, 0xf8, 0xd2, 0x11,
				    0xba, 0x4b, 0x00, 0xa0, 0xc9, 0x3e, 0xc9, 0x3b};
	struct uuid a, b;

	uuid_from_guid(guid, &a);
	ck_assert_int_eq(uuid_parse("c12a7328-f81f-11d2-ba4b-00a0c93ec93b", &b), 0);
	ck_assert(uuid_equal(&a, &b));
}
END_TEST

Suite *suite_parse(void)
{
	return suite_of("parse", unsigned_numbers_parse_whole_or_not_at_all,
			signed_numbers_reach_both_ends, a_32_bit_number_must_fit,
			digits_are_taken_from_the_front, sizes_have_units,
			a_uuid_survives_parsing_and_formatting, what_is_no_uuid_is_refused,
			a_guid_of_a_partition_table_is_put_in_order);
}
