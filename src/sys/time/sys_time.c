/*
 * Reading and setting clocks, and sleeping.
 */
#include "lib/park.h"
#include "lib/string.h"
#include "mm/usercopy.h"
#include "sys/syscall.h"
#include "sys/thread.h"
#include "sys/time/time_int.h"
#include "sys/time/timer.h"

#include <linux/capability.h>
#include <linux/time.h>
#include <linux/timex.h>
#include <linux/times.h>

#define USER_HZ 100

/* A clock id with a pid in it, as clock_getcpuclockid() makes them: ~pid << 3 | kind. */
#define CPU_CLOCK_KIND_MASK 3
#define CPU_CLOCK_THREAD    4
enum { CPU_CLOCK_PROF, CPU_CLOCK_VIRT, CPU_CLOCK_SCHED };

static struct timezone system_timezone; /* kept for who asks; nothing uses it */

int timespec_from_user(struct timespec64 *out, const struct __kernel_timespec __user *user)
{
	struct __kernel_timespec ts;

	if (copy_from_user(&ts, user, sizeof(ts)))
		return -EFAULT;
	if (ts.tv_sec < 0 || ts.tv_nsec < 0 || ts.tv_nsec >= (long long)NSEC_PER_SEC)
		return -EINVAL;
	*out = (struct timespec64){ts.tv_sec, (u32)ts.tv_nsec};
	return 0;
}

int timespec_to_user(struct __kernel_timespec __user *user, s64 ns)
{
	struct timespec64 ts = timespec64_from_ns(ns);
	struct __kernel_timespec out = {ts.sec, ts.nsec};

	return copy_to_user(user, &out, sizeof(out));
}

/* ---- reading ---- */

static s64 cpu_time_of_kind(const struct cpu_time *time, int kind)
{
	switch (kind) {
	case CPU_CLOCK_PROF:
		return (s64)(time->user + time->system);
	case CPU_CLOCK_VIRT:
		return (s64)time->user;
	default:
		return (s64)time->runtime;
	}
}

/* CPU-time clocks of others: by pid (0: the caller). */
static int cpu_clock_read(int clock, s64 *ns)
{
	int id = ~(clock >> 3), kind = clock & CPU_CLOCK_KIND_MASK;
	struct cpu_time time;

	if (kind == CPU_CLOCK_KIND_MASK)
		return -EINVAL; /* a descriptor of a clock device */
	if (clock & CPU_CLOCK_THREAD) {
		struct thread *self = thread_current(), *thread = id ? thread_find(id) : self;

		if (!thread)
			return -EINVAL;
		bool ours = thread->process == self->process;

		if (ours)
			thread_time_get(thread, &time);
		if (id)
			thread_put(thread);
		if (!ours)
			return -EINVAL;
	} else {
		struct process *process = id ? process_find(id) : process_current();

		if (!process)
			return -EINVAL;
		process_time_get(process, &time);
		if (id)
			process_put(process);
	}
	*ns = cpu_time_of_kind(&time, kind);
	return 0;
}

int clock_read(int clock, s64 *ns)
{
	struct cpu_time time;

	switch (clock) {
	case CLOCK_REALTIME_COARSE:
		*ns = clock_realtime_coarse_ns();
		return 0;
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_ALARM:
	case CLOCK_TAI: /* nobody has told us the number of leap seconds */
		*ns = clock_realtime_ns();
		return 0;
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_BOOTTIME:
	case CLOCK_BOOTTIME_ALARM:
		*ns = (s64)clock_monotonic_ns();
		return 0;
	case CLOCK_PROCESS_CPUTIME_ID:
		process_time_get(process_current(), &time);
		*ns = (s64)time.runtime;
		return 0;
	case CLOCK_THREAD_CPUTIME_ID:
		thread_time_get(thread_current(), &time);
		*ns = (s64)time.runtime;
		return 0;
	}
	return clock < 0 ? cpu_clock_read(clock, ns) : -EINVAL;
}

SYSCALL(clock_gettime)
{
	s64 ns;
	int err = clock_read((int)args[0], &ns);

	return err ? err : timespec_to_user((struct __kernel_timespec __user *)args[1], ns);
}

SYSCALL(clock_getres)
{
	int clock = (int)args[0];
	s64 ns;
	int err = clock_read(clock, &ns);

	if (err)
		return err;
	ns = clock == CLOCK_REALTIME_COARSE || clock == CLOCK_MONOTONIC_COARSE ? (s64)TICK_NS : 1;
	return args[1] ? timespec_to_user((struct __kernel_timespec __user *)args[1], ns) : 0;
}

