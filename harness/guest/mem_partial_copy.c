#include "contract.h"

CONTRACT(mem_partial_copy, "reads and writes that run into unmapped memory stop there")
{
	char *map = pages(3);
	int fd = OK(open("file", O_RDWR | O_CREAT, 0644)), pipes[2];
	ssize_t got;

	OK(munmap(map + 2 * PAGE, PAGE));
	memset(map, 'w', 2 * PAGE);
	got = OK(write(fd, map + PAGE, 2 * PAGE));
	CHECK(got > 0 && got <= PAGE);
	EQ(stat_of("file").st_size, got);
	OK(ftruncate(fd, 0));
	OK(ftruncate(fd, 3 * PAGE));
	got = OK(pread(fd, map + PAGE, 2 * PAGE, 0));
	CHECK(got > 0 && got <= PAGE);
	for (ssize_t i = 0; i < got; i++)
		EQ(map[PAGE + i], 0);
	FAILS(pread(fd, map + 2 * PAGE, 10, 0), EFAULT);
	FAILS(pwrite(fd, map + 2 * PAGE, 10, 0), EFAULT);
	OK(pipe(pipes));
	FAILS(write(pipes[1], map + 2 * PAGE, 10), EFAULT);
	write_all(pipes[1], "data", 4);
	FAILS(read(pipes[0], map + 2 * PAGE, 4), EFAULT);
	OK(mprotect(map, PAGE, PROT_READ));
	FAILS(pread(fd, map, 10, 0), EFAULT);
	EQ(map[0], 'w');
	say("stopped");
}
