#include "contract.h"

CONTRACT(mem_mmap_past_end,
	 "a mapping past the end of its file is SIGBUS, the last page's tail is zero")
{
	char *map, buffer[8];
	int fd = OK(open("file", O_RDWR | O_CREAT, 0644));

	write_all(fd, "content", 7);
	map = OK((char *)mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	CHECK(memcmp(map, "content\0\0\0", 10) == 0);
	EQ(map[PAGE - 1], 0);
	EQ(fault_read(map + PAGE), SIGBUS);
	say("code %d at offset %ld", fault.code, (long)(fault.address - map));
	EQ(fault_write(map + 2 * PAGE + 5), SIGBUS);
	say("code %d at offset %ld", fault.code, (long)(fault.address - map));
	map[100] = 'x';
	EQ(stat_of("file").st_size, 7);
	OK(ftruncate(fd, 2 * PAGE));
	EQ(fault_read(map + PAGE), 0);
	EQ(fault_read(map + 2 * PAGE), SIGBUS);
	map[PAGE] = 'y';
	OK(ftruncate(fd, 10));
	EQ(fault_read(map + PAGE), SIGBUS);
	OK(ftruncate(fd, 2 * PAGE));
	EQ(map[PAGE], 0);
	EQ(pread(fd, buffer, 1, 100), 1);
	EQ(buffer[0], 0);
}
