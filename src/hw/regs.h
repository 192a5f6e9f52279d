/*
 * The registers of a thread as it entered the kernel, and the accessors by which portable code
 * reads and changes them. struct user_regs is defined by the architecture (arch/regs.h) and sits at
 * the top of the kernel stack of every user thread.
 */
#ifndef ARAMID_HW_REGS_H
#define ARAMID_HW_REGS_H

#include "lib/types.h"
#include "arch/regs.h"

/* System-call interface of the entry that is being handled. */
long regs_syscall_number(const struct user_regs *regs); /* -1: not in a system call */
void regs_syscall_args(const struct user_regs *regs, unsigned long args[6]);
unsigned long regs_result(const struct user_regs *regs);
void regs_result_set(struct user_regs *regs, unsigned long value);

/* Arranges that the system-call instruction is executed again with its original number. After this
 * regs_syscall_number() is -1, so that it is not done twice. */
void regs_syscall_restart(struct user_regs *regs);
/* The same, but executes system call nr (restart_syscall). */
void regs_syscall_restart_as(struct user_regs *regs, long nr);
/* Marks the entry as no longer in a system call: no restart will be considered. */
void regs_syscall_forget(struct user_regs *regs);

unsigned long regs_ip(const struct user_regs *regs);
unsigned long regs_sp(const struct user_regs *regs);
void regs_ip_set(struct user_regs *regs, unsigned long ip);
void regs_sp_set(struct user_regs *regs, unsigned long sp);

/* Start state of a fresh program: everything zero but ip and sp. */
void regs_exec_init(struct user_regs *regs, unsigned long ip, unsigned long sp);

/* One line per register into log at the given level. */
void regs_log(int level, const struct user_regs *regs);

#endif
