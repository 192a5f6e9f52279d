#include "contract.h"

CONTRACT(mem_cow_file, "a private mapping's pages that were written stay when the file changes")
{
	char *map;
	int fd = OK(open("file", O_RDWR | O_CREAT, 0644));
	pid_t pid;

	OK(ftruncate(fd, 2 * PAGE));
	EQ(pwrite(fd, "original", 8, 0), 8);
	map = OK((char *)mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0));
	map[100] = 'x';
	EQ(pwrite(fd, "replaced", 8, 0), 8);
	SAME(map, "original");
	pid = OK(fork());
	if (pid == 0) {
		SAME(map, "original");
		memcpy(map, "child", 6);
		_exit(0);
	}
	reap_exit(pid, 0);
	SAME(map, "original");
	SAME(get("file"), "replaced");
	say("stayed");
}
