/*
 * Terminals: line discipline, job control and the console.
 *
 * A tty joins a character device driver (serial port, virtio console) with the N_TTY line
 * discipline: canonical or raw input, echo, signals, output processing, job control, window size.
 *
 * Life of a byte of input: the driver's interrupt puts it into the tty's small raw ring (tty_input)
 * and wakes the terminal thread; that one runs the line discipline in process context (echo,
 * editing, ISIG signals) and moves it into the input buffer, where a reader finds it once a line is
 * complete (canonical) or at once (raw).
 *
 * A session's leader gets a terminal by opening one (without O_NOCTTY) or TIOCSCTTY. The foreground
 * process group may read; another one is stopped with SIGTTIN. Ioctls that change the terminal, and
 * with TOSTOP writes, stop it with SIGTTOU.
 *
 * Hanging up (the leader of a real terminal exits, vhangup(2), a pty's master closes) ends all
 * files that are open on a terminal at that moment; it may be opened again. Files remember how many
 * hang-ups there had been.
 *
 * Locking: tty->lock (mutex) guards everything but the raw ring, which has an irqlock. process->tty
 * and tty->session are changed under both tty->lock and process_lock.
 */
#ifndef ARAMID_SYS_TTY_H
#define ARAMID_SYS_TTY_H

#include "lib/types.h"

struct process;
struct tty;

struct tty_driver {
	/* Sends n bytes now or queues them; returns how many were taken. Any context; must not
	 * sleep. */
	size_t (*write)(struct tty *tty, const char *s, size_t n);
	/* Room for more output, in bytes; when it grows again the driver calls tty_write_wakeup().
	 */
	size_t (*write_room)(struct tty *tty);
	/* What only some lines have; NULL: nothing to do. tty->lock held but for destroy. */
	int (*open)(struct tty *tty);               /* may refuse */
	void (*closed)(struct tty *tty);            /* no file is left */
	void (*read_wakeup)(struct tty *tty);       /* a reader made room for input */
	void (*output_flush)(struct tty *tty);      /* forget what was written but not sent */
	size_t (*output_count)(struct tty *tty);    /* how much that is */
	void (*status)(struct tty *tty, u8 change); /* TIOCPKT_* */
	void (*destroy)(struct tty *tty);           /* the last reference is gone */
	bool pseudo;                                /* a pty: TIOCNOTTY does not hang it up */
};

/* Makes /dev/NAME. driver_data is the driver's. NULL on no memory. */
struct tty *tty_register(const char *name, u32 major, u32 minor, const struct tty_driver *driver,
			 void *driver_data);
void *tty_driver_data(const struct tty *tty);
/* Received bytes; interrupt context. What finds no room is dropped. */
void tty_input(struct tty *tty, const char *s, size_t n);
/* The driver has room again; any context. */
void tty_write_wakeup(struct tty *tty);

/* The serial port's tty, /dev/console and /dev/tty, and the terminal thread. Called once by
 * kernel_main. */
void tty_init(void);
/* The tty behind /dev/console: the last console= that exists, else the serial port. */
struct tty *tty_console(void);

/* Called by sys when a session leader exits: the terminal is free and, unless
 * it is a pty, hung up; the foreground group gets SIGHUP and SIGCONT. */
void tty_session_end(struct process *leader);
/* For /proc/PID/stat: device number of the controlling terminal (0: none) and its foreground group
 * (-1). process_lock held. */
u32 tty_process_device(const struct process *process);
int tty_process_foreground(const struct process *process);

#endif
