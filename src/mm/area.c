/*
 * The ordered map of areas: a red-black tree by address. Every node knows the free gap between its
 * predecessor and itself, and the largest such gap in its subtree, so that a place for a new
 * mapping is found in O(log n).
 */
#include "lib/assert.h"
#include "mm/kmalloc.h"
#include "mm/mm_int.h"
#include "vfs/pagecache.h"

static struct slab_cache *area_cache;

void area_init(void)
{
	area_cache = slab_cache_create("vm_area", sizeof(struct vm_area), 8);
}

struct vm_area *area_new(struct mm *mm)
{
	struct vm_area *area = slab_alloc(area_cache, MM_ZERO);

	if (!area)
		return NULL;
	area->mm = mm;
	list_init(&area->mapping_node);
	return area;
}

void area_free(struct vm_area *area)
{
	slab_free(area_cache, area);
}

static inline struct vm_area *area_of(struct rb_node *node)
{
	return rb_entry_or_null(node, struct vm_area, node);
}

struct vm_area *area_first(struct mm *mm)
{
	return area_of(rb_first(&mm->areas));
}

struct vm_area *area_prev(struct vm_area *area)
{
	return area_of(rb_prev(&area->node));
}

struct vm_area *mm_area_next(struct vm_area *area)
{
	return area_of(rb_next(&area->node));
}

struct vm_area *mm_area_find(struct mm *mm, unsigned long addr)
{
	struct vm_area *guess = READ_ONCE(mm->area_cache), *found = NULL;
	struct rb_node *node = mm->areas.node;

	if (likely(guess && addr >= guess->start && addr < guess->end))
		return guess;
	while (node) {
		struct vm_area *area = area_of(node);

		if (addr < area->end) {
			found = area;
			if (addr >= area->start)
				break;
			node = node->left;
		} else {
			node = node->right;
		}
	}
	if (found && addr >= found->start)
		WRITE_ONCE(mm->area_cache, found);
	return found;
}

struct vm_area *area_overlapping(struct mm *mm, unsigned long start, unsigned long end)
{
	struct vm_area *area = mm_area_find(mm, start);

	return area && area->start < end ? area : NULL;
}

static void area_update(struct rb_node *node)
{
	struct vm_area *area = area_of(node);
	unsigned long gap = area->gap;

	if (node->left)
		gap = max(gap, area_of(node->left)->subtree_gap);
	if (node->right)
		gap = max(gap, area_of(node->right)->subtree_gap);
	area->subtree_gap = gap;
}

/* The area before `area` ends somewhere else now. */
static void gap_refresh(struct vm_area *area)
{
	struct vm_area *prev = area_prev(area);
	unsigned long gap = area->start - (prev ? prev->end : 0);

	if (gap != area->gap) {
		area->gap = gap;
		rb_propagate(&area->node, area_update);
	}
}

/* ---- accounts and the file's list ---- */

static void account(struct mm *mm, const struct vm_area *area, long pages)
{
	size_t n = (size_t)pages; /* unsigned arithmetic wraps as it should */

	mm->total_pages += n;
	if (area->flags & VM_LOCKED)
		mm->locked_pages += n;
	if (area->flags & VM_GROWSDOWN)
		mm->stack_pages += n;
	else if (area->file && (area->prot & PROT_EXEC) && !(area->prot & PROT_WRITE))
		mm->exec_pages += n;
	else if (area_is_private_writable(area))
		mm->data_pages += n;
}

/* An area without a file has nothing to lock, which the lock analysis cannot follow. */
static void mapping_lock(struct vm_area *area) __no_lock_analysis
{
	if (area->mapping)
		mutex_lock(&area->mapping->areas_lock);
}

static void mapping_unlock(struct vm_area *area) __no_lock_analysis
{
	if (area->mapping)
		mutex_unlock(&area->mapping->areas_lock);
}

