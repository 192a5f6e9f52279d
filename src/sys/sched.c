/*
 * The scheduler.
 *
 * Fair threads share a CPU in proportion to their weights: each has a virtual runtime that grows
 * with the time it ran, divided by its weight, and the one with the smallest runs. A thread that
 * wakes gets at most half a latency's credit, so that sleepers are served soon but cannot save up.
 * Real-time threads (SCHED_FIFO, SCHED_RR) go before all fair ones, by priority. The order of a
 * queue is in run_queue.c; here is who runs where, and when.
 *
 * User code is preempted on its way back from an interrupt when the queue's resched flag is set;
 * kernel code only at thread_park() and thread_yield_point().
 *
 * Where a woken thread goes: to the waker's own CPU if the waker has a habit of going to sleep
 * right after waking others (pipes, a parent that waits for its child): no other CPU needs to be
 * interrupted, and the switch is immediate. Else where it ran last if that CPU is idle, else to any
 * idle CPU, else where it was. An idle CPU takes queued threads away from others before it halts,
 * and the tick of a CPU with several threads wakes an idle one to do so.
 */
#include "sys/sched_int.h"
#include "hw/irq.h"
#include "hw/mmu.h"
#include "lib/assert.h"
#include "lib/atomic.h"
#include "lib/clock.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "mm/mm.h"
#include "sys/process_int.h"

struct run_queue run_queues[CPU_MAX];

struct thread *thread_current(void)
{
	return cpu_current();
}

u64 sched_online_mask(void)
{
	unsigned int n = cpu_count();
	return n >= 64 ? ~0ull : (1ull << n) - 1;
}

/* ---- switching ---- */

static void thread_enqueue(struct run_queue *rq, struct thread *thread, bool waker_parks, u64 now);
static unsigned int cpu_select(const struct thread *thread, bool waker_parks);

/* A thread that was running where its affinity does not allow it any more: it is on no queue.
 * Interrupts off. */
void sched_migrate(struct run_queue *from, struct thread *thread) __no_lock_analysis
{
	struct run_queue *to = &run_queues[cpu_select(thread, false)];

	sched_vruntime_rebase(thread, from, to);
	atomic_store_relaxed(&thread->cpu, (unsigned int)(to - run_queues));
	irqlock_lock_raw(&to->lock);
	thread_enqueue(to, thread, false, clock_monotonic_ns());
	irqlock_unlock_raw(&to->lock);
}

static void switch_finish(void) __no_lock_analysis
{
	struct run_queue *rq = run_queue_this();
	struct thread *previous = rq->previous;
	bool homeless =
	    previous->state == THREAD_RUNNABLE && !previous->on_queue && previous != rq->idle;

	previous->on_cpu = false;
	if (previous->state == THREAD_DEAD)
		list_add(&previous->realtime_node, &rq->dead);
	irqlock_unlock_raw(&rq->lock);
	if (homeless)
		sched_migrate(rq, previous);
}

void sched_first_run(void)
{
	switch_finish();
	irq_enable();
}

/* Idle time is measured between switches to and from the idle thread. */
static void idle_account(struct run_queue *rq, const struct thread *prev, const struct thread *next,
			 u64 now)
{
	if (prev == rq->idle) {
		rq->idle_ns += now - rq->idle_start_ns;
		rq->idle_start_ns = 0;
	}
	if (next == rq->idle)
		rq->idle_start_ns = now;
}

/*
 * Gives the CPU to whoever comes next. Interrupts are off and rq->lock is held; both the lock and,
 * for the thread that this returns to, ownership of the CPU have changed hands by the return: the
 * lock is released, interrupts still off.
 */
