/* Fast key erasure. See random_pool.h. */
#include "sys/random_pool.h"

#include "lib/chacha.h"
#include "lib/string.h"

static void stream_block(const u8 key[RANDOM_KEY], u32 counter, u8 out[CHACHA_BLOCK])
{
	static const u8 nonce[12];
	u32 state[16];

	chacha20_init(state, key, counter, nonce);
	chacha20_block(state, out);
}

void random_pool_mix(struct random_pool *pool, const void *bytes, size_t n)
{
	const u8 *at = bytes;
	u8 block[CHACHA_BLOCK];

	do {
		size_t now = min(n, (size_t)RANDOM_KEY);

		for (size_t i = 0; i < now; i++)
			pool->key[i] ^= at[i];
		stream_block(pool->key, 1, block);
		memcpy(pool->key, block, RANDOM_KEY);
		at += now;
		n -= now;
	} while (n > 0);
}

void random_pool_take(struct random_pool *pool, u8 key[RANDOM_KEY])
{
	u8 block[CHACHA_BLOCK];

	stream_block(pool->key, 0, block);
	memcpy(pool->key, block, RANDOM_KEY);
	memcpy(key, block + RANDOM_KEY, RANDOM_KEY);
}

void random_stream(u8 key[RANDOM_KEY], void *buf, size_t n)
{
	u8 block[CHACHA_BLOCK], *at = buf;

	for (u32 counter = 0; n > 0; counter++) {
		size_t now = min(n, sizeof(block));

		stream_block(key, counter, block);
		memcpy(at, block, now);
		at += now;
		n -= now;
	}
	memset(key, 0, RANDOM_KEY);
}
