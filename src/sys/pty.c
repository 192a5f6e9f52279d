/*
 * Pseudo terminals: the master's file, and the slave's line. See pty.h.
 *
 * Output of the slave waits in a ring for the master. Input has no buffer on the way: the master's
 * write() runs the line discipline itself, and waits when that has no room.
 *
 * Life: the table of ptys holds no reference. References on the slave's tty (tty->refs) are the
 * master's and one of each slave file; the last to go takes the pty out of the table and frees it.
 * Whoever finds it in the table takes a reference under table_lock, while there still is one.
 *
 * Locking: tty->lock → pty->ring_lock. reader orders those who read from the master. table_lock is
 * a leaf.
 */
#include "sys/pty.h"

#include "lib/atomic.h"
#include "lib/printf.h"
#include "mm/kmalloc.h"
#include "mm/usercopy.h"
#include "sys/signal.h"
#include "sys/tty_int.h"
#include "vfs/cred.h"
#include "vfs/inode.h"
#include "vfs/vfs.h"

#include <linux/eventpoll.h>
#include <linux/fcntl.h>
#include <linux/major.h>
#include <linux/stat.h>

#define PTMX_MINOR 2 /* of TTYAUX_MAJOR */
#define PTY_MAX    1024
#define RING_BYTES 8192
#define PIECE      256

struct pty {
	struct tty slave;
	u32 number;
	bool locked;          /* atomic: TIOCSPTLCK; the slave can't be opened */
	bool master_open;     /* slave.lock and table_lock */
	bool slave_closed;    /* atomic: it was open and is no more */
	struct pty_name name; /* table_lock */

	struct mutex reader;
	struct spinlock ring_lock;
	u8 *ring;               /* from the slave to the master */
	u64 head, tail;         /* ring_lock; count up for ever */
	u8 change;              /* ring_lock: TIOCPKT_* not yet read */
	bool packet;            /* ring_lock */
	struct wait_queue wait; /* the master's readers, writers and pollers */
};

static struct spinlock table_lock = SPINLOCK_INIT("ptys");
static struct pty *table[PTY_MAX];                                /* table_lock */
static struct pty_name defaults = {.mode = 0600, .gid = U32_MAX}; /* table_lock */

static struct pty *pty_of(struct tty *tty)
{
	return container_of(tty, struct pty, slave);
}

/* ---- the slave's line ---- */

static size_t ring_used(const struct pty *pty)
{
	return (size_t)(pty->head - pty->tail);
}

static size_t line_write(struct tty *tty, const char *s, size_t n)
{
	struct pty *pty = pty_of(tty);
	spin_lock(&pty->ring_lock);
	n = min(n, RING_BYTES - ring_used(pty));
	for (size_t i = 0; i < n; i++)
		pty->ring[pty->head++ % RING_BYTES] = (u8)s[i];
	spin_unlock(&pty->ring_lock);
	if (n)
		wait_queue_wake(&pty->wait, 0, EPOLLIN | EPOLLRDNORM);
	return n;
}

static size_t line_output_count(struct tty *tty)
{
	struct pty *pty = pty_of(tty);
	spin_lock(&pty->ring_lock);
	size_t used = ring_used(pty);
	spin_unlock(&pty->ring_lock);
	return used;
}

static size_t line_room(struct tty *tty)
{
	return RING_BYTES - line_output_count(tty);
}

static void line_flush(struct tty *tty)
{
	struct pty *pty = pty_of(tty);
	spin_lock(&pty->ring_lock);
	pty->tail = pty->head;
	spin_unlock(&pty->ring_lock);
	tty_write_wakeup(tty);
}

static int line_open(struct tty *tty)
{
	struct pty *pty = pty_of(tty);
	if (!pty->master_open || atomic_load(&pty->locked))
		return -EIO;
	atomic_store(&pty->slave_closed, false);
	return 0;
}

static void line_closed(struct tty *tty)
{
	struct pty *pty = pty_of(tty);
	atomic_store(&pty->slave_closed, true);
	wake_all(&pty->wait);
}

static void line_read_wakeup(struct tty *tty)
{
	wait_queue_wake(&pty_of(tty)->wait, 0, EPOLLOUT | EPOLLWRNORM);
}

