#include "contract.h"

#include <linux/falloc.h>

CONTRACT(fs_fallocate, "fallocate reserves zeroed space, with or without growing the file")
{
	char back[100];
	struct stat st;
	int fd = OK(open("file", O_RDWR | O_CREAT, 0644));

	if (fallocate(fd, 0, 0, 100000) != 0) {
		if (errno == EOPNOTSUPP)
			skip("this file system has no fallocate");
		CHECK(!"fallocate");
	}
	OK(fstat(fd, &st));
	say("size %ld", (long)st.st_size);
	CHECK(st.st_blocks * 512 >= 100000);
	EQ(pread(fd, back, sizeof(back), 50000), sizeof(back));
	for (size_t i = 0; i < sizeof(back); i++)
		EQ(back[i], 0);
	EQ(pwrite(fd, "data", 4, 60000), 4);
	EQ(pread(fd, back, 6, 59999), 6);
	CHECK(memcmp(back, "\0data\0", 6) == 0);
	OK(fallocate(fd, 0, 59000, 3000));
	EQ(pread(fd, back, 4, 60000), 4);
	CHECK(memcmp(back, "data", 4) == 0);
	OK(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 200000));
	OK(fstat(fd, &st));
	say("size %ld", (long)st.st_size);
	OK(ftruncate(fd, 10));
	OK(ftruncate(fd, 70000));
	EQ(pread(fd, back, 4, 60000), 4);
	CHECK(memcmp(back, "\0\0\0\0", 4) == 0);
	FAILS(fallocate(fd, 0, -1, 10), EINVAL);
	FAILS(fallocate(fd, 0, 0, 0), EINVAL);
	FAILS(fallocate(fd, 0x4000, 0, 10), EOPNOTSUPP);
	FAILS(fallocate(OK(open("file", O_RDONLY)), 0, 0, 10), EBADF);
	FAILS(fallocate(99, 0, 0, 10), EBADF);
}
