/*
 * The clocks as the rest of the kernel sees them. A seam: src/sys/time implements it over the machine's
 * clock source, the hosted build over a settable clock.
 */
#ifndef ARAMID_LIB_CLOCK_H
#define ARAMID_LIB_CLOCK_H

#include "lib/types.h"

#define NSEC_PER_SEC  1000000000ULL
#define NSEC_PER_MSEC 1000000ULL
#define NSEC_PER_USEC 1000ULL

/* Seconds since the epoch (may be negative) and nanoseconds in [0, 1e9). */
struct timespec64 {
	s64 sec;
	u32 nsec;
};

/* Nanoseconds since boot; never goes back on any CPU. Any context. */
u64 clock_monotonic_ns(void);

/* Wall-clock time. Any context. */
struct timespec64 clock_realtime(void);

/* Wall-clock time as of the last tick: for file time stamps. */
struct timespec64 clock_realtime_coarse(void);

/* Fills buf with n random bytes, good for keys and cookies; never fails. */
void random_bytes(void *buf, size_t n);

#endif
