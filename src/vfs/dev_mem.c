/* /dev/null, /dev/zero, /dev/full: null(4), full(4). */
#include "mm/mm.h"
#include "vfs/dev_mem.h"
#include "vfs/file.h"
#include "vfs/vfs.h"

#include <linux/eventpoll.h>
#include <linux/major.h>

static ssize_t null_read(struct file *file, struct uio *uio, loff_t *pos)
{
	return 0;
}

static ssize_t null_write(struct file *file, struct uio *uio, loff_t *pos)
{
	size_t n = uio->resid;
	uio_advance(uio, n);
	return (ssize_t)n;
}

static ssize_t zero_read(struct file *file, struct uio *uio, loff_t *pos)
{
	size_t done = 0;
	while (uio->resid) {
		size_t n = min(uio->resid, 16 * PAGE_SIZE);
		size_t copied = uio_zero_out(uio, n);
		done += copied;
		if (copied < n)
			return done ? (ssize_t)done : -EFAULT;
		if (thread_fatal_signal_pending())
			break;
		thread_yield_point();
	}
	return (ssize_t)done;
}

static ssize_t full_write(struct file *file, struct uio *uio, loff_t *pos)
{
	return uio->resid ? -ENOSPC : 0;
}

static unsigned int always_ready(struct file *file, struct poll_table *table)
{
	return EPOLLIN | EPOLLRDNORM | EPOLLOUT | EPOLLWRNORM;
}

/* Seeking is allowed and means nothing. */
static loff_t null_seek(struct file *file, loff_t offset, int whence)
{
	return file->pos = 0;
}

/* A private mapping of zeroes is anonymous memory; sharing one needs an object that /dev/zero is
 * not. */
static int zero_mmap(struct file *file, struct vm_area *area)
{
	if (area->flags & VM_SHARED)
		return -ENODEV;
	area->file = NULL;
	area->ops = NULL;
	return 0;
}

static const struct file_ops null_ops = {
    .read = null_read, .write = null_write, .seek = null_seek, .poll = always_ready};
static const struct file_ops zero_ops = {.read = zero_read,
					 .write = null_write,
					 .seek = null_seek,
					 .poll = always_ready,
					 .mmap = zero_mmap};
static const struct file_ops full_ops = {
    .read = zero_read, .write = full_write, .seek = null_seek, .poll = always_ready};

void dev_mem_init(void)
{
	static struct chardev devices[] = {
	    {.name = "null", .major = MEM_MAJOR, .minor = 3, .mode = 0666, .ops = &null_ops},
	    {.name = "zero", .major = MEM_MAJOR, .minor = 5, .mode = 0666, .ops = &zero_ops},
	    {.name = "full", .major = MEM_MAJOR, .minor = 7, .mode = 0666, .ops = &full_ops},
	};
	for (unsigned int i = 0; i < ARRAY_SIZE(devices); i++)
		chardev_register(&devices[i]);
}
