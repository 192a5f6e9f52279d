/*
 * Threads of the hosted build. A struct thread is a pthread with a permit (lib/park.h); each
 * pthread gets one when it first asks for thread_current().
 */
#ifndef HOST_THREAD_H
#define HOST_THREAD_H

#include <stdbool.h>

struct thread;

/* Runs fn(arg) as a thread of the code under test; join waits for it and frees it. */
struct thread *host_thread_start(void (*fn)(void *arg), void *arg);
void host_thread_join(struct thread *thread);
/* The same for a thread that nobody waits for. */
void host_thread_detach(void (*fn)(void *arg), void *arg);

/* Called at each thread_yield_point(), where other threads run in the kernel; NULL: nothing. */
extern void (*host_yield_hook)(void);

/* What thread_signal_pending() and interruptible sleeps of this thread see from now on. */
void host_thread_set_signal(struct thread *thread, bool pending, bool fatal);

/* How many threads are asleep in thread_park() at this moment. */
unsigned host_threads_parked(void);

/* After the clock was moved: those who sleep until a deadline look at it again. */
void host_threads_recheck_deadlines(void);

#endif
