/* "Physical" memory for the tests of firmware tables: one buffer, at addresses from 0 on. */
#include "host_firmware.h"

#include <stdlib.h>
#include <string.h>

#include "hw/boot.h"
#include "hw/mmu.h"

static unsigned char *memory;
static size_t memory_size;

void host_firmware_set(const void *data, size_t size)
{
	free(memory);
	memory = malloc(size);
	memory_size = size;
	memcpy(memory, data, size);
}

/* A copy of its own for each mapping, so that the sanitizer sees every read beyond it. As in the
 * kernel, mappings stay for good; the list keeps them from being leaks. */
static struct mapping {
	struct mapping *next;
	unsigned char bytes[];
} * mappings;

const void *mmu_map_firmware(phys_addr_t pa, size_t size)
{
	struct mapping *mapping;

	if (pa >= memory_size || size > memory_size - pa)
		return NULL;
	mapping = malloc(sizeof(*mapping) + size);
	mapping->next = mappings;
	mappings = mapping;
	return memcpy(mapping->bytes, memory + pa, size);
}
