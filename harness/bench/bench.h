#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

/*
 * Micro-benchmarks of a kernel, run by the same static binary as init's child under Aramid and
 * under Linux. A benchmark's run(n) does its operation n times and returns the nanoseconds that
 * the measured part took; set-up and clean-up around it are not counted. The driver raises n
 * until one run is long enough for the clock, repeats it, and prints the median.
 */

#include <stdbool.h>
#include <stdint.h>

/* How a benchmark's time becomes its printed value. */
enum bench_unit {
	bench_per_operation, /* ns/op: nanoseconds divided by n */
	bench_throughput,    /* MiB/s: n is a number of MiB */
};

struct bench {
	const char *name;
	enum bench_unit unit;
	double (*run)(uint64_t n);
	/* What n may be at most; 0: as much as the driver likes. */
	uint64_t limit;
	/* What one unit of n is, when it is not one call. */
	const char *of;
	/* Not 0: n is this, or a tenth with --quick, and it is run once. */
	uint64_t fixed;
};

extern const struct bench bench_calls[], bench_processes[], bench_memory[], bench_files[],
    bench_volume[];

/* The path of this program, for benchmarks that execute it. */
extern const char *bench_self;

/* MiB to write and read sequentially. */
extern uint64_t bench_file_size;

/* Nanoseconds of the monotonic clock. */
double bench_now(void);

/* Ends the program when a call that must not fail gave -1. */
#define BENCH_OK(call)                                                                             \
	({                                                                                         \
		__typeof__(call) bench_value_ = (call);                                            \
		if ((long)bench_value_ == -1)                                                      \
			bench_fail(#call);                                                         \
		bench_value_;                                                                      \
	})
void bench_fail(const char *what) __attribute__((noreturn));

#endif
