#include "contract.h"

CONTRACT(mem_munmap, "munmap cuts holes, spans mappings and gaps, and checks its arguments")
{
	char *map = pages(8);

	pattern_fill(map, 8 * PAGE, 0, 4);
	OK(munmap(map + 3 * PAGE, 1));
	EQ(fault_read(map + 3 * PAGE), SIGSEGV);
	CHECK(pattern_matches(map, 3 * PAGE, 0, 4));
	CHECK(pattern_matches(map + 4 * PAGE, 4 * PAGE, 4 * PAGE, 4));
	OK(munmap(map + 2 * PAGE, 3 * PAGE));
	EQ(fault_read(map + 2 * PAGE), SIGSEGV);
	EQ(fault_read(map + 4 * PAGE), SIGSEGV);
	CHECK(pattern_matches(map + 5 * PAGE, 3 * PAGE, 5 * PAGE, 4));
	OK(munmap(map + 2 * PAGE, PAGE));
	FAILS(munmap(map + 1, PAGE), EINVAL);
	FAILS(munmap(map, 0), EINVAL);
	FAILS(munmap((void *)(1UL << 47), PAGE), EINVAL);
	FAILS(munmap(map, (size_t)-PAGE), EINVAL);
	EQ(fault_read(map), 0);
	say("cut");
}
