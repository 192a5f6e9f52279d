#ifndef GUEST_STRESS_H
#define GUEST_STRESS_H

/* What the seeded exercisers of `stress` share; see stress.c for their use. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct stress_options {
	uint64_t seed;
	uint64_t operations;
	size_t size;       /* of the file or of each file, at most */
	bool check_only;   /* do nothing, then compare what an earlier run left with the model */
	bool keep;         /* leave the files when all is well */
	const char *where; /* file or directory */
};

/* 0, or 1 after printing what went wrong and the operations that led there. */
int stress_fsx(const struct stress_options *options);
int stress_fs(const struct stress_options *options);

/* Numbers that only the seed decides. */
void stress_seed(uint64_t seed);
uint64_t stress_random(uint64_t below);

/* Remembers an operation; the last ones are printed when something goes wrong. */
void stress_log(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Prints what went wrong, the last operations and the errno, and ends the process with 1. */
void stress_fail(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

#endif
