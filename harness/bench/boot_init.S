/*
 * The smallest init, for measuring how long a kernel takes to its first instruction in user mode: reads the time stamp counter,
 * prints "boot-tsc HEX" and powers off. x86_64 Linux, no libc.
 */
#include <asm/unistd.h>
#include <linux/reboot.h>

	.globl _start
_start:
	rdtsc
	shlq $32, %rdx
	orq %rdx, %rax
	leaq digits_end(%rip), %rdi
	movl $16, %ecx
1:	decq %rdi
	movl %eax, %edx
	andl $15, %edx
	leaq hex(%rip), %rsi
	movb (%rsi, %rdx), %dl
	movb %dl, (%rdi)
	shrq $4, %rax
	decl %ecx
	jnz 1b

	movl $__NR_write, %eax
	movl $1, %edi
	leaq text(%rip), %rsi
	movl $text_end - text, %edx
	syscall
	movl $__NR_sync, %eax
	syscall
	movl $__NR_reboot, %eax
	movl $LINUX_REBOOT_MAGIC1, %edi
	movl $LINUX_REBOOT_MAGIC2, %esi
	movl $LINUX_REBOOT_CMD_POWER_OFF, %edx
	syscall
2:	jmp 2b

	.section .rodata
hex:	.ascii "0123456789abcdef"

	.data
text:	.ascii "\nboot-tsc "
	.fill 16, 1, '0'
digits_end:
	.ascii "\n"
text_end:
	.section .note.GNU-stack, "", @progbits
