/*
 * mprotect and mlock: changing what areas allow.
 */
#include "lib/atomic.h"
#include "lib/park.h"
#include "mm/mm_int.h"
#include "mm/page_int.h"

/* Whether an entry that maps a private page of ours alone may be writable at once, without a fault.
 */
static inline bool entry_may_write(const struct vm_area *area, pte_t pte)
{
	if (area->flags & VM_SHARED)
		return pte_writable(pte) || !area->ops->page_mkwrite;
	struct page *page = page_from_pfn(pte_phys(pte) >> PAGE_SHIFT);

	return page && page->flags & BIT(PG_ANON) && atomic_load_relaxed(&page->refs) == 1;
}

/* Gives the entries of [va, end) the area's new rights. less: some right is taken away, TLBs must
 * know. */
static void entries_protect(struct mm *mm, struct vm_area *area, unsigned long va,
			    unsigned long end, bool less)
{
	unsigned int prot = area_pte_prot(area);
	unsigned long first = ULONG_MAX, last = 0;

	spin_lock(&mm->table_lock);
	while ((va = mmu_next_table(&mm->mmu, va, end)) < end) {
		unsigned long stop = min(end, pte_in_table_end(va));
		pte_t *pte = mmu_pte(&mm->mmu, va, false);

		for (; va < stop; va += PAGE_SIZE, pte++) {
			pte_t old = pte_read(pte);
			unsigned int now = prot;

			if (pte_none(old))
				continue;
			if (now & PTE_WRITE && !entry_may_write(area, old))
				now &= ~(unsigned int)PTE_WRITE;
			/* Of shared pages the processor may be setting the dirty bit. */
			if (area->flags & VM_SHARED)
				old = pte_exchange(pte, (pte_t){0});
			pte_write(pte, pte_change_prot(old, now));
			if (first == ULONG_MAX)
				first = va;
			last = va + PAGE_SIZE;
		}
	}
	if (less && last)
		mmu_flush_range(&mm->mmu, first, last);
	spin_unlock(&mm->table_lock);
}

static int area_may(const struct vm_area *area, unsigned int prot)
{
	if ((prot & PROT_READ && !(area->flags & VM_MAYREAD)) ||
	    (prot & PROT_WRITE && !(area->flags & VM_MAYWRITE)) ||
	    (prot & PROT_EXEC && !(area->flags & VM_MAYEXEC)))
		return -EACCES;
	return 0;
}

static int area_protect(struct mm *mm, struct vm_area **areap, unsigned long start,
			unsigned long end, unsigned int prot)
{
	struct vm_area *area = *areap;
	unsigned int old = area->prot;
	int err;

	if (prot == old)
		return 0;
	err = area_may(area, prot);
	if (err)
		return err;
	if (prot & PROT_WRITE && !(old & PROT_WRITE) && !(area->flags & VM_SHARED) &&
	    !limits_allow(mm, 0, prot, area->flags))
		return -ENOMEM;
	err = area_narrow(mm, &area, start, end);
	if (err)
		return err;
	area_change(mm, area, prot, area->flags);
	entries_protect(mm, area, area->start, area->end, (old & ~prot) != 0);
	*areap = area_merge(mm, area);
	return 0;
}

int mm_mprotect(struct mm *mm, unsigned long addr, size_t length, unsigned int prot)
{
	unsigned int grows = prot & (PROT_GROWSDOWN | PROT_GROWSUP);
	unsigned long at, end;
	int err = 0;

	if (prot & ~(unsigned int)(PROT_ACCESS | PROT_SEM | PROT_GROWSDOWN | PROT_GROWSUP) ||
	    grows == (PROT_GROWSDOWN | PROT_GROWSUP) || !is_aligned(addr, PAGE_SIZE))
		return -EINVAL;
	if (!length)
		return 0;
	length = page_round_up(length);
	if (!length || !user_range_ok(addr, length))
		return -ENOMEM;
	prot &= PROT_ACCESS;
	end = addr + length;

	rwsem_write_lock(&mm->lock);
	struct vm_area *area = mm_area_find(mm, addr);

	if (grows == PROT_GROWSDOWN && area && area->start < end) {
		if (!(area->flags & VM_GROWSDOWN))
			err = -EINVAL;
		addr = area->start;
	} else if (!area || area->start > addr) {
		err = -ENOMEM;
	}
	for (at = addr; !err && at < end;) {
		area = mm_area_find(mm, at);
		if (!area || area->start > at) {
			err = -ENOMEM; /* what lies before the hole has been changed, as Linux does
					  it */
			break;
		}
		unsigned long stop = min(area->end, end);

		err = area_protect(mm, &area, at, stop, prot);
		at = stop;
	}
	rwsem_write_unlock(&mm->lock);
	return err;
}

/* ---- locking ---- */

static int area_lock(struct mm *mm, struct vm_area *area, unsigned long start, unsigned long end,
		     bool lock)
{
	unsigned int flags =
	    lock ? area->flags | VM_LOCKED : area->flags & ~(unsigned int)VM_LOCKED;
	int err;

	if (flags == area->flags || area->flags & VM_SPECIAL)
		return 0;
	err = area_narrow(mm, &area, start, end);
	if (err)
		return err;
	area_change(mm, area, area->prot, flags);
	area_merge(mm, area);
	return 0;
}

int mm_mlock(struct mm *mm, unsigned long addr, size_t length, bool lock, u64 limit)
{
	unsigned long start = addr & PAGE_MASK, end, at;
	int err = 0;

	length = page_round_up(length + (addr - start));
	if (!user_range_ok(start, length))
		return lock ? -ENOMEM : -EINVAL;
	if (!length)
		return 0;
	end = start + length;
	rwsem_write_lock(&mm->lock);
	if (lock && mm->locked_pages + (length >> PAGE_SHIFT) > limit >> PAGE_SHIFT) {
		/* What is locked already does not count twice. */
		size_t fresh = 0;

		for (struct vm_area *area = mm_area_find(mm, start); area && area->start < end;
		     area = mm_area_next(area))
			if (!(area->flags & VM_LOCKED))
				fresh +=
				    (min(area->end, end) - max(area->start, start)) >> PAGE_SHIFT;
		if (mm->locked_pages + fresh > limit >> PAGE_SHIFT)
			err = limit ? -ENOMEM : -EPERM;
	}
	for (at = start; !err && at < end;) {
		struct vm_area *area = mm_area_find(mm, at);

		if (!area || area->start > at) {
			err = -ENOMEM;
			break;
		}
		unsigned long stop = min(area->end, end);

		err = area_lock(mm, area, at, stop, lock);
		at = stop;
	}
	rwsem_write_unlock(&mm->lock);
	if (!err && lock)
		err = fault_populate(mm, start, end);
	return err;
}

int mm_mlockall(struct mm *mm, int flags, u64 limit)
{
	struct vm_area *area;
	int err = 0;

	if (flags & ~(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) || flags == MCL_ONFAULT)
		return -EINVAL;
	rwsem_write_lock(&mm->lock);
	if (flags & MCL_CURRENT && mm->total_pages > limit >> PAGE_SHIFT)
		err = limit ? -ENOMEM : -EPERM;
	if (!err)
		mm->lock_future = flags & MCL_FUTURE;
	if (!err && (!flags || flags & MCL_CURRENT))
		for (area = area_first(mm); area && !err; area = mm_area_next(area))
			if (!(area->flags & VM_SPECIAL))
				area_change(mm, area, area->prot,
					    flags ? area->flags | VM_LOCKED
						  : area->flags & ~(unsigned int)VM_LOCKED);
	rwsem_write_unlock(&mm->lock);
	return err;
}
