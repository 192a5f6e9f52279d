/*
 * Page faults.
 *
 * A fault holds mm->lock for reading, so that areas stand still and page tables are not freed;
 * entries are looked at without table_lock first, and looked at again under it before they are
 * changed. Whoever finds that an entry has changed meanwhile lets go and returns 0: the access is
 * tried again, and faults again if it must.
 */
#include "hw/thread.h"
#include "lib/assert.h"
#include "lib/atomic.h"
#include "lib/park.h"
#include "mm/mm_int.h"
#include "mm/page_int.h"
#include "vfs/pagecache.h"

#include <asm/siginfo.h>
#include <asm/signal.h>

struct page *zero_page;

void fault_init(void)
{
	zero_page = page_alloc(0, MM_ZERO);
	VERIFY(zero_page);
	page_flag_set(zero_page, PG_RESERVED);
}

static inline bool page_is_anon(const struct page *page)
{
	return page->flags & BIT(PG_ANON);
}

static inline struct page *pte_page(pte_t pte)
{
	return page_from_pfn(pte_phys(pte) >> PAGE_SHIFT);
}

pte_t *fault_pte_lock(struct mm *mm, unsigned long va) __no_lock_analysis
{
	for (;;) {
		spin_lock(&mm->table_lock);
		pte_t *pte = mmu_pte(&mm->mmu, va, true);

		if (likely(pte))
			return pte;
		/* Tables come from the reserve while the lock is held; make room without it. */
		spin_unlock(&mm->table_lock);
		struct page *page = page_alloc(0, MM_USER);

		if (!page)
			return NULL;
		page_put(page);
	}
}

/* table_lock held. */
static inline void rss_add_anon(struct mm *mm, struct vm_area *area, unsigned int n)
{
	mm->rss_anon += n;
	area->has_anon = true;
	mm_count(MM_COUNT_ANON, n);
}

/* ---- anonymous memory ---- */

static int anon_map_zero(struct mm *mm, struct vm_area *area, unsigned long va)
{
	pte_t *pte = fault_pte_lock(mm, va);

	if (!pte)
		return -ENOMEM;
	if (pte_none(pte_read(pte)))
		pte_write(pte,
			  pte_make(page_phys_inline(zero_page), area_pte_prot(area) & ~PTE_WRITE));
	spin_unlock(&mm->table_lock);
	return 0;
}

/*
 * How many pages to give to a first write at va: several when the ones before it are there already
 * (someone walks upwards through fresh memory) and memory is plentiful.
 */
static unsigned int anon_around(struct mm *mm, struct vm_area *area, const pte_t *pte,
				unsigned long va)
{
	unsigned long table = pte_in_table_end(va) - pte_in_table_end(0);
	unsigned long first = max(area->start, table), end = min(area->end, pte_in_table_end(va));
	size_t before = (va - first) >> PAGE_SHIFT, room = (end - va) >> PAGE_SHIFT, behind;
	unsigned int n;

	if (!pte || before < 4 || mm_free_pages() < 4096)
		return 1;
	for (behind = 1; behind <= 16 && behind <= before; behind++)
		if (pte_none(pte_read(pte - behind)))
			break;
	behind--;
	n = behind < 4 ? 1 : behind < 16 ? 4 : FAULT_AROUND;
	return (unsigned int)min((size_t)n, room);
}

/* Maps fresh zeroed frames at va and up to n - 1 pages behind it, in one leaf table. */
static int anon_map_fresh(struct mm *mm, struct vm_area *area, unsigned long va, unsigned int n)
{
	unsigned int prot = area_pte_prot(area), got, mapped = 0;
	struct page *pages[FAULT_AROUND];
	pte_t *pte;

	got = page_alloc_many(pages, n, MM_USER | MM_ZERO);
	if (!got)
		return -ENOMEM;
	pte = fault_pte_lock(mm, va);
	if (!pte) {
		page_put_many(pages, got);
		return -ENOMEM;
	}
	for (unsigned int i = 0; i < n && mapped < got; i++, pte++) {
		if (!pte_none(pte_read(pte))) {
			if (i == 0)
				break; /* someone else was faster */
			continue;
		}
		struct page *page = pages[mapped++];

		page->flags = BIT(PG_ANON);
		pte_write(pte, pte_mkdirty(pte_make(page_phys_inline(page), prot)));
	}
	if (mapped)
		rss_add_anon(mm, area, mapped);
	spin_unlock(&mm->table_lock);
	page_put_many(pages + mapped, got - mapped);
	return 0;
}

