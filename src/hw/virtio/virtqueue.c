/* Split virtqueues with event indexes and indirect descriptors: virtio 1.2 §2.7. */
#include "hw/virtio/virtqueue.h"

#include "lib/assert.h"
#include "lib/atomic.h"
#include "lib/log.h"
#include "lib/string.h"
#include "mm/page.h"

#include <linux/virtio_ring.h>

phys_addr_t virtio_phys(const void *p)
{
	return page_phys(page_from_address((const void *)((uintptr_t)p & PAGE_MASK))) +
	       ((uintptr_t)p & (PAGE_SIZE - 1));
}

static size_t desc_bytes(u16 size)
{
	return (size_t)size * sizeof(struct virtq_desc);
}

static size_t avail_bytes(u16 size)
{
	return sizeof(struct virtq_avail) + (size_t)size * 2 + 2;
}

static size_t used_bytes(u16 size)
{
	return sizeof(struct virtq_used) + (size_t)size * sizeof(struct virtq_used_entry) + 2;
}

static struct le16 *used_event(struct virtqueue *queue)
{
	return &queue->avail->ring[queue->size];
}

static struct le16 *avail_event(struct virtqueue *queue)
{
	return (struct le16 *)&queue->used->ring[queue->size];
}

/* All three rings in one physically contiguous block. */
static int rings_alloc(struct virtqueue *queue)
{
	size_t avail_at = desc_bytes(queue->size);
	size_t used_at = round_up(avail_at + avail_bytes(queue->size), (size_t)4);
	size_t total = used_at + used_bytes(queue->size);
	unsigned int order = total > PAGE_SIZE ? ilog2_up(DIV_ROUND_UP(total, PAGE_SIZE)) : 0;
	struct page *page = page_alloc(order, MM_ZERO);
	if (!page)
		return -ENOMEM;
	char *base = page_address(page);
	queue->desc = (void *)base;
	queue->avail = (void *)(base + avail_at);
	queue->used = (void *)(base + used_at);
	queue->tokens = kcalloc(queue->size, sizeof(void *), MM_NORMAL);
	if (!queue->tokens) {
		page_free(page, order);
		return -ENOMEM;
	}
	for (u16 i = 0; i < queue->size; i++)
		queue->desc[i].next = le16_make((u16)(i + 1));
	queue->free_count = queue->size;
	return 0;
}

int virtqueue_create(struct virtio_device *device, u16 index, u16 size_limit, unsigned int cpu,
		     void (*callback)(struct virtqueue *queue), void *driver_data,
		     struct virtqueue **out)
{
	u16 size = min(device->transport->queue_size(device, index), size_limit);
	if (!size || device->queue_count == ARRAY_SIZE(device->queues))
		return -ENOENT;
	struct virtqueue *queue = kmalloc(sizeof(*queue), MM_ZERO);
	if (!queue)
		return -ENOMEM;
	queue->device = device;
	queue->index = index;
	queue->size = (u16)BIT(ilog2(size));
	queue->callback = callback;
	queue->driver_data = driver_data;
	int err = rings_alloc(queue);
	if (err) {
		kfree(queue);
		return err;
	}
	device->queues[device->queue_count++] = queue;
	*out = queue;
	err = device->transport->queue_enable(device, queue, cpu);
	if (err) /* the device may know the rings already: they are never given back */
		virtio_fail(device, "queue can't be enabled");
	return err;
}

void *virtqueue_driver_data(const struct virtqueue *queue)
{
	return queue->driver_data;
}

u16 virtqueue_size(const struct virtqueue *queue)
{
	return queue->size;
}

static void desc_fill(struct virtq_desc *desc, const struct virtio_segment *segment,
		      bool device_writes, bool more, u16 next)
{
	u16 flags =
	    (u16)((device_writes ? VRING_DESC_F_WRITE : 0) | (more ? VRING_DESC_F_NEXT : 0));
	desc->address = le64_make(segment->address);
	desc->length = le32_make(segment->length);
	desc->flags = le16_make(flags);
	desc->next = le16_make(next);
}

static u16 desc_take(struct virtqueue *queue)
{
	u16 head = queue->free_head;
	queue->free_head = le16_get(queue->desc[head].next);
	queue->free_count--;
	return head;
}