static void tree_insert(struct mm *mm, struct vm_area *area)
{
	struct rb_node **link = &mm->areas.node, *parent = NULL;
	struct vm_area *prev = NULL, *next = NULL;

	while (*link) {
		struct vm_area *at = area_of(*link);

		parent = *link;
		if (area->start < at->start) {
			next = at;
			link = &parent->left;
		} else {
			prev = at;
			link = &parent->right;
		}
	}
	ASSERT(!prev || prev->end <= area->start);
	ASSERT(!next || area->end <= next->start);
	area->gap = area->start - (prev ? prev->end : 0);
	rb_insert(&area->node, parent, link, &mm->areas, area_update);
	if (next) {
		next->gap = next->start - area->end;
		rb_propagate(&next->node, area_update);
	}
	mm->area_count++;
}

void area_insert(struct mm *mm, struct vm_area *area)
{
	tree_insert(mm, area);
	account(mm, area, (long)area_pages(area));
	if (area->mapping) {
		mutex_lock(&area->mapping->areas_lock);
		list_add_tail(&area->mapping_node, &area->mapping->areas);
		mutex_unlock(&area->mapping->areas_lock);
	}
}

void area_remove(struct mm *mm, struct vm_area *area)
{
	struct vm_area *next = mm_area_next(area);

	if (area->mapping) {
		mutex_lock(&area->mapping->areas_lock);
		list_del(&area->mapping_node);
		mutex_unlock(&area->mapping->areas_lock);
	}
	account(mm, area, -(long)area_pages(area));
	WRITE_ONCE(mm->area_cache, NULL);
	rb_erase(&area->node, &mm->areas, area_update);
	mm->area_count--;
	if (next)
		gap_refresh(next);
}

void area_destroy(struct mm *mm, struct vm_area *area)
{
	area_remove(mm, area);
	if (area->ops && area->ops->close)
		area->ops->close(area);
	area_free(area);
}

void area_resize(struct mm *mm, struct vm_area *area, unsigned long start, unsigned long end,
		 u64 pgoff)
{
	struct vm_area *next = mm_area_next(area);

	account(mm, area, -(long)area_pages(area));
	mapping_lock(area);
	area->start = start;
	area->end = end;
	area->pgoff = pgoff;
	mapping_unlock(area);
	account(mm, area, (long)area_pages(area));
	gap_refresh(area);
	if (next)
		gap_refresh(next);
}

void area_change(struct mm *mm, struct vm_area *area, unsigned int prot, unsigned int flags)
{
	account(mm, area, -(long)area_pages(area));
	area->prot = prot;
	area->flags = flags;
	account(mm, area, (long)area_pages(area));
}

/* ---- splitting and joining ---- */

int area_split(struct mm *mm, struct vm_area *area, unsigned long addr, struct vm_area **out)
{
	struct vm_area *upper;

	ASSERT(addr > area->start && addr < area->end);
	if (mm->area_count >= AREAS_MAX)
		return -ENOMEM;
	upper = area_new(mm);
	if (!upper)
		return -ENOMEM;
	upper->start = addr;
	upper->end = area->end;
	upper->prot = area->prot;
	upper->flags = area->flags;
	upper->pgoff = area->ops ? area_pgoff(area, addr) : 0;
	upper->file = area->file;
	upper->ops = area->ops;
	upper->mapping = area->mapping;
	upper->has_anon = area->has_anon;
	upper->private = area->private;
	if (upper->ops && upper->ops->open)
		upper->ops->open(upper);

	/* On the file's list the two change as one: truncation must see every page in an area. */
	mapping_lock(area);
	account(mm, area, -(long)area_pages(area));
	area->end = addr;
	account(mm, area, (long)area_pages(area));
	if (upper->mapping)
		list_add(&upper->mapping_node, &area->mapping_node);
	mapping_unlock(area);
	tree_insert(mm, upper);
	account(mm, upper, (long)area_pages(upper));
	if (out)
		*out = upper;
	return 0;
}

int area_narrow(struct mm *mm, struct vm_area **area, unsigned long start, unsigned long end)
{
	int err = 0;

	if ((*area)->start < start)
		err = area_split(mm, *area, start, area);
	if (!err && (*area)->end > end)
		err = area_split(mm, *area, end, NULL);
	return err;
}

int area_isolate(struct mm *mm, unsigned long start, unsigned long end)
{
	struct vm_area *area = mm_area_find(mm, start);
	int err;

	if (area && area->start < start) {
		err = area_split(mm, area, start, NULL);
		if (err)
			return err;
	}
	area = mm_area_find(mm, end - 1);
	if (area && area->start < end && area->end > end)
		return area_split(mm, area, end, NULL);
	return 0;
}

