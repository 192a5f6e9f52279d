#include "contract.h"

CONTRACT(mem_mmap_shared_processes,
	 "processes that map the same file share its pages, by any route")
{
	enum { rounds = 200 };
	struct bell there, back;
	char buffer[8];
	pid_t pid;
	int fd = OK(open("file", O_RDWR | O_CREAT, 0644));

	OK(ftruncate(fd, 2 * PAGE));
	bell_make(&there);
	bell_make(&back);
	pid = OK(fork());
	if (pid == 0) {
		int own = OK(open("file", O_RDWR));
		volatile int *map =
		    OK((int *)mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, own, 0));

		for (int i = 1; i <= rounds; i++) {
			bell_await(&there);
			EQ(map[0], i);
			map[PAGE / 4] = -i;
			bell_ring(&back);
		}
		_exit(0);
	}
	for (int i = 1; i <= rounds; i++) {
		int number = i;

		EQ(pwrite(fd, &number, sizeof(number), 0), sizeof(number));
		bell_ring(&there);
		bell_await(&back);
		EQ(pread(fd, buffer, sizeof(number), PAGE), sizeof(number));
		memcpy(&number, buffer, sizeof(number));
		EQ(number, -i);
	}
	reap_exit(pid, 0);
	say("%d rounds", rounds);
}