/* ---- files ---- */

/* Protection of an entry that maps the file's own page before a store was announced. */
static unsigned int file_pte_prot(const struct vm_area *area)
{
	unsigned int prot = area_pte_prot(area);

	if (!(area->flags & VM_SHARED) || area->ops->page_mkwrite)
		prot &= ~(unsigned int)PTE_WRITE;
	return prot;
}

/* Consumes the page's reference if it gets mapped. table_lock held. */
static bool file_map_page(struct mm *mm, struct vm_area *area, pte_t *pte, struct page *page,
			  unsigned int prot)
{
	if (!pte_none(pte_read(pte)))
		return false;
	if (area->mapping && READ_ONCE(page->mapping) != area->mapping)
		return false; /* truncated */
	atomic_fetch_add(&page->mapcount, 1);
	mm->rss_file++;
	pte_write(pte, pte_make(page_phys_inline(page), prot));
	return true;
}

/* Maps what is cached around va. True if va itself was among it. */
static bool file_fault_around(struct mm *mm, struct vm_area *area, unsigned long va)
{
	unsigned long window = FAULT_AROUND * PAGE_SIZE;
	unsigned long first = max(round_down(va, window), area->start);
	unsigned long end = min(round_down(va, window) + window, area->end);
	unsigned int n = (unsigned int)((end - first) >> PAGE_SHIFT);
	unsigned int target = (unsigned int)((va - first) >> PAGE_SHIFT);
	struct page *pages[FAULT_AROUND] = {NULL};
	unsigned int prot = file_pte_prot(area);
	bool found;
	pte_t *pte;

	area->ops->fault_around(area, area_pgoff(area, first), n, pages);
	found = pages[target];
	if (!found)
		goto out;
	pte = fault_pte_lock(mm, first); /* the window lies in one leaf table */
	if (pte) {
		for (unsigned int i = 0; i < n; i++)
			if (pages[i] && file_map_page(mm, area, pte + i, pages[i], prot))
				pages[i] = NULL;
		spin_unlock(&mm->table_lock);
	}
out:
	for (unsigned int i = 0; i < n; i++)
		if (pages[i])
			page_put(pages[i]);
	return found;
}

/* A private copy of a file's page. */
static int file_map_copy(struct mm *mm, struct vm_area *area, unsigned long va, struct page *source)
{
	struct page *copy = page_alloc(0, MM_USER);
	pte_t *pte;

	if (!copy)
		return -ENOMEM;
	page_copy(page_address_inline(copy), page_address_inline(source));
	pte = fault_pte_lock(mm, va);
	if (!pte) {
		page_put(copy);
		return -ENOMEM;
	}
	if (pte_none(pte_read(pte)) &&
	    (!area->mapping || READ_ONCE(source->mapping) == area->mapping)) {
		copy->flags = BIT(PG_ANON);
		pte_write(pte, pte_mkdirty(pte_make(page_phys_inline(copy), area_pte_prot(area))));
		rss_add_anon(mm, area, 1);
		copy = NULL;
	}
	spin_unlock(&mm->table_lock);
	if (copy)
		page_put(copy);
	return 0;
}

/* Announces a store to a shared page, then maps it writable. Consumes the page's reference. */
static int file_map_writable(struct mm *mm, struct vm_area *area, unsigned long va,
			     struct page *page)
{
	unsigned int prot = area_pte_prot(area);
	bool locked = false;
	pte_t *pte;
	int err;