static void line_status(struct tty *tty, u8 change)
{
	struct pty *pty = pty_of(tty);
	static const u8 opposites[][2] = {{TIOCPKT_STOP, TIOCPKT_START},
					  {TIOCPKT_DOSTOP, TIOCPKT_NOSTOP}};
	spin_lock(&pty->ring_lock);
	bool packet = pty->packet;
	if (packet) {
		for (unsigned int i = 0; i < ARRAY_SIZE(opposites); i++)
			if (change & (opposites[i][0] | opposites[i][1]))
				pty->change &= (u8) ~(opposites[i][0] | opposites[i][1]);
		pty->change |= change;
	}
	spin_unlock(&pty->ring_lock);
	if (packet)
		wake_all(&pty->wait);
}

static void line_destroy(struct tty *tty)
{
	struct pty *pty = pty_of(tty);
	spin_lock(&table_lock);
	table[pty->number] = NULL;
	spin_unlock(&table_lock);
	kfree(pty->ring);
	kfree(pty);
}

static const struct tty_driver line = {.write = line_write,
				       .write_room = line_room,
				       .open = line_open,
				       .closed = line_closed,
				       .read_wakeup = line_read_wakeup,
				       .output_flush = line_flush,
				       .output_count = line_output_count,
				       .status = line_status,
				       .destroy = line_destroy,
				       .pseudo = true};

/* ---- the table ---- */

static struct pty *pty_alloc(void)
{
	struct pty *pty = kmalloc(sizeof(*pty), MM_ZERO);
	u8 *ring = kmalloc(RING_BYTES, MM_NORMAL);
	if (!pty || !ring) {
		kfree(pty);
		kfree(ring);
		return NULL;
	}
	pty->ring = ring;
	pty->locked = pty->master_open = true;
	mutex_init(&pty->reader, "pty reader");
	spin_init(&pty->ring_lock, "pty ring");
	wait_queue_init(&pty->wait, "pty master");
	return pty;
}

/* Gives the pty its number and name. -ENOSPC. */
static int pty_enter(struct pty *pty)
{
	const struct cred *cred = current_cred();
	u32 number = 0;
	spin_lock(&table_lock);
	while (number < PTY_MAX && table[number])
		number++;
	if (number < PTY_MAX) {
		char name[16];
		ksnprintf(name, sizeof(name), "pts%u", number);
		tty_setup(&pty->slave, name, UNIX98_PTY_SLAVE_MAJOR, number, &line, NULL);
		pty->slave.termios.c_cflag = B38400 | CS8 | CREAD;
		pty->slave.termios.c_ispeed = pty->slave.termios.c_ospeed = 38400;
		pty->number = number;
		pty->name = (struct pty_name){
		    .mode = defaults.mode,
		    .uid = cred->fsuid,
		    .gid = defaults.gid == U32_MAX ? cred->fsgid : defaults.gid,
		};
		table[number] = pty;
	}
	spin_unlock(&table_lock);
	return number < PTY_MAX ? 0 : -ENOSPC;
}

/* One whose master is open, or NULL. table_lock held. */
static struct pty *pty_named(u32 number)
{
	return number < PTY_MAX && table[number] && table[number]->master_open ? table[number]
									       : NULL;
}

int pty_name_get(u32 number, bool next, struct pty_name *out)
{
	spin_lock(&table_lock);
	while (next && number < PTY_MAX && !pty_named(number))
		number++;
	struct pty *pty = pty_named(number);
	if (pty)
		*out = pty->name;
	spin_unlock(&table_lock);
	return pty ? (int)number : -ENOENT;
}

int pty_name_set(u32 number, const struct attr *attr)
{
	spin_lock(&table_lock);
	struct pty *pty = pty_named(number);
	if (pty) {
		struct pty_name *name = &pty->name;
		if (attr->valid & ATTR_MODE)
			name->mode = attr->mode & 07777;
		if (attr->valid & ATTR_UID)
			name->uid = attr->uid;
		if (attr->valid & ATTR_GID)
			name->gid = attr->gid;
	}
	spin_unlock(&table_lock);
	return pty ? 0 : -ENOENT;
}

void pty_defaults_set(u32 mode, u32 gid)
{
	spin_lock(&table_lock);
	defaults.mode = mode & 07777;
	defaults.gid = gid;
	spin_unlock(&table_lock);
}

static int slave_open(struct inode *inode, struct file *file)
{
	spin_lock(&table_lock);
	struct pty *pty = pty_named(inode->rdev_minor);
	if (pty)
		tty_get(&pty->slave);
	spin_unlock(&table_lock);
	return pty ? tty_open_found(&pty->slave, file) : -EIO;
}

/* ---- the master ---- */

static int master_open(struct inode *inode, struct file *file)
{
	struct pty *pty = pty_alloc();
	if (!pty)
		return -ENOMEM;
	int err = pty_enter(pty);
	if (err) {
		kfree(pty->ring);
		kfree(pty);
		return err;
	}
	file->private = pty;
	file->mode = (file->mode & ~(u32)FILE_SEEKABLE) | FILE_STREAM;
	return 0;
}

