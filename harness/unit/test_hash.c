#include "unit.h"

#include "lib/chacha.h"
#include "lib/hash.h"

/* From the SipHash paper's reference: key 00..0f, message 00..n-1. */
START_TEST(siphash_gives_the_published_values)
{
	static const struct {
		size_t n;
		u64 hash;
	} cases[] = {
	    {0, 0x726fdb47dd0e0e31}, {1, 0x74f839c593dc67fd},  {7, 0xab0200f58b01d137},
	    {8, 0x93f5f5799a932462}, {15, 0xa129ca6149be45e5},
	};
	u64 key[2] = {0x0706050403020100, 0x0f0e0d0c0b0a0908};
	u8 message[16];

	for (size_t i = 0; i < sizeof(message); i++)
		message[i] = (u8)i;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		ck_assert_uint_eq(siphash(key, message, cases[i].n), cases[i].hash);
}
END_TEST

/* RFC 8439 §2.3.2. */
START_TEST(chacha20_gives_the_block_of_the_rfc)
{
	static const u8 nonce[12] = {0, 0, 0, 9, 0, 0, 0, 0x4a, 0, 0, 0, 0};
	static const u8 expected[64] = {
	    0x10, 0xf1, 0xe7, 0xe4, 0xd1, 0x3b, 0x59, 0x15, 0x50, 0x0f, 0xdd, 0x1f, 0xa3,
	    0x20, 0x71, 0xc4, 0xc7, 0xd1, 0xf4, 0xc7, 0x33, 0xc0, 0x68, 0x03, 0x04, 0x22,
	    0xaa, 0x9a, 0xc3, 0xd4, 0x6c, 0x4e, 0xd2, 0x82, 0x64, 0x46, 0x07, 0x9f, 0xaa,
	    0x09, 0x14, 0xc2, 0xd7, 0x05, 0xd9, 0x8b, 0x02, 0xa2, 0xb5, 0x12, 0x9c, 0xd1,
	    0xde, 0x16, 0x4e, 0xb9, 0xcb, 0xd0, 0x83, 0xe8, 0xa2, 0x50, 0x3c, 0x4e};
	u8 key[32], out[64];
	u32 state[16];

	for (size_t i = 0; i < sizeof(key); i++)
		key[i] = (u8)i;
	chacha20_init(state, key, 1, nonce);
	chacha20_block(state, out);
	ck_assert_mem_eq(out, expected, sizeof(out));
}
END_TEST

START_TEST(each_input_bit_changes_about_half_of_the_output)
{
	u64 changed = 0;
	enum { INPUTS = 1000 };

	for (u64 x = 0; x < INPUTS; x++)
		for (unsigned bit = 0; bit < 64; bit++)
			changed +=
			    (u64)__builtin_popcountll(hash_u64(x) ^ hash_u64(x ^ 1ull << bit));
	double mean = (double)changed / (INPUTS * 64);
	ck_assert_double_gt(mean, 30);
	ck_assert_double_lt(mean, 34);
}
END_TEST

START_TEST(names_spread_over_the_buckets)
{
	enum { BUCKETS = 1024, NAMES = 50000 };
	static u32 count[BUCKETS];
	char name[32];

	for (int i = 0; i < NAMES; i++) {
		size_t n = (size_t)snprintf(name, sizeof(name), "file%d", i);
		count[hash_bytes(5, name, n) % BUCKETS]++;
	}
	for (int i = 0; i < BUCKETS; i++) { /* the mean is 48.8 */
		ck_assert_uint_gt(count[i], 10);
		ck_assert_uint_lt(count[i], 100);
	}
}
END_TEST

START_TEST(length_and_seed_are_part_of_the_hash)
{
	ck_assert_uint_ne(hash_bytes(0, "\0\0", 1), hash_bytes(0, "\0\0", 2));
	ck_assert_uint_ne(hash_bytes(0, "abc", 3), hash_bytes(1, "abc", 3));
	ck_assert_uint_eq(hash_bytes(1, "abcdefghij", 10), hash_bytes(1, "abcdefghijk", 10));
}
END_TEST

Suite *suite_hash(void)
{
	return suite_of("hash", siphash_gives_the_published_values,
			chacha20_gives_the_block_of_the_rfc,
			each_input_bit_changes_about_half_of_the_output,
			names_spread_over_the_buckets, length_and_seed_are_part_of_the_hash);
}
