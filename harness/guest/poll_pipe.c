#include "contract.h"

static int revents(int fd, short events)
{
	struct pollfd poller = {.fd = fd, .events = events};

	OK(poll(&poller, 1, 0));
	return poller.revents;
}

CONTRACT(poll_pipe, "poll knows readable, writable, full, hung up and broken pipes")
{
	static char block[65536];
	int pipes[2];

	OK(pipe(pipes));
	say("empty: %#x %#x", revents(pipes[0], POLLIN), revents(pipes[1], POLLOUT));
	write_all(pipes[1], "x", 1);
	say("one byte: %#x %#x", revents(pipes[0], POLLIN), revents(pipes[1], POLLOUT));
	say("not asked: %#x", revents(pipes[0], 0));
	write_all(pipes[1], block, 65535);
	say("full: %#x %#x", revents(pipes[0], POLLIN), revents(pipes[1], POLLOUT));
	read_all(pipes[0], block, 65536);
	write_all(pipes[1], "x", 1);
	OK(close(pipes[1]));
	say("writer gone, a byte left: %#x", revents(pipes[0], POLLIN));
	read_all(pipes[0], block, 1);
	say("writer gone: %#x", revents(pipes[0], POLLIN));
	OK(pipe(pipes));
	OK(close(pipes[0]));
	say("reader gone: %#x", revents(pipes[1], POLLOUT));
}
