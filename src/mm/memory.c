/*
 * RAM at boot.
 *
 * boot_info says where RAM is and what of it is taken: the kernel, the initial RAM disk, early page
 * tables, and now the array of struct pages. All that is needed before the first allocation is
 * where the free frames are; so the array is neither cleared nor filled at boot. The buddy system
 * gets frames in chunks of 4 MiB, each when the ones before it are used up, and only then are the
 * chunk's struct pages written: the time to boot does not grow with the size of RAM. Chunks with
 * something reserved in them are claimed at once, because the owner may ask for the struct pages of
 * its frames.
 */
#include "hw/boot.h"
#include "lib/assert.h"
#include "lib/log.h"
#include "lib/string.h"
#include "mm/page_int.h"

#define SPAN_GAP_PAGES 4096 /* 16 MiB: gaps up to this are cheaper as pages than as a new span */
#define RESERVED_MAX   32

struct pfn_range {
	u64 first, end;
};

struct page_span page_spans[PAGE_SPANS_MAX + 1];
size_t memory_unclaimed;

static struct pfn_range ram[BOOT_RANGES_MAX];
static unsigned int ram_count;
static struct pfn_range reserved[RESERVED_MAX]; /* ascending, may overlap */
static unsigned int reserved_count;

static unsigned long *chunk_claimed; /* a bit per chunk of the array of struct pages */
static size_t chunk_count, chunk_cursor;

static void reserve(phys_addr_t base, u64 size)
{
	struct pfn_range range = {base >> PAGE_SHIFT, DIV_ROUND_UP(base + size, PAGE_SIZE)};
	unsigned int at = reserved_count;

	if (!size)
		return;
	VERIFY_LT(reserved_count, RESERVED_MAX);
	for (; at > 0 && reserved[at - 1].first > range.first; at--)
		reserved[at] = reserved[at - 1];
	reserved[at] = range;
	reserved_count++;
}

/* The first run of free frames in [from, end). */
static bool free_run_find(u64 from, u64 end, struct pfn_range *run)
{
	for (unsigned int i = 0; i < ram_count; i++) {
		u64 at = max(from, ram[i].first), stop = min(end, ram[i].end);

		for (unsigned int r = 0; r < reserved_count && at < stop; r++) {
			if (reserved[r].end <= at)
				continue;
			if (reserved[r].first > at) {
				stop = min(stop, reserved[r].first);
				break;
			}
			at = reserved[r].end;
		}
		if (at < stop) {
			*run = (struct pfn_range){at, stop};
			return true;
		}
	}
	return false;
}

static size_t free_frames_between(u64 first, u64 end)
{
	struct pfn_range run;
	size_t n = 0;

	for (u64 at = first; at < end && free_run_find(at, end, &run); at = run.end)
		n += run.end - run.first;
	return n;
}

static void ram_collect(void)
{
	for (unsigned int i = 0; i < boot_info.range_count; i++) {
		const struct memory_range *range = &boot_info.ranges[i];
		u64 first = DIV_ROUND_UP(range->base, PAGE_SIZE);
		u64 end = (range->base + range->size) >> PAGE_SHIFT;

		if (range->kind == MEMORY_RAM && first < end)
			ram[ram_count++] = (struct pfn_range){first, end};
	}
	VERIFY(ram_count > 0);
}

static unsigned int spans_make(void)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < ram_count; i++) {
		u64 first = round_down(ram[i].first, BUDDY_CHUNK_PAGES);
		u64 end = round_up(ram[i].end, BUDDY_CHUNK_PAGES);

		if (n > 0 &&
		    (first <= page_spans[n - 1].end + SPAN_GAP_PAGES || n == PAGE_SPANS_MAX))
			page_spans[n - 1].end = end;
		else
			page_spans[n++] = (struct page_span){first, end, NULL};
	}
	page_spans[n] = (struct page_span){U64_MAX, U64_MAX, NULL};
	return n;
}

static void *early_alloc(size_t size)
{
	size_t pages = DIV_ROUND_UP(size, PAGE_SIZE);
	struct pfn_range run;

	for (u64 at = 0; free_run_find(at, U64_MAX, &run); at = run.end) {
		/* Not below 1 MiB: what little there is there serves devices and processor
		 * start-up. */
		run.first = max(run.first, (u64)256);
		if (run.first < run.end && run.end - run.first >= pages) {
			reserve(run.first << PAGE_SHIFT, pages << PAGE_SHIFT);
			return phys_to_direct(run.first << PAGE_SHIFT);
		}
	}
	panic("no room for the page array (%zu KiB): give the machine more memory", size >> 10);
}

