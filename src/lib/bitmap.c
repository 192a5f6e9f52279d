#include "lib/bitmap.h"
#include "lib/string.h"

/* 64 bits from position at (a multiple of 8), those at or beyond size as zeros. */
static u64 bits_at(const void *map, size_t size, size_t at)
{
	const u8 *p = (const u8 *)map + at / 8;
	u64 word = 0;

	if (size - at >= 64)
		return le64_load(p);
	for (size_t i = 0; at + i < size; i += 8)
		word |= (u64)*p++ << i;
	return word & ((1ull << (size - at)) - 1);
}

/* invert is 0 or all ones: the search is for a set bit of map ^ invert. */
static size_t find(const void *map, size_t size, size_t from, u64 invert)
{
	if (from >= size)
		return size;
	for (size_t at = from & ~(size_t)7; at < size; at += 64) {
		u64 word = bits_at(map, size, at) ^ invert;
		if (at < from)
			word &= ~0ull << (from - at);
		if (word)
			return min(at + (size_t)__builtin_ctzll(word), size);
	}
	return size;
}

size_t bitmap_find_set(const void *map, size_t size, size_t from)
{
	return find(map, size, from, 0);
}

size_t bitmap_find_zero(const void *map, size_t size, size_t from)
{
	return find(map, size, from, ~0ull);
}

size_t bitmap_find_last_set(const void *map, size_t size)
{
	for (size_t end = round_up(size, 64); end; end -= 64) {
		u64 word = bits_at(map, size, end - 64);
		if (word)
			return end - 64 + ilog2(word);
	}
	return size;
}

size_t bitmap_find_zero_run(const void *map, size_t size, size_t from, size_t count)
{
	while (from < size && count <= size - from) {
		size_t start = bitmap_find_zero(map, size, from);
		if (start >= size || count > size - start)
			break;
		size_t end = bitmap_find_set(map, start + count, start);
		if (end == start + count)
			return start;
		from = end + 1;
	}
	return size;
}

static void fill_range(void *map, size_t first, size_t count, bool value)
{
	u8 *bytes = map;
	size_t end = first + count;

	while (first < end) {
		size_t bit = first % 8;
		if (bit == 0 && end - first >= 8) {
			size_t whole = (end - first) / 8;
			memset(bytes + first / 8, value ? 0xff : 0, whole);
			first += whole * 8;
			continue;
		}
		size_t n = min(end - first, 8 - bit);
		u8 mask = (u8)(((1u << n) - 1) << bit);
		if (value)
			bytes[first / 8] |= mask;
		else
			bytes[first / 8] &= (u8)~mask;
		first += n;
	}
}

void bitmap_set_range(void *map, size_t first, size_t count)
{
	fill_range(map, first, count, true);
}

void bitmap_clear_range(void *map, size_t first, size_t count)
{
	fill_range(map, first, count, false);
}

size_t bitmap_weight(const void *map, size_t first, size_t count)
{
	size_t end = first + count, weight = 0;

	for (size_t at = first & ~(size_t)7; at < end; at += 64) {
		u64 word = bits_at(map, end, at);
		if (at < first)
			word &= ~0ull << (first - at);
		/* Counted by halves: the processor's popcnt may not exist. */
		word -= (word >> 1) & 0x5555555555555555;
		word = (word & 0x3333333333333333) + ((word >> 2) & 0x3333333333333333);
		word = (word + (word >> 4)) & 0x0f0f0f0f0f0f0f0f;
		weight += (word * 0x0101010101010101) >> 56;
	}
	return weight;
}
