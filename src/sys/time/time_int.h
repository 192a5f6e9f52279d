/* What the files of sys/time need of each other. */
#ifndef ARAMID_SYS_TIME_TIME_INT_H
#define ARAMID_SYS_TIME_TIME_INT_H

#include "lib/clock.h"
#include "lib/types.h"
#include "lib/wait.h"

#include <linux/time_types.h>

/* Woken when the wall clock was set: absolute sleepers on it look again, and absolute timers
 * (entries with a callback of their own) start again. */
extern struct wait_queue clock_set_waiters;

/* Whether an absolute time on this clock moves when the wall clock is set. */
bool clock_is_wall(int clock);

/* The clock's time. -EINVAL: there is no such clock, or no such process. */
int __must_check clock_read(int clock, s64 *ns);

/* -EFAULT, or -EINVAL if it is negative or not normalised. */
int __must_check timespec_from_user(struct timespec64 *out,
				    const struct __kernel_timespec __user *user);
int __must_check timespec_to_user(struct __kernel_timespec __user *user, s64 ns);

#endif
