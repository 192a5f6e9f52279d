#include "contract.h"

CONTRACT(mem_mmap_file_private,
	 "a private file mapping shows the file, and keeps its changes to itself")
{
	static char back[3 * PAGE];
	char *map;
	int fd = OK(open("file", O_RDWR | O_CREAT, 0644));

	pattern_fill(back, sizeof(back), 0, 3);
	write_all(fd, back, sizeof(back));
	map = OK((char *)mmap(NULL, sizeof(back), PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0));
	CHECK(memcmp(map, back, sizeof(back)) == 0);
	memset(map + PAGE, 'x', 100);
	EQ(pread(fd, back, sizeof(back), 0), sizeof(back));
	CHECK(pattern_matches(back, sizeof(back), 0, 3));
	OK(close(fd));
	CHECK(pattern_matches(map + 2 * PAGE, PAGE, 2 * PAGE, 3));
	EQ(map[PAGE + 99], 'x');
	CHECK(pattern_matches(map + PAGE + 100, PAGE - 100, PAGE + 100, 3));
	fd = OK(open("file", O_RDWR));
	map = OK((char *)mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 2 * PAGE));
	CHECK(pattern_matches(map, PAGE, 2 * PAGE, 3));
	EQ(fault_write(map), SIGSEGV);
	say("kept");
}
