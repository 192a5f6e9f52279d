/*
 * timerfd: a timer whose expirations are counted in a file. The timer runs on the monotonic clock;
 * a moment of the wall clock is converted when the timer is set, and again whenever that clock is
 * set. With TFD_TIMER_CANCEL_ON_SET readers are told of that, by -ECANCELED, instead of
 * expirations.
 *
 * The lock of clock_set_waiters is outside that of the timer.
 */
#include "lib/clock.h"
#include "lib/lock.h"
#include "lib/string.h"
#include "lib/wait.h"
#include "mm/kmalloc.h"
#include "mm/usercopy.h"
#include "sys/syscall.h"
#include "sys/time/time_int.h"
#include "sys/time/timer.h"
#include "vfs/file.h"
#include "vfs/poll.h"

#include <linux/eventpoll.h>
#include <linux/fcntl.h>
#include <linux/time.h>
#include <linux/timerfd.h>

struct timerfd {
	struct irqlock lock;
	struct timer timer;
	int clock;
	u64 expirations; /* lock: not read yet */
	u64 deadline_ns; /* lock: monotonic; 0: not set */
	u64 interval_ns; /* lock */
	s64 wall_ns;     /* lock: the deadline, if it is a moment of the wall clock; else 0 */
	bool cancel_on_set, cancelled; /* lock */
	struct wait_entry clock_set;
	struct wait_queue wait;
};

static void expire(struct timer *timer)
{
	struct timerfd *t = container_of(timer, struct timerfd, timer);
	irqflags_t flags = irqlock_lock(&t->lock);
	u64 now = clock_monotonic_ns();

	if (t->deadline_ns && now >= t->deadline_ns) {
		u64 n = 1;

		if (t->interval_ns) {
			n += (now - t->deadline_ns) / t->interval_ns;
			t->deadline_ns += n * t->interval_ns;
			if (t->wall_ns)
				t->wall_ns += (s64)(n * t->interval_ns);
			timer_start(&t->timer, t->deadline_ns);
		} else {
			t->deadline_ns = 0;
		}
		t->expirations += n;
	}
	irqlock_unlock(&t->lock, flags);
	wake_all(&t->wait);
}

static bool clock_was_set(struct wait_entry *entry, unsigned int key)
{
	struct timerfd *t = container_of(entry, struct timerfd, clock_set);
	irqflags_t flags = irqlock_lock(&t->lock);

	if (t->deadline_ns && t->wall_ns) {
		t->deadline_ns = max(clock_realtime_to_monotonic(t->wall_ns), 1ull);
		timer_start(&t->timer, t->deadline_ns);
	}
	if (t->cancel_on_set)
		t->cancelled = true;
	irqlock_unlock(&t->lock, flags);
	wake_all(&t->wait);
	return true;
}

/* Whether there is something to tell: *n expirations, or with none that the clock was set. */
static bool take(struct timerfd *t, u64 *n)
{
	irqflags_t flags = irqlock_lock(&t->lock);
	bool some = t->expirations || t->cancelled;

	*n = t->cancelled ? 0 : t->expirations;
	t->expirations = 0;
	t->cancelled = false;
	irqlock_unlock(&t->lock, flags);
	return some;
}

static ssize_t timerfd_read(struct file *file, struct uio *uio, loff_t *pos)
{
	struct timerfd *t = file->private;
	u64 n;

	if (uio->resid < sizeof(n))
		return -EINVAL;
	if (!take(t, &n)) {
		int err;

		if (file->flags & O_NONBLOCK)
			return -EAGAIN;
		err = wait_event_interruptible(&t->wait, take(t, &n));
		if (err)
			return err;
	}
	if (!n)
		return -ECANCELED;
	return uio_copy_out(uio, &n, sizeof(n)) == sizeof(n) ? (ssize_t)sizeof(n) : -EFAULT;
}

static unsigned int timerfd_poll(struct file *file, struct poll_table *table)
{
	struct timerfd *t = file->private;

	poll_wait(file, &t->wait, table);
	return READ_ONCE(t->expirations) || READ_ONCE(t->cancelled) ? EPOLLIN | EPOLLRDNORM : 0;
}

static void timerfd_release(struct file *file)
{
	struct timerfd *t = file->private;
	irqflags_t flags = irqlock_lock(&t->lock);

	t->deadline_ns = 0; /* so that a function that runs now does not start it again */
	irqlock_unlock(&t->lock, flags);
	wait_queue_remove(&clock_set_waiters, &t->clock_set);
	timer_cancel(&t->timer);
	kfree(t);
}

static const struct file_ops timerfd_ops = {
    .read = timerfd_read,
    .poll = timerfd_poll,
    .release = timerfd_release,
};

