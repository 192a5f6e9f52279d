/*
 * The page cache's tree: finding, adding, locking, dirtying and removing pages. The theory is in
 * pagecache.h.
 *
 * Waiting for a page (its lock, its write-back) uses a small table of wait queues hashed by the
 * page's address; a wake-up may thus reach others, who look again. Whoever goes to sleep on a page
 * first sends the block requests it has collected, because the page may wait for just those.
 *
 * A page leaves its mapping under its own lock and the tree's, in this order: unmapped from
 * processes, file system's state released, out of the tree with mapping = NULL, and unmapped once
 * more, because a fault may have mapped it in between (a fault looks at page->mapping under the
 * page table's lock: see mm/mm.h).
 */
#include "vfs/pagecache.h"

#include "lib/assert.h"
#include "lib/hash.h"
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "mm/mm.h"
#include "vfs/block.h"
#include "vfs/inode_int.h"
#include "vfs/pagecache_int.h"

#define WAIT_QUEUES 128

static struct wait_queue waits[WAIT_QUEUES];
struct pagecache_counters pagecache_counters;

static struct wait_queue *page_waits(const struct page *page)
{
	return &waits[((uintptr_t)page / sizeof(struct page)) % WAIT_QUEUES];
}

void page_mapping_init(struct page_mapping *mapping, struct inode *inode,
		       const struct mapping_ops *ops)
{
	mapping->inode = inode;
	mapping->ops = ops;
	irqlock_init(&mapping->tree_lock, "mapping");
	radix_init(&mapping->pages);
	mapping->page_count = 0;
	rwsem_init(&mapping->invalidate, "mapping invalidate");
	mutex_init(&mapping->areas_lock, "mapping areas");
	list_init(&mapping->areas);
	mapping->shared_writers = 0;
	mapping->writeback_error = 0;
	mapping->private = NULL;
}

/* ---- locks of pages ---- */

bool page_trylock(struct page *page)
{
	return !page_flag_test_set(page, PG_LOCKED);
}

void page_lock(struct page *page)
{
	if (likely(page_trylock(page)))
		return;
	block_plug_flush_current();
	wait_event(page_waits(page), page_trylock(page));
}

int page_lock_killable(struct page *page)
{
	if (likely(page_trylock(page)))
		return 0;
	block_plug_flush_current();
	return wait_event_killable(page_waits(page), page_trylock(page)) ? -EINTR : 0;
}

/* The flag is clear already. */
static void page_wake(struct page *page)
{
	wake_all(page_waits(page));
}

void page_unlock(struct page *page)
{
	ASSERT(page_flag_test(page, PG_LOCKED));
	page_flag_clear(page, PG_LOCKED);
	page_wake(page);
}

void page_wait_unlocked(struct page *page)
{
	if (!page_flag_test(page, PG_LOCKED))
		return;
	block_plug_flush_current();
	wait_event(page_waits(page), !page_flag_test(page, PG_LOCKED));
}

void page_wait_writeback(struct page *page)
{
	if (likely(!page_flag_test(page, PG_WRITEBACK)))
		return;
	block_plug_flush_current();
	wait_event(page_waits(page), !page_flag_test(page, PG_WRITEBACK));
}

/* ---- finding and adding ---- */

struct page *pagecache_find(struct page_mapping *mapping, u64 index)
{
	irqflags_t flags = irqlock_lock(&mapping->tree_lock);
	struct page *page = radix_lookup(&mapping->pages, index);

	if (page)
		page_get(page);
	irqlock_unlock(&mapping->tree_lock, flags);
	return page;
}

size_t pagecache_gang(struct page_mapping *mapping, u64 first, u64 last, struct page **pages,
		      size_t n)
{
	irqflags_t flags = irqlock_lock(&mapping->tree_lock);
	size_t found = radix_gang_lookup(&mapping->pages, first, last, (void **)pages, NULL, n);

	for (size_t i = 0; i < found; i++)
		page_get(pages[i]);
	irqlock_unlock(&mapping->tree_lock, flags);
	return found;
}

