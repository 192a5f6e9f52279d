/*
 * The end. The kernel prints the message, a backtrace and the last log lines, and then halts,
 * reboots or exits as panic= says; a hosted test prints it and aborts. Seam: implemented by
 * hw/sys in the kernel and by each hosted program.
 *
 * Never called for what a disk, a packet, a user or the command line contains.
 */
#ifndef LIB_PANIC_H
#define LIB_PANIC_H

#include "lib/compiler.h"

void panic(const char *fmt, ...) __noreturn __cold __printf(1, 2);

#endif
