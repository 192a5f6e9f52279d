/*
 * virtio block devices: virtio 1.2 §5.2.
 *
 * Each queue has a few requests with their indirect tables from the start, so that I/O needs no
 * memory to go on, and makes more of them, up to QUEUE_REQUESTS, when more are in flight at once.
 * Bios that lie side by side on the disk are merged into one request. What finds no free request
 * waits on queue->waiting and is sent from the completion interrupt.
 *
 * virtio has FLUSH but no FUA: a bio with BIO_PREFLUSH is a flush and then the write, one with
 * BIO_FUA the write and then a flush. The steps that a request still has to take are in
 * request->steps; the interrupt starts the next one.
 *
 * Locking: queue->lock (irqlock) guards the virtqueue, the free list and the waiting list. Bios are
 * ended and the device is notified without it.
 */
#include "hw/cpu.h"
#include "hw/virtio/virtio.h"
#include "lib/assert.h"
#include "lib/endian.h"
#include "lib/list.h"
#include "lib/lock.h"
#include "lib/log.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "vfs/block.h"

#include <linux/virtio_blk.h>

#define BLK_MAJOR         254 /* what Linux gives virtio disks */
#define MINORS_PER_DISK   16
#define DISKS_MAX         26
#define QUEUE_REQUESTS    64
#define REQUESTS_AT_START 4
#define DATA_SEGMENTS     62
#define TABLE_ENTRIES     (DATA_SEGMENTS + 2)
#define SECTORS_MAX       2048 /* 1 MiB a request */
#define QUEUES_MAX        8

enum request_step { STEP_FLUSH_BEFORE = 1, STEP_DATA = 2, STEP_FLUSH_AFTER = 4 };

struct blk_header {
	struct le32 type, reserved;
	struct le64 sector;
};

struct blk_discard {
	struct le64 sector;
	struct le32 sectors, flags;
};

struct request {
	struct list_head node; /* free or finished */
	struct list_head bios; /* in order; all of one op */
	enum bio_op op;
	unsigned int steps; /* still to do, the current one included */
	u64 sector, next_sector;
	unsigned int segment_count;
	int status;
	struct virtio_segment
	    segments[TABLE_ENTRIES]; /* [0] header, then data, last the status byte */
	/* What the device reads and writes. */
	struct blk_header header;
	struct blk_discard discard;
	u8 result;
	void *table; /* TABLE_ENTRIES descriptors */
};

struct virtio_blk;

struct blk_queue {
	struct virtio_blk *blk;
	struct irqlock lock;
	struct virtqueue *virtqueue; /* lock */
	struct list_head free;       /* struct request; lock */
	unsigned int request_count;  /* made so far; lock */
	struct list_head waiting;    /* struct bio; lock */
};

struct virtio_blk {
	struct block_device bdev;
	struct virtio_device *device;
	unsigned int queue_count;
	struct blk_queue *queues;
};

static unsigned int disk_count;

/* ---- making requests ---- */

static struct request *request_alloc(struct blk_queue *queue, unsigned int mm_flags)
{
	struct request *request = kmalloc(sizeof(*request), mm_flags | MM_ZERO);
	/* A power of two in size, so aligned to it: the table does not cross a page. */
	void *table = request ? kmalloc(TABLE_ENTRIES * 16, mm_flags) : NULL;
	if (!table) {
		kfree(request);
		return NULL;
	}
	request->table = table;
	queue->request_count++;
	return request;
}

/* Queue lock held. A free request, or NULL. */
static struct request *request_take(struct blk_queue *queue)
{
	if (!list_empty(&queue->free)) {
		struct request *request = list_first_entry(&queue->free, struct request, node);
		list_del(&request->node);
		return request;
	}
	return queue->request_count < QUEUE_REQUESTS ? request_alloc(queue, MM_ATOMIC) : NULL;
}

static unsigned int steps_of(const struct virtio_blk *blk, const struct bio *bio)
{
	unsigned int steps = STEP_DATA;
	if (!blk->bdev.flush)
		return steps;
	if (bio->flags & BIO_PREFLUSH)
		steps |= STEP_FLUSH_BEFORE;
	if (bio->flags & BIO_FUA)
		steps |= STEP_FLUSH_AFTER;
	return steps;
}

