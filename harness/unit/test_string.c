/*
 * The kernel's string functions, compiled here under other names and compared with libc's.
 */
#include "unit.h"

#define memcmp      k_memcmp
#define memchr      k_memchr
#define strlen      k_strlen
#define strnlen     k_strnlen
#define strcmp      k_strcmp
#define strncmp     k_strncmp
#define strcasecmp  k_strcasecmp
#define strncasecmp k_strncasecmp
#define strchr      k_strchr
#define strchrnul   k_strchrnul
#define strrchr     k_strrchr
#define strstr      k_strstr
#define strspn      k_strspn
#define strcspn     k_strcspn
#define strpbrk     k_strpbrk
#define strcpy      k_strcpy
#define strncpy     k_strncpy
#define strcat      k_strcat
#include "lib/string.c"
#undef memcmp
#undef memchr
#undef strlen
#undef strnlen
#undef strcmp
#undef strncmp
#undef strcasecmp
#undef strncasecmp
#undef strchr
#undef strchrnul
#undef strrchr
#undef strstr
#undef strspn
#undef strcspn
#undef strpbrk
#undef strcpy
#undef strncpy
#undef strcat

static int sign(int x)
{
	return (x > 0) - (x < 0);
}

static const char *const samples[] = {
    "",
    "a",
    "b",
    "ab",
    "ba",
    "abc",
    "ABC",
    "aBc",
    "abcabcabd",
    "abcdefgh",
    "abcdefghi",
    "\xff",
    "\x80 high",
    "/usr/lib/x86_64",
    "a/b",
    "//",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaab",
};

START_TEST(comparisons_agree_with_libc_on_all_pairs)
{
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(samples); j++) {
			const char *a = samples[i], *b = samples[j];
			ck_assert_int_eq(sign(k_strcmp(a, b)), sign(strcmp(a, b)));
			ck_assert_int_eq(sign(k_strcasecmp(a, b)), sign(strcasecmp(a, b)));
			for (size_t n = 0; n < 12; n++) {
				ck_assert_int_eq(sign(k_strncmp(a, b, n)), sign(strncmp(a, b, n)));
				ck_assert_int_eq(sign(k_strncasecmp(a, b, n)),
						 sign(strncasecmp(a, b, n)));
			}
			size_t n = min(strlen(a), strlen(b));
			ck_assert_int_eq(sign(k_memcmp(a, b, n)), sign(memcmp(a, b, n)));
		}
	}
}
END_TEST

START_TEST(searches_agree_with_libc_on_all_pairs)
{
	static const char chars[] = "abcB/\xff\x80x";

	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		const char *s = samples[i];
		for (size_t c = 0; c < sizeof(chars); c++) {
			ck_assert_ptr_eq(k_strchr(s, chars[c]), strchr(s, chars[c]));
			ck_assert_ptr_eq(k_strrchr(s, chars[c]), strrchr(s, chars[c]));
			ck_assert_ptr_eq(k_strchrnul(s, chars[c]), strchrnul(s, chars[c]));
			ck_assert_ptr_eq(k_memchr(s, chars[c], strlen(s)),
					 memchr(s, chars[c], strlen(s)));
		}
		for (size_t j = 0; j < ARRAY_SIZE(samples); j++) {
			ck_assert_ptr_eq(k_strstr(s, samples[j]), strstr(s, samples[j]));
			ck_assert_uint_eq(k_strspn(s, samples[j]), strspn(s, samples[j]));
			ck_assert_uint_eq(k_strcspn(s, samples[j]), strcspn(s, samples[j]));
			ck_assert_ptr_eq(k_strpbrk(s, samples[j]), strpbrk(s, samples[j]));
		}
	}
}
END_TEST

START_TEST(lengths_are_right_at_every_alignment)
{
	char buf[64] __aligned(8);

	for (size_t start = 0; start < 9; start++) {
		for (size_t n = 0; n < 40; n++) {
			memset(buf, 'x', sizeof(buf));
			buf[start + n] = '\0';
			ck_assert_uint_eq(k_strlen(buf + start), n);
			ck_assert_uint_eq(k_strnlen(buf + start, 20), min(n, 20));
		}
	}
}
END_TEST

START_TEST(copies_pad_and_append_as_the_standard_says)
{
	char buf[16], expected[16];

	memset(buf, 'z', sizeof(buf));
	memset(expected, 'z', sizeof(expected));
	ck_assert_ptr_eq(k_strncpy(buf, "abc", 10), buf);
	strncpy(expected, "abc", 10);
	ck_assert_mem_eq(buf, expected, sizeof(buf));
	ck_assert_str_eq(k_strcpy(buf, "hello"), "hello");
	ck_assert_str_eq(k_strcat(buf, " you"), "hello you");
}
END_TEST

START_TEST(strscpy_always_terminates_and_reports_a_cut)
{
	static const struct {
		const char *src;
		size_t size;
		ssize_t result;
		const char *dst;
	} cases[] = {
	    {"", 1, 0, ""},           {"abc", 4, 3, "abc"},   {"abc", 5, 3, "abc"},
	    {"abc", 3, -E2BIG, "ab"}, {"abc", 1, -E2BIG, ""},
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char buf[8] = "zzzzzzz";
		ck_assert_int_eq(strscpy(buf, cases[i].src, cases[i].size), cases[i].result);
		ck_assert_str_eq(buf, cases[i].dst);
		ck_assert_int_eq(buf[7], '\0');
	}
}
END_TEST

START_TEST(a_byte_that_differs_is_found_at_any_place)
{
	u8 buf[40];

	for (size_t n = 0; n < sizeof(buf); n++) {
		memset(buf, 0x5a, sizeof(buf));
		ck_assert_ptr_null(memchr_inv(buf, 0x5a, n));
		for (size_t at = 0; at < n; at++) {
			buf[at] = 1;
			ck_assert_ptr_eq(memchr_inv(buf, 0x5a, n), buf + at);
			buf[at] = 0x5a;
		}
	}
	ck_assert(mem_is_zero("\0\0\0", 4));
	ck_assert(!mem_is_zero("\0\0x", 4));
}
END_TEST

START_TEST(characters_are_classified)
{
	ck_assert(str_starts_with("console=ttyS0", "console="));
	ck_assert(!str_starts_with("con", "console="));
	for (int c = 1; c < 128; c++) {
		ck_assert_int_eq(char_is_digit((char)c), c >= '0' && c <= '9');
		ck_assert_int_eq(char_is_print((char)c), c >= 32 && c < 127);
	}
	ck_assert(char_is_space(' ') && char_is_space('\n') && char_is_space('\t'));
	ck_assert(!char_is_space('x') && !char_is_space('\0'));
	ck_assert_int_eq(char_hex_value('0'), 0);
	ck_assert_int_eq(char_hex_value('f'), 15);
	ck_assert_int_eq(char_hex_value('A'), 10);
	ck_assert_int_eq(char_hex_value('g'), -1);
	ck_assert_int_eq(char_to_lower('Z'), 'z');
	ck_assert_int_eq(char_to_lower('['), '[');
}
END_TEST

Suite *suite_string(void)
{
	return suite_of("string", comparisons_agree_with_libc_on_all_pairs,
			searches_agree_with_libc_on_all_pairs, lengths_are_right_at_every_alignment,
			copies_pad_and_append_as_the_standard_says,
			strscpy_always_terminates_and_reports_a_cut,
			a_byte_that_differs_is_found_at_any_place, characters_are_classified);
}
