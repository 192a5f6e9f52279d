#include "contract.h"

CONTRACT(mem_msync, "msync writes shared pages back and checks its range")
{
	char *map, buffer[8];
	int fd = OK(open("file", O_RDWR | O_CREAT, 0644));

	OK(ftruncate(fd, 3 * PAGE));
	map = OK((char *)mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	memcpy(map + PAGE, "synced", 6);
	OK(msync(map, 3 * PAGE, MS_SYNC));
	OK(msync(map + PAGE, PAGE, MS_ASYNC));
	OK(msync(map, PAGE, MS_SYNC | MS_INVALIDATE));
	OK(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED));
	EQ(pread(fd, buffer, 6, PAGE), 6);
	CHECK(memcmp(buffer, "synced", 6) == 0);
	OK(msync(pages(1), PAGE, MS_SYNC));
	FAILS(msync(map + 1, PAGE, MS_SYNC), EINVAL);
	FAILS(msync(map, PAGE, MS_SYNC | MS_ASYNC), EINVAL);
	FAILS(msync(map, PAGE, 0x100), EINVAL);
	OK(munmap(map + PAGE, PAGE));
	FAILS(msync(map, 3 * PAGE, MS_SYNC), ENOMEM);
	say("synced");
}
