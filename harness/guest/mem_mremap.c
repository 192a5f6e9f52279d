#include "contract.h"

CONTRACT(mem_mremap, "mremap shrinks in place, grows, and moves with the content")
{
	char *map = pages(6), *grown;

	pattern_fill(map, 6 * PAGE, 0, 8);
	CHECK(mremap(map, 6 * PAGE, 4 * PAGE, 0) == map);
	EQ(fault_read(map + 4 * PAGE), SIGSEGV);
	CHECK(mremap(map, 4 * PAGE, 5 * PAGE, 0) == map);
	EQ(map[4 * PAGE], 0);
	OK((long)mmap(map + 5 * PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
		      0));
	FAILS((long)mremap(map, 5 * PAGE, 8 * PAGE, 0), ENOMEM);
	grown = OK((char *)mremap(map, 5 * PAGE, 50 * PAGE, MREMAP_MAYMOVE));
	CHECK(grown != map);
	CHECK(pattern_matches(grown, 4 * PAGE, 0, 8));
	for (int i = 4 * PAGE; i < 50 * PAGE; i += 16)
		EQ(grown[i], 0);
	EQ(fault_read(map), SIGSEGV);
	EQ(fault_read(map + 5 * PAGE), 0);
	FAILS((long)mremap(grown + 1, PAGE, PAGE, 0), EINVAL);
	FAILS((long)mremap(grown, PAGE, 0, 0), EINVAL);
	FAILS((long)mremap(grown, PAGE, PAGE, 0x80), EINVAL);
	FAILS((long)mremap(map, PAGE, 2 * PAGE, MREMAP_MAYMOVE), EFAULT);
	say("moved");
}
