/*
 * The machine's part of a thread: kernel context, floating point state, TLS base.
 *
 * struct arch_thread is defined in arch/thread.h and embedded in struct thread (sys/thread.h).
 */
#ifndef ARAMID_HW_THREAD_H
#define ARAMID_HW_THREAD_H

#include "hw/regs.h"
#include "lib/types.h"
#include "arch/thread.h"

struct thread;

/* Prepares a kernel thread that will run fn(arg) on its stack [stack, stack + THREAD_STACK_SIZE).
 * fn is entered out of arch_thread_switch(), interrupts off and the scheduler's lock held: sys's fn
 * releases it and turns interrupts on. -ENOMEM. */
int __must_check arch_thread_init_kernel(struct arch_thread *arch, void *stack, void (*fn)(void *),
					 void *arg);

/*
 * Prepares a user thread that returns from the parent's system call with result 0. Copies the
 * parent's registers and FPU state. sp 0 keeps the parent's stack pointer; tls is used if set_tls.
 * first_run() (sys) is called on the new thread, interrupts off (it turns them on), before it goes
 * to user mode by the ordinary way back, user_return_work() included. -ENOMEM.
 */
int __must_check arch_thread_init_fork(struct arch_thread *arch, void *stack,
				       const struct arch_thread *parent, unsigned long sp,
				       bool set_tls, unsigned long tls, void (*first_run)(void));
void arch_thread_destroy(struct arch_thread *arch);

/*
 * Makes thread the one that runs on this CPU: for the boot thread and, in sched_secondary_start(),
 * for each CPU's first thread. It goes on on the stack that it has, which becomes thread's.
 * -ENOMEM.
 */
int __must_check arch_thread_adopt(struct thread *thread, struct arch_thread *arch);

/* Where a user thread's registers are saved: top of its kernel stack. */
struct user_regs *arch_thread_regs(struct arch_thread *arch);

/* Switches kernel stacks, FPU state, TLS base; returns (as prev, later) with interrupts as they
 * were. Interrupts off. The address space is switched by the caller. next_stack: lowest address of
 * next's kernel stack. */
void arch_thread_switch(struct thread *prev, struct arch_thread *prev_arch, struct thread *next,
			struct arch_thread *next_arch);

/* For exec: FPU state back to its initial value, TLS base 0, and goes to user mode with regs. */
void arch_thread_exec_reset(struct arch_thread *arch);
/* Enters user mode for the first time from a kernel thread that has become a process (init). */
void __noreturn arch_enter_user(struct user_regs *regs);

/* Leaves the frame for a handler on the user stack and points regs at it. restorer: sa_restorer;
 * siginfo and mask are copied into the frame; on_sp: the stack pointer to start from (alternate
 * stack already chosen). -EFAULT if the stack is not writable. Interface of Linux: struct
 * rt_sigframe of the architecture. */
struct kernel_siginfo_frame; /* see sys/signal.h */
int __must_check arch_signal_push(struct user_regs *regs, int sig, const void *siginfo128,
				  u64 blocked_mask, unsigned long handler, unsigned long restorer,
				  unsigned long sa_flags, unsigned long on_sp, unsigned long alt_sp,
				  unsigned long alt_size, unsigned int alt_flags);
/* rt_sigreturn: restores regs and FPU state from the frame, returns the saved mask and alternate
 * stack. */
int __must_check arch_signal_pop(struct user_regs *regs, u64 *blocked_mask, unsigned long *alt_sp,
				 unsigned long *alt_size, unsigned int *alt_flags);

/* System calls that only this architecture has (arch_prctl). -ENOSYS for others. */
long arch_syscall(long nr, const unsigned long args[6]);

/*
 * Up-calls, implemented by src/sys:
 *   user_syscall(regs)           runs the system call and sets its result (sys/syscall.c)
 *   user_return_work(regs)       before every return to user mode: reschedule, signals, stop;
 *                                called with interrupts on, and again while
 *                                user_return_pending() holds
 *   user_exception(regs, ...)    a fault in user mode, page faults that mm could not resolve
 *                                included: becomes a signal
 */
void user_syscall(struct user_regs *regs);
/* Cheap check, interrupts off: whether user_return_work has something to do. */
bool user_return_pending(void);
void user_return_work(struct user_regs *regs);
/* sig: SIGILL, SIGFPE, SIGTRAP, SIGBUS, SIGSEGV; code: si_code; addr: si_addr. */
void user_exception(struct user_regs *regs, int sig, int code, unsigned long addr,
		    const char *what);

/* Implemented by src/mm: resolves a page fault. access: 1 write, 2 exec, 0 read. user: from user
 * mode. Returns 0 when the access may be retried; else a signal number with *code (SIGSEGV
 * SEGV_MAPERR …). Interrupts on; may sleep. */
int mm_fault(unsigned long va, unsigned int access, bool user, int *code);

#endif
