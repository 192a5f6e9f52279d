#include "contract.h"

CONTRACT(fs_sendfile, "sendfile copies between files and into pipes, from either offset")
{
	static char block[200000], back[200000];
	int pipes[2], in, out;
	off_t offset = 1000;

	pattern_fill(block, sizeof(block), 0, 2);
	in = OK(open("in", O_RDWR | O_CREAT, 0644));
	write_all(in, block, sizeof(block));
	out = OK(open("out", O_RDWR | O_CREAT, 0644));
	EQ(sendfile(out, in, &offset, 150000), 150000);
	EQ(offset, 151000);
	EQ(lseek(in, 0, SEEK_CUR), sizeof(block));
	EQ(lseek(out, 0, SEEK_CUR), 150000);
	EQ(pread(out, back, 150000, 0), 150000);
	CHECK(memcmp(back, block + 1000, 150000) == 0);
	OK(lseek(in, 199990, SEEK_SET));
	EQ(sendfile(out, in, NULL, 100), 10);
	EQ(lseek(in, 0, SEEK_CUR), 200000);
	EQ(sendfile(out, in, NULL, 100), 0);
	OK(pipe(pipes));
	offset = 5;
	EQ(sendfile(pipes[1], in, &offset, 1000), 1000);
	read_all(pipes[0], back, 1000);
	CHECK(memcmp(back, block + 5, 1000) == 0);
	FAILS(sendfile(99, in, NULL, 1), EBADF);
	FAILS(sendfile(out, 99, NULL, 1), EBADF);
	FAILS(sendfile(in, OK(open("out", O_WRONLY)), NULL, 1), EBADF);
	FAILS(sendfile(OK(open("out", O_RDONLY)), in, NULL, 1), EBADF);
	offset = -1;
	FAILS(sendfile(out, in, &offset, 1), EINVAL);
	say("copied");
}
