/*
 * Timers of timer_create: any number per process, on any clock, notifying by signal to the process
 * or to one thread.
 *
 * Expirations while the timer's signal is still pending are not queued again but counted: the
 * overrun count of timer_getoverrun(). An absolute timer on the wall clock starts again whenever
 * that clock is set. The lock of clock_set_waiters is outside that of the timers.
 */
#include "lib/atomic.h"
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "mm/usercopy.h"
#include "sys/signal_int.h"
#include "sys/syscall.h"
#include "sys/thread.h"
#include "sys/time/process_timers_int.h"
#include "sys/time/time_int.h"

#include <asm/siginfo.h>
#include <linux/time.h>

#define POSIX_TIMERS_MAX 4096

struct posix_timer {
	struct list_head node; /* timers->lock */
	struct process_timers *owner;
	int id, clock;
	int notify, signal;
	int tid;               /* for CLOCK_THREAD_CPUTIME_ID: whose time */
	struct thread *thread; /* SIGEV_THREAD_ID: a reference; else NULL */
	sigval_t value;
	struct timer timer;
	u64 deadline_ns; /* 0: not running; for CPU clocks: what is left */
	s64 wall_ns;     /* the deadline, if it is a moment of the wall clock; else 0 */
	struct wait_entry clock_set;
	u64 interval_ns;
	int overrun;
	bool cpu_clock;
};

static struct posix_timer *timer_find(struct process_timers *timers, int id)
{
	struct posix_timer *timer;

	list_for_each_entry(timer, &timers->posix, node)
		if (timer->id == id)
			return timer;
	return NULL;
}

/*
 * The timer's last signal, if it still waits to be taken, is told of count more expirations. False:
 * it was taken. signal_lock held.
 */
static bool overrun_pending(struct posix_timer *timer, struct signal_pending *pending, u64 count)
{
	struct queued_signal *queued;

	list_for_each_entry(queued, &pending->queue, node) {
		if (queued->info.si_signo != timer->signal || queued->info.si_code != SI_TIMER ||
		    queued->info.si_tid != timer->id)
			continue;
		timer->overrun = (int)min((u64)timer->overrun + count, (u64)INT_MAX);
		queued->info.si_overrun = timer->overrun;
		return true;
	}
	return false;
}

/*
 * count expirations happened. Any context; takes signal_lock. (Not process_lock: holders of it wait
 * for spinning locks that the thread under an interrupt may hold.)
 */
static void notify(struct process *process, struct posix_timer *timer, u64 count)
{
	struct thread *thread = timer->thread;
	siginfo_t info;
	irqflags_t flags;

	if (timer->notify == SIGEV_NONE)
		return;
	flags = irqlock_lock(&process->signal_lock);
	if (thread && !list_is_linked(&thread->process_node))
		goto out; /* it has exited */
	if (overrun_pending(timer, thread ? &thread->pending : &process->pending, count))
		goto out;
	timer->overrun = (int)min(count - 1, (u64)INT_MAX);
	memset(&info, 0, sizeof(info));
	info.si_signo = timer->signal;
	info.si_code = SI_TIMER;
	info.si_tid = timer->id;
	info.si_overrun = timer->overrun;
	info.si_value = timer->value;
	(void)signal_send_locked(process, thread, timer->signal, &info);
out:
	irqlock_unlock(&process->signal_lock, flags);
}

/* The wall clock was set: its moments are others of the monotonic clock now. */
static bool clock_was_set(struct wait_entry *entry, unsigned int key)
{
	struct posix_timer *timer = container_of(entry, struct posix_timer, clock_set);
	irqflags_t flags = irqlock_lock(&timer->owner->lock);

	if (timer->deadline_ns && timer->wall_ns) {
		timer->deadline_ns = max(clock_realtime_to_monotonic(timer->wall_ns), 1ull);
		timer_start(&timer->timer, timer->deadline_ns);
	}
	irqlock_unlock(&timer->owner->lock, flags);
	return true;
}

static void expire(struct timer *t)
{
	struct posix_timer *timer = container_of(t, struct posix_timer, timer);
	struct process_timers *timers = timer->owner;
	irqflags_t flags = irqlock_lock(&timers->lock);
	u64 now = clock_monotonic_ns(), count = 0;

	if (timer->deadline_ns && now >= timer->deadline_ns) {
		count = 1;
		if (timer->interval_ns) {
			count += (now - timer->deadline_ns) / timer->interval_ns;
			timer->deadline_ns =
			    deadline_after(timer->deadline_ns, count * timer->interval_ns);
			if (timer->wall_ns)
				timer->wall_ns += (s64)(count * timer->interval_ns);
			timer_start(&timer->timer, timer->deadline_ns);
		} else {
			timer->deadline_ns = 0;
		}
	}
	irqlock_unlock(&timers->lock, flags);
	if (count)
		notify(timers->process, timer, count);
}

bool posix_timers_need_tick(struct process_timers *timers)
{
	struct posix_timer *timer;

	list_for_each_entry(timer, &timers->posix, node)
		if (timer->cpu_clock && timer->deadline_ns)
			return true;
	return false;
}

