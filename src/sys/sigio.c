/*
 * SIGIO. See sigio.h.
 *
 * A file with O_ASYNC watches itself: entries on the wait queues that its poll operation names,
 * whose callback puts the file on a list. Callbacks run under a queue's lock, in interrupt context
 * even, where no process can be looked up; so a kernel thread takes the list apart and sends the
 * signals.
 *
 * Locking: watch_mutex (watches come and go; the thread works) → what poll operations take;
 * wait queues → pending_lock.
 */
#include "sys/sigio.h"

#include "lib/lock.h"
#include "lib/mutex.h"
#include "mm/kmalloc.h"
#include "mm/usercopy.h"
#include "sys/process_int.h"
#include "vfs/cred.h"
#include "vfs/file.h"

#include <linux/eventpoll.h>
#include <linux/fcntl.h>

#define WATCH_QUEUES 3
#define EVENTS_IN    (EPOLLIN | EPOLLRDNORM | EPOLLPRI | EPOLLHUP | EPOLLERR)
#define EVENTS_OUT   (EPOLLOUT | EPOLLWRNORM)
#define EVENTS_ASK   (~0u) /* the waker did not say: the file is asked */

struct watch {
	struct file_async async;
	struct file *file; /* lives longer */
	int fd;
	struct list_head pending_node; /* pending_lock */
	unsigned int events;           /* pending_lock: what happened since the last signal */
	unsigned int queue_count;
	struct watch_queue {
		struct wait_entry wait;
		struct wait_queue *queue;
		struct watch *watch;
	} queues[WATCH_QUEUES];
};

static struct mutex watch_mutex = {.waiters = WAIT_QUEUE_INIT(watch_mutex.waiters, "sigio"),
				   .name = "sigio"};
static struct thread *worker; /* watch_mutex; made at the first use */
static struct irqlock pending_lock = IRQLOCK_INIT("sigio pending");
static LIST_HEAD(pending); /* pending_lock */

/* ---- sending; process_lock held ---- */

struct target {
	int owner, signal; /* as fcntl set them */
	u32 uid, euid;
	siginfo_t info;
};

static bool may_signal(const struct target *target, struct process *process)
{
	const struct cred *theirs = thread_cred_get(process->leader);
	bool may = !target->euid || target->euid == theirs->suid || target->euid == theirs->uid ||
		   target->uid == theirs->suid || target->uid == theirs->uid;
	cred_put(theirs);
	return may;
}

static void signal_one(const struct target *target, struct process *process)
{
	siginfo_t plain;
	if (!may_signal(target, process))
		return;
	if (target->signal && !signal_send_process(process, target->signal, &target->info))
		return;
	signal_info_kernel(&plain, SIGIO); /* also when the queue of real-time signals is full */
	(void)signal_send_process(process, SIGIO, &plain);
}

static struct process *process_of_id(int id)
{
	struct thread *thread = thread_lookup(id);
	return thread && thread->process != &process_zero ? thread->process : NULL;
}

static void signal_owner(const struct target *target)
{
	irqflags_t flags = irqlock_lock(&process_lock);
	struct process *process;
	if (target->owner > 0) {
		process = process_of_id(target->owner);
		if (process)
			signal_one(target, process);
	} else {
		list_for_each_entry(process, &process_list, all_node) {
			if (process->pgid == -target->owner)
				signal_one(target, process);
		}
	}
	irqlock_unlock(&process_lock, flags);
}

static void file_signal(struct watch *watch, int code, long band)
{
	struct file *file = watch->file;
	struct target target = {};
	spin_lock(&file->lock);
	target.owner = file->owner_pid;
	target.signal = file->owner_signal;
	target.uid = file->owner_uid;
	target.euid = file->owner_euid;
	spin_unlock(&file->lock);
	if (!target.owner)
		return;
	target.info.si_signo = target.signal;
	target.info.si_code = code;
	target.info.si_band = band;
	target.info.si_fd = watch->fd;
	signal_owner(&target);
}

/* ---- the thread ---- */

static struct watch *pending_take(unsigned int *events)
{
	irqflags_t flags = irqlock_lock(&pending_lock);
	struct watch *watch = NULL;
	if (!list_empty(&pending)) {
		watch = list_first_entry(&pending, struct watch, pending_node);
		list_del(&watch->pending_node);
		*events = watch->events;
		watch->events = 0;
	}
	irqlock_unlock(&pending_lock, flags);
	return watch;
}

static void work(void)
{
	struct watch *watch;
	unsigned int events;
	while ((watch = pending_take(&events))) {
		if (events == EVENTS_ASK)
			events = watch->file->ops->poll(watch->file, NULL);
		if (events & EVENTS_IN)
			file_signal(watch, POLL_IN, EPOLLIN | EPOLLRDNORM);
		if (events & EVENTS_OUT)
			file_signal(watch, POLL_OUT, EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND);
	}
}

static void worker_main(void *arg)
{
	for (;;) {
		mutex_lock(&watch_mutex);
		work();
		mutex_unlock(&watch_mutex);
		(void)thread_park(PARK_UNINTERRUPTIBLE, PARK_FOREVER);
	}
}

/* ---- watches ---- */

