/*
 * Reclaim of clean pages: two lists, as second chances.
 *
 * Pages start on the inactive list. Reclaim looks at its old end: a page that was used again since
 * it came (PG_REFERENCED) moves to the active list, others are dropped if they are clean. When the
 * inactive list gets shorter than the active one, old active pages move back, losing their mark. So
 * a page that is read once, as in a scan through a large file, goes before those that are used
 * often.
 *
 * Only locks that are free are taken: reclaim runs inside allocations of those who hold others.
 * Dirty pages are left to the write-back thread, which is woken when they are in the way. Pages
 * mapped by processes are taken out of them only when the cheap ones are gone; nobody allocates
 * while holding the lock of a file's areas, so that is safe here.
 */
#include "lib/assert.h"
#include "lib/lock.h"
#include "mm/kmalloc.h"
#include "mm/mm.h"
#include "vfs/pagecache_int.h"

struct page_list {
	struct list_head pages; /* oldest first */
	size_t count;
};

static struct spinlock lru_lock = SPINLOCK_INIT("page lru");
static struct page_list inactive = {.pages = LIST_HEAD_INIT(inactive.pages)}; /* lru_lock */
static struct page_list active = {.pages = LIST_HEAD_INIT(active.pages)};     /* lru_lock */

/* PG_LRU: on one of the lists; PG_ACTIVE says which. Both change under lru_lock. */
static struct page_list *list_of(const struct page *page)
{
	return page_flag_test(page, PG_ACTIVE) ? &active : &inactive;
}

static void list_take(struct page *page)
{
	list_of(page)->count--;
	list_del(&page->lru);
}

static void list_put(struct page *page)
{
	struct page_list *list = list_of(page);

	list_add_tail(&page->lru, &list->pages);
	list->count++;
}

void pagecache_lru_add(struct page *page)
{
	spin_lock(&lru_lock);
	page_flag_set(page, PG_LRU);
	list_put(page);
	spin_unlock(&lru_lock);
}

void pagecache_lru_remove(struct page *page)
{
	spin_lock(&lru_lock);
	if (page_flag_test(page, PG_LRU)) {
		list_take(page);
		page_flag_clear(page, PG_LRU);
		page_flag_clear(page, PG_ACTIVE);
	}
	spin_unlock(&lru_lock);
}

/* Keeps the inactive list at least as long as the active one, or shortens that in any case.
 * lru_lock held. */
static void balance(size_t n, bool force)
{
	while (n-- && active.count && (force || active.count > inactive.count)) {
		struct page *page = list_first_entry(&active.pages, struct page, lru);

		list_take(page);
		page_flag_clear(page, PG_ACTIVE);
		page_flag_clear(page, PG_REFERENCED);
		list_put(page);
	}
}

/*
 * The oldest inactive page, referenced and at the list's end now, or NULL. Pages on a list have the
 * cache's reference, which the remover drops only after pagecache_lru_remove(), so taking another
 * one under lru_lock is safe.
 */
static struct page *next_candidate(bool force)
{
	struct page *page = NULL;

	spin_lock(&lru_lock);
	balance(2, force);
	while (inactive.count) {
		page = list_first_entry(&inactive.pages, struct page, lru);
		list_take(page);
		if (page_flag_test_clear(page, PG_REFERENCED)) {
			page_flag_set(page, PG_ACTIVE);
			list_put(page);
			page = NULL;
			balance(1, false);
			break;
		}
		list_put(page);
		page_get(page);
		break;
	}
	spin_unlock(&lru_lock);
	return page;
}

static bool try_drop(struct page *page, bool unmap)
{
	struct page_mapping *mapping;
	bool dropped = false;

	if (page_flag_test(page, PG_DIRTY) || page_flag_test(page, PG_WRITEBACK) ||
	    !page_trylock(page))
		return false;
	mapping = page->mapping;
	if (!mapping || page_flag_test(page, PG_DIRTY) || page_flag_test(page, PG_WRITEBACK))
		goto unlock;
	if (atomic_load(&page->mapcount)) {
		if (!unmap)
			goto unlock;
		/* An entry may have made the page dirty: then it is not for us. */
		if (mm_clean_file_page(mapping, page))
			pagecache_dirty(page);
		else
			mm_unmap_file_range(mapping, page->index, page->index);
	}
	/* Two references, the cache's and ours: nobody is reading from it. What the file system
	 * knows of a clean page it can do without (mapping_ops.release). */
	if (!page_flag_test(page, PG_DIRTY) && !atomic_load(&page->mapcount) &&
	    atomic_load(&page->refs) == 2) {
		pagecache_remove(page);
		dropped = true;
	}
unlock:
	page_unlock(page);
	return dropped;
}

static size_t pagecache_shrink(struct shrinker *shrinker, size_t nr, unsigned int flags)
{
	size_t freed = 0, dirty = 0, cheap;

	if (flags & MM_ATOMIC)
		return 0;
	spin_lock(&lru_lock);
	nr = min(nr, 2 * (inactive.count + active.count));
	spin_unlock(&lru_lock);
	/* The last quarter of the effort may unmap, and takes from the active list whatever its
	 * length. */
	cheap = nr - nr / 4;
	for (size_t i = 0; i < nr; i++) {
		struct page *page = next_candidate(i >= cheap);

		if (!page)
			continue;
		if (page_flag_test(page, PG_DIRTY))
			dirty++;
		if (try_drop(page, i >= cheap))
			freed++;
		page_put(page);
	}
	if (dirty)
		writeback_wake();
	return freed;
}

/* Pages without a backing store (tmpfs) are never written, and not counted as dirty. */
static bool pagecache_pending(struct shrinker *shrinker)
{
	struct pagecache_stats stats;

	pagecache_stats_get(&stats);
	if (stats.dirty)
		writeback_press();
	return stats.dirty || stats.writeback;
}

static struct shrinker pagecache_shrinker = {
    .name = "pages", .shrink = pagecache_shrink, .pending = pagecache_pending};

void pagecache_lru_init(void)
{
	shrinker_register(&pagecache_shrinker);
}
