/*
 * Where the Linux ABI of arm64 differs from others': constants for src/sys.
 */
#ifndef ARAMID_ARM64_ARCH_ABI_H
#define ARAMID_ARM64_ARCH_ABI_H

#define ARCH_ELF_MACHINE EM_AARCH64 /* <linux/elf-em.h> */

/* Places of clone's last arguments. */
#define ARCH_CLONE_ARG_CHILD_TID 4
#define ARCH_CLONE_ARG_TLS	 3

#endif
