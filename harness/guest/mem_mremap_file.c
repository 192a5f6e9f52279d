#include "contract.h"

CONTRACT(mem_mremap_file, "mremap of a file mapping shows more of the same file")
{
	static char block[5 * PAGE];
	int fd = OK(open("file", O_RDWR | O_CREAT, 0644));
	char *map;

	pattern_fill(block, sizeof(block), 0, 10);
	write_all(fd, block, sizeof(block));
	map = OK((char *)mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, PAGE));
	map = OK((char *)mremap(map, PAGE, 3 * PAGE, MREMAP_MAYMOVE));
	CHECK(memcmp(map, block + PAGE, 3 * PAGE) == 0);
	map[2 * PAGE] = 'x';
	EQ(pread(fd, block, 1, 3 * PAGE), 1);
	EQ(block[0], 'x');
	say("shown");
}
