/* The N_TTY line discipline: what becomes of output (and echo) on its way to the driver. */
#include "lib/string.h"
#include "sys/signal.h"
#include "sys/tty_int.h"
#include "vfs/file.h"
#include "vfs/uio.h"

#include <linux/fcntl.h>

#define TAB_WIDTH   8
#define WRITE_CHUNK 256

u32 n_tty_column_after(const struct tty *tty, u32 column, u8 c)
{
	switch (c) {
	case '\t':
		return (column | (TAB_WIDTH - 1)) + 1;
	case '\r':
		return 0;
	case '\n':
		return FLAG_O(tty, ONLRET) || (FLAG_O(tty, OPOST) && FLAG_O(tty, ONLCR)) ? 0
											 : column;
	case '\b':
		return column ? column - 1 : 0;
	default:
		/* Control characters and the later bytes of UTF-8 take no room. */
		return c < ' ' || c == 0x7f || (FLAG_I(tty, IUTF8) && (c & 0xc0) == 0x80)
			   ? column
			   : column + 1;
	}
}

/* What one byte becomes on the wire: up to TAB_WIDTH bytes in out. */
static unsigned int process_output(const struct tty *tty, u8 c, char out[TAB_WIDTH])
{
	if (!FLAG_O(tty, OPOST)) {
		out[0] = (char)c;
		return 1;
	}
	if (FLAG_O(tty, OLCUC) && c >= 'a' && c <= 'z')
		c = (u8)(c - 'a' + 'A');
	switch (c) {
	case '\n':
		if (!FLAG_O(tty, ONLCR))
			break;
		out[0] = '\r';
		out[1] = '\n';
		return 2;
	case '\r':
		if (FLAG_O(tty, ONOCR) && !tty->column)
			return 0;
		if (FLAG_O(tty, OCRNL))
			c = '\n';
		break;
	case '\t':
		if (FLAG_O(tty, TABDLY) != XTABS)
			break;
		memset(out, ' ', TAB_WIDTH);
		return TAB_WIDTH - tty->column % TAB_WIDTH;
	default:
		break;
	}
	out[0] = (char)c;
	return 1;
}

bool n_tty_put(struct tty *tty, u8 c)
{
	char out[TAB_WIDTH];
	unsigned int n = process_output(tty, c, out);
	if (tty->driver->write_room(tty) < n)
		return false;
	(void)tty->driver->write(tty, out, n);
	tty->column = n_tty_column_after(tty, tty->column, c);
	return true;
}

/* Echo is best effort: without room it is lost, as on a real line. */
void n_tty_echo_raw(struct tty *tty, const char *s)
{
	for (; *s; s++)
		(void)n_tty_put(tty, (u8)*s);
}

void n_tty_echo(struct tty *tty, u8 c)
{
	bool control = c < ' ' || c == 0x7f;
	if (FLAG_L(tty, ECHOCTL) && control && c != '\n' && c != '\t') {
		char text[3] = {'^', (char)(c ^ 0x40), 0};
		n_tty_echo_raw(tty, text);
	} else {
		(void)n_tty_put(tty, c);
	}
}

static bool output_blocked(struct tty *tty)
{
	return tty->output_stopped || !tty->driver->write_room(tty);
}

/* Sends a piece; waits for the driver. Bytes sent or -errno. */
static ssize_t write_piece(struct tty *tty, struct file *file, const char *s, size_t n)
{
	size_t done = 0;
	mutex_lock(&tty->lock);
	while (done < n) {
		bool raw = !FLAG_O(tty, OPOST);
		size_t sent = 0;
		if (tty_is_hung_up(tty, file)) {
			mutex_unlock(&tty->lock);
			return done ? (ssize_t)done : -EIO;
		}
		if (!tty->output_stopped)
			sent = raw ? tty->driver->write(tty, s + done, n - done)
				   : n_tty_put(tty, (u8)s[done]);
		done += sent;
		if (sent)
			continue;
		mutex_unlock(&tty->lock);
		if (file->flags & O_NONBLOCK)
			return done ? (ssize_t)done : -EAGAIN;
		int err = wait_event_interruptible(&tty->write_wait, !output_blocked(tty) ||
									 tty_is_hung_up(tty, file));
		if (err)
			return done ? (ssize_t)done : err;
		mutex_lock(&tty->lock);
	}
	mutex_unlock(&tty->lock);
	return (ssize_t)done;
}

ssize_t n_tty_write(struct tty *tty, struct file *file, struct uio *uio)
{
	char piece[WRITE_CHUNK];
	ssize_t total = 0;
	if (tty_is_hung_up(tty, file))
		return -EIO;
	if (FLAG_L(tty, TOSTOP)) {
		int err = tty_check_foreground(tty, SIGTTOU);
		if (err)
			return err;
	}
	while (uio->resid) {
		size_t n = uio_copy_in(uio, piece, min(uio->resid, sizeof(piece)));
		if (!n)
			return total ? total : -EFAULT;
		ssize_t sent = write_piece(tty, file, piece, n);
		if (sent < 0)
			return total ? total : sent;
		total += sent;
		if ((size_t)sent < n)
			break;
		thread_yield_point();
	}
	return total;
}
