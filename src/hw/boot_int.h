/*
 * How entry code fills boot_info; see hw/boot.h.
 */
#ifndef ARAMID_HW_BOOT_INT_H
#define ARAMID_HW_BOOT_INT_H

#include "hw/boot.h"

/* More than any machine has; keeps arithmetic on hostile maps from overflowing. */
#define BOOT_PHYS_MAX (1ull << 46)

/* Adds a range to the sorted map; it replaces what it overlaps. Any values. */
void boot_range_add(struct boot_info *info, phys_addr_t base, u64 size, enum memory_kind kind);

/* Copies at most limit bytes of a command line, cut to size. */
void boot_cmdline_set(struct boot_info *info, const char *text, size_t limit);

#endif