static bool areas_alike(const struct vm_area *lower, const struct vm_area *upper)
{
	if (lower->end != upper->start || lower->prot != upper->prot ||
	    lower->flags != upper->flags || lower->ops != upper->ops ||
	    lower->file != upper->file || lower->private != upper->private ||
	    lower->mapping != upper->mapping || (lower->flags & VM_SPECIAL))
		return false;
	return !lower->ops || area_pgoff(lower, lower->end) == upper->pgoff;
}

/* upper becomes part of lower. */
static void areas_join(struct mm *mm, struct vm_area *lower, struct vm_area *upper)
{
	unsigned long end = upper->end;
	struct vm_area *next;

	lower->has_anon |= upper->has_anon;
	mapping_lock(lower);
	account(mm, upper, -(long)area_pages(upper));
	account(mm, lower, -(long)area_pages(lower));
	if (upper->mapping)
		list_del(&upper->mapping_node);
	lower->end = end;
	account(mm, lower, (long)area_pages(lower));
	mapping_unlock(lower);
	WRITE_ONCE(mm->area_cache, NULL);
	rb_erase(&upper->node, &mm->areas, area_update);
	mm->area_count--;
	next = mm_area_next(lower);
	if (next)
		gap_refresh(next);
	if (upper->ops && upper->ops->close)
		upper->ops->close(upper);
	area_free(upper);
}

struct vm_area *area_merge(struct mm *mm, struct vm_area *area)
{
	struct vm_area *prev = area_prev(area), *next = mm_area_next(area);

	if (next && areas_alike(area, next))
		areas_join(mm, area, next);
	if (prev && areas_alike(prev, area)) {
		areas_join(mm, prev, area);
		area = prev;
	}
	return area;
}

struct vm_area *area_extend_anon(struct mm *mm, unsigned long start, unsigned long end,
				 unsigned int prot, unsigned int flags)
{
	struct vm_area *next = mm_area_find(mm, start);
	struct vm_area *prev = next ? area_prev(next) : area_of(rb_last(&mm->areas));

	if (prev && prev->end == start && area_is_anon(prev) && prev->prot == prot &&
	    prev->flags == flags) {
		area_resize(mm, prev, prev->start, end, 0);
		return area_merge(mm, prev);
	}
	if (next && next->start == end && area_is_anon(next) && next->prot == prot &&
	    next->flags == flags) {
		area_resize(mm, next, start, next->end, 0);
		return next;
	}
	return NULL;
}

/* ---- looking for room ---- */

struct gap_search {
	unsigned long length, low, high, found;
};

static bool gap_fits(struct gap_search *search, unsigned long start, unsigned long end)
{
	start = max(start, search->low);
	end = min(end, search->high);
	if (end < search->length || end - search->length < start)
		return false;
	search->found = end - search->length;
	return true;
}

/* Highest gap first. Subtrees whose gaps are all too small, or too high, are not entered. */
static bool gap_search_tree(struct gap_search *search, struct rb_node *node)
{
	for (; node; node = node->left) {
		struct vm_area *area = area_of(node);
		unsigned long gap_end = area->start;

		if (area->subtree_gap < search->length)
			return false;
		if (area->end < search->high && gap_search_tree(search, node->right))
			return true;
		if (area->flags & VM_GROWSDOWN)
			gap_end -= min(area->gap, STACK_GUARD);
		if (area->gap >= search->length &&
		    gap_fits(search, area->start - area->gap, gap_end))
			return true;
		if (area->start - area->gap <= search->low)
			return false;
	}
	return false;
}

unsigned long area_find_gap(struct mm *mm, unsigned long length, unsigned long low,
			    unsigned long high)
{
	struct gap_search search = {.length = length, .low = low, .high = high};
	struct rb_node *last = rb_last(&mm->areas);

	if (gap_fits(&search, last ? area_of(last)->end : 0, high) ||
	    gap_search_tree(&search, mm->areas.node))
		return search.found;
	return 0;
}
