/*
 * The kernel command line.
 *
 * Words are separated by blanks; double quotes keep blanks inside a value. `name` alone is a flag,
 * `name=value` a parameter; the last one of a name wins where one value is wanted. Everything after
 * a lone `--` belongs to init, and so does, as on Linux, nothing else: unknown parameters are
 * ignored.
 */
#ifndef ARAMID_SYS_CMDLINE_H
#define ARAMID_SYS_CMDLINE_H

#include "lib/types.h"

/* Splits text (kept, changed) once at start-up. */
void cmdline_parse(char *text);

/* Value of the last name=value, "" for a flag without value, NULL if absent. */
const char *cmdline_get(const char *name);
bool cmdline_has(const char *name);
/* fn for each value of name in order, until it returns non-zero. */
int cmdline_for_each(const char *name, int (*fn)(const char *value, void *arg), void *arg);
/* A number; the fallback (with a warning) when absent or malformed. */
s64 cmdline_number(const char *name, s64 fallback);

/* Arguments for init: what came after `--`. NULL-terminated, at most CMDLINE_INIT_ARGS. */
#define CMDLINE_INIT_ARGS 32
char *const *cmdline_init_args(void);

/* The line as it was given, for /proc/cmdline. */
const char *cmdline_text(void);

#endif
