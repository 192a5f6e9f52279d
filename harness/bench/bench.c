/*
 * The driver of the micro-benchmarks.
 *
 *	bench [--quick] [--size MIB] [--dir DIR] [NAME…]
 *	bench --list
 *
 * prints one line per benchmark, `name value unit`: the median of seven repetitions (three with
 * --quick; jobs of seconds are done once), in ns/op or MiB/s. Files are made in DIR (the current
 *directory) and removed again. A line that begins with # is a remark. The exit status is 1 when a
 *benchmark could not run; `name failed` with a reason is printed in its place.
 */
#include "bench.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { repetitions_full = 7, repetitions_quick = 3 };

const char *bench_self;
uint64_t bench_file_size = 512;

static const struct bench *const tables[] = {bench_calls, bench_processes, bench_memory,
					     bench_files, bench_volume};
static bool quick;

double bench_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

void bench_fail(const char *what)
{
	printf("# %s: %s\n", what, strerror(errno));
	fflush(stdout);
	_exit(1);
}

static int compare(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return a < b ? -1 : a > b;
}

/* Raises n until one run lasts 50 ms (10 ms with --quick), or n reaches the benchmark's limit. */
static uint64_t calibrate(const struct bench *bench)
{
	double enough = quick ? 10e6 : 50e6;
	uint64_t n = 1, limit = bench->limit ? bench->limit : UINT64_MAX / 16;

	if (bench->unit == bench_throughput)
		return bench_file_size;
	if (bench->fixed)
		return quick ? bench->fixed / 10 : bench->fixed;
	for (;;) {
		double took = bench->run(n);

		if (took >= enough || n >= limit)
			return n < limit ? n : limit;
		if (took < enough / 16)
			n *= 8;
		else
			n = (uint64_t)((double)n * enough / took * 1.2) + 1;
		if (n > limit)
			n = limit;
	}
}

static void measure(const struct bench *bench)
{
	int count = quick ? repetitions_quick : repetitions_full;
	double values[repetitions_full];
	uint64_t n = calibrate(bench);

	if (bench->unit == bench_throughput && count > 3)
		count = 3;
	if (bench->fixed)
		count = 1;
	for (int i = 0; i < count; i++) {
		double took = bench->run(n);

		values[i] =
		    bench->unit == bench_throughput ? (double)n * 1e9 / took : took / (double)n;
	}
	qsort(values, (size_t)count, sizeof(values[0]), compare);
	printf("%s %.1f %s\n", bench->name, values[count / 2],
	       bench->unit == bench_throughput ? "MiB/s" : "ns/op");
	fflush(stdout);
}

/* Each benchmark runs in its own process, so that none sees what another left behind. */
static bool run(const struct bench *bench)
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		bench_fail("fork");
	if (pid == 0) {
		measure(bench);
		_exit(0);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (status == 0)
		return true;
	printf("%s failed\n", bench->name);
	fflush(stdout);
	return false;
}

static bool wanted(const char *name, char **names)
{
	if (!names[0])
		return true;
	for (; *names; names++)
		if (strcmp(name, *names) == 0)
			return true;
	return false;
}

static int usage(void)
{
	fprintf(stderr, "usage: bench [--quick] [--size MIB] [--dir DIR] [NAME…] | --list\n");
	return 2;
}

int main(int argc, char **argv)
{
	static char self[4096];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	bool list = false, all_ran = true, found = false;
	int at = 1;

	if (argc == 2 && strcmp(argv[1], "--nothing") == 0)
		return 0;
	bench_self = length > 0 ? self : argv[0];
	for (; at < argc && strncmp(argv[at], "--", 2) == 0; at++) {
		if (strcmp(argv[at], "--quick") == 0) {
			quick = true;
			bench_file_size = 32;
		} else if (strcmp(argv[at], "--list") == 0) {
			list = true;
		} else if (strcmp(argv[at], "--size") == 0 && at + 1 < argc) {
			bench_file_size = strtoul(argv[++at], NULL, 10);
		} else if (strcmp(argv[at], "--dir") == 0 && at + 1 < argc) {
			if (chdir(argv[++at]) != 0)
				bench_fail(argv[at]);
		} else {
			return usage();
		}
	}
	if (bench_file_size < 1)
		return usage();
	for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++)
		for (const struct bench *bench = tables[t]; bench->name; bench++) {
			if (!wanted(bench->name, argv + at))
				continue;
			found = true;
			if (list)
				printf("%s\t%s\n", bench->name, bench->of);
			else if (!run(bench))
				all_ran = false;
		}
	if (!found) {
		fprintf(stderr, "bench: nothing is called that; try --list\n");
		return 2;
	}
	return all_ran ? 0 : 1;
}
