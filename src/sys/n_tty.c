/*
 * The N_TTY line discipline: termios(3) in code.
 *
 * Input is a ring of bytes with three positions. Bytes between input_read and input_line may be
 * read in canonical mode: they are whole lines, whose last byte is marked in the delimiter bitmap
 * (an EOF character is stored as a marked zero byte that readers swallow). Bytes from input_line to
 * input_head are the line being edited. In raw mode everything up to input_head may be read.
 *
 * Everything but n_tty_read() and n_tty_write() runs with tty->lock held.
 */
#include "lib/bitmap.h"
#include "lib/clock.h"
#include "lib/string.h"
#include "sys/signal.h"
#include "sys/thread.h"
#include "sys/tty_int.h"
#include "vfs/file.h"
#include "vfs/uio.h"

#include <linux/fcntl.h>

#define DECISECOND (NSEC_PER_SEC / 10)

void n_tty_reset(struct tty *tty)
{
	static const cc_t characters[NCCS] = {
	    [VINTR] = 3,     [VQUIT] = 28,   [VERASE] = 0x7f, [VKILL] = 21,
	    [VEOF] = 4,      [VTIME] = 0,    [VMIN] = 1,      [VSTART] = 17,
	    [VSTOP] = 19,    [VSUSP] = 26,   [VEOL] = 0,      [VREPRINT] = 18,
	    [VDISCARD] = 15, [VWERASE] = 23, [VLNEXT] = 22,   [VEOL2] = 0,
	};
	memset(&tty->termios, 0, sizeof(tty->termios));
	tty->termios.c_iflag = ICRNL | IXON;
	tty->termios.c_oflag = OPOST | ONLCR;
	tty->termios.c_cflag = B115200 | CS8 | CREAD | HUPCL | CLOCAL;
	tty->termios.c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN;
	tty->termios.c_ispeed = tty->termios.c_ospeed = 115200;
	memcpy(tty->termios.c_cc, characters, sizeof(characters));
}

/* ---- input: the ring ---- */

static u8 *input_at(struct tty *tty, u64 position)
{
	return &tty->input[position % TTY_INPUT_BYTES];
}

static bool is_delimiter(const struct tty *tty, u64 position)
{
	u64 at = position % TTY_INPUT_BYTES;
	return tty->delimiter[at / 8] >> (at % 8) & 1;
}

static void input_store(struct tty *tty, u8 c, bool delimiter)
{
	u64 at = tty->input_head % TTY_INPUT_BYTES;
	u8 bit = (u8)(1u << (at % 8));
	*input_at(tty, tty->input_head) = c;
	tty->delimiter[at / 8] =
	    (u8)(delimiter ? tty->delimiter[at / 8] | bit : tty->delimiter[at / 8] & ~bit);
	tty->input_head++;
}

static size_t input_room(const struct tty *tty)
{
	return TTY_INPUT_BYTES - 1 - (size_t)(tty->input_head - tty->input_read);
}

/* Without a complete line nobody will read, so a full line still takes bytes: its end, or the keys
 * that edit it. */
bool n_tty_has_room(const struct tty *tty)
{
	return input_room(tty) > 1 || (FLAG_L(tty, ICANON) && tty->input_line == tty->input_read);
}

static u64 readable_end(const struct tty *tty)
{
	return FLAG_L(tty, ICANON) ? tty->input_line : tty->input_head;
}

size_t n_tty_available(const struct tty *tty)
{
	return (size_t)(readable_end(tty) - tty->input_read);
}

bool n_tty_readable(const struct tty *tty)
{
	size_t wanted = 1;
	if (!FLAG_L(tty, ICANON) && !tty->termios.c_cc[VTIME] && tty->termios.c_cc[VMIN])
		wanted = tty->termios.c_cc[VMIN];
	return n_tty_available(tty) >= wanted;
}

void n_tty_flush_input(struct tty *tty)
{
	tty->input_read = tty->input_line = tty->input_head;
	tty->erasing = tty->literal_next = false;
}

void n_tty_mode_changed(struct tty *tty, bool was_canonical)
{
	bool canonical = FLAG_L(tty, ICANON);
	if (canonical == was_canonical)
		return;
	tty->erasing = tty->literal_next = false;
	if (canonical) {
		/* What came raw counts as one complete line. */
		if (tty->input_head != tty->input_read) {
			u64 last = (tty->input_head - 1) % TTY_INPUT_BYTES;
			tty->delimiter[last / 8] |= (u8)(1u << (last % 8));
		}
		tty->input_line = tty->input_head;
	}
	if (n_tty_readable(tty))
		tty_wake_readers(tty);
}

