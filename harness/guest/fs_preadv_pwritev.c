#include "contract.h"

#ifndef RWF_APPEND
#define RWF_APPEND 0x10
#endif

static long pwritev2_(int fd, const struct iovec *iov, int count, off_t at, int flags)
{
	return syscall(SYS_pwritev2, fd, iov, (long)count, (long)at, 0L, (long)flags);
}

static long preadv2_(int fd, const struct iovec *iov, int count, off_t at, int flags)
{
	return syscall(SYS_preadv2, fd, iov, (long)count, (long)at, 0L, (long)flags);
}

CONTRACT(fs_preadv_pwritev, "preadv, pwritev and their second forms leave the offset alone")
{
	char a[4], b[8];
	struct iovec out[2] = {{"abcd", 4}, {"efghijkl", 8}}, in[2] = {{a, 4}, {b, 8}};
	int pipes[2], fd = OK(open("file", O_RDWR | O_CREAT, 0644));

	EQ(pwritev(fd, out, 2, 3), 12);
	EQ(lseek(fd, 0, SEEK_CUR), 0);
	EQ(preadv(fd, in, 2, 3), 12);
	CHECK(memcmp(a, "abcd", 4) == 0 && memcmp(b, "efghijkl", 8) == 0);
	EQ(preadv(fd, in, 2, 10), 5);
	EQ(lseek(fd, 0, SEEK_CUR), 0);
	FAILS(preadv(fd, in, 2, -1), EINVAL);
	EQ(pwritev2_(fd, out, 1, -1, 0), 4);
	EQ(lseek(fd, 0, SEEK_CUR), 4);
	EQ(preadv2_(fd, in, 1, -1, 0), 4);
	EQ(lseek(fd, 0, SEEK_CUR), 8);
	EQ(pwritev2_(fd, out, 1, 0, RWF_APPEND), 4);
	EQ(stat_of("file").st_size, 19);
	EQ(lseek(fd, 0, SEEK_CUR), 8);
	FAILS(preadv2_(fd, in, 1, 0, 0x40000000), EOPNOTSUPP);
	OK(pipe(pipes));
	FAILS(pwritev(pipes[1], out, 1, 0), ESPIPE);
	EQ(pwritev2_(pipes[1], out, 1, -1, 0), 4);
	say("offset kept");
}
