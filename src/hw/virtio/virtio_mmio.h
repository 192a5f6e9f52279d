/* How virtio-mmio devices come to be known. */
#ifndef ARAMID_HW_VIRTIO_MMIO_H
#define ARAMID_HW_VIRTIO_MMIO_H

#include "lib/types.h"

/* Probes one slot; an empty one is silently skipped. */
void virtio_mmio_found(phys_addr_t base, u64 size, unsigned int gsi, bool level, bool active_low);

/* The value of one virtio_mmio.device= parameter. */
void virtio_mmio_parameter(const char *text);

#endif
