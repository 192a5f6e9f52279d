/*
 * The registers of a thread as it entered the kernel, x86_64. Entry code (entry.S) pushes them in
 * this order from the end; the last five are the processor's own interrupt frame.
 */
#ifndef ARAMID_X86_64_ARCH_REGS_H
#define ARAMID_X86_64_ARCH_REGS_H

#include "lib/types.h"

/* user_regs.entry: how the kernel was entered. Below 256: an interrupt vector. */
#define REGS_ENTRY_SYSCALL 256 /* .code is the system call's number */
#define REGS_ENTRY_NONE    257 /* no system call that could be restarted */

struct user_regs {
	unsigned long r15, r14, r13, r12, rbp, rbx;
	unsigned long r11, r10, r9, r8;
	unsigned long rax, rcx, rdx, rsi, rdi;
	unsigned long entry;
	unsigned long code; /* the exception's error code, or the system call's number */
	unsigned long rip, cs, rflags, rsp, ss;
};

#endif
