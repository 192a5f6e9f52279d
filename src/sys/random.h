/*
 * Random numbers beyond random_bytes() (lib/clock.h): entropy that drivers bring, and the calls of
 * user space.
 */
#ifndef ARAMID_SYS_RANDOM_H
#define ARAMID_SYS_RANDOM_H

#include "lib/types.h"

struct uio;

/* Mixes n bytes into the generator. What is known to an attacker does no harm. Any context. */
void random_add_entropy(const void *buf, size_t n);

/* Fills the uio (getrandom, /dev/random, /dev/urandom): bytes, or -EFAULT, or -EINTR if a signal
 * came before the first. */
ssize_t __must_check random_read(struct uio *uio);
/* What was written to /dev/random is mixed in. */
ssize_t __must_check random_write(struct uio *uio);

#endif
