#include "contract.h"

CONTRACT(fs_fifo, "opening a fifo waits for the other side")
{
	char buffer[16] = "";
	pid_t pid;
	int fd;

	OK(mkfifo("fifo", 0600));
	pid = OK(fork());
	if (pid == 0) {
		fd = OK(open("fifo", O_WRONLY));
		write_all(fd, "through", 7);
		_exit(0);
	}
	fd = OK(open("fifo", O_RDONLY));
	read_all(fd, buffer, 7);
	SAME(buffer, "through");
	EQ(read(fd, buffer, 1), 0);
	reap_exit(pid, 0);
	OK(close(fd));
	FAILS(open("fifo", O_WRONLY | O_NONBLOCK), ENXIO);
	fd = OK(open("fifo", O_RDONLY | O_NONBLOCK));
	EQ(read(fd, buffer, 1), 0);
	OK(open("fifo", O_WRONLY | O_NONBLOCK));
	FAILS(read(fd, buffer, 1), EAGAIN);
	fd = OK(open("fifo", O_RDWR));
	write_all(fd, "self", 4);
	read_all(fd, buffer, 4);
	FAILS(lseek(fd, 0, SEEK_SET), ESPIPE);
	EQ(stat_of("fifo").st_size, 0);
	say("through");
}
