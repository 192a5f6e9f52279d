/*
 * The line discipline, typed at through a driver that remembers what the screen would show.
 */
#include "unit.h"

#include <linux/fcntl.h>

#include "sys/tty_int.h"
#include "vfs/file.h"
#include "vfs/uio.h"

static struct tty tty;
static struct tty_file opened = {.tty = &tty};
static char screen[16384];
static size_t screen_used, screen_room = sizeof(screen);
static char taken[8192];
static int signal_sent, signal_group;

static size_t driver_write(struct tty *t, const char *s, size_t n)
{
	memcpy(screen + screen_used, s, n);
	screen_used += n;
	return n;
}

static size_t driver_room(struct tty *t)
{
	return screen_room - screen_used;
}

/* What the discipline wants of its neighbours; the real ones replace these if they are linked. */
void __attribute__((weak)) tty_signal_foreground(struct tty *t, int sig)
{
	signal_group = t->foreground;
	signal_sent = sig;
}

void __attribute__((weak)) tty_write_wakeup(struct tty *t)
{
}

int __attribute__((weak)) tty_check_foreground(struct tty *t, int sig)
{
	return 0;
}

size_t __attribute__((weak)) uio_copy_out(struct uio *uio, const void *src, size_t n)
{
	n = min(n, uio->resid);
	memcpy((u8 *)uio->segments[0].base + uio->skip, src, n);
	uio->skip += n;
	uio->resid -= n;
	return n;
}

size_t __attribute__((weak)) uio_copy_in(struct uio *uio, void *dst, size_t n)
{
	n = min(n, uio->resid);
	memcpy(dst, (u8 *)uio->segments[0].base + uio->skip, n);
	uio->skip += n;
	uio->resid -= n;
	return n;
}

static struct uio uio_of(void *base, size_t n)
{
	static struct uio_segment segment;

	segment = (struct uio_segment){base, n};
	return (struct uio){.segments = &segment, .count = 1, .resid = n, .kernel = true};
}

static void setup(void)
{
	static const struct tty_driver driver = {driver_write, driver_room};

	tty.driver = &driver;
	tty.foreground = 42;
	irqlock_init(&tty.raw_lock, "raw");
	mutex_init(&tty.lock, "tty");
	wait_queue_init(&tty.read_wait, "read");
	wait_queue_init(&tty.write_wait, "write");
	n_tty_reset(&tty);
}

static void type(const char *s)
{
	mutex_lock(&tty.lock);
	for (; *s; s++)
		n_tty_receive(&tty, (u8)*s);
	mutex_unlock(&tty.lock);
}

/* One read() of up to n bytes that does not wait; the text or "-errno". */
static const char *take(size_t n)
{
	struct file file = {.flags = O_NONBLOCK, .private = &opened};
	struct uio uio = uio_of(taken, n);
	ssize_t got = n_tty_read(&tty, &file, &uio);

	if (got < 0)
		snprintf(taken, sizeof(taken), "%zd", got);
	else
		taken[got] = '\0';
	return taken;
}

static const char *shown(void)
{
	screen[screen_used] = '\0';
	screen_used = 0;
	return screen;
}

START_TEST(a_line_is_read_when_it_is_complete)
{
	type("ls -l");
	ck_assert_str_eq(take(100), "-11");
	ck_assert_uint_eq(n_tty_available(&tty), 0);
	type("\r");
	ck_assert_str_eq(take(100), "ls -l\n");
	ck_assert_str_eq(shown(), "ls -l\r\n");
	ck_assert_str_eq(take(100), "-11");
}
END_TEST

START_TEST(one_read_takes_at_most_one_line)
{
	type("one\ntwo\nthree");
	ck_assert_str_eq(take(100), "one\n");
	ck_assert_str_eq(take(2), "tw");
	ck_assert_str_eq(take(100), "o\n");
	ck_assert_str_eq(take(100), "-11");
}
END_TEST

START_TEST(editing_changes_the_line_and_the_screen)
{
	static const struct {
		const char *typed, *read, *screen;
	} cases[] = {
	    {"abx\177c\n", "abc\n", "abx\b \bc\r\n"},
	    {"\177\177a\n", "a\n", "a\r\n"},
	    {"one two\027\n", "one \n", "one two\b \b\b \b\b \b\r\n"},
	    {"one  \027x\n", "x\n", "one  \b \b\b \b\b \b\b \b\b \bx\r\n"},
	    {"abc\025d\n", "d\n", "abc\b \b\b \b\b \bd\r\n"},
	    {"a\001\177b\n", "ab\n", "a^A\b \b\b \bb\r\n"},
	    {"a\t\177b\n", "ab\n", "a\t\b\b\b\b\b\b\bb\r\n"},
	    {"ab\022c\n", "abc\n", "ab^R\r\nabc\r\n"},
	    {"\026\003x\n", "\003x\n", "^\b^Cx\r\n"},
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		type(cases[i].typed);
		ck_assert_str_eq(take(100), cases[i].read);
		ck_assert_str_eq(shown(), cases[i].screen);
	}
}
END_TEST

