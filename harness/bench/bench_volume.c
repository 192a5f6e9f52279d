/*
 * A file system at work: whole jobs that last seconds, each done once in a run of the program. What
 * a job needs (files to look at, an archive to unpack) is made before the clock starts; what is on
 * its way to the disk when it ends counts, so each job that writes ends with sync or fsync.
 */
#include "bench.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	overwrite_block = 4096,
	overwrite_blocks = 16384, /* a file of 64 MiB */
	threads = 8,
	files_in_directory = 20, /* of the archive */
};

/* Numbers that look random and are the same on every machine. */
static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* Everything written, and nothing of the disk left in memory. */
static void forget_caches(void)
{
	int fd;

	sync();
	fd = BENCH_OK(open("/proc/sys/vm/drop_caches", O_WRONLY));
	BENCH_OK(write(fd, "3\n", 2));
	BENCH_OK(close(fd));
}

static void name_file(char *path, size_t size, const char *directory, uint64_t number)
{
	snprintf(path, size, "%s/a-file-%06llu", directory, (unsigned long long)number);
}

static void create(const char *directory, uint64_t n)
{
	char path[64];

	for (uint64_t i = 0; i < n; i++) {
		name_file(path, sizeof(path), directory, i);
		BENCH_OK(close(BENCH_OK(open(path, O_WRONLY | O_CREAT | O_EXCL, 0644))));
	}
}

static void remove_all(const char *directory, uint64_t n)
{
	char path[64];

	for (uint64_t i = 0; i < n; i++) {
		name_file(path, sizeof(path), directory, i);
		BENCH_OK(unlink(path));
	}
}

static double run_create_many(uint64_t n)
{
	double start;

	BENCH_OK(mkdir("bench.many", 0755));
	sync();
	start = bench_now();
	create("bench.many", n);
	sync();
	start = bench_now() - start;
	remove_all("bench.many", n);
	BENCH_OK(rmdir("bench.many"));
	return start;
}

static double run_unlink_many(uint64_t n)
{
	double start;

	BENCH_OK(mkdir("bench.many", 0755));
	create("bench.many", n);
	sync();
	start = bench_now();
	remove_all("bench.many", n);
	sync();
	start = bench_now() - start;
	BENCH_OK(rmdir("bench.many"));
	return start;
}

static void stat_random(uint64_t n)
{
	uint64_t random = 88172645463325252u;
	struct stat status;
	char path[64];

	for (uint64_t i = 0; i < n; i++) {
		name_file(path, sizeof(path), "bench.many", next_random(&random) % n);
		BENCH_OK(stat(path, &status));
	}
}

static double stat_many(uint64_t n, bool warm)
{
	double start;

	BENCH_OK(mkdir("bench.many", 0755));
	create("bench.many", n);
	forget_caches();
	if (warm)
		stat_random(n);
	start = bench_now();
	stat_random(n);
	start = bench_now() - start;
	remove_all("bench.many", n);
	BENCH_OK(rmdir("bench.many"));
	return start;
}

static double run_stat_cold(uint64_t n)
{
	return stat_many(n, false);
}

static double run_stat_warm(uint64_t n)
{
	return stat_many(n, true);
}

/* An operation is one block overwritten at random and the file's fsync. */
static double run_overwrite(uint64_t n)
{
	static char block[overwrite_block];
	uint64_t random = 2463534242u;
	double start;
	int fd = BENCH_OK(open("bench.data", O_RDWR | O_CREAT | O_EXCL, 0644));

	memset(block, 'o', sizeof(block));
	for (int i = 0; i < overwrite_blocks; i++)
		BENCH_OK(write(fd, block, sizeof(block)));
	sync();
	start = bench_now();
	for (uint64_t i = 0; i < n; i++) {
		off_t at = (off_t)(next_random(&random) % overwrite_blocks) * overwrite_block;

		block[0] = (char)i;
		BENCH_OK(pwrite(fd, block, sizeof(block), at));
		BENCH_OK(fsync(fd));
	}
	start = bench_now() - start;
	BENCH_OK(close(fd));
	BENCH_OK(unlink("bench.data"));
	return start;
}

/* ---- threads ---- */

struct creator {
	pthread_t thread;
	char directory[32];
	uint64_t n;
};

static void *run_creator(void *arg)
{
	const struct creator *creator = arg;

	create(creator->directory, creator->n);
	return NULL;
}

