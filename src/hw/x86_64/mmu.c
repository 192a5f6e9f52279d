#include "hw/mmu.h"
#include "hw/x86_64/cpu_int.h"
#include "hw/x86_64/early_int.h"
#include "lib/assert.h"
#include "lib/atomic.h"
#include "lib/lock.h"
#include "lib/string.h"

/*
 * Page tables of processes, and TLBs.
 *
 * The upper half of every top table is a copy of the kernel's, whose entries never change after
 * early.c.
 *
 * mmu->cpus has a bit for every CPU that may have translations of the space: set before the root is
 * loaded, cleared after another one is. A CPU that goes idle or runs a kernel thread keeps the
 * space loaded (lazily), as it often comes back to it. A flush does not interrupt it but marks it
 * stale, and it flushes when it comes back; only when tables are freed it is made to drop the
 * space.
 */

#define ENTRIES      512
#define TABLE_ENTRY  (PTE_BIT_PRESENT | PTE_BIT_WRITE | PTE_BIT_USER | PTE_BIT_ACCESSED)
#define KERNEL_TABLE (PTE_BIT_PRESENT | PTE_BIT_WRITE | PTE_BIT_ACCESSED)
/* Beyond so many pages one flush of everything is cheaper. */
#define FLUSH_PAGES_MAX 16
#define CR4_PGE         (1ul << 7)

static u64 *table_of(u64 entry)
{
	return phys_to_direct(entry & PTE_PHYS_MASK);
}

static u64 *table_alloc(void)
{
	/* Callers hold the page-table lock: no reclaim here. */
	struct page *page = page_alloc(0, MM_ATOMIC | MM_ZERO);

	return page ? page_address(page) : NULL;
}

int mmu_init(struct mmu *mmu)
{
	struct page *page = page_alloc(0, MM_NORMAL);
	const u64 *kernel = phys_to_direct(mmu_kernel_root);
	u64 *root;

	if (!page)
		return -ENOMEM;
	root = page_address(page);
	memset(root, 0, ENTRIES / 2 * sizeof(*root));
	memcpy(root + ENTRIES / 2, kernel + ENTRIES / 2, ENTRIES / 2 * sizeof(*root));
	mmu->root = page_phys(page);
	mmu->cpus = 0;
	mmu->tables = 1;
	mm_count(MM_COUNT_PAGE_TABLES, 1);
	list_init(&mmu->list);
	return 0;
}

/*
 * The tables of a space are on its list, by page->lru, and each remembers in page->fsdata the entry
 * that points at it: a space that ends is taken apart without searching it.
 */
static void table_note(struct mmu *mmu, const u64 *table, u64 *entry)
{
	struct page *page = page_from_address(table);

	page->fsdata = entry;
	list_add(&page->lru, &mmu->list);
	mmu->tables++;
	mm_count(MM_COUNT_PAGE_TABLES, 1);
}

/* The entry of level shift for va. Tables on the way are made with bits, unless those are 0.
 * mmu NULL: the kernel's own. */
static u64 *walk(phys_addr_t root, unsigned long va, unsigned int shift, u64 bits, struct mmu *mmu)
{
	u64 *table = phys_to_direct(root);

	for (unsigned int at = 39; at > shift; at -= 9) {
		u64 *entry = &table[va >> at & 511];

		if (!READ_ONCE(*entry)) {
			u64 *fresh = bits ? table_alloc() : NULL;

			if (!fresh)
				return NULL;
			WRITE_ONCE(*entry, direct_to_phys(fresh) | bits);
			if (mmu)
				table_note(mmu, fresh, entry);
		}
		table = table_of(*entry);
	}
	return &table[va >> shift & 511];
}

pte_t *mmu_pte(struct mmu *mmu, unsigned long va, bool create)
{
	ASSERT_LT(va, MMU_USER_MAX);
	return (pte_t *)walk(mmu->root, va, 12, create ? TABLE_ENTRY : 0, mmu);
}

unsigned long mmu_next_table(struct mmu *mmu, unsigned long va, unsigned long end)
{
	while (va < end) {
		const u64 *table = phys_to_direct(mmu->root);
		unsigned int at;

		for (at = 39; at > 12; at -= 9) {
			u64 entry = READ_ONCE(table[va >> at & 511]);
			if (!entry)
				break;
			table = table_of(entry);
		}
		if (at == 12)
			return va;
		/* Nothing in all the reach of the entry that is missing. */
		va = (va | ((1ul << at) - 1)) + 1;
	}
	return end;
}

/* Takes the tables below entry that lie in [start, end), and puts them on freed. base: what entry
 * maps. */
