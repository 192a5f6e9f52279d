/* Between kmalloc.c and page.c: one count of allocations, one switch that makes them fail. */
#ifndef HOST_MEMORY_INT_H
#define HOST_MEMORY_INT_H

#include <stdbool.h>

bool host_alloc_should_fail(unsigned int mm_flags);

#endif