static double run_create_threads(uint64_t n)
{
	static struct creator creators[threads];
	double start;

	for (int i = 0; i < threads; i++) {
		snprintf(creators[i].directory, sizeof(creators[i].directory), "bench.thread%d", i);
		creators[i].n = n / threads;
		BENCH_OK(mkdir(creators[i].directory, 0755));
	}
	sync();
	start = bench_now();
	for (int i = 0; i < threads; i++)
		if (pthread_create(&creators[i].thread, NULL, run_creator, &creators[i]) != 0)
			bench_fail("pthread_create");
	for (int i = 0; i < threads; i++)
		pthread_join(creators[i].thread, NULL);
	sync();
	start = bench_now() - start;
	for (int i = 0; i < threads; i++) {
		remove_all(creators[i].directory, creators[i].n);
		BENCH_OK(rmdir(creators[i].directory));
	}
	return start;
}

/* ---- an archive ---- */

/* The header of a file or directory in the ustar format. */
static void put_header(FILE *archive, const char *name, char type, unsigned long size)
{
	char header[512] = {0};
	unsigned sum = 8 * ' ';

	snprintf(header, 100, "%s", name);
	memcpy(header + 100, type == '5' ? "0000755" : "0000644", 7);
	memcpy(header + 108, "0000000", 7);
	memcpy(header + 116, "0000000", 7);
	snprintf(header + 124, 12, "%011lo", size);
	memcpy(header + 136, "14720000000", 11);
	header[156] = type;
	memcpy(header + 257, "ustar\00000", 8);
	for (size_t i = 0; i < sizeof(header); i++)
		sum += (unsigned char)header[i];
	snprintf(header + 148, 8, "%06o", sum);
	header[155] = ' ';
	fwrite(header, sizeof(header), 1, archive);
}

/* A tree as sources are: many small files, few larger ones, twenty to a directory. */
static void make_archive(const char *path, uint64_t n)
{
	static char content[64 << 10];
	uint64_t random = 88172645463325252u;
	FILE *archive = fopen(path, "w");
	char name[100];

	if (!archive)
		bench_fail("fopen");
	for (size_t i = 0; i < sizeof(content); i++)
		content[i] = i % 64 == 63 ? '\n' : (char)('a' + i % 23);
	put_header(archive, "bench.tree/", '5', 0);
	for (uint64_t i = 0; i < n; i++) {
		uint64_t scale = next_random(&random) % 7, size;
		unsigned directory = (unsigned)(i / files_in_directory);

		if (i % files_in_directory == 0) {
			snprintf(name, sizeof(name), "bench.tree/directory-%u/", directory);
			put_header(archive, name, '5', 0);
		}
		size = (next_random(&random) % 512) << scale; /* up to 32 KiB, 4 KiB on average */
		snprintf(name, sizeof(name), "bench.tree/directory-%u/source-%u.c", directory,
			 (unsigned)i);
		put_header(archive, name, '0', size);
		fwrite(content, (size + 511) / 512 * 512, 1, archive);
	}
	memset(content, 0, 1024);
	fwrite(content, 1024, 1, archive);
	if (fclose(archive) != 0)
		bench_fail("fclose");
}

static void command(const char *const *argv)
{
	int status;
	pid_t pid = BENCH_OK(fork());

	if (pid == 0) {
		execvp(argv[0], (char *const *)argv);
		_exit(127);
	}
	BENCH_OK(waitpid(pid, &status, 0));
	if (status != 0)
		bench_fail(argv[0]);
}

/* An operation is one file unpacked by the system's tar. */
static double run_untar(uint64_t n)
{
	static const char *const unpack[] = {"tar", "-xf", "bench.tar", NULL};
	static const char *const clean[] = {"rm", "-r", "bench.tree", "bench.tar", NULL};
	double start;

	make_archive("bench.tar", n);
	sync();
	start = bench_now();
	command(unpack);
	sync();
	start = bench_now() - start;
	command(clean);
	return start;
}

const struct bench bench_volume[] = {
    {"overwrite_fsync", bench_per_operation, run_overwrite, 0,
     "4 KiB blocks of a file overwritten at random, each fsynced", 2000},
    {"create_many", bench_per_operation, run_create_many, 0,
     "empty files created in one directory, and sync", 100000},
    {"stat_cold", bench_per_operation, run_stat_cold, 0,
     "as many files looked at in random order, none of them in memory", 100000},
    {"stat_warm", bench_per_operation, run_stat_warm, 0, "the same once more", 100000},
    {"unlink_many", bench_per_operation, run_unlink_many, 0, "as many unlinked, and sync", 100000},
    {"create_threads", bench_per_operation, run_create_threads, 0,
     "files created by eight threads in eight directories, and sync", 80000},
    {"untar", bench_per_operation, run_untar, 0, "files unpacked by tar, and sync", 20000},
    {0},
};
