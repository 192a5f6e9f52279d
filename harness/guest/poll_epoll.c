#include "contract.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>

static int watch(int epoll, int op, int fd, unsigned events, unsigned data)
{
	struct epoll_event event = {.events = events, .data.u32 = data};

	return epoll_ctl(epoll, op, fd, &event);
}

/* What is ready now, as text: data:events, in the order of data. */
static const char *ready(int epoll)
{
	static char text[256];
	struct epoll_event events[8];
	int n = OK(epoll_wait(epoll, events, 8, 0));
	size_t used = 0;

	text[0] = 0;
	for (unsigned data = 0; data < 8; data++)
		for (int i = 0; i < n; i++)
			if (events[i].data.u32 == data)
				used += (size_t)snprintf(text + used, sizeof(text) - used,
							 " %u:%#x", data, events[i].events);
	return text;
}

CONTRACT(poll_epoll, "epoll reports levels, edges and single shots of what it watches")
{
	int epoll = OK(epoll_create1(EPOLL_CLOEXEC)), pipe_fd[2], copy;
	char byte;

	EQ(fcntl(epoll, F_GETFD), FD_CLOEXEC);
	OK(pipe(pipe_fd));
	OK(watch(epoll, EPOLL_CTL_ADD, pipe_fd[0], EPOLLIN, 1));
	OK(watch(epoll, EPOLL_CTL_ADD, pipe_fd[1], EPOLLOUT, 2));
	FAILS(watch(epoll, EPOLL_CTL_ADD, pipe_fd[0], EPOLLIN, 1), EEXIST);
	say("empty pipe:%s", ready(epoll));
	write_all(pipe_fd[1], "ab", 2);
	say("two bytes:%s", ready(epoll));
	say("level, again:%s", ready(epoll));
	OK(watch(epoll, EPOLL_CTL_MOD, pipe_fd[0], EPOLLIN | EPOLLET, 3));
	OK(watch(epoll, EPOLL_CTL_DEL, pipe_fd[1], 0, 0));
	say("edge:%s", ready(epoll));
	say("edge, again:%s", ready(epoll));
	write_all(pipe_fd[1], "c", 1);
	say("edge, one more byte:%s", ready(epoll));
	OK(watch(epoll, EPOLL_CTL_MOD, pipe_fd[0], EPOLLIN | EPOLLONESHOT, 4));
	say("once:%s", ready(epoll));
	say("once, again:%s", ready(epoll));
	OK(watch(epoll, EPOLL_CTL_MOD, pipe_fd[0], EPOLLIN | EPOLLONESHOT, 5));
	say("armed again:%s", ready(epoll));
	FAILS(watch(epoll, EPOLL_CTL_MOD, pipe_fd[1], EPOLLIN, 0), ENOENT);
	FAILS(watch(epoll, EPOLL_CTL_DEL, pipe_fd[1], 0, 0), ENOENT);
	OK(watch(epoll, EPOLL_CTL_MOD, pipe_fd[0], EPOLLIN | EPOLLRDHUP, 6));
	OK(close(pipe_fd[1]));
	say("writer gone:%s", ready(epoll));
	EQ(read(pipe_fd[0], &byte, 1), 1);
	/* The watch is of the file, and lasts as long as any descriptor of it. */
	copy = OK(dup(pipe_fd[0]));
	OK(close(pipe_fd[0]));
	say("still open as another descriptor:%s", ready(epoll));
	OK(close(copy));
	say("closed:%s", ready(epoll));
}

CONTRACT(poll_epoll_errors, "epoll refuses itself, circles, plain files and bad descriptors")
{
	int epoll = OK(epoll_create1(0)), other = OK(epoll_create1(0));
	int file = OK(open("f", O_CREAT | O_RDWR, 0644)), event;
	struct epoll_event events[1];

	FAILS(watch(epoll, EPOLL_CTL_ADD, epoll, EPOLLIN, 0), EINVAL);
	FAILS(watch(epoll, EPOLL_CTL_ADD, file, EPOLLIN, 0), EPERM);
	FAILS(watch(epoll, EPOLL_CTL_ADD, 99, EPOLLIN, 0), EBADF);
	FAILS(watch(99, EPOLL_CTL_ADD, epoll, EPOLLIN, 0), EBADF);
	FAILS(watch(file, EPOLL_CTL_ADD, epoll, EPOLLIN, 0), EINVAL);
	FAILS(watch(epoll, 77, other, EPOLLIN, 0), EINVAL);
	FAILS(epoll_ctl(epoll, EPOLL_CTL_ADD, other, NULL), EFAULT);
	FAILS(epoll_wait(epoll, events, 0, 0), EINVAL);
	FAILS(epoll_wait(file, events, 1, 0), EINVAL);
	FAILS(epoll_wait(99, events, 1, 0), EBADF);
	FAILS(epoll_create1(1), EINVAL);
	OK(watch(epoll, EPOLL_CTL_ADD, other, EPOLLIN, 1));
	FAILS(watch(other, EPOLL_CTL_ADD, epoll, EPOLLIN, 1), ELOOP);
	event = OK(eventfd(0, 0));
	OK(watch(other, EPOLL_CTL_ADD, event, EPOLLIN, 2));
	say("nested, nothing:%s", ready(epoll));
	OK(eventfd_write(event, 1));
	say("nested, an event:%s", ready(epoll));
}

CONTRACT(poll_epoll_wakes, "a thread that sleeps in epoll_wait is woken by what it watches")
{
	int epoll = OK(epoll_create1(0)), event = OK(eventfd(0, 0));
	struct epoll_event got;
	pid_t pid;

	OK(watch(epoll, EPOLL_CTL_ADD, event, EPOLLIN, 7));
	pid = OK(fork());
	if (pid == 0) {
		EQ(epoll_wait(epoll, &got, 1, -1), 1);
		EQ(got.data.u32, 7);
		_exit(0);
	}
	await_asleep(pid);
	OK(eventfd_write(event, 1));
	reap_exit(pid, 0);
	say("woken");
}
