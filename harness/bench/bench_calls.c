/* The cheapest system calls: what entering and leaving the kernel costs, and a path lookup. */
#include "bench.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static double run_getpid(uint64_t n)
{
	double start = bench_now();

	while (n--)
		syscall(SYS_getpid);
	return bench_now() - start;
}

static double run_device(const char *path, bool writing, uint64_t n)
{
	static char block[4096];
	int fd = BENCH_OK(open(path, O_RDWR));
	double start = bench_now();

	if (writing)
		while (n--)
			BENCH_OK(write(fd, block, sizeof(block)));
	else
		while (n--)
			BENCH_OK(read(fd, block, sizeof(block)));
	start = bench_now() - start;
	BENCH_OK(close(fd));
	return start;
}

static double run_read_null(uint64_t n)
{
	return run_device("/dev/null", false, n);
}

static double run_write_null(uint64_t n)
{
	return run_device("/dev/null", true, n);
}

static double run_read_zero(uint64_t n)
{
	return run_device("/dev/zero", false, n);
}

static double run_write_zero(uint64_t n)
{
	return run_device("/dev/zero", true, n);
}

/* A file two directories deep, the way programs look up most of their files. */
static const char *make_file(void)
{
	mkdir("bench.dir", 0755);
	mkdir("bench.dir/sub", 0755);
	BENCH_OK(close(BENCH_OK(open("bench.dir/sub/file", O_WRONLY | O_CREAT, 0644))));
	return "bench.dir/sub/file";
}

static void remove_file(void)
{
	BENCH_OK(unlink("bench.dir/sub/file"));
	BENCH_OK(rmdir("bench.dir/sub"));
	BENCH_OK(rmdir("bench.dir"));
}

static double run_open_close(uint64_t n)
{
	const char *path = make_file();
	double start = bench_now();

	while (n--)
		BENCH_OK(close(BENCH_OK(open(path, O_RDONLY))));
	start = bench_now() - start;
	remove_file();
	return start;
}

static double run_stat(uint64_t n)
{
	const char *path = make_file();
	struct stat st;
	double start = bench_now();

	while (n--)
		BENCH_OK(stat(path, &st));
	start = bench_now() - start;
	remove_file();
	return start;
}

const struct bench bench_calls[] = {
    {"getpid", bench_per_operation, run_getpid, 0, "system calls"},
    {"read_null", bench_per_operation, run_read_null, 0, "reads of 4 KiB from /dev/null"},
    {"write_null", bench_per_operation, run_write_null, 0, "writes of 4 KiB to /dev/null"},
    {"read_zero", bench_per_operation, run_read_zero, 0, "reads of 4 KiB from /dev/zero"},
    {"write_zero", bench_per_operation, run_write_zero, 0, "writes of 4 KiB to /dev/zero"},
    {"open_close", bench_per_operation, run_open_close, 0, "opens and closes, three names deep"},
    {"stat", bench_per_operation, run_stat, 0, "stats, three names deep"},
    {0},
};
