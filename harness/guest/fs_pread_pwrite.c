#include "contract.h"

CONTRACT(fs_pread_pwrite, "pread and pwrite use their own offset")
{
	char buffer[8];
	int pipes[2], fd = OK(open("file", O_RDWR | O_CREAT, 0644));

	EQ(pwrite(fd, "abcdef", 6, 10), 6);
	EQ(lseek(fd, 0, SEEK_CUR), 0);
	EQ(stat_of("file").st_size, 16);
	EQ(pread(fd, buffer, 3, 12), 3);
	CHECK(memcmp(buffer, "cde", 3) == 0);
	EQ(pread(fd, buffer, 3, 16), 0);
	FAILS(pread(fd, buffer, 3, -1), EINVAL);
	FAILS(pwrite(fd, buffer, 3, -1), EINVAL);
	OK(pipe(pipes));
	FAILS(pread(pipes[0], buffer, 1, 0), ESPIPE);
	FAILS(pwrite(pipes[1], buffer, 1, 0), ESPIPE);
	OK(close(fd));
	fd = OK(open("file", O_RDWR | O_APPEND));
	EQ(pwrite(fd, "xyz", 3, 0), 3);
	say("O_APPEND pwrite at 0: size %ld", (long)stat_of("file").st_size);
}
