/*
 * The hosted clock stands still until a test moves it. A thread that parks with a deadline sleeps
 * until the clock is moved past it; in automatic mode, which is where every test starts, the park
 * itself moves the clock there at once, so that single-threaded code never hangs.
 */
#ifndef HOST_CLOCK_H
#define HOST_CLOCK_H

#include "lib/clock.h"

void host_clock_set_monotonic(u64 ns);
void host_clock_advance(u64 ns); /* the wall clock moves along */
void host_clock_set_realtime(s64 sec, u32 nsec);
void host_clock_set_automatic(bool automatic);

/* random_bytes() is a fixed sequence that starts from this. */
void host_random_seed(u64 seed);

#endif
