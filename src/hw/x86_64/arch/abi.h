/*
 * Where the Linux ABI of x86_64 differs from others': constants for src/sys.
 */
#ifndef ARAMID_X86_64_ARCH_ABI_H
#define ARAMID_X86_64_ARCH_ABI_H

#define ARCH_ELF_MACHINE EM_X86_64 /* <linux/elf-em.h> */

/* Places of clone's last arguments. */
#define ARCH_CLONE_ARG_CHILD_TID 3
#define ARCH_CLONE_ARG_TLS	 4

#endif
