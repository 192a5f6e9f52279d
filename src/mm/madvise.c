/*
 * madvise, msync and mincore: telling and asking about ranges.
 */
#include "lib/park.h"
#include "lib/string.h"
#include "mm/mm_int.h"
#include "mm/page_int.h"
#include "mm/usercopy.h"
#include "vfs/pagecache.h"

/* ---- madvise ---- */

/* Advice that drops or reads pages; mm->lock held for reading. */
static int advise_pages(struct mm *mm, struct vm_area *area, unsigned long start, unsigned long end,
			int advice)
{
	switch (advice) {
	case MADV_FREE:
		if (!area_is_anon(area))
			return -EINVAL;
		__fallthrough; /* memory that may be freed at any time is freed now */
	case MADV_DONTNEED:
		if (area->flags & (VM_LOCKED | VM_SPECIAL))
			return -EINVAL;
		zap_range(mm, area, start, end);
		return 0;
	case MADV_COLD:
	case MADV_PAGEOUT:
		return area->flags & (VM_LOCKED | VM_SPECIAL) ? -EINVAL : 0;
	case MADV_WILLNEED:
		if (area->ops && area->ops->willneed)
			area->ops->willneed(area, area_pgoff(area, start),
					    area_pgoff(area, end - 1));
		return 0;
	}
	return -EINVAL;
}

/* Advice that becomes a property of the area; mm->lock held for writing. */
static int advise_flags(struct mm *mm, struct vm_area *area, unsigned long start, unsigned long end,
			int advice)
{
	unsigned int flags = area->flags;
	int err;

	switch (advice) {
	case MADV_NORMAL:
		flags &= ~(unsigned int)(VM_RANDOM | VM_SEQUENTIAL);
		break;
	case MADV_RANDOM:
		flags = (flags & ~(unsigned int)VM_SEQUENTIAL) | VM_RANDOM;
		break;
	case MADV_SEQUENTIAL:
		flags = (flags & ~(unsigned int)VM_RANDOM) | VM_SEQUENTIAL;
		break;
	case MADV_DONTFORK:
		flags |= VM_DONTFORK;
		break;
	case MADV_DOFORK:
		if (flags & VM_SPECIAL)
			return -EINVAL;
		flags &= ~(unsigned int)VM_DONTFORK;
		break;
	case MADV_WIPEONFORK:
		if (!area_is_anon(area))
			return -EINVAL;
		flags |= VM_WIPEONFORK;
		break;
	case MADV_KEEPONFORK:
		flags &= ~(unsigned int)VM_WIPEONFORK;
		break;
	case MADV_HUGEPAGE:
		flags |= VM_HUGE_OK;
		break;
	case MADV_NOHUGEPAGE:
		flags &= ~(unsigned int)VM_HUGE_OK;
		break;
	default: /* only about dumps, which are not written, or merging, which is not done */
		return 0;
	}
	if (flags == area->flags)
		return 0;
	err = area_isolate(mm, start, end);
	if (err)
		return err;
	area = mm_area_find(mm, start);
	area_change(mm, area, area->prot, flags);
	area_merge(mm, area);
	return 0;
}

enum advice_kind { ADVICE_UNKNOWN, ADVICE_PAGES, ADVICE_FLAGS, ADVICE_POPULATE };

static enum advice_kind advice_kind(int advice)
{
	switch (advice) {
	case MADV_DONTNEED:
	case MADV_FREE:
	case MADV_WILLNEED:
	case MADV_COLD:
	case MADV_PAGEOUT:
		return ADVICE_PAGES;
	case MADV_NORMAL:
	case MADV_RANDOM:
	case MADV_SEQUENTIAL:
	case MADV_DONTFORK:
	case MADV_DOFORK:
	case MADV_WIPEONFORK:
	case MADV_KEEPONFORK:
	case MADV_HUGEPAGE:
	case MADV_NOHUGEPAGE:
	case MADV_DONTDUMP:
	case MADV_DODUMP:
	case MADV_MERGEABLE:
	case MADV_UNMERGEABLE:
		return ADVICE_FLAGS;
	case MADV_POPULATE_READ:
	case MADV_POPULATE_WRITE:
		return ADVICE_POPULATE;
	}
	return ADVICE_UNKNOWN;
}

/* MADV_POPULATE_*: every page must come to be there, or the call fails. */
static int advise_populate(struct mm *mm, unsigned long start, unsigned long end, bool write)
{
	for (unsigned long va = start; va < end; va += PAGE_SIZE) {
		struct page *page;
		int err = fault_get_page(mm, va, write, &page);

		if (err) {
			struct vm_area *area;

			rwsem_read_lock(&mm->lock);
			area = mm_area_find(mm, va);
			if (!area || area->start > va)
				err = -ENOMEM; /* a hole */
			else if (err == -EFAULT)
				err = -EINVAL; /* the area does not allow it */
			rwsem_read_unlock(&mm->lock);
			return err == -EIO ? -EFAULT : err;
		}
		page_put(page);
		thread_yield_point();
		if (thread_fatal_signal_pending())
			return -EINTR;
	}
	return 0;
}

