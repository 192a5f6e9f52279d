/* Files on the disk: names, directories, and one large file from end to end. */
#include "bench.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { block_size = 64 << 10, entries = 1000 };

static void name_file(char *path, size_t size, uint64_t number)
{
	snprintf(path, size, "bench.files/%06llu", (unsigned long long)number);
}

static double make_files(uint64_t n)
{
	char path[64];
	double start;

	BENCH_OK(mkdir("bench.files", 0755));
	start = bench_now();
	for (uint64_t i = 0; i < n; i++) {
		name_file(path, sizeof(path), i);
		BENCH_OK(close(BENCH_OK(open(path, O_WRONLY | O_CREAT | O_EXCL, 0644))));
	}
	return bench_now() - start;
}

static double remove_files(uint64_t n)
{
	char path[64];
	double start = bench_now();

	for (uint64_t i = 0; i < n; i++) {
		name_file(path, sizeof(path), i);
		BENCH_OK(unlink(path));
	}
	start = bench_now() - start;
	BENCH_OK(rmdir("bench.files"));
	return start;
}

static double run_create(uint64_t n)
{
	double took = make_files(n);

	remove_files(n);
	return took;
}

static double run_unlink(uint64_t n)
{
	make_files(n);
	return remove_files(n);
}

/* An operation is one entry of a directory of a thousand, read through a 32 KiB buffer. */
static double run_getdents(uint64_t n)
{
	static char buffer[32 << 10];
	double start;
	int fd;

	make_files(entries);
	fd = BENCH_OK(open("bench.files", O_RDONLY | O_DIRECTORY));
	start = bench_now();
	for (uint64_t done = 0; done < n; done += entries) {
		BENCH_OK(lseek(fd, 0, SEEK_SET));
		while (BENCH_OK(syscall(SYS_getdents64, fd, buffer, sizeof(buffer))) > 0)
			;
	}
	start = (bench_now() - start) * (double)n / (double)((n + entries - 1) / entries * entries);
	BENCH_OK(close(fd));
	remove_files(entries);
	return start;
}

static double write_file(uint64_t mebibytes)
{
	static char block[block_size];
	double start;
	int fd;

	memset(block, 'b', sizeof(block));
	fd = BENCH_OK(open("bench.data", O_WRONLY | O_CREAT | O_EXCL, 0644));
	start = bench_now();
	for (uint64_t i = 0; i < mebibytes << 20; i += block_size)
		if (BENCH_OK(write(fd, block, block_size)) != block_size)
			bench_fail("a short write");
	BENCH_OK(fsync(fd));
	start = bench_now() - start;
	BENCH_OK(close(fd));
	return start;
}

static double run_write_file(uint64_t mebibytes)
{
	double took = write_file(mebibytes);

	BENCH_OK(unlink("bench.data"));
	return took;
}

/* Makes the kernel forget the file's pages, and says so when it did not. */
static void drop_cache(int fd, uint64_t size)
{
	unsigned char resident[64];
	char *map;
	int left = 0;

	if (posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) != 0)
		bench_fail("posix_fadvise");
	map = BENCH_OK((char *)mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0));
	BENCH_OK(mincore(map, sizeof(resident) * 4096, resident));
	BENCH_OK(munmap(map, size));
	for (size_t i = 0; i < sizeof(resident); i++)
		left += resident[i] & 1;
	if (left)
		printf("# the file is still in the page cache: %d of %zu pages\n", left,
		       sizeof(resident));
}

static double run_read_file(uint64_t mebibytes)
{
	static char block[block_size];
	double start;
	int fd;

	write_file(mebibytes);
	fd = BENCH_OK(open("bench.data", O_RDONLY));
	drop_cache(fd, mebibytes << 20);
	start = bench_now();
	for (uint64_t i = 0; i < mebibytes << 20; i += block_size)
		if (BENCH_OK(read(fd, block, block_size)) != block_size || block[i % 4096] != 'b')
			bench_fail("a wrong read");
	start = bench_now() - start;
	BENCH_OK(close(fd));
	BENCH_OK(unlink("bench.data"));
	return start;
}

const struct bench bench_files[] = {
    {"create", bench_per_operation, run_create, 2000, "empty files created"},
    {"unlink", bench_per_operation, run_unlink, 2000, "empty files unlinked"},
    {"getdents", bench_per_operation, run_getdents, 0, "directory entries listed"},
    {"write_file", bench_throughput, run_write_file, 0, "a file written and fsynced"},
    {"read_file", bench_throughput, run_read_file, 0, "a file read that is not in the cache"},
    {0},
};
