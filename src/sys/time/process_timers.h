/*
 * The timers that belong to a process: alarm, setitimer, timer_create (process->timers, made at
 * first use).
 */
#ifndef ARAMID_SYS_TIME_PROCESS_TIMERS_H
#define ARAMID_SYS_TIME_PROCESS_TIMERS_H

struct process;
struct thread;

/* The process ended: stops all its timers and frees them. Thread context, no locks. */
void process_timers_exit(struct process *process);
/* exec: those of timer_create go, the interval timers stay. */
void process_timers_exec(struct process *process);
/* Every tick, for the thread that runs: the timers that count CPU time. Interrupt context. */
void process_timers_tick(struct thread *thread);

#endif
