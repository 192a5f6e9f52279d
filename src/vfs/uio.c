/*
 * uio: a cursor over user or kernel memory in pieces. See vfs/uio.h.
 */
#include "vfs/uio.h"

#include "lib/assert.h"
#include "lib/string.h"
#include "mm/usercopy.h"

void uio_init_user(struct uio *uio, void __user *base, size_t length)
{
	uio->single = (struct uio_segment){.base = base, .length = length};
	uio->segments = &uio->single;
	uio->count = 1;
	uio->skip = 0;
	uio->resid = length;
	uio->kernel = false;
	uio->rwf_flags = 0;
}

void uio_init_kernel(struct uio *uio, void *base, size_t length)
{
	uio_init_user(uio, base, length);
	uio->kernel = true;
}

void uio_init_user_segments(struct uio *uio, struct uio_segment *segments, unsigned int count)
{
	uio->segments = segments;
	uio->count = count;
	uio->skip = 0;
	uio->resid = 0;
	uio->kernel = false;
	uio->rwf_flags = 0;
	for (unsigned int i = 0; i < count; i++)
		uio->resid += segments[i].length;
}

void uio_advance(struct uio *uio, size_t n)
{
	ASSERT_LE(n, uio->resid);
	uio->resid -= n;
	uio->skip += n;
	while (uio->count > 1 && uio->skip >= uio->segments[0].length) {
		uio->skip -= uio->segments[0].length;
		uio->segments++;
		uio->count--;
	}
}

void uio_truncate(struct uio *uio, size_t resid)
{
	if (resid < uio->resid)
		uio->resid = resid;
}

/* Moves up to n bytes of one segment by step() and says how many it could; the walk over segments
 * is here. */
enum uio_step { STEP_IN, STEP_OUT, STEP_ZERO, STEP_IN_NOFAULT, STEP_OUT_NOFAULT };

static size_t uio_step_kernel(enum uio_step step, char *base, char *buf, size_t n)
{
	if (!buf)
		memset(base, 0, n); /* STEP_ZERO */
	else if (step == STEP_IN || step == STEP_IN_NOFAULT)
		memcpy(buf, base, n);
	else
		memcpy(base, buf, n);
	return n;
}

static size_t uio_step_user(enum uio_step step, char __user *base, char *buf, size_t n)
{
	switch (step) {
	case STEP_IN:
		return n - copy_from_user_partial(buf, base, n);
	case STEP_OUT:
		return n - copy_to_user_partial(base, buf, n);
	case STEP_ZERO:
		return clear_user(base, n) ? 0 : n;
	case STEP_IN_NOFAULT:
		return n - copy_from_user_nofault(buf, base, n);
	case STEP_OUT_NOFAULT:
		return n - copy_to_user_nofault(base, buf, n);
	}
	return 0;
}

static size_t uio_move(struct uio *uio, enum uio_step step, char *buf, size_t n)
{
	size_t done = 0;

	n = min(n, uio->resid);
	while (done < n) {
		size_t chunk = min(n - done, uio->segments[0].length - uio->skip), moved;
		char *base = (char *)uio->segments[0].base + uio->skip;

		if (!chunk) {
			uio_advance(uio, 0);
			continue;
		}
		moved = uio->kernel ? uio_step_kernel(step, base, buf ? buf + done : NULL, chunk)
				    : uio_step_user(step, base, buf ? buf + done : NULL, chunk);
		uio_advance(uio, moved);
		done += moved;
		if (moved < chunk)
			break;
	}
	return done;
}

size_t uio_copy_in(struct uio *uio, void *dst, size_t n)
{
	return uio_move(uio, STEP_IN, dst, n);
}

size_t uio_copy_out(struct uio *uio, const void *src, size_t n)
{
	return uio_move(uio, STEP_OUT, (char *)src, n);
}

size_t uio_zero_out(struct uio *uio, size_t n)
{
	return uio_move(uio, STEP_ZERO, NULL, n);
}

size_t uio_copy_in_nofault(struct uio *uio, void *dst, size_t n)
{
	return uio_move(uio, STEP_IN_NOFAULT, dst, n);
}

size_t uio_copy_out_nofault(struct uio *uio, const void *src, size_t n)
{
	return uio_move(uio, STEP_OUT_NOFAULT, (char *)src, n);
}

static int uio_fault_in(const struct uio *uio, size_t n, bool writable)
{
	size_t skip = uio->skip;

	if (uio->kernel)
		return 0;
	n = min(n, uio->resid);
	for (unsigned int i = 0; n && i < uio->count; i++) {
		size_t chunk = min(n, uio->segments[i].length - skip);
		char __user *base = (char __user *)uio->segments[i].base + skip;
		int err = 0;

		if (chunk)
			err = writable ? user_fault_in_writable(base, chunk)
				       : user_fault_in_readable(base, chunk);
		if (err)
			return i == 0
				   ? err
				   : 0; /* the first bytes can move: the copy will be short there */
		n -= chunk;
		skip = 0;
	}
	return 0;
}

int uio_fault_in_readable(const struct uio *uio, size_t n)
{
	return uio_fault_in(uio, n, false);
}

int uio_fault_in_writable(const struct uio *uio, size_t n)
{
	return uio_fault_in(uio, n, true);
}
