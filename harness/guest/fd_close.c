#include "contract.h"

CONTRACT(fd_close, "close frees a descriptor at once, close_range a whole span")
{
	for (int fd = 3; fd < 20; fd++)
		EQ(open("/dev/null", O_RDONLY), fd);
	OK(close(5));
	FAILS(close(5), EBADF);
	FAILS(close(-1), EBADF);
	FAILS(close(1000000), EBADF);
	OK(syscall(SYS_close_range, 10, 12, 0));
	FAILS(fcntl(10, F_GETFD), EBADF);
	FAILS(fcntl(12, F_GETFD), EBADF);
	OK(fcntl(13, F_GETFD));
	OK(syscall(SYS_close_range, 13, 14, 4));
	EQ(fcntl(14, F_GETFD), FD_CLOEXEC);
	EQ(fcntl(15, F_GETFD), 0);
	OK(syscall(SYS_close_range, 15, ~0U, 0));
	FAILS(fcntl(19, F_GETFD), EBADF);
	FAILS(syscall(SYS_close_range, 10, 5, 0), EINVAL);
	FAILS(syscall(SYS_close_range, 5, 10, 0x100), EINVAL);
	EQ(open("/dev/null", O_RDONLY), 5);
	EQ(open("/dev/null", O_RDONLY), 10);
	say("closed");
}
