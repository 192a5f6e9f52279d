#include "lib/parse.h"
#include "lib/string.h"

int parse_digits(const char **s, unsigned base, u64 *value)
{
	const char *at = *s;
	u64 v = 0;
	bool overflow = false;

	if (at[0] == '0' && (base == 0 || base == 16) && char_to_lower(at[1]) == 'x' &&
	    char_hex_value(at[2]) >= 0) {
		at += 2;
		base = 16;
	} else if (base == 0) {
		base = at[0] == '0' ? 8 : 10;
	}

	const char *first = at;
	for (;; at++) {
		int digit = char_hex_value(*at);
		if (digit < 0 || (unsigned)digit >= base)
			break;
		overflow |= __builtin_mul_overflow(v, base, &v);
		overflow |= __builtin_add_overflow(v, (u64)digit, &v);
	}
	if (at == first)
		return -EINVAL;
	*s = at;
	if (overflow)
		return -ERANGE;
	*value = v;
	return 0;
}

int parse_u64(const char *s, unsigned base, u64 *value)
{
	u64 v;
	int error = parse_digits(&s, base, &v);

	if (error == -EINVAL || *s)
		return -EINVAL;
	if (!error)
		*value = v;
	return error;
}

int parse_u32(const char *s, unsigned base, u32 *value)
{
	u64 v;
	int error = parse_u64(s, base, &v);

	if (error)
		return error;
	if (v > U32_MAX)
		return -ERANGE;
	*value = (u32)v;
	return 0;
}

int parse_s64(const char *s, unsigned base, s64 *value)
{
	bool negative = *s == '-';
	u64 v;

	if (*s == '-' || *s == '+')
		s++;
	int error = parse_u64(s, base, &v);
	if (error)
		return error;
	if (v > (u64)S64_MAX + (negative ? 1 : 0))
		return -ERANGE;
	*value = negative ? (s64)-v : (s64)v;
	return 0;
}

int parse_size(const char *s, u64 *bytes)
{
	static const char units[] = "kmgt";
	u64 v;
	int error = parse_digits(&s, 0, &v);

	if (error == -EINVAL)
		return error;
	const char *unit = *s ? strchr(units, char_to_lower(*s)) : NULL;
	if (unit)
		s++;
	if (*s)
		return -EINVAL;
	if (error)
		return error;
	if (unit) {
		unsigned shift = 10 * (unsigned)(unit - units + 1);
		if (v > U64_MAX >> shift)
			return -ERANGE;
		v <<= shift;
	}
	*bytes = v;
	return 0;
}
