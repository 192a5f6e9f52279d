/*
 * The buffer cache. See vfs/buffer.h for what it is for.
 *
 * Buffers hang in a hash. Blocks that share a page frame hash to the same bucket, so that with
 * blocks smaller than a page a new buffer finds its neighbour under one lock and takes its place in
 * the neighbour's frame. A bucket's spinlock guards its chain and the step from no reference to
 * one: with it held and refs 0, a buffer can be freed.
 *
 * Every buffer is on the LRU from birth; reclaim goes round it like a clock's hand and takes what
 * is clean, unreferenced and has not been used since the last visit. Only one reclaimer runs at a
 * time (reclaim_lock).
 *
 * Dirty buffers are also on dirty_list, under dirty_lock. BUFFER_IO is a lock bit for I/O: who sets
 * it submits, and completion (interrupt context) clears it and wakes the sleepers of a small table
 * of wait queues.
 */
#include "vfs/buffer.h"

#include "lib/assert.h"
#include "lib/clock.h"
#include "lib/hash.h"
#include "lib/log.h"
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "vfs/hash_table.h"
#include "vfs/pagecache.h"

#define WAIT_QUEUES 32
#define SYNC_BATCH  64

static struct hash_table table;
static struct slab_cache *buffer_slab;
static struct wait_queue io_wait[WAIT_QUEUES];
static struct spinlock lru_lock;
static LIST_HEAD(lru);
static struct spinlock dirty_lock;
static LIST_HEAD(dirty_list);
static struct mutex reclaim_lock;
static size_t cached_bytes, dirty_bytes; /* atomic */

static u64 hash_value(const struct block_device *bdev, u64 block)
{
	u64 group = block / (PAGE_SIZE / bdev->soft_block_size);
	return hash_u64((u64)(uintptr_t)bdev ^ (group * 0x9e3779b97f4a7c15ull));
}

static u64 hash_of(const struct hlist_node *node)
{
	const struct buffer *buffer = hlist_entry(node, const struct buffer, hash_node);
	return hash_value(buffer->bdev, buffer->block);
}

static struct wait_queue *wait_queue_of(const struct buffer *buffer)
{
	return &io_wait[((uintptr_t)buffer >> 6) % WAIT_QUEUES];
}

bool buffer_flag_test(const struct buffer *buffer, enum buffer_flag flag)
{
	return __atomic_load_n(&buffer->flags, __ATOMIC_ACQUIRE) & BIT(flag);
}

void buffer_flag_set(struct buffer *buffer, enum buffer_flag flag)
{
	__atomic_fetch_or(&buffer->flags, BIT(flag), __ATOMIC_ACQ_REL);
}

void buffer_flag_clear(struct buffer *buffer, enum buffer_flag flag)
{
	__atomic_fetch_and(&buffer->flags, ~BIT(flag), __ATOMIC_ACQ_REL);
}

static bool flag_test_set(struct buffer *buffer, enum buffer_flag flag)
{
	return __atomic_fetch_or(&buffer->flags, BIT(flag), __ATOMIC_ACQ_REL) & BIT(flag);
}

/* ---- finding and making ---- */

static struct buffer *chain_find(struct hash_bucket *bucket, const struct block_device *bdev,
				 u64 block)
{
	struct buffer *buffer;
	hlist_for_each_entry(buffer, &bucket->chain, hash_node)
	{
		if (buffer->bdev == bdev && buffer->block == block) {
			__atomic_fetch_add(&buffer->refs, 1, __ATOMIC_RELAXED);
			return buffer;
		}
	}
	return NULL;
}

static void mark_used(struct buffer *buffer)
{
	if (!(buffer->flags & BIT(BUFFER_REFERENCED)))
		buffer_flag_set(buffer, BUFFER_REFERENCED);
}

struct buffer *buffer_lookup(struct block_device *bdev, u64 block)
{
	struct hash_bucket *bucket = hash_table_lock(&table, hash_value(bdev, block));
	struct buffer *buffer = chain_find(bucket, bdev, block);
	hash_bucket_unlock(bucket);
	if (buffer)
		mark_used(buffer);
	return buffer;
}

/* The frame a neighbour of the new block already has, referenced, or NULL. Bucket lock held. */
static struct page *neighbour_page(struct hash_bucket *bucket, const struct block_device *bdev,
				   u64 block)
{
	u64 per_page = PAGE_SIZE / bdev->soft_block_size;
	struct buffer *buffer;
	if (per_page == 1)
		return NULL;
	hlist_for_each_entry(buffer, &bucket->chain, hash_node)
	{
		if (buffer->bdev == bdev && buffer->block / per_page == block / per_page) {
			page_get(buffer->page);
			return buffer->page;
		}
	}
	return NULL;
}

