#include <stdlib.h>
#include <string.h>

#include "host_mmu.h"
#include "hw/mmu.h"
#include "hw/thread.h"
#include "lib/assert.h"
#include "mm/mm.h"

#define TABLES_MAX  4096
#define TABLE_REACH 0x200000ul
#define TLB_MAX     65536

/* mmu->root points at one of these: leaf tables, sorted by address. */
struct host_tables {
	unsigned int count;
	struct {
		unsigned long va;
		pte_t *entries;
	} table[TABLES_MAX];
};

struct tlb_entry {
	struct mmu *mmu;
	unsigned long va;
	pte_t pte;
};

static struct tlb_entry tlb[TLB_MAX];
static unsigned int tlb_count;
static size_t flushes, faults;
static struct mm *current_mm;

static struct host_tables *tables_of(struct mmu *mmu)
{
	return (struct host_tables *)(unsigned long)mmu->root;
}

int mmu_init(struct mmu *mmu)
{
	struct host_tables *tables = kmalloc(sizeof(*tables), MM_ATOMIC);

	if (!tables)
		return -ENOMEM;
	tables->count = 0;
	mmu->root = (unsigned long)tables;
	mmu->cpus = 0;
	mmu->tables = 1;
	return 0;
}

void mmu_destroy(struct mmu *mmu)
{
	struct host_tables *tables = tables_of(mmu);

	for (unsigned int i = 0; i < tables->count; i++) {
		for (unsigned int e = 0; e < 512; e++)
			VERIFY(pte_none(tables->table[i].entries[e]));
		kfree(tables->table[i].entries);
	}
	kfree(tables);
}

/* Index of the first table that ends behind va. */
static unsigned int table_search(struct host_tables *tables, unsigned long va)
{
	unsigned int low = 0, high = tables->count;

	while (low < high) {
		unsigned int middle = (low + high) / 2;

		if (tables->table[middle].va + TABLE_REACH > va)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

pte_t *mmu_pte(struct mmu *mmu, unsigned long va, bool create)
{
	struct host_tables *tables = tables_of(mmu);
	unsigned int at = table_search(tables, va);

	VERIFY_LT(va, MMU_USER_MAX);
	if (at == tables->count || tables->table[at].va > va) {
		pte_t *entries;

		if (!create || tables->count == TABLES_MAX)
			return NULL;
		entries = kcalloc(512, sizeof(pte_t), MM_ATOMIC);
		if (!entries)
			return NULL;
		memmove(&tables->table[at + 1], &tables->table[at],
			(tables->count - at) * sizeof(tables->table[0]));
		tables->table[at].va = va & ~(TABLE_REACH - 1);
		tables->table[at].entries = entries;
		tables->count++;
		mmu->tables++;
	}
	return &tables->table[at].entries[va >> PAGE_SHIFT & 511];
}

unsigned long mmu_next_table(struct mmu *mmu, unsigned long va, unsigned long end)
{
	struct host_tables *tables = tables_of(mmu);
	unsigned int at = table_search(tables, va);

	return at == tables->count ? end : min(max(va, tables->table[at].va), end);
}

void mmu_free_tables(struct mmu *mmu, unsigned long start, unsigned long end)
{
	struct host_tables *tables = tables_of(mmu);
	unsigned int kept = 0;

	for (unsigned int i = 0; i < tables->count; i++) {
		if (tables->table[i].va < start || tables->table[i].va + TABLE_REACH > end) {
			tables->table[kept++] = tables->table[i];
			continue;
		}
		for (unsigned int e = 0; e < 512; e++)
			VERIFY(pte_none(tables->table[i].entries[e]));
		kfree(tables->table[i].entries);
		mmu->tables--;
	}
	tables->count = kept;
}

void mmu_flush_range(struct mmu *mmu, unsigned long start, unsigned long end)
{
	flushes++;
	for (unsigned int i = 0; i < tlb_count;)
		if (tlb[i].mmu == mmu && tlb[i].va >= start && tlb[i].va < end)
			tlb[i] = tlb[--tlb_count];
		else
			i++;
}

void mmu_flush_all(struct mmu *mmu)
{
	mmu_flush_range(mmu, 0, MMU_USER_MAX);
}

void mmu_flush_local(unsigned long va)
{
	if (current_mm)
		mmu_flush_range(&current_mm->mmu, va, va + PAGE_SIZE);
}

struct mm *mm_current(void)
{
	return current_mm;
}

void thread_count_fault(bool major)
{
}

void host_mm_set(struct mm *mm)
{
	current_mm = mm;
	tlb_count = 0;
}

static bool pte_allows(pte_t pte, unsigned int need)
{
	return !pte_none(pte) && (pte.v & PTE_USER) && (pte.v & need) == need;
}

/* The translation that the processor uses, if it allows the access. */
static pte_t *translate(unsigned long va, unsigned int need)
{
	struct mmu *mmu = &current_mm->mmu;

	for (unsigned int i = 0; i < tlb_count; i++)
		if (tlb[i].mmu == mmu && tlb[i].va == va && pte_allows(tlb[i].pte, need))
			return &tlb[i].pte;
	/* Not known, or known to allow less: the tables are asked. */
	pte_t *entry = va < MMU_USER_MAX ? mmu_pte(mmu, va, false) : NULL;

	if (!entry || !pte_allows(*entry, need))
		return NULL;
	if (need & PTE_WRITE)
		*entry = pte_mkdirty(*entry);
	for (unsigned int i = 0; i < tlb_count; i++)
		if (tlb[i].mmu == mmu && tlb[i].va == va) {
			tlb[i].pte = *entry;
			return &tlb[i].pte;
		}
	VERIFY_LT(tlb_count, TLB_MAX);
	tlb[tlb_count] = (struct tlb_entry){mmu, va, *entry};
	return &tlb[tlb_count++].pte;
}

static int user_access(unsigned long va, unsigned int need, unsigned int access, u8 **byte)
{
	for (int tries = 0;; tries++) {
		pte_t *pte = translate(va & PAGE_MASK, need);
		int sig, code;

		if (pte) {
			struct page *page = page_from_phys(pte_phys(*pte));

			VERIFY(page->refs > 0);
			VERIFY(!page_flag_test(page, PG_BUDDY));
			*byte = (u8 *)page_address(page) + (va & (PAGE_SIZE - 1));
			return 0;
		}
		VERIFY_LT(tries, 10);
		faults++;
		sig = mm_fault(va, access, true, &code);
		if (sig)
			return sig;
	}
}

int host_user_load(unsigned long va, u8 *value)
{
	u8 *byte;
	int sig = user_access(va, PTE_READ, 0, &byte);

	if (!sig)
		*value = *byte;
	return sig;
}

int host_user_store(unsigned long va, u8 value)
{
	u8 *byte;
	int sig = user_access(va, PTE_WRITE, 1, &byte);

	if (!sig)
		*byte = value;
	return sig;
}

int host_user_fetch(unsigned long va)
{
	u8 *byte;

	return user_access(va, PTE_EXEC, 2, &byte);
}

size_t host_mmu_flushes(void)
{
	return flushes;
}

size_t host_user_faults(void)
{
	return faults;
}