	if (area->ops->page_mkwrite) {
		err = area->ops->page_mkwrite(area, page);
		if (err) {
			page_put(page);
			return err == -EAGAIN || err == -ENOMEM ? err : -EIO;
		}
		locked = true;
	}
	pte = fault_pte_lock(mm, va);
	err = pte ? 0 : -ENOMEM;
	if (pte) {
		pte_t old = pte_read(pte);

		if (!pte_none(old) && pte_phys(old) == page_phys_inline(page)) {
			pte_write(pte, pte_mkdirty(pte_make(page_phys_inline(page), prot)));
			mmu_flush_local(va);
		} else if (file_map_page(mm, area, pte, page, prot)) {
			page_get(page); /* ours is put below */
		}
		spin_unlock(&mm->table_lock);
	}
	if (locked)
		page_unlock(page);
	page_put(page);
	return err;
}

static int file_fault(struct mm *mm, struct vm_area *area, unsigned long va, unsigned int access)
{
	bool shared = area->flags & VM_SHARED;
	struct page *page;
	int err;

	if ((access != FAULT_WRITE || (shared && !area->ops->page_mkwrite)) &&
	    area->ops->fault_around && !(area->flags & VM_RANDOM) &&
	    file_fault_around(mm, area, va))
		return 0;
	if (area->ops->resident && !area->ops->resident(area, area_pgoff(area, va)))
		thread_count_fault(true);
	err = area->ops->fault(area, area_pgoff(area, va), &page);
	if (err)
		return err;
	if (access == FAULT_WRITE) {
		if (shared)
			return file_map_writable(mm, area, va, page);
		err = file_map_copy(mm, area, va, page);
		page_put(page);
		return err;
	}
	pte_t *pte = fault_pte_lock(mm, va);

	if (!pte) {
		page_put(page);
		return -ENOMEM;
	}
	bool mapped = file_map_page(mm, area, pte, page, file_pte_prot(area));

	spin_unlock(&mm->table_lock);
	if (!mapped)
		page_put(page);
	return 0;
}

/* ---- writes to what is mapped read-only ---- */

static int shared_write(struct mm *mm, struct vm_area *area, unsigned long va, pte_t entry)
{
	struct page *page = NULL;
	pte_t *pte = fault_pte_lock(mm, va);

	if (!pte)
		return -ENOMEM;
	if (pte_phys(pte_read(pte)) == pte_phys(entry) && !pte_none(pte_read(pte)) &&
	    (page = pte_page(entry)))
		page_get(page);
	spin_unlock(&mm->table_lock);
	return page ? file_map_writable(mm, area, va, page) : 0;
}

/* The entry maps a private page that nobody else has: it becomes writable as it is. */
static bool cow_reuse(struct mm *mm, struct vm_area *area, unsigned long va, pte_t *pte,
		      struct page *page)
{
	bool sole;

	spin_lock(&mm->table_lock);
	pte_t entry = pte_read(pte);

	sole = !pte_none(entry) && pte_page(entry) == page && atomic_load(&page->refs) == 1;
	if (sole) {
		pte_write(pte, pte_mkdirty(pte_make(pte_phys(entry), area_pte_prot(area))));
		mmu_flush_local(va);
	}
	spin_unlock(&mm->table_lock);
	return sole;
}

