/*
 * epoll.
 *
 * An epoll file watches others. Each watch (item) joins the watched file's wait queues once and
 * stays; a callback puts the item on the ready list, from interrupt context if need be. epoll_wait
 * takes the ready list apart, asks each file again, reports what holds, and puts level-triggered
 * items that had something back at the end.
 *
 * An item belongs to an epoll file and a (file, descriptor) pair. It does not keep the watched file
 * open: when that goes, its items go first (epoll_file_release).
 *
 * Locks, outer first: watch_mutex (all adding and removing, and every file's list of items),
 * epoll->mutex (its items; held while files are asked), epoll->lock (irqlock: the ready list and
 * events of items; taken under wait queues' locks).
 */
#include "lib/assert.h"
#include "lib/atomic.h"
#include "lib/clock.h"
#include "lib/hash.h"
#include "lib/wait.h"
#include "mm/kmalloc.h"
#include "vfs/file_int.h"
#include "vfs/poll.h"

#include <linux/eventpoll.h>
#include <linux/fcntl.h>

#define ITEM_BUCKETS 32
#define ITEM_QUEUES  3 /* wait queues that one file may register with */
#define NESTING_MAX  5

struct epoll_item {
	struct hlist_node hash_node; /* epoll->mutex */
	struct list_head ready_node; /* epoll->lock */
	struct list_head file_node;  /* watch_mutex; file->epoll_items */
	struct epoll *epoll;
	struct file *file;
	int fd;
	u32 events; /* epoll->lock */
	u64 data;
	unsigned int queue_count;
	struct item_queue {
		struct wait_entry wait;
		struct wait_queue *queue;
		struct epoll_item *item;
	} queues[ITEM_QUEUES];
};

struct epoll {
	struct mutex mutex;
	struct irqlock lock;
	struct list_head ready; /* lock */
	struct wait_queue waiters;
	struct wait_queue pollers;             /* of the epoll file itself */
	struct hlist_head items[ITEM_BUCKETS]; /* mutex */
};

static struct mutex watch_mutex = {.waiters = WAIT_QUEUE_INIT(watch_mutex.waiters, "epoll watches"),
				   .name = "epoll watches"};
static const struct file_ops epoll_file_ops;

static struct hlist_head *item_bucket(struct epoll *epoll, const struct file *file, int fd)
{
	return &epoll->items[hash_u64((uintptr_t)file + (u64)fd) % ITEM_BUCKETS];
}

/* Puts the item on the ready list and wakes whoever waits for that. Any context. */
static void item_ready(struct epoll_item *item)
{
	struct epoll *epoll = item->epoll;
	irqflags_t flags = irqlock_lock(&epoll->lock);

	if (!list_is_linked(&item->ready_node))
		list_add_tail(&item->ready_node, &epoll->ready);
	irqlock_unlock(&epoll->lock, flags);
	wait_queue_wake(&epoll->waiters, 1, 0);
	wait_queue_wake(&epoll->pollers, 0, EPOLLIN | EPOLLRDNORM);
}

static bool item_wake(struct wait_entry *wait, unsigned int key)
{
	struct epoll_item *item = container_of(wait, struct item_queue, wait)->item;
	u32 events = READ_ONCE(item->events);

	if (!(events & ~(u32)(EPOLLET | EPOLLONESHOT | EPOLLEXCLUSIVE | EPOLLWAKEUP)))
		return false; /* a one-shot item that has fired */
	if (key && !(key & (events | EPOLLERR | EPOLLHUP)))
		return false;
	item_ready(item);
	return true;
}

struct item_table {
	struct poll_table table;
	struct epoll_item *item;
	int error;
};

static void item_join(struct poll_table *table, struct file *file, struct wait_queue *queue)
{
	struct item_table *it = container_of(table, struct item_table, table);
	struct epoll_item *item = it->item;
	struct item_queue *q;

	if (item->queue_count == ITEM_QUEUES) {
		it->error = -ENOSPC;
		return;
	}
	q = &item->queues[item->queue_count++];
	q->queue = queue;
	q->item = item;
	wait_entry_init(&q->wait, false);
	q->wait.wake = item_wake;
	wait_queue_add(queue, &q->wait);
}

