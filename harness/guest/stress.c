/*
 * Seeded exercisers that know what must come out.
 *
 *	stress fsx [OPTION…] FILE   one file: read, write, map, truncate, allocate, punch, sync
 *	stress fs  [OPTION…] DIR    a tree of names: create, link, rename, remove, write, …
 *
 *	--seed N     what is done (1); the same seed does the same everywhere
 *	--ops N      how many operations (5000)
 *	--size N     bytes of a file, at most (fsx: 262144, fs: 32768)
 *	--jobs N     that many processes at once, each with its own seed and its own FILE.N or DIR.N
 *	--keep       leave the files there at the end
 *	--check      do nothing, but compare with what the same command with --keep has left; for
 *	             after a reboot
 *
 * Every operation is also done on a model in memory, and its result, the data read and the names
 * listed are compared. On a difference, the last operations are printed and the exit status is 1.
 */
#include "stress.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { log_lines = 40, log_width = 160 };

static uint64_t random_state;
static char log_ring[log_lines][log_width];
static uint64_t logged;

void stress_seed(uint64_t seed)
{
	random_state = seed * 0x9e3779b97f4a7c15u + 0x123456789abcdefu;
}

uint64_t stress_random(uint64_t below)
{
	uint64_t mixed;

	random_state += 0x9e3779b97f4a7c15u;
	mixed = random_state;
	mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9u;
	mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111ebu;
	mixed ^= mixed >> 31;
	return below ? mixed % below : mixed;
}

void stress_log(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(log_ring[logged++ % log_lines], log_width, format, arguments);
	va_end(arguments);
}

void stress_fail(const char *format, ...)
{
	uint64_t first = logged > log_lines ? logged - log_lines : 0;
	int error = errno;
	va_list arguments;

	for (uint64_t i = first; i < logged; i++)
		printf("  %6llu %s\n", (unsigned long long)i, log_ring[i % log_lines]);
	printf("stress: ");
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	printf(" (errno: %s)\n", strerror(error));
	fflush(stdout);
	_exit(1);
}

static int usage(void)
{
	fprintf(stderr, "usage: stress fsx|fs [--seed N] [--ops N] [--size N] [--jobs N] [--keep] "
			"[--check] PATH\n");
	return 2;
}

static int run_jobs(int (*run)(const struct stress_options *), struct stress_options options,
		    uint64_t jobs)
{
	static char path[4096];
	const char *where = options.where;
	int failed = 0;

	for (uint64_t job = 0; job < jobs; job++) {
		pid_t pid;

		fflush(stdout);
		pid = fork();
		if (pid < 0) {
			perror("stress: fork");
			failed = 1;
			break;
		}
		if (pid == 0) {
			int status;

			snprintf(path, sizeof(path), "%s.%llu", where, (unsigned long long)job);
			options.where = path;
			options.seed += job * 1000003;
			status = run(&options);
			fflush(stdout);
			_exit(status);
		}
	}
	for (;;) {
		int status;

		if (wait(&status) < 0) {
			if (errno == EINTR)
				continue;
			return failed;
		}
		failed |= status != 0;
	}
}

int main(int argc, char **argv)
{
	struct stress_options options = {.seed = 1, .operations = 5000};
	int (*run)(const struct stress_options *);
	uint64_t jobs = 1;

	if (argc >= 2 && strcmp(argv[1], "fsx") == 0)
		run = stress_fsx, options.size = 256 << 10;
	else if (argc >= 2 && strcmp(argv[1], "fs") == 0)
		run = stress_fs, options.size = 32 << 10;
	else
		return usage();
	for (int i = 2; i < argc; i++) {
		bool number = i + 1 < argc;

		if (number && strcmp(argv[i], "--seed") == 0)
			options.seed = strtoull(argv[++i], NULL, 0);
		else if (number && strcmp(argv[i], "--ops") == 0)
			options.operations = strtoull(argv[++i], NULL, 0);
		else if (number && strcmp(argv[i], "--size") == 0)
			options.size = strtoull(argv[++i], NULL, 0);
		else if (number && strcmp(argv[i], "--jobs") == 0)
			jobs = strtoull(argv[++i], NULL, 0);
		else if (strcmp(argv[i], "--keep") == 0)
			options.keep = true;
		else if (strcmp(argv[i], "--check") == 0)
			options.check_only = options.keep = true;
		else if (argv[i][0] == '-' || options.where)
			return usage();
		else
			options.where = argv[i];
	}
	if (!options.where || options.size < 4096 || jobs < 1)
		return usage();
	return jobs > 1 ? run_jobs(run, options, jobs) : run(&options);
}
