/* What is not freed, for tests that look for leaks. */
#ifndef HOST_OBJECTS_H
#define HOST_OBJECTS_H

#include <stddef.h>

size_t host_objects_outstanding(void); /* kmalloc and slabs */
size_t host_pages_outstanding(void);

#endif
