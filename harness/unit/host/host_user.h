/*
 * User memory of the hosted build: user pointers are plain pointers, and tests arm faults.
 */
#ifndef HOST_USER_H
#define HOST_USER_H

#include "lib/types.h"

/* Touching [p, p + n) faults with -EFAULT until disarmed (n 0). */
void host_user_fault_arm(const void *p, size_t n);
/*
 * [p, p + n) is "not present": the _nofault copies stop there until user_fault_in_*() covers it,
 * after which it is present.
 */
void host_user_absent_arm(const void *p, size_t n);

#endif