static void buffer_setup(struct buffer *buffer, struct block_device *bdev, u64 block,
			 struct page *page)
{
	u32 size = bdev->soft_block_size;
	memset(buffer, 0, sizeof(*buffer));
	buffer->bdev = bdev;
	buffer->block = block;
	buffer->size = size;
	buffer->refs = 1;
	buffer->page = page;
	buffer->data = (char *)page_address(page) + (block % (PAGE_SIZE / size)) * size;
	mutex_init(&buffer->lock, "buffer");
	hlist_node_init(&buffer->hash_node);
	list_init(&buffer->lru_node);
	list_init(&buffer->dirty_node);
}

int buffer_get(struct block_device *bdev, u64 block, struct buffer **out)
{
	*out = buffer_lookup(bdev, block);
	if (*out)
		return 0;
	if (block >= bdev->sectors / (bdev->soft_block_size >> SECTOR_SHIFT))
		return -EIO;
	struct buffer *fresh = slab_alloc(buffer_slab, MM_NOFS);
	struct page *page = page_alloc(0, MM_NOFS);
	struct buffer *found = NULL;
	struct page *unused = page;
	int err = -ENOMEM;
	if (fresh && page) {
		err = 0;
		struct hash_bucket *bucket = hash_table_lock(&table, hash_value(bdev, block));
		found = chain_find(bucket, bdev, block);
		if (!found) {
			struct page *shared = neighbour_page(bucket, bdev, block);
			buffer_setup(fresh, bdev, block, shared ? shared : page);
			if (!shared)
				unused = NULL;
			hash_table_add(&table, bucket, &fresh->hash_node);
		}
		hash_bucket_unlock(bucket);
	}
	if (unused)
		page_put(unused);
	if (err || found) {
		if (fresh)
			slab_free(buffer_slab, fresh);
		*out = found;
		return err;
	}
	spin_lock(&lru_lock);
	list_add(&fresh->lru_node, &lru);
	spin_unlock(&lru_lock);
	hash_table_added(&table);
	__atomic_fetch_add(&cached_bytes, fresh->size, __ATOMIC_RELAXED);
	*out = fresh;
	return 0;
}

void buffer_ref(struct buffer *buffer)
{
	u32 old = __atomic_fetch_add(&buffer->refs, 1, __ATOMIC_RELAXED);
	VERIFY_NE(old, 0u);
}

void buffer_put(struct buffer *buffer)
{
	if (!buffer)
		return;
	u32 old = __atomic_fetch_sub(&buffer->refs, 1, __ATOMIC_ACQ_REL);
	VERIFY_NE(old, 0u);
}

/* ---- I/O ---- */

/* Gives the I/O bit back by whoever set it. Any context. */
static void io_release(struct buffer *buffer)
{
	buffer_flag_clear(buffer, BUFFER_IO);
	wake_all(wait_queue_of(buffer));
}

static void wait_io(struct buffer *buffer)
{
	if (!buffer_flag_test(buffer, BUFFER_IO))
		return;
	block_plug_flush_current();
	wait_event(wait_queue_of(buffer), !buffer_flag_test(buffer, BUFFER_IO));
}

void buffer_lock(struct buffer *buffer)
{
	mutex_lock(&buffer->lock);
	wait_io(buffer);
}

void buffer_unlock(struct buffer *buffer)
{
	mutex_unlock(&buffer->lock);
}

/* Interrupt context. */
static void buffer_end_io(struct bio *bio)
{
	struct buffer *buffer = bio->private;
	if (bio->op == BIO_READ) {
		if (!bio->status)
			buffer_flag_set(buffer, BUFFER_VALID);
	} else if (bio->status) {
		buffer_flag_set(buffer, BUFFER_WRITE_ERROR);
		__atomic_store_n(&buffer->bdev->write_error, 1, __ATOMIC_RELAXED);
		log_err("%s: writing block %llu failed: error %d", buffer->bdev->name,
			buffer->block, -bio->status);
	}
	bio_free(bio);
	io_release(buffer);
	buffer_put(buffer);
}

/* The caller has set BUFFER_IO; it is cleared again, with -ENOMEM, if nothing could be submitted.
 */
