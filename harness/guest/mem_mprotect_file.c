#include "contract.h"

CONTRACT(mem_mprotect_file, "a shared mapping of a file opened for reading never becomes writable")
{
	char *map;
	int fd;

	put("file", "content");
	fd = OK(open("file", O_RDONLY));
	map = OK((char *)mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0));
	FAILS(mprotect(map, PAGE, PROT_READ | PROT_WRITE), EACCES);
	EQ(fault_write(map), SIGSEGV);
	map = OK((char *)mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0));
	OK(mprotect(map, PAGE, PROT_READ | PROT_WRITE));
	map[0] = 'C';
	SAME(map, "Content");
	SAME(get("file"), "content");
	say("refused");
}
