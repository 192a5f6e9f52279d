/* The inside of a terminal, shared by tty.c (device, job control), n_tty.c (line discipline),
 * tty_ioctl.c. */
#ifndef ARAMID_SYS_TTY_INT_H
#define ARAMID_SYS_TTY_INT_H

#include "lib/lock.h"
#include "lib/mutex.h"
#include "lib/types.h"
#include "lib/wait.h"
#include "sys/tty.h"
#include "vfs/file.h"

#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <asm/termios.h>
#include <linux/eventpoll.h>

#define TTY_RAW_BYTES   1024
#define TTY_INPUT_BYTES 4096 /* as on Linux: a canonical line has at most 4095 bytes */

struct poll_table;
struct uio;

struct tty {
	char name[16];
	u32 refs; /* atomic: the driver, open files; a process's pointer is none (see tty_hangup) */
	u32 major, minor;
	const struct tty_driver *driver;
	void *driver_data;
	struct tty *next;

	struct irqlock raw_lock;
	u8 raw[TTY_RAW_BYTES];  /* raw_lock; a ring */
	u32 raw_head, raw_tail; /* raw_lock */

	struct mutex lock;
	/* lock */
	struct termios2 termios;
	struct winsize winsize;
	u8 input[TTY_INPUT_BYTES];              /* ring; positions count up for ever */
	u8 delimiter[TTY_INPUT_BYTES / 8];      /* bit: this byte ends a line (newline, EOL, EOF) */
	u64 input_read, input_line, input_head; /* read ≤ end of the last complete line ≤ written */
	u32 column, line_start_column;
	bool literal_next, erasing, output_stopped;
	int session, foreground; /* ids; 0: none */
	u32 open_count;          /* files, hung up or not */
	u32 hangups;             /* atomic too: files opened before the last one are dead */

	struct wait_queue read_wait, write_wait;
};

/* file->private of a terminal. */
struct tty_file {
	struct tty *tty;
	u32 hangups; /* tty->hangups at open */
	bool immune; /* /dev/console: never hung up */
};

/* Whether the line was hung up since file was opened. Final once true. */
static inline bool tty_is_hung_up(const struct tty *tty, const struct file *file)
{
	const struct tty_file *open = file->private;
	return !open->immune && open->hangups != READ_ONCE(tty->hangups);
}

static inline void tty_wake_readers(struct tty *tty)
{
	wait_queue_wake(&tty->read_wait, 0, EPOLLIN | EPOLLRDNORM);
}

/* Tells the driver of a change on the line, for packet mode: TIOCPKT_*. */
static inline void tty_tell(struct tty *tty, u8 change)
{
	if (tty->driver->status)
		tty->driver->status(tty, change);
}

#define FLAG_I(tty, flag) ((tty)->termios.c_iflag & (flag))
#define FLAG_O(tty, flag) ((tty)->termios.c_oflag & (flag))
#define FLAG_L(tty, flag) ((tty)->termios.c_lflag & (flag))

/* n_tty_output.c; tty->lock held. */
/* Where the cursor is after c, for erasing. */
u32 n_tty_column_after(const struct tty *tty, u32 column, u8 c);
/* Sends one byte through output processing. False: the driver has no room; nothing was sent. */
bool n_tty_put(struct tty *tty, u8 c);
void n_tty_echo(struct tty *tty, u8 c); /* control characters as ^X, if so told */
void n_tty_echo_raw(struct tty *tty, const char *s);

/* n_tty.c; tty->lock held unless said otherwise. */
void n_tty_reset(struct tty *tty);
void n_tty_receive(struct tty *tty, u8 c);
bool n_tty_readable(const struct tty *tty);
size_t n_tty_available(const struct tty *tty);
void n_tty_flush_input(struct tty *tty);
/* Whether n_tty_receive() would keep a byte, or at least could make something of it. */
bool n_tty_has_room(const struct tty *tty);
/* The mode changed between canonical and raw: what was typed stays readable. */
void n_tty_mode_changed(struct tty *tty, bool was_canonical);
/* Without the lock. */
ssize_t n_tty_read(struct tty *tty, struct file *file, struct uio *uio);
ssize_t n_tty_write(struct tty *tty, struct file *file, struct uio *uio);

/* tty.c: a terminal's fields, for tty_register() and ptys. Its first reference is the caller's. */
void tty_setup(struct tty *tty, const char *name, u32 major, u32 minor,
	       const struct tty_driver *driver, void *driver_data);
void tty_get(struct tty *tty);
void tty_put(struct tty *tty);
/* Goes on with the open of a device that several terminals share. Consumes the reference. */
int __must_check tty_open_found(struct tty *tty, struct file *file);

/* tty_session.c: stops a background process as sig (SIGTTIN, SIGTTOU) says. 0: go on; -EIO;
 * -ERESTARTSYS. No lock held. */
int __must_check tty_check_foreground(struct tty *tty, int sig);
/* Gives the running process, a session leader, this terminal. tty->lock held. -EPERM, -EBUSY … */
int __must_check tty_acquire(struct tty *tty, bool steal);
/* The running process's controlling terminal, referenced; NULL: none. */
struct tty *tty_current_get(void);
/* The foreground group gets sig. Any lock up to tty->lock may be held. */
void tty_signal_foreground(struct tty *tty, int sig);
/* TIOCNOTTY. */
int __must_check tty_give_up(struct tty *tty);
/* Ends the connection: every open file of the terminal but immune ones is dead from now on (end of
 * file, -EIO), no process has it as its controlling terminal any more, the session's leader gets
 * SIGHUP and SIGCONT. No lock held. */
void tty_hangup(struct tty *tty);

/* tty_ioctl.c */
long tty_ioctl(struct tty *tty, struct file *file, unsigned int cmd, unsigned long arg);

#endif
