/* The linked vDSO, as data of the kernel. */
	.section .rodata, "a", @progbits
	.globl vdso_image_start, vdso_image_end
	.hidden vdso_image_start, vdso_image_end
	.balign 16
vdso_image_start:
	.incbin "vdso.so"
vdso_image_end:
	.section .note.GNU-stack, "", @progbits
