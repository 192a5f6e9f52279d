/*
 * Pipes and FIFOs.
 *
 * A pipe is a ring of slots; a slot is a page with a run of bytes in it. A write goes behind the
 * bytes of the last slot if it fits there and otherwise into new pages, so that many small writes
 * share a page. A write of at most PIPE_BUF bytes goes into one page as a whole or not at all,
 * which makes it atomic. With O_DIRECT every write starts a slot of its own, a packet: a read
 * returns one packet and drops what did not fit. One page that was emptied is kept for the next
 * write.
 *
 * The pipe's mutex guards everything; it is held while bytes are copied, never while waiting.
 * Readers wait on one queue and writers on another; both are woken when an end is closed. A FIFO's
 * pipe (fifo.c) exists while the FIFO is open, found through inode->pipe under the inode's rwsem;
 * opens wait for the other end as POSIX says.
 */
#include "vfs/pipe_int.h"

#include "lib/assert.h"
#include "lib/atomic.h"
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "mm/page.h"
#include "mm/usercopy.h"
#include "vfs/cred.h"
#include "vfs/file_int.h"
#include "vfs/inode_int.h"
#include "vfs/mount_int.h"
#include "vfs/special.h"
#include "vfs/vfs.h"

#include <linux/capability.h>
#include <linux/eventpoll.h>
#include <linux/fcntl.h>
#include <linux/stat.h>
#include <asm/ioctls.h>
#include <asm/signal.h>

#define PIPE_SLOTS_MAX      4096
#define PIPE_SLOTS_USER_MAX 256
#define PIPE_ATOMIC         PAGE_SIZE /* PIPE_BUF */

struct pipe *pipe_alloc(void)
{
	struct pipe *pipe = kmalloc(sizeof(*pipe), MM_ZERO);

	if (!pipe)
		return NULL;
	mutex_init(&pipe->lock, "pipe");
	wait_queue_init(&pipe->readable, "pipe readable");
	wait_queue_init(&pipe->writable, "pipe writable");
	pipe->slots = pipe->first_slots;
	pipe->capacity = PIPE_SLOTS;
	return pipe;
}

static void page_release(struct pipe *pipe, struct page *page)
{
	if (!pipe->spare && atomic_load(&page->refs) == 1)
		pipe->spare = page;
	else
		page_put(page);
}

static void slot_drop_first(struct pipe *pipe)
{
	page_release(pipe, pipe_slot_at(pipe, 0)->page);
	pipe->first++;
	pipe->used--;
}

static void pipe_free(struct pipe *pipe)
{
	while (pipe->used)
		slot_drop_first(pipe);
	if (pipe->spare)
		page_put(pipe->spare);
	if (pipe->slots != pipe->first_slots)
		kfree(pipe->slots);
	kfree(pipe);
}

/* ---- reading ---- */

/* Gives up to n bytes of the first slots to take(). The pipe is locked and not empty. Bytes or
 * -errno. */
static ssize_t drain_locked(struct pipe *pipe, size_t n,
			    ssize_t (*take)(void *arg, const void *data, size_t n), void *arg)
{
	size_t done = 0;

	while (done < n && pipe->used) {
		struct pipe_slot *slot = pipe_slot_at(pipe, 0);
		size_t chunk = min_t(size_t, slot->length, n - done);
		ssize_t taken = take(arg, (char *)page_address(slot->page) + slot->offset, chunk);
		bool packet = slot->packet;

		if (taken < 0)
			return done ? (ssize_t)done : taken;
		slot->offset += (u32)taken;
		slot->length -= (u32)taken;
		done += (size_t)taken;
		if (!slot->length || (packet && taken))
			slot_drop_first(pipe);
		if ((size_t)taken < chunk || packet)
			break;
	}
	return (ssize_t)done;
}