static int submit_io(struct buffer *buffer, enum bio_op op, unsigned int bio_flags)
{
	u32 per_block = buffer->size >> SECTOR_SHIFT;
	struct bio *bio = bio_alloc(buffer->bdev, op, buffer->block * per_block, 1, MM_NOFS);
	if (!bio) {
		io_release(buffer);
		return -ENOMEM;
	}
	u32 offset = (u32)((char *)buffer->data - (char *)page_address(buffer->page));
	VERIFY(bio_add_page(bio, buffer->page, offset, buffer->size));
	bio->flags = bio_flags;
	bio->private = buffer;
	bio->end_io = buffer_end_io;
	buffer_ref(buffer);
	bio_submit(bio);
	return 0;
}

int buffer_read(struct block_device *bdev, u64 block, struct buffer **out)
{
	struct buffer *buffer;
	bool tried = false;
	int err = buffer_get(bdev, block, &buffer);
	if (err)
		return err;
	while (!buffer_flag_test(buffer, BUFFER_VALID)) {
		if (flag_test_set(buffer, BUFFER_IO)) {
			wait_io(buffer); /* somebody else's read, perhaps a failing one: then it is
					    our turn */
			continue;
		}
		if (buffer_flag_test(
			buffer, BUFFER_VALID)) { /* it was finished just before we took the bit */
			io_release(buffer);
			break;
		}
		if (tried)
			err = -EIO;
		if (err) {
			io_release(buffer);
			break;
		}
		tried = true;
		err = submit_io(buffer, BIO_READ, 0);
		if (err)
			break;
		wait_io(buffer);
	}
	if (err) {
		buffer_put(buffer);
		buffer = NULL;
	}
	*out = buffer;
	return err;
}

void buffer_readahead(struct block_device *bdev, u64 block, unsigned int n)
{
	struct block_plug plug;
	block_plug_start(&plug);
	for (unsigned int i = 0; i < n; i++) {
		struct buffer *buffer;
		if (buffer_get(bdev, block + i, &buffer))
			break;
		if (!buffer_flag_test(buffer, BUFFER_VALID) && !flag_test_set(buffer, BUFFER_IO)) {
			int err = 0;
			if (buffer_flag_test(buffer, BUFFER_VALID)) {
				io_release(buffer);
			} else {
				err = submit_io(buffer, BIO_READ, 0);
			}
			if (err) {
				buffer_put(buffer);
				break;
			}
		}
		buffer_put(buffer);
	}
	block_plug_finish(&plug);
}

/* ---- dirtiness ---- */

void buffer_mark_dirty(struct buffer *buffer)
{
	buffer_flag_set(buffer, BUFFER_VALID);
	mark_used(buffer);
	if (buffer_flag_test(buffer, BUFFER_DIRTY))
		return;
	spin_lock(&dirty_lock);
	if (!flag_test_set(buffer, BUFFER_DIRTY)) {
		buffer->dirtied_ns = clock_monotonic_ns();
		list_add_tail(&buffer->dirty_node, &dirty_list);
		__atomic_fetch_add(&dirty_bytes, buffer->size, __ATOMIC_RELAXED);
	}
	spin_unlock(&dirty_lock);
}

/* dirty_lock held. */
static void take_off_dirty(struct buffer *buffer)
{
	buffer_flag_clear(buffer, BUFFER_DIRTY);
	list_del(&buffer->dirty_node);
	__atomic_fetch_sub(&dirty_bytes, buffer->size, __ATOMIC_RELAXED);
}

void buffer_forget(struct block_device *bdev, u64 block, u64 count)
{
	for (u64 i = 0; i < count; i++) {
		struct buffer *buffer = buffer_lookup(bdev, block + i);
		if (!buffer)
			continue;
		spin_lock(&dirty_lock);
		if (buffer_flag_test(buffer, BUFFER_DIRTY))
			take_off_dirty(buffer);
		spin_unlock(&dirty_lock);
		/* A write of the freed block that is under way must not overtake its next owner's.
		 */
		wait_io(buffer);
		buffer_flag_clear(buffer, BUFFER_VERIFIED);
		buffer_flag_clear(buffer, BUFFER_PRIVATE_DIRTY);
		buffer_put(buffer);
	}
}

