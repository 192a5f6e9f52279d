/*
 * What we ask of the compiler, under one name each. gcc and clang.
 */
#ifndef LIB_COMPILER_H
#define LIB_COMPILER_H

#define __must_check       __attribute__((warn_unused_result))
#define __printf(fmt, arg) __attribute__((format(printf, fmt, arg)))
#define __noreturn         __attribute__((noreturn))
#define __packed           __attribute__((packed))
#define __aligned(n)       __attribute__((aligned(n)))
#define __maybe_unused     __attribute__((unused))
#define __noinline         __attribute__((noinline))
#define __section(name)    __attribute__((section(name)))
#define __no_asan          __attribute__((no_sanitize_address))
#define __cold             __attribute__((cold))
#define __fallthrough      __attribute__((fallthrough))
/* A pointer into the address space of a process: never followed, only given to copy functions. */
#define __user

#undef __always_inline /* <linux/stddef.h> and libc have weaker ideas of it */
#define __always_inline inline __attribute__((always_inline))

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/* Keeps the compiler from moving memory accesses across it; the processor still may. */
#define barrier() __asm__ volatile("" ::: "memory")

/* One access, exactly as written: for words that others change at the same time. */
#define READ_ONCE(x)     (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))

#endif