static void tables_unlink(u64 *table, unsigned long base, unsigned int shift, unsigned long start,
			  unsigned long end, struct list_head *freed)
{
	unsigned long reach = 1ul << shift;
	unsigned int first = start > base ? (unsigned int)((start - base) >> shift) : 0;

	for (unsigned int i = first; i < ENTRIES; i++) {
		unsigned long at = base + ((unsigned long)i << shift);
		u64 entry = table[i];

		if (at >= end || (shift == 39 && i >= ENTRIES / 2))
			return;
		if (!entry)
			continue;
		if (shift > 21)
			tables_unlink(table_of(entry), at, shift - 9, start, end, freed);
		if (at < start || at + reach > end)
			continue;
		WRITE_ONCE(table[i], 0);
		list_move(&page_from_phys(entry & PTE_PHYS_MASK)->lru, freed);
	}
}

static void tables_free(struct mmu *mmu, struct list_head *freed)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, freed, lru) {
		list_del(&page->lru);
		page_free_zeroed(page); /* every entry was cleared on the way here */
		mmu->tables--;
		mm_count(MM_COUNT_PAGE_TABLES, -1);
	}
}

static void flush(struct mmu *mmu, unsigned long start, unsigned long end, bool lazy_too);

void mmu_free_tables(struct mmu *mmu, unsigned long start, unsigned long end)
{
	LIST_HEAD(freed);

	tables_unlink(phys_to_direct(mmu->root), 0, 39, start, end, &freed);
	if (list_empty(&freed))
		return;
	/* Processors also remember tables, without the entries in them; and walk them, lazy or not.
	 */
	flush(mmu, 0, MMU_USER_MAX, true);
	tables_free(mmu, &freed);
}

static void mmu_drop(struct cpu *cpu)
{
	struct mmu *mmu = cpu->mmu;

	cr3_write(mmu_kernel_root);
	cpu->mmu = NULL;
	cpu->mmu_lazy = false;
	__atomic_fetch_and(&mmu->cpus, ~BIT64(cpu->id), __ATOMIC_SEQ_CST);
}

static void drop_if_loaded(void *mmu)
{
	struct cpu *cpu = cpu_self();

	if (cpu->mmu == mmu)
		mmu_drop(cpu);
}

void mmu_destroy(struct mmu *mmu)
{
	unsigned long flags = irq_save();
	struct page *page, *next;
	u64 others;

	drop_if_loaded(mmu);
	irq_restore(flags);
	others = __atomic_load_n(&mmu->cpus, __ATOMIC_SEQ_CST);
	if (others)
		cpu_call_mask(others, drop_if_loaded, mmu);
	/* Every entry but those that point at tables was cleared when its page was unmapped. */
	list_for_each_entry(page, &mmu->list, lru)
		*(u64 *)page->fsdata = 0;
	list_for_each_entry_safe(page, next, &mmu->list, lru)
		page_free_zeroed(page);
	list_init(&mmu->list);
	page_free(page_from_phys(mmu->root), 0);
	mm_count(MM_COUNT_PAGE_TABLES, -(long)mmu->tables);
	mmu->root = 0;
}

void mmu_switch(struct mmu *mmu)
{
	unsigned long flags = irq_save();
	struct cpu *cpu = cpu_self();
	struct mmu *old = cpu->mmu;

	if (!mmu) {
		WRITE_ONCE(cpu->mmu_lazy, old != NULL);
	} else if (mmu == old) {
		/* Either a flush that skips us has set stale by now, or it sees that we are not
		 * lazy. */
		WRITE_ONCE(cpu->mmu_lazy, false);
		memory_barrier();
		if (unlikely(READ_ONCE(cpu->mmu_stale))) {
			WRITE_ONCE(cpu->mmu_stale, false);
			cr3_write(mmu->root);
		}
	} else {
		/* A flush that does not see the bit changed its entries before we load them. */
		__atomic_fetch_or(&mmu->cpus, BIT64(cpu->id), __ATOMIC_SEQ_CST);
		WRITE_ONCE(cpu->mmu_lazy, false);
		WRITE_ONCE(cpu->mmu_stale, false);
		cr3_write(mmu->root);
		cpu->mmu = mmu;
		if (old)
			__atomic_fetch_and(&old->cpus, ~BIT64(cpu->id), __ATOMIC_SEQ_CST);
	}
	irq_restore(flags);
}

static void invalidate(unsigned long va)
{
	__asm__ volatile("invlpg (%0)" : : "r"(va) : "memory");
}

void mmu_flush_local(unsigned long va)
{
	invalidate(va);
}

struct flush {
	struct mmu *mmu;
	unsigned long start, end;
};

static void flush_here(const struct flush *flush)
{
	if ((flush->end - flush->start) >> PAGE_SHIFT > FLUSH_PAGES_MAX) {
		cr3_write(cr3_read());
		return;
	}
	for (unsigned long va = flush->start; va < flush->end; va += PAGE_SIZE)
		invalidate(va);
}

static void flush_call(void *arg)
{
	const struct flush *flush = arg;
	struct cpu *cpu = cpu_self();

	if (cpu->mmu != flush->mmu)
		return;
	if (cpu->mmu_lazy)
		mmu_drop(cpu);
	else
		flush_here(flush);
}

