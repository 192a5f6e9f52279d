/*
 * The page allocator.
 *
 * Three layers. Each CPU keeps a small stack of single frames, which serves nearly every request
 * without a lock; it is filled from and drained to the buddy system in batches, under the zone's
 * lock. The buddy system in turn gets chunks of frames from memory.c when it runs dry.
 *
 * The per-CPU stacks need no interrupt flag either: a CPU's stack is only touched by that CPU,
 * kernel code is not preempted, and an interrupt handler that finds the stack busy (it interrupted
 * somebody who is changing it) goes to the buddy system instead. Nothing between "busy" and "not
 * busy" sleeps.
 *
 * Watermarks: ordinary requests leave `zone_min` frames alone, and reclaim cache pages (reclaim.c)
 * before they dig into them; MM_ATOMIC requests, which cannot reclaim, leave a quarter of that;
 * reclaim itself may take the last frame, because it frees more than it takes. When reclaim finds
 * nothing, requests for user memory ask for a victim (oom_kill), and others fail.
 */
#include "hw/boot.h"
#include "hw/cpu.h"
#include "hw/irq.h"
#include "lib/assert.h"
#include "lib/atomic.h"
#include "lib/clock.h"
#include "lib/park.h"
#include "lib/string.h"
#include "mm/mm.h"
#include "mm/page_int.h"

#define PAGE_CPU_MAX  512
#define PAGE_BATCH    64
#define PAGE_ZERO_MAX 32
#define POISON_FREE   0x6b

/* Flags that no page may have when it is freed. */
#define PAGE_BUSY_FLAGS                                                                            \
	(BIT(PG_LOCKED) | BIT(PG_WRITEBACK) | BIT(PG_LRU) | BIT(PG_SLAB) | BIT(PG_BUDDY) |         \
	 BIT(PG_RESERVED) | BIT(PG_FSDATA))

struct page_cpu {
	bool busy;
	unsigned int count, zeroed;
	struct page *head;                /* the newest of `count` pages, chained by lru.next */
	struct page *zero[PAGE_ZERO_MAX]; /* known to be all zero */
} __cache_aligned;

static struct page_cpu page_cpus[CPU_MAX];
static unsigned int cpu_high; /* what a CPU keeps at most; half of it is moved at a time */

static struct irqlock zone_lock = IRQLOCK_INIT("page zone");
static struct buddy zone; /* zone_lock */
static size_t zone_total, zone_min, zone_low;

static s64 counters[CPU_MAX][8] __cache_aligned; /* relaxed atomics, enum mm_counter */
_Static_assert(MM_COUNTERS <= 8, "one cache line per CPU");

/* A loop of plain stores: the emulators we run under are slow at string instructions. */
void page_zero(void *p)
{
	u64 *at = p, *end = at + PAGE_SIZE / sizeof(u64);

	for (; at < end; at += 16) {
		at[0] = at[1] = at[2] = at[3] = at[4] = at[5] = at[6] = at[7] = 0;
		at[8] = at[9] = at[10] = at[11] = at[12] = at[13] = at[14] = at[15] = 0;
		__asm__("" : "+r"(at) : : "memory"); /* keep it from becoming memset */
	}
}

void page_copy(void *to, const void *from)
{
	u64 *dst = to, *end = dst + PAGE_SIZE / sizeof(u64);
	const u64 *src = from;

	for (; dst < end; dst += 8, src += 8) {
		u64 a = src[0], b = src[1], c = src[2], d = src[3];

		dst[0] = a, dst[1] = b, dst[2] = c, dst[3] = d;
		a = src[4], b = src[5], c = src[6], d = src[7];
		dst[4] = a, dst[5] = b, dst[6] = c, dst[7] = d;
		__asm__("" : "+r"(dst), "+r"(src) : : "memory");
	}
}

/* Debug builds fill free frames, and mark their struct pages as filled. */
#define POISONED 0x6b6b6b6b0badull /* page->index */