static phys_addr_t segment_phys(const struct bio_segment *segment)
{
	return page_phys(segment->page) + segment->offset;
}

/* Adds the bio's segments, joining what is physically contiguous. False, with nothing changed, if
 * they don't fit. */
static bool add_segments(struct request *request, const struct bio *bio)
{
	unsigned int count = request->segment_count, before = count;
	u32 last_length = count ? request->segments[count].length : 0;
	for (unsigned int i = 0; i < bio->segment_count; i++) {
		phys_addr_t at = segment_phys(&bio->segments[i]);
		struct virtio_segment *last = &request->segments[count];
		if (count && last->address + last->length == at) {
			last->length += bio->segments[i].length;
			continue;
		}
		if (count == DATA_SEGMENTS) {
			if (before)
				request->segments[before].length = last_length;
			return false;
		}
		request->segments[++count] = (struct virtio_segment){at, bio->segments[i].length};
	}
	request->segment_count = count;
	return true;
}

static bool can_merge(const struct request *request, const struct bio *bio, unsigned int steps)
{
	if (!request || request->op != bio->op || (bio->op != BIO_READ && bio->op != BIO_WRITE))
		return false;
	return request->steps == STEP_DATA && steps == STEP_DATA &&
	       request->next_sector == bio->sector &&
	       request->next_sector - request->sector + bio->sectors <= SECTORS_MAX;
}

static void request_start(struct request *request, struct bio *bio, unsigned int steps)
{
	request->op = bio->op;
	request->steps = steps;
	request->sector = bio->sector;
	request->next_sector = bio->sector + bio->sectors;
	request->segment_count = 0;
	request->status = 0;
	list_init(&request->bios);
	list_move_tail(&bio->node, &request->bios);
	if (bio->op == BIO_DISCARD) {
		request->discard.sector = le64_make(bio->sector);
		request->discard.sectors = le32_make(bio->sectors);
		request->discard.flags = le32_make(0);
		request->segment_count = 1;
		request->segments[1] = (struct virtio_segment){virtio_phys(&request->discard),
							       sizeof(request->discard)};
	} else {
		bool fits = add_segments(request, bio);
		VERIFY(fits); /* bdev.max_segments sees to it */
	}
}

static u32 step_type(const struct request *request)
{
	static const u32 types[] = {
	    [BIO_READ] = VIRTIO_BLK_T_IN,
	    [BIO_WRITE] = VIRTIO_BLK_T_OUT,
	    [BIO_FLUSH] = VIRTIO_BLK_T_FLUSH,
	    [BIO_DISCARD] = VIRTIO_BLK_T_DISCARD,
	};
	if (request->steps & STEP_FLUSH_BEFORE || !(request->steps & STEP_DATA))
		return VIRTIO_BLK_T_FLUSH;
	return types[request->op];
}

/* Queue lock held. Hands the current step to the device. */
static int request_push(struct blk_queue *queue, struct request *request)
{
	u32 type = step_type(request);
	unsigned int data = type == VIRTIO_BLK_T_FLUSH ? 0 : request->segment_count;
	struct virtio_segment saved = request->segments[data + 1];
	request->header.type = le32_make(type);
	request->header.sector =
	    le64_make(type == VIRTIO_BLK_T_IN || type == VIRTIO_BLK_T_OUT ? request->sector : 0);
	request->result = 0xff;
	request->segments[0] =
	    (struct virtio_segment){virtio_phys(&request->header), sizeof(request->header)};
	request->segments[data + 1] = (struct virtio_segment){virtio_phys(&request->result), 1};
	unsigned int readable = type == VIRTIO_BLK_T_IN ? 1 : data + 1;
	int err = virtqueue_push(queue->virtqueue, request->segments, readable, data + 2 - readable,
				 request->table, request);
	request->segments[data + 1] =
	    saved; /* a flush before the data borrowed the first data segment's place */
	return err;
}

/*
 * Queue lock held. Turns waiting bios into requests for as long as there are free ones. What the
 * device refuses goes to failed, to be ended with -EIO without the lock. Returns whether the device
 * must be notified.
 */
