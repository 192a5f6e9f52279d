#include "contract.h"

CONTRACT(err_bad_descriptors, "a descriptor that is not open is EBADF in every call")
{
	static const int bad[] = {-1, 99, 1023, 1 << 20, INT_MAX, INT_MIN};
	struct stat st;
	char buffer[16];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int fd = bad[i];

		FAILS(read(fd, buffer, 1), EBADF);
		FAILS(write(fd, buffer, 1), EBADF);
		FAILS(pread(fd, buffer, 1, 0), EBADF);
		FAILS(pwrite(fd, buffer, 1, 0), EBADF);
		FAILS(lseek(fd, 0, SEEK_SET), EBADF);
		FAILS(syscall(SYS_fstat, fd, &st), EBADF);
		FAILS(fsync(fd), EBADF);
		FAILS(ftruncate(fd, 0), EBADF);
		FAILS(syscall(SYS_fchmod, fd, 0644), EBADF);
		FAILS(syscall(SYS_fchown, fd, 0, 0), EBADF);
		FAILS(fchdir(fd), EBADF);
		FAILS(dup(fd), EBADF);
		FAILS(syscall(SYS_fcntl, fd, F_GETFD), EBADF);
		FAILS(syscall(SYS_ioctl, fd, FIONREAD, buffer), EBADF);
		FAILS(flock(fd, LOCK_SH), EBADF);
		FAILS(syscall(SYS_getdents64, fd, buffer, 16), EBADF);
		FAILS(close(fd), EBADF);
	}
	say("%zu descriptors", sizeof(bad) / sizeof(bad[0]));
}
