/*
 * Wait queues: the one mechanism by which anything waits for anything (blocking calls, poll, epoll,
 * I/O completion).
 *
 * A queue is a list of entries. Waking calls each entry's callback under the queue's lock with
 * interrupts off; the common callback unparks a thread, poll's marks its poll set ready. Exclusive
 * entries sit at the tail, and a wake-up stops after `nr` of them. Queues may be woken from interrupt
 * context.
 */
#ifndef ARAMID_LIB_WAIT_H
#define ARAMID_LIB_WAIT_H

#include "lib/errno.h"
#include "lib/list.h"
#include "lib/lock.h"
#include "lib/park.h"

struct wait_queue {
	struct irqlock lock;
	struct list_head entries; /* struct wait_entry.node, under lock */
};

struct wait_entry {
	struct list_head node;
	/* Called under the queue's lock, interrupts off. key: poll events that happened, 0 for "all".
	 * Returns true if the wake-up was taken (counts against nr for an exclusive entry). */
	bool (*wake)(struct wait_entry *entry, unsigned int key);
	struct thread *thread;
	bool exclusive;
	bool queued;
};

#define WAIT_QUEUE_INIT(name, queue_name)                                                          \
	{                                                                                          \
		.lock = IRQLOCK_INIT(queue_name), .entries = LIST_HEAD_INIT((name).entries)        \
	}

void wait_queue_init(struct wait_queue *queue, const char *name);

/* An entry that unparks the running thread. */
void wait_entry_init(struct wait_entry *entry, bool exclusive);

/* Adding an entry that is queued, or removing one that is not, does nothing. */
void wait_queue_add(struct wait_queue *queue, struct wait_entry *entry);
void wait_queue_remove(struct wait_queue *queue, struct wait_entry *entry);
bool wait_queue_active(struct wait_queue *queue);

/* Wakes all non-exclusive entries and up to nr exclusive ones (nr 0: all of them). */
void wait_queue_wake(struct wait_queue *queue, unsigned int nr, unsigned int key);

static inline void wake_one(struct wait_queue *queue)
{
	wait_queue_wake(queue, 1, 0);
}

static inline void wake_all(struct wait_queue *queue)
{
	wait_queue_wake(queue, 0, 0);
}

/*
 * Waits until cond holds. cond is evaluated without the queue's lock and may be evaluated often.
 * Yields 0, -ERESTARTSYS (a signal, in the interruptible and killable modes) or -ETIMEDOUT.
 */
#define wait_event_mode(queue, cond, mode, deadline_ns)                                            \
	({                                                                                         \
		int wait_err_ = 0;                                                                 \
		if (!(cond)) {                                                                     \
			struct wait_entry wait_entry_;                                             \
			wait_entry_init(&wait_entry_, false);                                      \
			for (;;) {                                                                 \
				wait_queue_add((queue), &wait_entry_);                             \
				if (cond)                                                          \
					break;                                                     \
				wait_err_ = thread_park((mode), (deadline_ns));                    \
				if (wait_err_) {                                                   \
					if (cond)                                                  \
						wait_err_ = 0;                                     \
					else if (wait_err_ == -EINTR)                              \
						wait_err_ = -ERESTARTSYS;                          \
					break;                                                     \
				}                                                                  \
			}                                                                          \
			wait_queue_remove((queue), &wait_entry_);                                  \
		}                                                                                  \
		wait_err_;                                                                         \
	})

#define wait_event(queue, cond)                                                                    \
	((void)wait_event_mode((queue), (cond), PARK_UNINTERRUPTIBLE, PARK_FOREVER))
#define wait_event_killable(queue, cond)                                                           \
	wait_event_mode((queue), (cond), PARK_KILLABLE, PARK_FOREVER)
#define wait_event_interruptible(queue, cond)                                                      \
	wait_event_mode((queue), (cond), PARK_INTERRUPTIBLE, PARK_FOREVER)
#define wait_event_interruptible_until(queue, cond, deadline_ns)                                   \
	wait_event_mode((queue), (cond), PARK_INTERRUPTIBLE, (deadline_ns))

#endif