static bool queue_fill(struct virtio_blk *blk, struct blk_queue *queue, struct list_head *failed)
{
	struct request *request;
	while (!list_empty(&queue->waiting) && (request = request_take(queue))) {
		struct bio *bio = list_first_entry(&queue->waiting, struct bio, node);
		request_start(request, bio, steps_of(blk, bio));
		while (!list_empty(&queue->waiting)) {
			bio = list_first_entry(&queue->waiting, struct bio, node);
			if (!can_merge(request, bio, steps_of(blk, bio)) ||
			    !add_segments(request, bio))
				break;
			request->next_sector += bio->sectors;
			list_move_tail(&bio->node, &request->bios);
		}
		int err = request_push(queue, request);
		if (err == -ENOSPC) { /* the ring is smaller than our set of requests */
			list_splice(&request->bios, &queue->waiting);
			list_add(&request->node, &queue->free);
			break;
		}
		if (err) {
			list_splice_tail(&request->bios, failed);
			list_add(&request->node, &queue->free);
		}
	}
	return virtqueue_kick_prepare(queue->virtqueue);
}

static void end_failed(struct list_head *failed)
{
	while (!list_empty(failed)) {
		struct bio *bio = list_first_entry(failed, struct bio, node);
		list_del(&bio->node);
		bio_end(bio, -EIO);
	}
}

static void blk_submit(struct block_device *bdev, struct list_head *bios)
{
	struct virtio_blk *blk = bdev->driver;
	struct blk_queue *queue = &blk->queues[cpu_id() % blk->queue_count];
	LIST_HEAD(failed);
	irqflags_t flags = irqlock_lock(&queue->lock);
	list_splice_tail(bios, &queue->waiting);
	bool notify = queue_fill(blk, queue, &failed);
	irqlock_unlock(&queue->lock, flags);
	if (notify)
		virtqueue_notify(queue->virtqueue);
	end_failed(&failed);
}

/* ---- completion ---- */

static int status_errno(u8 result)
{
	switch (result) {
	case VIRTIO_BLK_S_OK:
		return 0;
	case VIRTIO_BLK_S_UNSUPP:
		return -EOPNOTSUPP;
	default:
		return -EIO;
	}
}

/* Queue lock held. The step is over: true if the request is, false if its next step is under way.
 */
static bool request_advance(struct blk_queue *queue, struct request *request)
{
	unsigned int step = request->steps & -request->steps;
	request->status = status_errno(request->result);
	request->steps &= ~step;
	if (request->status || !request->steps)
		return true;
	if (request_push(queue, request)) {
		request->status = -EIO;
		return true;
	}
	return false;
}

/* Interrupt context. */
static void blk_interrupt(struct virtqueue *virtqueue)
{
	struct blk_queue *queue = virtqueue_driver_data(virtqueue);
	struct virtio_blk *blk = queue->blk;
	LIST_HEAD(done);
	LIST_HEAD(failed);
	u32 written;
	struct request *request, *next;
	irqlock_lock_raw(&queue->lock);
	do {
		while ((request = virtqueue_pop(virtqueue, &written))) {
			if (request_advance(queue, request))
				list_add_tail(&request->node, &done);
		}
	} while (virtqueue_rearm(virtqueue) && !blk->device->broken);
	irqlock_unlock_raw(&queue->lock);

	list_for_each_entry_safe(request, next, &done, node) {
		while (!list_empty(&request->bios)) {
			struct bio *bio = list_first_entry(&request->bios, struct bio, node);
			list_del(&bio->node);
			bio_end(bio, request->status);
		}
	}

	irqlock_lock_raw(&queue->lock);
	list_splice(&done, &queue->free);
	bool notify = queue_fill(blk, queue, &failed);
	irqlock_unlock_raw(&queue->lock);
	if (notify)
		virtqueue_notify(virtqueue);
	end_failed(&failed);
}

static const struct block_device_ops blk_ops = {.submit = blk_submit};

/* ---- start-up ---- */

static int queue_init(struct virtio_blk *blk, unsigned int index)
{
	struct blk_queue *queue = &blk->queues[index];
	queue->blk = blk;
	irqlock_init(&queue->lock, "virtio-blk queue");
	list_init(&queue->free);
	list_init(&queue->waiting);
	int err = virtqueue_create(blk->device, (u16)index, 256, index % cpu_count(), blk_interrupt,
				   queue, &queue->virtqueue);
	if (err)
		return err;
	while (queue->request_count < REQUESTS_AT_START) {
		struct request *request = request_alloc(queue, MM_NORMAL);
		if (!request)
			return -ENOMEM;
		list_add(&request->node, &queue->free);
	}
	return 0;
}

