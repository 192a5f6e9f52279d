/*
 * What mmu_map_firmware() of the hosted build maps.
 */
#ifndef HOST_FIRMWARE_H
#define HOST_FIRMWARE_H

#include <stddef.h>

/* Physical memory from address 0 on is a copy of data. */
void host_firmware_set(const void *data, size_t size);

#endif
