/*
 * virtio entropy source: virtio 1.2 §5.4. Asked once at start-up for a seed; what it delivers is
 * mixed into the kernel's generator when it comes.
 */
#include "hw/virtio/virtio.h"
#include "lib/log.h"
#include "mm/kmalloc.h"
#include "sys/random.h"

#define SEED_BYTES 64

static void rng_interrupt(struct virtqueue *queue)
{
	u32 written;
	u8 *seed = virtqueue_pop(queue, &written);
	if (seed)
		random_add_entropy(seed, min_t(u32, written, SEED_BYTES));
}

int virtio_rng_probe(struct virtio_device *device)
{
	struct virtqueue *queue;
	u8 *seed = kmalloc(SEED_BYTES, MM_ZERO);
	if (!seed)
		return -ENOMEM;
	int err = virtio_negotiate(device, 0);
	if (!err)
		err = virtqueue_create(device, 0, 4, 0, rng_interrupt, NULL, &queue);
	if (err) {
		kfree(seed);
		return err;
	}
	virtio_ready(device);
	struct virtio_segment segment = {virtio_phys(seed), SEED_BYTES};
	err = virtqueue_push(queue, &segment, 0, 1, NULL, seed);
	if (!err && virtqueue_kick_prepare(queue))
		virtqueue_notify(queue);
	log_info("%s: entropy source", device->name);
	return err;
}
