/*
 * The first stage, before relocation; see early.c.
 */
#ifndef ARAMID_X86_64_EARLY_INT_H
#define ARAMID_X86_64_EARLY_INT_H

#include "lib/types.h"

struct early_result {
	bool has_1g, has_smap;
	u64 entry_tsc;
	/* A page of RAM below 1 MiB for the code with which other CPUs start; 0: none. */
	phys_addr_t trampoline;
};
extern struct early_result early;

extern unsigned long kernel_base;
extern phys_addr_t mmu_kernel_root;

/* Called by boot.S. Returns the tables' root. */
phys_addr_t boot_early(u32 magic, phys_addr_t info);

/* Fills boot_info from struct hvm_start_info (magic 0) or multiboot2's tags. */
void early_info_read(u32 magic, phys_addr_t info);

#endif
