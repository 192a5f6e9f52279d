#include "contract.h"

CONTRACT(fs_unlink_open, "an unlinked file lives until its last descriptor closes")
{
	static char block[50000], back[50000];
	struct stat st;
	int fd = OK(open("file", O_RDWR | O_CREAT, 0644)), other;
	char path[64];

	other = OK(open("file", O_RDONLY));
	OK(unlink("file"));
	pattern_fill(block, sizeof(block), 0, 8);
	write_all(fd, block, sizeof(block));
	OK(fstat(fd, &st));
	EQ(st.st_nlink, 0);
	EQ(st.st_size, sizeof(block));
	put("file", "a new one");
	CHECK(stat_of("file").st_ino != st.st_ino);
	OK(close(fd));
	read_all(other, back, sizeof(back));
	CHECK(memcmp(block, back, sizeof(back)) == 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", other);
	fd = OK(open(path, O_RDWR));
	OK(ftruncate(fd, 5));
	OK(fstat(other, &st));
	EQ(st.st_size, 5);
	SAME(get("file"), "a new one");
	say("lived on");
}
