#include "contract.h"

CONTRACT(mem_mmap_hint, "a free hint is honoured, a taken one gives another place")
{
	char *map = pages(4), *other;

	OK(munmap(map + PAGE, PAGE));
	other = OK((char *)mmap(map + PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	CHECK(other == map + PAGE);
	other =
	    OK((char *)mmap(map + 2 * PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	CHECK(other != map + 2 * PAGE);
	other = OK((char *)mmap((void *)0x7fffffffffff0000, PAGE, PROT_READ,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	CHECK((uintptr_t)other < 0x800000000000);
	say("honoured");
}
