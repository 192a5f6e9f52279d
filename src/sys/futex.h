/*
 * Futexes: what the rest of sys asks of src/sys/futex.c.
 */
#ifndef ARAMID_SYS_FUTEX_H
#define ARAMID_SYS_FUTEX_H

struct thread;

/*
 * The running thread is about to let go of its address space, by exit or exec: marks the robust
 * futexes it holds as owner-died and wakes a waiter of each, then zeroes and wakes
 * *clear_child_tid. Faults are ignored. Sleeps.
 */
void futex_thread_exit(struct thread *thread);

#endif
