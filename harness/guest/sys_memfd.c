#include "contract.h"

CONTRACT(sys_memfd, "memfd_create gives a nameless file that can be mapped and shared")
{
	struct stat st;
	char *map, buffer[8] = "";
	int fd = memfd_create("name", MFD_CLOEXEC);
	pid_t pid;

	CHECK(fd >= 0);
	EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	OK(ftruncate(fd, 2 * PAGE));
	map = OK((char *)mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	pid = OK(fork());
	if (pid == 0) {
		memcpy(map + PAGE, "child", 5);
		_exit(0);
	}
	reap_exit(pid, 0);
	EQ(pread(fd, buffer, 5, PAGE), 5);
	SAME(buffer, "child");
	OK(fstat(fd, &st));
	say("links %lu size %ld", (unsigned long)st.st_nlink, (long)st.st_size);
	FAILS(memfd_create("name", 0x4000), EINVAL);
}
