/* Parking and thread identity over pthreads. */
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "host_hooks.h"
#include "host_thread.h"
#include "hw/cpu.h"
#include "lib/assert.h"
#include "lib/errno.h"
#include "lib/list.h"
#include "lib/lock.h"
#include "lib/park.h"
#include "vfs/block.h"

struct thread {
	pthread_t pthread;
	void (*fn)(void *arg);
	void *arg;
	bool detached;           /* frees itself */
	bool permit;             /* park_mutex */
	bool signal, fatal;      /* park_mutex */
	struct block_plug *plug; /* the thread's own */
	pthread_cond_t cond;     /* park_mutex: it was unparked, or something else changed */
	struct list_head parked; /* park_mutex: in the list of those asleep */
};

static pthread_mutex_t park_mutex = PTHREAD_MUTEX_INITIALIZER;
static LIST_HEAD(sleepers); /* park_mutex */
static unsigned parked;     /* park_mutex */

static __thread struct thread *current;
static pthread_key_t adopted;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* Other destructors of the pthread may come after this one, and ask again. */
static void forget_adopted(void *thread)
{
	current = NULL;
	free(thread);
}

static void make_key(void)
{
	VERIFY_EQ(pthread_key_create(&adopted, forget_adopted), 0);
}

static struct thread *thread_make(void)
{
	struct thread *thread = calloc(1, sizeof(*thread));
	pthread_condattr_t attr;

	VERIFY(thread != NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&thread->cond, &attr);
	return thread;
}

/* A pthread that was not made here becomes a thread when it first asks. */
struct thread *thread_current(void)
{
	if (!current) {
		pthread_once(&once, make_key);
		current = thread_make();
		pthread_setspecific(adopted, current);
	}
	return current;
}

static void *run(void *arg)
{
	current = arg;
	current->fn(current->arg);
	VERIFY_EQ(lock_held_count(), 0);
	if (current->detached)
		forget_adopted(current);
	return NULL;
}

struct thread *host_thread_start(void (*fn)(void *arg), void *arg)
{
	struct thread *thread = thread_make();

	thread->fn = fn;
	thread->arg = arg;
	VERIFY_EQ(pthread_create(&thread->pthread, NULL, run, thread), 0);
	return thread;
}

void host_thread_detach(void (*fn)(void *arg), void *arg)
{
	struct thread *thread = thread_make();

	thread->fn = fn;
	thread->arg = arg;
	thread->detached = true;
	VERIFY_EQ(pthread_create(&thread->pthread, NULL, run, thread), 0);
	pthread_detach(thread->pthread);
}

void host_thread_join(struct thread *thread)
{
	VERIFY_EQ(pthread_join(thread->pthread, NULL), 0);
	free(thread);
}

void host_thread_set_signal(struct thread *thread, bool pending, bool fatal)
{
	pthread_mutex_lock(&park_mutex);
	thread->signal = pending;
	thread->fatal = fatal;
	pthread_cond_signal(&thread->cond);
	pthread_mutex_unlock(&park_mutex);
}

unsigned host_threads_parked(void)
{
	pthread_mutex_lock(&park_mutex);
	unsigned n = parked;
	pthread_mutex_unlock(&park_mutex);
	return n;
}

int thread_park(enum park_mode mode, u64 deadline_ns)
{
	struct thread *self = thread_current();
	int error = 0;

	VERIFY_EQ(lock_held_count(), 0);
	VERIFY(irq_enabled());
	pthread_mutex_lock(&park_mutex);
	parked++;
	list_add_tail(&self->parked, &sleepers);
	while (!self->permit) {
		if ((mode != PARK_UNINTERRUPTIBLE && self->fatal) ||
		    (mode == PARK_INTERRUPTIBLE && self->signal)) {
			error = -EINTR;
			break;
		}
		if (deadline_ns == PARK_FOREVER) {
			pthread_cond_wait(&self->cond, &park_mutex);
			continue;
		}
		if (host_clock_reached(deadline_ns)) {
			error = -ETIMEDOUT;
			break;
		}
		host_clock_wait(&self->cond, &park_mutex, deadline_ns);
	}
	if (!error)
		self->permit = false;
	list_del(&self->parked);
	parked--;
	pthread_mutex_unlock(&park_mutex);
	return error;
}

void thread_unpark(struct thread *thread)
{
	pthread_mutex_lock(&park_mutex);
	thread->permit = true;
	pthread_cond_signal(&thread->cond);
	pthread_mutex_unlock(&park_mutex);
}

void host_threads_recheck_deadlines(void)
{
	struct thread *thread;

	pthread_mutex_lock(&park_mutex);
	list_for_each_entry(thread, &sleepers, parked) {
		pthread_cond_signal(&thread->cond);
	}
	pthread_mutex_unlock(&park_mutex);
}

void (*host_yield_hook)(void);

void thread_yield_point(void)
{
	VERIFY_EQ(lock_held_count(), 0);
	VERIFY(irq_enabled());
	if (host_yield_hook)
		host_yield_hook();
}

bool thread_signal_pending(void)
{
	return thread_current()->signal || thread_current()->fatal;
}

bool thread_fatal_signal_pending(void)
{
	return thread_current()->fatal;
}

struct block_plug **thread_block_plug(void)
{
	return &thread_current()->plug;
}
