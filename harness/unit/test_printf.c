#include "unit.h"

#include "lib/printf.h"

/* The same format and arguments give libc's text and length, whole and cut short. */
#define SAME(...)                                                                                  \
	do {                                                                                       \
		char ours[256], theirs[256];                                                       \
		int n = ksnprintf(ours, sizeof(ours), __VA_ARGS__);                                \
		ck_assert_int_eq(n, snprintf(theirs, sizeof(theirs), __VA_ARGS__));                \
		ck_assert_str_eq(ours, theirs);                                                    \
		for (size_t size = 1; size < 8; size++) {                                          \
			ck_assert_int_eq(ksnprintf(ours, size, __VA_ARGS__), n);                   \
			snprintf(theirs, size, __VA_ARGS__);                                       \
			ck_assert_str_eq(ours, theirs);                                            \
		}                                                                                  \
	} while (0)

#pragma GCC diagnostic ignored "-Wformat-truncation"
#pragma GCC diagnostic ignored "-Wformat"

START_TEST(plain_text_and_percent_pass_through)
{
	SAME("%s", "");
	SAME("plain");
	SAME("100%%");
	SAME("%%%s%%", "x");
}
END_TEST

START_TEST(integers_agree_with_libc_for_every_flag_width_and_precision)
{
	static const char *const flags[] = {"",   "-",  "0",  "+",  " ", "#",
					    "-+", "0+", "# ", "-0", "#0"};
	static const char *const sizes[] = {"", "1", "5", "12", ".0", ".3", "8.5", "3.8", "12.1"};
	static const char convs[] = "diuoxX";
	static const int values[] = {0, 1, -1, 7, 12345, -12345, INT_MAX, INT_MIN};

	for (size_t f = 0; f < ARRAY_SIZE(flags); f++)
		for (size_t s = 0; s < ARRAY_SIZE(sizes); s++)
			for (size_t c = 0; c < sizeof(convs) - 1; c++)
				for (size_t v = 0; v < ARRAY_SIZE(values); v++) {
					char fmt[32];
					snprintf(fmt, sizeof(fmt), "[%%%s%s%c]", flags[f], sizes[s],
						 convs[c]);
					SAME(fmt, values[v]);
				}
}
END_TEST

START_TEST(length_modifiers_narrow_and_widen)
{
	SAME("%hhd %hhu %hhx", 0x1ff, 0x1ff, 0x1ff);
	SAME("%hd %hu %hx", 0x1ffff, 0x1ffff, 0x1ffff);
	SAME("%ld %lu %lx", LONG_MIN, ULONG_MAX, 0x123456789abcdefl);
	SAME("%lld %llu %llX", (long long)S64_MAX, U64_MAX, U64_MAX);
	SAME("%zu %zx %zd %jd %td", (size_t)-1, (size_t)5, (ssize_t)-5, (intmax_t)-7, (ptrdiff_t)9);
}
END_TEST

START_TEST(strings_respect_width_and_precision)
{
	SAME("%s|%10s|%-10s|", "abc", "abc", "abc");
	SAME("%.2s|%.0s|%.9s|", "abc", "abc", "abc");
	SAME("%5.1s|%-5.1s|", "abc", "abc");
	SAME("%c%c%3c%-3c|", 'a', 'b', 'c', 'd');
	SAME("%*d|%-*d|%.*s|%*.*s", 5, 42, 5, 42, 2, "abc", 6, 1, "xyz");
	SAME("%*d|", -5, 42);
	SAME("%.*d|%.*s", -1, 42, -1, "abc");
}
END_TEST

START_TEST(a_precision_bounds_how_far_a_string_is_read)
{
	char *text = malloc(3); /* no NUL: AddressSanitizer watches */
	char buf[16];

	memcpy(text, "abc", 3);
	ksnprintf(buf, sizeof(buf), "%.3s!", text);
	ck_assert_str_eq(buf, "abc!");
	free(text);
}
END_TEST

START_TEST(pointers_and_nulls_have_one_form)
{
	char buf[64];

	ksnprintf(buf, sizeof(buf), "%p %p %s %.3s", (void *)0x1234abcd, NULL, (char *)NULL,
		  (char *)NULL);
	ck_assert_str_eq(buf, "0x1234abcd 0x0 (null) (nu");
	SAME("%20p|%-20p|", (void *)0xfeed, (void *)0xbeef);
}
END_TEST

START_TEST(an_unknown_conversion_is_shown_and_takes_no_argument)
{
	char buf[64];

	ksnprintf(buf, sizeof(buf), "%y %d %", 5);
	ck_assert_str_eq(buf, "%y 5 %");
	ksnprintf(buf, sizeof(buf), "%5");
	ck_assert_str_eq(buf, "%5");
}
END_TEST

START_TEST(a_buffer_of_no_bytes_is_left_alone)
{
	char c = 'x';

	ck_assert_int_eq(ksnprintf(&c, 0, "%d", 1234), 4);
	ck_assert_int_eq(c, 'x');
	ck_assert_uint_eq(kscnprintf(&c, 0, "%d", 1234), 0);
	ck_assert_uint_eq(kscnprintf(&c, 1, "%d", 1234), 0);
	ck_assert_int_eq(c, '\0');
}
END_TEST

START_TEST(scnprintf_returns_what_is_in_the_buffer)
{
	char buf[5];

	ck_assert_uint_eq(kscnprintf(buf, sizeof(buf), "%s", "abc"), 3);
	ck_assert_uint_eq(kscnprintf(buf, sizeof(buf), "%s", "abcdefgh"), 4);
	ck_assert_str_eq(buf, "abcd");
}
END_TEST

Suite *suite_printf(void)
{
	return suite_of(
	    "printf", plain_text_and_percent_pass_through,
	    integers_agree_with_libc_for_every_flag_width_and_precision,
	    length_modifiers_narrow_and_widen, strings_respect_width_and_precision,
	    a_precision_bounds_how_far_a_string_is_read, pointers_and_nulls_have_one_form,
	    an_unknown_conversion_is_shown_and_takes_no_argument,
	    a_buffer_of_no_bytes_is_left_alone, scnprintf_returns_what_is_in_the_buffer);
}
