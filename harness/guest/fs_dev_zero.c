#include "contract.h"

CONTRACT(fs_dev_zero, "/dev/zero yields zeros, read or mapped; /dev/full is always full")
{
	static char buffer[20000];
	int fd = OK(open("/dev/zero", O_RDWR));
	char *map;

	memset(buffer, 'x', sizeof(buffer));
	EQ(read(fd, buffer, sizeof(buffer)), sizeof(buffer));
	for (size_t i = 0; i < sizeof(buffer); i++)
		EQ(buffer[i], 0);
	EQ(write(fd, buffer, sizeof(buffer)), sizeof(buffer));
	map = OK((char *)mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0));
	EQ(map[PAGE], 0);
	map[PAGE] = 'x';
	EQ(map[PAGE], 'x');
	fd = OK(open("/dev/full", O_RDWR));
	FAILS(write(fd, "x", 1), ENOSPC);
	EQ(read(fd, buffer, 10), 10);
	EQ(buffer[9], 0);
	say("zeros");
}
