/*
 * mmap, munmap, brk, and the areas that exec makes.
 */
#include "lib/assert.h"
#include "lib/string.h"
#include "mm/mm_int.h"
#include "mm/page_int.h"
#include "vfs/file.h"
#include "vfs/pagecache.h"

#define LOW_2GB ((unsigned long)1 << 31)

/* The flags that decide whether areas can be one; what mmap passes through. */
#define MAP_TYPE_KNOWN                                                                             \
	(MAP_SHARED | MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_DENYWRITE |    \
	 MAP_EXECUTABLE | MAP_LOCKED | MAP_NORESERVE | MAP_POPULATE | MAP_NONBLOCK | MAP_STACK |   \
	 MAP_HUGETLB | MAP_SYNC | MAP_FIXED_NOREPLACE | MAP_32BIT_FLAG)
#ifdef MAP_32BIT
#define MAP_32BIT_FLAG MAP_32BIT
#else
#define MAP_32BIT_FLAG 0
#endif

bool limits_allow(struct mm *mm, size_t pages, unsigned int prot, unsigned int flags)
{
	if (mm->total_pages + pages > mm->as_limit >> PAGE_SHIFT)
		return false;
	if ((prot & PROT_WRITE) && !(flags & (VM_SHARED | VM_GROWSDOWN))) {
		if (mm->data_pages + pages > mm->data_limit >> PAGE_SHIFT)
			return false;
		/* As Linux's heuristic: refuse only what can never be there all at once. */
		if (!(flags & VM_NORESERVE)) {
			struct mm_stats stats;

			if (pages > 4096) {
				mm_stats_get(&stats);
				if (pages > stats.total)
					return false;
			}
		}
	}
	if (flags & VM_LOCKED && mm->locked_pages + pages > mm->memlock_limit >> PAGE_SHIFT)
		return false;
	return true;
}

/* Where a mapping goes that need not be at addr. 0: no room. */
static unsigned long place_find(struct mm *mm, unsigned long addr, size_t length,
				unsigned int map_flags)
{
	unsigned long high = mm->mmap_top, found;

	if (length > MMU_USER_MAX - MMU_USER_MIN)
		return 0;
	if (map_flags & MAP_32BIT_FLAG)
		high = min(high, LOW_2GB);
	addr = page_round_up(addr);
	if (addr >= MMU_USER_MIN && addr <= MMU_USER_MAX - length &&
	    !(map_flags & MAP_32BIT_FLAG && addr + length > LOW_2GB)) {
		struct vm_area *area = mm_area_find(mm, addr);
		unsigned long guard = area && area->flags & VM_GROWSDOWN ? STACK_GUARD : 0;

		if (!area || addr + length + guard <= area->start)
			return addr;
	}
	found = area_find_gap(mm, length, MMU_USER_MIN, high);
	if (!found && !(map_flags & MAP_32BIT_FLAG)) /* above the usual place, too */
		found = area_find_gap(mm, length, MMU_USER_MIN, MMU_USER_MAX);
	return found;
}

/* Rights of a mapping of this file, as VM_* flags. */
static int file_rights(struct file *file, unsigned int prot, unsigned int map_flags,
		       unsigned int *flags)
{
	unsigned int type = map_flags & MAP_TYPE;

	if (!(file->mode & FILE_READ))
		return -EACCES;
	*flags |= VM_MAYREAD | VM_MAYEXEC | VM_MAYWRITE;
	if (type != MAP_PRIVATE) {
		*flags |= VM_SHARED;
		if (!(file->mode & FILE_WRITE)) {
			if (prot & PROT_WRITE)
				return -EACCES;
			*flags &= ~(unsigned int)VM_MAYWRITE;
		}
	}
	if (!file->ops->mmap)
		return -ENODEV;
	return 0;
}

static int flags_check(unsigned int map_flags, struct file *file, u64 offset, size_t length)
{
	unsigned int type = map_flags & MAP_TYPE;

	if (type != MAP_PRIVATE && type != MAP_SHARED && type != MAP_SHARED_VALIDATE)
		return -EINVAL;
	if (type == MAP_SHARED_VALIDATE &&
	    (!file || map_flags & (MAP_SYNC | ~(unsigned int)(MAP_TYPE | MAP_TYPE_KNOWN))))
		return -EOPNOTSUPP;
	if (map_flags & MAP_HUGETLB)
		return -ENOMEM; /* the pool of huge pages is empty */
	if (!is_aligned(offset, PAGE_SIZE))
		return -EINVAL;
	if (!length)
		return -EINVAL;
	if (offset + length < offset || (file && offset + length > (u64)S64_MAX))
		return -EOVERFLOW;
	return 0;
}

