#include "contract.h"

CONTRACT(lock_flock, "flock locks the open file: shared by many, exclusive by one")
{
	int a = OK(open("file", O_RDWR | O_CREAT, 0644)), b = OK(open("file", O_RDONLY));
	int c = OK(open("file", O_RDONLY));
	pid_t pid;

	OK(flock(a, LOCK_SH));
	OK(flock(b, LOCK_SH | LOCK_NB));
	FAILS(flock(c, LOCK_EX | LOCK_NB), EAGAIN);
	OK(flock(b, LOCK_UN));
	OK(flock(a, LOCK_EX | LOCK_NB));
	FAILS(flock(b, LOCK_SH | LOCK_NB), EAGAIN);
	pid = OK(fork());
	if (pid == 0) {
		OK(flock(a, LOCK_UN));
		_exit(0);
	}
	reap_exit(pid, 0);
	OK(flock(b, LOCK_EX | LOCK_NB));
	pid = OK(fork());
	if (pid == 0) {
		OK(close(b));
		OK(flock(c, LOCK_EX));
		_exit(0);
	}
	await_asleep(pid);
	OK(close(b));
	reap_exit(pid, 0);
	OK(close(c));
	OK(flock(a, LOCK_EX | LOCK_NB));
	FAILS(flock(a, 0), EINVAL);
	FAILS(flock(99, LOCK_SH), EBADF);
	say("locked");
}
