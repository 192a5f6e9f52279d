/*
 * Entry code's C half; see entry.S.
 */
#ifndef ARAMID_X86_64_TRAP_INT_H
#define ARAMID_X86_64_TRAP_INT_H

#include "hw/regs.h"
#include "lib/types.h"

/* Vectors. 32 to 47 belong to the old interrupt controllers, which are masked: they are never used.
 */
#define VECTOR_DEVICE_FIRST 48
#define VECTOR_DEVICE_LAST  239
#define VECTOR_TIMER        240
#define VECTOR_KICK         241
#define VECTOR_CALL         242
#define VECTOR_ERROR        243
#define VECTOR_SPURIOUS     255

extern const u8 trap_stubs[256][16];

/* Called by entry.S; interrupts are off on entry and on return. */
bool syscall_handle(struct user_regs *regs); /* true: sysret will do */
void trap_handle(struct user_regs *regs);
void trap_handle_ist(struct user_regs *regs);
/* The work before user mode: signals, rescheduling, FPU registers. */
void trap_exit_user(struct user_regs *regs);

void syscall_entry(void);

/* An interrupt's handler and end-of-interrupt; interrupts off (irq.c). user: it came from there. */
void irq_dispatch(unsigned int vector, bool user);

/* All CPUs use the same IDT. */
void idt_build(void);
void idt_load(void);

/* A copy that any fault merely ends, from any kernel address (copy.S): what was not copied. */
size_t kernel_copy_nofault(void *dst, const void *src, size_t n);

/* One line of a backtrace into the log: where ip lies. */
void backtrace_line(unsigned int depth, unsigned long ip);

#endif
