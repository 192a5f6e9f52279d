/*
 * The clocks, beyond what lib/clock.h says.
 */
#ifndef ARAMID_SYS_TIME_CLOCK_H
#define ARAMID_SYS_TIME_CLOCK_H

#include "lib/clock.h"
#include "lib/types.h"

/* Reads the wall clock; called by kernel_main once interrupts are set up. */
void time_init(void);

/* CLOCK_REALTIME in nanoseconds since the epoch. */
s64 clock_realtime_ns(void);
/* In steps of TICK_NS: clock_realtime_coarse(). */
s64 clock_realtime_coarse_ns(void);
/* Steps the wall clock to ns; sleepers on it look again. */
void clock_realtime_set(s64 ns);
/* The monotonic time at which the wall clock shows ns: what has passed already yields 0. */
u64 clock_realtime_to_monotonic(s64 ns);

static inline struct timespec64 timespec64_from_ns(s64 ns)
{
	s64 sec = ns / (s64)NSEC_PER_SEC, rest = ns % (s64)NSEC_PER_SEC;

	if (rest < 0) {
		sec--;
		rest += (s64)NSEC_PER_SEC;
	}
	return (struct timespec64){sec, (u32)rest};
}

/* Saturates: what lies beyond the range of 64-bit nanoseconds is its end. */
static inline s64 timespec64_to_ns(s64 sec, s64 nsec)
{
	s64 ns;

	if (__builtin_mul_overflow(sec, (s64)NSEC_PER_SEC, &ns) ||
	    __builtin_add_overflow(ns, nsec, &ns))
		return sec < 0 ? -S64_MAX : S64_MAX;
	return ns;
}

/* from + delay for deadlines: saturates below PARK_FOREVER. */
static inline u64 deadline_after(u64 from_ns, u64 delay_ns)
{
	u64 sum;

	return __builtin_add_overflow(from_ns, delay_ns, &sum) || sum == (u64)-1 ? (u64)-2 : sum;
}

#endif
