/* Terminals as devices: registration, the terminal thread, open and close. See tty.h. */
#include "hw/boot.h"
#include "lib/atomic.h"
#include "lib/log.h"
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "sys/cmdline.h"
#include "sys/pty.h"
#include "sys/thread.h"
#include "sys/tty_int.h"
#include "vfs/file.h"
#include "vfs/vfs.h"

#include <linux/eventpoll.h>
#include <linux/fcntl.h>
#include <linux/major.h>

#define CONSOLE_MINOR 1 /* of TTYAUX_MAJOR: /dev/console; /dev/tty is 0 */
#define SERIAL_MINOR  64

static struct tty *ttys; /* only grows, at start-up */
static struct tty *console;
static struct thread *input_thread;
static const struct file_ops tty_file_ops;

/* ---- input from interrupts ---- */

void tty_input(struct tty *tty, const char *s, size_t n)
{
	irqflags_t flags = irqlock_lock(&tty->raw_lock);
	for (size_t i = 0; i < n && tty->raw_head - tty->raw_tail < TTY_RAW_BYTES; i++)
		tty->raw[tty->raw_head++ % TTY_RAW_BYTES] = (u8)s[i];
	irqlock_unlock(&tty->raw_lock, flags);
	if (input_thread)
		thread_unpark(input_thread);
}

static bool raw_take(struct tty *tty, u8 *c)
{
	irqflags_t flags = irqlock_lock(&tty->raw_lock);
	bool some = tty->raw_head != tty->raw_tail;
	if (some)
		*c = tty->raw[tty->raw_tail++ % TTY_RAW_BYTES];
	irqlock_unlock(&tty->raw_lock, flags);
	return some;
}

static void input_thread_main(void *arg)
{
	for (;;) {
		for (struct tty *tty = ttys; tty; tty = tty->next) {
			u8 c;
			mutex_lock(&tty->lock);
			while (raw_take(tty, &c))
				n_tty_receive(tty, c);
			mutex_unlock(&tty->lock);
		}
		(void)thread_park(PARK_UNINTERRUPTIBLE, PARK_FOREVER);
	}
}

void tty_write_wakeup(struct tty *tty)
{
	wait_queue_wake(&tty->write_wait, 0, EPOLLOUT | EPOLLWRNORM);
}

/* ---- registration ---- */

void tty_setup(struct tty *tty, const char *name, u32 major, u32 minor,
	       const struct tty_driver *driver, void *driver_data)
{
	(void)strscpy(tty->name, name, sizeof(tty->name));
	tty->refs = 1;
	tty->major = major;
	tty->minor = minor;
	tty->driver = driver;
	tty->driver_data = driver_data;
	irqlock_init(&tty->raw_lock, "tty raw input");
	mutex_init(&tty->lock, "tty");
	wait_queue_init(&tty->read_wait, "tty read");
	wait_queue_init(&tty->write_wait, "tty write");
	n_tty_reset(tty);
}

void tty_get(struct tty *tty)
{
	atomic_add_fetch(&tty->refs, 1);
}

void tty_put(struct tty *tty)
{
	if (!atomic_add_fetch(&tty->refs, -1))
		tty->driver->destroy(tty); /* only ptys end */
}

struct tty *tty_register(const char *name, u32 major, u32 minor, const struct tty_driver *driver,
			 void *driver_data)
{
	struct tty *tty = kmalloc(sizeof(*tty), MM_ZERO);
	struct chardev *device = kmalloc(sizeof(*device), MM_ZERO);
	if (!tty || !device) {
		kfree(tty);
		kfree(device);
		return NULL;
	}
	tty_setup(tty, name, major, minor, driver, driver_data);
	tty->next = ttys;
	ttys = tty;
	*device = (struct chardev){.name = tty->name,
				   .major = major,
				   .minor = minor,
				   .mode = 0620,
				   .ops = &tty_file_ops,
				   .private = tty};
	chardev_register(device);
	return tty;
}

void *tty_driver_data(const struct tty *tty)
{
	return tty->driver_data;
}

/* The last console= that names a terminal; "ttyS0,115200" has options behind a comma. */
static int match_console(const char *value, void *arg)
{
	for (struct tty *tty = ttys; tty; tty = tty->next) {
		size_t n = strlen(tty->name);
		if (!strncmp(value, tty->name, n) && (!value[n] || value[n] == ','))
			console = tty;
	}
	return 0;
}

struct tty *tty_console(void)
{
	if (!console) {
		for (struct tty *tty = ttys; tty; tty = tty->next)
			console = tty; /* the first one registered: the serial port */
		(void)cmdline_for_each("console", match_console, NULL);
	}
	return console;
}

/* ---- file operations ---- */

static struct tty *tty_of(struct file *file)
{
	const struct tty_file *open = file->private;
	return open->tty;
}