static void switch_away(struct run_queue *rq, bool at_head) __releases(rq->lock) __no_lock_analysis
{
	struct thread *prev = rq->current;
	struct thread *next;
	u64 now = clock_monotonic_ns();

	sched_account_current(rq, now);
	if (prev != rq->idle) {
		if (prev->state == THREAD_RUNNABLE && (prev->affinity & BIT64(cpu_id()))) {
			prev->queued_ns = now;
			run_queue_insert(rq, prev, at_head && !prev->slice_over);
		} else
			run_queue_account_remove(rq, prev);
	}
	next = run_queue_take(rq);
	atomic_store_relaxed(&rq->resched, false);
	if (next == prev) {
		irqlock_unlock_raw(&rq->lock);
		return;
	}
	if (prev->state == THREAD_RUNNABLE)
		prev->switches_involuntary++;
	else
		prev->switches_voluntary++;
	rq->switches++;
	next->run_start_ns = next->slice_start_ns = now;
	next->slice_over = false;
	idle_account(rq, prev, next, now);
	if (next != rq->idle && !rq->ticking) {
		rq->ticking = true;
		timer_tick_set(true);
	}
	next->on_cpu = true;
	rq->current = next;
	rq->previous = prev;
	if (next->mm != prev->mm)
		mmu_switch(next->mm ? &next->mm->mmu : NULL);
	arch_thread_switch(prev, &prev->arch, next, &next->arch);
	switch_finish();
}

static void reschedule(bool at_head)
{
	struct run_queue *rq;

	irq_disable();
	rq = run_queue_this();
	irqlock_lock_raw(&rq->lock);
	switch_away(rq, at_head);
	irq_enable();
}

bool sched_resched_needed(void)
{
	return atomic_load_relaxed(&run_queue_this()->resched);
}

void thread_yield_point(void)
{
	if (unlikely(sched_resched_needed()) && irq_enabled())
		reschedule(true);
}

void sched_preempt(void)
{
	if (sched_resched_needed())
		reschedule(true);
}

void sched_yield(void)
{
	struct run_queue *rq;
	struct thread *self, *first;

	irq_disable();
	rq = run_queue_this();
	irqlock_lock_raw(&rq->lock);
	self = rq->current;
	sched_account_current(rq, clock_monotonic_ns());
	first = rb_entry_or_null(rb_first(&rq->fair), struct thread, run_node);
	if (!sched_policy_realtime(self->policy) && first &&
	    (s64)(first->vruntime - self->vruntime) >= 0)
		self->vruntime = first->vruntime + 1;
	switch_away(rq, false);
	irq_enable();
}

void sched_exit(void)
{
	struct run_queue *rq;

	irq_disable();
	rq = run_queue_this();
	irqlock_lock_raw(&rq->lock);
	thread_current()->state = THREAD_DEAD;
	switch_away(rq, false);
	panic("a dead thread was run");
}

void sched_reap(void)
{
	struct run_queue *rq = run_queue_this();
	struct list_head dead;
	struct thread *thread, *next;
	irqflags_t flags;

	if (list_empty(&rq->dead))
		return;
	list_init(&dead);
	flags = irqlock_lock(&rq->lock);
	list_splice(&rq->dead, &dead);
	irqlock_unlock(&rq->lock, flags);
	list_for_each_entry_safe(thread, next, &dead, realtime_node) {
		list_del(&thread->realtime_node);
		thread_put(thread);
	}
}

/* ---- waking ---- */

struct run_queue *run_queue_lock(struct thread *thread, irqflags_t *flags) __no_lock_analysis
{
	*flags = irq_save();
	for (;;) {
		struct run_queue *rq = &run_queues[atomic_load_relaxed(&thread->cpu)];
		irqlock_lock_raw(&rq->lock);
		if (rq == &run_queues[atomic_load_relaxed(&thread->cpu)])
			return rq;
		irqlock_unlock_raw(&rq->lock);
	}
}

void run_queue_unlock(struct run_queue *rq, irqflags_t flags) __no_lock_analysis
{
	irqlock_unlock(&rq->lock, flags);
}

static bool cpu_is_idle(unsigned int cpu)
{
	return atomic_load_relaxed(&run_queues[cpu].running) == 0;
}

/* Whether the running thread is likely to sleep soon, leaving its CPU to the one it wakes. */
static bool waker_will_park(void)
{
	const struct thread *waker = thread_current();
	return waker->wake_parks >= 2 && !irq_context() && waker != run_queue_this()->idle &&
	       atomic_load_relaxed(&run_queue_this()->running) == 1;
}

