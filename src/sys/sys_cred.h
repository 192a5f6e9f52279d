/*
 * Changing the running thread's credentials.
 */
#ifndef ARAMID_SYS_SYS_CRED_H
#define ARAMID_SYS_SYS_CRED_H

#include "lib/compiler.h"

struct cred;

/* Makes cred, whose reference is consumed, the running thread's. */
void cred_install(struct cred *cred);

/* access(2): checks as the real ids would. *saved is NULL where they are the effective ones; hand it
 * to _leave, which goes back. -ENOMEM. */
int __must_check cred_real_ids_enter(const struct cred **saved);
void cred_real_ids_leave(const struct cred *saved);

/* The options of prctl(2) about credentials; -EINVAL for others. */
long cred_prctl(const unsigned long args[6]);

#endif