START_TEST(the_prompt_is_not_erased)
{
	struct file file = {.flags = O_NONBLOCK, .private = &opened};
	struct uio uio = uio_of("$ ", 2);

	ck_assert_int_eq(n_tty_write(&tty, &file, &uio), 2);
	type("ab\025\177\177");
	ck_assert_str_eq(shown(), "$ ab\b \b\b \b");
}
END_TEST

START_TEST(a_multibyte_character_is_erased_whole)
{
	tty.termios.c_iflag |= IUTF8;
	type("a\303\251\177b\n");
	ck_assert_str_eq(take(100), "ab\n");
	ck_assert_str_eq(shown(), "a\303\251\b \bb\r\n");
}
END_TEST

START_TEST(end_of_file_ends_a_read_without_a_byte)
{
	type("\004");
	ck_assert_str_eq(take(100), "");
	type("abc\004");
	ck_assert_str_eq(take(100), "abc");
	ck_assert_str_eq(take(100), "-11");
	type("xyz\004");
	ck_assert_str_eq(take(3), "xyz"); /* the mark right behind belongs to it */
	ck_assert_str_eq(take(100), "-11");
}
END_TEST

START_TEST(control_characters_send_signals_to_the_foreground_group)
{
	static const struct {
		const char *typed;
		int signal;
		const char *screen;
	} cases[] = {{"abc\003", SIGINT, "abc^C"},
		     {"abc\034", SIGQUIT, "abc^\\"},
		     {"abc\032", SIGTSTP, "abc^Z"}};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		type(cases[i].typed);
		ck_assert_int_eq(signal_sent, cases[i].signal);
		ck_assert_int_eq(signal_group, 42);
		ck_assert_str_eq(shown(), cases[i].screen);
		type("\n");
		ck_assert_str_eq(take(100), "\n"); /* what was typed before is gone */
		shown();
	}
	signal_sent = 0;
	tty.termios.c_lflag &= ~(unsigned)ISIG;
	type("\003\n");
	ck_assert_int_eq(signal_sent, 0);
	ck_assert_str_eq(take(100), "\003\n");
}
END_TEST

START_TEST(raw_mode_hands_over_every_byte)
{
	tty.termios.c_lflag = 0;
	tty.termios.c_iflag = 0;
	type("a\177\003\r\004");
	ck_assert_str_eq(take(100), "a\177\003\r\004");
	ck_assert_str_eq(shown(), "");
}
END_TEST

START_TEST(without_minimum_and_time_a_read_never_waits)
{
	struct file file = {.flags = 0, .private = &opened};
	struct uio uio = uio_of(taken, 10);

	tty.termios.c_lflag = 0;
	tty.termios.c_cc[VMIN] = 0;
	ck_assert_int_eq(n_tty_read(&tty, &file, &uio), 0);
	type("x");
	ck_assert_int_eq(n_tty_read(&tty, &file, &uio), 1);
}
END_TEST

START_TEST(a_time_without_a_minimum_bounds_the_wait)
{
	struct file file = {.flags = 0, .private = &opened};
	struct uio uio = uio_of(taken, 10);
	u64 before = clock_monotonic_ns();

	tty.termios.c_lflag = 0;
	tty.termios.c_cc[VMIN] = 0;
	tty.termios.c_cc[VTIME] = 3;
	ck_assert_int_eq(n_tty_read(&tty, &file, &uio), 0);
	ck_assert_uint_eq(clock_monotonic_ns() - before, 3 * NSEC_PER_SEC / 10);
}
END_TEST

START_TEST(changing_the_mode_keeps_what_was_typed)
{
	type("abc");
	tty.termios.c_lflag &= ~(unsigned)ICANON;
	n_tty_mode_changed(&tty, true);
	ck_assert_str_eq(take(100), "abc");
	type("def");
	tty.termios.c_lflag |= ICANON;
	n_tty_mode_changed(&tty, false);
	ck_assert_str_eq(take(100), "def");
}
END_TEST

START_TEST(carriage_returns_and_newlines_are_mapped_as_told)
{
	static const struct {
		unsigned flags;
		const char *read;
	} cases[] = {{0, "a\rb\nc"},
		     {ICRNL, "a\nb\nc"},
		     {INLCR, "a\rb\rc"},
		     {IGNCR, "ab\nc"},
		     {INLCR | ICRNL, "a\nb\rc"}};

	tty.termios.c_lflag = 0;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		tty.termios.c_iflag = cases[i].flags;
		type("a\rb\nc");
		ck_assert_str_eq(take(100), cases[i].read);
	}
}
END_TEST

