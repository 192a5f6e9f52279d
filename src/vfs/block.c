/*
 * The block layer's core: the registry of devices, bios, plugs. See vfs/block.h.
 *
 * A bio travels: bio_submit() checks its range against the device it names, translates a partition
 * to its disk, and either parks it on the running thread's plug or gives it to the disk's driver.
 * The driver ends it with bio_end() in interrupt context. Devices are never unregistered (there is
 * no hot-unplug), so a pointer found stays good.
 */
#include "vfs/block.h"

#include "lib/assert.h"
#include "lib/atomic.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "vfs/vfs.h"

#include <linux/stat.h>

/* More bios than this in a plug are sent on, so that the device does not idle. */
#define PLUG_LIMIT  128
#define ERRORS_TOLD 10 /* of one disk in a second */

static LIST_HEAD(devices);
static struct mutex registry_lock;
static bool registry_ready;

static void registry_init_once(void)
{
	if (registry_ready)
		return;
	mutex_init(&registry_lock, "block registry");
	registry_ready = true;
}

static void registry_add(struct block_device *bdev)
{
	registry_init_once();
	mutex_lock(&registry_lock);
	list_add_tail(&bdev->node, &devices);
	mutex_unlock(&registry_lock);
	devfs_add(bdev->name, S_IFBLK | 0660, bdev->major, bdev->minor);
}

static u32 default_block_size(const struct block_device *bdev)
{
	u32 size = (u32)PAGE_SIZE;
	while (size > bdev->logical_block && bdev->sectors % (size >> SECTOR_SHIFT))
		size >>= 1;
	return size;
}

int block_register(struct block_device *bdev)
{
	if (!bdev->sectors || bdev->logical_block < SECTOR_SIZE || !is_pow2(bdev->logical_block) ||
	    bdev->logical_block > PAGE_SIZE) {
		log_warn("%s: size of %llu sectors with blocks of %u bytes is not usable",
			 bdev->name, bdev->sectors, bdev->logical_block);
		return -EINVAL;
	}
	if (block_find(bdev->name))
		return -EEXIST;
	bdev->disk = bdev;
	bdev->start = 0;
	bdev->partition = 0;
	bdev->soft_block_size = default_block_size(bdev);
	registry_add(bdev);
	log_info("%s: %llu MiB, %u-byte blocks%s%s", bdev->name, bdev->sectors >> 11,
		 bdev->logical_block, bdev->read_only ? ", read-only" : "",
		 bdev->flush ? ", write cache" : "");
	partition_scan(bdev);
	return 0;
}

int block_add_partition(struct block_device *disk, u32 number, u64 start, u64 sectors,
			const u8 uuid[16], const char *label)
{
	if (!sectors || start >= disk->sectors || sectors > disk->sectors - start)
		return -EINVAL;
	struct block_device *part = kmalloc(sizeof(*part), MM_ZERO);
	if (!part)
		return -ENOMEM;
	size_t length = strlen(disk->name);
	bool digit = disk->name[length - 1] >= '0' && disk->name[length - 1] <= '9';
	ksnprintf(part->name, sizeof(part->name), "%s%s%u", disk->name, digit ? "p" : "", number);
	part->major = disk->major;
	part->minor = disk->minor + number;
	part->sectors = sectors;
	part->logical_block = disk->logical_block;
	part->physical_block = disk->physical_block;
	part->max_sectors = disk->max_sectors;
	part->max_segments = disk->max_segments;
	part->read_only = disk->read_only;
	part->flush = disk->flush;
	part->discard = disk->discard;
	part->ops = disk->ops;
	part->driver = disk->driver;
	part->disk = disk;
	part->start = start;
	part->partition = number;
	part->soft_block_size = default_block_size(part);
	memcpy(part->partition_uuid, uuid, 16);
	part->has_partition_uuid = true;
	if (label)
		strscpy(part->partition_label, label, sizeof(part->partition_label));
	registry_add(part);
	return 0;
}

int block_for_each(int (*fn)(struct block_device *bdev, void *arg), void *arg)
{
	struct block_device *bdev;
	int result = 0;
	registry_init_once();
	/* Entries are only ever appended, so the walk itself needs no lock across fn. */
	mutex_lock(&registry_lock);
	list_for_each_entry(bdev, &devices, node) {
		mutex_unlock(&registry_lock);
		result = fn(bdev, arg);
		mutex_lock(&registry_lock);
		if (result)
			break;
	}
	mutex_unlock(&registry_lock);
	return result;
}

struct find_request {
	const char *name;
	u32 major, minor;
	struct block_device *found;
};

static int match_device(struct block_device *bdev, void *arg)
{
	struct find_request *request = arg;
	bool match = request->name ? !strcmp(bdev->name, request->name)
				   : bdev->major == request->major && bdev->minor == request->minor;
	if (match)
		request->found = bdev;
	return match;
}

struct block_device *block_find(const char *name)
{
	struct find_request request = {.name = name};
	(void)block_for_each(match_device, &request);
	return request.found;
}

