#include "contract.h"

CONTRACT(fs_random_writes, "random overlapping writes leave what a model in memory says")
{
	enum { size = 256 << 10, writes = 400 };
	static char model[size], back[size];
	uint32_t random = 12345;
	int fd = OK(open("file", O_RDWR | O_CREAT, 0644));
	size_t end = 0;

	for (int i = 0; i < writes; i++) {
		size_t at, length;

		random = random * 1664525 + 1013904223;
		at = (random >> 8) % size;
		random = random * 1664525 + 1013904223;
		length = (random >> 8) % 9000 + 1;
		if (length > size - at)
			length = size - at;
		pattern_fill(model + at, length, at, (uint32_t)i);
		EQ(pwrite(fd, model + at, length, (off_t)at), length);
		if (at + length > end)
			end = at + length;
	}
	EQ(lseek(fd, 0, SEEK_END), end);
	OK(fsync(fd));
	OK(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED));
	EQ(pread(fd, back, size, 0), end);
	CHECK(memcmp(model, back, end) == 0);
	say("%d writes, %zu bytes", writes, end);
}
