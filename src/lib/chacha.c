#include "lib/chacha.h"

static inline u32 rotl(u32 x, unsigned n)
{
	return x << n | x >> (32 - n);
}

static inline void quarter_round(u32 *a, u32 *b, u32 *c, u32 *d)
{
	*a += *b;
	*d = rotl(*d ^ *a, 16);
	*c += *d;
	*b = rotl(*b ^ *c, 12);
	*a += *b;
	*d = rotl(*d ^ *a, 8);
	*c += *d;
	*b = rotl(*b ^ *c, 7);
}

void chacha20_init(u32 state[16], const u8 key[32], u32 counter, const u8 nonce[12])
{
	static const u8 constants[16] = {'e', 'x', 'p', 'a', 'n', 'd', ' ', '3',
					 '2', '-', 'b', 'y', 't', 'e', ' ', 'k'};

	for (int i = 0; i < 4; i++)
		state[i] = le32_load(constants + 4 * i);
	for (int i = 0; i < 8; i++)
		state[4 + i] = le32_load(key + 4 * i);
	state[12] = counter;
	for (int i = 0; i < 3; i++)
		state[13 + i] = le32_load(nonce + 4 * i);
}

void chacha20_block(const u32 state[16], u8 out[CHACHA_BLOCK])
{
	u32 x[16];

	for (int i = 0; i < 16; i++)
		x[i] = state[i];
	for (int round = 0; round < 20; round += 2) {
		for (int i = 0; i < 4; i++)
			quarter_round(&x[i], &x[4 + i], &x[8 + i], &x[12 + i]);
		for (int i = 0; i < 4; i++)
			quarter_round(&x[i], &x[4 + (i + 1) % 4], &x[8 + (i + 2) % 4],
				      &x[12 + (i + 3) % 4]);
	}
	for (int i = 0; i < 16; i++)
		le32_store(out + 4 * i, x[i] + state[i]);
}
