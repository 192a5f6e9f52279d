/*
 * Radix trees against a plain array: the input is a program of insertions, removals, tags and
 * lookups, with allocations that fail, and both must agree after every step.
 */
#include <stdlib.h>
#include <string.h>

#include "host_memory.h"
#include "lib/assert.h"
#include "lib/radix.h"
#include "mm/kmalloc.h"

enum { SLOTS = 256 };

static const u8 item;

/* 256 indices, some dense, some far apart. */
static u64 index_of(u8 slot)
{
	return slot < 128 ? slot : ((u64)slot << ((slot & 7) * 7)) + 1000;
}

static void check_search(const struct radix *tree, const bool *dirty, u64 from)
{
	u64 at = from, expected = U64_MAX;

	for (unsigned s = 0; s < SLOTS; s++)
		if (dirty[s] && index_of((u8)s) >= from)
			expected = min(expected, index_of((u8)s));
	void *found = radix_find_tagged(tree, &at, U64_MAX, RADIX_DIRTY);
	VERIFY_EQ(found != NULL, expected != U64_MAX);
	if (found)
		VERIFY_EQ(at, expected);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	bool present[SLOTS] = {false}, dirty[SLOTS] = {false};
	struct radix tree;

	radix_init(&tree);
	for (size_t i = 0; i + 1 < size; i += 2) {
		u8 slot = data[i + 1];
		u64 index = index_of(slot);

		switch (data[i] % 5) {
		case 0: {
			host_alloc_fail_nth(data[i] / 5 % 8);
			int error = radix_insert(&tree, index, (void *)&item, MM_NORMAL);
			host_alloc_fail_nth(0);
			VERIFY_EQ(error == -EEXIST, present[slot]);
			present[slot] |= error == 0;
			break;
		}
		case 1:
			VERIFY_EQ(radix_delete(&tree, index) != NULL, present[slot]);
			present[slot] = dirty[slot] = false;
			break;
		case 2:
			radix_tag_set(&tree, index, RADIX_DIRTY);
			dirty[slot] = present[slot];
			break;
		case 3:
			radix_tag_clear(&tree, index, RADIX_DIRTY);
			dirty[slot] = false;
			break;
		default:
			check_search(&tree, dirty, index);
			break;
		}
		VERIFY_EQ(radix_lookup(&tree, index) != NULL, present[slot]);
		VERIFY_EQ(radix_tag_test(&tree, index, RADIX_DIRTY), dirty[slot]);
	}
	for (unsigned s = 0; s < SLOTS; s++)
		radix_delete(&tree, index_of((u8)s));
	VERIFY(radix_empty(&tree));
	VERIFY_EQ(host_objects_outstanding(), 0);
	return 0;
}
