/*
 * Whom the kernel's code works for: credentials, directories, descriptors and limits of "the
 * running process". All threads share them; every program starts as root without limits.
 */
#ifndef HOST_CRED_H
#define HOST_CRED_H

#include "vfs/cred.h"

/* The caller keeps the reference. cred NULL: root again. */
void host_set_cred(const struct cred *cred);
/* For the calling thread alone; NULL: as all others again. */
void host_set_thread_cred(const struct cred *cred);
/* An ordinary user with one group and no capabilities. */
void host_set_user(u32 uid, u32 gid);
void host_set_fs(struct fs_context *fs);
void host_set_thread_fs(struct fs_context *fs); /* for the calling thread alone */
void host_set_files(struct file_table *files);
void host_set_rlimit(unsigned int resource, u64 limit);
/* The last signal that current_send_signal() sent, and forgets it; 0: none. */
int host_take_signal(void);

#endif