int mm_madvise(struct mm *mm, unsigned long addr, size_t length, int advice)
{
	enum advice_kind kind = advice_kind(advice);
	unsigned long at, end;
	bool hole = false;
	int err = 0;

	if (kind == ADVICE_UNKNOWN || !is_aligned(addr, PAGE_SIZE))
		return -EINVAL;
	if (page_round_up(length) < length || !user_range_ok(addr, page_round_up(length)))
		return length > MMU_USER_MAX || addr + length < addr ? -EINVAL : -ENOMEM;
	length = page_round_up(length);
	if (!length)
		return 0;
	end = addr + length;
	if (kind == ADVICE_POPULATE)
		return advise_populate(mm, addr, end, advice == MADV_POPULATE_WRITE);
	if (kind == ADVICE_FLAGS)
		rwsem_write_lock(&mm->lock);
	else
		rwsem_read_lock(&mm->lock);
	for (at = addr; at < end && !err;) {
		struct vm_area *area = mm_area_find(mm, at);

		if (!area || area->start > at)
			hole = true; /* reported when the rest has been advised */
		if (!area || area->start >= end)
			break;
		unsigned long start = max(at, area->start), stop = min(end, area->end);

		if (kind == ADVICE_FLAGS)
			err = advise_flags(mm, area, start, stop, advice);
		else
			err = advise_pages(mm, area, start, stop, advice);
		at = stop;
	}
	if (kind == ADVICE_FLAGS)
		rwsem_write_unlock(&mm->lock);
	else
		rwsem_read_unlock(&mm->lock);
	return err ? err : hole ? -ENOMEM : 0;
}

/* ---- msync ---- */

int mm_msync(struct mm *mm, unsigned long addr, size_t length, int flags)
{
	unsigned long at, end;
	bool hole = false;
	int err = 0;

	if (flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC) || !is_aligned(addr, PAGE_SIZE) ||
	    (flags & MS_ASYNC && flags & MS_SYNC))
		return -EINVAL;
	if (page_round_up(length) < length || !user_range_ok(addr, page_round_up(length)))
		return -ENOMEM;
	end = addr + page_round_up(length);
	rwsem_read_lock(&mm->lock);
	for (at = addr; at < end && !err;) {
		struct vm_area *area = mm_area_find(mm, at);

		if (!area || area->start > at)
			hole = true;
		if (!area || area->start >= end)
			break;
		unsigned long start = max(at, area->start), stop = min(end, area->end);

		if (flags & MS_INVALIDATE && area->flags & VM_LOCKED)
			err = -EBUSY;
		/* Pages stored to are dirty in the page cache already: MS_ASYNC has nothing to
		 * start. */
		else if (flags & MS_SYNC && area->flags & VM_SHARED && area->ops->sync)
			err = area->ops->sync(area, area_pgoff(area, start),
					      area_pgoff(area, stop - 1));
		at = stop;
	}
	rwsem_read_unlock(&mm->lock);
	return err ? err : hole ? -ENOMEM : 0;
}

/* ---- mincore ---- */

/* Fills vec for [start, end), all in one area. */
static void area_resident(struct mm *mm, struct vm_area *area, unsigned long start,
			  unsigned long end, u8 *vec)
{
	for (unsigned long va = start; va < end; va += PAGE_SIZE) {
		pte_t *pte = mmu_pte(&mm->mmu, va, false);
		bool there = pte && !pte_none(pte_read(pte));

		if (!there && area->ops && area->ops->resident)
			there = area->ops->resident(area, area_pgoff(area, va));
		*vec++ = there;
	}
}

int mm_mincore(struct mm *mm, unsigned long addr, size_t length, unsigned char __user *user_vec)
{
	u8 vec[256];
	unsigned long end;

	if (!is_aligned(addr, PAGE_SIZE))
		return -EINVAL;
	if (page_round_up(length) < length || !user_range_ok(addr, page_round_up(length)))
		return -ENOMEM;
	end = addr + page_round_up(length);
	while (addr < end) {
		unsigned long stop = min(end, addr + sizeof(vec) * PAGE_SIZE), at = addr;
		int err = 0;

		rwsem_read_lock(&mm->lock);
		while (at < stop && !err) {
			struct vm_area *area = mm_area_find(mm, at);
			unsigned long until;

			if (!area || area->start > at) {
				err = -ENOMEM;
				break;
			}
			until = min(stop, area->end);
			area_resident(mm, area, at, until, vec + ((at - addr) >> PAGE_SHIFT));
			at = until;
		}
		rwsem_read_unlock(&mm->lock);
		if (err)
			return err;
		err = copy_to_user(user_vec, vec, (stop - addr) >> PAGE_SHIFT);
		if (err)
			return err;
		user_vec += (stop - addr) >> PAGE_SHIFT;
		addr = stop;
		thread_yield_point();
	}
	return 0;
}
