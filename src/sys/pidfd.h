/*
 * Files that mean a process: pidfd_open(2), CLONE_PIDFD, waitid(P_PIDFD).
 */
#ifndef ARAMID_SYS_PIDFD_H
#define ARAMID_SYS_PIDFD_H

#include "lib/types.h"

struct file;
struct process;

/* A file of process, not yet in a descriptor table. flags: O_NONBLOCK. -ENFILE, -ENOMEM. */
int __must_check pidfd_create(struct process *process, u32 flags, struct file **out);
/* The process of a pidfd, alive, dead or gone; NULL: file is NULL or none. It lasts as long as the
 * file. */
struct process *pidfd_process(const struct file *file);
/* For /proc/PID/fdinfo: its number, -1 once it has been waited for; 0: file is no pidfd. */
int pidfd_show_id(const struct file *file);

#endif