static unsigned int cpu_find_idle(u64 allowed)
{
	for (u64 left = allowed; left; left &= left - 1) {
		unsigned int cpu = (unsigned int)__builtin_ctzll(left);
		if (cpu_is_idle(cpu))
			return cpu;
	}
	return CPU_MAX;
}

static unsigned int cpu_find_least_loaded(u64 allowed)
{
	unsigned int best = (unsigned int)__builtin_ctzll(allowed);

	for (u64 left = allowed; left; left &= left - 1) {
		unsigned int cpu = (unsigned int)__builtin_ctzll(left);
		if (run_queues[cpu].running < run_queues[best].running)
			best = cpu;
	}
	return best;
}

static unsigned int cpu_select(const struct thread *thread, bool waker_parks)
{
	unsigned int this = cpu_id(), last = thread->cpu, idle;
	u64 allowed = thread->affinity & sched_online_mask();

	if (allowed == 1)
		return 0;
	if (!allowed)
		allowed = sched_online_mask();
	if (waker_parks && (allowed & BIT64(this)))
		return this;
	if ((allowed & BIT64(last)) && cpu_is_idle(last))
		return last;
	idle = cpu_find_idle(allowed);
	if (idle < CPU_MAX)
		return idle;
	return allowed & BIT64(last) ? last : cpu_find_least_loaded(allowed);
}

/* rq->lock held. Tells rq's CPU to pick again. */
void run_queue_resched(struct run_queue *rq)
{
	unsigned int cpu = (unsigned int)(rq - run_queues);

	/* A full fence: an idle CPU clears the flag before it looks at rq->running for the last
	 * time. */
	if (!atomic_xchg(&rq->resched, true) && cpu != cpu_id())
		cpu_kick(cpu);
}

static bool should_preempt(struct run_queue *rq, const struct thread *thread, u64 now)
{
	struct thread *current = rq->current;

	if (current == rq->idle)
		return true;
	if (sched_policy_realtime(thread->policy))
		return !sched_policy_realtime(current->policy) ||
		       thread->rt_priority > current->rt_priority;
	if (sched_policy_realtime(current->policy) || thread->policy == SCHED_BATCH ||
	    thread->policy == SCHED_IDLE)
		return false;
	if (current->policy == SCHED_IDLE)
		return true;
	sched_account_current(rq, now);
	return (s64)(current->vruntime - thread->vruntime) > (s64)SCHED_WAKE_GRAIN_NS;
}

/* Puts a thread that is on no queue on rq. */
static void thread_enqueue(struct run_queue *rq, struct thread *thread, bool waker_parks, u64 now)
{
	thread->queued_ns = now;
	run_queue_account_add(rq, thread);
	run_queue_insert(rq, thread, false);
	if (rq->current == rq->idle || (!waker_parks && should_preempt(rq, thread, now)))
		run_queue_resched(rq);
}

/* The virtual time at which a thread that slept goes on. */
void sched_vruntime_place(const struct run_queue *rq, struct thread *thread)
{
	u64 least = rq->min_vruntime - SCHED_LATENCY_NS / 2;

	if ((s64)(thread->vruntime - least) < 0)
		thread->vruntime = least;
	/* A share earned on another CPU's clock is no reason to wait for ages here. */
	if ((s64)(thread->vruntime - rq->min_vruntime) > (s64)(100 * SCHED_LATENCY_NS))
		thread->vruntime = rq->min_vruntime + 100 * SCHED_LATENCY_NS;
}

void sched_vruntime_rebase(struct thread *thread, const struct run_queue *from,
			   const struct run_queue *to)
{
	thread->vruntime += atomic_load_relaxed(&to->min_vruntime) - from->min_vruntime;
}

static void note_wake(u64 now)
{
	if (!irq_context())
		thread_current()->wake_ns = now;
}

