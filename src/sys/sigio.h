/*
 * Signals that say that a file is ready: O_ASYNC, F_SETOWN, F_SETSIG. fcntl(2).
 */
#ifndef ARAMID_SYS_SIGIO_H
#define ARAMID_SYS_SIGIO_H

#include "lib/types.h"

struct file;

/* O_ASYNC goes on or off. fd: what si_fd shall be. Files that can't be waited for keep it off,
 * which is no error. -ENOMEM. */
int __must_check sigio_set(struct file *file, int fd, bool on);
/* F_SETOWN, F_GETOWN, F_SETOWN_EX, F_GETOWN_EX, F_SETSIG, F_GETSIG. */
long sigio_fcntl(struct file *file, unsigned int cmd, unsigned long arg);

#endif
