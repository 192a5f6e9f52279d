/* The timers of a process: shared by interval timers and those of timer_create. */
#ifndef ARAMID_SYS_TIME_PROCESS_TIMERS_INT_H
#define ARAMID_SYS_TIME_PROCESS_TIMERS_INT_H

#include "lib/list.h"
#include "lib/lock.h"
#include "sys/time/process_timers.h"
#include "sys/time/timer.h"

/*
 * What counts down with CPU time, tick by tick: ITIMER_VIRTUAL and ITIMER_PROF.
 */
struct cpu_itimer {
	u64 left_ns; /* 0: not running */
	u64 interval_ns;
};

enum { CPU_ITIMER_VIRTUAL, CPU_ITIMER_PROF, CPU_ITIMERS };

struct process_timers {
	struct process *process;
	struct irqlock
	    lock; /* everything below; outside process_lock, signal_lock and the timer queues' */
	struct timer real;
	u64 real_deadline_ns; /* 0: not running */
	u64 real_interval_ns;
	struct cpu_itimer cpu[CPU_ITIMERS];
	struct list_head posix; /* struct posix_timer.node */
	unsigned int posix_count;
	int posix_next_id;
	bool ticking; /* something counts CPU time; read without the lock */
};

/* The running process's timers, made if there are none yet. NULL: no memory. */
struct process_timers *process_timers_get(void);
/* Whether anything counts CPU time; lock held. */
void process_timers_ticking_update(struct process_timers *timers);

/* posix_timer.c: expiry of timers on CPU clocks, and the end of all. */
struct thread;
void posix_timers_tick(struct process_timers *timers, struct thread *thread);
bool posix_timers_need_tick(struct process_timers *timers); /* lock held */
void posix_timers_delete_all(struct process_timers *timers);

#endif
