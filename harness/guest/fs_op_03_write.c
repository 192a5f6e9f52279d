#include "contract.h"

CONTRACT(fs_op_03_write, "write appends at the offset and grows the file")
{
	char block[10000];
	int fd = OK(open("file", O_WRONLY | O_CREAT, 0644));

	EQ(write(fd, "hello ", 6), 6);
	EQ(write(fd, "world\n", 6), 6);
	EQ(lseek(fd, 0, SEEK_CUR), 12);
	EQ(stat_of("file").st_size, 12);
	SAME(get("file"), "hello world\n");
	EQ(pwrite(fd, "J", 1, 0), 1);
	SAME(get("file"), "Jello world\n");
	pattern_fill(block, sizeof(block), 12, 3);
	EQ(write(fd, block, sizeof(block)), sizeof(block));
	EQ(stat_of("file").st_size, 12 + sizeof(block));
	EQ(write(fd, block, 0), 0);
	OK(close(fd));
	FAILS(write(fd, "x", 1), EBADF);
	say("size %ld", (long)stat_of("file").st_size);
}