static void master_release(struct file *file)
{
	struct pty *pty = file->private;
	if (!pty)
		return;
	mutex_lock(&pty->slave.lock);
	spin_lock(&table_lock);
	pty->master_open = false;
	spin_unlock(&table_lock);
	mutex_unlock(&pty->slave.lock);
	tty_hangup(&pty->slave);
	tty_put(&pty->slave);
}

/* Moves what fits. Bytes, 0 if there is nothing, -EFAULT. reader held; writers only add. */
static ssize_t ring_read(struct pty *pty, struct uio *uio)
{
	ssize_t done = 0;
	for (;;) {
		spin_lock(&pty->ring_lock);
		u64 tail = pty->tail;
		size_t used = ring_used(pty);
		spin_unlock(&pty->ring_lock);
		size_t n = min_t(size_t, min(used, uio->resid), RING_BYTES - tail % RING_BYTES);
		if (!n)
			return done;
		size_t copied = uio_copy_out(uio, pty->ring + tail % RING_BYTES, n);
		spin_lock(&pty->ring_lock);
		if (pty->tail == tail) /* it was not flushed meanwhile */
			pty->tail += copied;
		spin_unlock(&pty->ring_lock);
		done += (ssize_t)copied;
		if (copied < n)
			return done ? done : -EFAULT;
	}
}

/* What one read brings now; -EAGAIN: nothing yet. */
static ssize_t master_take(struct pty *pty, struct uio *uio)
{
	/* Before the ring, so that what was written before the slave closed is still seen. */
	bool slave_closed = atomic_load(&pty->slave_closed);
	spin_lock(&pty->ring_lock);
	bool packet = pty->packet;
	u8 change = pty->change;
	bool data = ring_used(pty);
	if (packet && change)
		pty->change = 0;
	spin_unlock(&pty->ring_lock);
	if (!data && !(packet && change))
		return slave_closed ? -EIO : -EAGAIN;
	if (!packet)
		return ring_read(pty, uio);
	if (uio_copy_out(uio, &change, 1) != 1) /* TIOCPKT_DATA is 0 */
		return -EFAULT;
	ssize_t n = change ? 0 : ring_read(pty, uio);
	return n < 0 ? n : n + 1;
}

static bool master_readable(struct pty *pty)
{
	spin_lock(&pty->ring_lock);
	bool readable = ring_used(pty) || (pty->packet && pty->change);
	spin_unlock(&pty->ring_lock);
	return readable;
}

static ssize_t master_read(struct file *file, struct uio *uio, loff_t *pos)
{
	struct pty *pty = file->private;
	if (!uio->resid)
		return 0;
	for (;;) {
		mutex_lock(&pty->reader);
		ssize_t n = master_take(pty, uio);
		mutex_unlock(&pty->reader);
		if (n > 0)
			tty_write_wakeup(&pty->slave);
		if (n != -EAGAIN || (file->flags & O_NONBLOCK))
			return n;
		int err = wait_event_interruptible(&pty->wait, master_readable(pty) ||
								   atomic_load(&pty->slave_closed));
		if (err)
			return err;
	}
}

static bool master_writable(struct pty *pty)
{
	mutex_lock(&pty->slave.lock);
	bool room = n_tty_has_room(&pty->slave);
	mutex_unlock(&pty->slave.lock);
	return room;
}

/* Types n bytes at the slave; how many it took. */
static size_t type_in(struct tty *tty, const u8 *s, size_t n)
{
	size_t done = 0;
	mutex_lock(&tty->lock);
	while (done < n && n_tty_has_room(tty))
		n_tty_receive(tty, s[done++]);
	mutex_unlock(&tty->lock);
	return done;
}

static ssize_t master_write(struct file *file, struct uio *uio, loff_t *pos)
{
	struct pty *pty = file->private;
	ssize_t total = 0;
	while (uio->resid) {
		u8 piece[PIECE];
		size_t n = uio_copy_in(uio, piece, min(uio->resid, sizeof(piece)));
		if (!n)
			return total ? total : -EFAULT;
		for (size_t done = 0; done < n;) {
			size_t taken = type_in(&pty->slave, piece + done, n - done);
			done += taken;
			total += (ssize_t)taken;
			if (done == n)
				break;
			int err = file->flags & O_NONBLOCK
				      ? -EAGAIN
				      : wait_event_interruptible(&pty->wait, master_writable(pty));
			if (err)
				return total ? total : err;
		}
		thread_yield_point();
	}
	return total;
}