static int tree_insert(struct page_mapping *mapping, struct page *page, unsigned int mm_flags)
{
	irqflags_t flags = irqlock_lock(&mapping->tree_lock);
	int err =
	    radix_insert(&mapping->pages, page->index, page, (mm_flags & ~MM_USER) | MM_ATOMIC);

	if (!err)
		mapping->page_count++;
	irqlock_unlock(&mapping->tree_lock, flags);
	return err;
}

/* The tree's nodes are allocated under its lock, from what is free at once. If that fails, some
 * reclaim may help once. */
static int tree_insert_retry(struct page_mapping *mapping, struct page *page, unsigned int mm_flags)
{
	int err = tree_insert(mapping, page, mm_flags);

	if (err == -ENOMEM && !(mm_flags & MM_ATOMIC)) {
		struct page *spare = page_alloc(0, mm_flags);

		if (!spare)
			return -ENOMEM;
		page_put(spare);
		err = tree_insert(mapping, page, mm_flags);
	}
	return err;
}

int pagecache_add(struct page_mapping *mapping, u64 index, unsigned int mm_flags, struct page **out)
{
	struct page *page = page_alloc(0, mm_flags);
	int err;

	if (!page)
		return -ENOMEM;
	page->mapping = mapping;
	page->index = index;
	page->fsdata = NULL;
	page_flag_set(page, PG_LOCKED);
	page_get(page); /* the cache's reference */
	err = tree_insert_retry(mapping, page, mm_flags);
	if (err) {
		page->mapping = NULL;
		page_flag_clear(page, PG_LOCKED);
		page_put(page);
		page_put(page);
		return err;
	}
	mm_count(MM_COUNT_PAGE_CACHE, 1);
	if (mapping->ops->memory)
		mm_count(MM_COUNT_SHMEM, 1);
	else
		pagecache_lru_add(page);
	*out = page;
	return 0;
}

int pagecache_grab(struct page_mapping *mapping, u64 index, struct page **out)
{
	for (;;) {
		struct page *page = pagecache_find(mapping, index);
		int err;

		if (page) {
			page_lock(page);
			if (likely(page->mapping == mapping)) {
				*out = page;
				return 0;
			}
			page_unlock(page);
			page_put(page);
			continue;
		}
		err = pagecache_add(mapping, index, MM_NOFS | MM_USER, out);
		if (err != -EEXIST)
			return err;
	}
}

bool pagecache_is_resident(struct page_mapping *mapping, u64 index)
{
	struct page *page = pagecache_find(mapping, index);
	bool resident = page && page_flag_test(page, PG_UPTODATE);

	if (page)
		page_put(page);
	return resident;
}

/* ---- dirty, write-back, clean ---- */

void pagecache_dirty(struct page *page)
{
	struct page_mapping *mapping = page->mapping;
	irqflags_t flags;

	if (page_flag_test(page, PG_DIRTY) || page_flag_test_set(page, PG_DIRTY) || !mapping ||
	    mapping->ops->memory)
		return;
	flags = irqlock_lock(&mapping->tree_lock);
	radix_tag_set(&mapping->pages, page->index, RADIX_DIRTY);
	irqlock_unlock(&mapping->tree_lock, flags);
	atomic_add_relaxed(&pagecache_counters.dirty, 1);
	inode_dirty_queue(mapping->inode, I_DIRTY_PAGES);
}

/* Forgets that the locked page is dirty. True if it was. */
static bool page_clear_dirty(struct page *page)
{
	struct page_mapping *mapping = page->mapping;
	irqflags_t flags;

	if (!page_flag_test_clear(page, PG_DIRTY))
		return false;
	if (mapping->ops->memory)
		return true;
	flags = irqlock_lock(&mapping->tree_lock);
	radix_tag_clear(&mapping->pages, page->index, RADIX_DIRTY);
	radix_tag_clear(&mapping->pages, page->index, RADIX_TOWRITE);
	irqlock_unlock(&mapping->tree_lock, flags);
	atomic_fetch_sub(&pagecache_counters.dirty, 1);
	return true;
}

