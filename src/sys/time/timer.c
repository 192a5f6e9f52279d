/*
 * Per-CPU timer queues. The hardware timer is armed for the first deadline or the next tick,
 * whichever comes first. A cancelled timer leaves it armed: a needless interrupt now and then is
 * cheaper than programming the timer twice for every sleep that is ended early.
 */
#include "sys/time/timer.h"

#include "hw/cpu.h"
#include "hw/irq.h"
#include "lib/assert.h"
#include "lib/atomic.h"
#include "lib/lock.h"
#include "sys/thread.h"

#define NEVER ((u64)-1)

struct timer_queue {
	struct irqlock lock;
	struct rb_root timers; /* lock; by deadline */
	struct rb_node *first; /* lock; the leftmost one */
	struct timer *running; /* lock; whose function is being called */
	u64 armed_ns;          /* this CPU: what the hardware timer is set to */
	u64 next_tick_ns;      /* this CPU: NEVER while there is no tick */
} __cache_aligned;

static struct timer_queue queues[CPU_MAX] = {
    [0 ... CPU_MAX -
     1] = {.lock = IRQLOCK_INIT("timers"), .armed_ns = NEVER, .next_tick_ns = NEVER},
};

void timer_init(struct timer *timer, void (*fn)(struct timer *timer))
{
	*timer = (struct timer){.fn = fn};
}

static void arm(struct timer_queue *queue, u64 deadline_ns)
{
	queue->armed_ns = deadline_ns;
	hw_timer_arm(deadline_ns);
}

static void queue_insert(struct timer_queue *queue, struct timer *timer)
{
	struct rb_node **link = &queue->timers.node, *parent = NULL;
	bool first = true;

	while (*link) {
		parent = *link;
		if (timer->deadline_ns < rb_entry(parent, struct timer, node)->deadline_ns) {
			link = &parent->left;
		} else {
			link = &parent->right;
			first = false;
		}
	}
	rb_insert(&timer->node, parent, link, &queue->timers, NULL);
	if (first)
		queue->first = &timer->node;
	timer->queued = true;
}

static void queue_remove(struct timer_queue *queue, struct timer *timer)
{
	if (queue->first == &timer->node)
		queue->first = rb_next(&timer->node);
	rb_erase(&timer->node, &queue->timers, NULL);
	timer->queued = false;
}

bool timer_try_cancel(struct timer *timer)
{
	struct timer_queue *queue = &queues[timer->cpu];
	bool was;

	if (!READ_ONCE(timer->queued))
		return false;
	irqflags_t flags = irqlock_lock(&queue->lock);

	was = timer->queued;
	if (was)
		queue_remove(queue, timer);
	irqlock_unlock(&queue->lock, flags);
	return was;
}

bool timer_cancel(struct timer *timer)
{
	bool was = timer_try_cancel(timer);

	while (atomic_load(&queues[timer->cpu].running) == timer)
		cpu_relax();
	return was;
}

void timer_start(struct timer *timer, u64 deadline_ns)
{
	timer_try_cancel(timer);

	/* Interrupts stay off from choosing the CPU to arming its timer. */
	unsigned long flags = irq_save();
	unsigned int cpu = cpu_id();
	struct timer_queue *queue = &queues[cpu];

	irqlock_lock_raw(&queue->lock);
	timer->cpu = cpu;
	timer->deadline_ns = deadline_ns;
	queue_insert(queue, timer);
	irqlock_unlock_raw(&queue->lock);
	if (deadline_ns < queue->armed_ns)
		arm(queue, deadline_ns);
	irq_restore(flags);
}

void timer_tick_set(bool on)
{
	unsigned long flags = irq_save();
	struct timer_queue *queue = &queues[cpu_id()];

	if (!on) {
		queue->next_tick_ns = NEVER;
	} else if (queue->next_tick_ns == NEVER) {
		queue->next_tick_ns = clock_monotonic_ns() + TICK_NS;
		if (queue->next_tick_ns < queue->armed_ns)
			arm(queue, queue->next_tick_ns);
	}
	irq_restore(flags);
}

void timer_expired(void)
{
	struct timer_queue *queue = &queues[cpu_id()];
	u64 now = clock_monotonic_ns(), next;

	queue->armed_ns = NEVER;
	irqlock_lock_raw(&queue->lock);
	while (queue->first) {
		struct timer *timer = rb_entry(queue->first, struct timer, node);

		if (timer->deadline_ns > now)
			break;
		queue_remove(queue, timer);
		atomic_store(&queue->running, timer);
		irqlock_unlock_raw(&queue->lock);
		timer->fn(timer); /* the timer may be gone when it returns */
		irqlock_lock_raw(&queue->lock);
		atomic_store(&queue->running, NULL);
	}
	next = queue->first ? rb_entry(queue->first, struct timer, node)->deadline_ns : NEVER;
	irqlock_unlock_raw(&queue->lock);
	if (now >= queue->next_tick_ns) {
		queue->next_tick_ns = now + TICK_NS;
		sched_tick();
	}
	next = min(next, queue->next_tick_ns);
	if (next < queue->armed_ns)
		arm(queue, next);
}
