/*
 * The clocks. The monotonic clock is the machine's clock source as it is; wall-clock time is that
 * plus an offset, which clock_settime changes. The machine does not sleep, so that the boot-time
 * clock is the monotonic one, and nothing disciplines the clock source, so that the raw one is too.
 */
#include "sys/time/clock.h"

#include "hw/irq.h"
#include "hw/vdso.h"
#include "lib/atomic.h"
#include "sys/time/time_int.h"
#include "sys/time/timer.h"

#include <linux/time.h>

struct wait_queue clock_set_waiters = WAIT_QUEUE_INIT(clock_set_waiters, "clock set");
static s64 realtime_offset; /* atomic; wall clock minus monotonic clock, ns */

u64 clock_monotonic_ns(void)
{
	const struct hw_clock *clock = hw_clock_get();

	return likely(clock) ? clock->read_ns() : 0;
}

s64 clock_realtime_ns(void)
{
	return (s64)clock_monotonic_ns() + atomic_load_relaxed(&realtime_offset);
}

struct timespec64 clock_realtime(void)
{
	return timespec64_from_ns(clock_realtime_ns());
}

/* There is not always a tick, but the clock steps as if there were: a file that is written often
 * would otherwise have a new time to be saved with each write. */
s64 clock_realtime_coarse_ns(void)
{
	s64 now = clock_realtime_ns();

	return now - now % (s64)TICK_NS;
}

struct timespec64 clock_realtime_coarse(void)
{
	return timespec64_from_ns(clock_realtime_coarse_ns());
}

bool clock_is_wall(int clock)
{
	return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_ALARM || clock == CLOCK_TAI;
}

u64 clock_realtime_to_monotonic(s64 ns)
{
	s64 offset = atomic_load_relaxed(&realtime_offset), at;

	if (__builtin_sub_overflow(ns, offset, &at))
		return ns < 0 ? 0 : (u64)-2;
	return at < 0 ? 0 : (u64)at;
}

static void offset_set(s64 offset)
{
	atomic_store(&realtime_offset, offset);
	vdso_realtime_set(offset);
	wake_all(&clock_set_waiters);
}

void clock_realtime_set(s64 ns)
{
	offset_set(ns - (s64)clock_monotonic_ns());
}

void time_init(void)
{
	u64 at_ns = 0;
	s64 sec = hw_wallclock_read(&at_ns);

	offset_set(sec * (s64)NSEC_PER_SEC - (s64)at_ns);
}