struct block_device *block_find_number(u32 major, u32 minor)
{
	struct find_request request = {.major = major, .minor = minor};
	(void)block_for_each(match_device, &request);
	return request.found;
}

/* Registry lock held. Whether somebody else uses the sectors of bdev exclusively. */
static bool claimed_by_other(const struct block_device *bdev, const void *holder)
{
	const struct block_device *other;
	list_for_each_entry(other, &devices, node) {
		if (!other->holder || other->disk != bdev->disk || other->holder == holder)
			continue;
		if (other == bdev || !other->partition || !bdev->partition)
			return true;
	}
	return bdev->holder && bdev->holder != holder;
}

int block_claim(struct block_device *bdev, void *holder)
{
	int err = 0;
	registry_init_once();
	mutex_lock(&registry_lock);
	if (claimed_by_other(bdev, holder))
		err = -EBUSY;
	else
		bdev->holder = holder;
	mutex_unlock(&registry_lock);
	return err;
}

void block_release(struct block_device *bdev, void *holder)
{
	mutex_lock(&registry_lock);
	VERIFY(bdev->holder == holder);
	bdev->holder = NULL;
	mutex_unlock(&registry_lock);
}

/* ---- bios ---- */

struct bio *bio_alloc(struct block_device *bdev, enum bio_op op, u64 sector, unsigned int segments,
		      unsigned int mm_flags)
{
	struct bio *bio;
	size_t extra =
	    segments > ARRAY_SIZE(bio->inline_segments) ? segments * sizeof(struct bio_segment) : 0;
	bio = kmalloc(sizeof(*bio) + extra, mm_flags);
	if (!bio)
		return NULL;
	memset(bio, 0, sizeof(*bio));
	bio->bdev = bdev;
	bio->op = op;
	bio->sector = sector;
	bio->segment_max = (u16)max_t(unsigned int, segments, ARRAY_SIZE(bio->inline_segments));
	bio->segments = extra ? (struct bio_segment *)(bio + 1) : bio->inline_segments;
	list_init(&bio->node);
	return bio;
}

void bio_free(struct bio *bio)
{
	kfree(bio);
}

bool bio_add_page(struct bio *bio, struct page *page, u32 offset, u32 length)
{
	const struct block_device *bdev = bio->bdev;
	u32 sectors = length >> SECTOR_SHIFT;
	if (bdev->max_sectors && bio->sectors && bio->sectors + sectors > bdev->max_sectors)
		return false;
	if (bio->segment_count) {
		struct bio_segment *last = &bio->segments[bio->segment_count - 1];
		if (last->page == page && last->offset + last->length == offset) {
			last->length += length;
			bio->sectors += sectors;
			return true;
		}
	}
	if (bio->segment_count >= bio->segment_max ||
	    (bdev->max_segments && bio->segment_count >= bdev->max_segments))
		return false;
	bio->segments[bio->segment_count++] = (struct bio_segment){page, offset, length};
	bio->sectors += sectors;
	return true;
}

/* 0, or why the device cannot do what the bio asks. */
static int bio_check(const struct bio *bio)
{
	const struct block_device *bdev = bio->bdev;
	if (bio->op == BIO_FLUSH)
		return 0;
	if (bio->op == BIO_DISCARD && !bdev->discard)
		return -EOPNOTSUPP;
	if (bio->op != BIO_READ && bdev->read_only)
		return -EROFS;
	u64 unit = bdev->logical_block >> SECTOR_SHIFT;
	if (!bio->sectors || bio->sector >= bdev->sectors ||
	    bio->sectors > bdev->sectors - bio->sector || bio->sector % unit || bio->sectors % unit)
		return -EIO;
	return 0;
}

static void plug_insert_sorted(struct list_head *sorted, struct bio *bio)
{
	struct bio *at;
	list_for_each_entry_reverse(at, sorted, node)
	{
		if (at->bdev != bio->bdev)
			continue;
		if (at->sector <= bio->sector) {
			list_add(&bio->node, &at->node);
			return;
		}
	}
	list_add(&bio->node, sorted);
}

/* Sends bios to their drivers, those of one disk together and in ascending order. */
static void submit_sorted(struct list_head *bios)
{
	LIST_HEAD(sorted);
	while (!list_empty(bios)) {
		struct bio *bio = list_first_entry(bios, struct bio, node);
		list_del(&bio->node);
		plug_insert_sorted(&sorted, bio);
	}
	while (!list_empty(&sorted)) {
		struct block_device *disk = list_first_entry(&sorted, struct bio, node)->bdev;
		struct bio *bio, *next;
		LIST_HEAD(batch);
		list_for_each_entry_safe(bio, next, &sorted, node) {
			if (bio->bdev == disk)
				list_move_tail(&bio->node, &batch);
		}
		disk->ops->submit(disk, &batch);
	}
}

