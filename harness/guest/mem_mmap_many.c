#include "contract.h"

CONTRACT(mem_mmap_many,
	 "a thousand small mappings with holes and changing protections hold their data")
{
	enum { count = 1000 };
	char *map = OK((char *)mmap(NULL, 2 * count * PAGE, PROT_NONE,
				    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));

	for (int i = 0; i < count; i++)
		OK(mprotect(map + 2L * i * PAGE, PAGE, PROT_READ | PROT_WRITE));
	for (int i = 0; i < count; i++)
		memcpy(map + 2L * i * PAGE + i, &i, sizeof(i));
	for (int i = 0; i < count; i += 3)
		OK(munmap(map + 2L * i * PAGE, PAGE));
	for (int i = 0; i < count; i++) {
		int back;

		if (i % 3 == 0) {
			if (i % 30 == 0)
				EQ(fault_read(map + 2L * i * PAGE), SIGSEGV);
			continue;
		}
		memcpy(&back, map + 2L * i * PAGE + i, sizeof(back));
		EQ(back, i);
	}
	OK(munmap(map, 2 * count * PAGE));
	EQ(fault_read(map + 2 * PAGE), SIGSEGV);
	say("%d mappings", count);
}
