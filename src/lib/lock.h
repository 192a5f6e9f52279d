/*
 * Spinning locks.
 *
 * The kernel is not preemptive: a CPU gives up kernel code only where it sleeps or yields. A
 * spinning lock therefore never needs to disable preemption. There are two types, and the type says
 * which rule a lock follows, so that nobody has to save the interrupt flag "just in case":
 *
 *   struct spinlock   never taken in interrupt context; interrupts stay on while it is held.
 *   struct irqlock    taken in interrupt context too; taking it turns interrupts off on this CPU.
 *
 * Neither may be held across anything that sleeps, touches user memory, or submits and waits for
 * I/O. Lock order: docs/locking.md. With DEBUG defined (debug kernels, and always in the hosted
 * build) a lock knows its owner, and taking it twice, releasing another's, or sleeping with one
 * held panics.
 */
#ifndef ARAMID_LIB_LOCK_H
#define ARAMID_LIB_LOCK_H

#include "lib/types.h"

#if defined(__clang__)
#define __capability(name)  __attribute__((capability(name)))
#define __guarded_by(lock)  __attribute__((guarded_by(lock)))
#define __acquires(...)     __attribute__((acquire_capability(__VA_ARGS__)))
#define __releases(...)     __attribute__((release_capability(__VA_ARGS__)))
#define __try_acquires(...) __attribute__((try_acquire_capability(__VA_ARGS__)))
#define __needs(...)        __attribute__((requires_capability(__VA_ARGS__)))
#define __no_lock_analysis  __attribute__((no_thread_safety_analysis))
#else
#define __capability(name)
#define __guarded_by(lock)
#define __acquires(...)
#define __releases(...)
#define __try_acquires(...)
#define __needs(...)
#define __no_lock_analysis
#endif

struct __capability("spinlock") spinlock
{
	u32 locked;
#ifdef DEBUG
	u32 owner; /* CPU number + 1; 0: free */
	const char *name;
#endif
};

struct __capability("irqlock") irqlock
{
	struct spinlock spin;
};

/* State of the interrupt flag before an irqlock was taken. */
typedef unsigned long irqflags_t;

#ifdef DEBUG
#define SPINLOCK_INIT(lock_name)                                                                   \
	{                                                                                          \
		.locked = 0, .owner = 0, .name = (lock_name)                                       \
	}
#else
#define SPINLOCK_INIT(lock_name)                                                                   \
	{                                                                                          \
		.locked = 0                                                                        \
	}
#endif
#define IRQLOCK_INIT(lock_name)                                                                    \
	{                                                                                          \
		.spin = SPINLOCK_INIT(lock_name)                                                   \
	}

/* name: a string constant, shown by lock diagnostics. */
void spin_init(struct spinlock *lock, const char *name);
void spin_lock(struct spinlock *lock) __acquires(*lock);
bool spin_trylock(struct spinlock *lock) __try_acquires(true, *lock);
void spin_unlock(struct spinlock *lock) __releases(*lock);

void irqlock_init(struct irqlock *lock, const char *name);
irqflags_t irqlock_lock(struct irqlock *lock) __acquires(*lock);
void irqlock_unlock(struct irqlock *lock, irqflags_t flags) __releases(*lock);

/*
 * For code in which interrupts are known to be off already (interrupt handlers, the scheduler's
 * switch path): takes and releases without touching the flag.
 */
void irqlock_lock_raw(struct irqlock *lock) __acquires(*lock);
void irqlock_unlock_raw(struct irqlock *lock) __releases(*lock);

/* Always true without DEBUG; with it, whether the running CPU holds the lock. For ASSERT only. */
bool spin_is_held(const struct spinlock *lock);

/* Number of spinning locks the running CPU/thread holds (DEBUG; else 0). Sleeping asserts it is 0.
 */
unsigned int lock_held_count(void);

#endif
