/*
 * Memory of the hosted build: kmalloc, slabs and pages with failures on demand.
 *
 * Every kmalloc, slab_alloc and page_alloc counts as one allocation. The usual test of an
 * operation's error paths is a loop:
 *
 *	for (u64 n = 1;; n++) {
 *		host_alloc_fail_nth(n);
 *		error = operation();
 *		bool failed = host_alloc_failed();
 *		host_alloc_fail_nth(0);
 *		if (!failed)
 *			break;		(it got by with fewer than n)
 *		check that error is -ENOMEM, and that nothing is broken
 *	}
 *
 * Memory that was not asked to be zeroed is filled with 0xa5, and what is freed is poisoned for
 * AddressSanitizer. Sleeping allocations (no MM_ATOMIC) with a spinning lock held panic.
 */
#ifndef HOST_MEMORY_H
#define HOST_MEMORY_H

#include "host_objects.h"
#include "lib/types.h"

/* The n-th allocation from now fails, once; 0: none does. Resets host_alloc_failed(). */
void host_alloc_fail_nth(u64 n);
/* All allocations from the n-th from now on fail, until the next call of either. */
void host_alloc_fail_from(u64 n);
/* Whether an allocation was made to fail since then. */
bool host_alloc_failed(void);
/* The next calls do not count and do not fail for this thread: for the test's own set-up. */
void host_alloc_pause(bool paused);

/* Calls every registered shrinker, as reclaim would; returns what they say they freed. */
size_t host_shrink_all(size_t nr, unsigned int mm_flags);

#endif
