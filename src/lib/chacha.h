/*
 * The ChaCha20 block function (RFC 8439 §2.3), from which the random number generator draws.
 */
#ifndef LIB_CHACHA_H
#define LIB_CHACHA_H

#include "lib/types.h"

#define CHACHA_BLOCK 64

/*
 * state: 4 constant words, 8 of key, then counter and nonce. The caller advances the counter.
 */
void chacha20_init(u32 state[16], const u8 key[32], u32 counter, const u8 nonce[12]);
void chacha20_block(const u32 state[16], u8 out[CHACHA_BLOCK]);

#endif
