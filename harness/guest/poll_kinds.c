#include "contract.h"

CONTRACT(poll_kinds,
	 "poll: files are always ready, bad descriptors are POLLNVAL, negative ones ignored")
{
	struct pollfd set[5] = {{.events = POLLIN | POLLOUT},
				{.fd = 99, .events = POLLIN},
				{.fd = -1, .events = POLLIN, .revents = 77},
				{.events = POLLIN | POLLOUT | POLLPRI},
				{.events = POLLIN}};
	int pipes[2];

	set[0].fd = OK(open("file", O_RDWR | O_CREAT, 0644));
	set[3].fd = OK(open("/dev/null", O_RDWR));
	OK(pipe(pipes));
	set[4].fd = pipes[0];
	EQ(poll(set, 5, -1), 3);
	for (int i = 0; i < 5; i++)
		say("%d: %#x", i, set[i].revents);
	EQ(poll(NULL, 0, 0), 0);
	EQ(poll(NULL, 0, 1), 0);
	FAILS(poll((void *)8, 1, 0), EFAULT);
	FAILS(syscall(SYS_poll, set, -1, 0), EINVAL);
}
