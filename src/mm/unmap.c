/*
 * Taking pages out of page tables.
 *
 * The order is that of the design: entries are cleared, the TLBs of all CPUs that may hold them are
 * flushed, and only then are the frames let go. Frames wait for the flush in a batch: private pages
 * that nobody else has are chained through page->lru, which is free for that, so that any number of
 * them costs one flush; pages that others see too (file pages, pages shared since a fork) go into a
 * small array, which is flushed when it is full.
 */
#include "lib/assert.h"
#include "lib/atomic.h"
#include "lib/park.h"
#include "mm/mm_int.h"
#include "mm/page_int.h"
#include "vfs/pagecache.h"

#define ZAP_SHARED_MAX 64

struct zap {
	struct mm *mm;
	bool flush;               /* other translations may exist: false when the space is dead */
	unsigned long start, end; /* cleared and not yet flushed; start ULONG_MAX: nothing */
	struct list_head own;     /* our pages, by lru */
	unsigned int shared_count;
	struct page *shared[ZAP_SHARED_MAX];
};

static void zap_begin(struct zap *zap, struct mm *mm, bool flush)
{
	zap->mm = mm;
	zap->flush = flush;
	zap->start = ULONG_MAX;
	zap->end = 0;
	zap->shared_count = 0;
	list_init(&zap->own);
}

static inline void page_unmapped_put(struct page *page)
{
	if (!(page->flags & BIT(PG_ANON)))
		atomic_fetch_sub(&page->mapcount, 1);
	page_put(page);
}

static void zap_flush(struct zap *zap)
{
	if (zap->flush && zap->start < zap->end)
		mmu_flush_range(&zap->mm->mmu, zap->start, zap->end);
	zap->start = ULONG_MAX;
	zap->end = 0;
	for (unsigned int i = 0; i < zap->shared_count; i++)
		page_unmapped_put(zap->shared[i]);
	zap->shared_count = 0;
	if (!list_empty(&zap->own))
		page_free_anon(&zap->own);
}

/* An entry was cleared, and zap->start and end include it; its page is to be let go. table_lock
 * held. */
static inline void zap_page(struct zap *zap, struct page *page)
{
	bool anon = page->flags & BIT(PG_ANON);

	if (anon)
		zap->mm->rss_anon--;
	else
		zap->mm->rss_file--;
	if (anon && atomic_load_relaxed(&page->refs) == 1) {
		list_add(&page->lru, &zap->own);
		return;
	}
	if (!zap->flush) {
		page_unmapped_put(page);
		return;
	}
	if (zap->shared_count == ZAP_SHARED_MAX)
		zap_flush(zap);
	zap->shared[zap->shared_count++] = page;
}

/* Entries of one leaf table; addresses ascend from call to call. table_lock held. */
static void zap_entries(struct zap *zap, pte_t *pte, unsigned long va, unsigned long end)
{
	phys_addr_t zero_phys = page_phys_inline(zero_page);

	for (; va < end; va += PAGE_SIZE, pte++) {
		pte_t old = pte_read(pte);

		if (pte_none(old))
			continue;
		pte_write(pte, (pte_t){0});
		if (zap->start == ULONG_MAX)
			zap->start = va;
		zap->end = va + PAGE_SIZE;
		if (pte_phys(old) == zero_phys)
			continue;
		struct page *page = page_from_pfn(pte_phys(old) >> PAGE_SHIFT);

		if (page)
			zap_page(zap, page);
	}
}

static void zap_tables(struct zap *zap, unsigned long va, unsigned long end)
{
	struct mm *mm = zap->mm;

	spin_lock(&mm->table_lock);
	mm->rss_peak = max(mm->rss_peak, mm->rss_anon + mm->rss_file);
	while ((va = mmu_next_table(&mm->mmu, va, end)) < end) {
		unsigned long stop = min(end, pte_in_table_end(va));

		zap_entries(zap, mmu_pte(&mm->mmu, va, false), va, stop);
		va = stop;
		if (va < end) {
			spin_unlock(&mm->table_lock);
			thread_yield_point();
			spin_lock(&mm->table_lock);
		}
	}
	spin_unlock(&mm->table_lock);
}

void zap_range(struct mm *mm, struct vm_area *area, unsigned long start, unsigned long end)
{
	struct zap zap;

	zap_begin(&zap, mm, true);
	zap_tables(&zap, start, end);
	zap_flush(&zap);
}

/*
 * Gives back page tables of a hole that was just made, which reaches from `start` to `end`. As the
 * next mapping is likely to want them again, they are kept as long as there are not many more than
 * what is mapped explains.
 */
static void free_tables(struct mm *mm, unsigned long start, unsigned long end)
{
	size_t expected = 64 + 2 * (mm->total_pages >> 9) + 4 * (size_t)mm->area_count;

	if (mm->mmu.tables <= expected || end - start < pte_in_table_end(0))
		return;
	spin_lock(&mm->table_lock);
	mmu_free_tables(&mm->mmu, start, end);
	spin_unlock(&mm->table_lock);
}

