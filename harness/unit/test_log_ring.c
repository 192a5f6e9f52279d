/*
 * The kernel log's ring.
 */
#include "unit.h"

#include "host_clock.h"
#include "lib/errno.h"
#include "sys/log_ring.h"

#include <stdarg.h>

static struct log_ring ring = LOG_RING_INIT("test ring");
static struct dmesg_record record;

static void __attribute__((format(printf, 2, 3))) say(int level, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	log_ring_add(&ring, true, level, format, ap, &record);
	va_end(ap);
}

static void check_read(u64 wanted, u64 got, const char *text)
{
	struct dmesg_record out;

	ck_assert_int_eq(log_ring_read(&ring, wanted, &out), 0);
	ck_assert_uint_eq(out.sequence, got);
	ck_assert_uint_eq(out.length, strlen(text));
	ck_assert_mem_eq(out.text, text, out.length);
}

START_TEST(messages_are_read_by_their_numbers)
{
	struct dmesg_record out;
	u64 first, next;

	ck_assert_int_eq(log_ring_read(&ring, 0, &out), -ENOENT);
	say(6, "number %d", 1);
	ck_assert_uint_eq(record.sequence, 0);
	say(3, "number %d", 2);
	check_read(0, 0, "number 1");
	check_read(1, 1, "number 2");
	ck_assert_int_eq(log_ring_read(&ring, 2, &out), -ENOENT);
	ck_assert_int_eq(log_ring_read(&ring, U64_MAX, &out), -ENOENT);
	log_ring_bounds(&ring, &first, &next);
	ck_assert_uint_eq(first, 0);
	ck_assert_uint_eq(next, 2);
}
END_TEST

START_TEST(the_newest_are_kept_and_readers_skip_what_is_gone)
{
	u64 first, next;

	for (int i = 0; i < LOG_RECORDS + 10; i++)
		say(6, "line %d", i);
	log_ring_bounds(&ring, &first, &next);
	ck_assert_uint_eq(first, 10);
	ck_assert_uint_eq(next, LOG_RECORDS + 10);
	check_read(0, 10, "line 10");
	check_read(9, 10, "line 10");
	check_read(10, 10, "line 10");
	check_read(next - 1, next - 1, "line 521");
}
END_TEST

START_TEST(a_long_message_is_cut_at_the_size_of_a_record)
{
	char text[1000];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	say(6, "%s", text);
	ck_assert_uint_eq(record.length, sizeof(record.text));
	log_ring_add_user(&ring, 6, text, sizeof(text), &record);
	ck_assert_uint_eq(record.length, sizeof(record.text));
	log_ring_add_user(&ring, 6, text, 0, &record);
	ck_assert_uint_eq(record.length, 0);
}
END_TEST

START_TEST(a_process_says_what_it_likes_and_that_it_was_a_process)
{
	char line[320];

	host_clock_set_monotonic(12345678901);
	log_ring_add_user(&ring, 5, "100%s %n", 8, &record);
	ck_assert(record.from_user);
	dmesg_format(&record, false, line, sizeof(line));
	ck_assert_str_eq(line, "[   12.345678] 100%s %n\n");
	dmesg_format(&record, true, line, sizeof(line));
	ck_assert_str_eq(line, "<13>[   12.345678] 100%s %n\n");
	say(3, "kernel");
	dmesg_format(&record, true, line, sizeof(line));
	ck_assert_str_eq(line, "<3>[   12.345678] kernel\n");
}
END_TEST

START_TEST(text_is_cut_at_the_readers_buffer)
{
	char line[20];

	say(6, "a message that is longer than that");
	ck_assert_uint_eq(dmesg_format(&record, false, line, sizeof(line)), sizeof(line) - 1);
	ck_assert_uint_eq(line[sizeof(line) - 1], 0);
}
END_TEST

/* A panic may come while the lock is held. */
static void __attribute__((format(printf, 1, 2))) say_in_panic(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	log_ring_add(&ring, false, 0, format, ap, &record);
	va_end(ap);
}

START_TEST(a_panic_needs_no_lock)
{
	irqflags_t flags = irqlock_lock(&ring.lock);

	say_in_panic("the end");
	irqlock_unlock(&ring.lock, flags);
	check_read(0, 0, "the end");
}
END_TEST

Suite *suite_log_ring(void)
{
	return suite_of("log_ring", messages_are_read_by_their_numbers,
			the_newest_are_kept_and_readers_skip_what_is_gone,
			a_long_message_is_cut_at_the_size_of_a_record,
			a_process_says_what_it_likes_and_that_it_was_a_process,
			text_is_cut_at_the_readers_buffer, a_panic_needs_no_lock);
}
