#include "contract.h"

CONTRACT(fs_op_08_opendir, "a directory opens for reading its entries and nothing else")
{
	DIR *dir;
	char byte;
	int fd;

	OK(mkdir("d", 0755));
	put("file", "");
	dir = opendir("d");
	CHECK(dir);
	closedir(dir);
	CHECK(!opendir("missing"));
	EQ(errno, ENOENT);
	CHECK(!opendir("file"));
	EQ(errno, ENOTDIR);
	fd = OK(open("d", O_RDONLY | O_DIRECTORY));
	FAILS(read(fd, &byte, 1), EISDIR);
	FAILS(write(fd, "x", 1), EBADF);
	FAILS(ftruncate(fd, 0), EINVAL);
	OK(fsync(fd));
	OK(close(fd));
	FAILS(open("d", O_RDWR), EISDIR);
	say("opened");
}
