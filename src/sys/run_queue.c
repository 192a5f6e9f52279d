/* The order of a run queue: virtual time for fair threads, priorities for real-time ones. See
 * sched.c. The queue's lock is held throughout. */
#include "lib/assert.h"
#include "lib/atomic.h"
#include "sys/sched_int.h"

static bool fair_less(const struct rb_node *a, const struct rb_node *b)
{
	return (s64)(rb_entry(a, struct thread, run_node)->vruntime -
		     rb_entry(b, struct thread, run_node)->vruntime) < 0;
}

static void realtime_insert(struct run_queue *rq, struct thread *thread, bool at_head)
{
	struct thread *other;

	list_for_each_entry(other, &rq->realtime, realtime_node)
		if (other->rt_priority < thread->rt_priority ||
		    (at_head && other->rt_priority == thread->rt_priority)) {
			list_add_tail(&thread->realtime_node, &other->realtime_node);
			return;
		}
	list_add_tail(&thread->realtime_node, &rq->realtime);
}

void run_queue_insert(struct run_queue *rq, struct thread *thread, bool at_head)
{
	ASSERT(!thread->on_queue);
	if (sched_policy_realtime(thread->policy))
		realtime_insert(rq, thread, at_head);
	else
		rb_add(&thread->run_node, &rq->fair, fair_less, NULL);
	thread->on_queue = true;
}

void run_queue_remove(struct run_queue *rq, struct thread *thread)
{
	ASSERT(thread->on_queue);
	if (sched_policy_realtime(thread->policy))
		list_del(&thread->realtime_node);
	else
		rb_erase(&thread->run_node, &rq->fair, NULL);
	thread->on_queue = false;
}

void run_queue_account_add(struct run_queue *rq, const struct thread *thread)
{
	atomic_store_relaxed(&rq->running, rq->running + 1);
	if (!sched_policy_realtime(thread->policy))
		rq->weight += thread->weight;
}

void run_queue_account_remove(struct run_queue *rq, const struct thread *thread)
{
	atomic_store_relaxed(&rq->running, rq->running - 1);
	if (!sched_policy_realtime(thread->policy))
		rq->weight -= thread->weight;
}

static void min_vruntime_advance(struct run_queue *rq)
{
	struct thread *first = rb_entry_or_null(rb_first(&rq->fair), struct thread, run_node);
	struct thread *current = rq->current;
	bool fair = current != rq->idle && !sched_policy_realtime(current->policy) &&
		    current->state == THREAD_RUNNABLE;
	u64 low;

	if (fair && first)
		low = (s64)(current->vruntime - first->vruntime) < 0 ? current->vruntime
								     : first->vruntime;
	else if (fair)
		low = current->vruntime;
	else if (first)
		low = first->vruntime;
	else
		return;
	if ((s64)(low - rq->min_vruntime) > 0)
		rq->min_vruntime = low;
}

void sched_account_current(struct run_queue *rq, u64 now)
{
	struct thread *current = rq->current;
	u64 delta = now - current->run_start_ns;

	if (current == rq->idle || (s64)delta <= 0)
		return;
	current->run_start_ns = now;
	atomic_store_relaxed(&current->runtime_ns, current->runtime_ns + delta);
	if (sched_policy_realtime(current->policy))
		return;
	current->vruntime += current->weight == SCHED_WEIGHT_NORMAL
				 ? delta
				 : delta * SCHED_WEIGHT_NORMAL / current->weight;
	min_vruntime_advance(rq);
}

struct thread *run_queue_take(struct run_queue *rq)
{
	struct thread *next = list_empty(&rq->realtime)
				  ? rb_entry_or_null(rb_first(&rq->fair), struct thread, run_node)
				  : list_first_entry(&rq->realtime, struct thread, realtime_node);

	if (!next)
		return rq->idle;
	run_queue_remove(rq, next);
	return next;
}
