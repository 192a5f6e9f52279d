/*
 * Spinning locks: test-and-test-and-set words.
 *
 * As kernel code is never preempted and never sleeps with a spinning lock held, the CPU that took a
 * lock is the one that releases it, whichever threads it switched between meanwhile. DEBUG builds
 * therefore record the CPU as the owner; in the hosted build every pthread counts as a CPU of its
 * own.
 */
#include "lib/lock.h"
#include "hw/cpu.h"
#include "lib/panic.h"

#ifdef DEBUG

static unsigned int held_count[CPU_MAX];

static void lock_check_take(const struct spinlock *lock)
{
	if (__atomic_load_n(&lock->owner, __ATOMIC_RELAXED) == cpu_id() + 1)
		panic("lock %s: taken twice by CPU %u", lock->name, cpu_id());
}

static void lock_note_taken(struct spinlock *lock)
{
	__atomic_store_n(&lock->owner, cpu_id() + 1, __ATOMIC_RELAXED);
	held_count[cpu_id()]++;
}

static void lock_note_release(struct spinlock *lock)
{
	if (lock->owner != cpu_id() + 1)
		panic("lock %s: released by CPU %u, owner is %d", lock->name, cpu_id(),
		      (int)lock->owner - 1);
	__atomic_store_n(&lock->owner, 0, __ATOMIC_RELAXED);
	held_count[cpu_id()]--;
}

unsigned int lock_held_count(void)
{
	return held_count[cpu_id()];
}

bool spin_is_held(const struct spinlock *lock)
{
	return __atomic_load_n(&lock->owner, __ATOMIC_RELAXED) == cpu_id() + 1;
}

#else

static inline void lock_check_take(const struct spinlock *lock)
{
}

static inline void lock_note_taken(struct spinlock *lock)
{
}

static inline void lock_note_release(struct spinlock *lock)
{
}

unsigned int lock_held_count(void)
{
	return 0;
}

bool spin_is_held(const struct spinlock *lock)
{
	return true;
}

#endif

static inline bool lock_word_try(struct spinlock *lock)
{
	return !__atomic_exchange_n(&lock->locked, 1, __ATOMIC_ACQUIRE);
}

static inline void lock_word_take(struct spinlock *lock)
{
	lock_check_take(lock);
	while (!lock_word_try(lock))
		while (__atomic_load_n(&lock->locked, __ATOMIC_RELAXED))
			cpu_relax();
	lock_note_taken(lock);
}

static inline void lock_word_release(struct spinlock *lock)
{
	lock_note_release(lock);
	__atomic_store_n(&lock->locked, 0, __ATOMIC_RELEASE);
}

void spin_init(struct spinlock *lock, const char *name)
{
	*lock = (struct spinlock)SPINLOCK_INIT(name);
}

void spin_lock(struct spinlock *lock) __no_lock_analysis
{
	lock_word_take(lock);
}

bool spin_trylock(struct spinlock *lock) __no_lock_analysis
{
	if (!lock_word_try(lock))
		return false;
	lock_note_taken(lock);
	return true;
}

void spin_unlock(struct spinlock *lock) __no_lock_analysis
{
	lock_word_release(lock);
}

void irqlock_init(struct irqlock *lock, const char *name)
{
	spin_init(&lock->spin, name);
}

irqflags_t irqlock_lock(struct irqlock *lock) __no_lock_analysis
{
	irqflags_t flags = irq_save();
	lock_word_take(&lock->spin);
	return flags;
}

void irqlock_unlock(struct irqlock *lock, irqflags_t flags) __no_lock_analysis
{
	lock_word_release(&lock->spin);
	irq_restore(flags);
}

void irqlock_lock_raw(struct irqlock *lock) __no_lock_analysis
{
	lock_word_take(&lock->spin);
}

void irqlock_unlock_raw(struct irqlock *lock) __no_lock_analysis
{
	lock_word_release(&lock->spin);
}