static int cow_copy(struct mm *mm, struct vm_area *area, unsigned long va, pte_t *pte, pte_t entry)
{
	struct page *old = pte_page(entry), *copy;
	bool from_zero = old == zero_page, was_anon;

	copy = page_alloc(0, from_zero ? MM_USER | MM_ZERO : MM_USER);
	if (!copy)
		return -ENOMEM;
	spin_lock(&mm->table_lock);
	pte_t now = pte_read(pte);

	if (pte_none(now) || pte_phys(now) != pte_phys(entry) || pte_writable(now)) {
		spin_unlock(&mm->table_lock);
		page_put(copy);
		return 0;
	}
	/* Nobody can write to the old page through this entry, and it cannot go while we hold the
	 * lock. */
	if (!from_zero)
		page_copy(page_address_inline(copy), phys_to_direct(pte_phys(entry)));
	copy->flags = BIT(PG_ANON);
	pte_write(pte, pte_mkdirty(pte_make(page_phys_inline(copy), area_pte_prot(area))));
	mmu_flush_range(&mm->mmu, va, va + PAGE_SIZE);
	was_anon = old && page_is_anon(old);
	if (was_anon)
		mm->rss_anon--;
	else if (old && !from_zero)
		mm->rss_file--;
	rss_add_anon(mm, area, 1);
	spin_unlock(&mm->table_lock);
	if (old && !from_zero) {
		if (!was_anon)
			atomic_fetch_sub(&old->mapcount, 1);
		page_put(old);
	}
	return 0;
}

/* ---- the way in ---- */

int fault_area(struct mm *mm, struct vm_area *area, unsigned long va, unsigned int access)
{
	pte_t *pte = mmu_pte(&mm->mmu, va, false);
	pte_t entry = pte ? pte_read(pte) : (pte_t){0};
	struct page *page;

	if (pte_none(entry)) {
		if (!area_is_anon(area))
			return file_fault(mm, area, va, access);
		if (access != FAULT_WRITE)
			return anon_map_zero(mm, area, va);
		return anon_map_fresh(mm, area, va, anon_around(mm, area, pte, va));
	}
	if (access != FAULT_WRITE || pte_writable(entry)) {
		mmu_flush_local(va); /* this CPU remembered less than the entry allows */
		return 0;
	}
	if (area->flags & VM_SHARED)
		return shared_write(mm, area, va, entry);
	page = pte_page(entry);
	if (page && page_is_anon(page) && cow_reuse(mm, area, va, pte, page))
		return 0;
	return cow_copy(mm, area, va, pte, entry);
}

int stack_grow(struct mm *mm, struct vm_area *area, unsigned long va)
{
	unsigned long start = va & PAGE_MASK;
	struct vm_area *prev = area_prev(area);

	if (start >= area->start)
		return 0;
	if (area->end - start > mm->stack_limit || start < MMU_USER_MIN)
		return -EFAULT;
	if (prev &&
	    (start < prev->end || ((prev->prot & PROT_ACCESS) && !(prev->flags & VM_GROWSDOWN) &&
				   start - prev->end < STACK_GUARD)))
		return -EFAULT;
	if (!limits_allow(mm, (area->start - start) >> PAGE_SHIFT, area->prot, area->flags))
		return -ENOMEM;
	area_resize(mm, area, start, area->end,
		    area->ops ? area->pgoff - ((area->start - start) >> PAGE_SHIFT) : 0);
	return 0;
}

/* Finds the area of a fault, growing a stack; returns with mm->lock held for reading, or NULL
 * without. */
static struct vm_area *fault_find_area(struct mm *mm, unsigned long va)
{
	struct vm_area *area;
	int err;

	rwsem_read_lock(&mm->lock);
	area = mm_area_find(mm, va);
	if (likely(area && va >= area->start))
		return area;
	rwsem_read_unlock(&mm->lock);
	if (!area || !(area->flags & VM_GROWSDOWN))
		return NULL;

	rwsem_write_lock(&mm->lock);
	area = mm_area_find(mm, va);
	err = -EFAULT;
	if (area && (va >= area->start || (area->flags & VM_GROWSDOWN)))
		err = stack_grow(mm, area, va);
	if (err) {
		rwsem_write_unlock(&mm->lock);
		return NULL;
	}
	rwsem_downgrade(&mm->lock);
	return area;
}

