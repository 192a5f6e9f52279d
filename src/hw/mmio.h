/*
 * Access to device registers mapped by mmu_map_device(): exact width, never reordered against each other. Memory that a device
 * reads or writes by itself is ordered with atomic_fence_*() by the drivers.
 */
#ifndef ARAMID_HW_MMIO_H
#define ARAMID_HW_MMIO_H

#include "lib/types.h"

#define MMIO_ACCESSORS(bits)                                                                       \
	static inline u##bits mmio_read##bits(const volatile void *reg)                            \
	{                                                                                          \
		u##bits value = *(const volatile u##bits *)reg;                                    \
		barrier();                                                                         \
		return value;                                                                      \
	}                                                                                          \
	static inline void mmio_write##bits(volatile void *reg, u##bits value)                     \
	{                                                                                          \
		barrier();                                                                         \
		*(volatile u##bits *)reg = value;                                                  \
	}
MMIO_ACCESSORS(8)
MMIO_ACCESSORS(16)
MMIO_ACCESSORS(32)

#endif