static void poison(struct page *page, unsigned int order)
{
#ifdef DEBUG
	memset(page_address_inline(page), POISON_FREE, PAGE_SIZE << order);
	for (size_t i = 0; i < BIT(order); i++)
		page[i].index = POISONED;
#endif
}

/* Before the struct pages are prepared for their next use. */
static void poison_check(struct page *page, unsigned int order)
{
#ifdef DEBUG
	for (size_t i = 0; i < BIT(order); i++) {
		const u8 *bytes = (const u8 *)page_address_inline(page) + i * PAGE_SIZE, *bad;

		if (page[i].index != POISONED)
			continue;
		bad = memchr_inv(bytes, POISON_FREE, PAGE_SIZE);
		if (bad)
			panic("frame %#llx was written at %#tx after it was freed",
			      page_phys_inline(page + i), bad - bytes);
	}
#endif
}

static inline void page_prepare(struct page *page)
{
	page->flags = 0;
	page->refs = 1;
	page->mapcount = 0;
	page->mapping = NULL;
	page->index = 0;
	page->fsdata = NULL;
}

static inline void page_check_free(struct page *page)
{
	if (unlikely((page->flags & PAGE_BUSY_FLAGS) || page->mapcount))
		panic("frame %#llx freed in use: flags %#lx refs %u mapcount %u",
		      page_phys_inline(page), page->flags, page->refs, page->mapcount);
}

size_t mm_total_pages(void)
{
	return zone_total;
}

size_t mm_free_pages(void)
{
	return READ_ONCE(zone.free_pages) + READ_ONCE(memory_unclaimed);
}

size_t page_high_mark(void)
{
	return zone_low + zone_min;
}

static size_t watermark(unsigned int flags)
{
	/* Far from it, as at start-up, when there are no threads to ask about. */
	if (likely(mm_free_pages() >= zone_min + BIT(PAGE_MAX_ORDER)))
		return zone_min;
	if (reclaim_is_self() || reclaim_is_helper())
		return 0;
	if (flags & MM_ATOMIC)
		return zone_min / 4;
	/* Kernel threads write things back, which frees memory: they come before processes. */
	return mm_current() ? zone_min : zone_min / 2;
}

static struct page *zone_alloc_block(unsigned int order, unsigned int flags)
{
	size_t mark = watermark(flags);
	irqflags_t irq = irqlock_lock(&zone_lock);
	struct page *page = NULL;

	if (mm_free_pages() >= mark + BIT(order)) {
		while (!(page = buddy_alloc(&zone, order)) && memory_claim_chunk(&zone))
			;
	}
	irqlock_unlock(&zone_lock, irq);
	return page;
}

static unsigned int zone_alloc_pages(struct page **out, unsigned int n, unsigned int flags)
{
	size_t mark = watermark(flags);
	irqflags_t irq = irqlock_lock(&zone_lock);
	size_t available = mm_free_pages();
	unsigned int got = 0;

	n = available > mark ? (unsigned int)min((size_t)n, available - mark) : 0;
	while (got < n) {
		got += buddy_alloc_pages(&zone, out + got, n - got);
		if (got < n && !memory_claim_chunk(&zone))
			break;
	}
	irqlock_unlock(&zone_lock, irq);
	return got;
}

static void zone_free_pages(struct page **pages, unsigned int n)
{
	irqflags_t irq = irqlock_lock(&zone_lock);

	for (unsigned int i = 0; i < n; i++)
		buddy_free(&zone, pages[i], page_pfn(pages[i]), 0);
	irqlock_unlock(&zone_lock, irq);
}

/* The stack of a CPU: only by that CPU, while it is busy. */
static inline void stack_push(struct page_cpu *cpu, struct page *page)
{
	page->lru.next = (struct list_head *)cpu->head;
	cpu->head = page;
	cpu->count++;
}

static inline struct page *stack_pop(struct page_cpu *cpu)
{
	struct page *page = cpu->head;

	cpu->head = (struct page *)page->lru.next;
	cpu->count--;
	return page;
}