/* Gives a fresh area its backing. */
static int area_attach(struct vm_area *area, struct file *file)
{
	if (file)
		return file->ops->mmap(file, area);
	if (area->flags & VM_SHARED)
		return shared_anon_attach(area);
	return 0;
}

/* mm->lock held for writing; the range is free. */
static int area_make(struct mm *mm, unsigned long start, size_t length, unsigned int prot,
		     unsigned int flags, struct file *file, u64 pgoff)
{
	struct vm_area *area;
	int err;

	if (!file && !(flags & VM_SHARED) &&
	    area_extend_anon(mm, start, start + length, prot, flags))
		return 0;
	if (mm->area_count >= AREAS_MAX)
		return -ENOMEM;
	area = area_new(mm);
	if (!area)
		return -ENOMEM;
	area->start = start;
	area->end = start + length;
	area->prot = prot;
	area->flags = flags;
	area->pgoff = pgoff;
	err = area_attach(area, file);
	if (err) {
		area_free(area);
		return err;
	}
	area_insert(mm, area);
	if (file)
		area_merge(mm, area);
	return 0;
}

long mm_mmap(struct mm *mm, unsigned long addr, size_t length, unsigned int prot,
	     unsigned int map_flags, struct file *file, u64 offset)
{
	unsigned int flags = 0;
	int err = flags_check(map_flags, file, offset, length);

	if (err)
		return err;
	length = page_round_up(length);
	if (!length || length > MMU_USER_MAX)
		return -ENOMEM;
	prot &= PROT_ACCESS;
	if (file) {
		err = file_rights(file, prot, map_flags, &flags);
		if (err)
			return err;
	} else {
		flags |= VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC;
		if ((map_flags & MAP_TYPE) != MAP_PRIVATE)
			flags |= VM_SHARED;
	}
	if (map_flags & MAP_GROWSDOWN) {
		if (file || flags & VM_SHARED)
			return -EINVAL;
		flags |= VM_GROWSDOWN;
	}
	flags |= map_flags & MAP_NORESERVE ? VM_NORESERVE : 0;
	flags |= map_flags & MAP_LOCKED ? VM_LOCKED : 0;
	if (map_flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) {
		if (!is_aligned(addr, PAGE_SIZE))
			return -EINVAL;
		if (!user_range_ok(addr, length))
			return -ENOMEM;
		if (addr < MMU_USER_MIN)
			return -EPERM;
	}

	rwsem_write_lock(&mm->lock);
	if (mm->lock_future)
		flags |= VM_LOCKED;
	if (map_flags & MAP_FIXED_NOREPLACE) {
		if (area_overlapping(mm, addr, addr + length))
			err = -EEXIST;
	} else if (map_flags & MAP_FIXED) {
		err = unmap_locked(mm, addr, addr + length);
	} else {
		addr = place_find(mm, addr, length, map_flags);
		if (!addr)
			err = -ENOMEM;
	}
	if (!err && !limits_allow(mm, length >> PAGE_SHIFT, prot, flags))
		err = flags & VM_LOCKED && limits_allow(mm, length >> PAGE_SHIFT, prot,
							flags & ~(unsigned int)VM_LOCKED)
			  ? -EAGAIN
			  : -ENOMEM;
	if (!err)
		err =
		    area_make(mm, addr, length, prot, flags, file, file ? offset >> PAGE_SHIFT : 0);
	rwsem_write_unlock(&mm->lock);
	if (err)
		return err;
	/* Populating is an attempt: what fails now will fault later. */
	if (map_flags & (MAP_LOCKED | MAP_POPULATE) &&
	    !(map_flags & MAP_NONBLOCK && !(map_flags & MAP_LOCKED)))
		(void)!fault_populate(mm, addr, addr + length);
	return (long)addr;
}

int mm_munmap(struct mm *mm, unsigned long addr, size_t length)
{
	int err;

	if (!length || length > MMU_USER_MAX || !user_range_ok(addr, page_round_up(length)))
		return -EINVAL;
	rwsem_write_lock(&mm->lock);
	err = unmap_locked(mm, addr, addr + page_round_up(length));
	rwsem_write_unlock(&mm->lock);
	return err;
}

