/*
 * The buddy system: free blocks of 2^order frames, aligned to their size.
 *
 * This is the bare algorithm over an array of struct page; it takes no locks and knows nothing of
 * where frames lie in memory, so that unit tests can run it over an array of their own. mm/page.c
 * wraps it.
 *
 * A free block is known by its first page: PG_BUDDY is set, `order` says how large it is, and it is
 * on its order's list. Blocks merge only inside an aligned group of 2^PAGE_MAX_ORDER pages, all of
 * whose struct pages are initialised together.
 */
#ifndef ARAMID_MM_BUDDY_H
#define ARAMID_MM_BUDDY_H

#include "mm/page.h"

#define BUDDY_CHUNK_PAGES ((size_t)1 << PAGE_MAX_ORDER)

struct buddy {
	struct list_head free[PAGE_MAX_ORDER + 1];
	size_t free_pages;
};

void buddy_init(struct buddy *buddy);

/* A block of 2^order pages, off the lists, or NULL. */
struct page *buddy_alloc(struct buddy *buddy, unsigned int order);

/* Takes up to n single pages into out; returns how many. They come in ascending runs. */
unsigned int buddy_alloc_pages(struct buddy *buddy, struct page **out, unsigned int n);

/* Gives a block back. position: the index of page counted from an aligned group's start, or its
 * frame number. */
void buddy_free(struct buddy *buddy, struct page *page, u64 position, unsigned int order);

/* Gives n consecutive pages back, as the largest aligned blocks that fit. */
void buddy_free_range(struct buddy *buddy, struct page *page, u64 position, size_t n);

/* Whether a block of this order could be had. */
bool buddy_has(const struct buddy *buddy, unsigned int order);

#endif
