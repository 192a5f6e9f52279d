/*
 * What the scheduler does by the clock: charge the running thread's mode, end slices, spread load,
 * and the load average.
 */
#include "hw/irq.h"
#include "lib/atomic.h"
#include "lib/clock.h"
#include "sys/process_int.h"
#include "sys/sched_int.h"

#define LOAD_SHIFT       16
#define LOAD_ONE         (1ul << LOAD_SHIFT)
#define LOAD_INTERVAL_NS (5 * NSEC_PER_SEC)

static unsigned long load_average[3]; /* written by the load timer alone */
static struct timer load_timer;

/* exp(-5 s / 1, 5, 15 min) in units of 1/65536. */
static const unsigned long load_decay[3] = {60296, 64453, 65173};

unsigned int sched_runnable_count(void)
{
	unsigned int n = 0;

	for (unsigned int cpu = 0; cpu < cpu_count(); cpu++)
		n += atomic_load_relaxed(&run_queues[cpu].running);
	return n;
}

u64 sched_switch_count(void)
{
	u64 n = 0;

	for (unsigned int cpu = 0; cpu < cpu_count(); cpu++)
		n += atomic_load_relaxed(&run_queues[cpu].switches);
	return n;
}

static void load_sample(struct timer *timer)
{
	int active = (int)sched_runnable_count();

	for (unsigned int cpu = 0; cpu < cpu_count(); cpu++)
		active += atomic_load_relaxed(&run_queues[cpu].uninterruptible);
	if (active < 0)
		active = 0;
	for (unsigned int i = 0; i < 3; i++)
		load_average[i] = (load_average[i] * load_decay[i] +
				   (unsigned long)active * LOAD_ONE * (LOAD_ONE - load_decay[i])) >>
				  LOAD_SHIFT;
	timer_start(timer, clock_monotonic_ns() + LOAD_INTERVAL_NS);
}

void sched_load_get(unsigned long load[3])
{
	for (unsigned int i = 0; i < 3; i++)
		load[i] = atomic_load_relaxed(&load_average[i]);
}

void sched_load_start(void)
{
	timer_init(&load_timer, load_sample);
	timer_start(&load_timer, clock_monotonic_ns() + LOAD_INTERVAL_NS);
}

void sched_cpu_time_get(unsigned int cpu, struct sched_cpu_time *out)
{
	const struct run_queue *rq = &run_queues[cpu];
	u64 since = atomic_load_relaxed(&rq->idle_start_ns);
	u64 now = clock_monotonic_ns();

	out->user = atomic_load_relaxed(&rq->user_ns);
	out->nice = atomic_load_relaxed(&rq->nice_ns);
	out->system = atomic_load_relaxed(&rq->system_ns);
	out->idle = atomic_load_relaxed(&rq->idle_ns) + (since && now > since ? now - since : 0);
}

static void tick_charge(struct run_queue *rq, struct thread *current)
{
	if (irq_from_user()) {
		current->ticks_user++;
		if (current->nice > 0)
			rq->nice_ns += TICK_NS;
		else
			rq->user_ns += TICK_NS;
	} else {
		current->ticks_system++;
		rq->system_ns += TICK_NS;
	}
}

/* Whether the running thread has had its turn; lock held. */
static bool slice_over(const struct run_queue *rq, const struct thread *current, u64 now)
{
	u64 ran = now - current->slice_start_ns, slice;

	if (rq->running < 2)
		return false;
	if (current->policy == SCHED_FIFO)
		return false;
	if (current->policy == SCHED_RR)
		return ran >= SCHED_RR_SLICE_NS;
	if (!list_empty(&rq->realtime))
		return true;
	slice = SCHED_LATENCY_NS * current->weight / (rq->weight ? rq->weight : 1);
	return ran >= (slice < SCHED_SLICE_MIN_NS ? SCHED_SLICE_MIN_NS : slice);
}

/* Several threads here, nobody there: the other CPU comes and takes one. */
static void wake_idle_cpu(void)
{
	for (unsigned int cpu = 0; cpu < cpu_count(); cpu++)
		if (!atomic_load_relaxed(&run_queues[cpu].running)) {
			cpu_kick(cpu);
			return;
		}
}

void sched_tick(void)
{
	struct run_queue *rq = run_queue_this();
	struct thread *current = rq->current;
	u64 now = clock_monotonic_ns();
	bool crowded;

	if (current == rq->idle) {
		rq->ticking = false;
		timer_tick_set(false);
		return;
	}
	tick_charge(rq, current);
	irqlock_lock_raw(&rq->lock);
	sched_account_current(rq, now);
	if (slice_over(rq, current, now)) {
		atomic_store_relaxed(&rq->resched, true);
		current->slice_over = true;
	}
	if (current->wake_ns && now - current->wake_ns > SCHED_WAKE_PARK_NS) {
		current->wake_ns = 0;
		if (current->wake_parks)
			current->wake_parks--;
	}
	crowded = rq->running > 1 && sched_has_waited(rq, now);
	irqlock_unlock_raw(&rq->lock);
	if (crowded && cpu_count() > 1)
		wake_idle_cpu();
	process_tick(current);
}
