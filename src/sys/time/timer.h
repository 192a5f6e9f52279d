/*
 * Kernel timers: fn is called once, in interrupt context, at or soon after a point of
 * clock_monotonic_ns().
 *
 * A timer belongs to whoever embeds it; it is pending on the CPU that armed it. No lock of the
 * timer code is held while fn runs, so fn may arm its timer again, and may take irqlocks.
 */
#ifndef ARAMID_SYS_TIME_TIMER_H
#define ARAMID_SYS_TIME_TIMER_H

#include "lib/rbtree.h"
#include "lib/types.h"

struct timer {
	struct rb_node node; /* the CPU's timers' irqlock */
	u64 deadline_ns;
	void (*fn)(struct timer *timer);
	unsigned int cpu;
	bool pending; /* the CPU's timers' irqlock */
};

void timer_init(struct timer *timer, void (*fn)(struct timer *timer));

/* Any context. Arming a pending timer moves it. */
void timer_arm(struct timer *timer, u64 deadline_ns);

/* Takes the timer back; true if it was pending, false if fn has run or is running on another CPU.
 * Any context. */
bool timer_cancel(struct timer *timer);

/* The same, and waits until fn is not running: after it the timer may be freed. Not from fn itself,
 * nor with a lock held that fn takes. */
bool timer_cancel_sync(struct timer *timer);

#endif
