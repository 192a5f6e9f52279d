/* String functions that libc does not have. */
#include "lib/string.h"

ssize_t strscpy(char *dst, const char *src, size_t size)
{
	size_t n = strnlen(src, size);

	if (n < size) {
		memcpy(dst, src, n + 1);
		return (ssize_t)n;
	}
	memcpy(dst, src, size - 1);
	dst[size - 1] = '\0';
	return -E2BIG;
}

bool str_starts_with(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

const void *memchr_inv(const void *p, int byte, size_t n)
{
	const u8 *at = p;
	u64 pattern = 0x0101010101010101 * (u8)byte;

	for (; n >= 8 && le64_load(at) == pattern; n -= 8)
		at += 8;
	for (; n; n--, at++)
		if (*at != (u8)byte)
			return at;
	return NULL;
}