bool pagecache_start_writeback(struct page *page)
{
	struct page_mapping *mapping = page->mapping;
	irqflags_t flags;

	ASSERT(page_flag_test(page, PG_LOCKED));
	if (atomic_load(&page->mapcount) && mm_clean_file_page(mapping, page))
		pagecache_dirty(page);
	if (!page_clear_dirty(page))
		return false;
	flags = irqlock_lock(&mapping->tree_lock);
	page_flag_set(page, PG_WRITEBACK);
	radix_tag_set(&mapping->pages, page->index, RADIX_WRITEBACK);
	irqlock_unlock(&mapping->tree_lock, flags);
	atomic_add_relaxed(&pagecache_counters.writeback, 1);
	return true;
}

/* After the flag is clear the page may leave the mapping, and the mapping may go: nothing of them
 * is touched after the lock. */
void pagecache_end_writeback(struct page *page, int error)
{
	struct page_mapping *mapping = page->mapping;
	irqflags_t flags = irqlock_lock(&mapping->tree_lock);

	if (error) {
		page_flag_set(page, PG_ERROR);
		writeback_error_set(&mapping->writeback_error, error);
		writeback_error_set(&mapping->inode->super->writeback_error, error);
	}
	radix_tag_clear(&mapping->pages, page->index, RADIX_WRITEBACK);
	atomic_fetch_sub(&pagecache_counters.writeback, 1);
	page_flag_clear(page, PG_WRITEBACK);
	irqlock_unlock(&mapping->tree_lock, flags);
	page_wake(page);
}

struct page *pagecache_next_dirty(struct page_mapping *mapping, u64 *index, u64 last)
{
	irqflags_t flags = irqlock_lock(&mapping->tree_lock);
	struct page *page = radix_find_tagged(&mapping->pages, index, last, RADIX_DIRTY);

	if (page)
		page_get(page);
	irqlock_unlock(&mapping->tree_lock, flags);
	return page;
}

/* The record holds a count in its upper half, so that the same error twice is two events. */
void writeback_error_set(u64 *record, int error)
{
	u64 old = atomic_load(record), new;

	do
		new = ((old >> 32) + 1) << 32 | (u32)-error;
	while (!atomic_cmpxchg(record, &old, new));
}

u64 writeback_error_sample(const u64 *record)
{
	return atomic_load(record);
}

int writeback_error_check(const u64 *record, u64 *sample)
{
	u64 now = atomic_load(record);

	if (now == *sample)
		return 0;
	*sample = now;
	return -(int)(u32)now;
}

/* ---- removing ---- */

void pagecache_remove(struct page *page)
{
	struct page_mapping *mapping = page->mapping;
	irqflags_t flags;
	u64 index = page->index;

	ASSERT(page_flag_test(page, PG_LOCKED) && !page_flag_test(page, PG_WRITEBACK));
	if (page_flag_test(page, PG_FSDATA) && mapping->ops->release)
		mapping->ops->release(mapping, page);
	page_clear_dirty(page);
	if (mapping->ops->memory)
		mm_count(MM_COUNT_SHMEM, -1);
	else
		pagecache_lru_remove(page);
	flags = irqlock_lock(&mapping->tree_lock);
	radix_delete(&mapping->pages, index);
	mapping->page_count--;
	atomic_store(&page->mapping, (struct page_mapping *)NULL);
	irqlock_unlock(&mapping->tree_lock, flags);
	mm_count(MM_COUNT_PAGE_CACHE, -1);
	if (!list_empty(&mapping->areas))
		mm_unmap_file_range(mapping, index, index);
	page_put(page);
}

/* Locks a page found by a gang lookup, waits for its write-back and removes it. */
static void remove_found(struct page_mapping *mapping, struct page *page)
{
	page_lock(page);
	if (page->mapping == mapping) {
		page_wait_writeback(page);
		pagecache_remove(page);
	}
	page_unlock(page);
	page_put(page);
}

