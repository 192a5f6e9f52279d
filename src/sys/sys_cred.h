/*
 * Changing the running thread's credentials.
 */
#ifndef ARAMID_SYS_SYS_CRED_H
#define ARAMID_SYS_SYS_CRED_H

struct cred;

/* Makes cred, whose reference is consumed, the running thread's. */
void cred_install(struct cred *cred);

/* The options of prctl(2) about credentials; -EINVAL for others. */
long cred_prctl(const unsigned long args[6]);

#endif
