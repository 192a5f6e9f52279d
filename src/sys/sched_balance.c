/*
 * The scheduler's slower half: what decides over a thread's share and place, and how an idle CPU
 * gets work from a busy one.
 */
#include "lib/atomic.h"
#include "lib/clock.h"
#include "sys/sched_int.h"

/* ---- changing a thread's parameters ---- */

u32 sched_weight(int policy, int nice)
{
	u64 weight = SCHED_WEIGHT_NORMAL;

	if (policy == SCHED_IDLE)
		return SCHED_WEIGHT_IDLE;
	/* Each step of nice is a quarter more or less. */
	for (; nice < 0; nice++)
		weight = weight * 5 / 4;
	for (; nice > 0; nice--)
		weight = (weight * 4 + 2) / 5;
	return (u32)weight;
}

void sched_change_apply(struct thread *thread, const struct sched_change *change)
{
	irqflags_t flags;
	struct run_queue *rq = run_queue_lock(thread, &flags);
	bool queued = thread->on_queue;
	bool counted = queued || rq->current == thread;

	if (rq->current == thread)
		sched_account_current(rq, clock_monotonic_ns());
	if (queued)
		run_queue_remove(rq, thread);
	if (counted)
		run_queue_account_remove(rq, thread);
	if (sched_policy_realtime(thread->policy) && !sched_policy_realtime(change->policy))
		thread->vruntime = rq->min_vruntime;
	thread->policy = change->policy;
	thread->nice = change->nice;
	thread->rt_priority = change->rt_priority;
	thread->reset_on_fork = change->reset_on_fork;
	thread->weight = sched_weight(change->policy, change->nice);
	if (counted)
		run_queue_account_add(rq, thread);
	if (queued)
		run_queue_insert(rq, thread, false);
	if (counted)
		run_queue_resched(rq);
	run_queue_unlock(rq, flags);
}

void sched_affinity_set(struct thread *thread, u64 mask) __no_lock_analysis
{
	irqflags_t flags;
	struct run_queue *rq = run_queue_lock(thread, &flags);
	bool leaves = !(mask & BIT64(thread->cpu)), homeless = leaves && thread->on_queue;

	thread->affinity = mask;
	if (homeless) {
		run_queue_remove(rq, thread);
		run_queue_account_remove(rq, thread);
	} else if (leaves && rq->current == thread) {
		run_queue_resched(rq); /* it is moved when it is switched away */
	}
	irqlock_unlock_raw(&rq->lock);
	if (homeless)
		sched_migrate(rq, thread);
	irq_restore(flags);
}

/* ---- stealing ---- */

/* One that has waited for a while: else the CPU it is on is likely to be free for it in a moment.
 */
static bool may_steal(const struct thread *thread, unsigned int this, u64 now)
{
	return (thread->affinity & BIT64(this)) && now - thread->queued_ns >= SCHED_STEAL_NS;
}

static struct thread *find_to_steal(struct run_queue *rq, unsigned int this, u64 now)
{
	struct thread *at;

	list_for_each_entry(at, &rq->realtime, realtime_node)
		if (may_steal(at, this, now))
			return at;
	rb_for_each_entry(at, &rq->fair, run_node)
		if (may_steal(at, this, now))
			return at;
	return NULL;
}

bool sched_has_waited(struct run_queue *rq, u64 now)
{
	struct thread *first = rb_entry_or_null(rb_first(&rq->fair), struct thread, run_node);

	return !list_empty(&rq->realtime) || (first && now - first->queued_ns >= SCHED_STEAL_NS);
}

static struct thread *steal_from(struct run_queue *rq, unsigned int this)
{
	struct thread *thread = find_to_steal(rq, this, clock_monotonic_ns());

	if (!thread)
		return NULL;
	run_queue_remove(rq, thread);
	run_queue_account_remove(rq, thread);
	sched_vruntime_rebase(thread, rq, &run_queues[this]);
	atomic_store_relaxed(&thread->cpu, this);
	return thread;
}

/* Takes a thread that waits elsewhere. Interrupts off. */
bool sched_steal(struct run_queue *rq) __no_lock_analysis
{
	unsigned int this = cpu_id(), count = cpu_count();

	for (unsigned int i = 1; i < count; i++) {
		struct run_queue *other = &run_queues[(this + i) % count];
		struct thread *thread;

		if (atomic_load_relaxed(&other->running) < 2)
			continue;
		irqlock_lock_raw(&other->lock);
		thread = steal_from(other, this);
		irqlock_unlock_raw(&other->lock);
		if (!thread)
			continue;
		irqlock_lock_raw(&rq->lock);
		sched_vruntime_place(rq, thread);
		run_queue_account_add(rq, thread);
		run_queue_insert(rq, thread, false);
		irqlock_unlock_raw(&rq->lock);
		return true;
	}
	return false;
}
