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

/*
 * struct le16 and the like, with what can be done to one: get and make the value, load and store it
 * at any address, aligned or not.
 */
#define ENDIAN_TYPE(name, ORDER, bits, type)                                                       \
	struct name {                                                                              \
		type v;                                                                            \
	};                                                                                         \
	static inline type name##_get(struct name x)                                               \
	{                                                                                          \
		return ENDIAN_##ORDER(bits, x.v);                                                  \
	}                                                                                          \
	static inline struct name name##_make(type v)                                              \
	{                                                                                          \
		return (struct name){ENDIAN_##ORDER(bits, v)};                                     \
	}                                                                                          \
	static inline type name##_load(const void *p)                                              \
	{                                                                                          \
		struct name x;                                                                     \
		__builtin_memcpy(&x, p, sizeof(x));                                                \
		return name##_get(x);                                                              \
	}                                                                                          \
	static inline void name##_store(void *p, type v)                                           \
	{                                                                                          \
		struct name x = name##_make(v);                                                    \
		__builtin_memcpy(p, &x, sizeof(x));                                                \
	}                                                                                          \
	static inline void name##_add(struct name *x, type v)                                      \
	{                                                                                          \
		*x = name##_make((type)(name##_get(*x) + v));                                      \
	}

ENDIAN_TYPE(le16, LE, 16, uint16_t)
ENDIAN_TYPE(le32, LE, 32, uint32_t)
ENDIAN_TYPE(le64, LE, 64, unsigned long long)
ENDIAN_TYPE(be16, BE, 16, uint16_t)
ENDIAN_TYPE(be32, BE, 32, uint32_t)
ENDIAN_TYPE(be64, BE, 64, unsigned long long)

#endif
