/*
 * Assertions about our own reasoning; what comes from outside is checked and refused instead.
 *
 * VERIFY is always on; ASSERT only in debug builds (make DEBUG=1) and in every hosted one.
 * The two-operand forms print both operands: VERIFY_EQ(found, expected), VERIFY_LT(at, end), ...
 */
#ifndef LIB_ASSERT_H
#define LIB_ASSERT_H

#include "lib/panic.h"
#include "lib/types.h"

#define VERIFY(cond)                                                                               \
	do {                                                                                       \
		if (__builtin_expect(!(cond), 0))                                                  \
			panic("%s:%d: %s: failed: %s", __FILE__, __LINE__, __func__, #cond);       \
	} while (0)

#define VERIFY_OP(a, op, b)                                                                        \
	do {                                                                                       \
		TYPE_BESIDE(a, b) verify_a = (a);                                                  \
		TYPE_BESIDE(b, a) verify_b = (b);                                                  \
		if (__builtin_expect(!(verify_a op verify_b), 0))                                  \
			panic("%s:%d: %s: failed: %s " #op " %s (%#lx " #op " %#lx)", __FILE__,    \
			      __LINE__, __func__, #a, #b, (unsigned long)verify_a,                 \
			      (unsigned long)verify_b);                                            \
	} while (0)
#define VERIFY_EQ(a, b) VERIFY_OP(a, ==, b)
#define VERIFY_NE(a, b) VERIFY_OP(a, !=, b)
#define VERIFY_LT(a, b) VERIFY_OP(a, <, b)
#define VERIFY_LE(a, b) VERIFY_OP(a, <=, b)
#define VERIFY_GT(a, b) VERIFY_OP(a, >, b)
#define VERIFY_GE(a, b) VERIFY_OP(a, >=, b)

#ifdef DEBUG
#define ASSERT(cond)    VERIFY(cond)
#define ASSERT_EQ(a, b) VERIFY_EQ(a, b)
#define ASSERT_NE(a, b) VERIFY_NE(a, b)
#define ASSERT_LT(a, b) VERIFY_LT(a, b)
#define ASSERT_LE(a, b) VERIFY_LE(a, b)
#define ASSERT_GT(a, b) VERIFY_GT(a, b)
#define ASSERT_GE(a, b) VERIFY_GE(a, b)
#else
/* Compiled, so that it does not rot, but never evaluated. */
#define ASSERT(cond)    ((void)sizeof(!(cond)))
#define ASSERT_EQ(a, b) ((void)sizeof((a) == (b)))
#define ASSERT_NE(a, b) ((void)sizeof((a) == (b)))
#define ASSERT_LT(a, b) ((void)sizeof((a) < (b)))
#define ASSERT_LE(a, b) ((void)sizeof((a) < (b)))
#define ASSERT_GT(a, b) ((void)sizeof((a) < (b)))
#define ASSERT_GE(a, b) ((void)sizeof((a) < (b)))
#endif

#endif