ssize_t pipe_drain(struct pipe *pipe, size_t n, bool wait,
		   ssize_t (*take)(void *arg, const void *data, size_t n), void *arg)
{
	bool was_full;
	ssize_t result;

	if (!n)
		return 0;
	mutex_lock(&pipe->lock);
	while (!pipe->used) {
		int err;

		if (!pipe->writers) {
			mutex_unlock(&pipe->lock);
			return 0;
		}
		mutex_unlock(&pipe->lock);
		if (!wait)
			return -EAGAIN;
		err = wait_event_interruptible(&pipe->readable,
					       READ_ONCE(pipe->used) || !READ_ONCE(pipe->writers));
		if (err)
			return err;
		mutex_lock(&pipe->lock);
	}
	was_full = pipe->used == pipe->capacity;
	result = drain_locked(pipe, n, take, arg);
	was_full = was_full && pipe->used < pipe->capacity;
	mutex_unlock(&pipe->lock);
	if (was_full)
		pipe_wake(&pipe->writable, PIPE_OUT);
	return result;
}

static ssize_t take_to_uio(void *arg, const void *data, size_t n)
{
	size_t copied = uio_copy_out(arg, data, n);

	return copied ? (ssize_t)copied : -EFAULT;
}

static ssize_t pipe_read(struct file *file, struct uio *uio, loff_t *pos)
{
	return pipe_drain(file->private, uio->resid, !(file->flags & O_NONBLOCK), take_to_uio, uio);
}

/* ---- writing ---- */

static struct page *page_get_empty(struct pipe *pipe)
{
	struct page *page = pipe->spare;

	pipe->spare = NULL;
	return page ? page : page_alloc(0, MM_USER);
}

/* Room behind the last slot's bytes. */
static size_t room_in_last(struct pipe *pipe)
{
	struct pipe_slot *last;

	if (!pipe->used)
		return 0;
	last = pipe_slot_at(pipe, pipe->used - 1);
	if (last->packet || last->shared)
		return 0;
	return PAGE_SIZE - last->offset - last->length;
}

/* Lets give() fill room for up to n bytes: behind the last slot's bytes if `merge`, else in a new
 * slot. Bytes or -errno. */
static ssize_t fill_slot(struct pipe *pipe, size_t n, bool merge, bool packet,
			 ssize_t (*give)(void *arg, void *data, size_t n), void *arg)
{
	struct pipe_slot *slot;
	struct page *page;
	ssize_t got;

	if (merge) {
		slot = pipe_slot_at(pipe, pipe->used - 1);
		got = give(arg, (char *)page_address(slot->page) + slot->offset + slot->length,
			   min(n, room_in_last(pipe)));
		if (got > 0)
			slot->length += (u32)got;
		return got;
	}
	page = page_get_empty(pipe);
	if (!page)
		return -ENOMEM;
	got = give(arg, page_address(page), min(n, PAGE_SIZE));
	if (got <= 0) {
		page_release(pipe, page);
		return got;
	}
	slot = pipe_slot_at(pipe, pipe->used);
	*slot = (struct pipe_slot){.page = page, .length = (u32)got, .packet = packet};
	pipe->used++;
	return got;
}

/* Writes as much as there is room for now. Small writes are whole or nothing. */
static ssize_t fill_locked(struct pipe *pipe, size_t n, bool packet,
			   ssize_t (*give)(void *arg, void *data, size_t n), void *arg)
{
	bool small = n <= PIPE_ATOMIC;
	size_t done = 0;

	while (done < n) {
		size_t room = packet ? 0 : room_in_last(pipe), want = n - done;
		bool merge = small ? room >= want : room > 0;
		ssize_t got;

		if (!merge && pipe->used == pipe->capacity)
			break;
		got = fill_slot(pipe, want, merge, packet, give, arg);
		if (got < 0)
			return done ? (ssize_t)done : got;
		done += (size_t)got;
		if (!got || ((size_t)got < want && (size_t)got < PAGE_SIZE && !merge))
			break;
	}
	return (ssize_t)done;
}

bool pipe_has_room(struct pipe *pipe, size_t n)
{
	return READ_ONCE(pipe->used) < READ_ONCE(pipe->capacity) || !READ_ONCE(pipe->readers);
}