static void stack_fill(struct page_cpu *cpu, unsigned int flags)
{
	struct page *pages[PAGE_BATCH];
	unsigned int n =
	    zone_alloc_pages(pages, min((unsigned int)PAGE_BATCH, cpu_high / 2), flags);

	while (n > 0) /* lowest address on top */
		stack_push(cpu, pages[--n]);
}

static void stack_drain(struct page_cpu *cpu, unsigned int n)
{
	struct page *pages[PAGE_BATCH];

	while (n > 0) {
		unsigned int now = 0;

		while (now < PAGE_BATCH && now < n) {
			pages[now] = stack_pop(cpu);
			pages[now++]->flags = 0;
		}
		zone_free_pages(pages, now);
		n -= now;
	}
}

/* One frame, not prepared, *zeroed if it is known to be zero. NULL: not without reclaim. */
static struct page *page_take(unsigned int flags, bool *zeroed)
{
	struct page_cpu *cpu = &page_cpus[cpu_id()];
	struct page *page = NULL;

	*zeroed = false;
	if (unlikely(cpu->busy)) {
		zone_alloc_pages(&page, 1, flags);
		return page;
	}
	cpu->busy = true;
	barrier();
	if ((flags & MM_ZERO || !cpu->count) && cpu->zeroed) {
		page = cpu->zero[--cpu->zeroed];
		*zeroed = true;
	} else {
		if (!cpu->count)
			stack_fill(cpu, flags);
		if (cpu->count)
			page = stack_pop(cpu);
	}
	barrier();
	cpu->busy = false;
	return page;
}

/* What a page was for ends here. */
static inline void page_retire(struct page *page)
{
	poison(page, 0);
	page->refs = 0;
}

/* Gives one frame back to this CPU's stack. */
static void page_give(struct page *page)
{
	struct page_cpu *cpu = &page_cpus[cpu_id()];

	if (page->flags & BIT(PG_ANON))
		mm_count(MM_COUNT_ANON, -1);
	page_retire(page);
	if (unlikely(cpu->busy)) {
		page->flags = 0;
		zone_free_pages(&page, 1);
		return;
	}
	cpu->busy = true;
	barrier();
	if (unlikely(cpu->count >= cpu_high))
		stack_drain(cpu, cpu_high / 2);
	stack_push(cpu, page);
	barrier();
	cpu->busy = false;
}

void page_free_anon(struct list_head *pages)
{
	struct page_cpu *cpu = &page_cpus[cpu_id()];
	struct list_head *at = pages->next, *next;
	long n = 0;

	if (unlikely(cpu->busy)) { /* we are an interrupt handler: not in practice */
		for (; at != pages; at = next) {
			next = at->next;
			page_put(list_entry(at, struct page, lru));
		}
		list_init(pages);
		return;
	}
	cpu->busy = true;
	barrier();
	for (; at != pages; at = next) {
		struct page *page = list_entry(at, struct page, lru);

		next = at->next;
		page_check_free(page);
		VERIFY(page->refs == 1);
		page_retire(page);
		if (unlikely(cpu->count >= cpu_high))
			stack_drain(cpu, cpu_high / 2);
		stack_push(cpu, page);
		n++;
	}
	barrier();
	cpu->busy = false;
	list_init(pages);
	mm_count(MM_COUNT_ANON, -n);
}

void page_drain_cpu(void)
{
	struct page_cpu *cpu = &page_cpus[cpu_id()];

	if (cpu->busy)
		return;
	cpu->busy = true;
	barrier();
	stack_drain(cpu, cpu->count);
	for (unsigned int i = 0; i < cpu->zeroed; i++)
		cpu->zero[i]->flags = 0;
	zone_free_pages(cpu->zero, cpu->zeroed);
	cpu->zeroed = 0;
	barrier();
	cpu->busy = false;
}

static void drain_call(void *arg)
{
	page_drain_cpu();
}

/* How long write-back is waited for before something must die, and between looks. */
#define WAIT_NS    (5 * NSEC_PER_MSEC)
#define WAITS      1000
#define WAITS_NOFS 40 /* the caller may hold what the writer needs */
#define RECLAIMS   1000