/* watch_mutex and epoll->mutex held. */
static void item_remove(struct epoll_item *item)
{
	struct epoll *epoll = item->epoll;
	irqflags_t flags;

	for (unsigned int i = 0; i < item->queue_count; i++)
		wait_queue_remove(item->queues[i].queue, &item->queues[i].wait);
	flags = irqlock_lock(&epoll->lock);
	list_del(&item->ready_node);
	irqlock_unlock(&epoll->lock, flags);
	hlist_del(&item->hash_node);
	list_del(&item->file_node);
	kfree(item);
}

void epoll_file_release(struct file *file)
{
	mutex_lock(&watch_mutex);
	while (!list_empty(&file->epoll_items)) {
		struct epoll_item *item =
		    list_first_entry(&file->epoll_items, struct epoll_item, file_node);
		struct epoll *epoll = item->epoll;

		mutex_lock(&epoll->mutex);
		item_remove(item);
		mutex_unlock(&epoll->mutex);
	}
	mutex_unlock(&watch_mutex);
}

static void epoll_release(struct file *file)
{
	struct epoll *epoll = file->private;

	mutex_lock(&watch_mutex);
	mutex_lock(&epoll->mutex);
	for (size_t i = 0; i < ITEM_BUCKETS; i++)
		while (!hlist_empty(&epoll->items[i]))
			item_remove(
			    hlist_entry(epoll->items[i].first, struct epoll_item, hash_node));
	mutex_unlock(&epoll->mutex);
	mutex_unlock(&watch_mutex);
	kfree(epoll);
}

static unsigned int epoll_poll(struct file *file, struct poll_table *table)
{
	struct epoll *epoll = file->private;
	irqflags_t flags;
	bool ready;

	poll_wait(file, &epoll->pollers, table);
	flags = irqlock_lock(&epoll->lock);
	ready = !list_empty(&epoll->ready);
	irqlock_unlock(&epoll->lock, flags);
	return ready ? EPOLLIN | EPOLLRDNORM : 0;
}

static const struct file_ops epoll_file_ops = {
    .poll = epoll_poll,
    .release = epoll_release,
};

int epoll_open(struct file **out)
{
	struct epoll *epoll = kmalloc(sizeof(*epoll), MM_ZERO);
	int err;

	if (!epoll)
		return -ENOMEM;
	mutex_init(&epoll->mutex, "epoll");
	irqlock_init(&epoll->lock, "epoll");
	list_init(&epoll->ready);
	wait_queue_init(&epoll->waiters, "epoll waiters");
	wait_queue_init(&epoll->pollers, "epoll pollers");
	err =
	    file_create_anonymous("anon_inode:[eventpoll]", 0, &epoll_file_ops, epoll, O_RDWR, out);
	if (err)
		kfree(epoll);
	return err;
}

/* ---- control ---- */

static struct epoll_item *item_find(struct epoll *epoll, struct file *file, int fd)
{
	struct epoll_item *item;

	hlist_for_each_entry(item, item_bucket(epoll, file, fd),
			     hash_node) if (item->file == file && item->fd == fd) return item;
	return NULL;
}

static void item_set_events(struct epoll_item *item, const struct epoll_event *event)
{
	irqflags_t flags = irqlock_lock(&item->epoll->lock);

	item->events = event->events | EPOLLERR | EPOLLHUP;
	item->data = event->data;
	irqlock_unlock(&item->epoll->lock, flags);
}

static int item_add(struct epoll *epoll, struct file *file, int fd, const struct epoll_event *event)
{
	struct epoll_item *item = kmalloc(sizeof(*item), MM_ZERO);
	struct item_table it = {.table.wait = item_join, .item = item};

	if (!item)
		return -ENOMEM;
	item->epoll = epoll;
	item->file = file;
	item->fd = fd;
	hlist_node_init(&item->hash_node);
	list_init(&item->ready_node);
	list_add(&item->file_node, &file->epoll_items);
	item_set_events(item, event);
	hlist_add_head(&item->hash_node, item_bucket(epoll, file, fd));
	if (file->ops->poll(file, &it.table) & item->events)
		item_ready(item);
	if (it.error)
		item_remove(item);
	return it.error;
}

/* Depth of epoll files below this one; more than allowed, or a way to `target`, is -ELOOP.
 * watch_mutex held. */
static int nesting_check(struct file *file, const struct file *target, int depth)
{
	struct epoll *epoll = file->private;
	struct epoll_item *item;

	if (file->ops != &epoll_file_ops)
		return 0;
	if (file == target || depth >= NESTING_MAX)
		return -ELOOP;
	for (size_t i = 0; i < ITEM_BUCKETS; i++)
		hlist_for_each_entry(item, &epoll->items[i], hash_node)
		{
			int err = nesting_check(item->file, target, depth + 1);

			if (err)
				return err;
		}
	return 0;
}

