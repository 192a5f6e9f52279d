/*
 * Integers as they lie on a disk or a wire: each byte order is a type of its own, so that a
 * forgotten swap does not compile. These structs have no padding and no alignment of their own
 * beyond the integer's; inside __packed structs they may lie anywhere.
 */
#ifndef LIB_ENDIAN_H
#define LIB_ENDIAN_H

#include <stdint.h>

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define ENDIAN_LE(bits, v) (v)
#define ENDIAN_BE(bits, v) __builtin_bswap##bits(v)
#else
#define ENDIAN_LE(bits, v) __builtin_bswap##bits(v)
#define ENDIAN_BE(bits, v) (v)
#endif

struct le16 {
	uint16_t v;
};
static inline uint16_t le16_get(struct le16 x)
{
	return ENDIAN_LE(16, x.v);
}
static inline struct le16 le16_make(uint16_t v)
{
	return (struct le16){ENDIAN_LE(16, v)};
}
/* From and to any address, aligned or not. */
static inline uint16_t le16_load(const void *p)
{
	struct le16 x;
	__builtin_memcpy(&x, p, sizeof(x));
	return le16_get(x);
}
static inline void le16_store(void *p, uint16_t v)
{
	struct le16 x = le16_make(v);
	__builtin_memcpy(p, &x, sizeof(x));
}

struct le32 {
	uint32_t v;
};
static inline uint32_t le32_get(struct le32 x)
{
	return ENDIAN_LE(32, x.v);
}
static inline struct le32 le32_make(uint32_t v)
{
	return (struct le32){ENDIAN_LE(32, v)};
}
/* From and to any address, aligned or not. */
static inline uint32_t le32_load(const void *p)
{
	struct le32 x;
	__builtin_memcpy(&x, p, sizeof(x));
	return le32_get(x);
}
static inline void le32_store(void *p, uint32_t v)
{
	struct le32 x = le32_make(v);
	__builtin_memcpy(p, &x, sizeof(x));
}

struct le64 {
	unsigned long long v;
};
static inline unsigned long long le64_get(struct le64 x)
{
	return ENDIAN_LE(64, x.v);
}
static inline struct le64 le64_make(unsigned long long v)
{
	return (struct le64){ENDIAN_LE(64, v)};
}
/* From and to any address, aligned or not. */
static inline unsigned long long le64_load(const void *p)
{
	struct le64 x;
	__builtin_memcpy(&x, p, sizeof(x));
	return le64_get(x);
}
static inline void le64_store(void *p, unsigned long long v)
{
	struct le64 x = le64_make(v);
	__builtin_memcpy(p, &x, sizeof(x));
}

struct be16 {
	uint16_t v;
};
static inline uint16_t be16_get(struct be16 x)
{
	return ENDIAN_BE(16, x.v);
}
static inline struct be16 be16_make(uint16_t v)
{
	return (struct be16){ENDIAN_BE(16, v)};
}
/* From and to any address, aligned or not. */
static inline uint16_t be16_load(const void *p)
{
	struct be16 x;
	__builtin_memcpy(&x, p, sizeof(x));
	return be16_get(x);
}
static inline void be16_store(void *p, uint16_t v)
{
	struct be16 x = be16_make(v);
	__builtin_memcpy(p, &x, sizeof(x));
}

struct be32 {
	uint32_t v;
};
static inline uint32_t be32_get(struct be32 x)
{
	return ENDIAN_BE(32, x.v);
}
static inline struct be32 be32_make(uint32_t v)
{
	return (struct be32){ENDIAN_BE(32, v)};
}
/* From and to any address, aligned or not. */
static inline uint32_t be32_load(const void *p)
{
	struct be32 x;
	__builtin_memcpy(&x, p, sizeof(x));
	return be32_get(x);
}
static inline void be32_store(void *p, uint32_t v)
{
	struct be32 x = be32_make(v);
	__builtin_memcpy(p, &x, sizeof(x));
}

struct be64 {
	unsigned long long v;
};
static inline unsigned long long be64_get(struct be64 x)
{
	return ENDIAN_BE(64, x.v);
}
static inline struct be64 be64_make(unsigned long long v)
{
	return (struct be64){ENDIAN_BE(64, v)};
}
/* From and to any address, aligned or not. */
static inline unsigned long long be64_load(const void *p)
{
	struct be64 x;
	__builtin_memcpy(&x, p, sizeof(x));
	return be64_get(x);
}
static inline void be64_store(void *p, unsigned long long v)
{
	struct be64 x = be64_make(v);
	__builtin_memcpy(p, &x, sizeof(x));
}

static inline void le16_add(struct le16 *x, uint16_t v)
{
	*x = le16_make((uint16_t)(le16_get(*x) + v));
}
static inline void le32_add(struct le32 *x, uint32_t v)
{
	*x = le32_make((uint32_t)(le32_get(*x) + v));
}
static inline void le64_add(struct le64 *x, unsigned long long v)
{
	*x = le64_make((unsigned long long)(le64_get(*x) + v));
}

#endif