struct page_wait {
	unsigned int reclaims, waits;
	bool drained;
	bool woken; /* somebody's wake-up ended our sleep: it is handed on */
};

static void page_wait_sleep(struct page_wait *wait)
{
	if (!thread_park(PARK_KILLABLE, clock_monotonic_ns() + WAIT_NS))
		wait->woken = true;
}

/*
 * What to do when there is nothing above the watermark: reclaim; wait while write-back promises
 * more; for user memory, ask for a victim. True: try again. False: there is none, or we are the
 * victim.
 */
static bool page_wait_for_memory(unsigned int order, unsigned int flags, struct page_wait *wait)
{
	if (flags & MM_ATOMIC || irq_context() || reclaim_is_self())
		return false;
	if (flags & MM_USER && thread_fatal_signal_pending())
		return false;
	page_drain_cpu();
	if (wait->reclaims++ < RECLAIMS && reclaim_pages(BIT(order), flags) > 0)
		return true;
	if (order > 3)
		return false;
	if (!reclaim_is_helper() && reclaim_pending() &&
	    wait->waits++ < (flags & MM_NOFS ? WAITS_NOFS : WAITS)) {
		page_wait_sleep(wait);
		return true;
	}
	if (!(flags & MM_USER))
		return false;
	if (!wait->drained) { /* what other CPUs have put by, before anything dies */
		wait->drained = true;
		cpu_call_mask(~BIT64(cpu_id()), drain_call, NULL);
		return true;
	}
	if (!oom_kill(BIT(order)))
		return false;
	wait->drained = false;
	wait->reclaims = wait->waits = 0;
	for (unsigned int i = 0; i < 50 && mm_free_pages() < zone_low; i++) {
		page_wait_sleep(wait);
		if (thread_fatal_signal_pending())
			return false;
	}
	return true;
}

static __noinline struct page *page_alloc_slow(unsigned int order, unsigned int flags, bool *zeroed)
{
	struct page_wait wait = {0};
	struct page *page = NULL;

	while (!page && page_wait_for_memory(order, flags, &wait))
		page = order ? zone_alloc_block(order, flags) : page_take(flags, zeroed);
	if (wait.woken)
		thread_unpark(thread_current());
	return page;
}

struct page *page_alloc(unsigned int order, unsigned int flags)
{
	bool zeroed = false;
	struct page *page;

	if (likely(order == 0)) {
		page = page_take(flags, &zeroed);
		if (unlikely(!page) && !(page = page_alloc_slow(0, flags, &zeroed)))
			return NULL;
	} else {
		if (order > PAGE_MAX_ORDER)
			return NULL;
		page = zone_alloc_block(order, flags);
		if (!page && !(page = page_alloc_slow(order, flags, &zeroed)))
			return NULL;
	}
	if (!zeroed)
		poison_check(page, order);
	for (size_t i = 0; i < BIT(order); i++)
		page_prepare(page + i);
	if (flags & MM_ZERO && !zeroed)
		for (size_t i = 0; i < BIT(order); i++)
			page_zero((char *)page_address_inline(page) + i * PAGE_SIZE);
	return page;
}

unsigned int page_alloc_many(struct page **out, unsigned int n, unsigned int flags)
{
	unsigned int got = 0;

	while (got < n && (out[got] = page_alloc(0, flags)))
		got++;
	return got;
}

void page_free(struct page *page, unsigned int order)
{
	page_check_free(page);
	VERIFY(page->refs != 0);
	if (likely(order == 0)) {
		page_give(page);
		return;
	}
	poison(page, order);
	for (size_t i = 0; i < BIT(order); i++) {
		page[i].flags = 0;
		page[i].refs = 0;
	}
	irqflags_t irq = irqlock_lock(&zone_lock);

	buddy_free(&zone, page, page_pfn(page), order);
	irqlock_unlock(&zone_lock, irq);
}

