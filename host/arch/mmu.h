/*
 * Page-table entries of the hosted "machine": the frame's address, what is allowed, and two bits
 * that no processor ever sets by itself. There are no tables behind them here.
 */
#ifndef HOST_ARCH_MMU_H
#define HOST_ARCH_MMU_H

#include "hw/pte.h"
#include "lib/types.h"

#define MMU_USER_MIN 0x10000ul
#define MMU_USER_MAX 0x7ffffffff000ul

#define PTE_SOFT_PROT    0x03full
#define PTE_SOFT_MAPPED  0x100ull
#define PTE_BIT_DIRTY    0x200ull
#define PTE_BIT_ACCESSED 0x400ull
#define PTE_BIT_USER     ((u64)PTE_USER)
#define PTE_PHYS_MASK    (~0xfffull)

void *phys_to_direct(phys_addr_t pa);
phys_addr_t direct_to_phys(const void *p);

#include "hw/pte_bits.h"

static inline pte_t pte_make(phys_addr_t pa, unsigned int prot)
{
	return (pte_t){pa | prot | PTE_SOFT_MAPPED | PTE_BIT_ACCESSED};
}

static inline bool pte_present(pte_t pte)
{
	return pte.v & PTE_SOFT_MAPPED;
}

static inline bool pte_prot_none(pte_t pte)
{
	return pte_present(pte) && !(pte.v & (PTE_READ | PTE_WRITE | PTE_EXEC));
}

static inline bool pte_writable(pte_t pte)
{
	return pte.v & PTE_WRITE;
}

static inline bool pte_executable(pte_t pte)
{
	return pte.v & PTE_EXEC;
}

static inline bool pte_dirty(pte_t pte)
{
	return pte.v & PTE_BIT_DIRTY;
}

static inline pte_t pte_wrprotect(pte_t pte)
{
	return (pte_t){pte.v & ~(u64)PTE_WRITE};
}

static inline pte_t pte_mkwrite(pte_t pte)
{
	return (pte_t){pte.v | PTE_WRITE};
}

static inline pte_t pte_mkclean(pte_t pte)
{
	return (pte_t){pte.v & ~PTE_BIT_DIRTY};
}

static inline pte_t pte_change_prot(pte_t pte, unsigned int prot)
{
	return (pte_t){(pte.v & ~PTE_SOFT_PROT) | prot};
}

static inline void pte_write(pte_t *p, pte_t pte)
{
	WRITE_ONCE(p->v, pte.v);
}

#endif
