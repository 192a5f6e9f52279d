#include "contract.h"

CONTRACT(mem_mremap_fixed, "MREMAP_FIXED moves to the given place and replaces what is there")
{
	char *map = pages(3), *target = pages(5), *part;

	pattern_fill(map, 3 * PAGE, 0, 9);
	memset(target, 't', 5 * PAGE);
	CHECK(mremap(map, 3 * PAGE, 3 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, target + PAGE) ==
	      target + PAGE);
	CHECK(pattern_matches(target + PAGE, 3 * PAGE, 0, 9));
	EQ(target[0], 't');
	EQ(target[4 * PAGE], 't');
	EQ(fault_read(map), SIGSEGV);
	FAILS((long)mremap(target, PAGE, PAGE, MREMAP_FIXED, map), EINVAL);
	FAILS(
	    (long)mremap(target, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, target + PAGE),
	    EINVAL);
	part = OK((char *)mremap(target + 2 * PAGE, PAGE, 2 * PAGE, MREMAP_MAYMOVE));
	CHECK(pattern_matches(part, PAGE, PAGE, 9));
	EQ(fault_read(target + 2 * PAGE), SIGSEGV);
	CHECK(pattern_matches(target + 3 * PAGE, PAGE, 2 * PAGE, 9));
	say("moved");
}
