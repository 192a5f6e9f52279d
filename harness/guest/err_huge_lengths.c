#include "contract.h"

CONTRACT(err_huge_lengths, "huge lengths and offsets are errors or cut, never more")
{
	char *map = pages(2);
	struct iovec vector[2] = {{map, SSIZE_MAX}, {map, SSIZE_MAX}};
	int fd = OK(open("file", O_RDWR | O_CREAT, 0644)), zero;

	write_all(fd, "0123456789", 10);
	EQ(pread(fd, map, 1UL << 31, 0), 10);
	SAME(map, "0123456789");
	FAILS(pread(fd, map, (size_t)-1, 0), EFAULT);
	FAILS(pwrite(fd, map, (size_t)-1, 0), EFAULT);
	FAILS(pread(fd, map, 1, -1), EINVAL);
	EQ(pread(fd, map, 10, INT64_MAX - 20), 0);
	FAILS(pwrite(fd, map, 10, INT64_MAX - 5), EINVAL);
	FAILS(preadv(fd, vector, 2, 0), EFAULT);
	FAILS(readv(fd, vector, -1), EINVAL);
	FAILS(syscall(SYS_read, fd, map, 1UL << 63), EFAULT);
	zero = OK(open("/dev/null", O_RDWR));
	EQ(read(zero, map, 1UL << 31), 0);
	FAILS(syscall(SYS_poll, map, 0xffffffff, 0), EINVAL);
	FAILS(syscall(SYS_mincore, map, (size_t)-PAGE, map), ENOMEM);
	FAILS(syscall(SYS_msync, map, (size_t)-PAGE, MS_SYNC), ENOMEM);
	SHOW(syscall(SYS_munmap, map, (size_t)1 << 63));
	SAME(map + 1, "123456789");
}
