#include "contract.h"

CONTRACT(fs_holes, "holes read as zeros and cost no blocks")
{
	static char back[65536];
	struct stat st;
	int fd = OK(open("file", O_RDWR | O_CREAT, 0644));

	EQ(pwrite(fd, "start", 5, 0), 5);
	EQ(pwrite(fd, "middle", 6, 50 << 20), 6);
	EQ(pwrite(fd, "end", 3, 5000000000), 3);
	OK(fsync(fd));
	OK(fstat(fd, &st));
	say("size %ld", (long)st.st_size);
	CHECK(st.st_blocks < 1000);
	EQ(pread(fd, back, sizeof(back), 0), sizeof(back));
	CHECK(memcmp(back, "start", 5) == 0);
	for (size_t i = 5; i < sizeof(back); i++)
		EQ(back[i], 0);
	EQ(pread(fd, back, 8192, (50 << 20) - 4096), 8192);
	for (size_t i = 0; i < 4096; i++)
		EQ(back[i], 0);
	CHECK(memcmp(back + 4096, "middle\0", 7) == 0);
	EQ(pread(fd, back, 100, 4999999990), 13);
	CHECK(memcmp(back, "\0\0\0\0\0\0\0\0\0\0end", 13) == 0);
	EQ(pwrite(fd, "filled", 6, 40 << 20), 6);
	EQ(pread(fd, back, 8192, (40 << 20) - 100), 8192);
	CHECK(back[99] == 0 && memcmp(back + 100, "filled\0", 7) == 0);
}
