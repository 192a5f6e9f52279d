/*
 * Inlines of hw/mmu.h for x86_64: four-level page tables (Intel SDM volume 3, 4.5).
 */
#ifndef ARAMID_X86_64_ARCH_MMU_H
#define ARAMID_X86_64_ARCH_MMU_H

#include "hw/direct_map.h"
#include "hw/pte.h"
#include "lib/types.h"

#define MMU_USER_MIN 0x10000ul
/* One page short of the canonical half: no instruction may end at its very border (sysret). */
#define MMU_USER_MAX 0x7ffffffff000ul

/* Bits of an entry. */
#define PTE_BIT_PRESENT  0x001ull
#define PTE_BIT_WRITE    0x002ull
#define PTE_BIT_USER     0x004ull
#define PTE_BIT_PWT      0x008ull
#define PTE_BIT_PCD      0x010ull
#define PTE_BIT_ACCESSED 0x020ull
#define PTE_BIT_DIRTY    0x040ull
#define PTE_BIT_LARGE    0x080ull
#define PTE_BIT_GLOBAL   0x100ull
#define PTE_BIT_NONE     0x200ull /* ours: mapped, but present is clear so that every access faults */
#define PTE_BIT_NX       0x8000000000000000ull
#define PTE_PHYS_MASK    0x000ffffffffff000ull

extern u64 mmu_nx; /* PTE_BIT_NX where the processor has it, else 0 */

#include "hw/pte_bits.h"

static inline pte_t pte_make(phys_addr_t pa, unsigned int prot)
{
	u64 v = pa | PTE_BIT_ACCESSED;

	v |= prot & (PTE_READ | PTE_WRITE | PTE_EXEC) ? PTE_BIT_PRESENT : PTE_BIT_NONE;
	v |= prot & PTE_WRITE ? PTE_BIT_WRITE : 0;
	v |= prot & PTE_USER ? PTE_BIT_USER : 0;
	v |= prot & PTE_UNCACHED ? PTE_BIT_PCD | PTE_BIT_PWT : 0;
	v |= prot & PTE_GLOBAL ? PTE_BIT_GLOBAL : 0;
	v |= prot & PTE_EXEC ? 0 : mmu_nx;
	return (pte_t){v};
}

/* Maps a frame, accessible or (PROT_NONE) not. */
static inline bool pte_present(pte_t pte)
{
	return pte.v & (PTE_BIT_PRESENT | PTE_BIT_NONE);
}

/* Maps a frame that no access may use. */
static inline bool pte_prot_none(pte_t pte)
{
	return pte.v & PTE_BIT_NONE;
}

static inline bool pte_writable(pte_t pte)
{
	return pte.v & PTE_BIT_WRITE;
}

static inline bool pte_executable(pte_t pte)
{
	return !(pte.v & PTE_BIT_NX);
}

static inline bool pte_dirty(pte_t pte)
{
	return pte.v & PTE_BIT_DIRTY;
}

static inline pte_t pte_wrprotect(pte_t pte)
{
	return (pte_t){pte.v & ~PTE_BIT_WRITE};
}

static inline pte_t pte_mkwrite(pte_t pte)
{
	return (pte_t){pte.v | PTE_BIT_WRITE};
}

static inline pte_t pte_mkclean(pte_t pte)
{
	return (pte_t){pte.v & ~PTE_BIT_DIRTY};
}

static inline pte_t pte_change_prot(pte_t pte, unsigned int prot)
{
	u64 kept = pte.v & (PTE_BIT_DIRTY | PTE_BIT_ACCESSED);
	return (pte_t){(pte_make(pte_phys(pte), prot).v & ~PTE_BIT_ACCESSED) | kept};
}

static inline void pte_write(pte_t *p, pte_t pte)
{
	WRITE_ONCE(p->v, pte.v);
}

#endif