/* ---- input: editing ---- */

static void end_erasing(struct tty *tty)
{
	if (tty->erasing) {
		(void)n_tty_put(tty, '/');
		tty->erasing = false;
	}
}

/* Column at which the line being edited would end if it held [input_line, end). */
static u32 line_column(struct tty *tty, u64 end)
{
	u32 column = tty->line_start_column;
	for (u64 at = tty->input_line; at < end; at++) {
		u8 c = *input_at(tty, at);
		if (FLAG_L(tty, ECHOCTL) && (c < ' ' || c == 0x7f) && c != '\t')
			column += 2;
		else
			column = n_tty_column_after(tty, column, c);
	}
	return column;
}

/* Takes the last character (all bytes of it, with IUTF8) off the line and off the screen. */
static void erase_char(struct tty *tty)
{
	u8 c;
	if (tty->input_head == tty->input_line)
		return;
	do {
		c = *input_at(tty, --tty->input_head);
	} while (FLAG_I(tty, IUTF8) && (c & 0xc0) == 0x80 && tty->input_head > tty->input_line);
	if (!FLAG_L(tty, ECHO))
		return;
	if (FLAG_L(tty, ECHOPRT)) {
		if (!tty->erasing)
			(void)n_tty_put(tty, '\\');
		tty->erasing = true;
		n_tty_echo(tty, c);
	} else if (!FLAG_L(tty, ECHOE)) {
		n_tty_echo(tty, tty->termios.c_cc[VERASE]);
	} else {
		u32 target = line_column(tty, tty->input_head);
		bool tab = c == '\t';
		while (tty->column > target)
			n_tty_echo_raw(tty, tab ? "\b" : "\b \b");
	}
}

static bool is_word_char(u8 c)
{
	return c == '_' || (c >= '0' && c <= '9') || (u8)((c | 0x20) - 'a') < 26 || c >= 0x80;
}

static void erase_word(struct tty *tty)
{
	bool seen = false;
	while (tty->input_head > tty->input_line) {
		bool word = is_word_char(*input_at(tty, tty->input_head - 1));
		if (seen && !word)
			break;
		seen |= word;
		erase_char(tty);
	}
}

static void erase_line(struct tty *tty)
{
	if (FLAG_L(tty, ECHO) && FLAG_L(tty, ECHOK) &&
	    !(FLAG_L(tty, ECHOKE) && FLAG_L(tty, ECHOE))) {
		tty->input_head = tty->input_line;
		n_tty_echo(tty, tty->termios.c_cc[VKILL]);
		(void)n_tty_put(tty, '\n');
		return;
	}
	while (tty->input_head > tty->input_line)
		erase_char(tty);
}

static void reprint_line(struct tty *tty)
{
	n_tty_echo(tty, tty->termios.c_cc[VREPRINT]);
	(void)n_tty_put(tty, '\n');
	tty->line_start_column = tty->column;
	for (u64 at = tty->input_line; at < tty->input_head; at++)
		n_tty_echo(tty, *input_at(tty, at));
}

static void line_complete(struct tty *tty)
{
	tty->input_line = tty->input_head;
	tty_wake_readers(tty);
}

/* Whether c is the special character `which` (a disabled one, 0, never is). */
static bool is_special(const struct tty *tty, u8 c, int which)
{
	return c && tty->termios.c_cc[which] == c;
}

static void output_start(struct tty *tty)
{
	tty->output_stopped = false;
	tty_tell(tty, TIOCPKT_START);
	tty_write_wakeup(tty);
}

static void send_signal(struct tty *tty, u8 c, int sig)
{
	if (!FLAG_L(tty, NOFLSH)) {
		n_tty_flush_input(tty);
		tty_tell(tty, TIOCPKT_FLUSHREAD | TIOCPKT_FLUSHWRITE);
	}
	if (FLAG_I(tty, IXON) && tty->output_stopped)
		output_start(tty);
	if (FLAG_L(tty, ECHO))
		n_tty_echo(tty, c);
	tty_signal_foreground(tty, sig);
}

