/*
 * Hashes for hash tables. hash_u64 and hash_bytes are fast and mix well, but whoever chooses the
 * keys can make them collide: for keys that come from a packet, use siphash with a random key.
 * (Directory hashes of ext4 are on-disk formats and live in src/ext4.)
 */
#ifndef LIB_HASH_H
#define LIB_HASH_H

#include "lib/types.h"

/* A bijection: every input bit changes about half of the output bits. */
static inline u64 hash_u64(u64 x)
{
	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93;
	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93;
	x ^= x >> 32;
	return x;
}

static inline u64 hash_ptr(const void *p)
{
	return hash_u64((uintptr_t)p);
}

/* Name lookups: seed with a hash of the parent, so that equal names spread. */
u64 hash_bytes(u64 seed, const void *data, size_t n);

/* SipHash-2-4 (Aumasson, Bernstein 2012): a keyed hash that an attacker cannot steer. */
u64 siphash(const u64 key[2], const void *data, size_t n);

#endif
