/*
 * The random number generator's pool, against published vectors of ChaCha20 and its own promises.
 */
#include "unit.h"

#include "lib/chacha.h"
#include "sys/random_pool.h"

/* RFC 8439, appendix A.1, vector 1: key, nonce and counter zero. */
static const u8 zero_block[CHACHA_BLOCK] = {
    0x76, 0xb8, 0xe0, 0xad, 0xa0, 0xf1, 0x3d, 0x90, 0x40, 0x5d, 0x6a, 0xe5, 0x53, 0x86, 0xbd, 0x28,
    0xbd, 0xd2, 0x19, 0xb8, 0xa0, 0x8d, 0xed, 0x1a, 0xa8, 0x36, 0xef, 0xcc, 0x8b, 0x77, 0x0d, 0xc7,
    0xda, 0x41, 0x59, 0x7c, 0x51, 0x57, 0x48, 0x8d, 0x77, 0x24, 0xe0, 0x3f, 0xb8, 0xd8, 0x4a, 0x37,
    0x6a, 0x43, 0xb8, 0xf4, 0x15, 0x18, 0xa1, 0x1c, 0xc3, 0x87, 0xb6, 0x69, 0xb2, 0xee, 0x65, 0x86};

START_TEST(what_is_taken_is_half_a_block_whose_other_half_becomes_the_key)
{
	struct random_pool pool = {};
	u8 key[RANDOM_KEY];

	random_pool_take(&pool, key);
	ck_assert_mem_eq(key, zero_block + RANDOM_KEY, RANDOM_KEY);
	ck_assert_mem_eq(pool.key, zero_block, RANDOM_KEY);
}
END_TEST

START_TEST(a_stream_is_its_keys_whatever_piece_is_asked_for)
{
	u8 all[200], part[200], key[RANDOM_KEY];
	static const u8 zeroes[RANDOM_KEY];

	memset(key, 0, sizeof(key));
	random_stream(key, all, sizeof(all));
	ck_assert_mem_eq(all, zero_block, sizeof(zero_block));
	for (size_t n = 0; n < sizeof(all); n++) {
		memset(part, 0x5a, sizeof(part));
		memset(key, 0, sizeof(key));
		random_stream(key, part, n);
		ck_assert_mem_eq(part, all, n);
		for (size_t i = n; i < sizeof(part); i++)
			ck_assert_uint_eq(part[i], 0x5a);
	}
	memset(key, 1, sizeof(key));
	random_stream(key, part, 1);
	ck_assert_mem_eq(key, zeroes, sizeof(key)); /* it can't be used again */
}
END_TEST

static void take_after(const void *bytes, size_t n, u8 out[RANDOM_KEY])
{
	struct random_pool pool = {};

	random_pool_mix(&pool, bytes, n);
	random_pool_take(&pool, out);
}

START_TEST(every_bit_that_is_mixed_in_counts_and_so_does_the_order)
{
	u8 seed[100] = {}, plain[RANDOM_KEY], other[RANDOM_KEY];
	struct random_pool one = {}, two = {};

	take_after(seed, sizeof(seed), plain);
	for (size_t bit = 0; bit < sizeof(seed) * 8; bit++) {
		seed[bit / 8] ^= (u8)(1u << bit % 8);
		take_after(seed, sizeof(seed), other);
		ck_assert_mem_ne(plain, other, RANDOM_KEY);
		seed[bit / 8] ^= (u8)(1u << bit % 8);
	}
	random_pool_mix(&one, "a", 1);
	random_pool_mix(&one, "b", 1);
	random_pool_mix(&two, "b", 1);
	random_pool_mix(&two, "a", 1);
	ck_assert_mem_ne(one.key, two.key, RANDOM_KEY);
}
END_TEST

/* Whoever learns the state and knows what is mixed in still does not know what was before. */
START_TEST(mixing_moves_the_key_even_when_nothing_is_mixed_in)
{
	struct random_pool pool = {};
	u8 before[RANDOM_KEY];

	memcpy(before, pool.key, sizeof(before));
	random_pool_mix(&pool, NULL, 0);
	ck_assert_mem_ne(pool.key, before, sizeof(before));
}
END_TEST

Suite *suite_random_pool(void)
{
	return suite_of("random_pool",
			what_is_taken_is_half_a_block_whose_other_half_becomes_the_key,
			a_stream_is_its_keys_whatever_piece_is_asked_for,
			every_bit_that_is_mixed_in_counts_and_so_does_the_order,
			mixing_moves_the_key_even_when_nothing_is_mixed_in);
}
