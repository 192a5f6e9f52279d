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
	u32 pad = length | length << 8, value, n = 0;

	pad |= pad << 16;
	value = pad;
	if (length > words * 4)
		length = words * 4;
	for (u32 i = 0; i < length; i++) {
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

static u32 rotate(u32 x, u32 n)
{
	return x << n | x >> (32 - n);
}

static u32 md4_f(u32 round, u32 x, u32 y, u32 z)
{
	switch (round) {
	case 0:
		return z ^ (x & (y ^ z));
	case 1:
		return (x & y) + ((x ^ y) & z);
	default:
		return x ^ y ^ z;
	}
}

/* MD4 with eight words and three rounds of eight steps. */
static void half_md4(u32 hash[4], const u32 in[8])
{
	static const u32 add[3] = {0, 0x5a827999, 0x6ed9eba1};
	static const u8 order[3][8] = {
	    {0, 1, 2, 3, 4, 5, 6, 7}, {1, 3, 5, 7, 0, 2, 4, 6}, {3, 7, 2, 6, 1, 5, 0, 4}};
	static const u8 shift[3][4] = {{3, 7, 11, 19}, {3, 5, 9, 13}, {3, 9, 11, 15}};
	u32 v[4] = {hash[0], hash[1], hash[2], hash[3]};

	for (u32 round = 0; round < 3; round++) {
		for (u32 step = 0; step < 8; step++) {
			/* a, d, c, b take turns */
			u32 *a = &v[(4 - step % 4) % 4], b = v[(5 - step % 4) % 4];
			u32 c = v[(6 - step % 4) % 4], d = v[(7 - step % 4) % 4];

			*a =
			    rotate(*a + md4_f(round, b, c, d) + in[order[round][step]] + add[round],
				   shift[round][step % 4]);
		}
	}
	for (int i = 0; i < 4; i++)
		hash[i] += v[i];
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
