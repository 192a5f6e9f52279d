/*
 * Terminals: line discipline and the console.
 *
 * A tty joins a character device driver (serial port, virtio console, later ptys) with the N_TTY line discipline: canonical or raw input,
 * echo, signals, output processing, job control, window size. Input arrives in interrupt context in tty_input(); readers and
 * writers sleep on its wait queues.
 */
#ifndef ARAMID_SYS_TTY_H
#define ARAMID_SYS_TTY_H

#include "lib/types.h"

struct tty;

struct tty_driver {
	/* Sends n bytes now or queues them; returns how many were taken. Any context; must not sleep. */
	size_t (*write)(struct tty *tty, const char *s, size_t n);
	/* Room for more output, in bytes; when it grows again the driver calls tty_write_wakeup(). */
	size_t (*write_room)(struct tty *tty);
};

/* Makes /dev/NAME. driver_data is the driver's. NULL on no memory. */
struct tty *tty_register(const char *name, u32 major, u32 minor, const struct tty_driver *driver, void *driver_data);
void *tty_driver_data(const struct tty *tty);
/* Received bytes; interrupt context. */
void tty_input(struct tty *tty, const char *s, size_t n);
void tty_write_wakeup(struct tty *tty);
/* The tty behind /dev/console, chosen by console=. */
struct tty *tty_console(void);
void tty_console_select(const char *name);

#endif
