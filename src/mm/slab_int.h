/* What kmalloc and start-up need of the slab allocator. */
#ifndef ARAMID_MM_SLAB_INT_H
#define ARAMID_MM_SLAB_INT_H

#include "mm/kmalloc.h"

void slab_init(void);
void kmalloc_init(void);
size_t slab_object_size(struct slab_cache *cache);

#endif