SYSCALL(gettimeofday)
{
	struct __kernel_old_timeval tv;
	struct timespec64 now = clock_realtime();

	tv.tv_sec = now.sec;
	tv.tv_usec = now.nsec / 1000;
	if (args[0] && copy_to_user((void __user *)args[0], &tv, sizeof(tv)))
		return -EFAULT;
	if (args[1] &&
	    copy_to_user((void __user *)args[1], &system_timezone, sizeof(system_timezone)))
		return -EFAULT;
	return 0;
}

SYSCALL(time)
{
	long now = clock_realtime().sec;

	if (args[0] && put_user(now, (long __user *)args[0]))
		return -EFAULT;
	return now;
}

SYSCALL(times)
{
	struct process *process = process_current();
	struct cpu_time time;
	struct tms tms;

	process_time_get(process, &time);
	tms.tms_utime = (long)(time.user / (NSEC_PER_SEC / USER_HZ));
	tms.tms_stime = (long)(time.system / (NSEC_PER_SEC / USER_HZ));
	tms.tms_cutime = (long)(process->child_user_ns / (NSEC_PER_SEC / USER_HZ));
	tms.tms_cstime = (long)(process->child_system_ns / (NSEC_PER_SEC / USER_HZ));
	if (args[0] && copy_to_user((void __user *)args[0], &tms, sizeof(tms)))
		return -EFAULT;
	return (long)(clock_monotonic_ns() / (NSEC_PER_SEC / USER_HZ));
}

/* ---- setting ---- */

SYSCALL(clock_settime)
{
	struct timespec64 ts;
	s64 now;
	int err;

	if ((int)args[0] != CLOCK_REALTIME)
		return (int)args[0] < 0 && !clock_read((int)args[0], &now) ? -EPERM : -EINVAL;
	err = timespec_from_user(&ts, (const struct __kernel_timespec __user *)args[1]);
	if (err)
		return err;
	if (!capable(CAP_SYS_TIME))
		return -EPERM;
	if (ts.sec >= S64_MAX / (s64)NSEC_PER_SEC)
		return -EINVAL;
	clock_realtime_set(timespec64_to_ns(ts.sec, ts.nsec));
	return 0;
}

SYSCALL(settimeofday)
{
	struct __kernel_old_timeval tv;
	struct timezone zone;

	if (args[0]) {
		if (copy_from_user(&tv, (const void __user *)args[0], sizeof(tv)))
			return -EFAULT;
		if (tv.tv_usec < 0 || tv.tv_usec >= 1000000 || tv.tv_sec < 0 ||
		    tv.tv_sec >= S64_MAX / (s64)NSEC_PER_SEC)
			return -EINVAL;
	}
	if (args[1] && copy_from_user(&zone, (const void __user *)args[1], sizeof(zone)))
		return -EFAULT;
	if (!capable(CAP_SYS_TIME))
		return -EPERM;
	if (args[1]) {
		if (zone.tz_minuteswest > 15 * 60 || zone.tz_minuteswest < -15 * 60)
			return -EINVAL;
		system_timezone = zone;
	}
	if (args[0])
		clock_realtime_set(timespec64_to_ns(tv.tv_sec, tv.tv_usec * 1000));
	return 0;
}

/* The clock can be stepped; it is never slewed, and asking for that is refused. */
static long adjust_clock(struct __kernel_timex __user *user)
{
	struct __kernel_timex tx;
	struct timespec64 now;

	if (copy_from_user(&tx, user, sizeof(tx)))
		return -EFAULT;
	if (tx.modes && tx.modes != ADJ_OFFSET_SS_READ) {
		s64 unit = tx.modes & ADJ_NANO ? 1 : 1000;

		if (!capable(CAP_SYS_TIME))
			return -EPERM;
		if (tx.modes & ~(unsigned int)(ADJ_SETOFFSET | ADJ_NANO | ADJ_MICRO) ||
		    !(tx.modes & ADJ_SETOFFSET))
			return -EOPNOTSUPP;
		if (tx.time.tv_usec < 0 || tx.time.tv_usec * unit >= (s64)NSEC_PER_SEC)
			return -EINVAL;
		clock_realtime_set(clock_realtime_ns() +
				   timespec64_to_ns(tx.time.tv_sec, tx.time.tv_usec * unit));
	}
	now = clock_realtime();
	memset(&tx, 0, sizeof(tx));
	tx.status = STA_UNSYNC | STA_NANO;
	tx.maxerror = tx.esterror = 16000000;
	tx.constant = 2;
	tx.precision = 1;
	tx.tolerance = 500 << 16;
	tx.tick = 1000000 / USER_HZ;
	tx.time.tv_sec = now.sec;
	tx.time.tv_usec = now.nsec;
	if (copy_to_user(user, &tx, sizeof(tx)))
		return -EFAULT;
	return TIME_ERROR;
}

