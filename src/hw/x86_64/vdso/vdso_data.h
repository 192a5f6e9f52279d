/*
 * The page of data that the kernel (vdso.c) writes and the vDSO's code (vdso_user.c) reads.
 */
#ifndef ARAMID_X86_64_VDSO_DATA_H
#define ARAMID_X86_64_VDSO_DATA_H

#include "lib/types.h"

struct vdso_data {
	u32 seq;         /* odd while the rest changes */
	u32 mult, shift; /* ns = ticks of the TSC * mult >> shift; mult 0: ask the kernel */
	u32 has_rdtscp;  /* which also tells the CPU's number */
	u64 base_tsc, base_ns;
	s64 realtime_offset; /* wall clock minus monotonic clock, ns */
};

#endif
