/* The end, hosted: print and abort, so that a forked test dies of SIGABRT and says why; with
 * UNIT_LOG=1 in the environment, where too. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/panic.h"

/* Absent in programs without sanitizers. */
void __sanitizer_print_stack_trace(void) __attribute__((weak));

void panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("panic: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	if (getenv("UNIT_LOG") && __sanitizer_print_stack_trace)
		__sanitizer_print_stack_trace();
	abort();
}
