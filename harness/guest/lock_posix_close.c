#include "contract.h"

static int held(void)
{
	pid_t pid = OK(fork());

	if (pid == 0) {
		struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
		int fd = OK(open("file", O_RDWR));

		if (fcntl(fd, F_SETLK, &lock) == 0)
			_exit(20);
		CHECK(errno == EAGAIN);
		_exit(21);
	}
	return WEXITSTATUS(reap(pid)) == 21;
}

CONTRACT(lock_posix_close, "record locks go with any close and are not inherited by fork")
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int fd = OK(open("file", O_RDWR | O_CREAT, 0644)), other = OK(open("file", O_RDONLY));
	pid_t pid;

	OK(fcntl(fd, F_SETLK, &lock));
	say("locked: %d", held());
	OK(fcntl(fd, F_SETLK, &lock));
	say("locked again: %d", held());
	pid = OK(fork());
	if (pid == 0)
		_exit(0);
	reap_exit(pid, 0);
	say("after a child's exit: %d", held());
	OK(close(other));
	say("after closing another descriptor: %d", held());
	OK(fcntl(fd, F_SETLK, &lock));
	lock.l_type = F_UNLCK;
	OK(fcntl(fd, F_SETLK, &lock));
	say("unlocked: %d", held());
}
