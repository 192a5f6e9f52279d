#include "contract.h"

CONTRACT(fs_open_flags, "open's flags: O_TRUNC, O_DIRECTORY, O_NOFOLLOW, O_CLOEXEC, odd mixes")
{
	int fd;

	put("file", "content");
	OK(mkdir("d", 0755));
	OK(symlink("d", "dlink"));
	fd = OK(open("file", O_RDONLY));
	EQ(fcntl(fd, F_GETFD), 0);
	EQ(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	OK(close(fd));
	fd = OK(open("file", O_RDWR | O_CLOEXEC | O_APPEND | O_NONBLOCK));
	EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	EQ(fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK | O_CLOEXEC | O_CREAT),
	   O_RDWR | O_APPEND | O_NONBLOCK);
	OK(close(fd));
	FAILS(open("file", O_RDONLY | O_DIRECTORY), ENOTDIR);
	FAILS(open("dlink", O_RDONLY | O_NOFOLLOW), ELOOP);
	FAILS(open("dlink", O_RDONLY | O_NOFOLLOW | O_DIRECTORY), ENOTDIR);
	OK(open("dlink/", O_RDONLY | O_NOFOLLOW));
	OK(open("dlink", O_RDONLY | O_DIRECTORY));
	FAILS(open("d", O_RDONLY | O_CREAT, 0644), EISDIR);
	FAILS(open("file", O_CREAT | O_EXCL | O_RDONLY, 0644), EEXIST);
	FAILS(open("file/", O_RDONLY), ENOTDIR);
	fd = OK(open("file", O_WRONLY | O_TRUNC));
	EQ(stat_of("file").st_size, 0);
	OK(close(fd));
	FAILS(open("file", O_WRONLY | O_CREAT | O_EXCL | O_TRUNC, 0), EEXIST);
	say("flags as documented");
}