void bio_submit(struct bio *bio)
{
	struct block_device *bdev = bio->bdev;
	bio->issuer = bdev;
	__atomic_fetch_add(&bdev->stat_in_flight, 1, __ATOMIC_RELAXED);
	int err = bio_check(bio);
	if (err) {
		bio_end(bio, err);
		return;
	}
	bio->sector += bdev->start;
	bio->bdev = bdev->disk;
	struct block_plug *plug = *thread_block_plug();
	if (plug) {
		list_add_tail(&bio->node, &plug->bios);
		if (++plug->count >= PLUG_LIMIT)
			block_plug_flush_current();
		return;
	}
	LIST_HEAD(one);
	list_add_tail(&bio->node, &one);
	bio->bdev->ops->submit(bio->bdev, &one);
}

/* A disk that fails altogether does not flood the log. */
static void error_report(const struct bio *bio, int status)
{
	static const char *const names[] = {[BIO_READ] = "read",
					    [BIO_WRITE] = "write",
					    [BIO_FLUSH] = "flush",
					    [BIO_DISCARD] = "discard"};
	struct block_device *disk = bio->bdev;
	u64 second = clock_monotonic_ns() / NSEC_PER_SEC;

	if (atomic_xchg(&disk->error_second, second) != second)
		atomic_store(&disk->errors_told, 0u);
	if (atomic_add_fetch(&disk->errors_told, 1) <= ERRORS_TOLD)
		log_err("%s: error %d in a %s of %u sectors at sector %llu", disk->name, -status,
			names[bio->op], bio->sectors, bio->sector);
}

void bio_end(struct bio *bio, int status)
{
	struct block_device *issuer = bio->issuer;
	if (unlikely(status && status != -EOPNOTSUPP))
		error_report(bio, status);
	__atomic_fetch_add(&issuer->stat_ios[bio->op], 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&issuer->stat_sectors[bio->op], bio->sectors, __ATOMIC_RELAXED);
	__atomic_fetch_sub(&issuer->stat_in_flight, 1, __ATOMIC_RELAXED);
	bio->status = status;
	bio->end_io(bio);
}

static void end_wait(struct bio *bio)
{
	complete(bio->private);
}

int bio_submit_wait(struct bio *bio)
{
	struct completion done;
	completion_init(&done);
	bio->private = &done;
	bio->end_io = end_wait;
	bio_submit(bio);
	block_plug_flush_current();
	completion_wait(&done);
	return bio->status;
}

int block_flush(struct block_device *bdev)
{
	if (!bdev->disk->flush)
		return 0;
	struct bio *bio = bio_alloc(bdev, BIO_FLUSH, 0, 0, MM_NOFS);
	if (!bio)
		return -ENOMEM;
	int err = bio_submit_wait(bio);
	bio_free(bio);
	return err;
}

int block_discard(struct block_device *bdev, u64 sector, u64 sectors)
{
	const u64 step = 1u << 21; /* 1 GiB: keeps one request's length in 32 bits */
	int err = 0;
	while (sectors && !err) {
		u64 n = min(sectors, step);
		struct bio *bio = bio_alloc(bdev, BIO_DISCARD, sector, 0, MM_NOFS);
		if (!bio)
			return -ENOMEM;
		bio->sectors = (u32)n;
		err = bio_submit_wait(bio);
		bio_free(bio);
		sector += n;
		sectors -= n;
	}
	return err;
}

int block_read(struct block_device *bdev, u64 sector, void *buf, u32 sectors)
{
	int err = 0;
	char *at = buf;
	struct page *page = page_alloc(0, MM_NORMAL);
	if (!page)
		return -ENOMEM;
	while (sectors && !err) {
		u32 n = min_t(u32, sectors, PAGE_SIZE >> SECTOR_SHIFT);
		struct bio *bio = bio_alloc(bdev, BIO_READ, sector, 1, MM_NORMAL);
		if (!bio) {
			err = -ENOMEM;
			break;
		}
		VERIFY(bio_add_page(bio, page, 0, n << SECTOR_SHIFT));
		err = bio_submit_wait(bio);
		bio_free(bio);
		if (!err)
			memcpy(at, page_address(page), n << SECTOR_SHIFT);
		at += n << SECTOR_SHIFT;
		sector += n;
		sectors -= n;
	}
	page_put(page);
	return err;
}

/* ---- plugs ---- */

void block_plug_start(struct block_plug *plug)
{
	struct block_plug **slot = thread_block_plug();
	list_init(&plug->bios);
	plug->count = 0;
	plug->thread = thread_current();
	plug->outer = *slot;
	if (!plug->outer)
		*slot = plug;
}

static void plug_flush(struct block_plug *plug)
{
	LIST_HEAD(bios);
	list_splice_tail(&plug->bios, &bios);
	plug->count = 0;
	submit_sorted(&bios);
}

void block_plug_finish(struct block_plug *plug)
{
	if (plug->outer)
		return;
	*thread_block_plug() = NULL;
	if (plug->count)
		plug_flush(plug);
}

void block_plug_flush_current(void)
{
	struct block_plug *plug = *thread_block_plug();
	if (plug && plug->count)
		plug_flush(plug);
}
