/*
 * Timers, the tick, and the clocks behind lib/clock.h.
 *
 * A timer is a function that is called once, in interrupt context, at or soon after a moment of the
 * monotonic clock. Each CPU has a queue of its own, ordered by time, which drives that CPU's
 * one-shot hardware timer; a timer lives on the queue of the CPU that started it. There is no
 * periodic interrupt: the scheduler asks for ticks while a CPU has something to share.
 */
#ifndef ARAMID_SYS_TIME_TIMER_H
#define ARAMID_SYS_TIME_TIMER_H

#include "lib/clock.h"
#include "lib/rbtree.h"
#include "lib/types.h"

#define TICK_HZ 250
#define TICK_NS (NSEC_PER_SEC / TICK_HZ)

struct timer {
	struct rb_node node;
	u64 deadline_ns;
	/* Interrupt context, interrupts off, no locks held. It may start the timer again, or free
	 * it. */
	void (*fn)(struct timer *timer);
	unsigned int cpu; /* whose queue it is or was last on */
	bool queued;      /* that queue's lock */
};

void timer_init(struct timer *timer, void (*fn)(struct timer *timer));

/* (Re)starts it. Any context; but starting and cancelling the same timer is for its owner to
 * serialise. */
void timer_start(struct timer *timer, u64 deadline_ns);

/*
 * Stops it and waits until its function, if that is running on another CPU, has returned. True if
 * it was stopped before it ran. Not to be called with a lock that the function takes, nor by the
 * function itself.
 */
bool timer_cancel(struct timer *timer);

/* The same without waiting: false if it was not queued; then the function may still be running. Any
 * context. */
bool timer_try_cancel(struct timer *timer);

/* Whether sched_tick() (sys/thread.h) shall be called on this CPU every TICK_NS. Any context of
 * this CPU. */
void timer_tick_set(bool on);

/* Reads the wall clock; called by kernel_main once interrupts are set up. */
void clock_init(void);

/* CLOCK_REALTIME in nanoseconds since the epoch. */
s64 clock_realtime_ns(void);
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

/* a + b for deadlines: saturates below PARK_FOREVER. */
static inline u64 deadline_after(u64 from_ns, u64 delay_ns)
{
	u64 sum;

	return __builtin_add_overflow(from_ns, delay_ns, &sum) || sum == (u64)-1 ? (u64)-2 : sum;
}

#endif
