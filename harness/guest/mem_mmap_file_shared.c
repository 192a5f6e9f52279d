#include "contract.h"

CONTRACT(mem_mmap_file_shared, "shared mappings, read and write see one another at once")
{
	char buffer[16], *map, *other;
	int fd = OK(open("file", O_RDWR | O_CREAT, 0644));

	OK(ftruncate(fd, 4 * PAGE));
	map = OK((char *)mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	other =
	    OK((char *)mmap(NULL, PAGE, PROT_READ, MAP_SHARED, OK(open("file", O_RDONLY)), PAGE));
	EQ(pwrite(fd, "by write", 8, PAGE + 10), 8);
	CHECK(memcmp(map + PAGE + 10, "by write", 8) == 0);
	CHECK(memcmp(other + 10, "by write", 8) == 0);
	memcpy(map + PAGE + 20, "by store", 8);
	EQ(pread(fd, buffer, 8, PAGE + 20), 8);
	CHECK(memcmp(buffer, "by store", 8) == 0);
	CHECK(memcmp(other + 20, "by store", 8) == 0);
	map[3 * PAGE] = 'z';
	OK(munmap(map, 4 * PAGE));
	OK(munmap(other, PAGE));
	OK(close(fd));
	fd = OK(open("file", O_RDWR));
	EQ(pread(fd, buffer, 1, 3 * PAGE), 1);
	EQ(buffer[0], 'z');
	OK(fsync(fd));
	OK(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED));
	EQ(pread(fd, buffer, 8, PAGE + 20), 8);
	CHECK(memcmp(buffer, "by store", 8) == 0);
	say("coherent");
}