void sched_wake_states(struct thread *thread, unsigned int states) __no_lock_analysis
{
	irqflags_t flags;
	struct run_queue *rq = run_queue_lock(thread, &flags), *to;
	bool waker_parks;
	u64 now;

	if (!(states & BIT(thread->state))) {
		run_queue_unlock(rq, flags);
		return;
	}
	if (thread->state == THREAD_PARKED && !thread->process->kernel)
		rq->uninterruptible--;
	thread->state = THREAD_RUNNABLE;
	waker_parks = waker_will_park();
	to = &run_queues[cpu_select(thread, waker_parks)];
	now = clock_monotonic_ns();
	note_wake(now);
	if (to != rq) {
		sched_vruntime_rebase(thread, rq, to);
		atomic_store_relaxed(&thread->cpu, (unsigned int)(to - run_queues));
		irqlock_unlock_raw(&rq->lock);
		irqlock_lock_raw(&to->lock);
	}
	sched_vruntime_place(to, thread);
	thread_enqueue(to, thread, waker_parks && to == run_queue_this(), now);
	run_queue_unlock(to, flags);
}

#define STATES_PARKED                                                                              \
	(BIT(THREAD_PARKED_INTERRUPTIBLE) | BIT(THREAD_PARKED_KILLABLE) | BIT(THREAD_PARKED))

void thread_unpark(struct thread *thread)
{
	if (atomic_xchg(&thread->permit, true))
		return;
	if (atomic_load_seq(&thread->state) != THREAD_RUNNABLE)
		sched_wake_states(thread, STATES_PARKED);
}

void sched_kick_thread(struct thread *thread)
{
	unsigned int cpu = atomic_load_relaxed(&thread->cpu);

	if (thread != thread_current() && run_queues[cpu].current == thread)
		cpu_kick(cpu);
}

void sched_add_new(struct thread *thread) __no_lock_analysis
{
	struct run_queue *here = run_queue_this(), *rq;
	bool waker_parks = waker_will_park();
	u64 now = clock_monotonic_ns();
	irqflags_t flags;

	thread->state = THREAD_RUNNABLE;
	thread->cpu = cpu_id();
	flags = irq_save();
	rq = &run_queues[cpu_select(thread, waker_parks)];
	note_wake(now);
	thread->cpu = (unsigned int)(rq - run_queues);
	irqlock_lock_raw(&rq->lock);
	/* A new thread owes what its parent owes: forking gains nothing. */
	if (rq != here)
		sched_vruntime_rebase(thread, here, rq);
	sched_vruntime_place(rq, thread);
	if ((s64)(thread->vruntime - rq->min_vruntime) < 0)
		thread->vruntime = rq->min_vruntime;
	thread_enqueue(rq, thread, true, now);
	run_queue_unlock(rq, flags);
}

/* ---- parking ---- */

static bool park_interrupted(const struct thread *self, enum park_mode mode)
{
	u32 work = atomic_load_seq(&self->work);

	if (mode == PARK_INTERRUPTIBLE)
		return work & (THREAD_WORK_SIGNAL | THREAD_WORK_FATAL);
	return mode == PARK_KILLABLE && (work & THREAD_WORK_FATAL);
}

static enum thread_state park_state(enum park_mode mode)
{
	switch (mode) {
	case PARK_INTERRUPTIBLE:
		return THREAD_PARKED_INTERRUPTIBLE;
	case PARK_KILLABLE:
		return THREAD_PARKED_KILLABLE;
	default:
		return THREAD_PARKED;
	}
}

/* Learns whether this thread sleeps right after it wakes others. */
static void note_park(struct thread *self)
{
	bool soon;

	if (!self->wake_ns)
		return;
	soon = clock_monotonic_ns() - self->wake_ns < SCHED_WAKE_PARK_NS;
	self->wake_ns = 0;
	if (soon && self->wake_parks < 3)
		self->wake_parks++;
	else if (!soon && self->wake_parks > 0)
		self->wake_parks--;
}

/*
 * Sleeps unless a permit, a signal or, if there is one, the deadline came meanwhile. The timer is
 * on this CPU: with interrupts off it either has run or will find us parked.
 */