static unsigned int master_poll(struct file *file, struct poll_table *table)
{
	struct pty *pty = file->private;
	unsigned int events = 0;
	poll_wait(file, &pty->wait, table);
	if (atomic_load(&pty->slave_closed))
		events |= EPOLLHUP;
	if (master_readable(pty))
		events |= EPOLLIN | EPOLLRDNORM;
	if (master_writable(pty))
		events |= EPOLLOUT | EPOLLWRNORM;
	spin_lock(&pty->ring_lock);
	if (pty->packet && pty->change)
		events |= EPOLLPRI;
	spin_unlock(&pty->ring_lock);
	return events;
}

/* ---- the master's ioctls ---- */

static int lock_set(struct pty *pty, unsigned long arg)
{
	int on;
	int err = get_user(on, (int __user *)arg);
	if (!err)
		atomic_store(&pty->locked, on != 0);
	return err;
}

static int packet_set(struct pty *pty, unsigned long arg)
{
	int on;
	int err = get_user(on, (int __user *)arg);
	if (err)
		return err;
	spin_lock(&pty->ring_lock);
	if (on && !pty->packet)
		pty->change = 0;
	pty->packet = on;
	spin_unlock(&pty->ring_lock);
	return 0;
}

/* Opens the slave without trusting that its name means the same to the caller. */
static int peer_open(struct pty *pty, unsigned long arg)
{
	struct file *file;
	char name[24];
	u32 flags = (u32)arg;
	if (arg & ~(unsigned long)(O_ACCMODE | O_NOCTTY | O_NONBLOCK | O_CLOEXEC))
		return -EINVAL;
	ksnprintf(name, sizeof(name), "/dev/pts/%u", pty->number);
	int err = file_open(AT_FDCWD, name, flags, 0, &file);
	if (err)
		return err;
	bool ours = S_ISCHR(file->inode->mode) &&
		    file->inode->rdev_major == UNIX98_PTY_SLAVE_MAJOR &&
		    file->inode->rdev_minor == pty->number;
	int fd = ours ? fd_install(file, 0, flags & O_CLOEXEC) : -ENODEV;
	if (fd < 0)
		file_put(file);
	return fd;
}

static int signal_slave(struct pty *pty, unsigned long sig)
{
	if (sig != SIGINT && sig != SIGQUIT && sig != SIGTSTP)
		return -EINVAL;
	tty_signal_foreground(&pty->slave, (int)sig);
	return 0;
}

static long master_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct pty *pty = file->private;
	struct tty *slave = &pty->slave;
	switch (cmd) {
	case TIOCGPTN:
		return put_user(pty->number, (u32 __user *)arg);
	case TIOCSPTLCK:
		return lock_set(pty, arg);
	case TIOCGPTLCK:
		return put_user((int)atomic_load(&pty->locked), (int __user *)arg);
	case TIOCPKT:
		return packet_set(pty, arg);
	case TIOCGPKT:
		return put_user((int)READ_ONCE(pty->packet), (int __user *)arg);
	case TIOCGPTPEER:
		return peer_open(pty, arg);
	case TIOCSIG:
		return signal_slave(pty, arg);
	case FIONREAD:
		return put_user((int)line_output_count(slave), (int __user *)arg);
	case TIOCOUTQ:
		return put_user(0, (int __user *)arg);
	case TIOCGPGRP:
		return put_user(READ_ONCE(slave->foreground), (int __user *)arg);
	case TIOCGSID: {
		int session = READ_ONCE(slave->session);
		return session ? put_user(session, (int __user *)arg) : -ENOTTY;
	}
	case TIOCSCTTY:
	case TIOCNOTTY:
		return -ENOTTY;
	default: /* the rest means the slave: its termios, size and job control */
		return tty_ioctl(slave, file, cmd, arg);
	}
}

static const struct file_ops master_ops = {.open = master_open,
					   .release = master_release,
					   .read = master_read,
					   .write = master_write,
					   .poll = master_poll,
					   .ioctl = master_ioctl};
static const struct file_ops slave_ops = {.open = slave_open};

void pty_init(void)
{
	static struct chardev ptmx = {.name = "ptmx",
				      .major = TTYAUX_MAJOR,
				      .minor = PTMX_MINOR,
				      .mode = 0666,
				      .ops = &master_ops};
	static struct chardev slaves = {
	    .major = UNIX98_PTY_SLAVE_MAJOR, .minors = PTY_MAX, .ops = &slave_ops};
	chardev_register(&ptmx);
	chardev_register(&slaves);
	devpts_init();
}
