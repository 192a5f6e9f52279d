/* User memory, hosted: user pointers are plain pointers. */
#include <string.h>

#include "host_hooks.h"
#include "hw/cpu.h"
#include "lib/assert.h"
#include "lib/atomic.h"
#include "lib/lock.h"
#include "mm/usercopy.h"

static size_t reachable(const void *p, size_t n)
{
	/* As in the kernel: no copy may sleep with a spinning lock held. */
	VERIFY_EQ(lock_held_count(), 0);
	VERIFY(irq_enabled());
	if (!p)
		return 0;
	return host_user_reachable(p, n, false);
}

static size_t reachable_nofault(const void *p, size_t n)
{
	if (!p)
		return 0;
	return host_user_reachable(p, n, true);
}

static void copy(void *dst, const void *src, size_t n)
{
	if (n) /* neither may be NULL, even for no bytes */
		memcpy(dst, src, n);
}

size_t copy_from_user_partial(void *dst, const void __user *src, size_t n)
{
	size_t ok = reachable(src, n);

	copy(dst, src, ok);
	return n - ok;
}

size_t copy_to_user_partial(void __user *dst, const void *src, size_t n)
{
	size_t ok = reachable(dst, n);

	copy(dst, src, ok);
	return n - ok;
}

int copy_from_user(void *dst, const void __user *src, size_t n)
{
	size_t left = copy_from_user_partial(dst, src, n);

	memset((u8 *)dst + (n - left), 0, left);
	return left ? -EFAULT : 0;
}

int copy_to_user(void __user *dst, const void *src, size_t n)
{
	return copy_to_user_partial(dst, src, n) ? -EFAULT : 0;
}

int clear_user(void __user *dst, size_t n)
{
	size_t ok = reachable(dst, n);

	if (ok)
		memset(dst, 0, ok);
	return ok < n ? -EFAULT : 0;
}

size_t copy_from_user_nofault(void *dst, const void __user *src, size_t n)
{
	size_t ok = reachable_nofault(src, n);

	copy(dst, src, ok);
	return n - ok;
}

size_t copy_to_user_nofault(void __user *dst, const void *src, size_t n)
{
	size_t ok = reachable_nofault(dst, n);

	copy(dst, src, ok);
	return n - ok;
}

static int fault_in(const void *p, size_t n)
{
	if (n && reachable(p, n) == 0)
		return -EFAULT;
	host_user_fault_in(p, n);
	return 0;
}

int user_fault_in_readable(const void __user *p, size_t n)
{
	return fault_in(p, n);
}

int user_fault_in_writable(void __user *p, size_t n)
{
	return fault_in(p, n);
}

ssize_t strncpy_from_user(char *dst, const char __user *src, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (reachable(src + i, 1) == 0)
			return -EFAULT;
		dst[i] = src[i];
		if (!src[i])
			return (ssize_t)i;
	}
	return -ENAMETOOLONG;
}

int user_cmpxchg32(u32 __user *p, u32 expected, u32 desired, u32 *old)
{
	if (reachable(p, sizeof(*p)) < sizeof(*p))
		return -EFAULT;
	*old = expected;
	atomic_cmpxchg(p, old, desired);
	return 0;
}
