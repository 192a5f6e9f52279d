#include "mm/usercopy.h"
#include "hw/mmu.h"
#include "lib/string.h"

/* mm/usercopy.h over the instructions of copy.S. Here is the one check that a pointer is the
 * user's. */

size_t user_copy(void *dst, const void *src, size_t n);
size_t user_copy_nofault(void *dst, const void *src, size_t n);
int user_get8(void *dst, const void *src);
int user_get4(void *dst, const void *src);
int user_put8(void *dst, const void *src);
int user_put4(void *dst, const void *src);
size_t user_clear(void *dst, size_t n);
long user_strncpy(char *dst, const char *src, size_t max);
int user_cas(u32 *p, u32 expected, u32 desired, u32 *old);
int user_touch_read(const void *p);
int user_touch_write(const void *p);

static __always_inline bool range_ok(const void __user *p, size_t n)
{
	return n <= MMU_USER_MAX && (unsigned long)p <= MMU_USER_MAX - n;
}

int copy_from_user(void *dst, const void __user *src, size_t n)
{
	size_t left = n;

	if (likely(range_ok(src, n))) {
		if (n == 8)
			left = user_get8(dst, src) ? 8 : 0;
		else if (n == 4)
			left = user_get4(dst, src) ? 4 : 0;
		else
			left = user_copy(dst, src, n);
	}
	if (likely(!left))
		return 0;
	memset((char *)dst + (n - left), 0, left);
	return -EFAULT;
}

int copy_to_user(void __user *dst, const void *src, size_t n)
{
	int fault;

	if (unlikely(!range_ok(dst, n)))
		return -EFAULT;
	if (n == 8)
		fault = user_put8(dst, src);
	else if (n == 4)
		fault = user_put4(dst, src);
	else
		fault = user_copy(dst, src, n) != 0;
	return fault ? -EFAULT : 0;
}

int clear_user(void __user *dst, size_t n)
{
	if (!range_ok(dst, n) || user_clear(dst, n))
		return -EFAULT;
	return 0;
}

/* A range that starts as the user's and ends outside is copied up to the border. */
static size_t range_clamp(const void __user *p, size_t n)
{
	unsigned long at = (unsigned long)p;

	return at >= MMU_USER_MAX ? 0 : min(n, MMU_USER_MAX - at);
}

size_t copy_from_user_partial(void *dst, const void __user *src, size_t n)
{
	size_t ok = range_clamp(src, n);

	return n - ok + user_copy(dst, src, ok);
}

size_t copy_to_user_partial(void __user *dst, const void *src, size_t n)
{
	size_t ok = range_clamp(dst, n);

	return n - ok + user_copy(dst, src, ok);
}

size_t copy_from_user_nofault(void *dst, const void __user *src, size_t n)
{
	size_t ok = range_clamp(src, n);

	return n - ok + user_copy_nofault(dst, src, ok);
}

size_t copy_to_user_nofault(void __user *dst, const void *src, size_t n)
{
	size_t ok = range_clamp(dst, n);

	return n - ok + user_copy_nofault(dst, src, ok);
}

static int fault_in(const void __user *p, size_t n, int (*touch)(const void *))
{
	unsigned long at = (unsigned long)p, end = at + n;

	if (!range_ok(p, n))
		return -EFAULT;
	while (at < end) {
		if (touch((const void *)at))
			return -EFAULT;
		at = round_down(at, PAGE_SIZE) + PAGE_SIZE;
	}
	return 0;
}

int user_fault_in_readable(const void __user *p, size_t n)
{
	return fault_in(p, n, user_touch_read);
}

int user_fault_in_writable(void __user *p, size_t n)
{
	return fault_in(p, n, user_touch_write);
}

ssize_t strncpy_from_user(char *dst, const char __user *src, size_t size)
{
	size_t max = range_clamp(src, size);
	long n = user_strncpy(dst, src, max);

	if (n < 0)
		return -EFAULT;
	if ((size_t)n < max)
		return n;
	return max < size ? -EFAULT : -ENAMETOOLONG;
}

int user_cmpxchg32(u32 __user *p, u32 expected, u32 desired, u32 *old)
{
	if (!range_ok(p, sizeof(*p)) || user_cas(p, expected, desired, old))
		return -EFAULT;
	return 0;
}
