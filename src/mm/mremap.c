/*
 * mremap: areas that shrink, grow where they are, or move with their pages.
 */
#include "mm/mm_int.h"
#include "mm/page_int.h"
#include "vfs/pagecache.h"

/* Makes the tables that the destination needs; the areas' owner keeps them from going away again.
 */
static int tables_prepare(struct mm *mm, unsigned long from, unsigned long to, size_t length)
{
	unsigned long end = from + length, reach = pte_in_table_end(0);

	for (unsigned long va = from; (va = mmu_next_table(&mm->mmu, va, end)) < end;) {
		unsigned long stop = min(end, pte_in_table_end(va));

		/* What one source table maps can lie in two tables of the destination. */
		for (unsigned long at = va; at < stop; at = min(stop, at + reach)) {
			if (!fault_pte_lock(mm, to + (at - from)))
				return -ENOMEM;
			spin_unlock(&mm->table_lock);
		}
		if (!fault_pte_lock(mm, to + (stop - PAGE_SIZE - from)))
			return -ENOMEM;
		spin_unlock(&mm->table_lock);
		va = stop;
	}
	return 0;
}

/* Moves entries to another place of the same space. The areas of both places exist. */
static int tables_move(struct mm *mm, struct vm_area *from_area, struct vm_area *to_area,
		       unsigned long from, unsigned long to, size_t length) __no_lock_analysis
{
	unsigned long at = 0;
	int err = tables_prepare(mm, from, to, length);

	if (err)
		return err;
	/* Truncation must not look while a page is at neither place. */
	if (from_area->mapping)
		mutex_lock(&from_area->mapping->areas_lock);
	spin_lock(&mm->table_lock);
	for (;;) {
		at = mmu_next_table(&mm->mmu, from + at, from + length) - from;
		if (at >= length)
			break;
		unsigned long stop = min(pte_in_table_end(from + at) - from, length);

		for (; at < stop; at += PAGE_SIZE) {
			pte_t *src = mmu_pte(&mm->mmu, from + at, false);

			if (!pte_none(pte_read(src)))
				pte_write(mmu_pte(&mm->mmu, to + at, false),
					  pte_exchange(src, (pte_t){0}));
		}
	}
	mmu_flush_range(&mm->mmu, from, from + length);
	spin_unlock(&mm->table_lock);
	if (from_area->mapping)
		mutex_unlock(&from_area->mapping->areas_lock);
	to_area->has_anon |= from_area->has_anon;
	return 0;
}

/* Moves [addr, addr + old_length), the whole of its area, to a free place. */
static long area_move(struct mm *mm, struct vm_area *area, unsigned long addr, size_t old_length,
		      size_t new_length, unsigned long new_addr, bool keep_old)
{
	struct vm_area *copy = area_new(mm);
	int err;

	if (!copy)
		return -ENOMEM;
	copy->start = new_addr;
	copy->end = new_addr + new_length;
	copy->prot = area->prot;
	copy->flags = area->flags;
	copy->pgoff = area->ops ? area_pgoff(area, addr) : 0;
	copy->file = area->file;
	copy->ops = area->ops;
	copy->mapping = area->mapping;
	copy->private = area->private;
	if (copy->ops && copy->ops->open)
		copy->ops->open(copy);
	area_insert(mm, copy);
	err = tables_move(mm, area, copy, addr, new_addr, min(old_length, new_length));
	if (err) {
		area_destroy(mm, copy);
		return err;
	}
	if (!keep_old)
		err = unmap_locked(mm, addr, addr + old_length);
	area_merge(mm, copy);
	return err ? err : (long)new_addr;
}

/* Whether the area can become longer where it is. */
static bool can_grow(struct mm *mm, struct vm_area *area, unsigned long end)
{
	struct vm_area *next = mm_area_next(area);

	if (end > MMU_USER_MAX || end < area->end)
		return false;
	return !next || end + (next->flags & VM_GROWSDOWN ? STACK_GUARD : 0) <= next->start;
}

