/*
 * The hosted "architecture" runs programs of x86_64, in tests.
 */
#ifndef HOST_ARCH_ABI_H
#define HOST_ARCH_ABI_H

#define ARCH_ELF_MACHINE EM_X86_64

#define ARCH_CLONE_ARG_CHILD_TID 3
#define ARCH_CLONE_ARG_TLS       4

#endif
