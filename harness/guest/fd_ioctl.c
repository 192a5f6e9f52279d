#include "contract.h"

CONTRACT(fd_ioctl, "ioctl: FIONREAD, FIONBIO, FIOCLEX, and ENOTTY for the rest")
{
	struct winsize size;
	int pipes[2], number = -1, fd;
	char byte;

	OK(pipe(pipes));
	OK(ioctl(pipes[0], FIONREAD, &number));
	EQ(number, 0);
	write_all(pipes[1], "12345", 5);
	OK(ioctl(pipes[0], FIONREAD, &number));
	EQ(number, 5);
	put("file", "0123456789");
	fd = OK(open("file", O_RDONLY));
	OK(lseek(fd, 4, SEEK_SET));
	OK(ioctl(fd, FIONREAD, &number));
	EQ(number, 6);
	FAILS(ioctl(fd, TIOCGWINSZ, &size), ENOTTY);
	FAILS(ioctl(fd, TCGETS, &size), ENOTTY);
	FAILS(ioctl(pipes[0], TIOCGWINSZ, &size), ENOTTY);
	FAILS(ioctl(99, FIONREAD, &number), EBADF);
	OK(ioctl(fd, FIOCLEX));
	EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	OK(ioctl(fd, FIONCLEX));
	EQ(fcntl(fd, F_GETFD), 0);
	read_all(pipes[0], &(char[5]){0}, 5);
	number = 1;
	OK(ioctl(pipes[0], FIONBIO, &number));
	FAILS(read(pipes[0], &byte, 1), EAGAIN);
	FAILS(ioctl(pipes[0], FIONREAD, (void *)1), EFAULT);
	say("answered");
}