void posix_timers_tick(struct process_timers *timers, struct thread *thread)
{
	struct posix_timer *timer;
	irqflags_t flags = irqlock_lock(&timers->lock);

	list_for_each_entry(timer, &timers->posix, node) {
		if (!timer->cpu_clock || !timer->deadline_ns)
			continue;
		if (timer->clock == CLOCK_THREAD_CPUTIME_ID && timer->tid != thread->tid)
			continue;
		if (timer->deadline_ns > TICK_NS) {
			timer->deadline_ns -= TICK_NS;
			continue;
		}
		timer->deadline_ns = timer->interval_ns;
		notify(timers->process, timer, 1);
	}
	process_timers_ticking_update(timers);
	irqlock_unlock(&timers->lock, flags);
}

/* Nobody finds the timer from here on. lock held. */
static void timer_unlink(struct process_timers *timers, struct posix_timer *timer)
{
	timer->deadline_ns = 0;
	list_del(&timer->node);
	timers->posix_count--;
	process_timers_ticking_update(timers);
}

static void timer_free(struct posix_timer *timer)
{
	wait_queue_remove(&clock_set_waiters, &timer->clock_set);
	timer_cancel(&timer->timer);
	if (timer->thread)
		thread_put(timer->thread);
	kfree(timer);
}

void posix_timers_delete_all(struct process_timers *timers)
{
	while (!list_empty(&timers->posix)) {
		struct posix_timer *timer =
		    list_first_entry(&timers->posix, struct posix_timer, node);
		irqflags_t flags = irqlock_lock(&timers->lock);

		timer_unlink(timers, timer);
		irqlock_unlock(&timers->lock, flags);
		timer_free(timer);
	}
}

/* ---- the calls ---- */

static bool clock_can_have_timers(int clock)
{
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_MONOTONIC:
	case CLOCK_BOOTTIME:
	case CLOCK_TAI:
	case CLOCK_REALTIME_ALARM:
	case CLOCK_BOOTTIME_ALARM:
	case CLOCK_PROCESS_CPUTIME_ID:
	case CLOCK_THREAD_CPUTIME_ID:
		return true;
	}
	return false;
}

/* *thread: the one to be signalled, referenced, if it is to be a certain one. */
static int event_check(const struct sigevent *event, struct thread **thread)
{
	if (event->sigev_notify != SIGEV_NONE && event->sigev_notify != SIGEV_SIGNAL &&
	    event->sigev_notify != SIGEV_THREAD_ID)
		return -EINVAL;
	if (event->sigev_notify == SIGEV_NONE)
		return 0;
	if (event->sigev_signo < 1 || event->sigev_signo > SIGNAL_COUNT)
		return -EINVAL;
	if (event->sigev_notify == SIGEV_THREAD_ID) {
		*thread = thread_find(event->sigev_notify_thread_id);
		if (!*thread)
			return -EINVAL;
		if ((*thread)->process != process_current()) {
			thread_put(*thread);
			return -EINVAL;
		}
	}
	return 0;
}

SYSCALL(timer_create)
{
	int clock = (int)args[0], id, err;
	struct process_timers *timers;
	struct posix_timer *timer;
	struct thread *thread = NULL;
	struct sigevent event;

	if (!clock_can_have_timers(clock))
		return -EINVAL;
	memset(&event, 0, sizeof(event));
	event.sigev_notify = SIGEV_SIGNAL;
	event.sigev_signo = SIGALRM;
	if (args[1]) {
		if (copy_from_user(&event, (const void __user *)args[1], sizeof(event)))
			return -EFAULT;
		err = event_check(&event, &thread);
		if (err)
			return err;
	}
	timers = process_timers_get();
	timer = kmalloc(sizeof(*timer), MM_ZERO);
	if (!timers || !timer || timers->posix_count >= POSIX_TIMERS_MAX) {
		kfree(timer);
		if (thread)
			thread_put(thread);
		return -EAGAIN;
	}
	timer->owner = timers;
	timer->clock = clock;
	timer->cpu_clock = clock == CLOCK_PROCESS_CPUTIME_ID || clock == CLOCK_THREAD_CPUTIME_ID;
	timer->notify = event.sigev_notify;
	timer->signal = event.sigev_signo;
	timer->value = event.sigev_value;
	timer->thread = thread;
	timer->tid = thread_current()->tid;
	timer_init(&timer->timer, expire);
	wait_entry_init(&timer->clock_set, false);
	timer->clock_set.wake = clock_was_set;
	if (clock_is_wall(clock))
		wait_queue_add(&clock_set_waiters, &timer->clock_set);

	irqflags_t flags = irqlock_lock(&timers->lock);

	do {
		id = timers->posix_next_id;
		timers->posix_next_id = id == INT_MAX ? 0 : id + 1;
	} while (timer_find(timers, id));
	timer->id = id;
	if (!args[1])
		timer->value.sival_int = id;
	list_add_tail(&timer->node, &timers->posix);
	timers->posix_count++;
	irqlock_unlock(&timers->lock, flags);
	if (put_user(id, (int __user *)args[2])) {
		flags = irqlock_lock(&timers->lock);
		timer_unlink(timers, timer);
		irqlock_unlock(&timers->lock, flags);
		timer_free(timer);
		return -EFAULT;
	}
	return 0;
}