SYSCALL(timerfd_create)
{
	int clock = (int)args[0], flags = (int)args[1], err;
	struct timerfd *t;
	struct file *file;

	if (flags & ~(TFD_CLOEXEC | TFD_NONBLOCK))
		return -EINVAL;
	if (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_ALARM && clock != CLOCK_MONOTONIC &&
	    clock != CLOCK_BOOTTIME && clock != CLOCK_BOOTTIME_ALARM)
		return -EINVAL;
	t = kmalloc(sizeof(*t), MM_NORMAL | MM_ZERO);
	if (!t)
		return -ENOMEM;
	irqlock_init(&t->lock, "timerfd");
	wait_queue_init(&t->wait, "timerfd");
	timer_init(&t->timer, expire);
	t->clock = clock;
	wait_entry_init(&t->clock_set, false);
	t->clock_set.wake = clock_was_set;
	if (clock_is_wall(clock))
		wait_queue_add(&clock_set_waiters, &t->clock_set);
	err = file_create_anonymous("anon_inode:[timerfd]", 0, &timerfd_ops, t,
				    O_RDWR | (flags & TFD_NONBLOCK), &file);
	if (err) {
		wait_queue_remove(&clock_set_waiters, &t->clock_set);
		kfree(t);
		return err;
	}
	err = fd_install(file, 0, flags & TFD_CLOEXEC);
	if (err < 0)
		file_put(file);
	return err;
}

/* The file behind a descriptor, referenced; an error in *err. */
static struct file *timerfd_get(int fd, int *err)
{
	struct file *file = fd_get(fd);

	*err = file ? -EINVAL : -EBADF;
	if (!file || file->ops == &timerfd_ops)
		return file;
	file_put(file);
	return NULL;
}

/* lock held. */
static void setting_fill(const struct timerfd *t, struct __kernel_itimerspec *out)
{
	u64 now = clock_monotonic_ns(), left = t->deadline_ns > now ? t->deadline_ns - now : 0;

	if (t->deadline_ns && !left)
		left = 1;
	out->it_value.tv_sec = (s64)(left / NSEC_PER_SEC);
	out->it_value.tv_nsec = (s64)(left % NSEC_PER_SEC);
	out->it_interval.tv_sec = (s64)(t->interval_ns / NSEC_PER_SEC);
	out->it_interval.tv_nsec = (s64)(t->interval_ns % NSEC_PER_SEC);
}

static bool time_valid(const struct __kernel_timespec *time)
{
	return time->tv_sec >= 0 && (u64)time->tv_nsec < NSEC_PER_SEC;
}

static u64 deadline_of(const struct timerfd *t, const struct __kernel_timespec *value, int flags)
{
	s64 ns = timespec64_to_ns(value->tv_sec, value->tv_nsec);
	u64 deadline;

	if (!ns)
		return 0;
	if (!(flags & TFD_TIMER_ABSTIME))
		return deadline_after(clock_monotonic_ns(), (u64)ns);
	deadline = clock_is_wall(t->clock) ? clock_realtime_to_monotonic(ns) : (u64)ns;
	return deadline ? deadline : 1;
}

SYSCALL(timerfd_settime)
{
	int flags = (int)args[1], err;
	struct __kernel_itimerspec new, old;
	struct timerfd *t;
	struct file *file;
	irqflags_t irq;

	if (flags & ~(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET))
		return -EINVAL;
	if (copy_from_user(&new, (const void __user *)args[2], sizeof(new)))
		return -EFAULT;
	if (!time_valid(&new.it_value) || !time_valid(&new.it_interval))
		return -EINVAL;
	file = timerfd_get((int)args[0], &err);
	if (!file)
		return err;
	t = file->private;
	timer_cancel(&t->timer);
	irq = irqlock_lock(&t->lock);
	setting_fill(t, &old);
	t->expirations = 0;
	bool wall = (flags & TFD_TIMER_ABSTIME) && clock_is_wall(t->clock);
	bool missed = t->cancelled; /* and nobody has read it */

	t->cancelled = false;
	t->cancel_on_set = wall && (flags & TFD_TIMER_CANCEL_ON_SET);
	t->wall_ns = wall ? timespec64_to_ns(new.it_value.tv_sec, new.it_value.tv_nsec) : 0;
	t->deadline_ns = deadline_of(t, &new.it_value, flags);
	t->interval_ns = (u64)timespec64_to_ns(new.it_interval.tv_sec, new.it_interval.tv_nsec);
	if (t->deadline_ns)
		timer_start(&t->timer, t->deadline_ns);
	irqlock_unlock(&t->lock, irq);
	missed = missed && t->cancel_on_set && t->deadline_ns;
	file_put(file);
	if (missed)
		return -ECANCELED;
	return args[3] ? copy_to_user((void __user *)args[3], &old, sizeof(old)) : 0;
}

SYSCALL(timerfd_gettime)
{
	struct __kernel_itimerspec now;
	struct timerfd *t;
	struct file *file;
	irqflags_t irq;
	int err;

	file = timerfd_get((int)args[0], &err);
	if (!file)
		return err;
	t = file->private;
	irq = irqlock_lock(&t->lock);
	setting_fill(t, &now);
	irqlock_unlock(&t->lock, irq);
	file_put(file);
	return copy_to_user((void __user *)args[1], &now, sizeof(now));
}
