/*
 * Formatted text. The conversions are C's without floating point: %d %i %u %o %x %X %c %s %p %%,
 * flags - + space 0 #, width and precision (also *), lengths hh h l ll z j t. %n does not exist.
 * %p prints 0x and hexadecimal digits; a NULL %s prints (null).
 */
#ifndef LIB_PRINTF_H
#define LIB_PRINTF_H

#include <stdarg.h>

#include "lib/types.h"

/*
 * As the standard's snprintf: at most size bytes with the NUL, and the length that the whole text
 * has. The kscnprintf forms return the length that is in the buffer.
 */
int ksnprintf(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);
int kvsnprintf(char *buf, size_t size, const char *fmt, va_list ap) __printf(3, 0);
size_t kscnprintf(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);
size_t kvscnprintf(char *buf, size_t size, const char *fmt, va_list ap) __printf(3, 0);

/* The engine below: text goes, piece by piece, to put(). Needs no buffer, so panic can use it. */
struct printf_sink {
	void (*put)(struct printf_sink *sink, const char *text, size_t n);
};

/* Returns the length of the whole text. */
size_t kvprintf_to(struct printf_sink *sink, const char *fmt, va_list ap) __printf(2, 0);

#endif
