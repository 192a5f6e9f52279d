/*
 * MAP_SHARED|MAP_ANONYMOUS: memory that processes share through fork. A sparse array of pages with
 * a reference per area; pages live until the last area goes. They are not PG_ANON, so that nothing
 * copies them on a write.
 */
#include "lib/atomic.h"
#include "lib/mutex.h"
#include "lib/radix.h"
#include "mm/mm_int.h"
#include "mm/page_int.h"

struct shared_anon {
	u32 refs; /* atomic */
	struct mutex lock;
	struct radix pages; /* lock; by file offset of the area */
	size_t count;       /* lock */
};

static void shared_open(struct vm_area *area)
{
	struct shared_anon *shared = area->private;

	atomic_fetch_add(&shared->refs, 1);
}

static void shared_close(struct vm_area *area)
{
	struct shared_anon *shared = area->private;
	struct page *page;
	u64 index = 0;

	if (atomic_fetch_sub(&shared->refs, 1) != 1)
		return;
	while ((page = radix_find(&shared->pages, &index, U64_MAX))) {
		radix_delete(&shared->pages, index);
		page_put(page);
	}
	mm_count(MM_COUNT_SHMEM, -(long)shared->count);
	mm_count(MM_COUNT_PAGE_CACHE, -(long)shared->count);
	kfree(shared);
}

static int shared_fault(struct vm_area *area, u64 pgoff, struct page **out)
{
	struct shared_anon *shared = area->private;
	struct page *page;
	int err = 0;

	mutex_lock(&shared->lock);
	page = radix_lookup(&shared->pages, pgoff);
	if (!page) {
		page = page_alloc(0, MM_USER | MM_ZERO);
		err = page ? radix_insert(&shared->pages, pgoff, page, MM_NORMAL) : -ENOMEM;
		if (err && page) {
			page_put(page);
		} else if (!err) {
			shared->count++;
			mm_count(MM_COUNT_SHMEM, 1);
			mm_count(MM_COUNT_PAGE_CACHE, 1);
		}
	}
	if (!err) {
		page_get(page);
		*out = page;
	}
	mutex_unlock(&shared->lock);
	return err;
}

static bool shared_resident(struct vm_area *area, u64 pgoff)
{
	struct shared_anon *shared = area->private;
	bool resident;

	mutex_lock(&shared->lock);
	resident = radix_lookup(&shared->pages, pgoff);
	mutex_unlock(&shared->lock);
	return resident;
}

static const char *shared_name(struct vm_area *area)
{
	return "/dev/zero (deleted)";
}

const struct vm_area_ops shared_anon_ops = {
    .open = shared_open,
    .close = shared_close,
    .fault = shared_fault,
    .resident = shared_resident,
    .name = shared_name,
};

int shared_anon_attach(struct vm_area *area)
{
	struct shared_anon *shared = kmalloc(sizeof(*shared), MM_ZERO);

	if (!shared)
		return -ENOMEM;
	shared->refs = 1;
	mutex_init(&shared->lock, "shared memory");
	radix_init(&shared->pages);
	area->private = shared;
	area->ops = &shared_anon_ops;
	return 0;
}
