/*
 * Atomic operations on plain words and pointers, over the compiler's __atomic builtins. The names
 * say the memory order: loads acquire, stores release, read-modify-write operations are
 * sequentially consistent, and _relaxed promises nothing but atomicity. p points to any integer of
 * 1, 2, 4 or 8 bytes, or to a pointer. (Never together with <stdatomic.h>.)
 */
#ifndef LIB_ATOMIC_H
#define LIB_ATOMIC_H

#include "lib/types.h"

#define atomic_load(p)             __atomic_load_n(p, __ATOMIC_ACQUIRE)
#define atomic_load_relaxed(p)     __atomic_load_n(p, __ATOMIC_RELAXED)
#define atomic_store(p, v)         __atomic_store_n(p, v, __ATOMIC_RELEASE)
#define atomic_store_relaxed(p, v) __atomic_store_n(p, v, __ATOMIC_RELAXED)
/* A store that no later load overtakes: for "publish, then look whether someone sleeps". */
#define atomic_store_seq(p, v) __atomic_store_n(p, v, __ATOMIC_SEQ_CST)
#define atomic_load_seq(p)     __atomic_load_n(p, __ATOMIC_SEQ_CST)

#define atomic_xchg(p, v) __atomic_exchange_n(p, v, __ATOMIC_SEQ_CST)
/* The value before the operation ... */
#define atomic_fetch_add(p, v) __atomic_fetch_add(p, v, __ATOMIC_SEQ_CST)
#define atomic_fetch_sub(p, v) __atomic_fetch_sub(p, v, __ATOMIC_SEQ_CST)
#define atomic_fetch_or(p, v)  __atomic_fetch_or(p, v, __ATOMIC_SEQ_CST)
#define atomic_fetch_and(p, v) __atomic_fetch_and(p, v, __ATOMIC_SEQ_CST)
/* ... and after it. */
#define atomic_add_fetch(p, v) __atomic_add_fetch(p, v, __ATOMIC_SEQ_CST)
#define atomic_sub_fetch(p, v) __atomic_sub_fetch(p, v, __ATOMIC_SEQ_CST)
/* For counters that nobody orders anything by. */
#define atomic_inc(p)            ((void)__atomic_fetch_add(p, 1, __ATOMIC_RELAXED))
#define atomic_dec(p)            ((void)__atomic_fetch_sub(p, 1, __ATOMIC_RELAXED))
#define atomic_add_relaxed(p, v) ((void)__atomic_fetch_add(p, v, __ATOMIC_RELAXED))

/*
 * If *p equals *expected, *p becomes desired and the result is true; else *expected becomes what
 * *p was and the result is false.
 */
#define atomic_cmpxchg(p, expected, desired)                                                       \
	__atomic_compare_exchange_n(p, expected, desired, false, __ATOMIC_SEQ_CST, __ATOMIC_ACQUIRE)

#define atomic_fence()         __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define atomic_fence_acquire() __atomic_thread_fence(__ATOMIC_ACQUIRE)
#define atomic_fence_release() __atomic_thread_fence(__ATOMIC_RELEASE)

/* One bit of a word; the value of the bit before. */
static inline bool atomic_bit_test(const unsigned long *word, unsigned bit)
{
	return (atomic_load(word) >> bit) & 1;
}
static inline bool atomic_bit_set(unsigned long *word, unsigned bit)
{
	return (atomic_fetch_or(word, 1ul << bit) >> bit) & 1;
}
static inline bool atomic_bit_clear(unsigned long *word, unsigned bit)
{
	return (atomic_fetch_and(word, ~(1ul << bit)) >> bit) & 1;
}

#endif
