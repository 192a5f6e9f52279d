/*
 * Where a started CPU begins: real mode, at the page below 1 MiB to which smp.c copied this code. Its tables
 * (trampoline_root) map that page to itself, and the kernel.
 *
 * CPUs start in parallel, so nothing here uses a stack or writes memory until each has found its own entry
 * of ap_table by its APIC id.
 */
#include "hw/x86_64/asm_int.h"

#define EFER 0xc0000080

	.section .rodata.trampoline, "a", @progbits
	.globl trampoline_start, trampoline_end, trampoline_data
	.hidden trampoline_start, trampoline_end, trampoline_data
	.balign 16
	.code16
trampoline_start:
	cli
	cld
	movw %cs, %ax
	movw %ax, %ds
	movzwl %ax, %ebp
	shll $4, %ebp
	/* Linear addresses in the descriptor table's pointer and the far jump depend on the page. */
	lgdtl data_gdtr - trampoline_start
	movl data_cr4 - trampoline_start, %eax
	movl %eax, %cr4
	movl data_root - trampoline_start, %eax
	movl %eax, %cr3
	movl $EFER, %ecx
	movl data_efer - trampoline_start, %eax
	xorl %edx, %edx
	wrmsr
	movl data_cr0 - trampoline_start, %eax
	movl %eax, %cr0
	ljmpl *(data_jump - trampoline_start)

	.code64
	.globl trampoline_long
	.hidden trampoline_long
trampoline_long:
	movq data_entry(%rip), %rax
	jmp *%rax

	.balign 16
/* struct trampoline_data of smp.c */
trampoline_data:
data_entry:
	.quad 0
data_root:
	.long 0
data_cr0:
	.long 0
data_cr4:
	.long 0
data_efer:
	.long 0
data_jump:
	.long 0
	.word 8
	.word 0
data_gdtr:
	.word 23
	.long 0
	.word 0
data_gdt:
	.quad 0, 0x00af9b000000ffff, 0x00cf93000000ffff
trampoline_end:

	.text
	.code64
FUNC ap_entry
	movq mmu_kernel_root(%rip), %rax
	movq %rax, %cr3
	/* APIC id: of leaf 0xb where it exists, else of leaf 1. */
	xorl %eax, %eax
	cpuid
	cmpl $0xb, %eax
	jb 1f
	movl $0xb, %eax
	xorl %ecx, %ecx
	cpuid
	testl %ebx, %ebx
	jnz 2f
1:	movl $1, %eax
	cpuid
	shrl $24, %ebx
	movl %ebx, %edx
2:	/* ap_table: {u32 apic_id, u32 cpu; u64 stack}, ended by a stack of 0 */
	leaq ap_table(%rip), %rsi
3:	movq 8(%rsi), %rax
	testq %rax, %rax
	jz 5f
	cmpl %edx, (%rsi)
	je 4f
	addq $16, %rsi
	jmp 3b
4:	movq %rax, %rsp
	movl 4(%rsi), %edi
	xorl %ebp, %ebp
	pushq $0
	jmp ap_main
5:	cli
	hlt
	jmp 5b
END ap_entry

	.section .note.GNU-stack, "", @progbits
