/*
 * The machine's part of a thread, arm64.
 */
#ifndef ARAMID_ARM64_ARCH_THREAD_H
#define ARAMID_ARM64_ARCH_THREAD_H

#include "lib/types.h"

struct arch_thread {
	unsigned long sp;
	void *stack;
	unsigned long tls; /* TPIDR_EL0 */
	void *fpu;
	void (*first_run)(void);
};

#endif