static bool receive_signal(struct tty *tty, u8 c)
{
	static const struct {
		int character, sig;
	} signals[] = {{VINTR, SIGINT}, {VQUIT, SIGQUIT}, {VSUSP, SIGTSTP}};
	if (!FLAG_L(tty, ISIG))
		return false;
	for (unsigned int i = 0; i < ARRAY_SIZE(signals); i++) {
		if (is_special(tty, c, signals[i].character)) {
			send_signal(tty, c, signals[i].sig);
			return true;
		}
	}
	return false;
}

static bool receive_flow_control(struct tty *tty, u8 c)
{
	if (!FLAG_I(tty, IXON))
		return false;
	if (is_special(tty, c, VSTART)) {
		if (tty->output_stopped)
			output_start(tty);
		return true;
	}
	if (is_special(tty, c, VSTOP)) {
		if (!tty->output_stopped)
			tty_tell(tty, TIOCPKT_STOP);
		tty->output_stopped = true;
		return true;
	}
	if (FLAG_I(tty, IXANY) && tty->output_stopped)
		output_start(tty);
	return false;
}

/* Editing characters of canonical mode; true if c was one. */
static bool receive_editing(struct tty *tty, u8 c)
{
	if (is_special(tty, c, VERASE)) {
		erase_char(tty);
	} else if (is_special(tty, c, VKILL)) {
		end_erasing(tty);
		erase_line(tty);
	} else if (FLAG_L(tty, IEXTEN) && is_special(tty, c, VWERASE)) {
		erase_word(tty);
	} else if (FLAG_L(tty, IEXTEN) && is_special(tty, c, VREPRINT) && FLAG_L(tty, ECHO)) {
		end_erasing(tty);
		reprint_line(tty);
	} else if (FLAG_L(tty, IEXTEN) && is_special(tty, c, VLNEXT)) {
		tty->literal_next = true;
		if (FLAG_L(tty, ECHO) && FLAG_L(tty, ECHOCTL))
			n_tty_echo_raw(tty, "^\b");
	} else if (is_special(tty, c, VEOF)) {
		end_erasing(tty);
		if (input_room(tty)) {
			input_store(tty, 0, true);
			line_complete(tty);
		}
	} else {
		return false;
	}
	return true;
}

static void store_and_echo(struct tty *tty, u8 c)
{
	bool canonical = FLAG_L(tty, ICANON);
	bool newline = canonical && (c == '\n' || is_special(tty, c, VEOL) ||
				     (FLAG_L(tty, IEXTEN) && is_special(tty, c, VEOL2)));
	bool literal = tty->literal_next;
	tty->literal_next = false;
	if (literal)
		newline = false;
	/* A full line keeps one place for its end. */
	if (input_room(tty) < (canonical && !newline ? 2u : 1u)) {
		if (FLAG_I(tty, IMAXBEL))
			(void)n_tty_put(tty, '\a');
		return;
	}
	if (tty->input_head == tty->input_line)
		tty->line_start_column = tty->column;
	if (FLAG_L(tty, ECHO) || (FLAG_L(tty, ECHONL) && c == '\n' && canonical)) {
		end_erasing(tty);
		if (c == '\n' && !literal)
			(void)n_tty_put(tty, '\n');
		else
			n_tty_echo(tty, c);
	}
	input_store(tty, c, newline);
	if (newline)
		line_complete(tty);
	else if (!canonical && n_tty_readable(tty))
		tty_wake_readers(tty);
}

void n_tty_receive(struct tty *tty, u8 c)
{
	if (FLAG_I(tty, ISTRIP))
		c &= 0x7f;
	if (tty->literal_next) {
		store_and_echo(tty, c);
		return;
	}
	if (FLAG_I(tty, IUCLC) && FLAG_L(tty, IEXTEN) && c >= 'A' && c <= 'Z')
		c = (u8)(c | 0x20);
	if (receive_flow_control(tty, c) || receive_signal(tty, c))
		return;
	if (c == '\r') {
		if (FLAG_I(tty, IGNCR))
			return;
		if (FLAG_I(tty, ICRNL))
			c = '\n';
	} else if (c == '\n' && FLAG_I(tty, INLCR)) {
		c = '\r';
	}
	if (FLAG_L(tty, ICANON) && receive_editing(tty, c))
		return;
	store_and_echo(tty, c);
}

/* ---- reading ---- */

