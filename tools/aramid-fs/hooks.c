/*
 * The seams as this program wants them: the machine's own clocks, messages on stderr,
 * and caches that give memory back when they have reached their share.
 */
#include "host_hooks.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "common.h"
#include "lib/atomic.h"
#include "lib/clock.h"
#include "lib/hash.h"
#include "lib/log.h"
#include "lib/panic.h"
#include "mm/kmalloc.h"
#include "mm/mm.h"
#include "mm/page_int.h"

/* ---- time ---- */

u64 clock_monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (u64)now.tv_sec * NSEC_PER_SEC + (u64)now.tv_nsec;
}

struct timespec64 clock_realtime(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (struct timespec64){.sec = now.tv_sec, .nsec = (u32)now.tv_nsec};
}

/* As fine as the other: what is read here ends up in inodes, and make(1) looks at it. */
struct timespec64 clock_realtime_coarse(void)
{
	return clock_realtime();
}

bool host_clock_reached(u64 deadline_ns)
{
	return clock_monotonic_ns() >= deadline_ns;
}

void host_clock_wait(pthread_cond_t *cond, pthread_mutex_t *mutex, u64 deadline_ns)
{
	struct timespec until = {.tv_sec = (time_t)(deadline_ns / NSEC_PER_SEC),
				 .tv_nsec = (long)(deadline_ns % NSEC_PER_SEC)};

	pthread_cond_timedwait(cond, mutex, &until);
}

void random_bytes(void *buf, size_t n)
{
	u8 *at = buf;

	while (n) {
		ssize_t got = getrandom(at, n < 256 ? n : 256, 0);

		if (got <= 0)
			panic("no random numbers");
		at += got;
		n -= (size_t)got;
	}
}

/* ---- messages ---- */

static int told_level = LOG_WARN;

void messages_set_level(int level)
{
	told_level = level;
}

void log_vprintf(int level, const char *fmt, va_list ap)
{
	if (level > told_level)
		return;
	flockfile(stderr);
	progress_clear();
	fputs("aramid-fs: ", stderr);
	vfprintf(stderr, fmt, ap);
	putc('\n', stderr);
	funlockfile(stderr);
}

void panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("aramid-fs: internal error: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputs("\naramid-fs: the image was left as it is now: check it with e2fsck\n", stderr);
	va_end(ap);
	abort();
}

/* ---- memory ---- */

#define PAGES_LEAST ((size_t)64 << 20 >> PAGE_SHIFT)
#define PAGES_MOST  ((size_t)2 << 30 >> PAGE_SHIFT)

bool host_alloc_should_fail(unsigned int mm_flags)
{
	return false;
}

void host_memory_fill(void *p, size_t n)
{
}

/* A quarter of the machine's memory, within reason. */
size_t host_memory_pages(void)
{
	static size_t pages; /* atomic: whoever is first computes what all others would */
	size_t n = atomic_load_relaxed(&pages);

	if (n)
		return n;
	long total = sysconf(_SC_PHYS_PAGES);
	n = total > 0 ? (size_t)total / 4 : PAGES_LEAST;
	n = clamp(n, PAGES_LEAST, PAGES_MOST);
	atomic_store(&pages, n);
	return n;
}

bool host_memory_reclaim(size_t pages, unsigned int mm_flags)
{
	return !(mm_flags & MM_ATOMIC) && !reclaim_is_self() && reclaim_pages(pages, mm_flags);
}

/* What reclaim asks the page allocator: there are no lists per CPU, and no reserve. */
void page_drain_cpu(void)
{
}

size_t page_high_mark(void)
{
	return 1;
}

/* ---- user memory ---- */

size_t host_user_reachable(const void *p, size_t n, bool nofault)
{
	return n;
}

void host_user_fault_in(const void *p, size_t n)
{
}

/* ---- address spaces: nobody maps files of the volume ---- */

void mm_unmap_file_range(struct page_mapping *mapping, u64 first, u64 last)
{
}

bool mm_clean_file_page(struct page_mapping *mapping, struct page *page)
{
	return false;
}
