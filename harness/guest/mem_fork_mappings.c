#include "contract.h"

CONTRACT(mem_fork_mappings, "fork copies the map: protections, sharing and holes")
{
	char *map = pages(4), *shared;
	pid_t pid;
	int fd = OK(open("file", O_RDWR | O_CREAT, 0644));

	OK(ftruncate(fd, PAGE));
	shared = OK((char *)mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	OK(mprotect(map + PAGE, PAGE, PROT_READ));
	OK(munmap(map + 2 * PAGE, PAGE));
	pid = OK(fork());
	if (pid == 0) {
		EQ(fault_write(map), 0);
		EQ(fault_write(map + PAGE), SIGSEGV);
		EQ(fault_read(map + 2 * PAGE), SIGSEGV);
		shared[0] = 'c';
		OK(munmap(map, PAGE));
		OK(mprotect(map + PAGE, PAGE, PROT_NONE));
		_exit(0);
	}
	reap_exit(pid, 0);
	EQ(map[0], 0);
	EQ(fault_read(map + PAGE), 0);
	EQ(shared[0], 'c');
	say("copied");
}