/* Starts a write if the buffer is dirty. Waits for an earlier write of it first. */
static int start_write(struct buffer *buffer, unsigned int bio_flags)
{
	while (flag_test_set(buffer, BUFFER_IO))
		wait_io(buffer);
	spin_lock(&dirty_lock);
	/* It may have joined a transaction since it was chosen; who sets PRIVATE_DIRTY then waits
	 * for BUFFER_IO, so one of the two sees the other. */
	bool dirty = buffer_flag_test(buffer, BUFFER_DIRTY) &&
		     !buffer_flag_test(buffer, BUFFER_PRIVATE_DIRTY);
	if (dirty)
		take_off_dirty(buffer);
	spin_unlock(&dirty_lock);
	if (!dirty) {
		io_release(buffer);
		return 0;
	}
	buffer_flag_clear(buffer, BUFFER_WRITE_ERROR);
	int err = submit_io(buffer, BIO_WRITE, bio_flags);
	if (err)
		buffer_mark_dirty(buffer);
	return err;
}

int buffer_write_start(struct buffer *buffer)
{
	return start_write(buffer, 0);
}

int buffer_write(struct buffer *buffer, unsigned int bio_flags)
{
	int err = start_write(buffer, bio_flags);
	wait_io(buffer);
	if (!err && buffer_flag_test(buffer, BUFFER_WRITE_ERROR))
		err = -EIO;
	return err;
}

/* Up to SYNC_BATCH dirty, writable buffers of bdev (NULL: any) older than the time, referenced;
 * they move to the tail of the list, so that repeated calls go round. */
static unsigned int collect_dirty(const struct block_device *bdev, u64 older_than_ns,
				  struct buffer **batch)
{
	unsigned int n = 0;
	struct buffer *buffer;
	spin_lock(&dirty_lock);
	list_for_each_entry(buffer, &dirty_list, dirty_node) {
		if (n == SYNC_BATCH)
			break;
		if ((bdev && buffer->bdev != bdev) || buffer->dirtied_ns > older_than_ns ||
		    buffer_flag_test(buffer, BUFFER_PRIVATE_DIRTY))
			continue;
		__atomic_fetch_add(&buffer->refs, 1, __ATOMIC_RELAXED);
		batch[n++] = buffer;
	}
	spin_unlock(&dirty_lock);
	return n;
}

/* Writes what is dirty now; wait: and waits for each. */
static int write_dirty(const struct block_device *bdev, u64 older_than_ns, bool wait)
{
	struct buffer **batch = kmalloc(SYNC_BATCH * sizeof(*batch), MM_NOFS);
	int first_error = 0;
	unsigned int n;
	if (!batch)
		return -ENOMEM;
	while (!first_error && (n = collect_dirty(bdev, older_than_ns, batch))) {
		struct block_plug plug;
		block_plug_start(&plug);
		for (unsigned int i = 0; i < n; i++) {
			int err = start_write(batch[i], 0);
			if (err && !first_error)
				first_error = err;
		}
		block_plug_finish(&plug);
		for (unsigned int i = 0; i < n; i++) {
			if (wait)
				wait_io(batch[i]);
			buffer_put(batch[i]);
		}
		thread_yield_point();
	}
	kfree(batch);
	return first_error;
}

/* Waits for writes that somebody else (the write-back thread) started. */
static void wait_all_io(struct block_device *bdev)
{
	/* What moves meanwhile, as the table grows, moves to buckets that are still to come. */
	for (size_t i = 0; i < atomic_load(&table.size); i++) {
		struct hash_bucket *bucket = hash_table_at(&table, i);
		struct buffer *buffer, *busy;
		do {
			busy = NULL;
			spin_lock(&bucket->lock);
			hlist_for_each_entry(buffer, &bucket->chain, hash_node)
			{
				if (buffer->bdev == bdev && buffer_flag_test(buffer, BUFFER_IO)) {
					__atomic_fetch_add(&buffer->refs, 1, __ATOMIC_RELAXED);
					busy = buffer;
					break;
				}
			}
			spin_unlock(&bucket->lock);
			if (busy) {
				wait_io(busy);
				buffer_put(busy);
			}
		} while (busy);
	}
}

int buffer_sync(struct block_device *bdev)
{
	int err = write_dirty(bdev, clock_monotonic_ns(), true);
	wait_all_io(bdev);
	if (__atomic_exchange_n(&bdev->write_error, 0, __ATOMIC_RELAXED) && !err)
		err = -EIO;
	return err;
}

void buffer_writeback_old(u64 older_than_ns)
{
	(void)write_dirty(NULL, older_than_ns,
			  false); /* out of memory: tried again at the next round */
}

void buffer_usage_get(size_t *bytes, size_t *dirty)
{
	*bytes = __atomic_load_n(&cached_bytes, __ATOMIC_RELAXED);
	*dirty = __atomic_load_n(&dirty_bytes, __ATOMIC_RELAXED);
}