static bool watch_wake(struct wait_entry *wait, unsigned int key)
{
	struct watch *watch = container_of(wait, struct watch_queue, wait)->watch;
	irqflags_t flags = irqlock_lock(&pending_lock);
	watch->events |= key ? key : EVENTS_ASK;
	if (!list_is_linked(&watch->pending_node))
		list_add_tail(&watch->pending_node, &pending);
	irqlock_unlock(&pending_lock, flags);
	thread_unpark(worker);
	return true;
}

struct watch_table {
	struct poll_table table;
	struct watch *watch;
};

static void watch_join(struct poll_table *table, struct file *file, struct wait_queue *queue)
{
	struct watch *watch = container_of(table, struct watch_table, table)->watch;
	if (watch->queue_count == WATCH_QUEUES)
		return; /* no file has more */
	struct watch_queue *q = &watch->queues[watch->queue_count++];
	q->queue = queue;
	q->watch = watch;
	wait_entry_init(&q->wait, false);
	q->wait.wake = watch_wake;
	wait_queue_add(queue, &q->wait);
}

/* watch_mutex held. */
static void watch_end(struct file *file)
{
	struct watch *watch = container_of(file->async, struct watch, async);
	for (unsigned int i = 0; i < watch->queue_count; i++)
		wait_queue_remove(watch->queues[i].queue, &watch->queues[i].wait);
	irqflags_t flags = irqlock_lock(&pending_lock);
	list_del(&watch->pending_node);
	irqlock_unlock(&pending_lock, flags);
	file->async = NULL;
	kfree(watch);
}

static void watch_release(struct file *file)
{
	mutex_lock(&watch_mutex);
	watch_end(file);
	mutex_unlock(&watch_mutex);
}

static int worker_start(void)
{
	if (worker)
		return 0;
	struct thread *thread = kernel_thread_create("sigio", worker_main, NULL);
	if (IS_ERR(thread))
		return (int)PTR_ERR(thread);
	worker = thread;
	return 0;
}

static int watch_begin(struct file *file, int fd)
{
	struct watch_table table = {.table = {.wait = watch_join}};
	int err = worker_start();
	if (err)
		return err;
	table.watch = kmalloc(sizeof(*table.watch), MM_ZERO);
	if (!table.watch)
		return -ENOMEM;
	table.watch->async.release = watch_release;
	table.watch->file = file;
	table.watch->fd = fd;
	list_init(&table.watch->pending_node);
	file->async = &table.watch->async;
	(void)file->ops->poll(file, &table.table); /* what holds already is no news */
	return 0;
}

int sigio_set(struct file *file, int fd, bool on)
{
	int err = 0;
	/* Streams only: they alone are ever waited for, and are never in an address space, whose
	 * lock must not be outside watch_mutex. */
	if (!(file->mode & FILE_STREAM) || !file->ops->poll)
		return 0;
	mutex_lock(&watch_mutex);
	if (on && !file->async)
		err = watch_begin(file, fd);
	else if (!on && file->async)
		watch_end(file);
	if (!err) {
		spin_lock(&file->lock);
		file->flags = on ? file->flags | FASYNC : file->flags & ~(u32)FASYNC;
		spin_unlock(&file->lock);
	}
	mutex_unlock(&watch_mutex);
	return err;
}

/* ---- fcntl ---- */

static bool owner_exists(int owner)
{
	irqflags_t flags = irqlock_lock(&process_lock);
	struct process *process;
	bool exists = owner > 0 && process_of_id(owner);
	list_for_each_entry(process, &process_list, all_node) {
		if (owner < 0 && process->pgid == -owner)
			exists = true;
	}
	irqlock_unlock(&process_lock, flags);
	return exists;
}

/* owner: a process, below zero a group, zero nobody. */
static int owner_set(struct file *file, int owner)
{
	const struct cred *cred = current_cred();
	if (owner == INT_MIN)
		return -EINVAL;
	if (owner && !owner_exists(owner))
		return -ESRCH;
	spin_lock(&file->lock);
	file->owner_pid = owner;
	file->owner_uid = cred->uid;
	file->owner_euid = cred->euid;
	spin_unlock(&file->lock);
	return 0;
}

static long owner_set_user(struct file *file, const void __user *user)
{
	struct f_owner_ex owner;
	if (copy_from_user(&owner, user, sizeof(owner)))
		return -EFAULT;
	if (owner.type < F_OWNER_TID || owner.type > F_OWNER_PGRP)
		return -EINVAL;
	return owner_set(file, owner.type == F_OWNER_PGRP ? -owner.pid : owner.pid);
}

static long owner_get_user(struct file *file, void __user *user)
{
	int pid = READ_ONCE(file->owner_pid);
	struct f_owner_ex owner = {pid < 0 ? F_OWNER_PGRP : F_OWNER_PID, pid < 0 ? -pid : pid};
	return copy_to_user(user, &owner, sizeof(owner));
}

long sigio_fcntl(struct file *file, unsigned int cmd, unsigned long arg)
{
	switch (cmd) {
	case F_SETOWN:
		return owner_set(file, (int)arg);
	case F_GETOWN:
		return READ_ONCE(file->owner_pid);
	case F_SETOWN_EX:
		return owner_set_user(file, (const void __user *)arg);
	case F_GETOWN_EX:
		return owner_get_user(file, (void __user *)arg);
	case F_SETSIG:
		if (arg > SIGNAL_COUNT)
			return -EINVAL;
		WRITE_ONCE(file->owner_signal, (int)arg);
		return 0;
	case F_GETSIG:
		return READ_ONCE(file->owner_signal);
	}
	return -EINVAL;
}
