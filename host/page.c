/*
 * Page frames, hosted: an arena of address space stands for RAM, with an array of struct page
 * beside it, so that all conversions are arithmetic. In a program with sanitizers freed frames are
 * poisoned, and the array is told to LeakSanitizer as far as it is in use, because pages point to
 * things.
 */
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sanitizer/asan_interface.h>
#include <sanitizer/lsan_interface.h>

#include "host_hooks.h"
#include "host_objects.h"
#include "lib/assert.h"
#include "lib/atomic.h"
#include "lib/string.h"
#include "mm/page.h"
#include "mm/page_int.h"
#include "arch/mmu.h"

#define FRAMES    HOST_PAGES_MAX
#define PHYS_BASE 0x100000ul
#define CHUNK     1024ul

/* Absent in a program without sanitizers. */
#pragma weak __lsan_register_root_region

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static u8 *arena;
static struct page *pages;
static size_t used, known; /* frames ever handed out; those LeakSanitizer knows */
static struct page *free_lists[PAGE_MAX_ORDER + 1]; /* linked by slab_free */
static size_t outstanding;

/* The arena as mm's inlines see it. */
struct page_span page_spans[PAGE_SPANS_MAX + 1] = {{U64_MAX, U64_MAX, NULL}};

static void *reserve(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	VERIFY(p != MAP_FAILED);
	return p;
}

static struct page *frames_take(unsigned int order)
{
	size_t n = 1ul << order;
	struct page *page = free_lists[order];

	if (page) {
		free_lists[order] = page->slab_free;
		return page;
	}
	if (!arena) {
		arena = reserve(FRAMES * PAGE_SIZE);
		pages = reserve(FRAMES * sizeof(*pages));
		page_spans[0] = (struct page_span){PHYS_BASE >> PAGE_SHIFT,
						   (PHYS_BASE >> PAGE_SHIFT) + FRAMES, pages};
		page_spans[1] = (struct page_span){U64_MAX, U64_MAX, NULL};
	}
	used = round_up(used, n);
	if (used + n > FRAMES)
		return NULL;
	page = &pages[used];
	used += n;
	for (; __lsan_register_root_region && known < used; known += CHUNK)
		__lsan_register_root_region(&pages[known], CHUNK * sizeof(*pages));
	return page;
}

struct page *page_alloc(unsigned int order, unsigned int mm_flags)
{
	VERIFY_LE(order, PAGE_MAX_ORDER);
	struct page *page;

	if (host_alloc_should_fail(mm_flags))
		return NULL;
	do {
		pthread_mutex_lock(&mutex);
		page =
		    outstanding + (1ul << order) <= host_memory_pages() ? frames_take(order) : NULL;
		if (page)
			outstanding += 1ul << order;
		pthread_mutex_unlock(&mutex);
	} while (!page && host_memory_reclaim(1ul << order, mm_flags));
	if (!page)
		return NULL;
	for (size_t i = 0; i < 1ul << order; i++) {
		page[i] = (struct page){0};
		list_init(&page[i].lru);
	}
	page->refs = 1;
	ASAN_UNPOISON_MEMORY_REGION(page_address(page), PAGE_SIZE << order);
	if (mm_flags & MM_ZERO)
		memset(page_address(page), 0, PAGE_SIZE << order);
	else
		host_memory_fill(page_address(page), PAGE_SIZE << order);
	return page;
}

unsigned int page_alloc_many(struct page **out, unsigned int n, unsigned int mm_flags)
{
	unsigned int got = 0;

	while (got < n && (out[got] = page_alloc(0, mm_flags)))
		got++;
	return got;
}

void page_free(struct page *page, unsigned int order)
{
	ASAN_POISON_MEMORY_REGION(page_address(page), PAGE_SIZE << order);
	pthread_mutex_lock(&mutex);
	for (size_t i = 0; i < 1ul << order; i++)
		page[i] = (struct page){.flags = BIT(PG_BUDDY)};
	page->slab_free = free_lists[order];
	free_lists[order] = page;
	VERIFY_GE(outstanding, 1ul << order);
	outstanding -= 1ul << order;
	pthread_mutex_unlock(&mutex);
}

void page_put(struct page *page)
{
	u32 before = atomic_fetch_sub(&page->refs, 1);

	VERIFY_GT(before, 0);
	if (before > 1)
		return;
	VERIFY(!page_flag_test(page, PG_LOCKED));
	VERIFY(!page_flag_test(page, PG_WRITEBACK));
	VERIFY_EQ(page->mapcount, 0);
	page_free(page, 0);
}

void page_put_many(struct page **put, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		page_put(put[i]);
}

void page_zero(void *p)
{
	memset(p, 0, PAGE_SIZE);
}

void page_copy(void *to, const void *from)
{
	memcpy(to, from, PAGE_SIZE);
}

void *page_address(const struct page *page)
{
	return arena + (size_t)(page - pages) * PAGE_SIZE;
}

struct page *page_from_address(const void *address)
{
	size_t offset = (size_t)((const u8 *)address - arena);

	VERIFY_LT(offset / PAGE_SIZE, used);
	return &pages[offset / PAGE_SIZE];
}

phys_addr_t page_phys(const struct page *page)
{
	return PHYS_BASE + (phys_addr_t)(page - pages) * PAGE_SIZE;
}

struct page *page_from_phys(phys_addr_t pa)
{
	VERIFY_LT((pa - PHYS_BASE) / PAGE_SIZE, used);
	return &pages[(pa - PHYS_BASE) / PAGE_SIZE];
}

void *phys_to_direct(phys_addr_t pa)
{
	return arena + (pa - PHYS_BASE);
}

phys_addr_t direct_to_phys(const void *p)
{
	return PHYS_BASE + (phys_addr_t)((const u8 *)p - arena);
}

void page_free_zeroed(struct page *page)
{
	VERIFY(mem_is_zero(page_address(page), PAGE_SIZE));
	page_free(page, 0);
}

void page_free_anon(struct list_head *list)
{
	while (!list_empty(list)) {
		struct page *page = list_first_entry(list, struct page, lru);

		list_del(&page->lru);
		page_put(page);
	}
}

void mm_count(enum mm_counter counter, long delta)
{
}

size_t mm_free_pages(void)
{
	return host_memory_pages() - outstanding;
}

size_t mm_total_pages(void)
{
	return host_memory_pages();
}

void mm_stats_get(struct mm_stats *stats)
{
	*stats = (struct mm_stats){
	    .total = host_memory_pages(), .free = mm_free_pages(), .available = mm_free_pages()};
}

size_t host_pages_outstanding(void)
{
	return outstanding;
}