static int control_locked(struct epoll *epoll, int op, struct file *file, int fd,
			  const struct epoll_event *event)
{
	struct epoll_item *item = item_find(epoll, file, fd);

	switch (op) {
	case EPOLL_CTL_ADD:
		return item ? -EEXIST : item_add(epoll, file, fd, event);
	case EPOLL_CTL_DEL:
		if (!item)
			return -ENOENT;
		item_remove(item);
		return 0;
	case EPOLL_CTL_MOD:
		if (!item)
			return -ENOENT;
		if (item->events & EPOLLEXCLUSIVE)
			return -EINVAL;
		item_set_events(item, event);
		if (file_poll_now(file) & item->events)
			item_ready(item);
		return 0;
	}
	return -EINVAL;
}

int epoll_control(struct file *epoll_file, int op, int fd, const struct epoll_event *event)
{
	struct epoll *epoll = epoll_file->private;
	struct file *file;
	int err = 0;

	if (epoll_file->ops != &epoll_file_ops)
		return -EINVAL;
	file = fd_get(fd);
	if (!file)
		return -EBADF;
	if (file == epoll_file)
		err = -EINVAL;
	else if (!file->ops->poll)
		err = -EPERM;
	else if (op == EPOLL_CTL_MOD && (event->events & EPOLLEXCLUSIVE))
		err = -EINVAL;
	if (!err) {
		mutex_lock(&watch_mutex);
		if (op == EPOLL_CTL_ADD)
			err = nesting_check(file, epoll_file, 1);
		if (!err) {
			mutex_lock(&epoll->mutex);
			err = control_locked(epoll, op, file, fd, event);
			mutex_unlock(&epoll->mutex);
		}
		mutex_unlock(&watch_mutex);
	}
	file_put(file);
	return err;
}

/* ---- waiting ---- */

static struct epoll_item *ready_take(struct epoll *epoll)
{
	irqflags_t flags = irqlock_lock(&epoll->lock);
	struct epoll_item *item =
	    list_first_entry_or_null(&epoll->ready, struct epoll_item, ready_node);

	if (item)
		list_del(&item->ready_node);
	irqlock_unlock(&epoll->lock, flags);
	return item;
}

/* What the ready items have now; those that stay ready come back to the list's end. epoll->mutex
 * held. */
static unsigned int collect(struct epoll *epoll, struct epoll_event *events, unsigned int max)
{
	LIST_HEAD(again);
	unsigned int n = 0;
	irqflags_t flags;

	while (n < max) {
		struct epoll_item *item = ready_take(epoll);
		u32 now;

		if (!item)
			break;
		now = file_poll_now(item->file) & item->events;
		if (!now)
			continue;
		events[n++] = (struct epoll_event){.events = now, .data = item->data};
		flags = irqlock_lock(&epoll->lock);
		if (item->events & EPOLLONESHOT)
			item->events &=
			    (u32)(EPOLLET | EPOLLONESHOT | EPOLLEXCLUSIVE | EPOLLWAKEUP);
		else if (!(item->events & EPOLLET))
			list_move_tail(&item->ready_node, &again);
		irqlock_unlock(&epoll->lock, flags);
	}
	flags = irqlock_lock(&epoll->lock);
	list_splice_tail(&again, &epoll->ready);
	irqlock_unlock(&epoll->lock, flags);
	return n;
}

int epoll_wait_events(struct file *epoll_file, struct epoll_event *events, unsigned int max,
		      u64 deadline_ns)
{
	struct epoll *epoll = epoll_file->private;

	if (epoll_file->ops != &epoll_file_ops)
		return -EINVAL;
	for (;;) {
		unsigned int n = 0;
		int err;

		if (!list_empty(&epoll->ready)) {
			mutex_lock(&epoll->mutex);
			n = collect(epoll, events, max);
			mutex_unlock(&epoll->mutex);
		}
		if (n || !deadline_ns)
			return (int)n;
		err = wait_event_interruptible_until(&epoll->waiters, !list_empty(&epoll->ready),
						     deadline_ns);
		if (err)
			return err == -ETIMEDOUT ? 0 : -EINTR;
	}
}