/* Until all n bytes are in (or, with some in, something comes between). */
static ssize_t pipe_write_all(struct pipe *pipe, size_t n, bool wait, bool packet,
			      ssize_t (*give)(void *arg, void *data, size_t n), void *arg)
{
	ssize_t done = 0;
	int err = 0;

	if (!n)
		return 0;
	mutex_lock(&pipe->lock);
	while (!err) {
		ssize_t got;

		if (!pipe->readers) {
			current_send_signal(SIGPIPE);
			err = -EPIPE;
			break;
		}
		got = fill_locked(pipe, n - (size_t)done, packet, give, arg);
		if (got < 0) {
			err = (int)got;
			break;
		}
		done += got;
		if ((size_t)done == n || (got && pipe->used < pipe->capacity && !wait))
			break;
		if (!wait) {
			err = -EAGAIN;
			break;
		}
		if (pipe->used < pipe->capacity && !got)
			break; /* the giver has no more */
		mutex_unlock(&pipe->lock);
		pipe_wake(&pipe->readable, PIPE_IN);
		err = wait_event_interruptible(&pipe->writable, pipe_has_room(pipe, n));
		mutex_lock(&pipe->lock);
	}
	mutex_unlock(&pipe->lock);
	/* Readers that poll hear of every write, not just of the first into an empty pipe. */
	if (done)
		pipe_wake(&pipe->readable, PIPE_IN);
	return done ? done : err;
}

static ssize_t give_from_uio(void *arg, void *data, size_t n)
{
	size_t copied = uio_copy_in(arg, data, n);

	return copied ? (ssize_t)copied : -EFAULT;
}

static ssize_t pipe_write(struct file *file, struct uio *uio, loff_t *pos)
{
	return pipe_write_all(file->private, uio->resid, !(file->flags & O_NONBLOCK),
			      file->flags & O_DIRECT, give_from_uio, uio);
}

ssize_t pipe_fill(struct pipe *pipe, size_t n, bool wait,
		  ssize_t (*give)(void *arg, void *data, size_t n), void *arg)
{
	ssize_t result = 0;
	int err = 0;

	/* Only as much as fits: splice returns rather than waiting for more room. */
	mutex_lock(&pipe->lock);
	while (!err && pipe->readers && pipe->used == pipe->capacity) {
		mutex_unlock(&pipe->lock);
		err = wait ? wait_event_interruptible(&pipe->writable, pipe_has_room(pipe, n))
			   : -EAGAIN;
		mutex_lock(&pipe->lock);
	}
	if (!err && !pipe->readers) {
		current_send_signal(SIGPIPE);
		err = -EPIPE;
	}
	while (!err && (size_t)result < n && pipe->used < pipe->capacity) {
		size_t want = min(n - (size_t)result, PAGE_SIZE);
		ssize_t got = fill_slot(pipe, want, false, false, give, arg);

		if (got < 0)
			err = (int)got;
		else
			result += got;
		if (got < (ssize_t)want)
			break;
	}
	mutex_unlock(&pipe->lock);
	if (result)
		pipe_wake(&pipe->readable, PIPE_IN);
	return result ? result : err;
}

/* ---- the rest ---- */

static unsigned int pipe_poll(struct file *file, struct poll_table *table)
{
	struct pipe *pipe = file->private;
	unsigned int events = 0;

	if (file->mode & FILE_READ)
		poll_wait(file, &pipe->readable, table);
	if (file->mode & FILE_WRITE)
		poll_wait(file, &pipe->writable, table);
	if (file->mode & FILE_READ) {
		if (READ_ONCE(pipe->used))
			events |= PIPE_IN;
		if (!READ_ONCE(pipe->writers) && READ_ONCE(pipe->writer_opens))
			events |= EPOLLHUP;
	}
	if (file->mode & FILE_WRITE) {
		if (READ_ONCE(pipe->used) < READ_ONCE(pipe->capacity))
			events |= PIPE_OUT;
		if (!READ_ONCE(pipe->readers))
			events |= EPOLLERR;
	}
	return events;
}

static long pipe_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct pipe *pipe = file->private;
	int n = 0;

	if (cmd != FIONREAD)
		return -ENOTTY;
	mutex_lock(&pipe->lock);
	for (u32 i = 0; i < pipe->used; i++)
		n += (int)pipe_slot_at(pipe, i)->length;
	mutex_unlock(&pipe->lock);
	return put_user(n, (int __user *)arg);
}

