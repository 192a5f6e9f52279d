#include "contract.h"

CONTRACT(mem_mmap_fixed, "MAP_FIXED replaces what was there, only within its range")
{
	char *map = pages(5), *middle;

	pattern_fill(map, 5 * PAGE, 0, 2);
	middle = OK((char *)mmap(map + 2 * PAGE, PAGE, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	CHECK(middle == map + 2 * PAGE);
	for (int i = 0; i < PAGE; i++)
		EQ(middle[i], 0);
	CHECK(pattern_matches(map, 2 * PAGE, 0, 2));
	CHECK(pattern_matches(map + 3 * PAGE, 2 * PAGE, 3 * PAGE, 2));
	CHECK(mmap(map + 1, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
	      MAP_FAILED);
	EQ(errno, EINVAL);
	OK(munmap(map + PAGE, 3 * PAGE));
	middle = OK((char *)mmap(map + PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	EQ((uintptr_t)middle % PAGE, 0);
	CHECK(pattern_matches(map, PAGE, 0, 2));
	say("replaced");
}
