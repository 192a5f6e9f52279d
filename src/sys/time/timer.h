/*
 * Timers and the tick.
 *
 * A timer is a function that is called once, in interrupt context, at or soon after a moment of the
 * monotonic clock. Each CPU has a queue of its own, ordered by time, which drives that CPU's
 * one-shot hardware timer; a timer lives on the queue of the CPU that started it. There is no
 * periodic interrupt: the scheduler asks for ticks while a CPU has something to share.
 */
#ifndef ARAMID_SYS_TIME_TIMER_H
#define ARAMID_SYS_TIME_TIMER_H

#include "lib/rbtree.h"
#include "lib/types.h"
#include "sys/time/clock.h"

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

#endif
