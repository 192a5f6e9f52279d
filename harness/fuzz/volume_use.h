/*
 * What fuzzers do to a volume: mount it, walk it, change it as their input says, unmount it. The
 * volume lies on a disk of RAM that exists once.
 */
#ifndef FUZZ_VOLUME_USE_H
#define FUZZ_VOLUME_USE_H

#include <stddef.h>

#include "lib/types.h"

#define VOLUME_RECORD 6 /* bytes of input per operation */

struct host_disk;

/* Starts the world, with a disk of so many bytes. */
struct host_disk *volume_init(size_t bytes);
/* Mounts it; the byte chooses type and options. The mount's error. */
int volume_mount(u8 options);
/* Walks, operates, walks, unmounts. */
void volume_use(const u8 *data, size_t size);
/* Nothing dirty and nothing in use is left. */
void volume_expect_rest(void);

#endif
