/*
 * eventfd: a counter that is a file.
 */
#include "lib/string.h"
#include "lib/wait.h"
#include "mm/kmalloc.h"
#include "vfs/file.h"
#include "vfs/poll.h"

#include <linux/eventpoll.h>
#include <linux/fcntl.h>

#define EVENTFD_SEMAPHORE 1 /* EFD_SEMAPHORE; EFD_NONBLOCK is O_NONBLOCK */
#define COUNT_MAX         (U64_MAX - 1)

struct eventfd {
	struct spinlock lock;
	u64 count; /* lock */
	bool semaphore;
	struct wait_queue wait; /* readers, writers and pollers */
};

static bool take(struct eventfd *e, u64 *value)
{
	bool got;

	spin_lock(&e->lock);
	got = e->count;
	if (got) {
		*value = e->semaphore ? 1 : e->count;
		e->count -= *value;
	}
	spin_unlock(&e->lock);
	return got;
}

static ssize_t eventfd_read(struct file *file, struct uio *uio, loff_t *pos)
{
	struct eventfd *e = file->private;
	u64 value;

	if (uio->resid < sizeof(value))
		return -EINVAL;
	if (!take(e, &value)) {
		int err;

		if (file->flags & O_NONBLOCK)
			return -EAGAIN;
		err = wait_event_interruptible(&e->wait, take(e, &value));
		if (err)
			return err;
	}
	wait_queue_wake(&e->wait, 0, EPOLLOUT | EPOLLWRNORM);
	return uio_copy_out(uio, &value, sizeof(value)) == sizeof(value) ? (ssize_t)sizeof(value)
									 : -EFAULT;
}

static bool give(struct eventfd *e, u64 value)
{
	bool fits;

	spin_lock(&e->lock);
	fits = value <= COUNT_MAX - e->count;
	if (fits)
		e->count += value;
	spin_unlock(&e->lock);
	return fits;
}

static ssize_t eventfd_write(struct file *file, struct uio *uio, loff_t *pos)
{
	struct eventfd *e = file->private;
	u64 value;

	if (uio->resid < sizeof(value))
		return -EINVAL;
	if (uio_copy_in(uio, &value, sizeof(value)) != sizeof(value))
		return -EFAULT;
	if (value == U64_MAX)
		return -EINVAL;
	if (!give(e, value)) {
		int err;

		if (file->flags & O_NONBLOCK)
			return -EAGAIN;
		err = wait_event_interruptible(&e->wait, give(e, value));
		if (err)
			return err;
	}
	if (value)
		wait_queue_wake(&e->wait, 0, EPOLLIN | EPOLLRDNORM);
	return sizeof(value);
}

static unsigned int eventfd_poll(struct file *file, struct poll_table *table)
{
	struct eventfd *e = file->private;
	unsigned int events = 0;

	poll_wait(file, &e->wait, table);
	spin_lock(&e->lock);
	if (e->count)
		events |= EPOLLIN | EPOLLRDNORM;
	if (e->count < COUNT_MAX)
		events |= EPOLLOUT | EPOLLWRNORM;
	spin_unlock(&e->lock);
	return events;
}

static void eventfd_release(struct file *file)
{
	kfree(file->private);
}

static const struct file_ops eventfd_ops = {
    .read = eventfd_read,
    .write = eventfd_write,
    .poll = eventfd_poll,
    .release = eventfd_release,
};

int eventfd_create(unsigned int count, u32 flags, struct file **out)
{
	struct eventfd *e;
	int err;

	if (flags & ~(u32)(EVENTFD_SEMAPHORE | O_NONBLOCK | O_CLOEXEC))
		return -EINVAL;
	e = kmalloc(sizeof(*e), MM_ZERO);
	if (!e)
		return -ENOMEM;
	spin_init(&e->lock, "eventfd");
	wait_queue_init(&e->wait, "eventfd");
	e->count = count;
	e->semaphore = flags & EVENTFD_SEMAPHORE;
	err = file_create_anonymous("anon_inode:[eventfd]", 0, &eventfd_ops, e,
				    O_RDWR | (flags & O_NONBLOCK), out);
	if (err)
		kfree(e);
	return err;
}
