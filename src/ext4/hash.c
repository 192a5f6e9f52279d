/*
 * Hashes of names, as directory indexes on disk have them: "legacy", half of MD4, and TEA, each
 * with characters taken as signed or unsigned. The lowest bit is always 0: the index uses it to say
 * that entries with this hash continue in the next leaf.
 */
#include "ext4/ext4_int.h"

static int char_of(const char *name, u32 i, bool is_unsigned)
{
	return is_unsigned ? (int)(u8)name[i] : (int)(s8)name[i];
}

static u32 legacy(const char *name, u32 length, bool is_unsigned)
{
	u32 a = 0x12a3fe2d, b = 0x37abe8f9;

	for (u32 i = 0; i < length; i++) {
		u32 hash = b + (a ^ (u32)(char_of(name, i, is_unsigned) * 7152373));

		if (hash & 0x80000000)
			hash -= 0x7fffffff;
		b = a;
		a = hash;
	}
	return a << 1;
}

/* The next `words` words of the name, padded with its remaining length. */
static void fill(const char *name, u32 length, u32 *out, u32 words, bool is_unsigned)
{
	u32 pad = length | length << 8, value, n = 0, i = 0;

	pad |= pad << 16;
	value = pad;
	if (length > words * 4)
		length = words * 4;
	/* Of ASCII, a word at a time is the same. */
	for (; i + 4 <= length; i += 4) {
		u32 word = be32_load(name + i);

		if (!is_unsigned && word & 0x80808080)
			break;
		out[n++] = word;
	}
	for (; i < length; i++) {
		value = (u32)char_of(name, i, is_unsigned) + (value << 8);
		if (i % 4 == 3) {
			out[n++] = value;
			value = pad;
		}
	}
	if (n < words)
		out[n++] = value;
	while (n < words)
		out[n++] = pad;
}

static void tea(u32 hash[4], const u32 in[4])
{
	u32 sum = 0, x = hash[0], y = hash[1];

	for (int i = 0; i < 16; i++) {
		sum += 0x9e3779b9;
		x += ((y << 4) + in[0]) ^ (y + sum) ^ ((y >> 5) + in[1]);
		y += ((x << 4) + in[2]) ^ (x + sum) ^ ((x >> 5) + in[3]);
	}
	hash[0] += x;
	hash[1] += y;
}

static inline u32 rotate(u32 x, u32 n)
{
	return x << n | x >> (32 - n);
}

static inline u32 md4_f(u32 x, u32 y, u32 z)
{
	return z ^ (x & (y ^ z));
}

static inline u32 md4_g(u32 x, u32 y, u32 z)
{
	return (x & y) + ((x ^ y) & z);
}

static inline u32 md4_h(u32 x, u32 y, u32 z)
{
	return x ^ y ^ z;
}

/* Four steps, in which a, d, c and b take turns, with four words of the input. */
#define MD4_STEPS(f, add, in0, s0, in1, s1, in2, s2, in3, s3)                                      \
	do {                                                                                       \
		a = rotate(a + f(b, c, d) + (in0) + (add), s0);                                    \
		d = rotate(d + f(a, b, c) + (in1) + (add), s1);                                    \
		c = rotate(c + f(d, a, b) + (in2) + (add), s2);                                    \
		b = rotate(b + f(c, d, a) + (in3) + (add), s3);                                    \
	} while (0)

/* MD4 with eight words and three rounds of eight steps. */
static void half_md4(u32 hash[4], const u32 in[8])
{
	const u32 second = 0x5a827999, third = 0x6ed9eba1;
	u32 a = hash[0], b = hash[1], c = hash[2], d = hash[3];

	MD4_STEPS(md4_f, 0, in[0], 3, in[1], 7, in[2], 11, in[3], 19);
	MD4_STEPS(md4_f, 0, in[4], 3, in[5], 7, in[6], 11, in[7], 19);
	MD4_STEPS(md4_g, second, in[1], 3, in[3], 5, in[5], 9, in[7], 13);
	MD4_STEPS(md4_g, second, in[0], 3, in[2], 5, in[4], 9, in[6], 13);
	MD4_STEPS(md4_h, third, in[3], 3, in[7], 9, in[2], 11, in[6], 15);
	MD4_STEPS(md4_h, third, in[1], 3, in[5], 9, in[0], 11, in[4], 15);
	hash[0] += a;
	hash[1] += b;
	hash[2] += c;
	hash[3] += d;
}

int ext4_name_hash(u8 version, const u32 *seed, const char *name, u32 length, u32 *major,
		   u32 *minor)
{
	u32 hash[4] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476}, in[8];
	bool is_unsigned = version >= EXT4_HASH_LEGACY_UNSIGNED;
	u32 result, second = 0;

	if (seed[0] | seed[1] | seed[2] | seed[3])
		for (int i = 0; i < 4; i++)
			hash[i] = seed[i];
	switch (version) {
	case EXT4_HASH_LEGACY:
	case EXT4_HASH_LEGACY_UNSIGNED:
		result = legacy(name, length, is_unsigned);
		break;
	case EXT4_HASH_HALF_MD4:
	case EXT4_HASH_HALF_MD4_UNSIGNED:
		for (u32 at = 0; at < length; at += 32) {
			fill(name + at, length - at, in, 8, is_unsigned);
			half_md4(hash, in);
		}
		result = hash[1];
		second = hash[2];
		break;
	case EXT4_HASH_TEA:
	case EXT4_HASH_TEA_UNSIGNED:
		for (u32 at = 0; at < length; at += 16) {
			fill(name + at, length - at, in, 4, is_unsigned);
			tea(hash, in);
		}
		result = hash[0];
		second = hash[1];
		break;
	default:
		return -EINVAL;
	}
	result &= ~1u;
	if (result == 0x7fffffffu << 1) /* stands for the end of a directory */
		result = 0x7ffffffeu << 1;
	*major = result;
	if (minor)
		*minor = second;
	return 0;
}
