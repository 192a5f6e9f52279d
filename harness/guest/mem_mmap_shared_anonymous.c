#include "contract.h"

CONTRACT(mem_mmap_shared_anonymous,
	 "shared anonymous memory is shared with children, before and after first touch")
{
	volatile int *map = OK(
	    (int *)mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	pid_t pid;

	map[0] = 1;
	pid = OK(fork());
	if (pid == 0) {
		EQ(map[0], 1);
		map[0] = 2;
		map[3 * PAGE / 4] = 3;
		pid = OK(fork());
		if (pid == 0) {
			map[2 * PAGE / 4] = 4;
			_exit(0);
		}
		reap_exit(pid, 0);
		OK(munmap((void *)(uintptr_t)map, 4 * PAGE));
		_exit(0);
	}
	reap_exit(pid, 0);
	say("%d %d %d %d", map[0], map[PAGE / 4], map[2 * PAGE / 4], map[3 * PAGE / 4]);
	OK(munmap((void *)(uintptr_t)map, PAGE));
	EQ(map[2 * PAGE / 4], 4);
}
