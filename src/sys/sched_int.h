/*
 * Private to the scheduler: run queues.
 *
 * Each CPU has a run queue. Its irqlock guards the queue and the scheduling state of every thread
 * whose ->cpu it is; it is held across the switch itself, so whoever holds it sees each thread
 * either wholly on or wholly off its CPU. Two are never held at once. It nests inside every other
 * lock but those of timers.
 */
#ifndef ARAMID_SYS_SCHED_INT_H
#define ARAMID_SYS_SCHED_INT_H

#include "hw/cpu.h"
#include "sys/thread.h"

#include <linux/sched.h>

#define SCHED_LATENCY_NS                                                                           \
	(12 * 1000000ull) /* every fair thread runs once in it, while they are few */
#define SCHED_SLICE_MIN_NS (3 * 1000000ull)
#define SCHED_WAKE_GRAIN_NS                                                                        \
	1000000ull                     /* a wake-up preempts only if the other is this far ahead   \
					*/
#define SCHED_WAKE_PARK_NS  1000000ull /* a waker that sleeps within it has "woken and parked" */
#define SCHED_STEAL_NS      500000ull  /* nobody takes away what has waited for less */
#define SCHED_RR_SLICE_NS   (100 * 1000000ull)
#define SCHED_WEIGHT_NORMAL 1024u
#define SCHED_WEIGHT_IDLE   3u
#define SCHED_PRIORITY_MAX  99

struct run_queue {
	struct irqlock lock;
	struct thread *current;
	struct thread *idle;
	struct thread *previous;   /* who was switched away from, until the switch is finished */
	struct rb_root fair;       /* by vruntime; without current */
	struct list_head realtime; /* by priority, highest first; without current */
	u64 min_vruntime;
	unsigned int running; /* threads runnable here, current included, idle not */
	unsigned long weight; /* of the fair ones among them */
	int uninterruptible;  /* parked here minus woken from here; the sum over all CPUs counts */
	bool resched;         /* atomic: user_return_work() shall pick again */
	bool ticking;
	struct list_head dead; /* threads that ended: thread.realtime_node */
	u64 switches;
	u64 idle_ns, idle_start_ns; /* idle_start_ns 0: not idle */
	u64 user_ns, nice_ns, system_ns;
	bool online;
} __cache_aligned;

extern struct run_queue run_queues[CPU_MAX];

static inline struct run_queue *run_queue_this(void)
{
	return &run_queues[cpu_id()];
}

static inline bool sched_policy_realtime(int policy)
{
	return policy == SCHED_FIFO || policy == SCHED_RR;
}

/* Locks the queue that the thread belongs to. */
struct run_queue *run_queue_lock(struct thread *thread, irqflags_t *flags);
void run_queue_unlock(struct run_queue *rq, irqflags_t flags);

/*
 * Among those who wait for the CPU; and the counts of those who want it, the running thread
 * included. rq->lock held. at_head: before others of the same real-time priority.
 */
void run_queue_insert(struct run_queue *rq, struct thread *thread, bool at_head);
void run_queue_remove(struct run_queue *rq, struct thread *thread);
/* Who shall run next, taken out of the queue; the idle thread if there is none. */
struct thread *run_queue_take(struct run_queue *rq);
void run_queue_account_add(struct run_queue *rq, const struct thread *thread);
void run_queue_account_remove(struct run_queue *rq, const struct thread *thread);
/* Tells rq's CPU to pick again; rq->lock held. */
void run_queue_resched(struct run_queue *rq);

/* Virtual time is each queue's own: the thread changes queues; it comes to rq after a sleep. */
void sched_vruntime_rebase(struct thread *thread, const struct run_queue *from,
			   const struct run_queue *to);
void sched_vruntime_place(const struct run_queue *rq, struct thread *thread);
/* Finds a place for a runnable thread that is on no queue any more. Interrupts off, no locks. */
void sched_migrate(struct run_queue *from, struct thread *thread);
/* Takes a thread that waits elsewhere onto rq, this CPU's. Interrupts off. */
bool sched_steal(struct run_queue *rq);

/* Changes what decides over a thread's order and share. */
struct sched_change {
	int policy, nice, rt_priority;
	bool reset_on_fork;
};
void sched_change_apply(struct thread *thread, const struct sched_change *change);
u32 sched_weight(int policy, int nice);
void sched_affinity_set(struct thread *thread, u64 mask);
u64 sched_online_mask(void);

/* Ends a sleep early, if thread sleeps in one of the states (bits of enum thread_state): signals.
 */
void sched_wake_states(struct thread *thread, unsigned int states);
/* Makes the thread's CPU enter the kernel soon if it runs: it has work. */
void sched_kick_thread(struct thread *thread);

/* Frees threads that have ended, and their stacks. Interrupts on, no locks. */
void sched_reap(void);

/* Entered by every new thread first: ends the switch to it and turns interrupts on. */
void sched_first_run(void);

/* Reschedules if the flag asks for it: on the way to user mode. */
void sched_preempt(void);
void sched_park_timeout(struct timer *timer);

/* Brings the running thread's accounts up to now; rq->lock held. */
void sched_account_current(struct run_queue *rq, u64 now);
/* Whether a queued thread waits long enough for another CPU to take it; rq->lock held. */
bool sched_has_waited(struct run_queue *rq, u64 now);
/* sched_tick.c */
void sched_load_start(void);

#endif
