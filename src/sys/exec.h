/*
 * Starting the first program.
 */
#ifndef ARAMID_SYS_EXEC_H
#define ARAMID_SYS_EXEC_H

#include "lib/compiler.h"

/* Turns the running kernel thread, pid 1, into path's program: returns only with an error. */
int exec_init(const char *path, char *const argv[], char *const envp[]);

#endif
