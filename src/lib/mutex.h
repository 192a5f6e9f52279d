/*
 * Sleeping locks: a mutex, a reader-writer lock, and a completion, all on wait queues.
 *
 * A mutex belongs to the thread that took it. Both locks hand over in arrival order as far as
 * waking goes, but a running thread may barge in: fairness is left to the scheduler. A waiting
 * writer stops new readers. Taking one with a spinning lock held panics in DEBUG builds.
 */
#ifndef ARAMID_LIB_MUTEX_H
#define ARAMID_LIB_MUTEX_H

#include "lib/lock.h"
#include "lib/wait.h"

struct __capability("mutex") mutex
{
	struct thread *owner; /* atomic; NULL when free */
	struct wait_queue waiters;
	const char *name;
};

void mutex_init(struct mutex *mutex, const char *name);
void mutex_lock(struct mutex *mutex) __acquires(*mutex);
/* 0, or -EINTR on a fatal (killable) or any (interruptible) signal. */
int __must_check mutex_lock_killable(struct mutex *mutex) __try_acquires(0, *mutex);
int __must_check mutex_lock_interruptible(struct mutex *mutex) __try_acquires(0, *mutex);
bool mutex_trylock(struct mutex *mutex) __try_acquires(true, *mutex);
void mutex_unlock(struct mutex *mutex) __releases(*mutex);
bool mutex_is_held(const struct mutex *mutex); /* by the running thread */

struct __capability("rwlock") rwsem
{
	s32 active;          /* atomic: readers, or -1 with a writer */
	u32 writers_waiting; /* atomic */
	struct thread *writer;
	struct wait_queue waiters;
	const char *name;
};

void rwsem_init(struct rwsem *sem, const char *name);
void rwsem_read_lock(struct rwsem *sem);
bool rwsem_read_trylock(struct rwsem *sem);
void rwsem_read_unlock(struct rwsem *sem);
void rwsem_write_lock(struct rwsem *sem);
bool rwsem_write_trylock(struct rwsem *sem);
int __must_check rwsem_write_lock_killable(struct rwsem *sem);
void rwsem_write_unlock(struct rwsem *sem);
void rwsem_downgrade(struct rwsem *sem);
bool rwsem_is_write_held(const struct rwsem *sem);

/* An event that happens once; complete() may be called in interrupt context. */
struct completion {
	bool done;
	struct wait_queue waiters;
};

void completion_init(struct completion *completion);
void complete(struct completion *completion);
void completion_wait(struct completion *completion);
int __must_check completion_wait_killable(struct completion *completion);

#endif
