/*
 * The only functions that touch user memory. Implemented by src/hw with fault recovery, under SMAP;
 * in the hosted build "user" pointers are plain pointers and faults can be armed by tests.
 *
 * They may sleep (a fault may read a page from disk) except for the _nofault forms, so no spinning
 * lock may be held. User pointers are range-checked here; nobody else does.
 */
#ifndef ARAMID_MM_USERCOPY_H
#define ARAMID_MM_USERCOPY_H

#include "lib/types.h"

/* 0 or -EFAULT. On -EFAULT part of dst may have been written; copy_from_user then zeroes the rest.
 */
int __must_check copy_from_user(void *dst, const void __user *src, size_t n);
int __must_check copy_to_user(void __user *dst, const void *src, size_t n);
int __must_check clear_user(void __user *dst, size_t n);

/* These return the number of bytes NOT copied, for calls whose partial progress counts. */
size_t __must_check copy_from_user_partial(void *dst, const void __user *src, size_t n);
size_t __must_check copy_to_user_partial(void __user *dst, const void *src, size_t n);

/*
 * The same without resolving faults: what is not mapped is not copied. For callers that hold a page
 * lock; they release it, call user_fault_in_*(), and try again. May be called under any lock.
 */
size_t __must_check copy_from_user_nofault(void *dst, const void __user *src, size_t n);
size_t __must_check copy_to_user_nofault(void __user *dst, const void *src, size_t n);
int __must_check user_fault_in_readable(const void __user *p, size_t n);
int __must_check user_fault_in_writable(void __user *p, size_t n);

/* Copies a string with its NUL: length without NUL, -EFAULT, or -ENAMETOOLONG if there is no NUL in
 * the first size bytes. */
ssize_t __must_check strncpy_from_user(char *dst, const char __user *src, size_t size);

/* Atomic compare-and-exchange on a user word (futex). 0 or -EFAULT; *old gets what was there. */
int __must_check user_cmpxchg32(u32 __user *p, u32 expected, u32 desired, u32 *old);

/* Scalars of 1, 2, 4 or 8 bytes. 0 or -EFAULT. */
#define get_user(value, p)                                                                         \
	({                                                                                         \
		__typeof__(({                                                                      \
			__auto_type get_user_t_ = *(p);                                            \
			get_user_t_;                                                               \
		})) get_user_tmp_;                                                                 \
		int get_user_err_ = copy_from_user(&get_user_tmp_, (p), sizeof(get_user_tmp_));    \
		if (!get_user_err_)                                                                \
			(value) = get_user_tmp_;                                                   \
		get_user_err_;                                                                     \
	})
#define put_user(value, p)                                                                         \
	({                                                                                         \
		__typeof__(*(p)) put_user_tmp_ = (value);                                          \
		copy_to_user((p), &put_user_tmp_, sizeof(put_user_tmp_));                          \
	})

#endif
