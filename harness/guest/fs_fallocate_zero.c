#include "contract.h"

#include <linux/falloc.h>

static void show(int fd, off_t from, off_t to)
{
	char byte = 1;
	struct stat st;
	int zeroes = 0, others = 0;

	OK(fstat(fd, &st));
	for (off_t at = from; at < to; at++) {
		EQ(pread(fd, &byte, 1, at), 1);
		if (byte)
			others++;
		else
			zeroes++;
	}
	say("size %ld; from %ld: %d zeroes, %d others", (long)st.st_size, (long)from, zeroes,
	    others);
}

CONTRACT(fs_fallocate_zero, "fallocate zeroes ranges, which stay allocated, and punches holes")
{
	static char data[8 * PAGE];
	struct stat before, after;
	int fd = OK(open("file", O_RDWR | O_CREAT, 0644));

	memset(data, 'x', sizeof(data));
	EQ(pwrite(fd, data, sizeof(data), 0), sizeof(data));
	OK(fsync(fd));
	OK(fstat(fd, &before));
	if (fallocate(fd, FALLOC_FL_ZERO_RANGE, 1000, 2 * PAGE) != 0) {
		if (errno == EOPNOTSUPP)
			skip("this file system zeroes no ranges");
		CHECK(!"zero range");
	}
	OK(fstat(fd, &after));
	CHECK(after.st_blocks >= before.st_blocks);
	show(fd, 990, 1010);
	show(fd, 990 + 2 * PAGE, 1010 + 2 * PAGE);
	OK(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 4 * PAGE - 5, PAGE + 10));
	OK(fstat(fd, &after));
	CHECK(after.st_blocks < before.st_blocks);
	show(fd, 4 * PAGE - 10, 4 * PAGE);
	show(fd, 5 * PAGE, 5 * PAGE + 10);
	EQ(lseek(fd, 4 * PAGE, SEEK_DATA), 5 * PAGE);
	OK(fallocate(fd, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, 8 * PAGE - 3, 2 * PAGE));
	show(fd, 8 * PAGE - 6, 8 * PAGE);
	OK(fallocate(fd, FALLOC_FL_ZERO_RANGE, 8 * PAGE, PAGE));
	show(fd, 8 * PAGE, 9 * PAGE);
	SHOW(fallocate(fd, FALLOC_FL_PUNCH_HOLE, 0, PAGE));
	SHOW(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE, 0, PAGE));
	SHOW(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 100 * PAGE, PAGE));
}
