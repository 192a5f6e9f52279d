#include "contract.h"

#include <sys/eventfd.h>

static short events_of(int fd)
{
	struct pollfd poll_for = {.fd = fd, .events = POLLIN | POLLOUT};

	OK(poll(&poll_for, 1, 0));
	return poll_for.revents;
}

CONTRACT(poll_eventfd, "an eventfd adds what is written and gives it to a reader")
{
	int fd = OK(eventfd(3, EFD_NONBLOCK | EFD_CLOEXEC)), semaphore;
	uint64_t value;
	pid_t pid;

	EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	OK(eventfd_write(fd, 4));
	OK(eventfd_read(fd, &value));
	EQ(value, 7);
	FAILS(eventfd_read(fd, &value), EAGAIN);
	say("empty: %#x", events_of(fd));
	value = UINT64_MAX - 1;
	EQ(write(fd, &value, 8), 8);
	say("full: %#x", events_of(fd));
	FAILS(eventfd_write(fd, 1), EAGAIN);
	value = UINT64_MAX;
	FAILS(write(fd, &value, 8), EINVAL);
	FAILS(write(fd, &value, 4), EINVAL);
	FAILS(read(fd, &value, 4), EINVAL);
	OK(eventfd_read(fd, &value));
	CHECK(value == UINT64_MAX - 1);

	semaphore = OK(eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK));
	for (int i = 0; i < 2; i++) {
		OK(eventfd_read(semaphore, &value));
		EQ(value, 1);
	}
	FAILS(eventfd_read(semaphore, &value), EAGAIN);
	FAILS(eventfd(0, 0x10), EINVAL);

	fd = OK(eventfd(0, 0));
	pid = OK(fork());
	if (pid == 0) {
		OK(eventfd_read(fd, &value));
		EQ(value, 5);
		_exit(0);
	}
	await_asleep(pid);
	OK(eventfd_write(fd, 5));
	reap_exit(pid, 0);
}
