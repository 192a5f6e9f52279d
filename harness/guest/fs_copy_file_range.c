#include "contract.h"

CONTRACT(fs_copy_file_range, "copy_file_range copies within and between files")
{
	static char block[100000], back[100000];
	loff_t from = 10, to = 50000;
	int in, out;

	pattern_fill(block, sizeof(block), 0, 4);
	in = OK(open("in", O_RDWR | O_CREAT, 0644));
	write_all(in, block, sizeof(block));
	out = OK(open("out", O_RDWR | O_CREAT, 0644));
	for (size_t left = 80000; left;) {
		ssize_t got = OK(copy_file_range(in, &from, out, &to, left, 0));

		CHECK(got > 0);
		left -= (size_t)got;
	}
	EQ(from, 80010);
	EQ(to, 130000);
	EQ(stat_of("out").st_size, 130000);
	EQ(pread(out, back, 80000, 50000), 80000);
	CHECK(memcmp(back, block + 10, 80000) == 0);
	EQ(pread(out, back, 1, 49999), 1);
	EQ(back[0], 0);
	OK(lseek(in, 99990, SEEK_SET));
	OK(lseek(out, 0, SEEK_SET));
	EQ(copy_file_range(in, NULL, out, NULL, 100, 0), 10);
	EQ(lseek(in, 0, SEEK_CUR), 100000);
	EQ(copy_file_range(in, NULL, out, NULL, 100, 0), 0);
	from = 0;
	to = 5;
	FAILS(copy_file_range(in, &from, in, &to, 10, 0), EINVAL);
	FAILS(copy_file_range(in, &from, out, &to, 10, 1), EINVAL);
	FAILS(copy_file_range(in, NULL, OK(open("out", O_RDONLY)), NULL, 1, 0), EBADF);
	FAILS(copy_file_range(in, NULL, OK(open("out", O_WRONLY | O_APPEND)), NULL, 1, 0), EBADF);
	FAILS(copy_file_range(OK(open(".", O_RDONLY)), NULL, out, NULL, 1, 0), EISDIR);
	say("copied");
}