START_TEST(output_is_processed_as_told)
{
	static const struct {
		unsigned flags;
		const char *screen;
	} cases[] = {{OPOST | ONLCR, "a\r\n\tb\r"},
		     {OPOST | ONLCR | XTABS, "a\r\n        b\r"},
		     {OPOST | OCRNL, "a\n\tb\n"},
		     {OPOST | OLCUC, "A\n\tB\r"},
		     {ONLCR | OLCUC, "a\n\tb\r"}};
	char text[] = "a\n\tb\r";

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct file file = {.flags = O_NONBLOCK, .private = &opened};
		struct uio uio = uio_of(text, 5);
		tty.column = 0;
		tty.termios.c_oflag = cases[i].flags;
		ck_assert_int_eq(n_tty_write(&tty, &file, &uio), 5);
		ck_assert_str_eq(shown(), cases[i].screen);
	}
}
END_TEST

START_TEST(stopped_output_waits_for_start)
{
	struct file file = {.flags = O_NONBLOCK, .private = &opened};
	struct uio uio = uio_of("abc", 3);

	type("\023");
	ck_assert_int_eq(n_tty_write(&tty, &file, &uio), -EAGAIN);
	type("\021");
	uio = uio_of("abc", 3);
	ck_assert_int_eq(n_tty_write(&tty, &file, &uio), 3);
	ck_assert_str_eq(shown(), "abc");
	type("\n");
	ck_assert_str_eq(take(100), "\n"); /* neither character is input */
}
END_TEST

START_TEST(a_full_screen_takes_part_of_a_write)
{
	struct file file = {.flags = O_NONBLOCK, .private = &opened};
	char text[] = "abc\n";
	struct uio uio = uio_of(text, 4);

	screen_room = 4; /* the newline needs two */
	ck_assert_int_eq(n_tty_write(&tty, &file, &uio), 3);
	ck_assert_str_eq(shown(), "abc");
}
END_TEST

START_TEST(a_line_too_long_keeps_its_beginning_and_its_end)
{
	for (int i = 0; i < 5000; i++) {
		type("x");
		shown();
	}
	type("\n");
	ck_assert_uint_eq(strlen(take(5000)), 4095);
	ck_assert_int_eq(taken[4094], '\n');
	ck_assert_str_eq(take(100), "-11");
}
END_TEST

START_TEST(end_of_file_typed_for_ever_overflows_nothing)
{
	for (int i = 0; i < 10000; i++)
		type("\004");
	ck_assert_uint_lt(n_tty_available(&tty), TTY_INPUT_BYTES);
	while (n_tty_available(&tty))
		ck_assert_str_eq(take(100), "");
	type("ok\n");
	ck_assert_str_eq(take(100), "ok\n");
}
END_TEST

START_TEST(a_line_that_was_hung_up_reads_as_its_end_and_takes_nothing)
{
	static struct tty_file immune = {.tty = &tty, .immune = true};
	struct file file = {.flags = O_NONBLOCK, .private = &opened};
	char text[] = "abc";
	struct uio uio = uio_of(text, 3);

	type("typed\n");
	tty.hangups++;
	ck_assert_str_eq(take(100), "");
	ck_assert_int_eq(n_tty_write(&tty, &file, &uio), -5);
	file.private = &immune;
	ck_assert_int_eq(n_tty_write(&tty, &file, &uio), 3);
	opened.hangups = tty.hangups;
	ck_assert_str_eq(take(100), "typed\n");
}
END_TEST

START_TEST(a_full_line_still_takes_its_end_and_a_full_queue_of_lines_nothing)
{
	for (int i = 0; i < 5000; i++)
		type("x");
	ck_assert(n_tty_has_room(&tty));
	type("\n");
	ck_assert(!n_tty_has_room(&tty));
	take(5000);
	ck_assert(n_tty_has_room(&tty));
}
END_TEST

START_TEST(passwords_are_not_shown)
{
	tty.termios.c_lflag &= ~(unsigned)ECHO;
	type("secret\177\025word\n");
	ck_assert_str_eq(take(100), "word\n");
	ck_assert_str_eq(shown(), "");
	tty.termios.c_lflag |= ECHONL;
	type("secret\n");
	ck_assert_str_eq(shown(), "\r\n");
}
END_TEST

Suite *suite_n_tty(void)
{
	return suite_with(
	    "n_tty", setup, NULL, a_line_is_read_when_it_is_complete,
	    one_read_takes_at_most_one_line, editing_changes_the_line_and_the_screen,
	    the_prompt_is_not_erased, a_multibyte_character_is_erased_whole,
	    end_of_file_ends_a_read_without_a_byte,
	    control_characters_send_signals_to_the_foreground_group, raw_mode_hands_over_every_byte,
	    without_minimum_and_time_a_read_never_waits, a_time_without_a_minimum_bounds_the_wait,
	    changing_the_mode_keeps_what_was_typed,
	    carriage_returns_and_newlines_are_mapped_as_told, output_is_processed_as_told,
	    stopped_output_waits_for_start, a_full_screen_takes_part_of_a_write,
	    a_line_too_long_keeps_its_beginning_and_its_end,
	    end_of_file_typed_for_ever_overflows_nothing,
	    a_line_that_was_hung_up_reads_as_its_end_and_takes_nothing,
	    a_full_line_still_takes_its_end_and_a_full_queue_of_lines_nothing,
	    passwords_are_not_shown);
}
