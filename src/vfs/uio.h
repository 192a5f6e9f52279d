/*
 * A uio says where the bytes of a read or write go or come from: user or kernel memory, in one or
 * more pieces. It is consumed from the front as bytes move.
 */
#ifndef ARAMID_VFS_UIO_H
#define ARAMID_VFS_UIO_H

#include "lib/types.h"

struct uio_segment {
	void *base; /* a user pointer unless the uio is kernel's */
	size_t length;
};

struct uio {
	struct uio_segment *segments;
	unsigned int count;
	size_t skip;  /* consumed part of segments[0] */
	size_t resid; /* bytes left in all */
	bool kernel;
	int rwf_flags;             /* RWF_* of the call */
	struct uio_segment single; /* storage for the common case of one */
};

void uio_init_user(struct uio *uio, void __user *base, size_t length);
void uio_init_kernel(struct uio *uio, void *base, size_t length);
/* segments stays the caller's and is changed as it is consumed; user pointers inside. */
void uio_init_user_segments(struct uio *uio, struct uio_segment *segments, unsigned int count);

/* Move up to n bytes and consume them. Returns bytes moved, short only on a fault (or resid < n).
 */
size_t __must_check uio_copy_in(struct uio *uio, void *dst, size_t n);        /* uio → kernel */
size_t __must_check uio_copy_out(struct uio *uio, const void *src, size_t n); /* kernel → uio */
size_t __must_check uio_zero_out(struct uio *uio, size_t n);
/* The same without resolving faults: for holders of a page lock. */
size_t __must_check uio_copy_in_nofault(struct uio *uio, void *dst, size_t n);
size_t __must_check uio_copy_out_nofault(struct uio *uio, const void *src, size_t n);
/* Touches the first up to n bytes so that a _nofault copy will get on. 0 or -EFAULT. */
int __must_check uio_fault_in_readable(const struct uio *uio, size_t n);
int __must_check uio_fault_in_writable(const struct uio *uio, size_t n);
void uio_advance(struct uio *uio, size_t n);
/* Leaves at most resid bytes to move. */
void uio_truncate(struct uio *uio, size_t resid);

#endif
