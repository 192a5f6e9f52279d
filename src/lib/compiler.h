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

/*
 * clang's thread-safety attributes (-Wthread-safety); nothing under gcc. lib/lock.h puts them on
 * the lock types and functions, and fields that a lock guards may carry __guarded_by(lock).
 */
#if defined(__clang__)
#define __capability(name)     __attribute__((capability(name)))
#define __guarded_by(x)        __attribute__((guarded_by(x)))
#define __acquires(...)        __attribute__((acquire_capability(__VA_ARGS__)))
#define __acquires_shared(...) __attribute__((acquire_shared_capability(__VA_ARGS__)))
#define __releases(...)        __attribute__((release_capability(__VA_ARGS__)))
#define __releases_shared(...) __attribute__((release_shared_capability(__VA_ARGS__)))
#define __try_acquires(...)    __attribute__((try_acquire_capability(__VA_ARGS__)))
#define __requires(...)        __attribute__((requires_capability(__VA_ARGS__)))
#define __requires_shared(...) __attribute__((requires_shared_capability(__VA_ARGS__)))
#define __excludes(...)        __attribute__((locks_excluded(__VA_ARGS__)))
#define __asserts_held(...)    __attribute__((assert_capability(__VA_ARGS__)))
#define __no_thread_safety     __attribute__((no_thread_safety_analysis))
#else
#define __capability(name)
#define __guarded_by(x)
#define __acquires(...)
#define __acquires_shared(...)
#define __releases(...)
#define __releases_shared(...)
#define __try_acquires(...)
#define __requires(...)
#define __requires_shared(...)
#define __excludes(...)
#define __asserts_held(...)
#define __no_thread_safety
#endif

#endif
