/*
 * Sleeping locks.
 *
 * Each is a word changed by compare-and-exchange, with a wait queue for those who could not have
 * it. The word is tried again after queueing, and a releaser looks at the queue after changing the
 * word: one of the two sees the other, so no wake-up is lost. A woken waiter competes with whoever
 * is running; it stays at its place in the queue until it wins.
 */
#include "lib/mutex.h"
#include "lib/assert.h"
#include "lib/wait_int.h"

/* ---- mutex ---- */

void mutex_init(struct mutex *mutex, const char *name)
{
	mutex->owner = NULL;
	mutex->name = name;
	wait_queue_init(&mutex->waiters, name);
}

static inline bool mutex_word_try(struct mutex *mutex)
{
	struct thread *free = NULL;
	return __atomic_compare_exchange_n(&mutex->owner, &free, thread_current(), false,
					   __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
}

static __noinline int mutex_wait(struct mutex *mutex, enum park_mode mode)
{
	struct wait_entry entry;
	int err = 0;

	if (mutex_is_held(mutex))
		panic("mutex %s: taken twice", mutex->name);
	wait_entry_init(&entry, true);
	wait_queue_add(&mutex->waiters, &entry);
	while (!mutex_word_try(mutex)) {
		err = thread_park(mode, PARK_FOREVER);
		if (err)
			break;
	}
	wait_queue_remove(&mutex->waiters, &entry);
	/* The release that woke us may have been meant for the next one. */
	if (err && !__atomic_load_n(&mutex->owner, __ATOMIC_SEQ_CST))
		wake_one(&mutex->waiters);
	return err;
}

void mutex_lock(struct mutex *mutex) __no_lock_analysis
{
	ASSERT_EQ(lock_held_count(), 0u);
	if (!mutex_word_try(mutex))
		(void)mutex_wait(mutex, PARK_UNINTERRUPTIBLE);
}

int mutex_lock_killable(struct mutex *mutex) __no_lock_analysis
{
	ASSERT_EQ(lock_held_count(), 0u);
	return mutex_word_try(mutex) ? 0 : mutex_wait(mutex, PARK_KILLABLE);
}

int mutex_lock_interruptible(struct mutex *mutex) __no_lock_analysis
{
	ASSERT_EQ(lock_held_count(), 0u);
	return mutex_word_try(mutex) ? 0 : mutex_wait(mutex, PARK_INTERRUPTIBLE);
}

bool mutex_trylock(struct mutex *mutex) __no_lock_analysis
{
	return mutex_word_try(mutex);
}

void mutex_unlock(struct mutex *mutex) __no_lock_analysis
{
	ASSERT(mutex_is_held(mutex));
	__atomic_store_n(&mutex->owner, NULL, __ATOMIC_SEQ_CST);
	wake_one(&mutex->waiters);
}

bool mutex_is_held(const struct mutex *mutex)
{
	return __atomic_load_n(&mutex->owner, __ATOMIC_RELAXED) == thread_current();
}

/* ---- reader-writer lock ---- */

void rwsem_init(struct rwsem *sem, const char *name)
{
	sem->active = 0;
	sem->writers_waiting = 0;
	sem->writer = NULL;
	sem->name = name;
	wait_queue_init(&sem->waiters, name);
}

bool rwsem_read_trylock(struct rwsem *sem)
{
	s32 active = __atomic_load_n(&sem->active, __ATOMIC_RELAXED);

	while (active >= 0 && !__atomic_load_n(&sem->writers_waiting, __ATOMIC_SEQ_CST))
		if (__atomic_compare_exchange_n(&sem->active, &active, active + 1, false,
						__ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
			return true;
	return false;
}

void rwsem_read_lock(struct rwsem *sem)
{
	struct wait_entry entry;

	ASSERT_EQ(lock_held_count(), 0u);
	if (rwsem_read_trylock(sem))
		return;
	if (rwsem_is_write_held(sem))
		panic("rwsem %s: read lock wanted by its writer", sem->name);
	wait_entry_init(&entry, false);
	wait_queue_add(&sem->waiters, &entry);
	while (!rwsem_read_trylock(sem))
		(void)thread_park(PARK_UNINTERRUPTIBLE, PARK_FOREVER);
	wait_queue_remove(&sem->waiters, &entry);
}

void rwsem_read_unlock(struct rwsem *sem)
{
	s32 left = __atomic_sub_fetch(&sem->active, 1, __ATOMIC_SEQ_CST);

	ASSERT_GE(left, 0);
	if (left == 0)
		wake_one(&sem->waiters);
}

bool rwsem_write_trylock(struct rwsem *sem)
{
	s32 free = 0;

	if (!__atomic_compare_exchange_n(&sem->active, &free, -1, false, __ATOMIC_SEQ_CST,
					 __ATOMIC_RELAXED))
		return false;
	sem->writer = thread_current();
	return true;
}

static __noinline int rwsem_write_wait(struct rwsem *sem, enum park_mode mode)
{
	struct wait_entry entry;
	int err = 0;

	if (rwsem_is_write_held(sem))
		panic("rwsem %s: taken twice", sem->name);
	wait_entry_init(&entry, true);
	__atomic_add_fetch(&sem->writers_waiting, 1, __ATOMIC_SEQ_CST);
	wait_queue_add(&sem->waiters, &entry);
	while (!rwsem_write_trylock(sem)) {
		err = thread_park(mode, PARK_FOREVER);
		if (err)
			break;
	}
	wait_queue_remove(&sem->waiters, &entry);
	__atomic_sub_fetch(&sem->writers_waiting, 1, __ATOMIC_SEQ_CST);
	if (err) /* readers held back by us, and a release that may have been meant for the next
		    writer */
		wake_one(&sem->waiters);
	return err;
}

void rwsem_write_lock(struct rwsem *sem)
{
	ASSERT_EQ(lock_held_count(), 0u);
	if (!rwsem_write_trylock(sem))
		(void)rwsem_write_wait(sem, PARK_UNINTERRUPTIBLE);
}

int rwsem_write_lock_killable(struct rwsem *sem)
{
	ASSERT_EQ(lock_held_count(), 0u);
	return rwsem_write_trylock(sem) ? 0 : rwsem_write_wait(sem, PARK_KILLABLE);
}

void rwsem_write_unlock(struct rwsem *sem)
{
	ASSERT(rwsem_is_write_held(sem));
	sem->writer = NULL;
	__atomic_store_n(&sem->active, 0, __ATOMIC_SEQ_CST);
	wake_one(&sem->waiters);
}

void rwsem_downgrade(struct rwsem *sem)
{
	ASSERT(rwsem_is_write_held(sem));
	sem->writer = NULL;
	__atomic_store_n(&sem->active, 1, __ATOMIC_SEQ_CST);
	wake_one(&sem->waiters);
}

bool rwsem_is_write_held(const struct rwsem *sem)
{
	return __atomic_load_n(&sem->writer, __ATOMIC_RELAXED) == thread_current();
}

/* ---- completion ---- */

void completion_init(struct completion *completion)
{
	completion->done = false;
	wait_queue_init(&completion->waiters, "completion");
}

void complete(struct completion *completion)
{
	irqflags_t flags = irqlock_lock(&completion->waiters.lock);
	completion->done = true;
	wait_queue_wake_locked(&completion->waiters, 0, 0);
	irqlock_unlock(&completion->waiters.lock, flags);
}

/* Asked under the lock: once it is true, complete() has let go of the completion, which may be on
 * our stack. */
static bool completion_done(struct completion *completion)
{
	irqflags_t flags = irqlock_lock(&completion->waiters.lock);
	bool done = completion->done;
	irqlock_unlock(&completion->waiters.lock, flags);
	return done;
}

void completion_wait(struct completion *completion)
{
	wait_event(&completion->waiters, completion_done(completion));
}

int completion_wait_killable(struct completion *completion)
{
	int err = wait_event_killable(&completion->waiters, completion_done(completion));
	return err ? -EINTR : 0;
}