long pipe_capacity(struct pipe *pipe)
{
	return (long)(READ_ONCE(pipe->capacity) * PAGE_SIZE);
}

long pipe_set_capacity(struct pipe *pipe, unsigned long bytes)
{
	struct pipe_slot *slots;
	u32 capacity;

	if (bytes > PIPE_SLOTS_MAX * PAGE_SIZE)
		return bytes > 0x80000000ul ? -EINVAL : -EPERM;
	capacity = (u32)pow2_round_up(max(DIV_ROUND_UP(bytes, PAGE_SIZE), 1ul));
	if (capacity > PIPE_SLOTS_USER_MAX && !capable(CAP_SYS_RESOURCE))
		return -EPERM;
	slots = kcalloc(capacity, sizeof(*slots), MM_NORMAL);
	if (!slots)
		return -ENOMEM;
	mutex_lock(&pipe->lock);
	if (pipe->used > capacity) {
		mutex_unlock(&pipe->lock);
		kfree(slots);
		return -EBUSY;
	}
	for (u32 i = 0; i < pipe->used; i++)
		slots[i] = *pipe_slot_at(pipe, i);
	if (pipe->slots != pipe->first_slots)
		kfree(pipe->slots);
	pipe->slots = slots;
	pipe->first = 0;
	pipe->capacity = capacity;
	mutex_unlock(&pipe->lock);
	pipe_wake(&pipe->writable, PIPE_OUT);
	return (long)(capacity * PAGE_SIZE);
}

/* An end goes. */
void pipe_release(struct file *file)
{
	struct pipe *pipe = file->private;
	struct inode *fifo = pipe->inode;
	bool last;

	if (fifo)
		rwsem_write_lock(&fifo->rwsem);
	mutex_lock(&pipe->lock);
	if (file->mode & FILE_READ)
		pipe->readers--;
	if (file->mode & FILE_WRITE)
		pipe->writers--;
	last = --pipe->files == 0;
	mutex_unlock(&pipe->lock);
	if (last) {
		if (fifo)
			fifo->pipe = NULL;
		pipe_free(pipe);
	} else {
		pipe_wake(&pipe->readable, PIPE_IN | EPOLLHUP);
		pipe_wake(&pipe->writable, PIPE_OUT | EPOLLERR);
	}
	if (fifo)
		rwsem_write_unlock(&fifo->rwsem);
}

const struct file_ops pipe_file_ops = {
    .read = pipe_read,
    .write = pipe_write,
    .poll = pipe_poll,
    .ioctl = pipe_ioctl,
    .release = pipe_release,
};

struct pipe *pipe_of_file(struct file *file)
{
	return file->ops == &pipe_file_ops ? file->private : NULL;
}

int pipe_create(u32 flags, struct file **read_end, struct file **write_end)
{
	struct pipe *pipe = pipe_alloc();
	struct file *reader, *writer;
	int err;

	if (!pipe)
		return -ENOMEM;
	err = file_create_anonymous("pipe", S_IFIFO | 0600, &pipe_file_ops, pipe,
				    (flags & O_NONBLOCK) | O_RDONLY, &reader);
	if (err) {
		pipe_free(pipe);
		return err;
	}
	pipe->readers = pipe->files = 1;
	/* Like a FIFO, it can be opened again: through /proc/PID/fd. */
	pipe->inode = reader->inode;
	pipe->inode->pipe = pipe;
	pipe->inode->file_ops = &fifo_file_ops;
	err = file_alloc((flags & (O_NONBLOCK | O_DIRECT)) | O_WRONLY, &writer);
	if (err) {
		file_put(reader);
		return err;
	}
	inode_ref(reader->inode);
	writer->inode = reader->inode;
	writer->anonymous = reader->anonymous;
	writer->ops = &pipe_file_ops;
	writer->private = pipe;
	writer->mode |= FILE_STREAM | FILE_MODE_OPENED;
	pipe->writers = 1;
	pipe->files = 2;
	pipe->reader_opens = pipe->writer_opens = 1;
	*read_end = reader;
	*write_end = writer;
	return 0;
}
