/*
 * Inlines of hw/mmu.h for arm64: stage 1 page descriptors with 4 KiB granule and 48-bit addresses
 * (Arm ARM, D8.3). Dirty state is kept by software where hardware does not: DBM marks a page that
 * may be written, AP[2] (read-only) clear means that it has been.
 */
#ifndef ARAMID_ARM64_ARCH_MMU_H
#define ARAMID_ARM64_ARCH_MMU_H

#include "hw/direct_map.h"
#include "hw/pte.h"
#include "lib/types.h"

#define MMU_USER_MIN 0x10000ul
#define MMU_USER_MAX 0xfffffffff000ul

#define PTE_BIT_VALID     0x1ull
#define PTE_BIT_PAGE      0x2ull
#define PTE_ATTR(n)       ((u64)(n) << 2) /* index into MAIR_EL1: 0 normal memory, 1 device */
#define PTE_BIT_USER      0x40ull         /* AP[1] */
#define PTE_BIT_READONLY  0x80ull         /* AP[2] */
#define PTE_SHARED_INNER  0x300ull
#define PTE_BIT_ACCESSED  0x400ull
#define PTE_BIT_NOTGLOBAL 0x800ull
#define PTE_BIT_DBM       (1ull << 51)
#define PTE_BIT_PXN       (1ull << 53)
#define PTE_BIT_UXN       (1ull << 54)
#define PTE_BIT_NONE      (1ull << 55) /* ours: mapped, but not valid */
#define PTE_BIT_DIRTY     (1ull << 56) /* ours */
#define PTE_PHYS_MASK     0x0000fffffffff000ull

#include "hw/pte_bits.h"

static inline pte_t pte_make(phys_addr_t pa, unsigned int prot)
{
	u64 v = pa | PTE_BIT_PAGE | PTE_BIT_ACCESSED | PTE_SHARED_INNER;

	v |= prot & (PTE_READ | PTE_WRITE | PTE_EXEC) ? PTE_BIT_VALID : PTE_BIT_NONE;
	v |= prot & PTE_WRITE ? PTE_BIT_DBM : PTE_BIT_READONLY;
	v |= prot & PTE_USER ? PTE_BIT_USER | PTE_BIT_PXN : PTE_BIT_UXN;
	v |= prot & PTE_UNCACHED ? PTE_ATTR(1) : PTE_ATTR(0);
	v |= prot & PTE_GLOBAL ? 0 : PTE_BIT_NOTGLOBAL;
	v |= prot & PTE_EXEC ? 0 : PTE_BIT_PXN | PTE_BIT_UXN;
	return (pte_t){v};
}

static inline bool pte_present(pte_t pte)
{
	return pte.v & (PTE_BIT_VALID | PTE_BIT_NONE);
}

static inline bool pte_prot_none(pte_t pte)
{
	return pte.v & PTE_BIT_NONE;
}

static inline bool pte_writable(pte_t pte)
{
	return pte.v & PTE_BIT_DBM;
}

static inline bool pte_executable(pte_t pte)
{
	return !(pte.v & (pte.v & PTE_BIT_USER ? PTE_BIT_UXN : PTE_BIT_PXN));
}

static inline bool pte_dirty(pte_t pte)
{
	return (pte.v & PTE_BIT_DIRTY) || ((pte.v & PTE_BIT_DBM) && !(pte.v & PTE_BIT_READONLY));
}

static inline pte_t pte_wrprotect(pte_t pte)
{
	u64 dirty = pte_dirty(pte) ? PTE_BIT_DIRTY : 0;
	return (pte_t){(pte.v & ~PTE_BIT_DBM) | PTE_BIT_READONLY | dirty};
}

static inline pte_t pte_mkwrite(pte_t pte)
{
	return (pte_t){(pte.v | PTE_BIT_DBM) & ~PTE_BIT_READONLY};
}

static inline pte_t pte_mkclean(pte_t pte)
{
	return (pte_t){(pte.v & ~PTE_BIT_DIRTY) | PTE_BIT_READONLY};
}

static inline pte_t pte_change_prot(pte_t pte, unsigned int prot)
{
	u64 v = pte_make(pte_phys(pte), prot).v & ~PTE_BIT_ACCESSED;
	v |= pte.v & PTE_BIT_ACCESSED;
	return (pte_t){v | (pte_dirty(pte) ? PTE_BIT_DIRTY : 0)};
}

static inline void pte_write(pte_t *p, pte_t pte)
{
	WRITE_ONCE(p->v, pte.v);
	__asm__ volatile("dsb ishst" ::: "memory");
}

#endif
