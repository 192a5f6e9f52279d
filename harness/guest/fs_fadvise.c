#include "contract.h"

CONTRACT(fs_fadvise, "posix_fadvise takes all advice, changes nothing and checks its arguments")
{
	int pipes[2], fd = OK(open("file", O_RDWR | O_CREAT, 0644));
	char back[10];

	write_all(fd, "0123456789", 10);
	for (int advice = POSIX_FADV_NORMAL; advice <= POSIX_FADV_NOREUSE; advice++)
		EQ(posix_fadvise(fd, 0, 0, advice), 0);
	EQ(posix_fadvise(fd, 5, 1000000, POSIX_FADV_WILLNEED), 0);
	EQ(posix_fadvise(fd, 0, 0, 77), EINVAL);
	EQ(posix_fadvise(fd, 0, -1, POSIX_FADV_NORMAL), EINVAL);
	EQ(posix_fadvise(99, 0, 0, POSIX_FADV_NORMAL), EBADF);
	OK(pipe(pipes));
	EQ(posix_fadvise(pipes[0], 0, 0, POSIX_FADV_NORMAL), ESPIPE);
	EQ(pread(fd, back, 10, 0), 10);
	CHECK(memcmp(back, "0123456789", 10) == 0);
	say("advised");
}
