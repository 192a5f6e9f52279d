/*
 * What the decoders of the file system calls share.
 */
#ifndef ARAMID_SYS_SYS_FS_INT_H
#define ARAMID_SYS_SYS_FS_INT_H

#include "lib/clock.h"
#include "lib/types.h"
#include "vfs/uio.h"
#include "vfs/vfs.h"

#include <linux/time_types.h>

/* struct iovec arrays in the kernel; the first few on the stack. */
#define IOV_INLINE 8
struct iov {
	struct uio_segment *segments;
	struct uio_segment few[IOV_INLINE];
};
/* -EINVAL (count, a negative or too large sum), -EFAULT, -ENOMEM. On success uio covers the
 * segments. */
int __must_check iov_get(struct iov *iov, const void __user *user, unsigned long count,
			 struct uio *uio);
void iov_put(struct iov *iov);

/* AT_* flags of calls with a dirfd to LOOKUP_*; AT_SYMLINK_NOFOLLOW means "do not follow". */
unsigned int at_lookup_flags(unsigned int at_flags);

/* What a user's timeout means for a wait: the monotonic deadline, PARK_FOREVER for NULL, 0 for "do
 * not wait". */
int __must_check timeout_deadline(const struct __kernel_timespec __user *user, u64 *deadline_ns);
u64 timeout_deadline_ms(int milliseconds);

/* The device number of stat and mknod. */
static inline u64 dev_encode(u32 major, u32 minor)
{
	return (minor & 0xff) | (u64)(major & 0xfff) << 8 | (u64)(minor & ~0xffu) << 12;
}
static inline void dev_decode(u64 dev, u32 *major, u32 *minor)
{
	*major = (dev >> 8) & 0xfff;
	*minor = (u32)((dev & 0xff) | ((dev >> 12) & 0xfff00));
}

#endif
