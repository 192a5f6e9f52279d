/*
 * Resource usage of processes.
 */
#ifndef ARAMID_SYS_RUSAGE_H
#define ARAMID_SYS_RUSAGE_H

#include "lib/types.h"

#include <linux/time.h>
#include <linux/resource.h>

struct process;

/* What wait4 reports of a child: its own and its waited-for children's. process_lock held. */
void rusage_of_process_and_children(struct process *process, struct rusage *out);

#endif
