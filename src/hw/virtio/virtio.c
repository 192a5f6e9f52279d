/* virtio devices: initialisation as virtio 1.2 §3.1 orders it, and the table of drivers. */
#include "hw/virtio/virtio.h"

#include "lib/log.h"

#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_ring.h>

static const struct {
	u32 type;
	int (*probe)(struct virtio_device *device);
} drivers[] = {
    {VIRTIO_ID_BLOCK, virtio_blk_probe},
    {VIRTIO_ID_CONSOLE, virtio_console_probe},
    {VIRTIO_ID_RNG, virtio_rng_probe},
};

int virtio_attach(struct virtio_device *device)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(drivers); i++) {
		if (drivers[i].type != device->type)
			continue;
		int err = drivers[i].probe(device);
		if (err) {
			log_warn("%s: device of type %u can't be used: error %d", device->name,
				 device->type, -err);
			device->transport->status_write(device, VIRTIO_CONFIG_S_FAILED);
		}
		return err;
	}
	return -ENODEV;
}

int virtio_negotiate(struct virtio_device *device, u64 wanted)
{
	const struct virtio_transport *transport = device->transport;
	const u8 known = VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER;
	transport->status_write(device, 0);
	transport->status_write(device, VIRTIO_CONFIG_S_ACKNOWLEDGE);
	transport->status_write(device, known);
	u64 offered = transport->features_read(device);
	if (!(offered & VIRTIO_FEATURE(VIRTIO_F_VERSION_1)))
		return -ENODEV;
	wanted |= VIRTIO_FEATURE(VIRTIO_F_VERSION_1) | VIRTIO_FEATURE(VIRTIO_RING_F_EVENT_IDX) |
		  VIRTIO_FEATURE(VIRTIO_RING_F_INDIRECT_DESC);
	device->features = offered & wanted;
	transport->features_write(device, device->features);
	transport->status_write(device, known | VIRTIO_CONFIG_S_FEATURES_OK);
	if (!(transport->status_read(device) & VIRTIO_CONFIG_S_FEATURES_OK))
		return -ENODEV;
	return 0;
}

void virtio_ready(struct virtio_device *device)
{
	u8 status = device->transport->status_read(device);
	device->transport->status_write(device, status | VIRTIO_CONFIG_S_DRIVER_OK);
}

void virtio_fail(struct virtio_device *device, const char *why)
{
	if (device->broken)
		return;
	device->broken = true;
	log_err("%s: %s: device is not used any more", device->name, why);
	device->transport->status_write(device, VIRTIO_CONFIG_S_FAILED);
}