static u32 config_u32(struct virtio_device *device, unsigned int offset)
{
	u8 raw[4];
	device->transport->config_read(device, offset, raw, sizeof(raw));
	return le32_load(raw);
}

static void read_geometry(struct virtio_blk *blk)
{
	struct virtio_device *device = blk->device;
	struct block_device *bdev = &blk->bdev;
	u8 raw[8];
	device->transport->config_read(device, offsetof(struct virtio_blk_config, capacity), raw,
				       8);
	bdev->sectors = le64_load(raw);
	bdev->logical_block = SECTOR_SIZE;
	if (virtio_has(device, VIRTIO_BLK_F_BLK_SIZE))
		bdev->logical_block =
		    config_u32(device, offsetof(struct virtio_blk_config, blk_size));
	bdev->physical_block = bdev->logical_block;
	if (virtio_has(device, VIRTIO_BLK_F_TOPOLOGY)) {
		device->transport->config_read(
		    device, offsetof(struct virtio_blk_config, physical_block_exp), raw, 1);
		bdev->physical_block <<= min_t(u32, raw[0], 6);
	}
	bdev->max_segments = DATA_SEGMENTS;
	if (virtio_has(device, VIRTIO_BLK_F_SEG_MAX)) {
		u32 limit = config_u32(device, offsetof(struct virtio_blk_config, seg_max));
		bdev->max_segments = clamp(limit, 1u, (u32)DATA_SEGMENTS);
	}
	bdev->max_sectors = SECTORS_MAX;
	bdev->read_only = virtio_has(device, VIRTIO_BLK_F_RO);
	bdev->flush = virtio_has(device, VIRTIO_BLK_F_FLUSH);
	bdev->discard = virtio_has(device, VIRTIO_BLK_F_DISCARD);
}

static unsigned int wanted_queues(struct virtio_device *device)
{
	u8 raw[2];
	if (!virtio_has(device, VIRTIO_BLK_F_MQ))
		return 1;
	device->transport->config_read(device, offsetof(struct virtio_blk_config, num_queues), raw,
				       2);
	return clamp((unsigned int)le16_load(raw), 1u, min(cpu_count(), (unsigned int)QUEUES_MAX));
}

int virtio_blk_probe(struct virtio_device *device)
{
	const u64 wanted = VIRTIO_FEATURE(VIRTIO_BLK_F_SEG_MAX) |
			   VIRTIO_FEATURE(VIRTIO_BLK_F_BLK_SIZE) |
			   VIRTIO_FEATURE(VIRTIO_BLK_F_TOPOLOGY) | VIRTIO_FEATURE(VIRTIO_BLK_F_RO) |
			   VIRTIO_FEATURE(VIRTIO_BLK_F_FLUSH) | VIRTIO_FEATURE(VIRTIO_BLK_F_MQ) |
			   VIRTIO_FEATURE(VIRTIO_BLK_F_DISCARD);
	if (disk_count == DISKS_MAX)
		return -ENOSPC;
	int err = virtio_negotiate(device, wanted);
	if (err)
		return err;
	/* From here on the device may hold pointers into this memory, so it is never freed. */
	struct virtio_blk *blk = kmalloc(sizeof(*blk), MM_ZERO);
	if (!blk)
		return -ENOMEM;
	blk->device = device;
	device->driver_data = blk;
	read_geometry(blk);
	blk->queue_count = wanted_queues(device);
	blk->queues = kcalloc(blk->queue_count, sizeof(*blk->queues), MM_NORMAL);
	if (!blk->queues)
		return -ENOMEM;
	for (unsigned int i = 0; i < blk->queue_count; i++) {
		err = queue_init(blk, i);
		if (err == -ENOENT && i) { /* fewer queues than it promised */
			blk->queue_count = i;
			break;
		}
		if (err)
			return err;
	}
	virtio_ready(device);
	ksnprintf(blk->bdev.name, sizeof(blk->bdev.name), "vd%c", 'a' + disk_count);
	blk->bdev.major = BLK_MAJOR;
	blk->bdev.minor = disk_count++ * MINORS_PER_DISK;
	blk->bdev.ops = &blk_ops;
	blk->bdev.driver = blk;
	return block_register(&blk->bdev);
}
