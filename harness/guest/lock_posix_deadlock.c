#include "contract.h"

static int lock_wait(int fd, off_t at)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = at, .l_len = 1};

	return fcntl(fd, F_SETLKW, &lock);
}

CONTRACT(lock_posix_deadlock, "a circle of waiters for record locks is refused with EDEADLK")
{
	int fd = OK(open("file", O_RDWR | O_CREAT, 0644)), deadlocks = 0, status;
	struct bell ready, go;
	pid_t pid[3];

	bell_make(&ready);
	bell_make(&go);
	for (int i = 0; i < 3; i++) {
		pid[i] = OK(fork());
		if (pid[i] == 0) {
			OK(lock_wait(fd, i));
			bell_ring(&ready);
			bell_await(&go);
			if (lock_wait(fd, (i + 1) % 3) == 0)
				_exit(20);
			_exit(errno == EDEADLK ? 21 : 1);
		}
	}
	for (int i = 0; i < 3; i++)
		bell_await(&ready);
	for (int i = 0; i < 3; i++)
		bell_ring(&go);
	for (int i = 0; i < 3; i++) {
		status = reap(pid[i]);
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) >= 20);
		deadlocks += WEXITSTATUS(status) == 21;
	}
	say("refused: %d", deadlocks);
}
