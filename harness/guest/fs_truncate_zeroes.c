#include "contract.h"

CONTRACT(fs_truncate_zeroes, "what a truncate cut off never comes back")
{
	static char block[20000], back[20000];
	static const int cuts[] = {1, 100, 4095, 4096, 4097, 8192, 12345};
	int fd = OK(open("file", O_RDWR | O_CREAT, 0644));

	for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
		pattern_fill(block, sizeof(block), 0, (uint32_t)i);
		EQ(pwrite(fd, block, sizeof(block), 0), sizeof(block));
		if (i % 2)
			OK(fsync(fd));
		OK(ftruncate(fd, cuts[i]));
		OK(ftruncate(fd, sizeof(block)));
		EQ(pread(fd, back, sizeof(back), 0), sizeof(back));
		CHECK(memcmp(back, block, (size_t)cuts[i]) == 0);
		for (size_t at = (size_t)cuts[i]; at < sizeof(back); at++)
			EQ(back[at], 0);
		OK(ftruncate(fd, cuts[i]));
		EQ(pwrite(fd, "end", 3, sizeof(block) - 3), 3);
		EQ(pread(fd, back, sizeof(back), 0), sizeof(back));
		for (size_t at = (size_t)cuts[i]; at < sizeof(back) - 3; at++)
			EQ(back[at], 0);
	}
	say("%zu cuts", sizeof(cuts) / sizeof(cuts[0]));
}
