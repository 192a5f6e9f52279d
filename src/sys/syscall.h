/*
 * System calls.
 *
 * src/sys/syscalls.tbl lists every call once: name, x86_64 number, arm64 number, handler.
 * scripts/gen-syscalls makes the dispatch tables and docs/abi.md from it. Handlers are thin: they
 * decode arguments, move structures across the user boundary, and call a room's public functions.
 * They all have one shape:
 *
 *   SYSCALL(openat)
 *   {
 *           int dirfd = (int)args[0];
 *           const char __user *name = (const char __user *)args[1];
 *           ...
 *   }
 *
 * A result in [-4095, -1] is an error. -ERESTART* (lib/errno.h) is turned into a restart or -EINTR
 * on the way out.
 */
#ifndef ARAMID_SYS_SYSCALL_H
#define ARAMID_SYS_SYSCALL_H

#include "lib/errno.h"
#include "lib/types.h"

typedef long syscall_handler_t(const unsigned long args[6]);

#define SYSCALL(name)                                                                              \
	long sys_##name(const unsigned long args[6]);                                              \
	long sys_##name(const unsigned long args[6])

struct syscall_entry {
	const char *name;
	syscall_handler_t *handler;
};

extern const struct syscall_entry syscall_table[];
extern const unsigned int syscall_table_size;

#endif
