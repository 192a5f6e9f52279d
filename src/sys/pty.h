/*
 * Pseudo terminals, as Unix98 has them: /dev/ptmx makes a pair of a master and a slave, and the
 * slave is /dev/pts/N. pty(7), pts(4).
 *
 * The slave is a terminal (tty.h) whose line ends in the master: what programs write to the slave,
 * the master reads; what is written to the master passes the slave's line discipline as if typed.
 * The pair exists while the master or a slave file is open; its name while the master is. When the
 * master closes, the slave is hung up. When the last slave file closes, the master reads what is
 * left and then gets -EIO, until the slave is opened again.
 *
 * devpts is one instance: all its mounts show the same terminals.
 */
#ifndef ARAMID_SYS_PTY_H
#define ARAMID_SYS_PTY_H

#include "lib/types.h"

struct attr;
struct inode;

/* /dev/ptmx, the slaves' devices and the devpts file system. Called by tty_init(). */
void pty_init(void);
void devpts_init(void);

/* For devpts: what the name in the file system says of a slave. */
struct pty_name {
	u32 mode, uid, gid;
};
/* The pty with this number, or with next the first one from there on. Its number, or -ENOENT. */
int __must_check pty_name_get(u32 number, bool next, struct pty_name *out);
/* Changes those that attr says are valid. -ENOENT. */
int __must_check pty_name_set(u32 number, const struct attr *attr);
/* What mounting devpts chose for new slaves. gid U32_MAX: their maker's. */
void pty_defaults_set(u32 mode, u32 gid);

#endif
