/*
 * Error numbers: those of the UAPI, and a few that never leave the kernel.
 * Functions return 0 or a negative number of these.
 */
#ifndef LIB_ERRNO_H
#define LIB_ERRNO_H

#include <asm/errno.h>

/*
 * What an interrupted system call returns to ask the signal code for a restart. The path back to
 * user mode turns each into a restart or -EINTR; user space never sees them.
 */
#define ERESTARTSYS           512 /* restart if no handler runs, or the handler has SA_RESTART */
#define ERESTARTNOINTR        513 /* always restart */
#define ERESTARTNOHAND        514 /* restart only if no handler runs */
#define ERESTART_RESTARTBLOCK 516 /* as NOHAND, but through restart_syscall */
#define ENOIOCTLCMD           515 /* not one of this layer's ioctls: try the next, then -ENOTTY */

/* What a damaged volume says: a structure that makes no sense, and a bad checksum. */
#define EFSCORRUPTED EUCLEAN
#define EFSBADCRC    EBADMSG

#endif
