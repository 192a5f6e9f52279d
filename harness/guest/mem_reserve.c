#include "contract.h"

CONTRACT(mem_reserve, "address space that is reserved and not touched costs nothing")
{
	size_t size = 1UL << 40;
	char *map = OK((char *)mmap(NULL, size, PROT_NONE,
				    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));

	for (int i = 0; i < 64; i++) {
		char *at = map + (size / 64) * (size_t)i;

		OK(mprotect(at, PAGE, PROT_READ | PROT_WRITE));
		at[5] = (char)i;
	}
	for (int i = 0; i < 64; i++)
		EQ(map[(size / 64) * (size_t)i + 5], i);
	OK(munmap(map, size));
	say("reserved a terabyte");
}
