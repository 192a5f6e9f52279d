/*
 * Interval timers: alarm, setitimer, getitimer. ITIMER_REAL is a timer of the monotonic clock; the
 * two that count CPU time are counted down by the tick, so that they are as coarse as it is.
 */
#include "hw/irq.h"
#include "lib/atomic.h"
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "mm/usercopy.h"
#include "sys/signal.h"
#include "sys/syscall.h"
#include "sys/thread.h"
#include "sys/time/process_timers_int.h"

#include <linux/time.h>

static void expire_real(struct timer *timer)
{
	struct process_timers *timers = container_of(timer, struct process_timers, real);
	irqflags_t flags = irqlock_lock(&timers->lock);
	u64 now = clock_monotonic_ns();
	bool expired = timers->real_deadline_ns && now >= timers->real_deadline_ns;
	siginfo_t info;

	if (expired && timers->real_interval_ns) {
		u64 missed = (now - timers->real_deadline_ns) / timers->real_interval_ns;

		timers->real_deadline_ns = deadline_after(timers->real_deadline_ns,
							  (missed + 1) * timers->real_interval_ns);
		timer_start(&timers->real, timers->real_deadline_ns);
	} else if (expired) {
		timers->real_deadline_ns = 0;
	}
	irqlock_unlock(&timers->lock, flags);
	if (expired) {
		signal_info_kernel(&info, SIGALRM);
		signal_send_process(timers->process, SIGALRM, &info);
	}
}

struct process_timers *process_timers_get(void)
{
	struct process *process = process_current();
	struct process_timers *timers = atomic_load((struct process_timers **)&process->timers),
			      *expected = NULL;

	if (timers)
		return timers;
	timers = kmalloc(sizeof(*timers), MM_ZERO);
	if (!timers)
		return NULL;
	timers->process = process;
	irqlock_init(&timers->lock, "process timers");
	timer_init(&timers->real, expire_real);
	list_init(&timers->posix);
	if (!atomic_cmpxchg((struct process_timers **)&process->timers, &expected, timers)) {
		kfree(timers);
		timers = expected;
	}
	return timers;
}

void process_timers_exit(struct process *process)
{
	struct process_timers *timers = process->timers;

	if (!timers)
		return;
	posix_timers_delete_all(timers);
	irqflags_t flags = irqlock_lock(&timers->lock);

	timers->real_deadline_ns = 0;
	irqlock_unlock(&timers->lock, flags);
	timer_cancel(&timers->real);
	process->timers = NULL;
	kfree(timers);
}

void process_timers_exec(struct process *process)
{
	if (process->timers)
		posix_timers_delete_all(process->timers);
}

void process_timers_ticking_update(struct process_timers *timers)
{
	atomic_store(&timers->ticking, timers->cpu[CPU_ITIMER_VIRTUAL].left_ns ||
					   timers->cpu[CPU_ITIMER_PROF].left_ns ||
					   posix_timers_need_tick(timers));
}

/* lock held. True if it expired. */
static bool cpu_itimer_tick(struct cpu_itimer *timer)
{
	if (!timer->left_ns)
		return false;
	if (timer->left_ns > TICK_NS) {
		timer->left_ns -= TICK_NS;
		return false;
	}
	timer->left_ns = timer->interval_ns;
	return true;
}

void process_timers_tick(struct thread *thread)
{
	struct process_timers *timers =
	    atomic_load((struct process_timers **)&thread->process->timers);
	bool virtual = false, prof;
	siginfo_t info;

	if (likely(!timers || !atomic_load(&timers->ticking)))
		return;
	irqflags_t flags = irqlock_lock(&timers->lock);

	if (irq_from_user())
		virtual = cpu_itimer_tick(&timers->cpu[CPU_ITIMER_VIRTUAL]);
	prof = cpu_itimer_tick(&timers->cpu[CPU_ITIMER_PROF]);
	irqlock_unlock(&timers->lock, flags);
	if (virtual) {
		signal_info_kernel(&info, SIGVTALRM);
		signal_send_process(thread->process, SIGVTALRM, &info);
	}
	if (prof) {
		signal_info_kernel(&info, SIGPROF);
		signal_send_process(thread->process, SIGPROF, &info);
	}
	posix_timers_tick(timers, thread);
}

/* ---- the calls ---- */