static inline bool access_allowed(const struct vm_area *area, unsigned int access)
{
	if (access == FAULT_WRITE)
		return area->prot & PROT_WRITE;
	if (access == FAULT_EXEC)
		return area->prot & PROT_EXEC;
	return area->prot &
	       PROT_ACCESS; /* on most machines writable and executable imply readable */
}

int mm_fault(unsigned long va, unsigned int access, bool user, int *code)
{
	struct mm *mm = mm_current();
	struct vm_area *area;
	int err;

	*code = SEGV_MAPERR;
	if (!mm || va >= MMU_USER_MAX)
		return SIGSEGV;
	area = fault_find_area(mm, va);
	if (!area)
		return SIGSEGV;
	if (unlikely(!access_allowed(area, access))) {
		rwsem_read_unlock(&mm->lock);
		*code = SEGV_ACCERR;
		return SIGSEGV;
	}
	err = fault_area(mm, area, va & PAGE_MASK, access);
	rwsem_read_unlock(&mm->lock);
	thread_count_fault(false);
	if (likely(!err) || err == -EAGAIN)
		return 0;
	if (user && thread_fatal_signal_pending())
		return 0; /* it dies on the way back */
	*code = BUS_ADRERR;
	return SIGBUS;
}

int fault_populate(struct mm *mm, unsigned long start, unsigned long end)
{
	unsigned long va = start;
	int err = 0;

	while (va < end && !err) {
		rwsem_read_lock(&mm->lock);
		struct vm_area *area = mm_area_find(mm, va);

		if (!area || area->start >= end) {
			rwsem_read_unlock(&mm->lock);
			return -ENOMEM;
		}
		if (va < area->start)
			va = area->start;
		if (!(area->prot & PROT_ACCESS)) {
			va = area->end;
		} else {
			bool write = area_is_private_writable(area);
			unsigned long stop = min(min(end, area->end), va + 64 * PAGE_SIZE);

			for (; va < stop && !err; va += PAGE_SIZE) {
				pte_t *pte = mmu_pte(&mm->mmu, va, false);

				if (pte && !pte_none(pte_read(pte)) &&
				    (!write || pte_writable(pte_read(pte))))
					continue;
				if (write && area_is_anon(area) &&
				    (!pte || pte_none(pte_read(pte))))
					err = anon_map_fresh(
					    mm, area, va,
					    (unsigned int)min(
						(min(stop, pte_in_table_end(va)) - va) >>
						    PAGE_SHIFT,
						(unsigned long)FAULT_AROUND));
				else
					err = fault_area(mm, area, va,
							 write ? FAULT_WRITE : FAULT_READ);
			}
		}
		rwsem_read_unlock(&mm->lock);
		thread_yield_point();
		if (!err && thread_fatal_signal_pending())
			err = -EINTR;
	}
	return err;
}

int fault_get_page(struct mm *mm, unsigned long va, bool write, struct page **out)
{
	unsigned int access = write ? FAULT_WRITE : FAULT_READ;
	struct vm_area *area;
	int err = 0;

	*out = NULL;
	va &= PAGE_MASK;
	if (va >= MMU_USER_MAX)
		return -EFAULT;
	while (!err && !*out) {
		area = fault_find_area(mm, va);
		if (!area)
			return -EFAULT;
		if (!access_allowed(area, access)) {
			err = -EFAULT;
		} else {
			spin_lock(&mm->table_lock);
			pte_t *pte = mmu_pte(&mm->mmu, va, false);
			pte_t entry = pte ? pte_read(pte) : (pte_t){0};

			if (!pte_none(entry) && (!write || pte_writable(entry)) &&
			    (*out = pte_page(entry)))
				page_get(*out);
			spin_unlock(&mm->table_lock);
			if (!*out && !pte_none(entry) && !pte_page(entry))
				err = -EFAULT; /* device memory */
			else if (!*out)
				err = fault_area(mm, area, va, access);
			if (err == -EAGAIN)
				err = 0;
		}
		rwsem_read_unlock(&mm->lock);
	}
	return err;
}