unsigned long mm_brk(struct mm *mm, unsigned long brk)
{
	unsigned int flags = VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC;
	unsigned long old_end, new_end, result;
	bool locked = false;

	rwsem_write_lock(&mm->lock);
	result = mm->brk;
	if (mm->lock_future)
		flags |= VM_LOCKED;
	if (brk < mm->brk_start || brk >= MMU_USER_MAX)
		goto out;
	if (brk - mm->brk_start + (mm->data_end - mm->data_start) > mm->data_limit)
		goto out;
	old_end = page_round_up(mm->brk);
	new_end = page_round_up(brk);
	if (new_end < old_end) {
		if (unmap_locked(mm, new_end, old_end))
			goto out;
	} else if (new_end > old_end) {
		struct vm_area *next = mm_area_find(mm, old_end);
		unsigned long guard = next && next->flags & VM_GROWSDOWN ? STACK_GUARD : PAGE_SIZE;

		if (next && new_end + guard > next->start)
			goto out;
		if (!limits_allow(mm, (new_end - old_end) >> PAGE_SHIFT, PROT_READ | PROT_WRITE,
				  flags))
			goto out;
		if (area_make(mm, old_end, new_end - old_end, PROT_READ | PROT_WRITE, flags, NULL,
			      0))
			goto out;
		locked = flags & VM_LOCKED;
	}
	result = mm->brk = brk;
out:
	rwsem_write_unlock(&mm->lock);
	if (locked)
		(void)!fault_populate(mm, old_end, new_end);
	return result;
}

int mm_map_stack(struct mm *mm, unsigned long top, size_t size, unsigned int prot)
{
	int err = -ENOMEM;

	rwsem_write_lock(&mm->lock);
	if (user_range_ok(top - size, size) && !area_overlapping(mm, top - size, top))
		err = area_make(mm, top - size, size, prot,
				VM_GROWSDOWN | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC, NULL, 0);
	if (!err)
		mm->stack_top = top;
	rwsem_write_unlock(&mm->lock);
	return err;
}

/* ---- the kernel's own pages ---- */

struct special {
	u32 refs; /* guarded by nothing but atomicity */
	unsigned int n;
	const char *name;
	struct page *pages[];
};

static void special_open(struct vm_area *area)
{
	struct special *special = area->private;

	__atomic_fetch_add(&special->refs, 1, __ATOMIC_RELAXED);
}

static void special_close(struct vm_area *area)
{
	struct special *special = area->private;

	if (__atomic_sub_fetch(&special->refs, 1, __ATOMIC_ACQ_REL) == 0)
		kfree(special);
}

static int special_fault(struct vm_area *area, u64 pgoff, struct page **out)
{
	struct special *special = area->private;

	if (pgoff >= special->n)
		return -EFAULT;
	*out = special->pages[pgoff];
	page_get(*out);
	return 0;
}

static void special_fault_around(struct vm_area *area, u64 first, unsigned int n, struct page **out)
{
	for (unsigned int i = 0; i < n; i++)
		if (special_fault(area, first + i, &out[i]))
			out[i] = NULL;
}

static const char *special_name(struct vm_area *area)
{
	struct special *special = area->private;

	return special->name;
}

static const struct vm_area_ops special_ops = {
    .open = special_open,
    .close = special_close,
    .fault = special_fault,
    .fault_around = special_fault_around,
    .name = special_name,
};

long mm_map_special(struct mm *mm, unsigned long hint, struct page **pages, unsigned int n,
		    unsigned int prot, const char *name)
{
	struct special *special = kmalloc(sizeof(*special) + n * sizeof(pages[0]), MM_NORMAL);
	struct vm_area *area = area_new(mm);
	unsigned long addr;

	if (!special || !area)
		goto fail;
	*special = (struct special){.refs = 1, .n = n, .name = name};
	memcpy(special->pages, pages, n * sizeof(pages[0]));
	rwsem_write_lock(&mm->lock);
	addr = place_find(mm, hint, (size_t)n << PAGE_SHIFT, 0);
	if (addr) {
		area->start = addr;
		area->end = addr + ((unsigned long)n << PAGE_SHIFT);
		area->prot = prot;
		area->flags = VM_SPECIAL | VM_MAYREAD | VM_MAYEXEC;
		area->ops = &special_ops;
		area->private = special;
		area_insert(mm, area);
	}
	rwsem_write_unlock(&mm->lock);
	if (addr)
		return (long)addr;
fail:
	kfree(special);
	if (area)
		area_free(area);
	return -ENOMEM;
}
