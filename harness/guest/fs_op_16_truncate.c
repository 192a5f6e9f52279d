#include "contract.h"

CONTRACT(fs_op_16_truncate, "truncate shortens and lengthens a file")
{
	char buffer[32];
	int fd;

	put("file", "0123456789");
	OK(truncate("file", 4));
	SAME(get("file"), "0123");
	OK(truncate("file", 8));
	fd = OK(open("file", O_RDWR));
	EQ(read(fd, buffer, sizeof(buffer)), 8);
	CHECK(memcmp(buffer, "0123\0\0\0\0", 8) == 0);
	OK(ftruncate(fd, 2));
	EQ(lseek(fd, 0, SEEK_CUR), 8);
	EQ(read(fd, buffer, sizeof(buffer)), 0);
	EQ(write(fd, "x", 1), 1);
	EQ(stat_of("file").st_size, 9);
	EQ(pread(fd, buffer, sizeof(buffer), 0), 9);
	CHECK(memcmp(buffer, "01\0\0\0\0\0\0x", 9) == 0);
	OK(ftruncate(fd, 0));
	EQ(stat_of("file").st_size, 0);
	OK(close(fd));
	say("truncated");
}