static void desc_release_chain(struct virtqueue *queue, u16 head)
{
	u16 at = head;
	queue->free_count++;
	while (le16_get(queue->desc[at].flags) & VRING_DESC_F_NEXT) {
		at = le16_get(queue->desc[at].next);
		queue->free_count++;
	}
	queue->desc[at].next = le16_make(queue->free_head);
	queue->free_head = head;
}

static u16 push_indirect(struct virtqueue *queue, const struct virtio_segment *segments,
			 unsigned int out_count, unsigned int count, struct virtq_desc *table)
{
	for (unsigned int i = 0; i < count; i++)
		desc_fill(&table[i], &segments[i], i >= out_count, i + 1 < count, (u16)(i + 1));
	u16 head = desc_take(queue);
	struct virtq_desc *desc = &queue->desc[head];
	desc->address = le64_make(virtio_phys(table));
	desc->length = le32_make((u32)desc_bytes((u16)count));
	desc->flags = le16_make(VRING_DESC_F_INDIRECT);
	return head;
}

static u16 push_chain(struct virtqueue *queue, const struct virtio_segment *segments,
		      unsigned int out_count, unsigned int count)
{
	u16 head = queue->free_head;
	for (unsigned int i = 0; i < count; i++) {
		u16 at = desc_take(queue);
		desc_fill(&queue->desc[at], &segments[i], i >= out_count, i + 1 < count,
			  queue->free_head);
	}
	return head;
}

int virtqueue_push(struct virtqueue *queue, const struct virtio_segment *segments,
		   unsigned int out_count, unsigned int in_count, void *table, void *token)
{
	unsigned int count = out_count + in_count;
	bool indirect =
	    table && count > 1 && virtio_has(queue->device, VIRTIO_RING_F_INDIRECT_DESC);
	if (queue->device->broken)
		return -EIO;
	if (queue->free_count < (indirect ? 1 : count))
		return -ENOSPC;
	u16 head = indirect ? push_indirect(queue, segments, out_count, count, table)
			    : push_chain(queue, segments, out_count, count);
	queue->tokens[head] = token;
	queue->avail->ring[queue->next_avail & (queue->size - 1)] = le16_make(head);
	queue->next_avail++;
	atomic_fence_release(); /* the device must see the entry before the index that covers it */
	WRITE_ONCE(queue->avail->index.v, le16_make(queue->next_avail).v);
	return 0;
}

bool virtqueue_kick_prepare(struct virtqueue *queue)
{
	u16 old = queue->last_notified, new = queue->next_avail;
	atomic_fence(); /* the index is out before we look whether the device wants to know */
	queue->last_notified = new;
	if (queue->device->broken || old == new)
		return false;
	if (!virtio_has(queue->device, VIRTIO_RING_F_EVENT_IDX))
		return !(READ_ONCE(queue->used->flags.v) & le16_make(VRING_USED_F_NO_NOTIFY).v);
	u16 event = le16_get((struct le16){READ_ONCE(avail_event(queue)->v)});
	return (u16)(new - event - 1) < (u16)(new - old);
}

void virtqueue_notify(struct virtqueue *queue)
{
	queue->device->transport->notify(queue);
}

void *virtqueue_pop(struct virtqueue *queue, u32 *written)
{
	u16 index = le16_get((struct le16){READ_ONCE(queue->used->index.v)});
	if (queue->last_used == index || queue->device->broken)
		return NULL;
	atomic_fence_acquire(); /* the entry is read after the index that covers it */
	const struct virtq_used_entry *entry =
	    &queue->used->ring[queue->last_used & (queue->size - 1)];
	u32 head = le32_get(entry->id);
	if (head >= queue->size || !queue->tokens[head]) {
		virtio_fail(queue->device, "used ring names a buffer that is not in flight");
		return NULL;
	}
	void *token = queue->tokens[head];
	*written = le32_get(entry->length);
	queue->tokens[head] = NULL;
	queue->last_used++;
	desc_release_chain(queue, (u16)head);
	return token;
}

bool virtqueue_rearm(struct virtqueue *queue)
{
	if (virtio_has(queue->device, VIRTIO_RING_F_EVENT_IDX))
		WRITE_ONCE(used_event(queue)->v, le16_make(queue->last_used).v);
	atomic_fence(); /* the wish for an interrupt is out before the last look */
	return le16_get((struct le16){READ_ONCE(queue->used->index.v)}) != queue->last_used;
}

void virtqueue_interrupt(void *arg)
{
	struct virtqueue *queue = arg;
	if (queue->callback)
		queue->callback(queue);
}