static void remove_range(struct page_mapping *mapping, u64 first, u64 last)
{
	struct page *pages[PAGECACHE_BATCH];
	size_t n;

	if (!READ_ONCE(mapping->page_count) || first > last)
		return;
	if (!list_empty(&mapping->areas))
		mm_unmap_file_range(mapping, first, last);
	while ((n = pagecache_gang(mapping, first, last, pages, PAGECACHE_BATCH))) {
		u64 next = pages[n - 1]->index;

		for (size_t i = 0; i < n; i++)
			remove_found(mapping, pages[i]);
		if (next == U64_MAX || next >= last)
			break;
		first = next + 1;
		thread_yield_point();
	}
}

/* Zeroes bytes [from, to) of a page if it is in the cache. What is on the disk is the file system's
 * business. */
static void zero_part(struct page_mapping *mapping, u64 index, size_t from, size_t to)
{
	struct page *page = pagecache_find(mapping, index);

	if (!page)
		return;
	page_lock(page);
	if (page->mapping == mapping && page_flag_test(page, PG_UPTODATE)) {
		page_wait_writeback(page);
		memset((char *)page_address(page) + from, 0, to - from);
	}
	page_unlock(page);
	page_put(page);
}

void pagecache_truncate(struct page_mapping *mapping, loff_t size)
{
	u64 first = DIV_ROUND_UP((u64)size, PAGE_SIZE);
	size_t part = (u64)size % PAGE_SIZE;

	if (part)
		zero_part(mapping, first - 1, part, PAGE_SIZE);
	remove_range(mapping, first, U64_MAX);
}

void pagecache_punch(struct page_mapping *mapping, loff_t start, loff_t end)
{
	u64 first = DIV_ROUND_UP((u64)start, PAGE_SIZE),
	    last = (u64)end / PAGE_SIZE; /* last: exclusive */
	size_t head = (u64)start % PAGE_SIZE, tail = (u64)end % PAGE_SIZE;

	if (first > last) {
		zero_part(mapping, last, head, tail);
		return;
	}
	if (head)
		zero_part(mapping, first - 1, head, PAGE_SIZE);
	if (tail)
		zero_part(mapping, last, 0, tail);
	if (first < last)
		remove_range(mapping, first, last - 1);
}

size_t pagecache_invalidate(struct page_mapping *mapping, u64 first, u64 last)
{
	struct page *pages[PAGECACHE_BATCH];
	size_t n, dropped = 0;

	if (mapping->ops->memory)
		return 0;
	while (first <= last &&
	       (n = pagecache_gang(mapping, first, last, pages, PAGECACHE_BATCH))) {
		u64 next = pages[n - 1]->index;

		for (size_t i = 0; i < n; i++) {
			struct page *page = pages[i];

			if (page_trylock(page)) {
				/* Two references: the cache's and ours. */
				if (page->mapping == mapping && !page_flag_test(page, PG_DIRTY) &&
				    !page_flag_test(page, PG_WRITEBACK) &&
				    !atomic_load(&page->mapcount) &&
				    atomic_load(&page->refs) == 2) {
					pagecache_remove(page);
					dropped++;
				}
				page_unlock(page);
			}
			page_put(page);
		}
		if (next == U64_MAX)
			break;
		first = next + 1;
		thread_yield_point();
	}
	return dropped;
}

void pagecache_stats_get(struct pagecache_stats *stats)
{
	struct mm_stats mm;

	mm_stats_get(&mm);
	stats->pages = mm.page_cache;
	stats->memory = mm.shmem;
	stats->dirty = atomic_load(&pagecache_counters.dirty);
	stats->writeback = atomic_load(&pagecache_counters.writeback);
}

void pagecache_init(void)
{
	for (size_t i = 0; i < WAIT_QUEUES; i++)
		wait_queue_init(&waits[i], "page");
	pagecache_lru_init();
	writeback_init();
}
