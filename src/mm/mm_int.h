/* What the files of address spaces need of each other. */
#ifndef ARAMID_MM_MM_INT_H
#define ARAMID_MM_MM_INT_H

#include "mm/mm.h"

#include <linux/mman.h>

#define AREAS_MAX    65530                              /* per address space, as vm.max_map_count */
#define STACK_GUARD  ((unsigned long)256 << PAGE_SHIFT) /* kept free below a stack */
#define FAULT_AROUND 16u /* pages, aligned, that a file fault maps if they are cached */
#define PROT_ACCESS  (PROT_READ | PROT_WRITE | PROT_EXEC)

static inline size_t area_pages(const struct vm_area *area)
{
	return (area->end - area->start) >> PAGE_SHIFT;
}

static inline bool area_is_anon(const struct vm_area *area)
{
	return !area->ops;
}

static inline u64 area_pgoff(const struct vm_area *area, unsigned long va)
{
	return area->pgoff + ((va - area->start) >> PAGE_SHIFT);
}

/* Whether the area's private writes are charged and its pages are the process's own. */
static inline bool area_is_private_writable(const struct vm_area *area)
{
	return (area->prot & PROT_WRITE) && !(area->flags & VM_SHARED);
}

/* What entries of the area allow, before copy-on-write and dirty tracking take writing away. */
static inline unsigned int area_pte_prot(const struct vm_area *area)
{
	unsigned int prot = PTE_USER;

	if (area->prot & PROT_ACCESS)
		prot |= PTE_READ;
	if (area->prot & PROT_WRITE)
		prot |= PTE_WRITE;
	if (area->prot & PROT_EXEC)
		prot |= PTE_EXEC;
	return prot;
}

static inline unsigned long page_round_up(unsigned long n)
{
	return (n + PAGE_SIZE - 1) & PAGE_MASK;
}

/* [addr, addr + length) is page-aligned and lies in the user half; length may be 0. */
static inline bool user_range_ok(unsigned long addr, unsigned long length)
{
	return is_aligned(addr, PAGE_SIZE) && length <= MMU_USER_MAX &&
	       addr <= MMU_USER_MAX - length;
}

/* ---- area.c: the map. mm->lock is held for writing unless said otherwise ---- */

void area_init(void);
struct vm_area *area_new(struct mm *mm); /* zeroed; NULL on no memory */
void area_free(struct vm_area *area);    /* the memory only */

struct vm_area *area_first(struct mm *mm);
struct vm_area *area_prev(struct vm_area *area);
/* Any area that overlaps [start, end), the first such. lock held, reading is enough. */
struct vm_area *area_overlapping(struct mm *mm, unsigned long start, unsigned long end);

/* Puts a new area into the tree (its range is free), on its mapping's list, and into the accounts.
 */
void area_insert(struct mm *mm, struct vm_area *area);
/* Takes it out again; the area still exists. */
void area_remove(struct mm *mm, struct vm_area *area);
/* Removes, drops the backing, frees. */
void area_destroy(struct mm *mm, struct vm_area *area);
/* Another place for an area that stays between its neighbours. */
void area_resize(struct mm *mm, struct vm_area *area, unsigned long start, unsigned long end,
		 u64 pgoff);
/* Splits at addr inside the area, which keeps the lower part; *upper gets the rest. -ENOMEM. */
int __must_check area_split(struct mm *mm, struct vm_area *area, unsigned long addr,
			    struct vm_area **upper);
/* Splits off what of *area lies outside [start, end); *area is then what lies inside. -ENOMEM. */
int __must_check area_narrow(struct mm *mm, struct vm_area **area, unsigned long start,
			     unsigned long end);
/* Splits so that areas begin and end at the borders of [start, end). -ENOMEM. */
int __must_check area_isolate(struct mm *mm, unsigned long start, unsigned long end);
/* Joins the area with its neighbours where they are alike; returns the joined area. */
struct vm_area *area_merge(struct mm *mm, struct vm_area *area);
/* Whether an area of these properties at [start, end) would just extend what is there; extends it.
 * Anonymous areas only. */
struct vm_area *area_extend_anon(struct mm *mm, unsigned long start, unsigned long end,
				 unsigned int prot, unsigned int flags);
/* The highest free range of this length in [low, high): its start, or 0. */
unsigned long area_find_gap(struct mm *mm, unsigned long length, unsigned long low,
			    unsigned long high);
/* Changes prot and flags, keeping the accounts. */
void area_change(struct mm *mm, struct vm_area *area, unsigned int prot, unsigned int flags);

/* ---- unmap.c ---- */

/* Takes [start, end) of an area out of the tables, flushes and frees. */
void zap_range(struct mm *mm, struct vm_area *area, unsigned long start, unsigned long end);
/* Unmaps whatever is in [start, end). mm->lock held for writing. */
int __must_check unmap_locked(struct mm *mm, unsigned long start, unsigned long end);
/* Removes all areas. flush: other CPUs may still use the space. */
void unmap_all(struct mm *mm, bool flush);

/* ---- fault.c ---- */

extern struct page *zero_page;
void fault_init(void);

enum fault_access { FAULT_READ = 0, FAULT_WRITE = 1, FAULT_EXEC = 2 };
/* Resolves one fault in an area that allows the access. mm->lock held for reading. 0, -EIO,
 * -ENOMEM. */
int __must_check fault_area(struct mm *mm, struct vm_area *area, unsigned long va,
			    unsigned int access);
/* Faults in [start, end) as mlock and MAP_POPULATE want it; stops at errors. Takes mm->lock. */
int __must_check fault_populate(struct mm *mm, unsigned long start, unsigned long end);
/* Leaf entry, with tables made; takes table_lock and returns with it held. NULL: no memory, not
 * held. */
pte_t *fault_pte_lock(struct mm *mm, unsigned long va) __try_acquires(true, mm->table_lock);
/* Grows a stack area down to hold va. mm->lock held for writing. -EFAULT, -ENOMEM. */
int __must_check stack_grow(struct mm *mm, struct vm_area *area, unsigned long va);

/* The page at va for the kernel to use: referenced. Takes mm->lock. -EFAULT, -ENOMEM. */
int __must_check fault_get_page(struct mm *mm, unsigned long va, bool write, struct page **out);

/* ---- mm.c ---- */
void mm_spaces_init(void);

/* ---- mmap.c ---- */
bool limits_allow(struct mm *mm, size_t pages, unsigned int prot, unsigned int flags);

/* ---- shared.c ---- */
extern const struct vm_area_ops shared_anon_ops;
/* Backs a MAP_SHARED|MAP_ANONYMOUS area. -ENOMEM. */
int __must_check shared_anon_attach(struct vm_area *area);

#endif
