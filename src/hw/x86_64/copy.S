/*
 * The instructions that touch user memory. Each has a fixup (asm_int.h): when its fault cannot be
 * resolved, it goes on at the code that reports how much was left. Callers (usercopy.c) have checked
 * that the addresses are the user's.
 */
#include "hw/x86_64/asm_int.h"

	.text
/*
 * The body of what copies or fills rdi: n bytes, which rcx and rdx say. In words and then bytes, or in
 * blocks of 64 first where that is faster; returns how many bytes were not done.
 */
.macro BULK word, byte, block, flags=FIXUP_RESOLVE
	cmpb $0, mem_unrolled(%rip)
	jne 5f
0:	shrq $3, %rcx
	andl $7, %edx
1:	rep \word
	movl %edx, %ecx
2:	rep \byte
	movq %rcx, %rax
	CLAC
	ret
	/* Bytes again, up to the one that faults. */
3:	leaq (%rdx, %rcx, 8), %rcx
	jmp 2b
4:	movq %rcx, %rax
	CLAC
	ret
5:	shrq $6, %rcx
	jz 8f
6:	\block
7:	decq %rcx
	jnz 6b
8:	andl $63, %edx
	movl %edx, %ecx
	jmp 0b
	/* The block again, byte by byte. */
9:	shlq $6, %rcx
	andl $63, %edx
	addq %rdx, %rcx
	jmp 2b
	FIXUP 1b, 3b, \flags
	FIXUP 2b, 4b, \flags
	FIXUP_RANGE 6b, 7b, 9b, \flags
.endm

/* size_t NAME(void *dst, const void *src, size_t n): how many bytes were not copied */
.macro COPY name, flags
FUNC \name
	STAC
	movq %rdx, %rcx
	BULK movsq, movsb, COPY_64, \flags
END \name
.endm
COPY user_copy, FIXUP_RESOLVE
COPY user_copy_nofault, FIXUP_NOFAULT
COPY kernel_copy_nofault, FIXUP_ANY

/*
 * int NAME(to, from): one word; not 0: fault. The kernel's side is touched with user memory closed, since
 * QEMU's translator keeps a TLB for each of the two states.
 */
.macro COPY_WORD from, to, load, register
FUNC \from
	STAC
1:	\load (%rsi), %\register
	CLAC
	\load %\register, (%rdi)
	xorl %eax, %eax
	ret
	FIXUP 1b, user_copy_fault
END \from
FUNC \to
	\load (%rsi), %\register
	STAC
1:	\load %\register, (%rdi)
	CLAC
	xorl %eax, %eax
	ret
	FIXUP 1b, user_copy_fault
END \to
.endm
COPY_WORD user_get8, user_put8, movq, rax
COPY_WORD user_get4, user_put4, movl, eax
FUNC user_copy_fault
	CLAC
	movl $1, %eax
	ret
END user_copy_fault

/* size_t user_clear(void *dst, size_t n): how many bytes were not cleared */
FUNC user_clear
	STAC
	movq %rsi, %rcx
	movq %rsi, %rdx
	xorl %eax, %eax
	BULK stosq, stosb, FILL_64
END user_clear

/*
 * long user_strncpy(char *dst, const char *src, size_t max): copies up to and with the NUL. The length
 * without it, max if there was none, -1 on a fault. Words where src is aligned: they cross no page.
 */
FUNC user_strncpy
	STAC
	xorl %eax, %eax
	movq $0x0101010101010101, %r10
	movq $0x8080808080808080, %r11
0:	cmpq %rdx, %rax
	jae 9f
	leaq (%rsi, %rax), %rcx
	testb $7, %cl
	jnz 2f
	leaq 8(%rax), %rcx
	cmpq %rdx, %rcx
	ja 2f
1:	movq (%rsi, %rax), %rcx
	movq %rcx, %r8
	movq %rcx, %r9
	subq %r10, %r9
	notq %rcx
	andq %r11, %r9
	andq %rcx, %r9
	jnz 2f
	movq %r8, (%rdi, %rax)
	addq $8, %rax
	jmp 0b
2:	movzbl (%rsi, %rax), %ecx
	movb %cl, (%rdi, %rax)
	testb %cl, %cl
	jz 9f
	incq %rax
	jmp 0b
8:	movq $-1, %rax
9:	CLAC
	ret
	FIXUP 1b, 8b
	FIXUP 2b, 8b
END user_strncpy

/* int user_cas(u32 *p, u32 expected, u32 desired, u32 *old); not 0: fault */
FUNC user_cas
	STAC
	movl %esi, %eax
1:	lock cmpxchgl %edx, (%rdi)
	CLAC
	movl %eax, (%rcx)
	xorl %eax, %eax
	ret
	FIXUP 1b, user_copy_fault
END user_cas

/* int NAME(const void *p): makes the page present, and writable; not 0: fault */
FUNC user_touch_read
	STAC
1:	movb (%rdi), %al
	CLAC
	xorl %eax, %eax
	ret
	FIXUP 1b, user_copy_fault
END user_touch_read
FUNC user_touch_write
	STAC
1:	lock orb $0, (%rdi)
	CLAC
	xorl %eax, %eax
	ret
	FIXUP 1b, user_copy_fault
END user_touch_write

	.section .note.GNU-stack, "", @progbits
