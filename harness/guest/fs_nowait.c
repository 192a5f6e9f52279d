#include "contract.h"

#ifndef RWF_NOWAIT
#define RWF_NOWAIT 8
#endif

static long read_now(int fd, void *buffer, size_t size, long offset)
{
	struct iovec iov = {buffer, size};

	return syscall(SYS_preadv2, fd, &iov, 1, offset, 0, RWF_NOWAIT);
}

CONTRACT(fs_nowait, "RWF_NOWAIT reads what is cached and never waits")
{
	static char data[3 * PAGE], back[4 * PAGE];
	int fd = OK(open("f", O_CREAT | O_RDWR, 0644)), pipe_fd[2];
	struct iovec iov = {back, 1};
	long n;

	pattern_fill(data, sizeof(data), 0, 1);
	write_all(fd, data, sizeof(data));
	n = read_now(fd, back, sizeof(back), 0);
	if (n < 0 && errno == EOPNOTSUPP)
		skip("this file system does not know RWF_NOWAIT");
	EQ(n, sizeof(data));
	CHECK(pattern_matches(back, sizeof(data), 0, 1));
	EQ(read_now(fd, back, 100, 3 * PAGE), 0);
	EQ(read_now(fd, back, 100, 3 * PAGE - 10), 10);
	OK(lseek(fd, 5, SEEK_SET));
	EQ(read_now(fd, back, 10, -1), 10);
	EQ(lseek(fd, 0, SEEK_CUR), 15);
	FAILS(read_now(fd, back, 10, -2), EINVAL);
	FAILS(syscall(SYS_preadv2, fd, &iov, 1, 0l, 0l, 0x1000000), EOPNOTSUPP);
	OK(pipe(pipe_fd));
	FAILS(read_now(pipe_fd[0], back, 1, 0), ESPIPE);
	say("read");
}