void page_free_zeroed(struct page *page)
{
	struct page_cpu *cpu = &page_cpus[cpu_id()];

	if (cpu->busy || cpu->zeroed >= min(cpu_high, (unsigned int)PAGE_ZERO_MAX)) {
		page_free(page, 0);
		return;
	}
	page_check_free(page);
	VERIFY(page->refs != 0);
	cpu->busy = true;
	barrier();
	ASSERT(mem_is_zero(page_address_inline(page), PAGE_SIZE));
	page->refs = 0;
	page->index = 0;
	cpu->zero[cpu->zeroed++] = page;
	barrier();
	cpu->busy = false;
}

/* A holder of the only reference needs no atomic operation: nobody else can find the page. */
static inline bool page_put_test(struct page *page)
{
	u32 refs = atomic_load(&page->refs);

	VERIFY(refs != 0);
	return refs == 1 || atomic_sub_fetch(&page->refs, 1) == 0;
}

void page_put(struct page *page)
{
	if (page_put_test(page)) {
		page_check_free(page);
		page_give(page);
	}
}

void page_put_many(struct page **pages, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		page_put(pages[i]);
}

void *page_address(const struct page *page)
{
	return page_address_inline(page);
}

struct page *page_from_address(const void *direct_map_address)
{
	return page_from_pfn(direct_to_phys(direct_map_address) >> PAGE_SHIFT);
}

phys_addr_t page_phys(const struct page *page)
{
	return page_phys_inline(page);
}

struct page *page_from_phys(phys_addr_t pa)
{
	return page_from_pfn(pa >> PAGE_SHIFT);
}

void mm_count(enum mm_counter counter, long delta)
{
	atomic_add_relaxed(&counters[cpu_id()][counter], delta);
}

static size_t counter_sum(enum mm_counter counter)
{
	s64 sum = 0;

	for (unsigned int cpu = 0; cpu < CPU_MAX; cpu++)
		sum += counters[cpu][counter];
	return sum > 0 ? (size_t)sum : 0;
}

void mm_stats_get(struct mm_stats *stats)
{
	*stats = (struct mm_stats){
	    .total = zone_total,
	    .free = mm_free_pages(),
	    .slab = counter_sum(MM_COUNT_SLAB),
	    .page_cache = counter_sum(MM_COUNT_PAGE_CACHE),
	    .anon = counter_sum(MM_COUNT_ANON),
	    .kernel_stacks = counter_sum(MM_COUNT_KERNEL_STACKS),
	    .page_tables = counter_sum(MM_COUNT_PAGE_TABLES),
	    .shmem = counter_sum(MM_COUNT_SHMEM),
	};
	for (unsigned int cpu = 0; cpu < CPU_MAX; cpu++)
		stats->free += page_cpus[cpu].count + page_cpus[cpu].zeroed;
	stats->available = stats->free > zone_low ? stats->free - zone_low : 0;
	if (stats->page_cache > stats->shmem)
		stats->available += (stats->page_cache - stats->shmem) -
				    min((stats->page_cache - stats->shmem) / 2, zone_low);
}

void boot_initrd_release(void)
{
	if (!boot_info.initrd_base || !boot_info.initrd_size)
		return;
	irqflags_t irq = irqlock_lock(&zone_lock);

	zone_total += memory_release(&zone, boot_info.initrd_base, boot_info.initrd_size);
	irqlock_unlock(&zone_lock, irq);
	boot_info.initrd_base = boot_info.initrd_size = 0;
}

static size_t square_root(size_t n)
{
	size_t root = 0;

	for (size_t bit = (size_t)1 << 31; bit; bit >>= 1)
		if ((root + bit) * (root + bit) <= n)
			root += bit;
	return root;
}

void page_init(void)
{
	buddy_init(&zone);
	zone_total = memory_init();
	/* 4 * sqrt(KiB), in KiB: 0.7 MiB of 32 MiB, 3 MiB of 512 MiB. */
	zone_min = square_root(zone_total * (PAGE_SIZE >> 10)) * 4 / (PAGE_SIZE >> 10);
	zone_low = zone_min + zone_min / 2;
	cpu_high = (unsigned int)clamp(zone_total / 256, (size_t)8, (size_t)PAGE_CPU_MAX);
	memory_claim_reserved(&zone);
}