/* ---- reclaim ---- */

/* Frees a buffer that was taken off the LRU, if nobody uses it. */
static bool try_free(struct buffer *buffer)
{
	const unsigned long busy = BIT(BUFFER_DIRTY) | BIT(BUFFER_IO) | BIT(BUFFER_PRIVATE_DIRTY);
	struct hash_bucket *bucket = hash_table_lock(&table, hash_of(&buffer->hash_node));
	spin_lock(&dirty_lock); /* collect_dirty() takes references under this lock alone */
	bool idle = !__atomic_load_n(&buffer->refs, __ATOMIC_ACQUIRE) && !(buffer->flags & busy);
	spin_unlock(&dirty_lock);
	if (idle)
		hash_table_del(&table, &buffer->hash_node);
	hash_bucket_unlock(bucket);
	if (!idle)
		return false;
	__atomic_fetch_sub(&cached_bytes, buffer->size, __ATOMIC_RELAXED);
	page_put(buffer->page);
	slab_free(buffer_slab, buffer);
	return true;
}

/* Goes once round (at most nr steps of) the LRU. bdev NULL: any device, sparing what was used
 * lately. */
static size_t sweep(const struct block_device *bdev, size_t nr)
{
	size_t freed = 0;
	LIST_HEAD(visited);
	spin_lock(&lru_lock);
	while (nr-- && !list_empty(&lru)) {
		struct buffer *buffer = list_last_entry(&lru, struct buffer, lru_node);
		list_move(&buffer->lru_node, &visited);
		if (bdev ? buffer->bdev != bdev : buffer_flag_test(buffer, BUFFER_REFERENCED)) {
			if (!bdev)
				buffer_flag_clear(buffer, BUFFER_REFERENCED);
			continue;
		}
		list_del(&buffer->lru_node);
		spin_unlock(&lru_lock);
		bool gone = try_free(buffer);
		spin_lock(&lru_lock);
		if (gone)
			freed++;
		else
			list_add(&buffer->lru_node, &visited);
	}
	list_splice(&visited, &lru);
	spin_unlock(&lru_lock);
	return freed;
}

static size_t buffer_shrink(struct shrinker *shrinker, size_t nr, unsigned int flags)
{
	if (!mutex_trylock(&reclaim_lock))
		return 0;
	size_t freed = sweep(NULL, nr);
	mutex_unlock(&reclaim_lock);
	return freed;
}

static bool buffer_pending(struct shrinker *shrinker)
{
	if (!__atomic_load_n(&dirty_bytes, __ATOMIC_RELAXED))
		return false;
	writeback_press();
	return true;
}

void buffer_invalidate(struct block_device *bdev)
{
	mutex_lock(&reclaim_lock);
	(void)sweep(bdev, (size_t)-1);
	mutex_unlock(&reclaim_lock);
}

int buffer_set_block_size(struct block_device *bdev, u32 size)
{
	if (!is_pow2(size) || size < bdev->logical_block || size > PAGE_SIZE)
		return -EINVAL;
	if (size == bdev->soft_block_size)
		return 0;
	int err = buffer_sync(bdev);
	if (err)
		return err;
	buffer_invalidate(bdev);
	for (size_t i = 0; i < atomic_load(&table.size); i++) {
		struct hash_bucket *bucket = hash_table_at(&table, i);
		struct buffer *buffer;
		spin_lock(&bucket->lock);
		hlist_for_each_entry(buffer, &bucket->chain, hash_node)
		{
			if (buffer->bdev == bdev)
				err = -EBUSY;
		}
		spin_unlock(&bucket->lock);
	}
	if (!err)
		bdev->soft_block_size = size;
	return err;
}

void buffer_cache_init(void)
{
	static struct shrinker shrinker = {
	    .name = "buffers", .shrink = buffer_shrink, .pending = buffer_pending};
	if (table.segments)
		return;
	hash_table_init(&table, "buffers", hash_of);
	for (unsigned int i = 0; i < WAIT_QUEUES; i++)
		wait_queue_init(&io_wait[i], "buffer io");
	spin_init(&lru_lock, "buffer lru");
	spin_init(&dirty_lock, "buffer dirty");
	mutex_init(&reclaim_lock, "buffer reclaim");
	buffer_slab = slab_cache_create("buffer", sizeof(struct buffer), _Alignof(struct buffer));
	shrinker_register(&shrinker);
}
