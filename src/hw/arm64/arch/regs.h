/*
 * The registers of a thread as it entered the kernel, arm64.
 */
#ifndef ARAMID_ARM64_ARCH_REGS_H
#define ARAMID_ARM64_ARCH_REGS_H

#include "lib/types.h"

struct user_regs {
	unsigned long x[31];
	unsigned long sp, pc, pstate;
	unsigned long orig_x0; /* the first argument, which the result overwrites */
	long syscall;          /* number, or -1 */
};

#endif
