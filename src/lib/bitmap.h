/*
 * Bitmaps of any length in ordinary memory: bit n is bit n % 8 of byte n / 8, which is also the
 * order on ext2-4's disks, on every machine. No alignment is asked for, and no byte beyond the one
 * of the last bit is touched. Positions and sizes are in bits. Not atomic: the owner locks.
 */
#ifndef LIB_BITMAP_H
#define LIB_BITMAP_H

#include "lib/types.h"

#define BITMAP_BYTES(bits) (((bits) + 7) / 8)
/* A bitmap as a variable or member; it may also be used as an array of words. */
#define BITMAP_DECLARE(name, bits) unsigned long name[((bits) + 63) / 64]

static inline bool bitmap_test(const void *map, size_t n)
{
	return (((const u8 *)map)[n / 8] >> (n % 8)) & 1;
}
static inline void bitmap_set(void *map, size_t n)
{
	((u8 *)map)[n / 8] |= (u8)(1u << (n % 8));
}
static inline void bitmap_clear(void *map, size_t n)
{
	((u8 *)map)[n / 8] &= (u8) ~(1u << (n % 8));
}

void bitmap_set_range(void *map, size_t first, size_t count);
void bitmap_clear_range(void *map, size_t first, size_t count);

/* The first bit at or after `from` and below `size` that is set (or zero); `size` if none is. */
size_t bitmap_find_set(const void *map, size_t size, size_t from);
size_t bitmap_find_zero(const void *map, size_t size, size_t from);
/* The last one below `size`; `size` if none is. */
size_t bitmap_find_last_set(const void *map, size_t size);
/* The first of `count` zero bits in a row, all in [from, size); `size` if there is no such run. */
size_t bitmap_find_zero_run(const void *map, size_t size, size_t from, size_t count);

/* How many of the bits [first, first + count) are set. */
size_t bitmap_weight(const void *map, size_t first, size_t count);
static inline bool bitmap_all_set(const void *map, size_t first, size_t count)
{
	return bitmap_find_zero(map, first + count, first) == first + count;
}
static inline bool bitmap_all_zero(const void *map, size_t first, size_t count)
{
	return bitmap_find_set(map, first + count, first) == first + count;
}

#endif
