/*
 * Address spaces as a whole: making, forking, ending, and looking in from outside.
 */
#include "mm/mm.h"

#include "lib/assert.h"
#include "lib/atomic.h"
#include "lib/clock.h"
#include "lib/string.h"
#include "mm/mm_int.h"
#include "mm/page_int.h"
#include "vfs/file.h"

/* What is left between the highest address and the first mapping: stacks grow there. */
#define STACK_ROOM   ((unsigned long)128 << 20)
#define RANDOM_PAGES ((u64)1 << 28)

static struct slab_cache *mm_cache;

void mm_spaces_init(void)
{
	mm_cache = slab_cache_create("mm", sizeof(struct mm), 64);
	area_init();
	fault_init();
}

static struct mm *mm_alloc(void)
{
	struct mm *mm = slab_alloc(mm_cache, MM_ZERO);

	if (!mm)
		return NULL;
	if (mmu_init(&mm->mmu)) {
		slab_free(mm_cache, mm);
		return NULL;
	}
	mm->refs = 1;
	rwsem_init(&mm->lock, "mm");
	spin_init(&mm->table_lock, "mm tables");
	mm->areas = RB_ROOT;
	mm->stack_limit = (u64)8 << 20;
	mm->data_limit = mm->as_limit = mm->memlock_limit = U64_MAX;
	return mm;
}

struct mm *mm_create(void)
{
	struct mm *mm = mm_alloc();
	u64 random;

	if (!mm)
		return NULL;
	random_bytes(&random, sizeof(random));
	mm->mmap_top = MMU_USER_MAX - STACK_ROOM - (random % RANDOM_PAGES << PAGE_SHIFT);
	return mm;
}

void mm_get(struct mm *mm)
{
	atomic_fetch_add(&mm->refs, 1);
}

void mm_put(struct mm *mm)
{
	if (!mm)
		return;
	u32 before = atomic_fetch_sub(&mm->refs, 1);

	VERIFY_NE(before, 0);
	if (before != 1)
		return;
	/* A CPU that went on to a kernel thread may still have the tables loaded. */
	if (atomic_load(&mm->mmu.cpus))
		mmu_flush_all(&mm->mmu);
	unmap_all(mm, false);
	mmu_destroy(&mm->mmu);
	if (mm->exe_file) {
		file_allow_write(mm->exe_file);
		file_put(mm->exe_file);
	}
	slab_free(mm_cache, mm);
}

void mm_teardown(struct mm *mm)
{
	rwsem_write_lock(&mm->lock);
	unmap_all(mm, true);
	rwsem_write_unlock(&mm->lock);
}

/* ---- fork ---- */

/*
 * Shares the private pages of one leaf table with the child: both sides lose the right to write.
 * Entries that map the file's own pages are not copied, the child will fault them in again. Both
 * table locks held.
 */
static bool fork_entries(struct mm *parent, struct mm *child, pte_t *from, pte_t *to, size_t n,
			 bool file)
{
	phys_addr_t zero_phys = page_phys_inline(zero_page);
	bool protected = false;

	for (; n > 0; n--, from++, to++) {
		pte_t pte = pte_read(from);

		if (pte_none(pte))
			continue;
		if (pte_phys(pte) != zero_phys) {
			struct page *page = page_from_pfn(pte_phys(pte) >> PAGE_SHIFT);

			if (!page || !(page->flags & BIT(PG_ANON)))
				continue;
			/* While only we map it, nobody else can change the count. */
			if (page->refs == 1)
				atomic_store_relaxed(&page->refs, 2);
			else
				page_get(page);
			child->rss_anon++;
			if (pte_writable(pte)) {
				/* Dirty stays: nothing looks at it, and the processor need not set
				 * it again. */
				pte = pte_wrprotect(pte);
				pte_write(from, pte);
				protected = true;
			}
		}
		pte_write(to, pte);
	}
	return protected;
}

static int fork_tables(struct mm *parent, struct mm *child, struct vm_area *area, bool *protected)
{
	unsigned long va = area->start, end = area->end;

	spin_lock(&parent->table_lock);
	while ((va = mmu_next_table(&parent->mmu, va, end)) < end) {
		unsigned long stop = min(end, pte_in_table_end(va));
		/* Nobody else knows the child yet: its lock is not needed, and memory may be waited
		 * for. */
		pte_t *to = mmu_pte(&child->mmu, va, true);

		if (!to) {
			spin_unlock(&parent->table_lock);
			to = fault_pte_lock(child, va);
			if (!to)
				return -ENOMEM;
			spin_unlock(&child->table_lock);
			spin_lock(&parent->table_lock);
			continue;
		}
		*protected |= fork_entries(parent, child, mmu_pte(&parent->mmu, va, false), to,
					   (stop - va) >> PAGE_SHIFT, area->file);
		va = stop;
	}
	spin_unlock(&parent->table_lock);
	return 0;
}

static int fork_area(struct mm *parent, struct mm *child, struct vm_area *area, bool *protected)
{
	struct vm_area *copy = area_new(child);

	if (!copy)
		return -ENOMEM;
	copy->start = area->start;
	copy->end = area->end;
	copy->prot = area->prot;
	copy->flags = area->flags & ~(unsigned int)VM_LOCKED;
	copy->pgoff = area->pgoff;
	copy->file = area->file;
	copy->ops = area->ops;
	copy->mapping = area->mapping;
	copy->private = area->private;
	if (copy->ops && copy->ops->open)
		copy->ops->open(copy);
	area_insert(child, copy);
	if (!area->has_anon && !area_is_anon(area))
		return 0;
	if (area->flags & (VM_SHARED | VM_WIPEONFORK))
		return 0;
	copy->has_anon = area->has_anon;
	return fork_tables(parent, child, area, protected);
}

