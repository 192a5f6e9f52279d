#include "contract.h"

CONTRACT(pipe_nonblock, "a nonblocking pipe says EAGAIN when empty or full, and writes what fits")
{
	static char block[70000];
	size_t total = 0;
	ssize_t got;
	int pipes[2];

	OK(pipe2(pipes, O_NONBLOCK));
	FAILS(read(pipes[0], block, 1), EAGAIN);
	say("capacity %d", OK(fcntl(pipes[1], F_GETPIPE_SZ)));
	while ((got = write(pipes[1], block, 4096)) > 0)
		total += (size_t)got;
	EQ(errno, EAGAIN);
	say("full after %zu bytes", total);
	FAILS(write(pipes[1], block, 1), EAGAIN);
	read_all(pipes[0], block, 4096);
	EQ(write(pipes[1], block, 4096), 4096);
	FAILS(write(pipes[1], block, 4096), EAGAIN);
	while (read(pipes[0], block, sizeof(block)) > 0)
		;
	EQ(errno, EAGAIN);
	EQ(write(pipes[1], block, sizeof(block)), 65536);
	OK(close(pipes[1]));
	read_all(pipes[0], block, 65536);
	EQ(read(pipes[0], block, 1), 0);
}
