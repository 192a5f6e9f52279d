/*
 * Parking: the one primitive by which a thread sleeps and is woken. Wait queues, mutexes, reader-writer
 * locks and sleeps are all built on it. It is a seam: the scheduler implements it in the kernel
 * (src/sys/sched.c), pthreads in the hosted build.
 *
 * Every thread has one permit. thread_unpark() grants it (granting twice is granting once) and makes
 * the thread runnable; thread_park() consumes it, sleeping until there is one. So a wake-up that comes
 * between checking a condition and parking is never lost, and no "state" has to be set beforehand.
 * Wake-ups may be spurious: callers loop on their condition.
 */
#ifndef ARAMID_LIB_PARK_H
#define ARAMID_LIB_PARK_H

#include "lib/types.h"

struct thread;

enum park_mode {
	PARK_UNINTERRUPTIBLE, /* only unpark or the deadline ends it */
	PARK_KILLABLE,	      /* a fatal signal too: -EINTR */
	PARK_INTERRUPTIBLE,   /* any deliverable signal too: -EINTR */
};

#define PARK_FOREVER ((u64)-1)

/* The running thread. Never NULL once the first thread exists; valid in interrupt context too. */
struct thread *thread_current(void);

/*
 * Sleeps until unparked, or until clock_monotonic_ns() reaches deadline_ns (PARK_FOREVER: no limit).
 * Returns 0, -EINTR or -ETIMEDOUT. No spinning lock may be held, interrupts must be on.
 */
int thread_park(enum park_mode mode, u64 deadline_ns);

/* Grants the permit. Any context, interrupt context included; the caller keeps the thread alive. */
void thread_unpark(struct thread *thread);

/* Lets other runnable threads run if the tick asked for it; every long loop in the kernel calls it.
 * Same conditions as thread_park(). */
void thread_yield_point(void);

/* Whether the running thread has a deliverable signal (or a fatal one). */
bool thread_signal_pending(void);
bool thread_fatal_signal_pending(void);

#endif
