/*
 * A pool of randomness: ChaCha20 with fast key erasure.
 *
 * The state is one key. A request takes a block under that key: its first half becomes the next key
 * and its second half the key of a stream that only this request sees. So what was given out cannot
 * be computed from a later state. Entropy is mixed in by encrypting under a key that it is xored
 * into. Callers serialise.
 */
#ifndef ARAMID_SYS_RANDOM_POOL_H
#define ARAMID_SYS_RANDOM_POOL_H

#include "lib/types.h"

#define RANDOM_KEY 32

struct random_pool {
	u8 key[RANDOM_KEY];
};

/* Stirs n bytes in; none stir as well. */
void random_pool_mix(struct random_pool *pool, const void *bytes, size_t n);
/* A key that nobody else gets. */
void random_pool_take(struct random_pool *pool, u8 key[RANDOM_KEY]);
/* The first n bytes of a key's stream; key is erased. */
void random_stream(u8 key[RANDOM_KEY], void *buf, size_t n);

#endif
