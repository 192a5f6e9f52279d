/*
 * Page tables and TLBs.
 *
 * struct mmu is one address space's tables; src/mm wraps it in struct mm and decides what is
 * mapped. The kernel half is shared by all. Tables have four levels with 512 entries; a leaf entry
 * is a pte_t (opaque value with the inlines of arch/mmu.h):
 *
 *   pte_t pte_make(phys_addr_t pa, unsigned int prot);   prot: PTE_* below
 *   bool pte_present(pte_t), pte_none(pte_t), pte_writable(), pte_dirty(), pte_young(), pte_user()
 *   phys_addr_t pte_phys(pte_t)
 *   pte_t pte_wrprotect(pte_t), pte_mkwrite(pte_t), pte_mkclean(), pte_mkdirty(), pte_mkold(),
 * pte_mkyoung() pte_t pte_change_prot(pte_t, unsigned int prot)      keeps pa, dirty and young
 *   pte_t pte_read(pte_t *), void pte_write(pte_t *, pte_t)   atomic single accesses
 *   pte_t pte_exchange(pte_t *, pte_t)                   atomic; needed where hardware sets dirty
 *   PTE_PROT_NONE: an entry that is mapped but that no access may use (mprotect PROT_NONE keeps the
 * page)
 *
 * Changing entries is the caller's business under the address space's page-table lock; flushing is
 * asked for explicitly: first the entries change, then mmu_flush_range(), then frames are freed
 * (rule 3 of the design).
 */
#ifndef ARAMID_HW_MMU_H
#define ARAMID_HW_MMU_H

#include "hw/pte.h"
#include "lib/types.h"
#include "mm/page.h"

#include "arch/mmu.h"

/*
 * arch/mmu.h also has, for all RAM of boot_info (page_address() and friends are built on them):
 *   void *phys_to_direct(phys_addr_t pa), phys_addr_t direct_to_phys(const void *p)
 * The base, direct_map_base, is chosen at boot.
 */

struct mmu {
	phys_addr_t root;
	u64 cpus;              /* atomic: CPUs on which this space is or lately was loaded */
	size_t tables;         /* frames used by page tables, for accounting */
	struct list_head list; /* hw's: the tables themselves */
};

/* User addresses are [MMU_USER_MIN, MMU_USER_MAX): constants of arch/mmu.h. */

int __must_check mmu_init(struct mmu *mmu); /* an empty user half; -ENOMEM */
/* Frees the tables (not the frames mapped). No CPU uses the space any more, and every leaf entry
 * has been cleared. */
void mmu_destroy(struct mmu *mmu);

/* Leaf entry for a user address. create: allocates tables on the way. NULL: none, or out of memory.
 */
pte_t *mmu_pte(struct mmu *mmu, unsigned long va, bool create);

/*
 * First address >= va and < end whose leaf table exists, so that sparse ranges are skipped fast;
 * end if none. pte_in_table_end(va): the end of va's leaf table's reach (arch/mmu.h), up to which
 * pte + 1 is va's neighbour.
 */
unsigned long mmu_next_table(struct mmu *mmu, unsigned long va, unsigned long end);

/* Frees leaf and upper tables that lie wholly in [start, end) after their entries were cleared and
 * flushed. */
void mmu_free_tables(struct mmu *mmu, unsigned long start, unsigned long end);

/* Loads the space on this CPU (scheduler). NULL: the kernel's own tables. */
void mmu_switch(struct mmu *mmu);

/* Makes every CPU forget translations of [start, end); waits for them. Interrupts on, sleeping
 * locks only (or a page-table spinlock, which is never taken in interrupt context). */
void mmu_flush_range(struct mmu *mmu, unsigned long start, unsigned long end);
void mmu_flush_all(struct mmu *mmu);
/* Only this CPU: enough after making an entry more permissive (others fault spuriously and retry).
 */
void mmu_flush_local(unsigned long va);

/* Kernel virtual areas outside the direct map: kernel stacks, device registers. -ENOMEM. */
int __must_check mmu_kernel_map(unsigned long va, phys_addr_t pa, size_t size, unsigned int prot);
void mmu_kernel_unmap(unsigned long va, size_t size); /* flushes everywhere */
/* Device registers; never fails on a sane address, NULL when out of kernel address space. */
void *mmu_map_device(phys_addr_t pa, size_t size);

/* Firmware tables, which may lie anywhere: mapped read-only and cached, for good. NULL as above. */
const void *mmu_map_firmware(phys_addr_t pa, size_t size);

/* Kernel stacks: THREAD_STACK_SIZE bytes with an unmapped guard page below. Returns the lowest
 * address. */
#define THREAD_STACK_SIZE 16384
void *kernel_stack_alloc(void);
void kernel_stack_free(void *stack);

#endif
