#include "contract.h"

CONTRACT(fd_fcntl_flags,
	 "F_SETFL changes append and nonblock for all sharers, F_SETFD one descriptor")
{
	int fd = OK(open("file", O_RDWR | O_CREAT, 0644)), copy = OK(dup(fd)), pipes[2];
	char byte;

	write_all(fd, "content", 7);
	OK(fcntl(fd, F_SETFL, O_APPEND));
	EQ(fcntl(copy, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK), O_RDWR | O_APPEND);
	OK(lseek(fd, 0, SEEK_SET));
	write_all(copy, "end", 3);
	SAME(get("file"), "contentend");
	OK(fcntl(fd, F_SETFL, O_WRONLY | O_TRUNC | O_CREAT | O_EXCL));
	EQ(fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND | O_TRUNC | O_CREAT), O_RDWR);
	OK(fcntl(fd, F_SETFD, FD_CLOEXEC));
	EQ(fcntl(copy, F_GETFD), 0);
	OK(fcntl(fd, F_SETFD, 0));
	EQ(fcntl(fd, F_GETFD), 0);
	OK(pipe(pipes));
	OK(fcntl(pipes[0], F_SETFL, O_NONBLOCK));
	FAILS(read(pipes[0], &byte, 1), EAGAIN);
	FAILS(fcntl(fd, 9999), EINVAL);
	FAILS(fcntl(99, F_GETFL), EBADF);
	say("flags kept apart");
}
