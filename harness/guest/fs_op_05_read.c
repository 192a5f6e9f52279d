#include "contract.h"

CONTRACT(fs_op_05_read, "read returns what was written, and zero at the end")
{
	static char block[70000], again[sizeof(block) + 10];
	int fd = OK(open("file", O_RDWR | O_CREAT, 0644));

	pattern_fill(block, sizeof(block), 0, 5);
	write_all(fd, block, sizeof(block));
	EQ(read(fd, again, 10), 0);
	EQ(lseek(fd, 0, SEEK_SET), 0);
	EQ(read(fd, again, sizeof(again)), sizeof(block));
	CHECK(memcmp(block, again, sizeof(block)) == 0);
	EQ(read(fd, again, sizeof(again)), 0);
	EQ(pread(fd, again, 100, sizeof(block) - 30), 30);
	CHECK(memcmp(block + sizeof(block) - 30, again, 30) == 0);
	EQ(pread(fd, again, 100, 1 << 30), 0);
	EQ(read(fd, again, 0), 0);
	OK(close(fd));
	FAILS(read(fd, again, 1), EBADF);
	say("%zu bytes back", sizeof(block));
}