int unmap_locked(struct mm *mm, unsigned long start, unsigned long end)
{
	struct vm_area *area = area_overlapping(mm, start, end), *next;
	struct zap zap;
	int err;

	if (!area)
		return 0;
	err = area_isolate(mm, start, end);
	if (err)
		return err;
	/* Splitting may have made a new first area. */
	area = area_overlapping(mm, start, end);
	zap_begin(&zap, mm, true);
	zap_tables(&zap, area->start, end);
	zap_flush(&zap);
	for (; area && area->start < end; area = next) {
		next = mm_area_next(area);
		area_destroy(mm, area);
	}
	if (area) {
		struct vm_area *prev = area_prev(area);

		free_tables(mm, prev ? prev->end : MMU_USER_MIN, area->start);
	}
	return 0;
}

/* Drops the areas of a subtree; nobody looks at the tree any more. */
static void areas_free_subtree(struct mm *mm, struct rb_node *node)
{
	while (node) {
		struct vm_area *area = rb_entry(node, struct vm_area, node);
		struct rb_node *left = node->left;

		areas_free_subtree(mm, node->right);
		if (area->mapping) {
			mutex_lock(&area->mapping->areas_lock);
			list_del(&area->mapping_node);
			mutex_unlock(&area->mapping->areas_lock);
		}
		if (area->ops && area->ops->close)
			area->ops->close(area);
		area_free(area);
		node = left;
	}
}

void unmap_all(struct mm *mm, bool flush)
{
	struct zap zap;
	struct rb_node *root;

	zap_begin(&zap, mm, flush);
	for (struct vm_area *area = area_first(mm); area; area = mm_area_next(area))
		zap_tables(&zap, area->start, area->end);
	zap_flush(&zap);
	root = mm->areas.node;
	mm->areas = RB_ROOT;
	mm->area_cache = NULL;
	mm->area_count = 0;
	mm->total_pages = mm->locked_pages = mm->data_pages = mm->stack_pages = mm->exec_pages = 0;
	areas_free_subtree(mm, root);
}

/* ---- a file's pages, in all address spaces ---- */

/* The part of the area that maps file pages [first, last]; false: none. */
static bool area_file_range(const struct vm_area *area, u64 first, u64 last, unsigned long *start,
			    unsigned long *end)
{
	u64 area_last = area->pgoff + area_pages(area) - 1;

	if (last < area->pgoff || first > area_last)
		return false;
	first = max(first, area->pgoff);
	last = min(last, area_last);
	*start = area->start + ((first - area->pgoff) << PAGE_SHIFT);
	*end = area->start + ((last - area->pgoff + 1) << PAGE_SHIFT);
	return true;
}

/* Only what maps the file itself: a process's own copies of a private mapping stay. table_lock
 * held. */
static void zap_file_entries(struct zap *zap, unsigned long va, unsigned long end)
{
	pte_t *pte = mmu_pte(&zap->mm->mmu, va, false);
	phys_addr_t zero_phys = page_phys_inline(zero_page);

	for (; va < end; va += PAGE_SIZE, pte++) {
		pte_t old = pte_read(pte);

		if (pte_none(old) || pte_phys(old) == zero_phys)
			continue;
		struct page *page = page_from_pfn(pte_phys(old) >> PAGE_SHIFT);

		if (!page || page->flags & BIT(PG_ANON))
			continue;
		pte_write(pte, (pte_t){0});
		if (zap->start == ULONG_MAX)
			zap->start = va;
		zap->end = va + PAGE_SIZE;
		zap_page(zap, page);
	}
}

void mm_unmap_file_range(struct page_mapping *mapping, u64 first, u64 last)
{
	struct vm_area *area;
	unsigned long va, end;
	struct zap zap;

	if (list_empty(&mapping->areas))
		return;
	mutex_lock(&mapping->areas_lock);
	list_for_each_entry(area, &mapping->areas, mapping_node) {
		if (!area_file_range(area, first, last, &va, &end))
			continue;
		zap_begin(&zap, area->mm, true);
		spin_lock(&area->mm->table_lock);
		while ((va = mmu_next_table(&area->mm->mmu, va, end)) < end) {
			unsigned long stop = min(end, pte_in_table_end(va));

			zap_file_entries(&zap, va, stop);
			va = stop;
		}
		spin_unlock(&area->mm->table_lock);
		zap_flush(&zap);
	}
	mutex_unlock(&mapping->areas_lock);
}

bool mm_clean_file_page(struct page_mapping *mapping, struct page *page)
{
	struct vm_area *area;
	unsigned long va, end;
	bool dirty = false;

	if (!atomic_load(&page->mapcount) || list_empty(&mapping->areas))
		return false;
	mutex_lock(&mapping->areas_lock);
	list_for_each_entry(area, &mapping->areas, mapping_node) {
		if (!(area->flags & VM_SHARED) ||
		    !area_file_range(area, page->index, page->index, &va, &end))
			continue;
		spin_lock(&area->mm->table_lock);
		pte_t *pte = mmu_pte(&area->mm->mmu, va, false);
		bool clean = pte && !pte_none(*pte) &&
			     pte_phys(pte_read(pte)) == page_phys_inline(page) &&
			     (pte_writable(pte_read(pte)) || pte_dirty(pte_read(pte)));

		if (clean) {
			/* The processor may be setting bits: take the entry away, change it, put it
			 * back. */
			pte_t old = pte_exchange(pte, (pte_t){0});

			dirty |= pte_dirty(old);
			pte_write(pte, pte_mkclean(pte_wrprotect(old)));
			mmu_flush_range(&area->mm->mmu, va, end);
		}
		spin_unlock(&area->mm->table_lock);
	}
	mutex_unlock(&mapping->areas_lock);
	return dirty;
}
