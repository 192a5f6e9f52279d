/*
 * What assembler sources share: functions, and the two tables that they add to.
 *
 * FIXUP from, to, flags: a fault of the instruction at from that cannot be resolved goes on at to;
 * FIXUP_RANGE: of one in [from, end). `from - . + 1` and all others are relative to their own place.
 * STAC, CLAC: open and close user memory (SMAP). They are no-operations in the image; boot patches
 * in the instructions where the processor has them.
 */
#ifndef ARAMID_X86_64_ASM_INT_H
#define ARAMID_X86_64_ASM_INT_H

#define FIXUP_RESOLVE 0 /* first let mm_fault() try */
#define FIXUP_NOFAULT 1 /* do not even try */
#define FIXUP_ANY     2 /* nor complain about kernel addresses */

#ifdef __ASSEMBLY__
/* clang-format off */
.macro FUNC name
	.balign 16
	.globl \name
	.hidden \name
	.type \name, @function
\name:
.endm

.macro END name
	.size \name, . - \name
.endm

.macro FIXUP from, to, flags=FIXUP_RESOLVE
	.pushsection .fixups, "a", @progbits
	.long \from - ., \from - . + 1, \to - ., \flags
	.popsection
.endm

.macro FIXUP_RANGE from, end, to, flags=FIXUP_RESOLVE
	.pushsection .fixups, "a", @progbits
	.long \from - ., \end - ., \to - ., \flags
	.popsection
.endm

/* 64 bytes of a copy from (%rsi) to (%rdi), by %r8 to %r11; or of a fill with %rax. */
.macro COPY_64
	movq (%rsi), %r8
	movq 8(%rsi), %r9
	movq 16(%rsi), %r10
	movq 24(%rsi), %r11
	movq %r8, (%rdi)
	movq %r9, 8(%rdi)
	movq %r10, 16(%rdi)
	movq %r11, 24(%rdi)
	movq 32(%rsi), %r8
	movq 40(%rsi), %r9
	movq 48(%rsi), %r10
	movq 56(%rsi), %r11
	movq %r8, 32(%rdi)
	movq %r9, 40(%rdi)
	movq %r10, 48(%rdi)
	movq %r11, 56(%rdi)
	addq $64, %rsi
	addq $64, %rdi
.endm
.macro FILL_64
	movq %rax, (%rdi)
	movq %rax, 8(%rdi)
	movq %rax, 16(%rdi)
	movq %rax, 24(%rdi)
	movq %rax, 32(%rdi)
	movq %rax, 40(%rdi)
	movq %rax, 48(%rdi)
	movq %rax, 56(%rdi)
	addq $64, %rdi
.endm

.macro PATCH byte
771:	.byte 0x0f, 0x1f, 0x00
	.pushsection .patches, "a", @progbits
	.long 771b - ., \byte
	.popsection
.endm
#define CLAC PATCH 0xca
#define STAC PATCH 0xcb
/* clang-format on */
#endif
#endif
