#include "contract.h"

CONTRACT(fs_lseek, "lseek moves the offset, also past the end, never before the start")
{
	int pipes[2], fd = OK(open("file", O_RDWR | O_CREAT, 0644));
	char byte;

	write_all(fd, "0123456789", 10);
	EQ(lseek(fd, 0, SEEK_CUR), 10);
	EQ(lseek(fd, -3, SEEK_END), 7);
	EQ(read(fd, &byte, 1), 1);
	EQ(byte, '7');
	EQ(lseek(fd, -4, SEEK_CUR), 4);
	EQ(lseek(fd, 100, SEEK_END), 110);
	EQ(read(fd, &byte, 1), 0);
	EQ(stat_of("file").st_size, 10);
	FAILS(lseek(fd, -1, SEEK_SET), EINVAL);
	FAILS(lseek(fd, -111, SEEK_CUR), EINVAL);
	FAILS(lseek(fd, 0, 99), EINVAL);
	EQ(lseek(fd, 0, SEEK_CUR), 110);
	SHOW_VALUE(lseek(fd, -10, SEEK_CUR));
	OK(pipe(pipes));
	FAILS(lseek(pipes[0], 0, SEEK_SET), ESPIPE);
	FAILS(lseek(99, 0, SEEK_SET), EBADF);
	EQ(lseek(OK(open("/dev/null", O_RDONLY)), 1234, SEEK_SET), 0);
}
