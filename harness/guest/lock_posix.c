#include "contract.h"

static int try_lock(int fd, short type, off_t start, off_t length)
{
	struct flock lock = {
	    .l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length};

	return fcntl(fd, F_SETLK, &lock);
}

static void ask(int fd, off_t start, off_t length)
{
	struct flock lock = {
	    .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = start, .l_len = length};

	OK(fcntl(fd, F_GETLK, &lock));
	if (lock.l_type == F_UNLCK)
		say("%ld+%ld: free", (long)start, (long)length);
	else
		say("%ld+%ld: %s from %ld, %ld long, the parent's: %d", (long)start, (long)length,
		    lock.l_type == F_RDLCK ? "read" : "write", (long)lock.l_start, (long)lock.l_len,
		    lock.l_pid == getppid());
}

CONTRACT(lock_posix, "record locks split, merge, and are reported by F_GETLK")
{
	int fd = OK(open("file", O_RDWR | O_CREAT, 0644));
	pid_t pid;

	OK(try_lock(fd, F_WRLCK, 0, 100));
	OK(try_lock(fd, F_UNLCK, 40, 20));
	OK(try_lock(fd, F_RDLCK, 80, 40));
	OK(try_lock(fd, F_RDLCK, 120, 30));
	OK(try_lock(fd, F_WRLCK, 1000, 0));
	FAILS(try_lock(fd, F_WRLCK, -1, 1), EINVAL);
	FAILS(try_lock(fd, 9, 0, 1), EINVAL);
	FAILS(try_lock(OK(open("file", O_RDONLY)), F_WRLCK, 0, 1), EBADF);
	pid = OK(fork());
	if (pid == 0) {
		ask(fd, 0, 10);
		ask(fd, 40, 20);
		ask(fd, 45, 30);
		ask(fd, 100, 1);
		ask(fd, 149, 1);
		ask(fd, 150, 500);
		ask(fd, 5000000, 1);
		FAILS(try_lock(fd, F_RDLCK, 39, 1), EAGAIN);
		OK(try_lock(fd, F_RDLCK, 81, 5));
		FAILS(try_lock(fd, F_WRLCK, 81, 5), EAGAIN);
		OK(try_lock(fd, F_WRLCK, 40, 20));
		_exit(0);
	}
	reap_exit(pid, 0);
	OK(try_lock(fd, F_WRLCK, 0, 0));
	pid = OK(fork());
	if (pid == 0) {
		ask(fd, 7, 1);
		_exit(0);
	}
	reap_exit(pid, 0);
}