/* Consumes the caller's reference on tty. immune: hanging up leaves this file alone. */
static int open_tty(struct tty *tty, struct file *file, bool immune)
{
	struct tty_file *open = kmalloc(sizeof(*open), MM_ZERO);
	int err = 0;
	if (!open) {
		tty_put(tty);
		return -ENOMEM;
	}
	mutex_lock(&tty->lock);
	if (tty->driver->open)
		err = tty->driver->open(tty);
	if (!err) {
		*open = (struct tty_file){.tty = tty, .hangups = tty->hangups, .immune = immune};
		if (!tty->open_count++)
			tty->output_stopped = false;
		if (!(file->flags & O_NOCTTY) && process_current()->session_leader && !tty->session)
			if (tty_acquire(tty, false)) {
				/* having one already is no error */
			}
	}
	mutex_unlock(&tty->lock);
	if (err) {
		kfree(open);
		tty_put(tty);
		return err;
	}
	file->private = open;
	file->mode = (file->mode & ~(u32)FILE_SEEKABLE) | FILE_STREAM;
	return 0;
}

static int tty_open(struct inode *inode, struct file *file)
{
	struct tty *tty = file->private;
	file->private = NULL;
	tty_get(tty);
	return open_tty(tty, file, false);
}

int tty_open_found(struct tty *tty, struct file *file)
{
	file->ops = &tty_file_ops;
	file->private = NULL;
	return open_tty(tty, file, false);
}

/* /dev/console: whatever console= chose. It never becomes a controlling terminal by opening, and
 * outlives sessions, as on Linux. */
static int console_open(struct inode *inode, struct file *file)
{
	struct tty *tty = tty_console();
	if (!tty)
		return -ENODEV;
	file->flags |= O_NOCTTY;
	tty_get(tty);
	return open_tty(tty, file, true);
}

/* /dev/tty: the caller's controlling terminal. */
static int controlling_open(struct inode *inode, struct file *file)
{
	struct tty *tty = tty_current_get();
	return tty ? open_tty(tty, file, false) : -ENXIO;
}

static void tty_release(struct file *file)
{
	struct tty_file *open = file->private;
	if (!open) /* it could not be opened */
		return;
	struct tty *tty = open->tty;
	mutex_lock(&tty->lock);
	if (!--tty->open_count && tty->driver->closed)
		tty->driver->closed(tty);
	mutex_unlock(&tty->lock);
	kfree(open);
	tty_put(tty);
}

static ssize_t tty_read(struct file *file, struct uio *uio, loff_t *pos)
{
	return n_tty_read(tty_of(file), file, uio);
}

static ssize_t tty_write(struct file *file, struct uio *uio, loff_t *pos)
{
	return n_tty_write(tty_of(file), file, uio);
}

static unsigned int tty_poll(struct file *file, struct poll_table *table)
{
	struct tty *tty = tty_of(file);
	unsigned int events = 0;
	poll_wait(file, &tty->read_wait, table);
	poll_wait(file, &tty->write_wait, table);
	mutex_lock(&tty->lock);
	if (tty_is_hung_up(tty, file))
		events = EPOLLIN | EPOLLRDNORM | EPOLLOUT | EPOLLWRNORM | EPOLLERR | EPOLLHUP;
	if (n_tty_readable(tty))
		events |= EPOLLIN | EPOLLRDNORM;
	if (!tty->output_stopped && tty->driver->write_room(tty))
		events |= EPOLLOUT | EPOLLWRNORM;
	mutex_unlock(&tty->lock);
	return events;
}

static long tty_file_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct tty *tty = tty_of(file);
	if (tty_is_hung_up(tty, file))
		return cmd == TIOCSPGRP ? -ENOTTY : -EIO;
	return tty_ioctl(tty, file, cmd, arg);
}

#define TTY_FILE_OPS(open_function)                                                                \
	{                                                                                          \
		.open = (open_function), .release = tty_release, .read = tty_read,                 \
		.write = tty_write, .poll = tty_poll, .ioctl = tty_file_ioctl                      \
	}

static const struct file_ops tty_file_ops = TTY_FILE_OPS(tty_open);
static const struct file_ops console_file_ops = TTY_FILE_OPS(console_open);
static const struct file_ops controlling_file_ops = TTY_FILE_OPS(controlling_open);

/* ---- the serial port ---- */

static struct tty *serial;

static size_t serial_write(struct tty *tty, const char *s, size_t n)
{
	hw_console_write(s, n);
	return n;
}

static size_t serial_write_room(struct tty *tty)
{
	return 4096; /* output is polled: there is always room */
}

static void serial_input(const char *s, size_t n)
{
	tty_input(serial, s, n);
}

void tty_init(void)
{
	static const struct tty_driver serial_driver = {.write = serial_write,
							.write_room = serial_write_room};
	static struct chardev console_device = {.name = "console",
						.major = TTYAUX_MAJOR,
						.minor = CONSOLE_MINOR,
						.mode = 0600,
						.ops = &console_file_ops};
	static struct chardev controlling_device = {.name = "tty",
						    .major = TTYAUX_MAJOR,
						    .minor = 0,
						    .mode = 0666,
						    .ops = &controlling_file_ops};
	chardev_register(&console_device);
	chardev_register(&controlling_device);
	pty_init();
	struct thread *thread = kernel_thread_create("tty", input_thread_main, NULL);
	serial = tty_register("ttyS0", TTY_MAJOR, SERIAL_MINOR, &serial_driver, NULL);
	if (IS_ERR(thread) || !serial) {
		log_err("tty: no memory: the serial console can't be used");
		return;
	}
	input_thread = thread;
	hw_console_enable_input(serial_input);
}
