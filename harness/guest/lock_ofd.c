#include "contract.h"

static int lock(int fd, int command, short type, off_t start, off_t length)
{
	struct flock lock = {
	    .l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length};

	return fcntl(fd, command, &lock);
}

CONTRACT(lock_ofd, "open file description locks belong to the open file, not to the process")
{
	int fd = OK(open("file", O_RDWR | O_CREAT, 0644)), other = OK(open("file", O_RDWR));
	struct flock query = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int copy = OK(dup(fd));
	pid_t pid;

	OK(lock(fd, F_OFD_SETLK, F_WRLCK, 0, 100));
	OK(lock(copy, F_OFD_SETLK, F_WRLCK, 0, 100));
	FAILS(lock(other, F_OFD_SETLK, F_WRLCK, 50, 1), EAGAIN);
	FAILS(lock(other, F_OFD_SETLK, F_RDLCK, 50, 1), EAGAIN);
	FAILS(lock(other, F_SETLK, F_RDLCK, 50, 1), EAGAIN);
	OK(lock(other, F_OFD_SETLK, F_WRLCK, 100, 1));
	OK(fcntl(other, F_OFD_GETLK, &query));
	say("type %d start %ld length %ld pid %d", query.l_type, (long)query.l_start,
	    (long)query.l_len, query.l_pid);
	pid = OK(fork());
	if (pid == 0) {
		OK(lock(fd, F_OFD_SETLK, F_RDLCK, 0, 50));
		_exit(0);
	}
	reap_exit(pid, 0);
	OK(lock(other, F_OFD_SETLK, F_RDLCK, 20, 10));
	OK(close(fd));
	FAILS(lock(other, F_OFD_SETLK, F_WRLCK, 60, 1), EAGAIN);
	OK(close(copy));
	OK(lock(other, F_OFD_SETLK, F_WRLCK, 60, 1));
	query = (struct flock){.l_type = F_WRLCK, .l_pid = 5};
	FAILS(fcntl(other, F_OFD_GETLK, &query), EINVAL);
	say("by description");
}