/* Lock held. One line at most; the EOF mark is swallowed. Bytes copied, 0 at EOF, -EFAULT. */
static ssize_t read_line(struct tty *tty, struct uio *uio)
{
	ssize_t done = 0;
	while (tty->input_read < tty->input_line && uio->resid) {
		u8 c = *input_at(tty, tty->input_read);
		bool last = is_delimiter(tty, tty->input_read);
		bool eof = last && c == 0;
		if (!eof && uio_copy_out(uio, &c, 1) != 1)
			return done ? done : -EFAULT;
		tty->input_read++;
		done += !eof;
		if (last)
			return done;
	}
	/* The EOF mark right behind a line that filled the buffer belongs to it. */
	if (done && tty->input_read < tty->input_line && is_delimiter(tty, tty->input_read) &&
	    !*input_at(tty, tty->input_read))
		tty->input_read++;
	return done;
}

static ssize_t read_raw(struct tty *tty, struct uio *uio)
{
	ssize_t done = 0;
	while (tty->input_read < tty->input_head && uio->resid) {
		u64 at = tty->input_read % TTY_INPUT_BYTES;
		size_t n = min_t(u64, tty->input_head - tty->input_read, TTY_INPUT_BYTES - at);
		size_t copied = uio_copy_out(uio, &tty->input[at], min(n, uio->resid));
		if (!copied)
			return done ? done : -EFAULT;
		tty->input_read += copied;
		done += (ssize_t)copied;
	}
	if (tty->input_line < tty->input_read)
		tty->input_line = tty->input_read;
	return done;
}

/* Sleeps until there is something to take. 0, -EAGAIN, -ERESTARTSYS, -ETIMEDOUT (VTIME ran out). */
static int wait_readable(struct tty *tty, struct file *file, size_t wanted, u64 deadline_ns)
{
	if (file->flags & O_NONBLOCK)
		return -EAGAIN;
	return wait_event_interruptible_until(
	    &tty->read_wait, n_tty_available(tty) >= wanted || tty_is_hung_up(tty, file),
	    deadline_ns);
}

static ssize_t read_canonical(struct tty *tty, struct file *file, struct uio *uio)
{
	for (;;) {
		mutex_lock(&tty->lock);
		bool ended = tty_is_hung_up(tty, file);
		bool ready = ended || !FLAG_L(tty, ICANON) || n_tty_available(tty);
		ssize_t n = !ready                ? -EAGAIN
			    : ended               ? 0
			    : FLAG_L(tty, ICANON) ? read_line(tty, uio)
						  : read_raw(tty, uio);
		mutex_unlock(&tty->lock);
		if (ready)
			return n;
		int err = wait_readable(tty, file, 1, PARK_FOREVER);
		if (err)
			return err;
	}
}

/* VMIN and VTIME as termios(3) combines them. */
static ssize_t read_noncanonical(struct tty *tty, struct file *file, struct uio *uio)
{
	size_t minimum = min_t(size_t, tty->termios.c_cc[VMIN], uio->resid);
	u64 interval = tty->termios.c_cc[VTIME] * DECISECOND;
	u64 deadline = interval && !minimum ? clock_monotonic_ns() + interval : PARK_FOREVER;
	size_t seen = 0;
	for (;;) {
		mutex_lock(&tty->lock);
		size_t available = n_tty_available(tty);
		bool ended = tty_is_hung_up(tty, file);
		bool done =
		    ended || available >= max(minimum, (size_t)1) || (!minimum && !interval);
		ssize_t n = done && !ended ? read_raw(tty, uio) : 0;
		mutex_unlock(&tty->lock);
		if (done)
			return n;
		if (interval && minimum &&
		    available > seen) /* between bytes: starts with the first */
			deadline = clock_monotonic_ns() + interval;
		seen = available;
		int err = wait_readable(tty, file, interval ? seen + 1 : max(minimum, (size_t)1),
					deadline);
		if (err == -ETIMEDOUT || (err && seen)) {
			mutex_lock(&tty->lock);
			n = read_raw(tty, uio);
			mutex_unlock(&tty->lock);
			return n || err == -ETIMEDOUT ? n : err;
		}
		if (err)
			return err;
	}
}

ssize_t n_tty_read(struct tty *tty, struct file *file, struct uio *uio)
{
	if (tty_is_hung_up(tty, file))
		return 0;
	int err = tty_check_foreground(tty, SIGTTIN);
	if (err)
		return err;
	if (!uio->resid)
		return 0;
	ssize_t n = FLAG_L(tty, ICANON) ? read_canonical(tty, file, uio)
					: read_noncanonical(tty, file, uio);
	if (n > 0 && tty->driver->read_wakeup)
		tty->driver->read_wakeup(tty);
	return n;
}
