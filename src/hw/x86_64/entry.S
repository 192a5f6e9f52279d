/*
 * Every way into the kernel and out of it.
 *
 * System calls, and exceptions and interrupts from user mode, start at the top of the running thread's
 * kernel stack, where struct user_regs (arch/regs.h) is built; interrupts and faults of the kernel push
 * the same frame wherever the stack is. Double faults, NMIs and machine checks have stacks of their own
 * and may strike before swapgs, so they find their struct cpu at the bottom of that stack.
 *
 * trap.c decides what to do; all that is here is saving, restoring and the flags: every entry clears DF
 * and AC, the processor clears TF and NT (by its interrupt gates, or SFMASK for system calls).
 */
#include "hw/x86_64/asm_int.h"

#define SELF	 0 /* CPU_OFFSET_SELF and its neighbours, arch/cpu.h */
#define STACK	 8
#define USER_SP	 16
#define MSR_GS	 0xc0000101
#define ENTRY_SYSCALL 256

#define USER_DATA 0x2b
#define USER_CODE 0x33
#define FRAME_RIP 136 /* offsets into struct user_regs */
#define FRAME_CS  144
#define FRAME_SP  160

.macro PUSH_REGS
	pushq %rdi
	pushq %rsi
	pushq %rdx
	pushq %rcx
	pushq %rax
	pushq %r8
	pushq %r9
	pushq %r10
	pushq %r11
	pushq %rbx
	pushq %rbp
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
.endm

.macro POP_REGS
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbp
	popq %rbx
	popq %r11
	popq %r10
	popq %r9
	popq %r8
	popq %rax
	popq %rcx
	popq %rdx
	popq %rsi
	popq %rdi
.endm

	.text
FUNC syscall_entry
	swapgs
	movq %rsp, %gs:USER_SP
	movq %gs:STACK, %rsp
	pushq $USER_DATA
	pushq %gs:USER_SP
	pushq %r11
	pushq $USER_CODE
	pushq %rcx
	pushq %rax
	pushq $ENTRY_SYSCALL
	PUSH_REGS
	movq %rsp, %rdi
	xorl %ebp, %ebp
	call syscall_handle
	/* Interrupts are off again. sysret where it loses nothing, and cannot fault. */
	testb %al, %al
	jz return_to_user
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbp
	popq %rbx
	addq $8, %rsp
	popq %r10
	popq %r9
	popq %r8
	popq %rax
	addq $8, %rsp
	popq %rdx
	popq %rsi
	popq %rdi
	movq 16(%rsp), %rcx
	movq 32(%rsp), %r11
	movq 40(%rsp), %rsp
	swapgs
	sysretq
END syscall_entry

FUNC return_to_user
	POP_REGS
	addq $16, %rsp
	swapgs
	iretq
END return_to_user

FUNC trap_common
	cld
	testb $3, 24(%rsp)
	jz 1f
	swapgs
1:	PUSH_REGS
	CLAC
	movq %rsp, %rdi
	call trap_handle
	testb $3, FRAME_CS(%rsp)
	jnz return_to_user
	POP_REGS
	addq $16, %rsp
	iretq
END trap_common

/* On a stack of its own, with any %gs. */
FUNC trap_ist
	cld
	PUSH_REGS
	CLAC
	movl $MSR_GS, %ecx
	rdmsr
	movl %eax, %r14d
	movl %edx, %r15d
	movq %rsp, %rdx
	subq $1, %rdx
	andq $-8192, %rdx
	movq (%rdx), %rax
	movq %rax, %rdx
	shrq $32, %rdx
	wrmsr
	movq %rsp, %rdi
	call trap_handle_ist
	movl $MSR_GS, %ecx
	movl %r14d, %eax
	movl %r15d, %edx
	wrmsr
	POP_REGS
	addq $16, %rsp
	iretq
END trap_ist

/* 256 stubs of 16 bytes: they complete the frame with an error code and the vector. */
	.balign 16
	.globl trap_stubs
	.hidden trap_stubs
trap_stubs:
	.set vector, 0
	.rept 256
	.balign 16
	.if !(vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21 || vector == 29 || vector == 30)
	pushq $0
	.endif
	pushq $vector
	.if vector == 2 || vector == 8 || vector == 18
	jmp trap_ist
	.else
	jmp trap_common
	.endif
	.set vector, vector + 1
	.endr
	.balign 16

/* void context_switch(unsigned long *save_sp, unsigned long load_sp) */
FUNC context_switch
	pushq %rbp
	pushq %rbx
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	movq %rsp, (%rdi)
	movq %rsi, %rsp
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbx
	popq %rbp
	ret
END context_switch

/* Where new threads begin: thread.c has put the function and its argument into saved registers. */
FUNC thread_begin
	movq %rbx, %rdi
	movq %r12, %rsi
	xorl %ebp, %ebp
	call thread_begin_kernel
	ud2
END thread_begin

/* A forked thread; the stack pointer is at its struct user_regs. */
FUNC thread_begin_fork
	movq %rsp, %rdi
	xorl %ebp, %ebp
	call thread_begin_user
	jmp return_to_user
END thread_begin_fork

/* void enter_user(struct user_regs *regs_at_stack_top) */
FUNC enter_user
	movq %rdi, %rsp
	xorl %ebp, %ebp
	call trap_exit_user
	jmp return_to_user
END enter_user

	.section .note.GNU-stack, "", @progbits
