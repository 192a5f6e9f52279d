/*
 * What assembler sources share: functions, and the two tables that they add to.
 *
 * FIXUP from, to, flags: a fault of the instruction at from that cannot be resolved goes on at to.
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
	.long \from - ., \to - ., \flags
	.popsection
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
