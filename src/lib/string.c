/*
 * The standard string functions, for the kernel only. The makefile compiles this file such that no
 * loop here is turned into a call of the very function it implements.
 */
#include "lib/string.h"

int memcmp(const void *a, const void *b, size_t n)
{
	const u8 *x = a, *y = b;

	for (; n >= 8; n -= 8, x += 8, y += 8) {
		u64 v = be64_load(x), w = be64_load(y);
		if (v != w)
			return v < w ? -1 : 1;
	}
	for (; n; n--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}

void *memchr(const void *p, int byte, size_t n)
{
	for (const u8 *at = p; n; n--, at++)
		if (*at == (u8)byte)
			return (void *)at;
	return NULL;
}

/* Some byte of the word is zero; reading whole aligned words never crosses into another page. */
static __always_inline bool word_has_zero(u64 w)
{
	return ((w - 0x0101010101010101) & ~w & 0x8080808080808080) != 0;
}

/* (AddressSanitizer would complain of what the last word has beyond the NUL.) */
__no_asan size_t strlen(const char *s)
{
	const char *at = s;

	while ((uintptr_t)at % 8) {
		if (!*at)
			return (size_t)(at - s);
		at++;
	}
	while (!word_has_zero(*(const u64 *)at))
		at += 8;
	while (*at)
		at++;
	return (size_t)(at - s);
}

size_t strnlen(const char *s, size_t max)
{
	size_t n = 0;

	while (n < max && s[n])
		n++;
	return n;
}

int strcmp(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return (u8)*a - (u8)*b;
}

int strncmp(const char *a, const char *b, size_t n)
{
	for (; n; n--, a++, b++)
		if (!*a || *a != *b)
			return (u8)*a - (u8)*b;
	return 0;
}

int strncasecmp(const char *a, const char *b, size_t n)
{
	for (; n; n--, a++, b++) {
		int diff = (u8)char_to_lower(*a) - (u8)char_to_lower(*b);
		if (!*a || diff)
			return diff;
	}
	return 0;
}

int strcasecmp(const char *a, const char *b)
{
	return strncasecmp(a, b, SIZE_MAX);
}

char *strchrnul(const char *s, int c)
{
	while (*s && *s != (char)c)
		s++;
	return (char *)s;
}

char *strchr(const char *s, int c)
{
	s = strchrnul(s, c);
	return *s == (char)c ? (char *)s : NULL;
}

char *strrchr(const char *s, int c)
{
	const char *found = NULL;

	do {
		if (*s == (char)c)
			found = s;
	} while (*s++);
	return (char *)found;
}

char *strstr(const char *haystack, const char *needle)
{
	size_t n = strlen(needle);

	for (; strncmp(haystack, needle, n) != 0; haystack++)
		if (!*haystack)
			return NULL;
	return (char *)haystack;
}

/* How many leading characters of s are (or are not) in set. */
static size_t span(const char *s, const char *set, bool in)
{
	size_t n = 0;

	while (s[n] && (*strchrnul(set, s[n]) != '\0') == in)
		n++;
	return n;
}

size_t strspn(const char *s, const char *accept)
{
	return span(s, accept, true);
}

size_t strcspn(const char *s, const char *reject)
{
	return span(s, reject, false);
}

char *strpbrk(const char *s, const char *accept)
{
	s += span(s, accept, false);
	return *s ? (char *)s : NULL;
}

char *strcpy(char *restrict dst, const char *restrict src)
{
	char *to = dst;

	while ((*to++ = *src++))
		;
	return dst;
}

char *strncpy(char *restrict dst, const char *restrict src, size_t n)
{
	size_t i = 0;

	for (; i < n && src[i]; i++)
		dst[i] = src[i];
	for (; i < n; i++)
		dst[i] = '\0';
	return dst;
}

char *strcat(char *restrict dst, const char *restrict src)
{
	strcpy(dst + strlen(dst), src);
	return dst;
}
