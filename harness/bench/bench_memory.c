/* Memory: page faults, and changes of mappings. */
#include "bench.h"

#include <stddef.h>
#include <sys/mman.h>

enum { page = 4096, count = 256 };

static char *map(void)
{
	return BENCH_OK((char *)mmap(NULL, count * page, PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}

static void touch(char *start, uint64_t pages)
{
	for (uint64_t i = 0; i < pages; i++)
		((volatile char *)start)[i * page] = 1;
}

/* An operation is one page: mapped with 255 others, and written for the first time. */
static double run_mmap_fault(uint64_t n)
{
	double took = 0;

	while (n) {
		uint64_t pages = n < count ? n : count;
		double start = bench_now();
		char *start_page = map();

		touch(start_page, pages);
		took += bench_now() - start;
		BENCH_OK(munmap(start_page, count * page));
		n -= pages;
	}
	return took;
}

/* An operation is one munmap of 256 touched pages. */
static double run_munmap(uint64_t n)
{
	double took = 0;

	while (n--) {
		char *start_page = map();
		double start;

		touch(start_page, count);
		start = bench_now();
		BENCH_OK(munmap(start_page, count * page));
		took += bench_now() - start;
	}
	return took;
}

/* An operation is one mprotect of 256 touched pages, to read-only and back in turn. */
static double run_mprotect(uint64_t n)
{
	char *start_page = map();
	double start;

	touch(start_page, count);
	start = bench_now();
	for (uint64_t i = 0; i < n; i++)
		BENCH_OK(
		    mprotect(start_page, count * page, i % 2 ? PROT_READ | PROT_WRITE : PROT_READ));
	start = bench_now() - start;
	BENCH_OK(munmap(start_page, count * page));
	return start;
}

const struct bench bench_memory[] = {
    {"mmap_fault", bench_per_operation, run_mmap_fault, 0, "anonymous pages mapped and touched"},
    {"munmap", bench_per_operation, run_munmap, 0, "mappings of 1 MiB removed"},
    {"mprotect", bench_per_operation, run_mprotect, 0, "changes of rights of 1 MiB"},
    {0},
};
