/* Registers of a hosted "user thread": only what portable code names. */
#ifndef HOST_ARCH_REGS_H
#define HOST_ARCH_REGS_H

struct user_regs {
	unsigned long pc, sp, result;
	unsigned long nr, args[6];
};

#endif
