/* The inside of a virtqueue: for virtqueue.c and the transports. */
#ifndef ARAMID_HW_VIRTQUEUE_H
#define ARAMID_HW_VIRTQUEUE_H

#include "hw/virtio/virtio.h"
#include "lib/endian.h"

struct virtq_desc {
	struct le64 address;
	struct le32 length;
	struct le16 flags;
	struct le16 next;
};

struct virtq_avail {
	struct le16 flags, index;
	struct le16 ring[]; /* then used_event */
};

struct virtq_used_entry {
	struct le32 id, length;
};

struct virtq_used {
	struct le16 flags, index;
	struct virtq_used_entry ring[]; /* then avail_event */
};

struct virtqueue {
	struct virtio_device *device;
	u16 index;
	u16 size; /* a power of two */
	u16 free_head, free_count;
	u16 next_avail;    /* what we will publish next */
	u16 last_used;     /* what we have popped */
	u16 last_notified; /* avail index at the last kick decision */
	struct virtq_desc *desc;
	struct virtq_avail *avail;
	struct virtq_used *used;
	void **tokens; /* by head descriptor; NULL: not in flight */
	void (*callback)(struct virtqueue *queue);
	void *driver_data;
	volatile void *notify_register;
};

#endif