/* lock held. */
static void timer_read(const struct posix_timer *timer, u64 *left, u64 *interval)
{
	u64 now = clock_monotonic_ns();

	*interval = timer->interval_ns;
	*left = timer->deadline_ns;
	if (*left && !timer->cpu_clock)
		*left = *left > now ? *left - now : 1;
}

static int itimerspec_to_user(void __user *user, u64 left, u64 interval)
{
	struct timespec64 value = timespec64_from_ns((s64)left),
			  every = timespec64_from_ns((s64)interval);
	struct __kernel_itimerspec out = {
	    .it_interval = {every.sec, every.nsec},
	    .it_value = {value.sec, value.nsec},
	};

	return copy_to_user(user, &out, sizeof(out));
}

/* Deadline on the monotonic clock, or what is left of CPU time; never 0. */
static u64 timer_deadline(const struct posix_timer *timer, s64 value_ns, bool absolute)
{
	s64 now;

	if (timer->cpu_clock) {
		if (absolute) {
			if (clock_read(timer->clock, &now))
				now = 0;
			value_ns = value_ns > now ? value_ns - now : 1;
		}
		return (u64)value_ns;
	}
	if (!absolute)
		return deadline_after(clock_monotonic_ns(), (u64)value_ns);
	if (clock_is_wall(timer->clock))
		value_ns = (s64)clock_realtime_to_monotonic(value_ns);
	return value_ns > 0 ? (u64)value_ns : 1;
}

SYSCALL(timer_settime)
{
	struct process_timers *timers = process_current()->timers;
	struct __kernel_itimerspec fresh;
	bool absolute = args[1] & TIMER_ABSTIME;
	struct posix_timer *timer;
	u64 left, interval;

	if (!args[2])
		return -EINVAL;
	if (copy_from_user(&fresh, (const void __user *)args[2], sizeof(fresh)))
		return -EFAULT;
	if (fresh.it_value.tv_sec < 0 || (u64)fresh.it_value.tv_nsec >= NSEC_PER_SEC ||
	    fresh.it_interval.tv_sec < 0 || (u64)fresh.it_interval.tv_nsec >= NSEC_PER_SEC)
		return -EINVAL;
	if (!timers)
		return -EINVAL;
	s64 value = timespec64_to_ns(fresh.it_value.tv_sec, fresh.it_value.tv_nsec);
	irqflags_t flags = irqlock_lock(&timers->lock);

	timer = timer_find(timers, (int)args[0]);
	if (!timer) {
		irqlock_unlock(&timers->lock, flags);
		return -EINVAL;
	}
	timer_read(timer, &left, &interval);
	timer_try_cancel(&timer->timer);
	timer->overrun = 0;
	timer->interval_ns =
	    (u64)timespec64_to_ns(fresh.it_interval.tv_sec, fresh.it_interval.tv_nsec);
	timer->deadline_ns = value ? timer_deadline(timer, value, absolute) : 0;
	timer->wall_ns = absolute && clock_is_wall(timer->clock) ? value : 0;
	if (value && !timer->cpu_clock)
		timer_start(&timer->timer, timer->deadline_ns);
	process_timers_ticking_update(timers);
	irqlock_unlock(&timers->lock, flags);
	return args[3] ? itimerspec_to_user((void __user *)args[3], left, interval) : 0;
}

SYSCALL(timer_gettime)
{
	struct process_timers *timers = process_current()->timers;
	struct posix_timer *timer;
	u64 left = 0, interval = 0;

	if (!timers)
		return -EINVAL;
	irqflags_t flags = irqlock_lock(&timers->lock);

	timer = timer_find(timers, (int)args[0]);
	if (timer)
		timer_read(timer, &left, &interval);
	irqlock_unlock(&timers->lock, flags);
	return timer ? itimerspec_to_user((void __user *)args[1], left, interval) : -EINVAL;
}

SYSCALL(timer_getoverrun)
{
	struct process_timers *timers = process_current()->timers;
	struct posix_timer *timer;
	int overrun = -EINVAL;

	if (!timers)
		return -EINVAL;
	irqflags_t flags = irqlock_lock(&timers->lock);

	timer = timer_find(timers, (int)args[0]);
	if (timer)
		overrun = timer->overrun;
	irqlock_unlock(&timers->lock, flags);
	return overrun;
}

SYSCALL(timer_delete)
{
	struct process_timers *timers = process_current()->timers;
	struct posix_timer *timer;

	if (!timers)
		return -EINVAL;
	irqflags_t flags = irqlock_lock(&timers->lock);

	timer = timer_find(timers, (int)args[0]);
	if (timer)
		timer_unlink(timers, timer);
	irqlock_unlock(&timers->lock, flags);
	if (!timer)
		return -EINVAL;
	timer_free(timer);
	return 0;
}
