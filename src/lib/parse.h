/*
 * Numbers from text. Nothing is skipped: no leading space, no sign unless said.
 */
#ifndef LIB_PARSE_H
#define LIB_PARSE_H

#include "lib/types.h"

/*
 * The digits at *s, which moves past them. base 8, 10 or 16, or 0 for C's prefixes (0x, 0).
 * 0, -EINVAL when there is no digit (*s is then unchanged), -ERANGE when the value exceeds 64 bits
 * (*s is past the digits).
 */
int __must_check parse_digits(const char **s, unsigned base, u64 *value);

/* The whole string is the number. */
int __must_check parse_u64(const char *s, unsigned base, u64 *value);
int __must_check parse_u32(const char *s, unsigned base, u32 *value);
/* The same with an optional + or - in front. */
int __must_check parse_s64(const char *s, unsigned base, s64 *value);

/* A number of bytes with an optional K, M, G or T (powers of 1024, either case): "32M". */
int __must_check parse_size(const char *s, u64 *bytes);

#endif
