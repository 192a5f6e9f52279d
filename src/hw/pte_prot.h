/* What a page-table entry allows; see hw/mmu.h. */
#ifndef ARAMID_HW_PTE_PROT_H
#define ARAMID_HW_PTE_PROT_H

/* Without READ, WRITE and EXEC an entry keeps its frame, but no access may use it (PROT_NONE). */
enum pte_prot {
	PTE_READ = 1,
	PTE_WRITE = 2,
	PTE_EXEC = 4,
	PTE_USER = 8,
	PTE_UNCACHED = 16,
	PTE_GLOBAL = 32,
};

#endif
