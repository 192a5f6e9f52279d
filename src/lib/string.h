/*
 * Strings and memory. The standard names mean what the C standard (or POSIX) says and have libc's
 * prototypes, so that the hosted build uses libc's own: in the kernel string.c implements the str*
 * and memcmp, memchr, and hw/ARCH the block operations memcpy, memmove and memset. The functions
 * that libc does not have are in strscpy.c, for both.
 */
#ifndef LIB_STRING_H
#define LIB_STRING_H

#include "lib/types.h"

void *memcpy(void *restrict dst, const void *restrict src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int byte, size_t n);
int memcmp(const void *a, const void *b, size_t n);
void *memchr(const void *p, int byte, size_t n);

size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
int strcasecmp(const char *a, const char *b);
int strncasecmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
char *strchrnul(const char *s, int c);
char *strrchr(const char *s, int c);
char *strstr(const char *haystack, const char *needle);
size_t strspn(const char *s, const char *accept);
size_t strcspn(const char *s, const char *reject);
char *strpbrk(const char *s, const char *accept);
char *strcpy(char *restrict dst, const char *restrict src);
char *strncpy(char *restrict dst, const char *restrict src, size_t n);
char *strcat(char *restrict dst, const char *restrict src);

/*
 * Copy a string into a buffer of size bytes (not 0), always terminated. The length copied, or
 * -E2BIG when it was cut short.
 */
ssize_t strscpy(char *dst, const char *src, size_t size);

bool str_starts_with(const char *s, const char *prefix);
/* The first byte that differs from the given one, or NULL: for "is this all zero". */
const void *memchr_inv(const void *p, int byte, size_t n);
static inline bool mem_is_zero(const void *p, size_t n)
{
	return memchr_inv(p, 0, n) == NULL;
}

static inline bool char_is_digit(char c)
{
	return c >= '0' && c <= '9';
}
static inline bool char_is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}
static inline bool char_is_print(char c)
{
	return c >= ' ' && c <= '~';
}
static inline char char_to_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}
/* 0 to 15, or -1 if c is no hexadecimal digit. */
static inline int char_hex_value(char c)
{
	if (char_is_digit(c))
		return c - '0';
	c = char_to_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

#endif
