#include "contract.h"

#include <linux/falloc.h>

static void fill(int fd, int blocks)
{
	char block[PAGE];

	for (int i = 0; i < blocks; i++) {
		memset(block, 'a' + i, sizeof(block));
		EQ(pwrite(fd, block, sizeof(block), (off_t)i * PAGE), PAGE);
	}
}

static void show(int fd)
{
	char line[64], byte;
	struct stat st;
	int n;

	OK(fstat(fd, &st));
	for (n = 0; (off_t)n * PAGE < st.st_size; n++) {
		EQ(pread(fd, &byte, 1, (off_t)n * PAGE), 1);
		line[n] = byte ? byte : '.';
	}
	line[n] = '\0';
	say("%ld bytes: %s", (long)st.st_size, line);
}

CONTRACT(fs_fallocate_move, "fallocate takes ranges out of a file and inserts holes")
{
	char *map, back[8];
	int fd = OK(open("file", O_RDWR | O_CREAT, 0644));

	fill(fd, 12);
	if (fallocate(fd, FALLOC_FL_COLLAPSE_RANGE, 2 * PAGE, 3 * PAGE) != 0) {
		if (errno == EOPNOTSUPP)
			skip("this file system moves no ranges");
		CHECK(!"collapse");
	}
	show(fd);
	OK(fallocate(fd, FALLOC_FL_INSERT_RANGE, PAGE, 2 * PAGE));
	show(fd);
	/* a mapping sees it too */
	map = mmap(NULL, 11 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(map != MAP_FAILED);
	map[0] = 'A';
	map[4 * PAGE] = 'F';
	OK(fallocate(fd, FALLOC_FL_COLLAPSE_RANGE, 0, PAGE));
	say("mapped: %c %c", map[3 * PAGE], map[4 * PAGE]);
	OK(fallocate(fd, FALLOC_FL_INSERT_RANGE, 0, PAGE));
	say("mapped: %d %c", map[0], map[4 * PAGE]);
	show(fd);
	OK(munmap(map, 11 * PAGE));
	/* what lies in the inserted hole is none; the rest stays after it is written back */
	OK(fsync(fd));
	EQ(lseek(fd, 0, SEEK_DATA), 3 * PAGE);
	EQ(pread(fd, back, 1, 3 * PAGE), 1);
	SHOW(fallocate(fd, FALLOC_FL_COLLAPSE_RANGE, 0, 100));
	SHOW(fallocate(fd, FALLOC_FL_COLLAPSE_RANGE, 0, 11 * PAGE));
	SHOW(fallocate(fd, FALLOC_FL_INSERT_RANGE, 11 * PAGE, PAGE));
}
