#include "contract.h"

CONTRACT(fd_dup, "dup, dup2, dup3 and F_DUPFD choose the descriptors they should")
{
	char byte;
	int fd;

	put("file", "ab");
	fd = OK(open("file", O_RDONLY));
	EQ(fd, 3);
	EQ(dup(fd), 4);
	EQ(dup2(fd, 10), 10);
	EQ(dup2(fd, fd), fd);
	EQ(dup2(10, 4), 4);
	EQ(fcntl(fd, F_DUPFD, 8), 8);
	EQ(fcntl(fd, F_DUPFD, 8), 9);
	EQ(fcntl(fd, F_DUPFD_CLOEXEC, 20), 20);
	EQ(fcntl(20, F_GETFD), FD_CLOEXEC);
	EQ(dup(20), 5);
	EQ(fcntl(5, F_GETFD), 0);
	EQ(dup3(fd, 30, O_CLOEXEC), 30);
	EQ(fcntl(30, F_GETFD), FD_CLOEXEC);
	FAILS(syscall(SYS_dup3, fd, fd, 0), EINVAL);
	FAILS(syscall(SYS_dup3, fd, 31, O_APPEND), EINVAL);
	FAILS(dup(99), EBADF);
	FAILS(dup2(99, 5), EBADF);
	FAILS(dup2(99, 99), EBADF);
	FAILS(dup2(fd, -1), EBADF);
	FAILS(fcntl(fd, F_DUPFD, -1), EINVAL);
	OK(close(fd));
	EQ(read(10, &byte, 1), 1);
	EQ(read(4, &byte, 1), 1);
	EQ(byte, 'b');
	EQ(open("file", O_RDONLY), 3);
	say("chosen");
}
