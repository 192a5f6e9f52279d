/*
 * The smallest PVH guests: they enter in 32-bit protected mode, say a line on the serial port and
 * then misbehave in the one way that the runner must recognise. Assembled once for each, with
 * GUEST_debug_exit or GUEST_triple_fault defined.
 */
	.section .note.pvh, "a", @note
	.align	4
	.long	4, 4, 18		/* name size, descriptor size, XEN_ELFNOTE_PHYS32_ENTRY */
	.asciz	"Xen"
	.long	entry

	.text
	.code32
	.globl	entry
entry:
	movl	$message, %esi
	movw	$0x3f8, %dx
1:	lodsb
	testb	%al, %al
	jz	2f
	outb	%al, %dx
	jmp	1b
2:
#ifdef GUEST_debug_exit
	movb	$0x10, %al		/* QEMU's status becomes 2 * 0x10 + 1 */
	outb	%al, $0xf4
#endif
#ifdef GUEST_triple_fault
	lidt	no_idt			/* nothing handles the breakpoint, nor the fault that follows */
	int3
#endif
	hlt

	.section .rodata
no_idt:	.word	0
	.long	0
message:
#ifdef GUEST_debug_exit
	.asciz	"about to exit\r\n"
#else
	.asciz	"about to fault\r\n"
#endif
	.section .note.GNU-stack, "", @progbits
