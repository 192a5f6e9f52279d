#include "contract.h"

CONTRACT(mem_madvise, "MADV_DONTNEED drops anonymous content, other advice keeps it")
{
	char *map = pages(4);

	pattern_fill(map, 4 * PAGE, 0, 11);
	OK(madvise(map, 4 * PAGE, MADV_WILLNEED));
	OK(madvise(map, 4 * PAGE, MADV_SEQUENTIAL));
	OK(madvise(map, 4 * PAGE, MADV_RANDOM));
	OK(madvise(map, 4 * PAGE, MADV_NORMAL));
	CHECK(pattern_matches(map, 4 * PAGE, 0, 11));
	OK(madvise(map + PAGE, 2 * PAGE, MADV_DONTNEED));
	CHECK(pattern_matches(map, PAGE, 0, 11));
	for (int i = PAGE; i < 3 * PAGE; i++)
		EQ(map[i], 0);
	CHECK(pattern_matches(map + 3 * PAGE, PAGE, 3 * PAGE, 11));
	map[PAGE] = 'x';
	OK(madvise(map, 0, MADV_DONTNEED));
	FAILS(madvise(map + 1, PAGE, MADV_DONTNEED), EINVAL);
	FAILS(madvise(map, PAGE, 9999), EINVAL);
	OK(munmap(map + 2 * PAGE, PAGE));
	FAILS(madvise(map, 4 * PAGE, MADV_DONTNEED), ENOMEM);
	EQ(map[PAGE], 0);
	EQ(map[3 * PAGE], 0);
	say("dropped");
}
