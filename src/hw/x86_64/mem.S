/*
 * memcpy, memmove, memset: the C library's, without touching vector registers.
 *
 * Long runs go by whole words with the string instructions, which real processors run at full width;
 * for QEMU's translator plain loops are faster, and mem_unrolled says so. The last word overlaps the
 * run instead of a tail of bytes. Short ones are two overlapping accesses. Everything is loaded before
 * the first store of its size, so that the short path serves memmove too.
 */
#include "hw/x86_64/asm_int.h"

	.data
	.globl mem_unrolled
	.hidden mem_unrolled
mem_unrolled:
	.byte 0

	.text
FUNC memcpy
	movq %rdi, %rax
	cmpq $16, %rdx
	jb copy_small
	movq %rdx, %rcx
	cmpb $0, mem_unrolled(%rip)
	jne 1f
	shrq $3, %rcx
	movq -8(%rsi, %rdx), %r9
	leaq -8(%rdi, %rdx), %r10
	rep movsq
	movq %r9, (%r10)
	ret
1:	shrq $6, %rcx
	jz 3f
2:	COPY_64
	decq %rcx
	jnz 2b
	andl $63, %edx
	cmpl $16, %edx
	jb copy_small
3:	movq (%rsi), %r8
	movq 8(%rsi), %r9
	movq %r8, (%rdi)
	movq %r9, 8(%rdi)
	addq $16, %rsi
	addq $16, %rdi
	subl $16, %edx
	cmpl $16, %edx
	jae 3b
	jmp copy_small
copy_small:
	cmpl $8, %edx
	jae 8f
	cmpl $4, %edx
	jae 4f
	testl %edx, %edx
	jz 0f
	movzbl (%rsi), %ecx
	movzbl -1(%rsi, %rdx), %r9d
	movl %edx, %r10d
	shrl $1, %r10d
	movzbl (%rsi, %r10), %r8d
	movb %cl, (%rdi)
	movb %r8b, (%rdi, %r10)
	movb %r9b, -1(%rdi, %rdx)
0:	ret
4:	movl (%rsi), %ecx
	movl -4(%rsi, %rdx), %r9d
	movl %ecx, (%rdi)
	movl %r9d, -4(%rdi, %rdx)
	ret
8:	movq (%rsi), %rcx
	movq -8(%rsi, %rdx), %r9
	movq %rcx, (%rdi)
	movq %r9, -8(%rdi, %rdx)
	ret
END memcpy

FUNC memmove
	movq %rdi, %rcx
	subq %rsi, %rcx
	cmpq %rdx, %rcx
	jae memcpy
	/* dst lies inside src: from the end. */
	movq %rdi, %rax
1:	cmpq $16, %rdx
	jb copy_small
	movq -8(%rsi, %rdx), %rcx
	movq -16(%rsi, %rdx), %r9
	movq %rcx, -8(%rdi, %rdx)
	movq %r9, -16(%rdi, %rdx)
	subq $16, %rdx
	jmp 1b
END memmove

FUNC memset
	movq %rdi, %r8
	movzbl %sil, %eax
	movq $0x0101010101010101, %rcx
	imulq %rcx, %rax
	cmpq $16, %rdx
	jb 1f
	movq %rdx, %rcx
	movq %rax, -8(%rdi, %rdx)
	cmpb $0, mem_unrolled(%rip)
	jne 2f
	shrq $3, %rcx
	rep stosq
	movq %r8, %rax
	ret
2:	shrq $6, %rcx
	jz 4f
3:	FILL_64
	decq %rcx
	jnz 3b
4:	andl $63, %edx
	shrl $3, %edx
	jz 0f
5:	movq %rax, (%rdi)
	addq $8, %rdi
	decl %edx
	jnz 5b
	jmp 0f
1:	cmpl $8, %edx
	jae 8f
	cmpl $4, %edx
	jae 4f
	testl %edx, %edx
	jz 0f
	movb %al, (%rdi)
	movb %al, -1(%rdi, %rdx)
	shrl $1, %edx
	movb %al, (%rdi, %rdx)
0:	movq %r8, %rax
	ret
4:	movl %eax, (%rdi)
	movl %eax, -4(%rdi, %rdx)
	movq %r8, %rax
	ret
8:	movq %rax, (%rdi)
	movq %rax, -8(%rdi, %rdx)
	movq %r8, %rax
	ret
END memset

	.section .note.GNU-stack, "", @progbits