static bool timeval_ok(const struct __kernel_old_timeval *tv)
{
	return tv->tv_sec >= 0 && tv->tv_usec >= 0 && tv->tv_usec < 1000000;
}

static u64 timeval_to_ns(const struct __kernel_old_timeval *tv)
{
	return (u64)timespec64_to_ns(tv->tv_sec, tv->tv_usec * 1000);
}

static void timeval_from_ns(struct __kernel_old_timeval *tv, u64 ns)
{
	tv->tv_sec = (long)(ns / NSEC_PER_SEC);
	tv->tv_usec = (long)(ns % NSEC_PER_SEC / 1000);
}

/* What is left, and the interval; lock held. */
static void itimer_read(struct process_timers *timers, int which,
			struct __kernel_old_itimerval *out)
{
	u64 left, interval;

	if (which == ITIMER_REAL) {
		u64 now = clock_monotonic_ns();

		left = timers->real_deadline_ns;
		/* One that is about to fire has a little left: 0 would mean that it is off. */
		if (left)
			left = left > now + 1000 ? left - now : 1000;
		interval = timers->real_interval_ns;
	} else {
		struct cpu_itimer *timer =
		    &timers->cpu[which == ITIMER_VIRTUAL ? CPU_ITIMER_VIRTUAL : CPU_ITIMER_PROF];

		left = timer->left_ns;
		interval = timer->interval_ns;
	}
	timeval_from_ns(&out->it_value, left);
	timeval_from_ns(&out->it_interval, interval);
}

static int itimer_set(int which, u64 value_ns, u64 interval_ns, struct __kernel_old_itimerval *old)
{
	struct process_timers *timers = process_timers_get();

	if (!timers)
		return -ENOMEM;
	irqflags_t flags = irqlock_lock(&timers->lock);

	itimer_read(timers, which, old);
	if (which == ITIMER_REAL) {
		timer_try_cancel(&timers->real);
		timers->real_deadline_ns =
		    value_ns ? deadline_after(clock_monotonic_ns(), value_ns) : 0;
		timers->real_interval_ns = interval_ns;
		if (value_ns)
			timer_start(&timers->real, timers->real_deadline_ns);
	} else {
		struct cpu_itimer *timer =
		    &timers->cpu[which == ITIMER_VIRTUAL ? CPU_ITIMER_VIRTUAL : CPU_ITIMER_PROF];

		timer->left_ns = value_ns;
		timer->interval_ns = interval_ns;
		process_timers_ticking_update(timers);
	}
	irqlock_unlock(&timers->lock, flags);
	return 0;
}

SYSCALL(setitimer)
{
	struct __kernel_old_itimerval fresh, old;
	int err;

	memset(&fresh, 0, sizeof(fresh)); /* Linux takes NULL as "stop it" */
	if (args[1] && copy_from_user(&fresh, (const void __user *)args[1], sizeof(fresh)))
		return -EFAULT;
	if (args[0] > ITIMER_PROF || !timeval_ok(&fresh.it_value) ||
	    !timeval_ok(&fresh.it_interval))
		return -EINVAL;
	err = itimer_set((int)args[0], timeval_to_ns(&fresh.it_value),
			 timeval_to_ns(&fresh.it_interval), &old);
	if (err)
		return err;
	return args[2] ? copy_to_user((void __user *)args[2], &old, sizeof(old)) : 0;
}

SYSCALL(getitimer)
{
	struct process_timers *timers = process_current()->timers;
	struct __kernel_old_itimerval now;

	if (args[0] > ITIMER_PROF)
		return -EINVAL;
	memset(&now, 0, sizeof(now));
	if (timers) {
		irqflags_t flags = irqlock_lock(&timers->lock);

		itimer_read(timers, (int)args[0], &now);
		irqlock_unlock(&timers->lock, flags);
	}
	return copy_to_user((void __user *)args[1], &now, sizeof(now));
}

SYSCALL(alarm)
{
	struct __kernel_old_itimerval old;
	int err = itimer_set(ITIMER_REAL, (u64)(unsigned int)args[0] * NSEC_PER_SEC, 0, &old);

	if (err)
		return err;
	/* Rounded, but a pending alarm never looks like none. */
	if ((!old.it_value.tv_sec && old.it_value.tv_usec) || old.it_value.tv_usec >= 500000)
		old.it_value.tv_sec++;
	return old.it_value.tv_sec;
}
