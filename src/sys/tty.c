/* Terminals as devices: registration, the terminal thread, open and close, job control. See tty.h.
 */
#include "hw/boot.h"
#include "lib/log.h"
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "sys/cmdline.h"
#include "sys/signal.h"
#include "sys/sys_fs_int.h"
#include "sys/thread.h"
#include "sys/tty_int.h"
#include "vfs/file.h"
#include "vfs/vfs.h"

#include <linux/capability.h>
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
	wake_all(&tty->write_wait);
}

/* ---- registration ---- */

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
	(void)strscpy(tty->name, name, sizeof(tty->name));
	tty->major = major;
	tty->minor = minor;
	tty->driver = driver;
	tty->driver_data = driver_data;
	irqlock_init(&tty->raw_lock, "tty raw input");
	mutex_init(&tty->lock, "tty");
	wait_queue_init(&tty->read_wait, "tty read");
	wait_queue_init(&tty->write_wait, "tty write");
	n_tty_reset(tty);
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

/* ---- job control ---- */

int tty_check_foreground(struct tty *tty, int sig)
{
	struct process *self = process_current();
	irqflags_t flags = irqlock_lock(&process_lock);
	bool background = self->tty == tty && tty->foreground && self->pgid != tty->foreground;
	int pgid = self->pgid;
	irqlock_unlock(&process_lock, flags);
	if (!background)
		return 0;
	if (signal_current_ignores(sig))
		return sig == SIGTTIN ? -EIO : 0;
	if (process_group_is_orphaned(pgid))
		return -EIO;
	(void)signal_send_group(pgid, sig, NULL); /* the group is our own: it exists */
	return -ERESTARTSYS;
}

int tty_acquire(struct tty *tty, bool steal)
{
	struct process *self = process_current();
	int err = 0;
	irqflags_t flags = irqlock_lock(&process_lock);
	if (self->tty == tty && tty->session == self->sid) {
		/* it is ours already */
	} else if (!self->session_leader || self->tty) {
		err = -EPERM;
	} else if (tty->session && !(steal && capable(CAP_SYS_ADMIN))) {
		err = -EPERM;
	} else {
		if (tty->session) {
			struct process *other;
			list_for_each_entry(other, &process_list, all_node) {
				if (other->tty == tty)
					other->tty = NULL;
			}
		}
		tty->session = self->sid;
		tty->foreground = self->pgid;
		self->tty = tty;
	}
	irqlock_unlock(&process_lock, flags);
	return err;
}

/* Takes the terminal from every process of its session. process_lock held. */
static void session_detach(struct tty *tty)
{
	struct process *process;
	list_for_each_entry(process, &process_list, all_node) {
		if (process->tty == tty)
			process->tty = NULL;
	}
	tty->session = tty->foreground = 0;
}

void tty_session_end(struct process *leader)
{
	irqflags_t flags = irqlock_lock(&process_lock);
	struct tty *tty = leader->tty;
	int foreground = 0;
	if (tty && tty->session == leader->sid) {
		foreground = tty->foreground;
		session_detach(tty);
	}
	irqlock_unlock(&process_lock, flags);
	if (foreground && signal_send_group(foreground, SIGHUP, NULL) == 0)
		(void)signal_send_group(foreground, SIGCONT, NULL); /* may have gone meanwhile */
	if (tty) {
		wake_all(&tty->read_wait);
		wake_all(&tty->write_wait);
	}
}

u32 tty_process_device(const struct process *process)
{
	const struct tty *tty = process->tty;
	return tty ? (u32)dev_encode(tty->major, tty->minor) : 0;
}

int tty_process_foreground(const struct process *process)
{
	return process->tty ? process->tty->foreground : -1;
}

/* ---- file operations ---- */

static struct tty *tty_of(struct file *file)
{
	return file->private;
}

static int open_tty(struct tty *tty, struct file *file)
{
	file->private = tty;
	file->mode = (file->mode & ~(u32)FILE_SEEKABLE) | FILE_STREAM;
	mutex_lock(&tty->lock);
	if (!tty->open_count++)
		tty->output_stopped = false;
	if (!(file->flags & O_NOCTTY) && process_current()->session_leader && !tty->session)
		if (tty_acquire(tty, false)) {
			/* having one already is no error */
		}
	mutex_unlock(&tty->lock);
	return 0;
}

static int tty_open(struct inode *inode, struct file *file)
{
	return open_tty(file->private, file);
}

/* /dev/console: whatever console= chose. It never becomes a controlling terminal by opening, as on
 * Linux. */
static int console_open(struct inode *inode, struct file *file)
{
	struct tty *tty = tty_console();
	if (!tty)
		return -ENODEV;
	file->flags |= O_NOCTTY;
	return open_tty(tty, file);
}

/* /dev/tty: the caller's controlling terminal. */
static int controlling_open(struct inode *inode, struct file *file)
{
	irqflags_t flags = irqlock_lock(&process_lock);
	struct tty *tty = process_current()->tty;
	irqlock_unlock(&process_lock, flags);
	return tty ? open_tty(tty, file) : -ENXIO;
}

static void tty_release(struct file *file)
{
	struct tty *tty = tty_of(file);
	mutex_lock(&tty->lock);
	tty->open_count--;
	mutex_unlock(&tty->lock);
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
	if (n_tty_readable(tty))
		events |= EPOLLIN | EPOLLRDNORM;
	if (!tty->output_stopped && tty->driver->write_room(tty))
		events |= EPOLLOUT | EPOLLWRNORM;
	mutex_unlock(&tty->lock);
	return events;
}

static long tty_file_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	return tty_ioctl(tty_of(file), file, cmd, arg);
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
	struct thread *thread = kernel_thread_create("tty", input_thread_main, NULL);
	serial = tty_register("ttyS0", TTY_MAJOR, SERIAL_MINOR, &serial_driver, NULL);
	if (IS_ERR(thread) || !serial) {
		log_err("tty: no memory: the serial console can't be used");
		return;
	}
	input_thread = thread;
	hw_console_enable_input(serial_input);
}
