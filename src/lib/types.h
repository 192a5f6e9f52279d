/*
 * The vocabulary: integers of known size, error pointers, small arithmetic.
 *
 * u64 is unsigned long long and s64 long long, like __u64 and __s64 of the UAPI headers, on every
 * machine: print them with %llu, %lld, %llx. The types that libc also has (loff_t, pid_t, ...)
 * are spelled as libc spells them, so that hosted tests may include both.
 */
#ifndef LIB_TYPES_H
#define LIB_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/types.h>

#include "lib/compiler.h"
#include "lib/endian.h"
#include "lib/errno.h"

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef unsigned long long u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef long long s64;

typedef long ssize_t;
typedef long loff_t;
typedef int pid_t;
typedef unsigned int uid_t;
typedef unsigned int gid_t;
typedef unsigned int mode_t;

/* An address as the memory bus sees it. */
typedef u64 phys_addr_t;

_Static_assert(sizeof(u64) == 8 && sizeof(loff_t) == 8 && sizeof(void *) == 8, "an LP64 machine");

/* <limits.h> is libc's even in gcc; if it comes later, it replaces these. */
#ifndef INT_MAX
#define INT_MAX   __INT_MAX__
#define INT_MIN   (-INT_MAX - 1)
#define UINT_MAX  (INT_MAX * 2U + 1U)
#define LONG_MAX  __LONG_MAX__
#define LONG_MIN  (-LONG_MAX - 1L)
#define ULONG_MAX (LONG_MAX * 2UL + 1UL)
#define CHAR_BIT  __CHAR_BIT__
#endif

#define U8_MAX  0xffu
#define U16_MAX 0xffffu
#define U32_MAX 0xffffffffu
#define U64_MAX 0xffffffffffffffffull
#define S32_MAX 0x7fffffff
#define S64_MAX 0x7fffffffffffffffll

#define ARRAY_SIZE(a)                                                                              \
	(sizeof(a) / sizeof((a)[0]) +                                                              \
	 0 * sizeof(struct {                                                                       \
		 int not_an_array : 1 -                                                            \
		     2 * __builtin_types_compatible_p(__typeof__(a), __typeof__(&(a)[0]));         \
	 }))

/* The struct of the given type whose member is at ptr. */
#define container_of(ptr, type, member)                                                            \
	({                                                                                         \
		const __typeof__(((type *)0)->member) *co_member = (ptr);                          \
		(type *)((char *)co_member - offsetof(type, member));                              \
	})
#define sizeof_field(type, member) sizeof(((type *)0)->member)

/*
 * min, max and clamp evaluate each argument once. A constant takes the other's type; comparing
 * signed with unsigned variables draws the compiler's warning, and min_t names the type instead.
 */
#define IS_CONSTEXPR(x)       (sizeof(int) == sizeof(*(8 ? ((void *)((long)(x)*0l)) : (int *)8)))
#define TYPE_BESIDE(x, other) __typeof__(__builtin_choose_expr(IS_CONSTEXPR(x), (other), (x)))
#define min(a, b)                                                                                  \
	({                                                                                         \
		TYPE_BESIDE(a, b) min_a = (a);                                                     \
		TYPE_BESIDE(b, a) min_b = (b);                                                     \
		min_a < min_b ? min_a : min_b;                                                     \
	})
#define max(a, b)                                                                                  \
	({                                                                                         \
		TYPE_BESIDE(a, b) max_a = (a);                                                     \
		TYPE_BESIDE(b, a) max_b = (b);                                                     \
		max_a > max_b ? max_a : max_b;                                                     \
	})
#define min_t(type, a, b)                                                                          \
	({                                                                                         \
		type min_ta = (a);                                                                 \
		type min_tb = (b);                                                                 \
		min_ta < min_tb ? min_ta : min_tb;                                                 \
	})
#define max_t(type, a, b)                                                                          \
	({                                                                                         \
		type max_ta = (a);                                                                 \
		type max_tb = (b);                                                                 \
		max_ta > max_tb ? max_ta : max_tb;                                                 \
	})
#define clamp(x, lo, hi)                                                                           \
	({                                                                                         \
		__typeof__(x) clamp_x = (x);                                                       \
		TYPE_BESIDE(lo, x) clamp_lo = (lo);                                                \
		TYPE_BESIDE(hi, x) clamp_hi = (hi);                                                \
		clamp_x<clamp_lo ? clamp_lo : clamp_x> clamp_hi ? clamp_hi : clamp_x;              \
	})
#define swap(a, b)                                                                                 \
	do {                                                                                       \
		__typeof__(a) swap_a = (a);                                                        \
		(a) = (b);                                                                         \
		(b) = swap_a;                                                                      \
	} while (0)

#define BIT(n)   (1ul << (n))
#define BIT64(n) (1ull << (n))

/* For powers of two only; the result has x's type. */
#define round_up(x, to)   ((((x)-1) | ((__typeof__(x))(to)-1)) + 1)
#define round_down(x, to) ((x) & ~((__typeof__(x))(to)-1))
#define is_aligned(x, to) (((x) & ((__typeof__(x))(to)-1)) == 0)
/* For any positive divisor; n + d - 1 must not overflow. */
#define DIV_ROUND_UP(n, d)  (((n) + (d)-1) / (d))
#define round_up_to(x, any) (DIV_ROUND_UP(x, any) * (any))

static inline bool is_pow2(u64 x)
{
	return x && !(x & (x - 1));
}

/* The highest set bit's number; x is not 0. */
static inline unsigned ilog2(u64 x)
{
	return 63 - (unsigned)__builtin_clzll(x);
}

/* The smallest n with 2^n >= x; x is not 0. */
static inline unsigned ilog2_up(u64 x)
{
	return x > 1 ? ilog2(x - 1) + 1 : 0;
}

static inline u64 pow2_round_up(u64 x)
{
	return 1ull << ilog2_up(x);
}

/*
 * An error number in a pointer: the last page of the address space is never mapped. Used where
 * a function returns an object; the caller asks IS_ERR before it follows the pointer.
 */
#define MAX_ERRNO 4095

static inline void *__must_check ERR_PTR(long error)
{
	return (void *)error;
}

static inline long __must_check PTR_ERR(const void *ptr)
{
	return (long)ptr;
}

static inline bool __must_check IS_ERR(const void *ptr)
{
	return unlikely((unsigned long)ptr >= (unsigned long)-MAX_ERRNO);
}

static inline bool __must_check IS_ERR_OR_NULL(const void *ptr)
{
	return unlikely(!ptr) || IS_ERR(ptr);
}

/* The same error, in a pointer of another type. */
static inline void *__must_check ERR_CAST(const void *ptr)
{
	return (void *)ptr;
}

#endif
