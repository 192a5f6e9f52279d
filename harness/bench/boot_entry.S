/*
 * A PVH "kernel" that only says when it was entered: prints "boot-tsc HEX" on the serial port and leaves through isa-debug-exit.
 * What it prints is where the boot time of a kernel that QEMU starts in the same way begins.
 */
#define SERIAL	   0x3f8
#define DEBUG_EXIT 0xf4

	.section .note.Xen, "a", @note
	.long 4, 4, 18 /* XEN_ELFNOTE_PHYS32_ENTRY */
	.asciz "Xen"
	.long _start

	.code32
	.text
	.globl _start
_start:
	rdtsc
	movl %eax, %esi
	movl %edx, %edi
	movl $stack_end, %esp
	movl $text, %ebx
1:	movb (%ebx), %al
	testb %al, %al
	jz 2f
	call put
	incl %ebx
	jmp 1b
2:	movl %edi, %ebp
	call put_word
	movl %esi, %ebp
	call put_word
	movb $10, %al
	call put
	xorl %eax, %eax
	movw $DEBUG_EXIT, %dx
	outb %al, %dx
3:	hlt
	jmp 3b

/* Eight digits of %ebp. */
put_word:
	movl $8, %ecx
4:	roll $4, %ebp
	movl %ebp, %eax
	andl $15, %eax
	movb hex(%eax), %al
	call put
	decl %ecx
	jnz 4b
	ret

put:	pushl %eax
	movw $SERIAL + 5, %dx
5:	inb %dx, %al
	testb $0x20, %al
	jz 5b
	popl %eax
	movw $SERIAL, %dx
	outb %al, %dx
	ret

hex:	.ascii "0123456789abcdef"
text:	.asciz "\nboot-tsc "

	.bss
	.balign 16
	.fill 256, 1, 0
stack_end:
	.section .note.GNU-stack, "", @progbits
