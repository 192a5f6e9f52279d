#include "hw/x86_64/vdso/vdso_data.h"

#include <asm/unistd.h>
#include <linux/time.h>

/*
 * The vDSO's code. It runs in user mode, at any address, with nothing but the data page right below
 * it. What it does not know itself it asks the kernel, so that results and errors are always the
 * system call's.
 */

#define NS_PER_SEC 1000000000ull

extern const volatile struct vdso_data vdso_data __attribute__((visibility("hidden")));

#define VDSO        __attribute__((visibility("default")))
#define ALIAS(name) __attribute__((weak, visibility("default"), alias(#name)))

struct timespec_user {
	long sec, nsec;
};

struct timeval_user {
	long sec, usec;
};

VDSO int __vdso_clock_gettime(int id, struct timespec_user *ts);
VDSO int __vdso_gettimeofday(struct timeval_user *tv, void *zone);
VDSO long __vdso_time(long *t);
VDSO int __vdso_clock_getres(int id, struct timespec_user *ts);
VDSO long __vdso_getcpu(unsigned int *cpu, unsigned int *node, void *unused);

static __noinline long system_call(long nr, long a, long b, long c)
{
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(nr), "D"(a), "S"(b), "d"(c)
			 : "rcx", "r11", "memory");
	return result;
}

/* Nanoseconds of the wall clock or the monotonic one; false: ask the kernel. */
static __always_inline bool now(bool realtime, u64 *ns)
{
	const volatile struct vdso_data *data = &vdso_data;
	u64 tsc, base, at;
	u32 seq, lo, hi;

	do {
		while ((seq = data->seq) & 1)
			__asm__ volatile("pause");
		barrier();
		if (!data->mult)
			return false;
		__asm__ volatile("lfence; rdtsc" : "=a"(lo), "=d"(hi) : : "memory");
		tsc = (u64)hi << 32 | lo;
		base = data->base_tsc;
		at = tsc > base ? tsc - base : 0;
		at = (u64)((unsigned __int128)at * data->mult >> data->shift) + data->base_ns;
		if (realtime)
			at += (u64)data->realtime_offset;
		barrier();
	} while (data->seq != seq);
	*ns = at;
	return (s64)at >= 0;
}

/* 1: wall clock, 0: monotonic, -1: not ours (the coarse wall clock is that of file times, which
 * only the kernel knows). */
static int kind(int id)
{
	switch (id) {
	case CLOCK_REALTIME:
		return 1;
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_BOOTTIME:
		return 0;
	default:
		return -1;
	}
}

int __vdso_clock_gettime(int id, struct timespec_user *ts)
{
	int which = kind(id);
	u64 ns;

	if (which < 0 || !now(which, &ns))
		return (int)system_call(__NR_clock_gettime, id, (long)ts, 0);
	ts->sec = (long)(ns / NS_PER_SEC);
	ts->nsec = (long)(ns % NS_PER_SEC);
	return 0;
}

int __vdso_gettimeofday(struct timeval_user *tv, void *zone)
{
	u64 ns;

	if (zone || !tv || !now(true, &ns))
		return (int)system_call(__NR_gettimeofday, (long)tv, (long)zone, 0);
	tv->sec = (long)(ns / NS_PER_SEC);
	tv->usec = (long)(ns % NS_PER_SEC / 1000);
	return 0;
}

long __vdso_time(long *t)
{
	u64 ns;

	if (!now(true, &ns))
		return system_call(__NR_time, (long)t, 0, 0);
	if (t)
		*t = (long)(ns / NS_PER_SEC);
	return (long)(ns / NS_PER_SEC);
}

int __vdso_clock_getres(int id, struct timespec_user *ts)
{
	return (int)system_call(__NR_clock_getres, id, (long)ts, 0);
}

long __vdso_getcpu(unsigned int *cpu, unsigned int *node, void *unused)
{
	u32 lo, hi, aux;

	if (!vdso_data.has_rdtscp)
		return system_call(__NR_getcpu, (long)cpu, (long)node, 0);
	__asm__ volatile("rdtscp" : "=a"(lo), "=d"(hi), "=c"(aux));
	if (cpu)
		*cpu = aux;
	if (node)
		*node = 0;
	return 0;
}

int clock_gettime(int id, struct timespec_user *ts) ALIAS(__vdso_clock_gettime);
int gettimeofday(struct timeval_user *tv, void *zone) ALIAS(__vdso_gettimeofday);
long time(long *t) ALIAS(__vdso_time);
int clock_getres(int id, struct timespec_user *ts) ALIAS(__vdso_clock_getres);
long getcpu(unsigned int *cpu, unsigned int *node, void *unused) ALIAS(__vdso_getcpu);