SYSCALL(adjtimex)
{
	return adjust_clock((struct __kernel_timex __user *)args[0]);
}

SYSCALL(clock_adjtime)
{
	if ((int)args[0] != CLOCK_REALTIME)
		return (int)args[0] == CLOCK_MONOTONIC ? -EOPNOTSUPP : -EINVAL;
	return adjust_clock((struct __kernel_timex __user *)args[1]);
}

/* ---- sleeping ---- */

static int sleep_until(u64 deadline_ns)
{
	int err;

	do
		err = thread_park(PARK_INTERRUPTIBLE, deadline_ns);
	while (!err);
	return err == -ETIMEDOUT ? 0 : err;
}

/* restart_args: deadline, where the rest goes (or 0). */
static long sleep_restart(struct thread *self)
{
	u64 deadline = self->restart_args[0], now;
	struct __kernel_timespec __user *rest =
	    (struct __kernel_timespec __user *)self->restart_args[1];

	if (!sleep_until(deadline))
		return 0;
	now = clock_monotonic_ns();
	if (now >= deadline)
		return 0;
	if (rest && timespec_to_user(rest, (s64)(deadline - now)))
		return -EFAULT;
	self->restart = sleep_restart;
	return -ERESTART_RESTARTBLOCK;
}

static long sleep_for(u64 ns, struct __kernel_timespec __user *rest)
{
	struct thread *self = thread_current();

	self->restart_args[0] = deadline_after(clock_monotonic_ns(), ns);
	self->restart_args[1] = (unsigned long)rest;
	return sleep_restart(self);
}

/* Until the wall clock shows ns, which may be set meanwhile. */
static long sleep_until_realtime(s64 ns)
{
	struct wait_entry entry;
	int err = 0;

	wait_entry_init(&entry, false);
	while (!err && clock_realtime_ns() < ns) {
		wait_queue_add(&clock_set_waiters, &entry);
		if (clock_realtime_ns() < ns)
			err = thread_park(PARK_INTERRUPTIBLE, clock_realtime_to_monotonic(ns));
		if (err == -ETIMEDOUT)
			err = 0; /* look at the clock that counts */
	}
	wait_queue_remove(&clock_set_waiters, &entry);
	return err ? -ERESTARTNOHAND : 0;
}

SYSCALL(nanosleep)
{
	struct timespec64 ts;
	int err = timespec_from_user(&ts, (const struct __kernel_timespec __user *)args[0]);

	return err ? err
		   : sleep_for((u64)timespec64_to_ns(ts.sec, ts.nsec),
			       (struct __kernel_timespec __user *)args[1]);
}

SYSCALL(clock_nanosleep)
{
	int clock = (int)args[0], err;
	bool absolute = args[1] & TIMER_ABSTIME;
	struct timespec64 ts;
	s64 ns;

	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_TAI:
	case CLOCK_MONOTONIC:
	case CLOCK_BOOTTIME:
	case CLOCK_REALTIME_ALARM:
	case CLOCK_BOOTTIME_ALARM:
		break;
	case CLOCK_THREAD_CPUTIME_ID:
		return -EINVAL;
	default:
		return clock_read(clock, &ns) ? -EINVAL : -EOPNOTSUPP;
	}
	err = timespec_from_user(&ts, (const struct __kernel_timespec __user *)args[2]);
	if (err)
		return err;
	ns = timespec64_to_ns(ts.sec, ts.nsec);
	if (!absolute)
		return sleep_for((u64)ns, (struct __kernel_timespec __user *)args[3]);
	if (clock == CLOCK_REALTIME || clock == CLOCK_TAI || clock == CLOCK_REALTIME_ALARM)
		return sleep_until_realtime(ns);
	return sleep_until((u64)ns) ? -ERESTARTNOHAND : 0;
}
