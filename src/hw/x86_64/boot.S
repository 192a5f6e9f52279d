/*
 * Where the boot loader enters: 32-bit protected mode, no paging, flat segments, at whatever physical
 * address the image was put. Two protocols end here:
 *
 *   PVH (QEMU -kernel)   %ebx: struct hvm_start_info
 *   multiboot2 (GRUB)    %eax: 0x36d76289, %ebx: the information structure
 *
 * Goes to long mode on a map of the first 4 GiB to themselves, lets boot_early() (early.c) read what the
 * loader says, relocate the image and build the kernel's own tables, and continues there.
 */
#include "hw/x86_64/asm_int.h"

#define MB2_MAGIC 0xe85250d6
#define EFER	  0xc0000080
#define EFER_LME  0x100
#define EFER_NXE  0x800
#define CR0_SET	  0x80010023 /* PG WP NE MP PE */
#define CR4_SET	  0x000006a0 /* PAE PGE OSFXSR OSXMMEXCPT */

	.section .text.boot, "ax", @progbits
	.balign 8
mb2_header:
	.long MB2_MAGIC, 0, mb2_header_end - mb2_header
	.long 0x100000000 - (MB2_MAGIC + 0 + (mb2_header_end - mb2_header))
	/* Information requested: command line, modules, memory map. */
	.word 1, 1
	.long 20, 1, 3, 6
	.balign 8
	/* Modules on page boundaries. */
	.word 6, 0
	.long 8
	.word 0, 0
	.long 8
mb2_header_end:

	.code32
	.globl boot_entry, boot_entry_pvh
	.hidden boot_entry, boot_entry_pvh
boot_entry_pvh:
	xorl %eax, %eax
boot_entry:
	cli
	cld
	movl %eax, %esi
	/* Where are we? Borrow the second word of the loader's information as a stack. */
	movl 4(%ebx), %edi
	leal 8(%ebx), %esp
	call here
here:
	popl %ebp
	movl %edi, 4(%ebx)
	leal boot_stack_top - here(%ebp), %esp

	/* One to one: 2048 pages of 2 MiB. The tables are zero (bss). */
	leal boot_pd - here(%ebp), %edi
	movl $0x83, %eax
	xorl %ecx, %ecx
1:	movl %eax, (%edi, %ecx, 8)
	addl $0x200000, %eax
	incl %ecx
	cmpl $2048, %ecx
	jne 1b
	leal boot_pdpt - here(%ebp), %edx
	leal 3(%edi), %eax
	movl %eax, (%edx)
	addl $4096, %eax
	movl %eax, 8(%edx)
	addl $4096, %eax
	movl %eax, 16(%edx)
	addl $4096, %eax
	movl %eax, 24(%edx)
	leal boot_pml4 - here(%ebp), %edi
	leal 3(%edx), %eax
	movl %eax, (%edi)
	movl %edi, %cr3
	movl $CR4_SET, %eax
	movl %eax, %cr4

	/* Long mode, and no-execute where the processor has it. */
	pushl %ebx
	movl $0x80000001, %eax
	cpuid
	popl %ebx
	movl %edx, %edi
	movl $EFER, %ecx
	rdmsr
	orl $EFER_LME, %eax
	btl $20, %edi
	jnc 1f
	orl $EFER_NXE, %eax
1:	wrmsr
	movl $CR0_SET, %eax
	movl %eax, %cr0

	leal boot_gdt - here(%ebp), %eax
	pushl %eax
	pushw $(boot_gdt_end - boot_gdt - 1)
	lgdtl (%esp)
	addl $6, %esp
	leal boot_long - here(%ebp), %eax
	pushl $8
	pushl %eax
	lretl

	.code64
boot_long:
	xorl %eax, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	movl %eax, %fs
	movl %eax, %gs
	movl %esp, %esp
	leaq boot_stack_top(%rip), %rsp
	xorl %ebp, %ebp
	movl %esi, %edi
	movl %ebx, %esi
	/* Returns the tables to use; how far the image moves is in boot_offset. */
	call boot_early
	movq boot_offset(%rip), %rdx
	leaq boot_high(%rip), %rcx
	addq %rdx, %rcx
	jmp *%rcx
boot_high:
	/* boot_early has put the image's new place into our tables too. */
	movq %rax, %cr3
	/* Room for a struct user_regs, as at the top of every kernel stack. */
	leaq boot_stack_top - 176(%rip), %rsp
	pushq $0
	jmp hw_start

	.balign 8
boot_gdt:
	.quad 0, 0x00af9b000000ffff, 0x00cf93000000ffff
boot_gdt_end:

	/* The boot CPU's stack, with a page below it that early.c leaves unmapped. */
	.section .bss.page, "aw", @nobits
	.balign 4096
	.globl boot_stack_guard, boot_stack, boot_stack_top, boot_pml4
	.hidden boot_stack_guard, boot_stack, boot_stack_top, boot_pml4
boot_pml4:
	.skip 4096
boot_pdpt:
	.skip 4096
boot_pd:
	.skip 4 * 4096
boot_stack_guard:
	.skip 4096
boot_stack:
	.skip 16384
boot_stack_top:

	.section .note.GNU-stack, "", @progbits
