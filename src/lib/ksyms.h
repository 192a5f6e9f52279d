/*
 * The kernel's symbol table, for backtraces: made by scripts/gensyms from the linked image and
 * linked into it again. Function symbols only, sorted by address; addresses are offsets from
 * __image_start, so that they hold wherever the kernel was relocated to.
 */
#ifndef LIB_KSYMS_H
#define LIB_KSYMS_H

#include "lib/types.h"

struct ksym {
	u32 offset; /* from __image_start */
	u32 name;   /* index into ksyms_names */
};

/* Kernel only: in the section .ksyms. */
extern const u32 ksyms_count;
extern const struct ksym ksyms_table[];
extern const char ksyms_names[];

/*
 * The name of the symbol at or before the offset, and how far into it the offset is; NULL below
 * the first symbol. table has count entries, sorted by offset. Allocates and locks nothing.
 */
const char *ksyms_find(const struct ksym *table, u32 count, const char *names, u32 offset,
		       u32 *into);

#endif
