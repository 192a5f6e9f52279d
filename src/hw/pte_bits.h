/*
 * What can be said of an entry by single bits, whatever their places. Part of arch/mmu.h, which
 * includes this behind its definitions of PTE_BIT_ACCESSED, PTE_BIT_DIRTY, PTE_BIT_USER and
 * PTE_PHYS_MASK.
 */
#include "arch/mmu.h" /* before the guard: whichever is included first, the bits come first */

#ifndef ARAMID_HW_PTE_BITS_H
#define ARAMID_HW_PTE_BITS_H

#include "hw/pte.h"

static inline bool pte_young(pte_t pte)
{
	return pte.v & PTE_BIT_ACCESSED;
}

static inline bool pte_user(pte_t pte)
{
	return pte.v & PTE_BIT_USER;
}

static inline phys_addr_t pte_phys(pte_t pte)
{
	return pte.v & PTE_PHYS_MASK;
}

static inline pte_t pte_mkdirty(pte_t pte)
{
	return (pte_t){pte.v | PTE_BIT_DIRTY};
}

static inline pte_t pte_mkold(pte_t pte)
{
	return (pte_t){pte.v & ~PTE_BIT_ACCESSED};
}

static inline pte_t pte_mkyoung(pte_t pte)
{
	return (pte_t){pte.v | PTE_BIT_ACCESSED};
}

#endif