/* Of the CPUs in mask those that must be interrupted: a lazy one will flush before it uses the
 * space again. */
static u64 not_lazy(u64 mask)
{
	u64 left = mask;

	for (; left; left &= left - 1) {
		struct cpu *cpu = &cpus[__builtin_ctzll(left)];

		if (!READ_ONCE(cpu->mmu_lazy))
			continue;
		WRITE_ONCE(cpu->mmu_stale, true);
		memory_barrier();
		if (READ_ONCE(cpu->mmu_lazy))
			mask &= ~BIT64(cpu->id);
	}
	return mask;
}

static void flush(struct mmu *mmu, unsigned long start, unsigned long end, bool lazy_too)
{
	struct flush what = {mmu, round_down(start, PAGE_SIZE), end};
	u64 others;

	/* Our changes first, then who has the space. */
	memory_barrier();
	if (cpu_self()->mmu == mmu)
		flush_here(&what);
	others = __atomic_load_n(&mmu->cpus, __ATOMIC_SEQ_CST) & ~BIT64(cpu_id());
	if (others && !lazy_too)
		others = not_lazy(others);
	if (others)
		cpu_call_mask(others, flush_call, &what);
}

void mmu_flush_range(struct mmu *mmu, unsigned long start, unsigned long end)
{
	flush(mmu, start, end, false);
}

void mmu_flush_all(struct mmu *mmu)
{
	mmu_flush_range(mmu, 0, MMU_USER_MAX);
}

/* ---- the kernel's own areas ---- */

static struct spinlock kernel_lock = SPINLOCK_INIT("mmu kernel area");
static unsigned long device_next = KERNEL_AREA; /* kernel_lock; never given back */

int mmu_kernel_map(unsigned long va, phys_addr_t pa, size_t size, unsigned int prot)
{
	size_t at;

	spin_lock(&kernel_lock);
	for (at = 0; at < size; at += PAGE_SIZE) {
		u64 *entry = walk(mmu_kernel_root, va + at, 12, KERNEL_TABLE, NULL);

		if (!entry)
			break;
		WRITE_ONCE(*entry, pte_make(pa + at, prot | PTE_GLOBAL).v | PTE_BIT_DIRTY);
	}
	spin_unlock(&kernel_lock);
	if (at >= size)
		return 0;
	mmu_kernel_unmap(va, at);
	return -ENOMEM;
}

/* Global translations too, which a reload of the root keeps: leaving and entering global mode drops
 * them. */
static void flush_global(void *unused)
{
	unsigned long cr4;

	__asm__ volatile("movq %%cr4, %0" : "=r"(cr4));
	__asm__ volatile("movq %0, %%cr4" : : "r"(cr4 & ~CR4_PGE) : "memory");
	__asm__ volatile("movq %0, %%cr4" : : "r"(cr4) : "memory");
}

void mmu_kernel_flush(void)
{
	unsigned long flags;

	memory_barrier();
	flags = irq_save();
	flush_global(NULL);
	irq_restore(flags);
	cpu_call_mask(~BIT64(cpu_id()), flush_global, NULL);
}

void mmu_kernel_clear(unsigned long va, size_t size)
{
	for (size_t at = 0; at < size; at += PAGE_SIZE) {
		u64 *entry = walk(mmu_kernel_root, va + at, 12, 0, NULL);

		if (entry)
			WRITE_ONCE(*entry, 0);
	}
}

void mmu_kernel_unmap(unsigned long va, size_t size)
{
	mmu_kernel_clear(va, size);
	mmu_kernel_flush();
}

phys_addr_t mmu_kernel_phys(unsigned long va)
{
	const u64 *entry = walk(mmu_kernel_root, va, 12, 0, NULL);

	return entry ? *entry & PTE_PHYS_MASK : 0;
}

static void *map_somewhere(phys_addr_t pa, size_t size, unsigned int prot)
{
	unsigned long offset = pa & (PAGE_SIZE - 1), va;

	if (!size || pa >= 1ull << 52 || size > 1ul << 36)
		return NULL;
	size = round_up(size + offset, PAGE_SIZE);
	spin_lock(&kernel_lock);
	va = device_next;
	if (va + size > STACK_AREA)
		va = 0;
	else
		device_next += size;
	spin_unlock(&kernel_lock);
	if (!va || mmu_kernel_map(va, pa - offset, size, prot))
		return NULL;
	return (void *)(va + offset);
}

void *mmu_map_device(phys_addr_t pa, size_t size)
{
	return map_somewhere(pa, size, PTE_READ | PTE_WRITE | PTE_UNCACHED);
}

const void *mmu_map_firmware(phys_addr_t pa, size_t size)
{
	return map_somewhere(pa, size, PTE_READ);
}
