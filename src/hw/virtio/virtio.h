/*
 * virtio 1.x devices (OASIS virtio 1.2): what transports and drivers share.
 *
 * A transport (PCI, MMIO) finds a device and wraps its registers in struct virtio_device;
 * virtio_attach() looks for a driver by device type, and the driver negotiates features, sets up
 * its queues and declares itself ready:
 *
 *   transport finds device → virtio_attach → driver->probe:
 *       virtio_negotiate → virtqueue_create … → virtio_ready → I/O
 *
 * Only modern devices (VIRTIO_F_VERSION_1) are driven. What a device says (sizes, used-ring
 * entries) is checked before use: a device that breaks the rules is marked broken and its requests
 * fail.
 */
#ifndef ARAMID_HW_VIRTIO_H
#define ARAMID_HW_VIRTIO_H

#include "hw/irq.h"
#include "lib/types.h"

struct pci_device;
struct virtio_device;
struct virtqueue;

struct virtio_transport {
	u64 (*features_read)(struct virtio_device *device);
	void (*features_write)(struct virtio_device *device, u64 features);
	u8 (*status_read)(struct virtio_device *device);
	void (*status_write)(struct virtio_device *device, u8 status);
	/* Device-specific configuration, little-endian bytes. Reads beyond the end give zeroes. */
	void (*config_read)(struct virtio_device *device, unsigned int offset, void *buf,
			    unsigned int n);
	/* Largest size of queue `index`; 0: there is no such queue. */
	u16 (*queue_size)(struct virtio_device *device, u16 index);
	/* Publishes the rings' addresses, routes the queue's interrupt to cpu, enables it, and sets
	 * queue->notify. */
	int (*queue_enable)(struct virtio_device *device, struct virtqueue *queue,
			    unsigned int cpu);
	void (*notify)(struct virtqueue *queue);
};

struct virtio_device {
	const struct virtio_transport *transport;
	u32 type;      /* VIRTIO_ID_* */
	u64 features;  /* negotiated */
	char name[24]; /* for messages: "virtio 00:03.0" */
	void *transport_data;
	void *driver_data;
	bool broken;
	struct virtqueue *queues[16]; /* MMIO has one interrupt for all */
	unsigned int queue_count;
};

/* Transports. The device is allocated by the transport and lives forever once attached. */
int __must_check virtio_pci_attach(const struct pci_device *pci);
int __must_check virtio_attach(struct virtio_device *device);

/* Feature bits, as masks. */
#define VIRTIO_FEATURE(bit) (1ull << (bit))

/* Drivers. */
int __must_check virtio_blk_probe(struct virtio_device *device);
int __must_check virtio_rng_probe(struct virtio_device *device);
int __must_check virtio_console_probe(struct virtio_device *device);

/* Resets the device, acknowledges it and settles on the features that both sides have; VERSION_1,
 * ring event index and indirect descriptors are asked for always. -ENODEV if the device is not
 * modern. */
int __must_check virtio_negotiate(struct virtio_device *device, u64 wanted);
static inline bool virtio_has(const struct virtio_device *device, unsigned int bit)
{
	return device->features >> bit & 1;
}
void virtio_ready(struct virtio_device *device);
void virtio_fail(struct virtio_device *device, const char *why);

/*
 * ---- queues (split rings, virtio 1.2 §2.7) ----
 *
 * The driver locks: all calls for one queue under one irqlock, except virtqueue_notify(), which
 * comes after it.
 */
struct virtio_segment {
	phys_addr_t address;
	u32 length;
};

/* Index `index` of the device, completion interrupts to cpu: callback(queue) in interrupt context.
 * size_limit: at most so many entries. -ENOENT: no such queue; -ENOMEM. */
int __must_check virtqueue_create(struct virtio_device *device, u16 index, u16 size_limit,
				  unsigned int cpu, void (*callback)(struct virtqueue *queue),
				  void *driver_data, struct virtqueue **out);
void *virtqueue_driver_data(const struct virtqueue *queue);
u16 virtqueue_size(const struct virtqueue *queue);

/*
 * Offers a buffer: out_count segments the device reads, then in_count it writes. token comes back
 * from virtqueue_pop(). table: memory for an indirect table of out_count + in_count descriptors (16
 * bytes each, physically contiguous), owned by the request until it completes; NULL: ring entries
 * are chained. -ENOSPC when the ring is full.
 */
int __must_check virtqueue_push(struct virtqueue *queue, const struct virtio_segment *segments,
				unsigned int out_count, unsigned int in_count, void *table,
				void *token);
/* Whether the device wants to be told; the caller then calls virtqueue_notify() outside its lock.
 */
bool virtqueue_kick_prepare(struct virtqueue *queue);
void virtqueue_notify(struct virtqueue *queue);
/* A finished token and how many bytes the device wrote; NULL when there is none. */
void *virtqueue_pop(struct virtqueue *queue, u32 *written);
/* Asks for an interrupt at the next completion. True if some came in meanwhile: pop again. */
bool virtqueue_rearm(struct virtqueue *queue);

/* For transports: the interrupt of the queue came. */
void virtqueue_interrupt(void *queue);

/* Physical address of an object in the direct map. */
phys_addr_t virtio_phys(const void *p);

#endif
