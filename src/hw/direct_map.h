/*
 * The direct map: all RAM, at direct_map_base, which is chosen at boot. Part of arch/mmu.h.
 */
#ifndef ARAMID_HW_DIRECT_MAP_H
#define ARAMID_HW_DIRECT_MAP_H

#include "lib/types.h"

extern unsigned long direct_map_base;

static inline void *phys_to_direct(phys_addr_t pa)
{
	return (void *)(direct_map_base + pa);
}

static inline phys_addr_t direct_to_phys(const void *p)
{
	return (unsigned long)p - direct_map_base;
}

#endif
