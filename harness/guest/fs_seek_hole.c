#include "contract.h"

CONTRACT(fs_seek_hole, "SEEK_DATA and SEEK_HOLE never call data a hole")
{
	off_t at;
	int fd = OK(open("file", O_RDWR | O_CREAT, 0644));

	EQ(pwrite(fd, "x", 1, 1 << 20), 1);
	OK(ftruncate(fd, 2 << 20));
	at = OK(lseek(fd, 0, SEEK_DATA));
	CHECK(at >= 0 && at <= 1 << 20);
	at = OK(lseek(fd, 1 << 20, SEEK_DATA));
	EQ(at, 1 << 20);
	at = OK(lseek(fd, 1 << 20, SEEK_HOLE));
	CHECK(at > 1 << 20 && at <= 2 << 20);
	FAILS(lseek(fd, 2 << 20, SEEK_DATA), ENXIO);
	FAILS(lseek(fd, 2 << 20, SEEK_HOLE), ENXIO);
	FAILS(lseek(fd, -1, SEEK_DATA), ENXIO);
	put("full", "no holes");
	fd = OK(open("full", O_RDONLY));
	EQ(lseek(fd, 0, SEEK_HOLE), 8);
	EQ(lseek(fd, 3, SEEK_DATA), 3);
	say("sought");
}
