/* What the files of sys/time need of each other. */
#ifndef ARAMID_SYS_TIME_TIME_INT_H
#define ARAMID_SYS_TIME_TIME_INT_H

#include "lib/types.h"
#include "lib/wait.h"

/* Woken when the wall clock was set: absolute sleepers on it look again. */
extern struct wait_queue clock_set_waiters;

#endif
