/*
 * Where struct pages lie, and the pieces of mm/page.c's and mm/memory.c's work that they share.
 *
 * RAM is seen as a few spans of frame numbers (one below the hole under 4 GiB, one above it); gaps
 * inside a span are small and have struct pages too. The struct pages of all spans form one array.
 */
#ifndef ARAMID_MM_PAGE_INT_H
#define ARAMID_MM_PAGE_INT_H

#include "hw/mmu.h"
#include "lib/lock.h"
#include "mm/buddy.h"
#include "mm/page.h"

#define PAGE_SPANS_MAX 8

struct page_span {
	u64 first, end;     /* frame numbers, multiples of BUDDY_CHUNK_PAGES */
	struct page *pages; /* of frame number first */
};

/* Ascending; behind the last one is a sentinel with end U64_MAX and pages NULL. */
extern struct page_span page_spans[PAGE_SPANS_MAX + 1];

static inline struct page *page_from_pfn(u64 pfn)
{
	const struct page_span *span = page_spans;

	while (pfn >= span->end)
		span++;
	return unlikely(pfn < span->first || !span->pages) ? NULL
							   : span->pages + (pfn - span->first);
}

static inline u64 page_pfn(const struct page *page)
{
	const struct page_span *span = page_spans;

	while (unlikely((u64)(page - span->pages) >= span->end - span->first))
		span++;
	return span->first + (u64)(page - span->pages);
}

static inline phys_addr_t page_phys_inline(const struct page *page)
{
	return page_pfn(page) << PAGE_SHIFT;
}

static inline void *page_address_inline(const struct page *page)
{
	return phys_to_direct(page_phys_inline(page));
}

/* ---- memory.c: frames that the buddy system has not seen yet ---- */

/* Finds RAM in boot_info and makes the array of struct pages. Returns the number of usable frames.
 */
size_t memory_init(void);

/* Claims the chunks in which something is reserved, whose owner may ask for its struct pages. */
void memory_claim_reserved(struct buddy *buddy);

/* Frames not claimed yet. */
extern size_t memory_unclaimed;

/* Initialises the struct pages of one more chunk and gives its free frames to the buddy system.
 * False: there are no more. The zone's lock is held. */
bool memory_claim_chunk(struct buddy *buddy);

/* Gives back the frames of a reserved range. The zone's lock is held. */
size_t memory_release(struct buddy *buddy, phys_addr_t base, u64 size);

/* ---- page.c ---- */
void page_init(void);
/* Frees private pages, linked by lru, each with one reference; the list is empty afterwards. */
void page_free_anon(struct list_head *pages);
/* Gives this CPU's spare frames back to the buddy system. */
void page_drain_cpu(void);
/* With so many free frames memory is not short any more. */
size_t page_high_mark(void);

/* ---- reclaim.c ---- */
/* Asks the shrinkers for at least nr pages; returns how many they say they freed. Sleeps. */
size_t reclaim_pages(size_t nr, unsigned int mm_flags);
/* Whether some cache expects to have more to give soon. */
bool reclaim_pending(void);
bool reclaim_is_helper(void);
/* Whether the running thread is reclaiming: it may use the last frames, and must not start again.
 */
bool reclaim_is_self(void);

#endif