static long remap_locked(struct mm *mm, unsigned long addr, size_t old_length, size_t new_length,
			 unsigned int flags, unsigned long new_addr)
{
	struct vm_area *area = mm_area_find(mm, addr);
	bool duplicate = old_length == 0;
	int err;

	if (!area || area->start > addr)
		return -EFAULT;
	if (duplicate && !(area->flags & VM_SHARED))
		return -EINVAL;
	if (flags & MREMAP_DONTUNMAP && (area->flags & VM_SPECIAL))
		return -EINVAL;
	if (addr + old_length > area->end)
		return -EFAULT;
	if (area->flags & VM_SPECIAL && new_length > old_length)
		return -EFAULT;
	if (flags & MREMAP_FIXED) {
		err = unmap_locked(mm, new_addr, new_addr + new_length);
		if (err)
			return err;
		area = mm_area_find(mm, addr);
	}
	if (!duplicate && new_length < old_length) {
		err = unmap_locked(mm, addr + new_length, addr + old_length);
		if (err || !(flags & MREMAP_FIXED))
			return err ? err : (long)addr;
		old_length = new_length;
		area = mm_area_find(mm, addr);
	} else if (new_length == old_length && !(flags & (MREMAP_FIXED | MREMAP_DONTUNMAP))) {
		return (long)addr;
	}
	if (new_length > old_length &&
	    !limits_allow(mm, (new_length - old_length) >> PAGE_SHIFT, area->prot, area->flags))
		return area->flags & VM_LOCKED ? -EAGAIN : -ENOMEM;
	if (!duplicate && !(flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) &&
	    addr + old_length == area->end && can_grow(mm, area, addr + new_length)) {
		area_resize(mm, area, area->start, addr + new_length, area->pgoff);
		area_merge(mm, area);
		return (long)addr;
	}
	if (!(flags & MREMAP_MAYMOVE))
		return -ENOMEM;
	if (mm->area_count + 3 >= AREAS_MAX)
		return -ENOMEM;
	if (!(flags & MREMAP_FIXED)) {
		new_addr = area_find_gap(mm, new_length, MMU_USER_MIN, mm->mmap_top);
		if (!new_addr)
			return -ENOMEM;
	}
	if (!duplicate) {
		err = area_isolate(mm, addr, addr + old_length);
		if (err)
			return err;
		area = mm_area_find(mm, addr);
	}
	return area_move(mm, area, addr, old_length, new_length, new_addr,
			 duplicate || flags & MREMAP_DONTUNMAP);
}

long mm_mremap(struct mm *mm, unsigned long addr, size_t old_length, size_t new_length,
	       unsigned int flags, unsigned long new_addr)
{
	bool locked = false;
	long result;

	if (flags & ~(unsigned int)(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP) ||
	    (flags & (MREMAP_FIXED | MREMAP_DONTUNMAP) && !(flags & MREMAP_MAYMOVE)))
		return -EINVAL;
	if (flags & MREMAP_DONTUNMAP && page_round_up(old_length) != page_round_up(new_length))
		return -EINVAL;
	if (!is_aligned(addr, PAGE_SIZE) || !new_length)
		return -EINVAL;
	if (old_length > MMU_USER_MAX || new_length > MMU_USER_MAX)
		return -EINVAL;
	old_length = page_round_up(old_length);
	new_length = page_round_up(new_length);
	if (!user_range_ok(addr, old_length))
		return -EFAULT;
	if (flags & MREMAP_FIXED) {
		if (!user_range_ok(new_addr, new_length) || new_addr < MMU_USER_MIN)
			return -EINVAL;
		if (new_addr < addr + old_length && addr < new_addr + new_length)
			return -EINVAL;
	}
	rwsem_write_lock(&mm->lock);
	result = remap_locked(mm, addr, old_length, new_length, flags, new_addr);
	if (result > 0) {
		struct vm_area *area = mm_area_find(mm, (unsigned long)result);

		locked = area && area->flags & VM_LOCKED;
	}
	rwsem_write_unlock(&mm->lock);
	if (locked && new_length > old_length)
		(void)!fault_populate(mm, (unsigned long)result,
				      (unsigned long)result + new_length);
	return result;
}