static struct page_span *span_of_chunk(size_t chunk, u64 *pfn)
{
	struct page_span *span = page_spans;

	while (chunk >= (span->end - span->first) / BUDDY_CHUNK_PAGES) {
		chunk -= (span->end - span->first) / BUDDY_CHUNK_PAGES;
		span++;
	}
	*pfn = span->first + chunk * BUDDY_CHUNK_PAGES;
	return span;
}

static size_t chunk_of_pfn(u64 pfn)
{
	return (size_t)(page_from_pfn(pfn) - page_spans[0].pages) / BUDDY_CHUNK_PAGES;
}

static bool chunk_test_set(size_t chunk)
{
	unsigned long *word = &chunk_claimed[chunk / 64], bit = BIT(chunk % 64);
	bool was = *word & bit;

	*word |= bit;
	return was;
}

static void chunk_claim(struct buddy *buddy, size_t chunk)
{
	struct pfn_range run;
	u64 first;
	struct page_span *span = span_of_chunk(chunk, &first);
	struct page *pages = span->pages + (first - span->first);
	u64 end = first + BUDDY_CHUNK_PAGES;

	memset(pages, 0, BUDDY_CHUNK_PAGES * sizeof(*pages));
	for (u64 at = first; at < end; at = run.end) {
		if (!free_run_find(at, end, &run))
			run = (struct pfn_range){end, end};
		for (; at < run.first; at++) {
			pages[at - first].flags = BIT(PG_RESERVED);
			pages[at - first].refs = 1;
		}
		if (run.first == run.end)
			break;
		buddy_free_range(buddy, &pages[run.first - first], run.first, run.end - run.first);
		memory_unclaimed -= run.end - run.first;
	}
}

bool memory_claim_chunk(struct buddy *buddy)
{
	while (chunk_cursor < chunk_count) {
		size_t chunk = chunk_cursor++;

		if (chunk_test_set(chunk))
			continue;
		chunk_claim(buddy, chunk);
		return true;
	}
	return false;
}

size_t memory_release(struct buddy *buddy, phys_addr_t base, u64 size)
{
	u64 first = base >> PAGE_SHIFT, end = DIV_ROUND_UP(base + size, PAGE_SIZE);

	/* Its chunks were claimed at boot. The entry stays listed: chunks are not claimed twice. */
	for (u64 pfn = first; pfn < end; pfn++) {
		struct page *page = page_from_pfn(pfn);

		VERIFY(page->flags == BIT(PG_RESERVED) && page->refs == 1);
		page->flags = 0;
		page->refs = 0;
		buddy_free(buddy, page, pfn, 0);
	}
	return end - first;
}

size_t memory_init(void)
{
	struct memory_range early[16];
	unsigned int n_early = hw_early_reserved(early, ARRAY_SIZE(early)), n_spans;
	size_t n_pages = 0;
	struct page *pages;

	ram_collect();
	reserve(0, PAGE_SIZE); /* address 0 means "none" */
	reserve(boot_info.kernel_base, boot_info.kernel_end - boot_info.kernel_base);
	reserve(boot_info.initrd_base, boot_info.initrd_size);
	for (unsigned int i = 0; i < n_early; i++)
		reserve(early[i].base, early[i].size);

	n_spans = spans_make();
	for (unsigned int i = 0; i < n_spans; i++)
		n_pages += page_spans[i].end - page_spans[i].first;
	chunk_count = n_pages / BUDDY_CHUNK_PAGES;
	pages = early_alloc(n_pages * sizeof(struct page));
	chunk_claimed = early_alloc(DIV_ROUND_UP(chunk_count, 64) * sizeof(long));
	memset(chunk_claimed, 0, DIV_ROUND_UP(chunk_count, 64) * sizeof(long));
	for (unsigned int i = 0; i < n_spans; i++) {
		page_spans[i].pages = pages;
		pages += page_spans[i].end - page_spans[i].first;
	}
	memory_unclaimed = free_frames_between(0, U64_MAX);
	return memory_unclaimed;
}

void memory_claim_reserved(struct buddy *buddy)
{
	for (unsigned int r = 0; r < reserved_count; r++) {
		for (u64 pfn = reserved[r].first; pfn < reserved[r].end;
		     pfn = round_down(pfn, BUDDY_CHUNK_PAGES) + BUDDY_CHUNK_PAGES) {
			if (!page_from_pfn(pfn))
				continue;
			size_t chunk = chunk_of_pfn(pfn);

			if (!chunk_test_set(chunk))
				chunk_claim(buddy, chunk);
		}
	}
}
