/*
 * Page-table entries, as far as they are alike everywhere: 64 bits, 512 to a table, frames of 4
 * KiB. What the bits mean is in arch/mmu.h; see hw/mmu.h.
 */
#ifndef ARAMID_HW_PTE_H
#define ARAMID_HW_PTE_H

#include "lib/types.h"

/* What an entry allows. Without READ, WRITE and EXEC it keeps its frame, but no access may use it
 * (PROT_NONE). */
enum pte_prot {
	PTE_READ = 1,
	PTE_WRITE = 2,
	PTE_EXEC = 4,
	PTE_USER = 8,
	PTE_UNCACHED = 16,
	PTE_GLOBAL = 32,
};

typedef struct {
	u64 v;
} pte_t;

static inline bool pte_none(pte_t pte)
{
	return !pte.v;
}

static inline pte_t pte_read(const pte_t *p)
{
	return (pte_t){READ_ONCE(p->v)};
}

/* Also what clears an entry that the processor may be marking dirty. */
static inline pte_t pte_exchange(pte_t *p, pte_t pte)
{
	return (pte_t){__atomic_exchange_n(&p->v, pte.v, __ATOMIC_ACQ_REL)};
}

/* Writes pte if the entry still is old; else false: the processor set a bit meanwhile. */
static inline bool pte_replace(pte_t *p, pte_t old, pte_t pte)
{
	return __atomic_compare_exchange_n(&p->v, &old.v, pte.v, false, __ATOMIC_ACQ_REL,
					   __ATOMIC_RELAXED);
}

/* The end of va's leaf table's reach, up to which pte + 1 maps the next page. */
static inline unsigned long pte_in_table_end(unsigned long va)
{
	return (va | 0x1ffffful) + 1;
}

#endif
