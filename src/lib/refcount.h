/*
 * Reference counts. An object starts with one reference; whoever gets true from refcount_put frees
 * it. A count that would overflow sticks at its maximum: the object is leaked, never freed under
 * somebody. Taking a reference to a dead object, or dropping one too many, panics.
 */
#ifndef LIB_REFCOUNT_H
#define LIB_REFCOUNT_H

#include "lib/assert.h"
#include "lib/atomic.h"

#define REFCOUNT_STUCK 0xc0000000u /* so far from either end that racing CPUs cannot cross it */

struct refcount {
	u32 n; /* atomic */
};

static inline void refcount_init(struct refcount *r, u32 n)
{
	atomic_store_relaxed(&r->n, n);
}

static inline u32 refcount_read(const struct refcount *r)
{
	return atomic_load(&r->n);
}

static inline void refcount_get(struct refcount *r)
{
	u32 before = atomic_fetch_add(&r->n, 1);

	VERIFY_NE(before, 0);
	if (unlikely(before >= REFCOUNT_STUCK / 2))
		atomic_store_relaxed(&r->n, REFCOUNT_STUCK);
}

/* For lookups that race with the last put: false if the object is already dying. */
static inline bool __must_check refcount_get_unless_zero(struct refcount *r)
{
	u32 n = atomic_load(&r->n);

	do {
		if (n == 0)
			return false;
		if (unlikely(n >= REFCOUNT_STUCK / 2))
			return true;
	} while (!atomic_cmpxchg(&r->n, &n, n + 1));
	return true;
}

/* True when this was the last reference: the caller frees the object. */
static inline bool __must_check refcount_put(struct refcount *r)
{
	u32 before = atomic_fetch_sub(&r->n, 1);

	VERIFY_NE(before, 0);
	if (unlikely(before >= REFCOUNT_STUCK / 2))
		atomic_store_relaxed(&r->n, REFCOUNT_STUCK);
	return before == 1;
}

#endif
