#include "lib/hash.h"
#include "lib/string.h"

/* The last 0 to 7 bytes, little-endian. */
static u64 tail_load(const u8 *p, size_t n)
{
	u64 v = 0;

	for (size_t i = 0; i < n; i++)
		v |= (u64)p[i] << (8 * i);
	return v;
}

u64 hash_bytes(u64 seed, const void *data, size_t n)
{
	const u64 k = 0x9e3779b97f4a7c15; /* 2^64 over the golden ratio: odd, without pattern */
	const u8 *p = data;
	u64 h = (seed ^ n) * k;

	for (size_t left = n; left >= 8; left -= 8, p += 8) {
		h = (h ^ le64_load(p)) * k;
		h ^= h >> 29;
	}
	h = (h ^ tail_load(p, n % 8)) * k;
	return hash_u64(h);
}

static inline u64 rotl(u64 x, unsigned n)
{
	return x << n | x >> (64 - n);
}

static inline void sip_round(u64 v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = rotl(v[1], 13) ^ v[0];
	v[3] = rotl(v[3], 16) ^ v[2];
	v[0] = rotl(v[0], 32);
	v[2] += v[1];
	v[0] += v[3];
	v[1] = rotl(v[1], 17) ^ v[2];
	v[3] = rotl(v[3], 21) ^ v[0];
	v[2] = rotl(v[2], 32);
}

static inline void sip_absorb(u64 v[4], u64 m)
{
	v[3] ^= m;
	sip_round(v);
	sip_round(v);
	v[0] ^= m;
}

u64 siphash(const u64 key[2], const void *data, size_t n)
{
	const u8 *p = data;
	u64 v[4] = {
	    0x736f6d6570736575 ^ key[0],
	    0x646f72616e646f6d ^ key[1],
	    0x6c7967656e657261 ^ key[0],
	    0x7465646279746573 ^ key[1],
	};

	for (size_t left = n; left >= 8; left -= 8, p += 8)
		sip_absorb(v, le64_load(p));
	sip_absorb(v, (u64)n << 56 | tail_load(p, n % 8));
	v[2] ^= 0xff;
	for (int i = 0; i < 4; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}