int mm_fork(struct mm *parent, struct mm **out)
{
	struct mm *child = mm_alloc();
	bool protected = false;
	int err = 0;

	if (!child)
		return -ENOMEM;
	rwsem_write_lock(&parent->lock);
	child->brk_start = parent->brk_start;
	child->brk = parent->brk;
	child->mmap_top = parent->mmap_top;
	child->stack_top = parent->stack_top;
	child->arg_start = parent->arg_start;
	child->arg_end = parent->arg_end;
	child->env_start = parent->env_start;
	child->env_end = parent->env_end;
	child->code_start = parent->code_start;
	child->code_end = parent->code_end;
	child->data_start = parent->data_start;
	child->data_end = parent->data_end;
	child->vdso = parent->vdso;
	child->data_limit = parent->data_limit;
	child->as_limit = parent->as_limit;
	child->stack_limit = parent->stack_limit;
	child->memlock_limit = parent->memlock_limit;
	child->membarrier_registered = parent->membarrier_registered;
	memcpy(child->saved_auxv, parent->saved_auxv, sizeof(child->saved_auxv));
	/* Each address space keeps its program from being written to; where one does, another may.
	 */
	if (parent->exe_file && !file_deny_write(parent->exe_file)) {
		child->exe_file = parent->exe_file;
		file_get(child->exe_file);
	}
	for (struct vm_area *area = area_first(parent); area && !err; area = mm_area_next(area))
		if (!(area->flags & VM_DONTFORK))
			err = fork_area(parent, child, area, &protected);
	/* No store of the parent's threads may reach a page that the child sees. */
	if (protected)
		mmu_flush_all(&parent->mmu);
	child->rss_peak = child->rss_anon;
	rwsem_write_unlock(&parent->lock);
	if (err) {
		mm_put(child);
		return err;
	}
	*out = child;
	return 0;
}

/* ---- looking in ---- */

size_t mm_access(struct mm *mm, unsigned long addr, void *buf, size_t n, bool write)
{
	size_t done = 0;

	while (done < n) {
		size_t offset = (addr + done) & (PAGE_SIZE - 1);
		size_t now = min(n - done, PAGE_SIZE - offset);
		struct page *page;

		if (addr + done < addr || fault_get_page(mm, addr + done, write, &page))
			break;
		char *at = (char *)page_address_inline(page) + offset;

		if (write)
			memcpy(at, (char *)buf + done, now);
		else
			memcpy((char *)buf + done, at, now);
		page_put(page);
		done += now;
	}
	return done;
}

int mm_futex_key(struct mm *mm, unsigned long addr, bool shared, struct futex_key *key)
{
	int err = 0;

	*key = (struct futex_key){mm, addr >> PAGE_SHIFT, (u32)(addr & (PAGE_SIZE - 1))};
	if (!shared)
		return 0;
	rwsem_read_lock(&mm->lock);
	struct vm_area *area = mm_area_find(mm, addr);

	if (!area || area->start > addr) {
		err = -EFAULT;
	} else if (area->flags & VM_SHARED) {
		key->object = area->mapping ? (const void *)area->mapping : area->private;
		key->index = area_pgoff(area, addr);
	}
	rwsem_read_unlock(&mm->lock);
	return err;
}

static void page_usage_add(const struct page *page, pte_t pte, struct area_usage *usage)
{
	bool anon = page->flags & BIT(PG_ANON);
	bool dirty = pte_dirty(pte) || (page->flags & BIT(PG_DIRTY));
	u32 users = max(anon ? READ_ONCE(page->refs) : READ_ONCE(page->mapcount), 1u);
	size_t *kind = users > 1 ? (dirty ? &usage->shared_dirty : &usage->shared_clean)
				 : (dirty ? &usage->private_dirty : &usage->private_clean);

	usage->rss++;
	usage->anonymous += anon;
	usage->referenced += pte_young(pte);
	++*kind;
	usage->pss_bytes += PAGE_SIZE / users;
	if (dirty)
		usage->pss_dirty_bytes += PAGE_SIZE / users;
}

void area_usage_add(struct mm *mm, const struct vm_area *area, struct area_usage *usage)
{
	unsigned long va = area->start;

	spin_lock(&mm->table_lock);
	while ((va = mmu_next_table(&mm->mmu, va, area->end)) < area->end) {
		unsigned long end = min(area->end, pte_in_table_end(va));
		pte_t *pte = mmu_pte(&mm->mmu, va, false);

		for (; va < end; va += PAGE_SIZE, pte++) {
			pte_t entry = pte_read(pte);
			struct page *page = NULL;

			if (!pte_none(entry) && pte_phys(entry) != page_phys_inline(zero_page))
				page = page_from_pfn(pte_phys(entry) >> PAGE_SHIFT);
			if (page)
				page_usage_add(page, entry, usage);
		}
	}
	spin_unlock(&mm->table_lock);
}

void mm_usage_get(struct mm *mm, struct mm_usage *usage)
{
	s64 anon, file;

	rwsem_read_lock(&mm->lock);
	*usage = (struct mm_usage){
	    .virtual_pages = mm->total_pages,
	    .text = mm->exec_pages,
	    .data = mm->data_pages,
	    .stack = mm->stack_pages,
	    .locked = mm->locked_pages,
	    .tables = mm->mmu.tables,
	};
	rwsem_read_unlock(&mm->lock);
	spin_lock(&mm->table_lock);
	anon = mm->rss_anon;
	file = mm->rss_file;
	mm->rss_peak = max(mm->rss_peak, anon + file);
	usage->rss_peak = (size_t)mm->rss_peak;
	spin_unlock(&mm->table_lock);
	usage->rss = (size_t)(anon + file);
	usage->rss_file = usage->shared = (size_t)file;
}
