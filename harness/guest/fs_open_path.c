#include "contract.h"

CONTRACT(fs_open_path, "an O_PATH descriptor names a file without opening it")
{
	char buffer[16];
	struct stat st;
	int fd, dir;

	put("file", "content");
	OK(mkdir("d", 0755));
	put("d/inner", "inner");
	OK(symlink("file", "link"));
	fd = OK(open("file", O_PATH));
	FAILS(read(fd, buffer, 1), EBADF);
	FAILS(write(fd, buffer, 1), EBADF);
	FAILS(ftruncate(fd, 0), EBADF);
	FAILS(syscall(SYS_fchmod, fd, 0600), EBADF);
	FAILS(ioctl(fd, FIONREAD, buffer), EBADF);
	OK(fstat(fd, &st));
	EQ(st.st_ino, lstat_of("file").st_ino);
	OK(close(fd));
	fd = OK(open("link", O_PATH | O_NOFOLLOW));
	OK(fstat(fd, &st));
	CHECK(S_ISLNK(st.st_mode));
	EQ(readlinkat(fd, "", buffer, sizeof(buffer)), 4);
	OK(close(fd));
	dir = OK(open("d", O_PATH | O_DIRECTORY));
	fd = OK(openat(dir, "inner", O_RDONLY));
	EQ(read(fd, buffer, sizeof(buffer)), 5);
	OK(fchdir(dir));
	SAME(get("inner"), "inner");
	FAILS(open("inner", O_PATH | O_DIRECTORY), ENOTDIR);
	say("named only");
}
