/*
 * The machine's part of a thread, x86_64. See hw/x86_64/thread.c.
 */
#ifndef ARAMID_X86_64_ARCH_THREAD_H
#define ARAMID_X86_64_ARCH_THREAD_H

#include "lib/types.h"

struct arch_thread {
	unsigned long sp;               /* while it does not run: its kernel stack pointer */
	void *stack;                    /* lowest address of its kernel stack */
	unsigned long fs_base, gs_base; /* user's; stale while it runs if FSGSBASE is on */
	void *fpu;                      /* XSAVE area */
	/* The FPU registers of the running CPU hold this thread's state, newer than *fpu. */
	bool fpu_live;
	/* The CPU on which they were last live, + 1: maybe they still are. */
	unsigned int fpu_cpu;
	void (*first_run)(void);
	/* The last exception in user mode, for struct sigcontext. */
	unsigned long fault_vector, fault_code, fault_addr;
	bool user; /* has been or will be in user mode */
};

#endif
