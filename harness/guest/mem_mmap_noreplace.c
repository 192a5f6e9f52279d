#include "contract.h"

CONTRACT(mem_mmap_noreplace, "MAP_FIXED_NOREPLACE maps exactly there or fails with EEXIST")
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE;
	char *map = pages(6);

	map[2 * PAGE] = 'x';
	FAILS((long)mmap(map + 2 * PAGE, PAGE, PROT_READ, flags, -1, 0), EEXIST);
	OK(munmap(map + 3 * PAGE, 2 * PAGE));
	FAILS((long)mmap(map + 2 * PAGE, 2 * PAGE, PROT_READ, flags, -1, 0), EEXIST);
	FAILS((long)mmap(map + 3 * PAGE, 3 * PAGE, PROT_READ, flags, -1, 0), EEXIST);
	CHECK(mmap(map + 3 * PAGE, 2 * PAGE, PROT_READ, flags, -1, 0) == map + 3 * PAGE);
	EQ(map[2 * PAGE], 'x');
	EQ(map[3 * PAGE], 0);
	say("not replaced");
}
