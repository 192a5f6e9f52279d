/*
 * Sorting in place: heap sort, O(n log n) whatever the input, no memory and no recursion. Equal
 * elements may change their order.
 */
#ifndef LIB_SORT_H
#define LIB_SORT_H

#include "lib/types.h"

/* cmp is negative, 0 or positive, as for qsort. */
void sort(void *base, size_t n, size_t size, int (*cmp)(const void *a, const void *b));

#endif