static void park_switch(struct thread *self, enum park_mode mode, bool timed)
{
	struct run_queue *rq;

	irq_disable();
	rq = run_queue_this();
	irqlock_lock_raw(&rq->lock);
	atomic_store_seq(&self->state, park_state(mode));
	if (atomic_load_seq(&self->permit) || park_interrupted(self, mode) ||
	    (timed && !READ_ONCE(self->park_timer.queued))) {
		self->state = THREAD_RUNNABLE;
		irqlock_unlock_raw(&rq->lock);
	} else {
		if (mode == PARK_UNINTERRUPTIBLE && !self->process->kernel)
			rq->uninterruptible++; /* kernel threads mostly wait for work */
		note_park(self);
		switch_away(rq, false);
	}
	irq_enable();
}

int thread_park(enum park_mode mode, u64 deadline_ns)
{
	struct thread *self = thread_current();

	ASSERT_EQ(lock_held_count(), 0u);
	ASSERT(irq_enabled());
	if (atomic_xchg(&self->permit, false))
		return 0;
	if (park_interrupted(self, mode))
		return -EINTR;
	if (deadline_ns != PARK_FOREVER) {
		if (clock_monotonic_ns() >= deadline_ns)
			return -ETIMEDOUT;
		timer_start(&self->park_timer, deadline_ns);
	}
	park_switch(self, mode, deadline_ns != PARK_FOREVER);
	if (deadline_ns != PARK_FOREVER)
		(void)timer_try_cancel(&self->park_timer);
	if (atomic_xchg(&self->permit, false))
		return 0;
	if (park_interrupted(self, mode))
		return -EINTR;
	if (deadline_ns != PARK_FOREVER && clock_monotonic_ns() >= deadline_ns)
		return -ETIMEDOUT;
	return 0;
}

void sched_park_timeout(struct timer *timer)
{
	sched_wake_states(container_of(timer, struct thread, park_timer), STATES_PARKED);
}

/* ---- idling ---- */

void sched_idle(void)
{
	struct run_queue *rq = run_queue_this();

	VERIFY(thread_current() == rq->idle);
	for (;;) {
		irq_enable();
		sched_reap();
		irq_disable();
		if (atomic_load_relaxed(&rq->running) || sched_steal(rq)) {
			irqlock_lock_raw(&rq->lock);
			switch_away(rq, false);
			continue;
		}
		(void)atomic_xchg(&rq->resched, false);
		if (!atomic_load_relaxed(&rq->running))
			cpu_idle_wait();
	}
}

/* ---- start ---- */

static void run_queue_init(struct run_queue *rq, struct thread *idle)
{
	irqlock_init(&rq->lock, "run queue");
	rq->fair = RB_ROOT;
	list_init(&rq->realtime);
	list_init(&rq->dead);
	rq->idle = rq->current = idle;
	idle->on_cpu = true;
	idle->cpu = cpu_id();
	idle->affinity = BIT64(cpu_id());
	idle->run_start_ns = rq->idle_start_ns = clock_monotonic_ns();
	rq->online = true;
}

static void idle_thread_adopt(void)
{
	struct thread *idle = kmalloc(sizeof(*idle), MM_ATOMIC | MM_ZERO);
	char name[THREAD_NAME_SIZE];

	if (!idle)
		panic("no memory for the idle thread of CPU %u", cpu_id());
	ksnprintf(name, sizeof(name), "idle/%u", cpu_id());
	thread_init(idle, &process_zero);
	strscpy(idle->name, name, sizeof(idle->name));
	if (arch_thread_adopt(idle, &idle->arch))
		panic("no memory for the idle thread of CPU %u", cpu_id());
	cpu_current_set(idle);
	run_queue_init(run_queue_this(), idle);
}

void sched_init(void)
{
	process_init();
	idle_thread_adopt();
	sched_load_start();
}

void sched_secondary_start(void)
{
	idle_thread_adopt();
	sched_idle();
}
