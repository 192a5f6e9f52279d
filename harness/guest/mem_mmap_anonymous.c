#include "contract.h"

CONTRACT(mem_mmap_anonymous, "anonymous memory is zeroed, page-aligned, private and given back")
{
	enum { count = 300 };
	char *map = pages(count);

	EQ((uintptr_t)map % PAGE, 0);
	for (int i = 0; i < count * PAGE; i += 64)
		EQ(map[i], 0);
	pattern_fill(map, count * PAGE, 0, 1);
	CHECK(pattern_matches(map, count * PAGE, 0, 1));
	OK(munmap(map, count * PAGE));
	EQ(fault_read(map), SIGSEGV);
	EQ(fault_read(map + (count - 1) * PAGE), SIGSEGV);
	map = pages(count);
	for (int i = 0; i < count * PAGE; i += 64)
		EQ(map[i], 0);
	map = OK((char *)mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	map[PAGE - 1] = 1;
	say("zeroed");
}
