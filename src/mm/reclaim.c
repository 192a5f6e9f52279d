/*
 * Reclaim: getting memory back from caches.
 *
 * Whoever finds memory short while allocating runs the shrinkers itself. Shrinkers may allocate a
 * little in turn (to write something back), so a reclaiming thread is remembered: its own requests
 * may use the last frames and never reclaim.
 */
#include "lib/atomic.h"
#include "lib/park.h"
#include "mm/page_int.h"

#define RECLAIMERS_MAX 16
#define RECLAIM_BATCH  64
#define RECLAIM_PASSES 5
#define HELP_ROUNDS    16
#define HELP_PAGES     256

static struct shrinker *shrinkers;                /* only added to, at start-up */
static struct thread *reclaimers[RECLAIMERS_MAX]; /* atomic */
static unsigned int reclaimers_active;            /* atomic */
static struct thread *helper;
static void (*helper_wake)(void);
static bool help_wanted; /* atomic */

#define RECLAIM_ALL_STEP 4096

void shrinker_register(struct shrinker *shrinker)
{
	shrinker->next = shrinkers;
	atomic_store(&shrinkers, shrinker);
}

bool reclaim_is_self(void)
{
	if (likely(!atomic_load_relaxed(&reclaimers_active)))
		return false;
	struct thread *self = thread_current();

	for (unsigned int i = 0; i < RECLAIMERS_MAX; i++)
		if (atomic_load_relaxed(&reclaimers[i]) == self)
			return true;
	return false;
}

bool reclaim_is_helper(void)
{
	return helper && thread_current() == helper;
}

void reclaim_helper_set(void (*wake)(void))
{
	helper_wake = wake;
	atomic_store(&helper, thread_current());
}

bool reclaim_help_wanted(void)
{
	return atomic_load(&help_wanted);
}

/* Shrinkers of file systems' objects do nothing for requests from inside file systems, which could
 * thus only eat up the caches of data. */
static void help_ask(void)
{
	if (!atomic_load(&helper) || reclaim_is_helper() || atomic_xchg(&help_wanted, true))
		return;
	helper_wake();
}

static struct thread **reclaimer_enter(void)
{
	for (unsigned int i = 0; i < RECLAIMERS_MAX; i++) {
		struct thread *expected = NULL;

		if (atomic_cmpxchg(&reclaimers[i], &expected, thread_current())) {
			atomic_inc(&reclaimers_active);
			return &reclaimers[i];
		}
	}
	return NULL;
}

size_t reclaim_pages(size_t nr, unsigned int mm_flags)
{
	size_t free_before = mm_free_pages(), freed = 0, wanted = nr + RECLAIM_BATCH;
	struct thread **slot = reclaimer_enter();

	if (mm_flags & MM_NOFS)
		help_ask();
	if (!slot) { /* enough others are at it */
		thread_yield_point();
		return 1;
	}
	/* More effort each time nothing came of it: the last pass goes through whatever there is.
	 */
	for (unsigned int pass = 0; pass < RECLAIM_PASSES && freed < wanted; pass++) {
		size_t effort = pass + 1 < RECLAIM_PASSES ? wanted << 2 * pass : mm_total_pages();

		for (struct shrinker *s = atomic_load(&shrinkers); s; s = s->next)
			freed += s->shrink(s, effort, mm_flags);
		if (pass && freed)
			break;
		thread_yield_point();
	}
	atomic_store(slot, NULL);
	atomic_dec(&reclaimers_active);
	page_drain_cpu();
	/* What shrinkers of slabs freed counts only when whole frames came of it. */
	return freed || mm_free_pages() > free_before ? max(freed, (size_t)1) : 0;
}

void reclaim_help(void)
{
	if (!atomic_xchg(&help_wanted, false))
		return;
	for (unsigned int i = 0; i < HELP_ROUNDS && mm_free_pages() < page_high_mark(); i++) {
		if (!reclaim_pages(HELP_PAGES, MM_NORMAL))
			break;
		thread_yield_point();
	}
}

bool reclaim_pending(void)
{
	for (struct shrinker *s = atomic_load(&shrinkers); s; s = s->next)
		if (s->pending && s->pending(s))
			return true;
	return false;
}

void reclaim_caches(void)
{
	while (reclaim_pages(RECLAIM_ALL_STEP, MM_NORMAL) && !thread_fatal_signal_pending())
		thread_yield_point();
}
