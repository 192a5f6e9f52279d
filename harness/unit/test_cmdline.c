#include "unit.h"

#include "log_capture.h"
#include "sys/cmdline.h"

static void parse(const char *text)
{
	static char line[8192];

	snprintf(line, sizeof(line), "%s", text);
	cmdline_parse(line);
}

START_TEST(parameters_flags_and_the_last_of_a_name)
{
	parse("  root=/dev/vda2 ro  console=ttyS0\tconsole=hvc0 quiet panic=-1\n");
	ck_assert_str_eq(cmdline_get("root"), "/dev/vda2");
	ck_assert_str_eq(cmdline_get("ro"), "");
	ck_assert_str_eq(cmdline_get("console"), "hvc0");
	ck_assert(cmdline_has("quiet"));
	ck_assert(!cmdline_has("qui"));
	ck_assert(!cmdline_has("quiett"));
	ck_assert_ptr_null(cmdline_get("init"));
	ck_assert_int_eq(cmdline_number("panic", 0), -1);
	ck_assert_ptr_null(cmdline_init_args()[0]);
}
END_TEST

START_TEST(values_may_hold_blanks_and_equals_signs)
{
	parse("a=\"x y\" \"b=p q\" root=LABEL=my=disk empty= c=\"\"");
	ck_assert_str_eq(cmdline_get("a"), "x y");
	ck_assert_str_eq(cmdline_get("b"), "p q");
	ck_assert_str_eq(cmdline_get("root"), "LABEL=my=disk");
	ck_assert_str_eq(cmdline_get("empty"), "");
	ck_assert_str_eq(cmdline_get("c"), "");
}
END_TEST

START_TEST(hyphens_and_underscores_are_the_same_in_names)
{
	parse("log-buf_len=5");
	ck_assert_str_eq(cmdline_get("log_buf-len"), "5");
	ck_assert(!cmdline_has("log_buf"));
}
END_TEST

START_TEST(everything_after_two_hyphens_is_inits)
{
	parse("quiet -- -s --flag root=x \"a b\" --");
	ck_assert(!cmdline_has("root"));
	static const char *const args[] = {"-s", "--flag", "root=x", "a b", "--"};
	for (size_t i = 0; i < ARRAY_SIZE(args); i++)
		ck_assert_str_eq(cmdline_init_args()[i], args[i]);
	ck_assert_ptr_null(cmdline_init_args()[ARRAY_SIZE(args)]);
}
END_TEST

START_TEST(what_is_no_number_falls_back_with_a_warning)
{
	parse("a=12x b= c d=99999999999999999999");
	ck_assert_int_eq(cmdline_number("a", 7), 7);
	ck_assert_int_eq(cmdline_number("b", 7), 7);
	ck_assert_int_eq(cmdline_number("c", 7), 7);
	ck_assert_int_eq(cmdline_number("d", 7), 7);
	ck_assert(log_captured_has("a=12x is not a number"));
	ck_assert_int_eq(cmdline_number("none", 9), 9);
}
END_TEST

static int collect(const char *value, void *arg)
{
	strcat(arg, value);
	return strcmp(value, "stop") == 0 ? 5 : 0;
}

START_TEST(all_values_of_a_name_are_met_in_order)
{
	char all[64] = "";

	parse("x=a y=b x=c x x=stop x=d");
	ck_assert_int_eq(cmdline_for_each("x", collect, all), 5);
	ck_assert_str_eq(all, "acstop");
}
END_TEST

START_TEST(a_hostile_line_is_cut_off_not_overrun)
{
	char line[8000] = "";

	for (int i = 0; i < 300; i++)
		strcat(line, "w ");
	strcat(line, "-- ");
	for (int i = 0; i < 100; i++)
		strcat(line, "arg ");
	strcat(line, "\"unclosed quote");
	parse(line);
	ck_assert(log_captured_has("more than"));
	ck_assert(log_captured_has("too many arguments"));
	ck_assert_ptr_null(cmdline_init_args()[CMDLINE_INIT_ARGS]);
}
END_TEST

START_TEST(the_line_is_kept_as_it_was_given)
{
	parse("root=/dev/vda \"x y\" -- init args");
	ck_assert_str_eq(cmdline_text(), "root=/dev/vda \"x y\" -- init args");
}
END_TEST

Suite *suite_cmdline(void)
{
	return suite_of(
	    "cmdline", parameters_flags_and_the_last_of_a_name,
	    values_may_hold_blanks_and_equals_signs, hyphens_and_underscores_are_the_same_in_names,
	    everything_after_two_hyphens_is_inits, what_is_no_number_falls_back_with_a_warning,
	    all_values_of_a_name_are_met_in_order, a_hostile_line_is_cut_off_not_overrun,
	    the_line_is_kept_as_it_was_given);
}
