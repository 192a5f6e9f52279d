/*
 * The hosted shims of this room serve two kinds of programs: tests, which want allocations to fail,
 * user memory to fault and time to stand still on demand, and aramid-fs, which wants none of it.
 * What they decide differently is here: each program defines these functions once
 * (harness/unit/host/hooks.c, tools/aramid-fs/hooks.c).
 */
#ifndef HOST_HOOKS_H
#define HOST_HOOKS_H

#include <pthread.h>

#include "lib/types.h"

/* ---- memory ---- */

/* Asked before each kmalloc, slab_alloc and page_alloc: whether it must fail. */
bool host_alloc_should_fail(unsigned int mm_flags);
/* Fresh memory that was not asked to be zeroed. */
void host_memory_fill(void *p, size_t n);
/* How many pages there are, at most HOST_PAGES_MAX. */
size_t host_memory_pages(void);
#define HOST_PAGES_MAX ((size_t)1 << 20)
/* All of them are in use. Whether some were given back, so that it is worth trying again. */
bool host_memory_reclaim(size_t pages, unsigned int mm_flags);

/* ---- user memory ---- */

/* How many of the n bytes from p on can be touched. nofault: without waiting for what is absent. */
size_t host_user_reachable(const void *p, size_t n, bool nofault);
/* Brings in what is absent. */
void host_user_fault_in(const void *p, size_t n);

/* ---- time ---- */

/* Whether clock_monotonic_ns() has reached the deadline of someone who is about to sleep. */
bool host_clock_reached(u64 deadline_ns);
/* Sleeps on the condition, about until the deadline. */
void host_clock_wait(pthread_cond_t *cond, pthread_mutex_t *mutex, u64 deadline_ns);

#endif
