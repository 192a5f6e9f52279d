#include "contract.h"

CONTRACT(fs_readv_writev, "readv and writev scatter and gather in order")
{
	char a[3], b[5], c[100];
	struct iovec out[4] = {{"one", 3}, {NULL, 0}, {"twelve", 6}, {"three", 5}};
	struct iovec in[3] = {{a, 3}, {b, 5}, {c, 100}};
	static struct iovec many[1025];
	int fd = OK(open("file", O_RDWR | O_CREAT, 0644));

	EQ(writev(fd, out, 4), 14);
	OK(lseek(fd, 0, SEEK_SET));
	EQ(readv(fd, in, 3), 14);
	CHECK(memcmp(a, "one", 3) == 0 && memcmp(b, "twelv", 5) == 0 &&
	      memcmp(c, "ethree", 6) == 0);
	EQ(readv(fd, in, 3), 0);
	EQ(writev(fd, out, 0), 0);
	FAILS(writev(fd, out, -1), EINVAL);
	for (int i = 0; i < 1025; i++)
		many[i] = (struct iovec){"m", 1};
	EQ(writev(fd, many, 1024), 1024);
	FAILS(writev(fd, many, 1025), EINVAL);
	in[1].iov_len = (size_t)-1;
	OK(lseek(fd, 0, SEEK_SET));
	FAILS(readv(fd, in, 3), EINVAL);
	FAILS(readv(99, in, 1), EBADF);
	FAILS(readv(fd, (void *)8, 1), EFAULT);
	say("size %ld", (long)stat_of("file").st_size);
}
